package vcs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// works commits in a repository, makes a branch of it and reads it back.
func works(t *testing.T, dir, top string) {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Errorf("%s: %v", dir, err)
		return
	}
	if r.Top() != top {
		t.Errorf("%s: the top is %q, want %q", dir, r.Top(), top)
	}
	base, err := r.Resolve("main")
	if err != nil {
		t.Errorf("%s: %v", dir, err)
		return
	}
	h := change(t, r, base, "a change", "a.ts", "changed")
	old, err := r.Branch("unleak/x")
	if err != nil {
		t.Error(err)
	}
	if err := r.SetBranch("unleak/x", h, old); err != nil {
		t.Errorf("%s: %v", dir, err)
	}
	bothWays(t, r, func(t *testing.T, r *Repository) {
		seen := ""
		err := r.Files(h, func(e Entry) error { seen += e.Path + " "; return nil })
		if err != nil || !strings.HasPrefix(seen, "a.ts ") || !strings.HasSuffix(seen, "deep/er/b.ts ") {
			t.Errorf("%s: %q, %v", dir, seen, err)
		}
	})
	at := repo{t, dir}
	if got := at.git("show", "unleak/x:a.ts"); !strings.HasPrefix(got, "changed") {
		t.Errorf("%s: git sees %q", dir, got)
	}
	at.fsck()
}

func TestOpen(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	r.write("deep/er/b.ts", "b")
	r.commit("first")
	works(t, r.dir, r.dir)
	works(t, filepath.Join(r.dir, "deep", "er"), r.dir)
	works(t, filepath.Join(r.dir, ".git"), r.dir)

	clone := func(name string, args ...string) string {
		t.Helper()
		dir := filepath.Join(t.TempDir(), name)
		r.git(append(append([]string{"clone", "-q"}, args...), "file://"+r.dir, dir)...)
		return dir
	}
	t.Run("bare", func(t *testing.T) {
		dir := clone("bare.git", "--bare")
		works(t, dir, "")
		works(t, filepath.Join(dir, "refs"), "")
	})
	t.Run("linked", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "linked")
		r.git("worktree", "add", "-q", "-b", "other", dir)
		works(t, filepath.Join(dir, "deep"), dir)
	})
	t.Run("linked to a bare one", func(t *testing.T) {
		bare := repo{t, clone("bare.git", "--bare")}
		dir := filepath.Join(t.TempDir(), "linked")
		bare.git("worktree", "add", "-q", "-b", "another", dir, "main")
		works(t, dir, dir)
	})
	t.Run("separate", func(t *testing.T) {
		dir := clone("separate", "--separate-git-dir="+filepath.Join(t.TempDir(), "elsewhere"))
		works(t, dir, dir)
	})
	t.Run("sparse", func(t *testing.T) {
		dir := clone("sparse")
		at := repo{t, dir}
		at.git("sparse-checkout", "set", "deep")
		if at.git("config", "extensions.worktreeConfig") != "true" {
			t.Fatal("git does not set the extension that this is about")
		}
		works(t, dir, dir)
		at.git("config", "core.repositoryformatversion", "1") // newer versions of git do that, too
		works(t, dir, dir)
		linked := filepath.Join(t.TempDir(), "linked")
		at.git("worktree", "add", "-q", "-b", "other", linked)
		works(t, linked, linked)
	})
	t.Run("shared", func(t *testing.T) {
		one := filepath.Join(t.TempDir(), "one")
		r.git("clone", "-q", "--shared", r.dir, one)
		two := filepath.Join(t.TempDir(), "two") // borrows from one, which borrows
		r.git("clone", "-q", "--shared", one, two)
		works(t, one, one)
		works(t, two, two)
		alternates := filepath.Join(two, ".git", "objects", "info", "alternates")
		rel, err := filepath.Rel(filepath.Join(two, ".git", "objects"), filepath.Join(one, ".git", "objects"))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, alternates, "# a comment\n"+filepath.Join(two, "gone", "objects")+"\n"+rel+"\n")
		works(t, two, two)
	})
	t.Run("shallow", func(t *testing.T) {
		r.write("c.ts", "c")
		r.commit("second")
		dir := clone("shallow", "--depth=1")
		works(t, dir, dir)
	})
	t.Run("submodule", func(t *testing.T) {
		super := newRepo(t)
		super.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", r.dir, "sub")
		super.commit("with a submodule")
		works(t, filepath.Join(super.dir, "sub", "deep"), filepath.Join(super.dir, "sub"))
	})
	t.Run("packed", func(t *testing.T) {
		dir := clone("packed")
		repo{t, dir}.git("gc", "-q")
		works(t, dir, dir)
	})
}

// A partial clone works as far as what it has goes, and nothing is fetched.
func TestPartialClone(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	first := r.commit("first")
	r.write("a.ts", "aa")
	r.write("b.ts", "b")
	second := r.commit("second")
	r.git("config", "uploadpack.allowFilter", "true")
	r.git("config", "uploadpack.allowAnySHA1InWant", "true")
	dir := filepath.Join(t.TempDir(), "partial")
	r.git("clone", "-q", "--filter=blob:none", "file://"+r.dir, dir)
	ran := filepath.Join(t.TempDir(), "ran")
	at := repo{t, dir}
	at.git("config", "remote.origin.uploadpack", "touch "+ran+"; git-upload-pack")
	open := at.open()
	change(t, open, second, "x", "b.ts", "changed")
	missing := Hash(r.git("rev-parse", string(first)+":a.ts"))
	for name, err := range map[string]error{
		"Blob":    func() error { _, err := open.Blob(missing); return err }(),
		"Extract": open.Extract(t.Context(), first, t.TempDir(), func(Entry) bool { return true }),
	} {
		if !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %v, want ErrMissing", name, err)
		}
	}
	var got []Entry
	if err := open.Files(first, func(e Entry) error { got = append(got, e); return nil }); err != nil || len(got) != 1 || got[0].Size != -1 {
		t.Errorf("got %+v, %v", got, err)
	}
	// Where the repository hides from us that it is partial, git does not fetch either.
	open.bulk = true
	if err := open.Extract(t.Context(), first, t.TempDir(), func(Entry) bool { return true }); err == nil {
		t.Error("what is missing was extracted")
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the repository's settings was run")
	}
}

func TestOpenRefuses(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	r.commit("first")
	refused := func(dir, want string) {
		t.Helper()
		got, err := Open(dir)
		if err == nil {
			t.Errorf("%s was opened: %+v", dir, got)
		} else if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q, want something about %q", dir, err, want)
		}
	}
	refused(t.TempDir(), "is in no git repository")
	refused(filepath.Join(r.dir, "none"), "none")

	sha256 := filepath.Join(t.TempDir(), "sha256")
	r.git("init", "-q", "--object-format=sha256", sha256)
	refused(sha256, "SHA256")

	for extension, value := range map[string]string{"refstorage": "reftable", "somethingNew": "true", "compatObjectFormat": "sha256"} {
		dir := filepath.Join(t.TempDir(), "x")
		r.git("init", "-q", dir)
		at := repo{t, dir}
		at.git("config", "core.repositoryformatversion", "1")
		at.git("config", "extensions."+extension, value)
		refused(dir, map[bool]string{true: value, false: strings.ToLower(extension)}[extension == "refstorage"])
	}
	version := filepath.Join(t.TempDir(), "version")
	r.git("init", "-q", version)
	repo{t, version}.git("config", "core.repositoryformatversion", "2")
	refused(version, "format version 2")

	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", linked)
	if err := os.RemoveAll(filepath.Join(r.dir, ".git", "worktrees")); err != nil {
		t.Fatal(err)
	}
	refused(linked, "is no git directory")
	writeFile(t, filepath.Join(linked, ".git"), "something")
	refused(linked, "does not say where")
}

// With version 0 git looks at no extension, and neither do we.
func TestOpenOldFormat(t *testing.T) {
	r := newRepo(t)
	r.git("config", "extensions.somethingNew", "true")
	if out, err := r.try("status"); err != nil {
		t.Fatalf("git does not open it either: %s", out)
	}
	r.open()
}

// What git does while a repository is open is seen.
func TestRepackedMeanwhile(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	r.commit("first")
	r.git("gc", "-q")
	open := r.open()
	if _, err := open.Resolve("main"); err != nil {
		t.Fatal(err)
	}
	r.write("b.ts", "b")
	second := r.commit("second")
	r.git("repack", "-adq")
	r.git("prune-packed", "-q")
	if files, err := filepath.Glob(filepath.Join(r.dir, ".git", "objects", "pack", "*.pack")); err != nil || len(files) != 1 {
		t.Fatalf("packs: %q, %v", files, err)
	}
	open.bulk = false
	n := 0
	if err := open.Files(second, func(Entry) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d files, %v", n, err)
	}
	h := change(t, open, second, "x", "a.ts", "c")
	if err := open.SetBranch("x", h, ""); err != nil {
		t.Error(err)
	}
	r.fsck()
}

func TestResolve(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	first := r.commit("first")
	r.git("tag", "-a", "-m", "x", "v1")
	r.git("tag", "-a", "-m", "of a tag", "v1-again", "v1")
	r.git("tag", "light")
	r.write("a.ts", "b")
	second := r.commit("second")
	r.git("branch", "topic/x", string(first))
	r.git("update-ref", "refs/remotes/origin/far", string(first))
	r.git("update-ref", "refs/remotes/origin/trunk", string(second))
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
	blob := r.git("rev-parse", "HEAD:a.ts")
	check := func(t *testing.T) {
		open := r.open()
		for _, rev := range []string{"HEAD", "main", "refs/heads/main", "heads/main", "topic/x", "origin/far", "origin", "v1", "v1-again", "light", "tags/v1", "refs/tags/v1",
			string(first), string(first[:7]), string(second[:4]), strings.ToUpper(string(first[:9])), string(first[:39])} {
			want := r.git("rev-parse", rev+"^{commit}")
			if got, err := open.Resolve(rev); string(got) != want || err != nil {
				t.Errorf("%s: %s, %v, want %s", rev, got, err, want)
			}
		}
		for _, rev := range []string{"", "none", "abc", "-x", "HEAD~1", "main^", "..", "../config", "config", "refs", "refs/heads", blob, blob[:8], "main:a.ts", "v1^{}", strings.Repeat("ab", 20), "objects", "refs/heads/../../HEAD", "a.ts", "\x00"} {
			if got, err := open.Resolve(rev); !errors.Is(err, ErrNotFound) {
				t.Errorf("%q: %s, %v, want ErrNotFound", rev, got, err)
			}
		}
	}
	t.Run("loose", check)
	r.git("gc", "-q")
	t.Run("packed", check)
}

func TestBase(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	first := r.commit("first")
	r.git("checkout", "-q", "-b", "work")
	r.write("a.ts", "b")
	second := r.commit("second")
	base := func(remote, name, branch string, commit Hash) {
		t.Helper()
		b, c, err := r.open().Base(remote, name)
		if b != branch || c != commit || err != nil {
			t.Errorf("got %s at %s, %v, want %s at %s", b, c, err, branch, commit)
		}
	}
	base("origin", "", "work", second)
	base("origin", "main", "main", first)
	r.git("update-ref", "refs/remotes/origin/main", string(second))
	base("origin", "main", "main", second)
	base("other", "main", "main", first)
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	base("origin", "", "main", second)
	base("origin", "work", "work", second)
	if _, _, err := r.open().Base("origin", "none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	r.git("checkout", "-q", "--detach")
	base("origin", "", "main", second)
	if _, _, err := r.open().Base("other", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if branch, commit, err := r.open().Head(); branch != "" || commit != second || err != nil {
		t.Errorf("the head is %q at %s, %v", branch, commit, err)
	}
	empty := newRepo(t)
	if branch, commit, err := empty.open().Head(); branch != "main" || commit != "" || err != nil {
		t.Errorf("the head is %q at %s, %v", branch, commit, err)
	}
	if _, _, err := empty.open().Base("origin", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// Without git on the PATH everything but bulk reading and includes is the same.
func TestWithoutGit(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first")
	r.git("config", "user.name", "Config")
	path := os.Getenv("PATH")
	t.Setenv("PATH", t.TempDir())
	if _, err := exec.LookPath("git"); err == nil {
		t.Fatal("git is there")
	}
	t.Setenv("GIT_AUTHOR_NAME", "")
	open := r.open()
	who, err := open.Author()
	if err != nil || who.Name != "Config" {
		t.Errorf("the author is %+v, %v", who, err)
	}
	h := change(t, open, base, "x", "a.ts", "b")
	to := t.TempDir()
	if err := open.Extract(t.Context(), h, to, func(Entry) bool { return true }); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(to, "a.ts")); string(got) != "b" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	t.Setenv("PATH", path)
}
