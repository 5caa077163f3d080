package vcs

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

// server is git http-backend behind basic authentication.
type server struct {
	*httptest.Server
	repo     // the bare repository
	mu       sync.Mutex
	requests []string
	sent     int64 // bytes that clients posted
	before   func(w http.ResponseWriter, r *http.Request) bool
}

func newServer(t *testing.T, from repo) *server {
	t.Helper()
	root := t.TempDir()
	s := &server{repo: repo{t, filepath.Join(root, "some", "project.git")}}
	from.git("clone", "-q", "--bare", from.dir, s.repo.dir)
	s.git("config", "http.receivepack", "true")
	execPath := from.git("--exec-path")
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.String())
		s.sent += r.ContentLength
		s.mu.Unlock()
		if s.before != nil && s.before(w, r) {
			return
		}
		if _, password, given := r.BasicAuth(); !given || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
			return
		}
		backend := &cgi.Handler{Path: filepath.Join(execPath, "git-http-backend"), Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=x",
			"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}, Stderr: io.Discard}
		if v := r.Header.Get("Git-Protocol"); v != "" {
			backend.Env = append(backend.Env, "GIT_PROTOCOL="+v)
		}
		backend.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) remote() Remote { return Remote{URL: s.URL + "/some/project.git"} }

func (s *server) take() (requests []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, s.requests = s.requests, nil
	return requests
}

// at says where the remote has a branch.
func (r repo) at(branch string) Hash {
	out, err := r.try("rev-parse", "-q", "--verify", "refs/heads/"+branch)
	if err != nil {
		return ""
	}
	return Hash(strings.TrimSpace(out))
}

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

// Only what is new is sent, whatever the remote has.
func TestPushSendsLittle(t *testing.T) {
	r, open, base, one, two := pushable(t)
	objects := func(far repo) int {
		n := 0
		for line := range strings.Lines(far.git("count-objects", "-v")) {
			var v int
			if _, err := fmt.Sscanf(line, "count: %d", &v); err == nil {
				n += v
			}
			if _, err := fmt.Sscanf(line, "in-pack: %d", &v); err == nil {
				n += v
			}
		}
		return n
	}
	far := func(t *testing.T, name string) repo {
		f := repo{t, filepath.Join(t.TempDir(), name)}
		r.git("clone", "-q", "--bare", r.dir, f.dir)
		f.git("gc", "-q", "--prune=now")
		return f
	}
	t.Run("three objects", func(t *testing.T) {
		f := far(t, "far.git")
		before := objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 4 { // commit, two trees, blob
			t.Errorf("%d objects were sent", n)
		}
		before = objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "y", New: two}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 5 { // commit, two trees, two blobs
			t.Errorf("%d objects were sent on top", n)
		}
		f.fsck()
	})
	t.Run("the remote went on", func(t *testing.T) {
		f := far(t, "far.git")
		other := repo{t, filepath.Join(t.TempDir(), "other")}
		r.git("clone", "-q", f.dir, other.dir)
		other.write("new.ts", "x")
		other.commit("more")
		other.git("push", "-q", "origin", "main")
		r.git("config", "remote.origin.url", f.dir)
		r.git("update-ref", "refs/remotes/origin/main", string(base))
		before := objects(f)
		remote, err := r.open().Remote("origin")
		if err != nil {
			t.Fatal(err)
		}
		if err := r.open().Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n := objects(f) - before; n != 4 {
			t.Errorf("%d objects were sent", n)
		}
		f.fsck()
	})
	t.Run("the remote is behind, as a fork", func(t *testing.T) {
		f := far(t, "fork.git")
		f.git("update-ref", "refs/heads/main", string(base)+"~3")
		f.git("reflog", "expire", "--expire=now", "--all")
		f.git("gc", "-q", "--prune=now")
		before := objects(f)
		if err := open.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: one}}); err != nil {
			t.Fatal(err)
		}
		if n, want := objects(f)-before, 4+4+3+3; n != want {
			t.Errorf("%d objects were sent, want %d", n, want)
		}
		f.fsck()
	})
	t.Run("the remote lost what it had", func(t *testing.T) {
		f := far(t, "far.git")
		f.git("update-ref", "refs/heads/main", string(base)+"~3")
		f.git("gc", "-q", "--prune=now")
		r.git("config", "remote.lost.url", f.dir)
		r.git("update-ref", "refs/remotes/lost/main", string(base))
		open := r.open()
		remote, err := open.Remote("lost")
		if err != nil {
			t.Fatal(err)
		}
		if err := open.Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: one}, {Branch: "y", New: two}}); err != nil || f.at("x") != one || f.at("y") != two {
			t.Errorf("got %v", err)
		}
		f.fsck()
	})
	t.Run("from a shallow clone", func(t *testing.T) {
		f := far(t, "far.git")
		shallow := repo{t, filepath.Join(t.TempDir(), "shallow")}
		r.git("clone", "-q", "--depth=1", "file://"+f.dir, shallow.dir)
		from := shallow.open()
		h := change(t, from, base, "x", "a.ts", "shallow")
		if err := from.Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: h}}); err != nil || f.at("x") != h {
			t.Errorf("got %v", err)
		}
		f.fsck()
		behind := far(t, "behind.git")
		behind.git("update-ref", "refs/heads/main", string(base)+"~3")
		if err := from.Push(t.Context(), Remote{URL: behind.dir}, Credentials{}, []Update{{Branch: "x", New: h}}); err == nil || !strings.Contains(err.Error(), "unshallow") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a merge", func(t *testing.T) {
		f := far(t, "far.git")
		r.git("checkout", "-q", "--detach", string(one))
		r.git("merge", "-q", "--no-ff", "-m", "merged", string(two))
		merged := Hash(r.git("rev-parse", "HEAD"))
		if err := r.open().Push(t.Context(), Remote{URL: f.dir}, Credentials{}, []Update{{Branch: "x", New: merged}}); err != nil {
			t.Fatal(err)
		}
		f.fsck()
	})
}

func TestPushAuth(t *testing.T) {
	r, open, _, one, _ := pushable(t)
	s := newServer(t, r)
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	hidden := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, secret := range []string{token, basic, basic[:len(basic)-2], "hunter2"} {
				if strings.Contains(e.Error(), secret) || strings.Contains(fmt.Sprintf("%+v %#v", e, e), secret) {
					t.Errorf("%s: the error tells %s: %#v", what, secret, e)
				}
			}
		}
	}
	update := []Update{{Branch: "x", New: one}}
	for name, cred := range map[string]Credentials{"none": {}, "wrong": {Token: "hunter2"}, "wrong, with a user": {User: "me", Token: "hunter2"}} {
		err := open.Push(t.Context(), s.remote(), cred, update)
		if !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v, want ErrAuth", name, err)
		}
		hidden(name, err)
		_, err = open.RemoteBranches(t.Context(), s.remote(), cred, "")
		if !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v, want ErrAuth", name, err)
		}
		hidden(name, err)
	}
	if err := open.Push(t.Context(), s.remote(), Credentials{User: "me", Token: token}, update); err != nil {
		t.Errorf("with a user: %v", err)
	}
	with := Remote{URL: strings.Replace(s.remote().URL, "http://", "http://me:hunter2@", 1)}
	err := open.Push(t.Context(), with, Credentials{Token: "hunter2"}, update)
	hidden("credentials in the URL", err)
	// A server that says back what it was sent, in every way and place.
	for status, want := range map[int]error{401: ErrAuth, 403: ErrAuth, 404: ErrNotFound, 500: nil, 200: nil} {
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			w.WriteHeader(status)
			fmt.Fprintf(w, "denied\x1b[31m\nfor %s %s %v\n", r.Header.Get("Authorization"), token, r.Header)
			return true
		}
		err := open.Push(t.Context(), s.remote(), Credentials{Token: token}, update)
		hidden(fmt.Sprint("push ", status), err)
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%d: %q", status, err)
		}
		_, err = open.RemoteBranches(t.Context(), s.remote(), Credentials{Token: token}, "")
		hidden(fmt.Sprint("list ", status), err)
	}
	// A token that expires between the two requests of a push.
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			http.Error(w, "expired "+token, http.StatusUnauthorized)
		}
		return r.Method == http.MethodPost
	}
	err = open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "y", New: one}})
	if !errors.Is(err, ErrAuth) {
		t.Errorf("expired: %v, want ErrAuth", err)
	}
	hidden("expired", err)
	s.before = nil
	// A hook that says it back.
	hook(t, s.repo, "pre-receive", "echo 'refusing to allow a GitHub App to create or update workflow without `workflows` permission for "+token+"'; exit 1")
	err = open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "y", New: one}})
	hidden("hook", err)
	if err == nil || !strings.Contains(err.Error(), "without `workflows` permission for ***") {
		t.Errorf("hook: %v", err)
	}
}

// The token goes to the server that it is for, and to no other.
func TestPushRedirect(t *testing.T) {
	r, open, _, one, two := pushable(t)
	s := newServer(t, r)
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Header.Get("Authorization"))
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	defer thief.Close()
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, thief.URL+r.URL.String(), http.StatusFound)
		return true
	}
	if err := open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "x", New: one}}); err == nil {
		t.Error("pushed")
	}
	if _, err := open.RemoteBranches(t.Context(), s.remote(), Credentials{Token: token}, ""); err == nil {
		t.Error("listed")
	}
	for _, auth := range stolen {
		if auth != "" {
			t.Errorf("the token went elsewhere: %s", auth)
		}
	}
	// A repository that was renamed leads to its new name on the same server.
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if to, found := strings.CutPrefix(r.URL.Path, "/old/name.git"); found {
			http.Redirect(w, r, "/some/project.git"+to+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return true
		}
		return false
	}
	old := Remote{URL: s.URL + "/old/name.git"}
	if err := open.Push(t.Context(), old, Credentials{Token: token}, []Update{{Branch: "x", New: two}}); err != nil || s.at("x") != two {
		t.Errorf("renamed: %v", err)
	}
	if all, err := open.RemoteBranches(t.Context(), old, Credentials{Token: token}, "x"); err != nil || all["x"] != two {
		t.Errorf("renamed: %v, %v", all, err)
	}
}

func TestRemotes(t *testing.T) {
	r := newRepo(t)
	for _, kv := range [][2]string{
		{"remote.origin.url", "https://user:hunter2@example.com/a/b.git"},
		{"remote.ssh.url", "git@example.com:a/b.git"},
		{"remote.sshurl.url", "ssh://git:hunter2@example.com:2222/a/b.git"},
		{"remote.pushed.url", "https://example.com/a/b.git"},
		{"remote.pushed.pushurl", "git@example.com:push/b.git"},
		{"remote.local.url", "../other.git"},
		{"remote.short.url", "gh:a/b"},
		{"remote.long.url", "gh:special/b"},
		{"remote.both.url", "pp:a/b"},
		{"url.https://github.com/.insteadOf", "gh:"},
		{"url.https://special.example.com/.insteadOf", "gh:special/"},
		{"url.https://read.example.com/.insteadOf", "pp:"},
		{"url.git@push.example.com:.pushInsteadOf", "pp:"},
		{"remote.with.dots.url", "https://example.com/dots"},
	} {
		r.git("config", kv[0], kv[1])
	}
	open := r.open()
	for name, want := range map[string]string{
		"origin": "https://example.com/a/b.git", "ssh": "git@example.com:a/b.git", "sshurl": "ssh://git@example.com:2222/a/b.git", "pushed": "git@example.com:push/b.git",
		"local": filepath.Join(filepath.Dir(r.dir), "other.git"), "short": "https://github.com/a/b", "long": "https://special.example.com/b", "both": "git@push.example.com:a/b", "with.dots": "https://example.com/dots",
	} {
		got, err := open.Remote(name)
		if err != nil || got.URL != want || got.Name != name {
			t.Errorf("%s: %+v, %v, want %s", name, got, err, want)
		}
		if name != "origin" && name != "sshurl" && name != "local" {
			if git := r.git("remote", "get-url", "--push", name); git != want {
				t.Errorf("%s: git says %s, we %s", name, git, want)
			}
		}
	}
	if got, err := open.Remote("none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, url := range []string{"ext::sh -c x", "git://example.com/a", "http://example.com/a", "http://127.0.0.1.example.com/a", "ftp://example.com/a", "https:///a", "fd::7", "https://exa mple.com/a", "https://%zz/a"} {
		if e, err := open.endpoint(Remote{URL: url}); err == nil {
			t.Errorf("%s was accepted: %+v", url, e)
		}
	}
	for url, protocol := range map[string]string{"http://127.0.0.1:80/a": "http", "http://[::1]/a": "http", "http://localhost/a": "http", "https://example.com/a": "https", "git@example.com:a": "ssh", "/tmp/a": "file", "./a:b": "file", "file:///tmp/a": "file"} {
		if e, err := open.endpoint(Remote{URL: url}); err != nil && !strings.Contains(err.Error(), "inside") || err == nil && e.Protocol != protocol {
			t.Errorf("%s: %+v, %v", url, e, err)
		}
	}
}
