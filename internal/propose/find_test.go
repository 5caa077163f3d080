package propose

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/vcs"
)

// TestFind: the default branch may name another base, whose settings count then; a
// flag comes before both.
func TestFind(t *testing.T) {
	r := newRepo(t, map[string]string{".unleak.yaml": "pull-requests: {base: develop, phases: [critical]}\n", "web/.unleak.yaml": "pull-requests: {draft: true}\n"})
	r.git("checkout", "-q", "-b", "develop")
	develop := r.commit(map[string]string{".unleak.yaml": "pull-requests: {base: elsewhere, phases: [high]}\n"})
	r.git("checkout", "-q", "-b", "release")
	release := r.commit(map[string]string{".unleak.yaml": ""})
	r.git("checkout", "-q", "main")
	write(t, filepath.Join(r.dir, ".unleak.yaml"), "broken: [\n") // the checkout does not count
	none := func(*settings.PullRequests) error { return nil }
	p, err := Find(r.dir, none)
	if err != nil || p.Branch != "develop" || string(p.Commit) != develop || strings.Join(p.Wanted.Phases, " ") != "high" || p.Sub != "" {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = Find(r.dir, func(pr *settings.PullRequests) error { return pr.Set("base", "release") })
	if err != nil || string(p.Commit) != release || p.Wanted.Phases != nil {
		t.Errorf("%+v, %v", p, err)
	}
	p, err = Find(filepath.Join(r.dir, "web"), none)
	if err != nil || p.Sub != "web" || !p.Wanted.Draft || p.Branch != "main" {
		t.Errorf("%+v, %v", p, err)
	}
	wrong := errors.New("wrong")
	if _, err := Find(r.dir, func(*settings.PullRequests) error { return wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	if _, err := Find(t.TempDir(), none); err == nil {
		t.Error("a folder that is in no repository")
	}
}

func TestPersons(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": ""})
	v, err := vcs.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	app := func(context.Context) (vcs.Person, error) { return vcs.Person{Name: "app[bot]", Email: "1+app@x"}, nil }
	failing := func(context.Context) (vcs.Person, error) { return vcs.Person{}, errors.New("no App") }
	for _, c := range []struct {
		git               bool
		named             string
		other             func(context.Context) (vcs.Person, error)
		author, committer string
	}{
		{true, "", app, "Some Body", "Some Body"}, {true, "Ada <ada@x.org>", nil, "Ada", "Some Body"}, {false, "", app, "app[bot]", "app[bot]"},
		{false, "Ada <ada@x.org>", app, "Ada", "app[bot]"}, {false, "Ada <ada@x.org>", failing, "Ada", "Ada"}, {false, "", failing, "", ""}, {false, "", nil, "", ""},
	} {
		for _, who := range []string{"AUTHOR", "COMMITTER"} {
			t.Setenv("GIT_"+who+"_NAME", "Some Body")
			if !c.git {
				t.Setenv("GIT_"+who+"_NAME", "")
			}
		}
		author, committer, err := Persons(t.Context(), v, c.named, c.other)
		if author.Name != c.author || committer.Name != c.committer || (err != nil) != (c.author == "") {
			t.Errorf("%+v: %q, %q, %v", c, author.Name, committer.Name, err)
		}
	}
}

func TestSignerFor(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": ""})
	for _, config := range [][2]string{{"", ""}, {"openpgp", "ABCDEF"}, {"ssh", "key::ssh-ed25519 AAAA"}, {"ssh", "ssh-ed25519 AAAA"}, {"ssh", ""}} {
		if config[0] != "" {
			r.git("config", "gpg.format", config[0])
			r.git("config", "user.signingkey", config[1])
		}
		v, err := vcs.Open(r.dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := SignerFor(v, ""); err == nil || !strings.Contains(err.Error(), "--signing-key") {
			t.Errorf("%v: %v", config, err)
		}
		if _, err := SignerFor(v, filepath.Join(r.dir, "nothing")); err == nil || errors.Is(err, os.ErrPermission) {
			t.Errorf("%v: %v", config, err)
		}
	}
}

// TestAddedComment: what a pull request adds is told in text that stays text, however
// much it is.
func TestAddedComment(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval})
	v, err := vcs.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	at := func() (*Base, *Look) {
		t.Helper()
		b, err := Read(t.Context(), &Place{Repository: v, Commit: vcs.Hash(r.git("rev-parse", "main"))})
		if err != nil {
			t.Fatal(err)
		}
		l, err := look(b)
		if err != nil {
			t.Fatal(err)
		}
		return b, l
	}
	base, baseLook := at()
	r.git("mv", "a.ts", "moved.ts")
	r.commit(map[string]string{"@ada <b>#1.ts": interval, "`x`](y).ts": listener})
	head, headLook := at()
	added, err := FindAdded(t.Context(), base, head, baseLook, headLook)
	if err != nil || len(added.Findings) != 2 {
		t.Fatalf("%d findings, %v", len(added.Findings), err)
	}
	if bad := outlaws(t, added.Comment()); len(bad) > 0 || !strings.Contains(added.Comment(), "This adds 2 acquisitions") {
		t.Errorf("renders as %v\n%s", bad, added.Comment())
	}
	for len(added.Findings) < 3000 {
		added.Findings = append(added.Findings, added.Findings...)
	}
	if text := added.Comment(); len(text) > 65536 || len(outlaws(t, text)) > 0 || !strings.Contains(text, "more are shown by `unleak scan`") {
		t.Errorf("a comment of %d bytes", len(text))
	}
	if same, err := FindAdded(t.Context(), head, head, headLook, headLook); err != nil || same.Comment() != "" {
		t.Errorf("nothing was added, and yet: %s, %v", same.Comment(), err)
	}
}
