package propose

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// plan makes a plan of main that the test may change.
func (r *repo) plan(o Options) *Plan {
	r.t.Helper()
	v, err := vcs.Open(r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	b, err := Read(r.t.Context(), &Place{Repository: v, Branch: "main", Commit: vcs.Hash(r.git("rev-parse", "main"))})
	if err != nil {
		r.t.Fatal(err)
	}
	l, err := look(b)
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := Make(r.t.Context(), b, l, o, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { p.Close() })
	return p
}

// TestProof: a text that leaves what it should mend, or leaks something new, does
// not pass; here, or in a file that depends on it.
func TestProof(t *testing.T) {
	base := "export class Base {\n  dispose() {}\n}\n"
	derived := "import { Base } from './base';\nexport class Poll extends Base {\n  t?: any;\n  start() {\n    this.t = setInterval(() => {}, 10);\n  }\n  dispose() {\n    this.end();\n    super.dispose();\n  }\n  end() {\n    clearInterval(this.t);\n  }\n}\n"
	r := newRepo(t, map[string]string{"a.ts": interval, "b.ts": interval, "base.ts": base, "derived.ts": derived})
	p := r.plan(usual())
	part := p.Parts[0]
	for what, c := range map[string]struct{ text, says string }{
		"as it is":       {"", ""},
		"nothing done":   {interval + "// x\n", "a.ts, line 3 still leaks with it: interval of Poll"},
		"something more": {"", "a.ts, line 100 leaks anew"},
	} {
		tr := &trial{plan: p, part: part, look: p.look, before: p.found, texts: map[string][]byte{}}
		m, err := tr.first(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		a := *m.files[0]
		m.files[0] = &a
		if c.text != "" {
			a.New = []byte(c.text)
		}
		if what == "something more" {
			a.New = append(a.New, strings.Repeat("\n", 98-strings.Count(string(a.New), "\n"))+"setInterval(() => {}, 7);\nexport class More { go() {\n setInterval(() => {}, 8); } stop() {} }\n"...)
			c.says = "a.ts, line 101 leaks anew with it: interval of More"
		}
		why, err := tr.prove(t.Context(), m)
		if err != nil || (c.says == "") != (why == "") || !strings.Contains(why, c.says) {
			t.Errorf("%s: %q, %v; want %q", what, why, err, c.says)
		}
		if m.scanned != 2 {
			t.Errorf("%s: %d files were scanned again, want the two that changed", what, m.scanned)
		}
	}
	// What derived.ts leaks depends on base.ts, though nothing of its own changes.
	tr := &trial{plan: p, part: part, look: p.look, before: p.found, texts: map[string][]byte{}}
	why, err := tr.prove(t.Context(), &made{files: []*transforms.Mended{{Path: "base.ts", Old: []byte(base), New: []byte("export class Base {\n  dispose() {}\n  end() {}\n}\n")}}})
	if err != nil || why != "" {
		t.Errorf("a harmless change: %q, %v", why, err)
	}
	m := &made{files: []*transforms.Mended{{Path: "base.ts", Old: []byte(base), New: []byte("export class Base {\n  dispose() {}\n}\n// x\n")}}}
	if _, err := tr.prove(t.Context(), m); err != nil || m.scanned != 2 {
		t.Errorf("%d files were scanned again, %v; want base.ts and derived.ts", m.scanned, err)
	}
}

// TestVerify: the project's own command judges each part; what makes it fail is
// dropped and told, and nothing of the project runs unless it was asked for.
func TestVerify(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "bad.ts": interval, "c.ts": interval, "e.ts": listener, "run.sh": "! grep -q clearInterval bad.ts\n", "sub/x.txt": "x"})
	o := usual()
	o.Verify, o.VerifyLimit = "test -f sub/x.txt && sh run.sh", time.Minute
	all := r.propose(o, nil)
	wantSummary(t, all, "create unleak/critical a.ts c.ts", "create unleak/high e.ts")
	if len(all[0].Dropped) != 1 || all[0].Dropped[0].Path != "bad.ts" || !strings.Contains(all[0].Dropped[0].Why, "fails with it") {
		t.Errorf("dropped: %+v", all[0].Dropped)
	}
	for _, want := range []string{"`bad.ts`, “Release the intervals of Poll in `stop()`”: the fix was made and taken back.", "`test -f sub/x.txt && sh run.sh` passes on a copy, before and after"} {
		if !strings.Contains(all[0].Proposal.Body, want) {
			t.Errorf("%q is not said:\n%s", want, all[0].Proposal.Body)
		}
	}
	// Nothing passes: what stands is not closed for that.
	o.Verify = "! grep -q 'this.e.off(.b.' e.ts"
	all = r.propose(o, nil)
	if got := summary(all); !strings.HasPrefix(got, "update unleak/critical a.ts bad.ts c.ts\nrefuse unleak/high") {
		t.Errorf("got %s", got)
	}
	if r.git("branch", "--list", "unleak/high") == "" {
		t.Error("a branch was deleted because a check failed")
	}
	// A check that fails before any fix can judge none.
	o.Verify = "echo no idea; exit 3"
	_, err := r.tryPropose(o, nil)
	var c *CheckError
	if !errors.As(err, &c) || !strings.Contains(c.Why, "before any fix") || !strings.Contains(string(c.Output), "no idea") {
		t.Errorf("got %v", err)
	}
}

// refusing is a forge that does not want one branch.
type refusing struct {
	branch  string
	action  forge.Action
	refused []forge.Proposal
}

func (r *refusing) Propose(ctx context.Context, p forge.Proposal) (forge.Outcome, error) {
	if p.Branch == r.branch {
		return forge.Outcome{Action: r.action, Branch: "", Reason: "no"}, nil
	}
	r.refused = append(r.refused, p)
	return Shown{}.Propose(ctx, p)
}

// TestUnwantedParent: what would rest on something that is not wanted is built on
// the base, whatever became of that.
func TestUnwantedParent(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval + timeout})
	for _, action := range []forge.Action{forge.Ignore, forge.Refuse, forge.Hold} {
		f := &refusing{branch: "unleak/critical", action: action}
		all := r.propose(usual(), f)
		wantSummary(t, all, string(action)+" unleak/critical a.ts", "create unleak/medium a.ts")
		p := f.refused[0]
		if p.RestsOn != "" || r.git("rev-parse", string(p.Commit)+"^") != r.git("rev-parse", "main") {
			t.Errorf("%s: unleak/medium still rests on it", action)
		}
	}
}

// TestProblems: where something could not be looked at, nothing is taken for gone.
func TestProblems(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "b.ts": listener})
	r.propose(usual(), nil)
	r.commit(map[string]string{"b.ts": "export {};\n"})
	v, err := vcs.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(t.Context(), &Place{Repository: v, Branch: "main", Commit: vcs.Hash(r.git("rev-parse", "main"))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := look(b)
	if err != nil {
		t.Fatal(err)
	}
	whole := b.Files
	b.Files = without{whole, "b.ts"}
	broken, err := look(b)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Make(t.Context(), b, broken, usual(), []string{"unleak/critical", "unleak/high"})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Problems) != 1 || len(p.Gone) != 0 {
		t.Errorf("problems %v, gone %v", p.Problems, p.Gone)
	}
	if p, err = Make(t.Context(), b, l, usual(), []string{"unleak/critical", "unleak/high"}); err != nil || len(p.Gone) != 1 {
		t.Errorf("gone %v, %v", p.Gone, err)
	}
}

// without is files of which one cannot be read.
type without struct {
	fs.FS
	name string
}

func (w without) ReadFile(name string) ([]byte, error) {
	if name == w.name {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("broken")}
	}
	return fs.ReadFile(w.FS, name)
}

// TestFallback: if what a part rests on is not wanted, it may rest on what that
// rested on, but only where they change the same file.
func TestFallback(t *testing.T) {
	r := newRepo(t, map[string]string{"b.ts": listener + timeout, "c.ts": listener + interval, "d.ts": interval})
	f := &refusing{branch: "unleak/high", action: forge.Refuse}
	wantSummary(t, r.propose(usual(), f), "create unleak/critical c.ts d.ts", "refuse unleak/high on unleak/critical b.ts c.ts", "create unleak/medium b.ts")
	r = newRepo(t, map[string]string{"b.ts": listener + timeout, "c.ts": listener + interval + timeout, "d.ts": interval})
	all := r.propose(usual(), f)
	wantSummary(t, all, "create unleak/critical c.ts d.ts", "refuse unleak/high on unleak/critical b.ts c.ts", "create unleak/medium on unleak/critical b.ts c.ts")
	// What is mended below is mended above, too, also in files that only one changes.
	if len(all[0].after["d.ts"]) != 0 || len(all[2].after["d.ts"]) != 0 || len(all[2].after["c.ts"]) != 1 {
		t.Errorf("after critical %v leak, after medium %v", all[0].after, all[2].after)
	}
}

// TestKnown: what a baseline has is neither mended nor told.
func TestKnown(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "b.ts": interval, "odd.ts": strings.Replace(interval, "class Poll", "class Odd extends unknown.Thing", 1)})
	p := r.plan(usual())
	l := *p.look
	l.Known = map[string]bool{}
	for _, f := range []string{"b.ts", "odd.ts"} {
		for fingerprint := range p.found[f] {
			l.Known[fingerprint] = true
		}
	}
	if len(l.Known) != 2 {
		t.Fatalf("known: %v", l.Known)
	}
	plan, err := Make(t.Context(), p.Base, &l, usual(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []result
	if err := plan.Hand(t.Context(), p.Base.Repository, Shown{}, collect(&all)); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, all, "create unleak/critical a.ts")
	if body := all[0].Proposal.Body; strings.Contains(body, "b.ts") || strings.Contains(body, "odd.ts") {
		t.Errorf("what is known is told:\n%s", body)
	}
}
