package worktree

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// oddNames are file names that a careless reader of git's output gets wrong.
var oddNames = []string{"a b.ts", " lead.ts", "it's.ts", `q"uote.ts`, `back\slash.ts`, "été/名前😀.ts", "tab\t.ts", "new\nline.ts", "[id].ts", "star*.ts", ":colon.ts", ":(top)x.ts", "-dash.ts", "!not.ts", "#hash.ts", "a -> b.ts"}

type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	t.Setenv("LC_ALL", "C")
	for _, who := range []string{"AUTHOR", "COMMITTER"} {
		t.Setenv("GIT_"+who+"_NAME", "Somebody")
		t.Setenv("GIT_"+who+"_EMAIL", "somebody@example.com")
	}
	r := repo{t, t.TempDir()}
	r.git("init", "-q")
	return r
}

func (r repo) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

func (r repo) write(name, content string) {
	r.t.Helper()
	file := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r repo) commit() {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "a commit")
}

func want(t *testing.T, what string, got []string, err error, names ...string) {
	t.Helper()
	got, names = slices.Clone(got), slices.Clone(names)
	slices.Sort(got)
	slices.Sort(names)
	if err != nil || !slices.Equal(got, names) {
		t.Errorf("%s: %q, %v, want %q", what, got, err, names)
	}
}

// lines is content long enough for git to recognise a renamed file by it.
func lines(what string) string { return strings.Repeat(what+" and more\n", 20) }

func TestChanged(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	for _, name := range []string{"same.ts", "edited.ts", "staged.ts", "gone.ts", "old name.ts", "deep/old.ts", "both.ts"} {
		r.write(name, lines(name))
	}
	r.write(".gitignore", "ignored/\n*.log\n")
	r.commit()
	got, err := Changed(ctx, r.dir, "HEAD")
	want(t, "clean", got, err)

	r.write("edited.ts", "new")
	r.write("staged.ts", "new")
	r.git("add", "staged.ts")
	r.write("both.ts", "one")
	r.git("add", "both.ts")
	r.write("both.ts", "two")
	r.git("rm", "-q", "gone.ts")
	r.git("mv", "old name.ts", "new name.ts")
	r.git("mv", "deep/old.ts", "deep/moved é.ts")
	r.write("untracked.ts", "new")
	r.write("new folder/deep/untracked.ts", "new")
	r.write("ignored/x.ts", "new")
	r.write("x.log", "new")
	now := []string{"edited.ts", "staged.ts", "both.ts", "new name.ts", "deep/moved é.ts", "untracked.ts", "new folder/deep/untracked.ts"}
	got, err = Changed(ctx, r.dir, "HEAD")
	want(t, "against HEAD", got, err, now...)

	r.commit()
	got, err = Changed(ctx, r.dir, "HEAD")
	want(t, "after the commit", got, err)
	got, err = Changed(ctx, r.dir, "HEAD~1")
	want(t, "against the commit before", got, err, now...)
}

func TestChangedOddNames(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write("first.ts", "x")
	r.commit()
	for _, name := range oddNames {
		r.write(name, name)
	}
	got, err := Changed(ctx, r.dir, "HEAD")
	want(t, "untracked", got, err, oddNames...)
	got, err = Staged(ctx, r.dir)
	want(t, "nothing staged", got, err)
	r.git("add", "-A")
	got, err = Staged(ctx, r.dir)
	want(t, "staged", got, err, oddNames...)
	r.git("commit", "-q", "-m", "odd names")
	for _, name := range oddNames {
		r.write(name, "changed")
	}
	got, err = Changed(ctx, r.dir, "HEAD")
	want(t, "tracked", got, err, oddNames...)
	got, err = Dirty(ctx, r.dir, append([]string{"first.ts"}, oddNames...), false)
	want(t, "dirty", got, err, oddNames...)
	for _, name := range oddNames {
		got, err = Dirty(ctx, r.dir, []string{name}, false)
		want(t, "dirty alone", got, err, name)
	}
}

func TestStaged(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	for _, name := range []string{"same.ts", "edited.ts", "staged.ts", "gone.ts", "old.ts"} {
		r.write(name, lines(name))
	}
	r.commit()
	r.write("edited.ts", "new")
	r.write("staged.ts", "new")
	r.write("added.ts", "new")
	r.write("untracked.ts", "new")
	r.git("add", "staged.ts", "added.ts")
	r.git("rm", "-q", "gone.ts")
	r.git("mv", "old.ts", "renamed file.ts")
	got, err := Staged(ctx, r.dir)
	want(t, "staged", got, err, "staged.ts", "added.ts", "renamed file.ts")
}

// A repository without a commit has staged files all the same.
func TestStagedAtFirst(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write("a.ts", "new")
	r.git("add", "a.ts")
	got, err := Staged(ctx, r.dir)
	want(t, "before the first commit", got, err, "a.ts")
}

func TestDirty(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	all := []string{"same.ts", "edited.ts", "staged.ts", "old.ts", "deep/file.ts", "ab.ts"}
	for _, name := range all {
		r.write(name, lines(name))
	}
	r.commit()
	got, err := Dirty(ctx, r.dir, all, false)
	want(t, "clean", got, err)
	r.write("edited.ts", "new")
	r.write("staged.ts", "new")
	r.git("add", "staged.ts")
	r.write("untracked.ts", "new")
	r.write("deep/new/untracked.ts", "new")
	r.write("a*.ts", "new")
	r.git("mv", "old.ts", "new.ts")
	got, err = Dirty(ctx, r.dir, append(all, "untracked.ts", "deep/new/untracked.ts", "new.ts"), false)
	want(t, "all", got, err, "edited.ts", "staged.ts", "untracked.ts", "deep/new/untracked.ts", "new.ts")
	got, err = Dirty(ctx, r.dir, []string{"same.ts", "edited.ts"}, false)
	want(t, "only those asked for", got, err, "edited.ts")
	r.write("ab.ts", "new")
	got, err = Dirty(ctx, r.dir, []string{"a*.ts"}, false)
	want(t, "a name is no pattern", got, err, "a*.ts")
	got, err = Dirty(ctx, r.dir, nil, false)
	want(t, "none asked for", got, err)
}

// The repository's settings change neither what is listed nor how.
func TestSettingsOfTheRepository(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write("old.ts", lines("old"))
	r.write("é.ts", lines("x"))
	r.commit()
	ran := filepath.Join(t.TempDir(), "ran")
	for _, kv := range [][2]string{
		{"diff.noprefix", "true"}, {"core.quotePath", "true"}, {"status.relativePaths", "false"}, {"status.showUntrackedFiles", "no"}, {"diff.renames", "copies"},
		{"status.short", "false"}, {"color.ui", "always"}, {"status.branch", "true"}, {"core.fsmonitor", "touch " + ran}, {"diff.external", "touch " + ran}, {"core.pager", "touch " + ran},
	} {
		r.git("config", kv[0], kv[1])
	}
	r.write("é.ts", "new")
	r.write("untracked.ts", "new")
	got, err := Changed(ctx, r.dir, "HEAD")
	want(t, "changed", got, err, "é.ts", "untracked.ts")
	got, err = Dirty(ctx, r.dir, []string{"é.ts", "untracked.ts", "old.ts"}, false)
	want(t, "dirty", got, err, "é.ts", "untracked.ts")
	got, err = Staged(ctx, r.dir)
	want(t, "staged", got, err)
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the repository's settings was run")
	}
}

// Each work tree has a place of its own, and git shows nothing of it.
func TestPath(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write("a.ts", "x")
	r.commit()
	other := filepath.Join(t.TempDir(), "other tree")
	r.git("worktree", "add", "-q", "--detach", other)
	seen := map[string]bool{}
	for _, top := range []string{r.dir, other} {
		dir, err := Path(ctx, top, "unleak")
		if err != nil || !filepath.IsAbs(dir) || seen[dir] {
			t.Fatalf("in %s: %q, %v", top, dir, err)
		}
		seen[dir] = true
		if err := os.MkdirAll(filepath.Join(dir, "x"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x", "a.ts"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := Changed(ctx, top, "HEAD")
		want(t, "shown", got, err)
	}
	if dir, err := Path(ctx, t.TempDir(), "unleak"); err == nil {
		t.Errorf("outside of a work tree: %q", dir)
	}
}

func TestErrors(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write("a.ts", "x")
	r.commit()
	for _, ref := range []string{"no-such-branch", "-h", "--output=" + filepath.Join(r.dir, "written"), ""} {
		if got, err := Changed(ctx, r.dir, ref); err == nil {
			t.Errorf("against %q: %q", ref, got)
		} else if strings.Contains(err.Error(), "fatal:") || strings.Contains(err.Error(), "\n") {
			t.Errorf("the message is %q", err)
		}
	}
	if _, err := os.Stat(filepath.Join(r.dir, "written")); err == nil {
		t.Error("a revision was taken for an option")
	}
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
	outside := filepath.Join(t.TempDir(), "none")
	if _, err := Staged(ctx, outside); err == nil {
		t.Error("there is no such folder")
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Staged(cancelled, r.dir); err == nil {
		t.Error("a cancelled question was answered")
	}
}

func TestIgnored(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	r.write(".gitignore", "*.log\nbuild/\n!keep.log\n")
	r.write("sub/.gitignore", "x*\n")
	r.write("tracked.log", "x")
	r.git("add", "-f", "tracked.log")
	got, err := Ignored(ctx, r.dir, append([]string{"a.log", "tracked.log", "keep.log", "build/deep/a.ts", "sub/x.ts", "x.ts", "not there/b.log"}, oddNames...))
	want(t, "ignored", got, err, "a.log", "build/deep/a.ts", "sub/x.ts", "not there/b.log")
	got, err = Ignored(ctx, r.dir, oddNames)
	want(t, "of odd names", got, err)
	got, err = Ignored(ctx, r.dir, nil)
	want(t, "of none", got, err)
	t.Setenv("GIT_CEILING_DIRECTORIES", "/")
	if got, err := Ignored(ctx, t.TempDir(), []string{"a"}); err == nil {
		t.Errorf("outside of a work tree: %q", got)
	}
}

func TestStagedContents(t *testing.T) {
	r, ctx := newRepo(t), t.Context()
	for _, name := range append([]string{"same.ts", "partly.ts", "gone.ts", "later.ts", "other.md"}, oddNames...) {
		r.write(name, "committed "+name)
	}
	r.commit()
	all := func(string) bool { return true }
	if got, err := StagedContents(ctx, r.dir, all); err != nil || len(got) != 0 {
		t.Fatalf("where nothing changed: %q, %v", got, err)
	}
	for _, name := range append([]string{"same.ts", "partly.ts", "gone.ts", "other.md", "new.ts"}, oddNames...) {
		r.write(name, "staged "+name)
	}
	r.git("add", "-A")
	for _, name := range append([]string{"partly.ts", "later.ts", "other.md", "untracked.ts"}, oddNames...) {
		r.write(name, "on the disk "+name)
	}
	r.write("crlf.ts", "a\r\nb")
	if err := os.Remove(filepath.Join(r.dir, "gone.ts")); err != nil {
		t.Fatal(err)
	}
	got, err := StagedContents(ctx, r.dir, func(name string) bool { return strings.HasSuffix(name, ".ts") })
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"partly.ts": "staged partly.ts", "gone.ts": "staged gone.ts", "later.ts": "committed later.ts"}
	for _, name := range oddNames {
		want[name] = "staged " + name
	}
	for name, text := range want {
		if string(got[name]) != text {
			t.Errorf("%q: got %q, want %q", name, got[name], text)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d contents, want %d", len(got), len(want))
	}
}
