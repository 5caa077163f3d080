package vcs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// plumbing makes the commit that Commit should make with git's own commands.
func (r repo) plumbing(parent Hash, message string, files ...string) Hash {
	r.t.Helper()
	index := filepath.Join(r.t.TempDir(), "index")
	r.t.Setenv("GIT_INDEX_FILE", index)
	defer os.Unsetenv("GIT_INDEX_FILE")
	r.git("read-tree", string(parent))
	for i := 0; i < len(files); i += 2 {
		blob := r.gitIn(files[i+1], "hash-object", "-w", "--stdin")
		mode, _, _ := strings.Cut(r.git("ls-tree", string(parent), "--", files[i]), " ")
		r.git("update-index", "--cacheinfo", mode+","+blob+","+files[i])
	}
	return Hash(r.gitIn(message, "commit-tree", "-p", string(parent), r.git("write-tree")))
}

func TestCommit(t *testing.T) {
	r := newRepo(t)
	r.write("README.md", "hello\n")
	r.write("run.sh", "#!/bin/sh\n")
	r.write("src/a/one.ts", "one\n")
	r.write("src/a-b/two.ts", "two\r\n") // sorts before src/a/ in a tree
	r.write("src/a.ts", "a\n")
	r.write("été/名前😀.ts", "x")
	if err := os.Chmod(filepath.Join(r.dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("README.md", filepath.Join(r.dir, "link")); err != nil {
		t.Fatal(err)
	}
	base := r.commit("first")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+string(base)+",sub")
	r.git("commit", "-q", "-m", "a submodule")
	base = Hash(r.git("rev-parse", "HEAD"))

	// A checkout in the middle of work.
	r.write("src/a.ts", "dirty\n")
	r.write("src/a/one.ts", "staged\n")
	r.git("add", "src/a/one.ts")
	r.write("untracked.ts", "new")
	before := r.state()

	files := []string{"src/a/one.ts", "uno\r\n", "run.sh", "#!/bin/bash\n", "src/a-b/two.ts", "", "été/名前😀.ts", "\xff\x00binary"}
	const message = "subject\n\nbody\n"
	open := r.open()
	h := change(t, open, base, message, files...)
	if want := r.plumbing(base, message, files...); h != want {
		t.Errorf("the commit is %s, git makes %s\n%s", h, want, r.git("diff-tree", "-r", string(h), string(want)))
	}
	second := change(t, open, h, message, "src/a.ts", "on top\n")
	if want := r.plumbing(h, message, "src/a.ts", "on top\n"); second != want {
		t.Errorf("the commit on top is %s, git makes %s", second, want)
	}
	if err := open.SetBranch("unleak/test", second, ""); err != nil {
		t.Fatal(err)
	}
	if after := r.state(); after != before {
		t.Errorf("the checkout changed:\n%q\n%q", before, after)
	}
	modes := r.git("ls-tree", "-r", string(second))
	for _, want := range []string{"100755 blob", "120000 blob", "160000 commit"} {
		if !strings.Contains(modes, want) {
			t.Errorf("%s is gone:\n%s", want, modes)
		}
	}
	r.fsck()
}

// Modes that git wrote long ago, and trees that it would not write today, stay.
func TestCommitOldModes(t *testing.T) {
	r := newRepo(t)
	blob := r.gitIn("old", "hash-object", "-w", "--stdin")
	// mktree would tidy the mode up.
	raw := "100664 group.ts\x00" + unhex(t, blob)
	tree := r.gitIn(raw, "hash-object", "-w", "-t", "tree", "--literally", "--stdin")
	base := Hash(r.gitIn("old times", "commit-tree", tree))
	h := change(t, r.open(), base, "new", "group.ts", "new")
	if got := r.git("cat-file", "tree", string(h)+"^{tree}"); !strings.HasPrefix(got, "100664 ") {
		t.Errorf("the tree became %q", got)
	}
	if e, err := r.open().File(h, "group.ts"); err != nil || e.Mode != 0o100664 || !e.Regular() {
		t.Errorf("got %+v, %v", e, err)
	}
}

// What is wanted again is not pruned because it was made long ago.
func TestCommitFreshens(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first")
	open := r.open()
	h := change(t, open, base, "x", "a.ts", "b")
	long := time.Now().Add(-1000 * time.Hour)
	for _, object := range []string{string(h), r.git("rev-parse", string(h)+"^{tree}"), r.git("rev-parse", string(h)+":a.ts")} {
		if err := os.Chtimes(filepath.Join(r.dir, ".git", "objects", object[:2], object[2:]), long, long); err != nil {
			t.Fatal(err)
		}
	}
	if again := change(t, open, base, "x", "a.ts", "b"); again != h {
		t.Fatalf("the commit is %s, was %s", again, h)
	}
	r.git("prune", "--expire=1.hour.ago")
	r.git("cat-file", "-e", string(h)+":a.ts")
}

func unhex(t *testing.T, h string) string {
	t.Helper()
	parsed, err := parseHash(Hash(h))
	if err != nil {
		t.Fatal(err)
	}
	return string(parsed[:])
}

func TestCommitRefuses(t *testing.T) {
	r := newRepo(t)
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	r.write("a.ts", "a")
	r.write("folder/b.ts", "b")
	r.write("large.bin", pointer)
	if err := os.Symlink("a.ts", filepath.Join(r.dir, "link.ts")); err != nil {
		t.Fatal(err)
	}
	base := r.commit("first")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+string(base)+",sub")
	r.git("commit", "-q", "-m", "a submodule")
	base = Hash(r.git("rev-parse", "HEAD"))
	open := r.open()

	for path, reason := range map[string]string{"link.ts": "symbolic link", "sub": "submodule", "folder": "folder", "large.bin": "LFS"} {
		_, err := open.Commit(commitOf(base, "x", path, "new"))
		var unfit *UnfitError
		if !errors.As(err, &unfit) || unfit.Path != path || !strings.Contains(unfit.Reason, reason) {
			t.Errorf("%s: %v, want it to be unfit as a %s", path, err, reason)
		}
	}
	for _, path := range []string{"none.ts", "folder/none.ts", "none/a.ts", "a.ts/b.ts", "", "/a.ts", "folder//b.ts", "./a.ts", "folder/../a.ts", "sub/x.ts", "link.ts/x"} {
		if h, err := open.Commit(commitOf(base, "x", path, "new")); err == nil {
			t.Errorf("%q was changed in %s", path, h)
		} else if strings.Contains(path, "none") && !errors.Is(err, ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", path, err)
		}
	}
	for name, c := range map[string]Commit{
		"no message":   commitOf(base, " \n\n", "a.ts", "b"),
		"a NUL":        commitOf(base, "a\x00b", "a.ts", "b"),
		"twice":        commitOf(base, "x", "a.ts", "b", "a.ts", "c"),
		"a new LFS":    commitOf(base, "x", "a.ts", pointer),
		"no parent":    commitOf("", "x", "a.ts", "b"),
		"a short hash": commitOf(base[:10], "x", "a.ts", "b"),
		"not a commit": commitOf(Hash(r.git("rev-parse", "HEAD^{tree}")), "x", "a.ts", "b"),
		"not there":    commitOf(Hash(strings.Repeat("12", 20)), "x", "a.ts", "b"),
		"nobody":       {Parent: base, Message: "x", Changes: []Change{{"a.ts", nil}}, Author: Person{Name: " <> ", When: time.Now()}, Committer: someone()},
	} {
		if h, err := open.Commit(c); err == nil {
			t.Errorf("%s: %s was made", name, h)
		}
	}
	for name, c := range map[string]Commit{"the same": commitOf(base, "x", "a.ts", "a"), "nothing": commitOf(base, "x")} {
		if _, err := open.Commit(c); !errors.Is(err, ErrUnchanged) {
			t.Errorf("%s: %v, want ErrUnchanged", name, err)
		}
	}
	r.fsck()
}

// Messages and names come out as git makes them.
func TestMessagesAndNames(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first")
	open := r.open()
	for _, message := range []string{"x", "\n\n  x  \n", "a\n\n\n\nb\t \n\n", "a\r\nb\r\n", "# not a comment\n\ntext", "über 名\n", "a\vb\f \n", "-x", "a\n \n\t\nb"} {
		want := r.gitIn(message, "stripspace")
		got, err := tidyMessage(message)
		if err != nil || strings.TrimSuffix(got, "\n") != want {
			t.Errorf("%q became %q, %v, git makes %q", message, got, err, want)
		}
	}
	for i, name := range []string{"Ann", " Ann Lee. ", "<Ann>", `"Ann"`, "Ann\nLee", "Jr., Sam,", "O'Neil", "'x'", "名前", "a;b;", "A <b> c"} {
		t.Setenv("GIT_AUTHOR_NAME", name)
		t.Setenv("GIT_COMMITTER_NAME", name)
		t.Setenv("GIT_AUTHOR_EMAIL", name+"@example.com")
		when := time.Unix(1700000000+int64(i), 0).In(time.FixedZone("", []int{0, -12600, 45900, 3600}[i%4]))
		date := fmt.Sprintf("%d %s", when.Unix(), when.Format("-0700"))
		t.Setenv("GIT_AUTHOR_DATE", date)
		t.Setenv("GIT_COMMITTER_DATE", date)
		want := r.plumbing(base, "x\n", "a.ts", "b")
		author, err := open.Author()
		if err != nil {
			t.Fatal(err)
		}
		committer, err := open.Identity()
		if err != nil {
			t.Fatal(err)
		}
		c := commitOf(base, "x", "a.ts", "b")
		c.Author, c.Committer = author, committer
		if h, err := open.Commit(c); err != nil || h != want {
			t.Errorf("%q: %s, %v, git makes %s:\n%s", name, h, err, want, r.git("cat-file", "-p", string(want)))
		}
		c.Author = Person{name, name + "@example.com", when} // as a caller may give it
		if h, err := open.Commit(c); err != nil || h != want {
			t.Errorf("%q as given: %s, %v, git makes %s", name, h, err, want)
		}
	}
}

func TestInfo(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first\n\nbody")
	r.git("checkout", "-q", "-b", "side")
	r.write("b.ts", "b")
	side := r.commit("side")
	r.git("checkout", "-q", "main")
	r.write("c.ts", "c")
	main := r.commit("main")
	r.git("merge", "-q", "--no-ff", "-m", "merged", "side")
	merged := Hash(r.git("rev-parse", "HEAD"))
	open := r.open()
	info, err := open.Info(merged)
	if err != nil || len(info.Parents) != 2 || info.Parents[0] != main || info.Parents[1] != side || info.Message != "merged\n" ||
		info.Author.Name != "Some Body" || info.Author.Email != "some@example.com" || !info.Author.When.Equal(someone().When) || info.Signed {
		t.Errorf("got %+v, %v", info, err)
	}
	if info.Tree != Hash(r.git("rev-parse", "HEAD^{tree}")) {
		t.Errorf("the tree is %s", info.Tree)
	}
	for _, c := range []struct {
		a, b Hash
		want bool
	}{{base, merged, true}, {side, merged, true}, {merged, base, false}, {side, main, false}, {base, base, true}} {
		if got, err := open.Ancestor(c.a, c.b); got != c.want || err != nil {
			t.Errorf("%s before %s: %v, %v", c.a, c.b, got, err)
		}
	}
}
