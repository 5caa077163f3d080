package vcs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// withCommits is a repository with some commits on top of each other.
func withCommits(t testing.TB, n int) (repo, []Hash) {
	t.Helper()
	r := newRepo(t)
	var commits []Hash
	for i := range n {
		r.write("a.ts", strings.Repeat("x", i))
		commits = append(commits, r.commit("a commit"))
	}
	return r, commits
}

func TestBranches(t *testing.T) {
	r, c := withCommits(t, 3)
	open := r.open()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	moved := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrMoved) {
			t.Errorf("got %v, want ErrMoved", err)
		}
	}
	at := func(name string, want Hash) {
		t.Helper()
		if got, err := open.Branch(name); got != want || err != nil {
			t.Errorf("%s is at %q, %v, want %q", name, got, err, want)
		}
		if got, _ := r.try("rev-parse", "--verify", "-q", "refs/heads/"+name); strings.TrimSpace(got) != string(want) {
			t.Errorf("git sees %s at %q, want %q", name, got, want)
		}
	}
	for _, packed := range []bool{false, true} {
		pack := func() {
			if packed {
				r.git("pack-refs", "--all", "--prune")
			}
		}
		at("unleak/x", "")
		moved(open.SetBranch("unleak/x", c[1], c[0]))
		must(open.SetBranch("unleak/x", c[0], ""))
		pack()
		at("unleak/x", c[0])
		moved(open.SetBranch("unleak/x", c[1], ""))
		moved(open.SetBranch("unleak/x", c[1], c[2]))
		must(open.SetBranch("unleak/x", c[1], c[0]))
		at("unleak/x", c[1])
		pack()
		must(open.SetBranch("unleak/x", c[1], c[1]))
		must(open.SetBranch("unleak/y", c[2], ""))
		pack()
		all, err := open.Branches("unleak/")
		if err != nil || len(all) != 2 || all["unleak/x"] != c[1] || all["unleak/y"] != c[2] {
			t.Errorf("the branches are %v, %v", all, err)
		}
		if all, err := open.Branches("unleak/y"); err != nil || len(all) != 1 {
			t.Errorf("the branches are %v, %v", all, err)
		}
		r.git("tag", "-f", "-a", "-m", "peeled in packed-refs", "v1")
		pack()
		moved(open.DeleteBranch("unleak/x", c[0]))
		at("unleak/x", c[1])
		r.git("update-ref", "--create-reflog", "refs/heads/unleak/x", string(c[2]))
		must(open.DeleteBranch("unleak/x", c[2]))
		at("unleak/x", "")
		moved(open.DeleteBranch("unleak/x", c[2]))
		must(open.DeleteBranch("unleak/y", c[2]))
		// Nothing stays that is in the way of a branch of that name.
		must(open.SetBranch("unleak", c[0], ""))
		r.git("reflog", "exists", "refs/heads/main")
		must(open.DeleteBranch("unleak", c[0]))
		r.git("branch", "unleak")
		r.git("branch", "-D", "-q", "unleak")
		if got := r.git("rev-parse", "v1^{commit}"); got != string(c[2]) {
			t.Errorf("the tag is at %s", got)
		}
		r.fsck()
	}
	if locks := findFiles(t, filepath.Join(r.dir, ".git"), ".lock"); len(locks) > 0 {
		t.Errorf("locks are left: %q", locks)
	}
}

func findFiles(t *testing.T, dir, suffix string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if strings.HasSuffix(path, suffix) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Git refuses x beside x/y; a repository with both is broken.
func TestBranchesClash(t *testing.T) {
	for _, packed := range []bool{false, true} {
		r, c := withCommits(t, 1)
		r.git("branch", "a")
		r.git("branch", "b/c/d")
		if packed {
			r.git("pack-refs", "--all", "--prune")
			if err := os.RemoveAll(filepath.Join(r.dir, ".git", "refs", "heads", "b")); err != nil {
				t.Fatal(err)
			}
		}
		open := r.open()
		for _, name := range []string{"a/b", "a/b/c", "b", "b/c", "b/c/d/e", "main/x"} {
			if err := open.SetBranch(name, c[0], ""); err == nil || !strings.Contains(err.Error(), "cannot be beside") {
				t.Errorf("packed %v: %s: %v", packed, name, err)
			}
		}
		for _, name := range []string{"ab", "b/cc", "b/c/dd"} {
			if err := open.SetBranch(name, c[0], ""); err != nil {
				t.Errorf("packed %v: %s: %v", packed, name, err)
			}
		}
		if out := r.git("for-each-ref", "--format=%(refname)"); strings.Count(out, "\n") != 5 {
			t.Errorf("packed %v: the references are\n%s", packed, out)
		}
		r.fsck()
	}
}

func TestBranchNames(t *testing.T) {
	r, c := withCommits(t, 1)
	open := r.open()
	for _, name := range []string{"a", "a.b", "a/-b", "ünï/名", "a@b", "@x", "a{b}", "x.lock.y", "", "/a", "a/", "a//b", ".a", "a/.b", "a..b", "a.", "a.lock", "a.lock/b", "a b", "a~", "a^", "a:b", "a?", "a*", "a[", `a\b`, "a@{b", "@", "-a", "HEAD", "a\tb", "a\x7fb", "a\x01", "../config", "a/../../config"} {
		_, gitErr := r.try("check-ref-format", "--branch", name)
		err := open.SetBranch("t/"+name, c[0], "")
		if name == "-a" || name == "HEAD" || name == "@" || name == "@x" {
			err = open.SetBranch(name, c[0], "")
		}
		if name == "" || name == "/a" || name == "@" || strings.HasPrefix(name, "..") {
			gitErr = errors.New("refused")
		}
		if (err == nil) != (gitErr == nil) {
			t.Errorf("%q: %v, git says %v", name, err, gitErr)
		}
		if err == nil {
			r.git("update-ref", "-d", "refs/heads/t/"+name)
		}
	}
	for _, bad := range []Hash{"", "12", Hash(strings.Repeat("12", 20)), Hash(r.git("rev-parse", "HEAD^{tree}"))} {
		if err := open.SetBranch("x", bad, ""); err == nil {
			t.Errorf("a branch was set to %q", bad)
		}
	}
	r.fsck()
}

// A branch that somebody is on is never moved under their feet.
func TestBranchInUse(t *testing.T) {
	r, c := withCommits(t, 2)
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", "-b", "elsewhere", linked, string(c[0]))
	r.git("branch", "rebased", string(c[0]))
	other := repo{t, filepath.Join(t.TempDir(), "other")}
	r.git("worktree", "add", "-q", other.dir, "rebased")
	other.write("a.ts", "a conflict")
	other.commit("in the way")
	if _, err := other.try("rebase", "main"); err == nil {
		t.Fatal("the rebase was to stop")
	}
	r.git("symbolic-ref", "refs/heads/alias", "refs/heads/free")
	r.git("branch", "free")
	for _, dir := range []string{r.dir, linked} {
		open := repo{t, dir}.open()
		for _, name := range []string{"main", "elsewhere", "rebased", "alias"} {
			at, err := open.Branch(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := open.SetBranch(name, c[1], at); err == nil || !strings.Contains(err.Error(), "left alone") {
				t.Errorf("%s: %v", name, err)
			}
			if err := open.DeleteBranch(name, at); err == nil || !strings.Contains(err.Error(), "left alone") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestLocked(t *testing.T) {
	r, c := withCommits(t, 1)
	lock := filepath.Join(r.dir, ".git", "refs", "heads", "x.lock")
	writeFile(t, lock, "")
	err := r.open().SetBranch("x", c[0], "")
	if err == nil || !strings.Contains(err.Error(), "x.lock is there") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(lock); err != nil {
		t.Error("somebody else's lock was removed")
	}
	// A branch is created only while git packs no references.
	packed := filepath.Join(r.dir, ".git", "packed-refs.lock")
	writeFile(t, packed, "")
	if err := r.open().SetBranch("y", c[0], ""); err == nil || !strings.Contains(err.Error(), "packed-refs.lock is there") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(packed); err != nil {
		t.Fatal(err)
	}
	// One that goes away is waited for.
	done := make(chan error)
	go func() { done <- r.open().SetBranch("x", c[0], "") }()
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Of many who create or move a branch at once, git among them, one wins.
func TestBranchRace(t *testing.T) {
	r, c := withCommits(t, 32)
	shared := r.open()
	race := func(old Hash, name string, c []Hash) {
		t.Helper()
		var wg sync.WaitGroup
		results := make([]error, 16)
		start := make(chan bool)
		for i := range results {
			open := shared
			if i%4 == 1 {
				open = r.open()
			}
			wg.Go(func() {
				<-start
				if i%4 == 0 {
					expected := string(old)
					if old == "" {
						expected = strings.Repeat("0", 40)
					}
					cmd := exec.Command("git", "-C", r.dir, "update-ref", "refs/heads/"+name, string(c[i]), expected)
					results[i] = cmd.Run()
				} else {
					results[i] = open.SetBranch(name, c[i], old)
				}
			})
		}
		close(start)
		wg.Wait()
		winners := 0
		for i, err := range results {
			if err == nil {
				winners++
				if got := r.git("rev-parse", "refs/heads/"+name); got != string(c[i]) {
					t.Errorf("%d won, but the branch is at %s", i, got)
				}
			} else if i%4 != 0 && !errors.Is(err, ErrMoved) {
				t.Errorf("%d lost by %v", i, err)
			}
		}
		if winners != 1 {
			t.Errorf("%d won", winners)
		}
	}
	for round := range 5 {
		name := []string{"race", "deep/er/race"}[round%2]
		race("", name, c[:16])
		now := Hash(r.git("rev-parse", "refs/heads/"+name))
		if round%2 == 0 {
			r.git("pack-refs", "--all")
		}
		race(now, name, c[16:])
		if err := shared.DeleteBranch(name, Hash(r.git("rev-parse", "refs/heads/"+name))); err != nil {
			t.Error(err)
		}
	}
	r.fsck()
}

// x and x/y are created at once, while git packs references: never both are there.
func TestClashRace(t *testing.T) {
	r, c := withCommits(t, 1)
	names := []string{"x", "x/y", "x/y/z"}
	for range 20 {
		var wg sync.WaitGroup
		won := make([]bool, 12)
		for i := range won {
			open := r.open()
			wg.Go(func() { won[i] = open.SetBranch(names[i%3], c[0], "") == nil })
		}
		wg.Go(func() { _, _ = r.try("pack-refs", "--all", "--prune") })
		wg.Wait()
		refs := strings.Fields(r.git("for-each-ref", "--format=%(refname:short)", "refs/heads/x", "refs/heads/x/"))
		if len(refs) != 1 || !slices.Contains(won, true) {
			t.Fatalf("the branches are %q, won %v", refs, won)
		}
		r.fsck()
		r.git("branch", "-D", "-q", refs[0])
	}
}
