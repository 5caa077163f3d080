package propose

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPhases: a branch for each phase off the base, a commit for each fix; the same
// again changes nothing.
func TestPhases(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "b/b.ts": listener, "c.ts": timeout, "d.ts": "export const x = 1;\n"})
	base := r.git("rev-parse", "main")
	all := r.propose(usual(), nil)
	wantSummary(t, all, "create unleak/critical a.ts", "create unleak/high b/b.ts", "create unleak/medium c.ts")
	for _, p := range all {
		branch := p.Work.Part.Branch
		if got := r.git("rev-parse", branch+"^"); got != base {
			t.Errorf("%s does not stand on the base", branch)
		}
		if got := r.git("diff", "--name-only", base, branch); got != p.Work.Changes[0].Path {
			t.Errorf("%s changes %s", branch, got)
		}
		if got := r.git("log", "-1", "--format=%an %ae %ad|%cn", "--date=raw", branch); got != "Un Leak un@example.org 1700000000 +0100|Un Leak" {
			t.Errorf("%s is by %s", branch, got)
		}
	}
	for branch, want := range map[string]string{
		"unleak/critical": "leaks: release the intervals of Poll in stop()", "unleak/high": "b: take the listeners of Ears away in dispose(), as the others are",
		"unleak/medium": "leaks: release the timeout before the promise settles",
	} {
		if got := r.git("log", "-1", "--format=%s", branch); got != want {
			t.Errorf("%s: %s, want %s", branch, got, want)
		}
	}
	r.git("fsck", "--strict")
	before := r.git("for-each-ref")
	again := r.propose(usual(), nil)
	wantSummary(t, again, "no-op unleak/critical a.ts", "no-op unleak/high b/b.ts", "no-op unleak/medium c.ts")
	if r.git("for-each-ref") != before {
		t.Error("the second run moved a branch")
	}
	for i := range all {
		if all[i].Proposal.Body != again[i].Proposal.Body || all[i].Proposal.Set != again[i].Proposal.Set || all[i].Proposal.Patch != again[i].Proposal.Patch {
			t.Errorf("%s is proposed otherwise the second time", all[i].Work.Part.Branch)
		}
	}
}

// TestStack: phases that change one file rest on each other, in the order of the
// work; what is merged is rested on no more.
func TestStack(t *testing.T) {
	both := interval + strings.Replace(listener, "import { EventEmitter } from 'events';\n", "", 1)
	r := newRepo(t, map[string]string{"a.ts": "import { EventEmitter } from 'events';\n" + both, "b.ts": timeout})
	all := r.propose(usual(), nil)
	wantSummary(t, all, "create unleak/critical a.ts", "create unleak/high on unleak/critical a.ts", "create unleak/medium b.ts")
	if got := r.git("rev-parse", "unleak/high^"); got != r.git("rev-parse", "unleak/critical") {
		t.Error("unleak/high does not stand on unleak/critical")
	}
	if all[1].Proposal.RestsOn != "unleak/critical" || !strings.Contains(all[1].Proposal.Body, "**This rests on `unleak/critical`**") {
		t.Errorf("it is not said on what it rests:\n%s", all[1].Proposal.Body)
	}
	if got := r.git("diff", "--stat", "unleak/critical", "unleak/high"); !strings.Contains(got, "1 insertion") {
		t.Errorf("unleak/high changes more than its own: %s", got)
	}
	r.git("merge", "-q", "--no-ff", "-m", "m", "unleak/critical")
	r.git("branch", "-q", "-D", "unleak/critical")
	patch := all[1].Proposal.Patch
	all = r.propose(usual(), nil)
	wantSummary(t, all, "update unleak/high a.ts", "update unleak/medium b.ts")
	if r.git("rev-parse", "unleak/high^") != r.git("rev-parse", "main") || all[0].Proposal.RestsOn != "" {
		t.Error("unleak/high still rests on what was merged")
	}
	if all[0].Proposal.Patch != patch {
		t.Error("the digest of a patch changed with its base")
	}
}

// TestStackOfSeveral: what rests on two parts that do not rest on each other becomes
// two parts.
func TestStackOfSeveral(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval + timeout, "b.ts": listener + timeout, "c.ts": timeout})
	wantSummary(t, r.propose(usual(), nil),
		"create unleak/critical a.ts", "create unleak/high b.ts", "create unleak/medium c.ts",
		"create unleak/medium.after-critical on unleak/critical a.ts", "create unleak/medium.after-high on unleak/high b.ts")
	// With all three in one file there is one line of them.
	r = newRepo(t, map[string]string{"a.ts": interval + timeout, "b.ts": listener + timeout, "c.ts": listener + interval + timeout})
	wantSummary(t, r.propose(usual(), nil),
		"create unleak/critical a.ts c.ts", "create unleak/high on unleak/critical b.ts c.ts", "create unleak/medium on unleak/high a.ts b.ts c.ts")
}

// TestHeld: a branch on which somebody has worked is left alone, and nothing rests
// on it; a branch of which nothing is left goes.
func TestHeld(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval + timeout, "b.ts": listener})
	r.propose(usual(), nil)
	r.git("checkout", "-q", "unleak/critical")
	mine := r.commit(map[string]string{"mine.txt": "x"})
	r.git("checkout", "-q", "main")
	r.commit(map[string]string{"b.ts": "export {};\n", "other.txt": "moved"})
	all := r.propose(usual(), nil)
	wantSummary(t, all, "hold unleak/critical a.ts", "update unleak/medium a.ts", "close unleak/high")
	if r.git("rev-parse", "unleak/critical") != mine {
		t.Error("somebody's commit is gone")
	}
	if got := r.git("branch", "--list", "unleak/*", "--format=%(refname:short)"); got != "unleak/critical\nunleak/medium" {
		t.Errorf("branches: %s", got)
	}
	// An amended commit is not ours any more, whatever its message says.
	r.git("checkout", "-q", "unleak/medium")
	write(t, filepath.Join(r.dir, "a.ts"), r.git("show", "HEAD:a.ts")+"\n// x\n")
	r.git("commit", "-q", "-a", "--amend", "--no-edit")
	r.git("checkout", "-q", "main")
	r.commit(map[string]string{"other.txt": "moved again"})
	wantSummary(t, r.propose(usual(), nil), "hold unleak/critical a.ts", "hold unleak/medium a.ts")
}

// TestHeldModes: the same text with another mode is somebody's work, too.
func TestHeldModes(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval})
	r.propose(usual(), nil)
	r.git("checkout", "-q", "unleak/critical")
	if err := os.Chmod(filepath.Join(r.dir, "a.ts"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("commit", "-q", "-a", "--amend", "--no-edit")
	r.git("checkout", "-q", "main")
	r.commit(map[string]string{"other.txt": "moved"})
	wantSummary(t, r.propose(usual(), nil), "hold unleak/critical a.ts")
}

// TestRefused: a branch that cannot be set is told, and the others are made.
func TestRefused(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "b.ts": listener})
	r.git("branch", "unleak/critical/mine")
	all := r.propose(usual(), nil)
	wantSummary(t, all, "refuse unleak/critical a.ts", "create unleak/high b.ts")
	r.commit(map[string]string{"b.ts": listener + "// moved\n"})
	r.git("checkout", "-q", "unleak/high")
	wantSummary(t, r.propose(usual(), nil), "refuse unleak/critical a.ts", "refuse unleak/high b.ts") // checked out
}

// TestCommits: one for each fix, each with that fix alone; or one for each package.
func TestCommits(t *testing.T) {
	second := strings.Replace(interval, "Poll", "Second", 1)
	r := newRepo(t, map[string]string{
		"p/package.json": `{"name": "@h/pier"}`, "p/a.ts": interval + second, "p/b.ts": interval, "q/package.json": `{"name": "quay"}`, "q/a.ts": interval,
	})
	all := r.propose(usual(), nil)
	wantSummary(t, all, "create unleak/critical p/a.ts p/b.ts q/a.ts")
	if got, want := r.git("log", "--reverse", "--format=%s", "main..unleak/critical"), strings.Join([]string{
		"pier: release the intervals of Poll in stop()", "pier: release the intervals of Second in stop()", "pier: release the intervals of Poll in stop()", "quay: release the intervals of Poll in stop()",
	}, "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, c := range strings.Fields(r.git("rev-list", "main..unleak/critical")) {
		if n := strings.Count(r.git("show", "--format=", "-U0", c), "\n+    clearInterval") + strings.Count(r.git("show", "--format=", "-U0", c), "\n+    for (const interval"); n != 1 {
			t.Errorf("commit %s releases %d intervals:\n%s", c, n, r.git("show", c))
		}
	}
	tree := r.git("rev-parse", "unleak/critical^{tree}")
	o := usual()
	o.PerPackage, o.Scope = true, "pkg"
	r.propose(o, nil)
	if got, want := r.git("log", "--reverse", "--format=%s", "main..unleak/pkg/critical"), "pier: release what leaks in 3 places\nquay: release the intervals of Poll in stop()"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if r.git("rev-parse", "unleak/pkg/critical^{tree}") != tree {
		t.Error("the two ways lead to different trees")
	}
}
