package propose

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// repo is a repository of a test, kept by the real git.
type repo struct {
	t   testing.TB
	dir string
}

func newRepo(t testing.TB, files map[string]string) *repo {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is needed")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Some Body")
		t.Setenv("GIT_"+who+"_EMAIL", "some@example.org")
		t.Setenv("GIT_"+who+"_DATE", "1700000000 +0100")
	}
	r := &repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.commit(files)
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.dir, "-c", "commit.gpgsign=false", "-c", "gc.auto=0"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s%s", args, err, out, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

// commit writes files and commits all that is there; "" deletes one.
func (r *repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		file := filepath.Join(r.dir, filepath.FromSlash(name))
		if text == "" {
			_ = os.Remove(file)
			continue
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A", "-f")
	r.git("commit", "-q", "--allow-empty", "-m", "x")
	return r.git("rev-parse", "HEAD")
}

// look is how the command looks at the tree of a base.
func look(b *Base) (*Look, error) {
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(b.Files, settings.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	set, err := settings.Parse(data, func([]string) ([]string, error) { return nil, nil })
	if err != nil {
		return nil, err
	}
	l := &Look{Detector: transforms.NewDetector(project.OpenTree(b.Files), kinds, false)}
	l.Run.Exclude = set.Excluded
	return l, nil
}

// result is what came of a part.
type result struct {
	*Work
	forge.Outcome
}

// usual are options for tests; they may be changed.
func usual() Options {
	who := vcs.Person{Name: "Un Leak", Email: "un@example.org"}
	return Options{Prefix: "unleak/", Author: who, Committer: who, Split: Whole}
}

// propose makes the branches of main, as --local does, unless there is another forge.
func (r *repo) propose(o Options, f forge.Forge) []result {
	r.t.Helper()
	all, err := r.tryPropose(o, f)
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

func (r *repo) tryPropose(o Options, f forge.Forge) (all []result, err error) {
	r.t.Helper()
	v, err := vcs.Open(r.dir)
	if err != nil {
		return nil, err
	}
	if f == nil {
		f = &Local{v}
	}
	b, err := Read(r.t.Context(), &Place{Repository: v, Branch: "main", Commit: vcs.Hash(r.git("rev-parse", "main"))})
	if err != nil {
		return nil, err
	}
	there, err := v.Branches(Start(o.Prefix, o.Scope))
	if err != nil {
		return nil, err
	}
	var existing []string
	for name := range there {
		existing = append(existing, name)
	}
	l, err := look(b)
	if err != nil {
		return nil, err
	}
	plan, err := Make(r.t.Context(), b, l, o, existing)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	err = plan.Hand(r.t.Context(), v, f, collect(&all))
	return all, err
}

func collect(all *[]result) func(*Work, forge.Outcome) error {
	return func(w *Work, o forge.Outcome) error {
		*all = append(*all, result{w, o})
		return nil
	}
}

// summary is one line for each part.
func summary(all []result) string {
	var b strings.Builder
	for _, r := range all {
		b.WriteString(string(r.Action) + " " + r.Work.Part.Branch)
		if r.On != nil {
			b.WriteString(" on " + r.On.Part.Branch)
		}
		for _, c := range r.Work.Changes {
			b.WriteString(" " + c.Path)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func wantSummary(t testing.TB, all []result, want ...string) {
	t.Helper()
	if got := summary(all); got != strings.Join(append(slices.Clone(want), ""), "\n") {
		t.Errorf("got\n%swant\n%s", got, strings.Join(want, "\n"))
	}
}

const (
	interval = "export class Poll {\n  start() {\n    setInterval(() => {}, 10);\n  }\n  stop() {}\n}\n"
	listener = "import { EventEmitter } from 'events';\nexport class Ears {\n  constructor(private e: EventEmitter) {\n    this.e.on('a', this.hear);\n    this.e.on('b', this.see);\n  }\n" +
		"  dispose() {\n    this.e.off('a', this.hear);\n  }\n  hear = () => {};\n  see = () => {};\n}\n"
	timeout = "export function wait(ask: (done: (x: number) => void) => void) {\n  return new Promise((resolve, reject) => {\n    const t = setTimeout(() => reject(new Error('late')), 30000);\n" +
		"    ask((x) => {\n      if (x < 0) {\n        reject(new Error('bad'));\n        return;\n      }\n      clearTimeout(t);\n      resolve(x);\n    });\n  });\n}\n"
)
