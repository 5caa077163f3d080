package vcs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pushable is a clone of origin, opened, with two commits on top of its base.
func pushable(t *testing.T) (r repo, open *Repository, base, one, two Hash) {
	t.Helper()
	r, _ = withCommits(t, 5)
	r.write("src/b.ts", "b")
	base = r.commit("base")
	open = r.open()
	one = change(t, open, base, "one", "src/b.ts", "one")
	two = change(t, open, one, "two", "a.ts", "two", "src/b.ts", "and two")
	return r, open, base, one, two
}

// testPush is what holds for every kind of remote.
func testPush(t *testing.T, open *Repository, far repo, to Remote, cred Credentials, base, one, two Hash) {
	t.Helper()
	ctx := t.Context()
	push := func(updates ...Update) error {
		t.Helper()
		return open.Push(ctx, to, cred, updates)
	}
	at := func(branch string, want Hash) {
		t.Helper()
		if got := far.at(branch); got != want {
			t.Errorf("%s is at %q, want %q", branch, got, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	lease := func(branch string, err error) {
		t.Helper()
		var b *BranchError
		if !errors.Is(err, ErrLease) || !errors.As(err, &b) || b.Branch != branch {
			t.Errorf("got %v, want ErrLease for %s", err, branch)
		}
	}
	must(push(Update{Branch: "unleak/x", New: one}, Update{Branch: "unleak/y", New: two}))
	at("unleak/x", one)
	at("unleak/y", two)
	must(push(Update{Branch: "unleak/x", New: one}, Update{Branch: "unleak/y", New: two, Old: one})) // there already
	lease("unleak/x", push(Update{Branch: "unleak/x", New: two}))
	lease("unleak/x", push(Update{Branch: "unleak/x", New: two, Old: base}))
	at("unleak/x", one)
	lease("unleak/x", push(Update{Branch: "unleak/x", New: two, Old: two}, Update{Branch: "unleak/z", New: two}))
	at("unleak/z", two) // the others go through
	must(push(Update{Branch: "unleak/x", New: two, Old: one}))
	at("unleak/x", two)
	must(push(Update{Branch: "unleak/x", New: one, Old: two})) // backwards, as a new proposal may be
	at("unleak/x", one)
	lease("unleak/x", push(Update{Branch: "unleak/x", Old: two}))
	at("unleak/x", one)

	all, err := open.RemoteBranches(ctx, to, cred, "unleak/")
	if err != nil || len(all) != 3 || all["unleak/x"] != one || all["unleak/y"] != two || all["unleak/z"] != two {
		t.Errorf("the branches are %v, %v", all, err)
	}
	if all, err = open.RemoteBranches(ctx, to, cred, ""); err != nil || all["main"] != base || len(all) != 4 {
		t.Errorf("all branches are %v, %v", all, err)
	}
	if all, err = open.RemoteBranches(ctx, to, cred, "none/"); err != nil || len(all) != 0 {
		t.Errorf("no branches are %v, %v", all, err)
	}

	must(push(Update{Branch: "unleak/x", Old: one}, Update{Branch: "unleak/y", Old: two}, Update{Branch: "unleak/z", Old: two}))
	at("unleak/x", "")
	must(push(Update{Branch: "unleak/x", Old: one})) // gone already
	far.git("config", "receive.denyCurrentBranch", "refuse")
	far.git("config", "receive.denyDeletes", "true")
	must(push(Update{Branch: "unleak/x", New: one}))
	err = push(Update{Branch: "unleak/x", Old: one}, Update{Branch: "unleak/new", New: two})
	var refused *RefusedError
	if !errors.As(err, &refused) || !strings.Contains(refused.Reason, "deletion prohibited") {
		t.Errorf("got %v", err)
	}
	at("unleak/new", two)
	far.git("config", "--unset", "receive.denyDeletes")
	must(push(Update{Branch: "unleak/x", Old: one}, Update{Branch: "unleak/new", Old: two}))

	hook(t, far, "pre-receive", "echo 'GH006: Protected branch update failed'; echo more >&2; exit 1")
	err = push(Update{Branch: "unleak/x", New: one})
	if !errors.As(err, &refused) || !strings.Contains(refused.Reason, "pre-receive hook declined") || !strings.Contains(refused.Reason, "GH006: Protected branch update failed") {
		t.Errorf("got %v", err)
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("more than a line: %q", err)
	}
	at("unleak/x", "")
	if err := os.Remove(filepath.Join(far.dir, "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	// A branch that moves while the push is under way.
	hook(t, far, "pre-receive", "unset GIT_QUARANTINE_PATH; git update-ref refs/heads/unleak/race "+string(base))
	lease("unleak/race", push(Update{Branch: "unleak/race", New: two}))
	at("unleak/race", base)
	if err := os.Remove(filepath.Join(far.dir, "hooks", "pre-receive")); err != nil {
		t.Fatal(err)
	}
	far.git("update-ref", "-d", "refs/heads/unleak/race")

	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if err := open.Push(cancelled, to, cred, []Update{{Branch: "unleak/x", New: one}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	for _, u := range []Update{{Branch: "", New: one}, {Branch: "a..b", New: one}, {Branch: "x"}, {Branch: "x", New: "12"}, {Branch: "x", New: Hash(strings.Repeat("12", 20))}} {
		if err := push(u); err == nil {
			t.Errorf("%+v was pushed", u)
		}
	}
	far.fsck()
}

func hook(t *testing.T, r repo, name, script string) {
	t.Helper()
	file := filepath.Join(r.dir, "hooks", name)
	writeFile(t, file, "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(file, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestPushHTTP(t *testing.T) {
	r, open, base, one, two := pushable(t)
	s := newServer(t, r)
	testPush(t, open, s.repo, s.remote(), Credentials{Token: token}, base, one, two)
	for _, req := range s.take() {
		if strings.Contains(req, token) {
			t.Errorf("the token is in %s", req)
		}
	}
	if err := open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "unleak/q", New: two}}); err != nil {
		t.Error(err)
	}
	if got := s.take(); len(got) != 2 {
		t.Errorf("a push took %q", got)
	}
	s.old = true
	all, err := open.RemoteBranches(t.Context(), s.remote(), Credentials{Token: token}, "unleak/")
	if err != nil || len(all) != 1 || all["unleak/q"] != two {
		t.Errorf("by the first version of the protocol: %v, %v", all, err)
	}
	if got := s.take(); len(got) != 1 {
		t.Errorf("listing took %q", got)
	}
}

func TestPushLocal(t *testing.T) {
	r, open, base, one, two := pushable(t)
	far := repo{t, filepath.Join(t.TempDir(), "far.git")}
	r.git("clone", "-q", "--bare", r.dir, far.dir)
	testPush(t, open, far, Remote{URL: far.dir}, Credentials{}, base, one, two)
	if err := open.Push(t.Context(), Remote{URL: "file://" + far.dir}, Credentials{}, []Update{{Branch: "by-url", New: two}}); err != nil || far.at("by-url") != two {
		t.Errorf("by URL: %v", err)
	}
	err := open.Push(t.Context(), Remote{URL: filepath.Join(far.dir, "none")}, Credentials{}, []Update{{Branch: "x", New: two}})
	if err == nil || !strings.Contains(err.Error(), "does not appear to be a git repository") || strings.Contains(err.Error(), "\n") {
		t.Errorf("no repository: %v", err)
	}
	t.Run("from a hook", func(t *testing.T) { // where git leads everything to one repository
		for name, value := range map[string]string{"GIT_DIR": filepath.Join(r.dir, ".git"), "GIT_INDEX_FILE": "x", "GIT_OBJECT_DIRECTORY": filepath.Join(r.dir, ".git", "objects"), "GIT_NAMESPACE": "y"} {
			t.Setenv(name, value)
		}
		if err := open.Push(t.Context(), Remote{URL: far.dir}, Credentials{}, []Update{{Branch: "hooked", New: two}}); err != nil {
			t.Error(err)
		}
		data, err := os.ReadFile(filepath.Join(far.dir, "refs", "heads", "hooked"))
		if strings.TrimSpace(string(data)) != string(two) {
			t.Errorf("the branch is at %s, %v", data, err)
		}
		files := 0
		if err := open.Files(two, func(Entry) error { files++; return nil }); err != nil || files != 2 {
			t.Errorf("%d files, %v", files, err)
		}
	})
	t.Run("into an empty one", func(t *testing.T) {
		empty := repo{t, filepath.Join(t.TempDir(), "empty.git")}
		r.git("init", "-q", "--bare", empty.dir)
		all, err := open.RemoteBranches(t.Context(), Remote{URL: empty.dir}, Credentials{}, "")
		if err != nil || len(all) != 0 {
			t.Errorf("the branches are %v, %v", all, err)
		}
		if err := open.Push(t.Context(), Remote{URL: empty.dir}, Credentials{}, []Update{{Branch: "main", New: two}}); err != nil || empty.at("main") != two {
			t.Errorf("got %v", err)
		}
		if got := empty.git("rev-list", "--count", "main"); got != "8" {
			t.Errorf("%s commits arrived", got)
		}
		empty.fsck()
	})
	t.Run("one that came with the sources", func(t *testing.T) {
		inside := filepath.Join(r.dir, "vendor", "evil.git")
		r.git("init", "-q", "--bare", inside)
		ran := filepath.Join(t.TempDir(), "ran")
		hook(t, repo{t, inside}, "pre-receive", "touch "+ran)
		for _, url := range []string{inside, "file://" + inside, "vendor/evil.git"} {
			r.git("config", "remote.evil.url", url)
			remote, err := r.open().Remote("evil")
			if err != nil {
				t.Fatal(err)
			}
			if err := open.Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: two}}); err == nil || !strings.Contains(err.Error(), "inside of") {
				t.Errorf("%s: %v", url, err)
			}
		}
		if _, err := os.Stat(ran); err == nil {
			t.Error("its hook was run")
		}
	})
}
