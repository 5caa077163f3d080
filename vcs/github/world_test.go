package github

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// fakeClock is a time that passes by sleeping only.
type fakeClock struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func (c *fakeClock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *fakeClock) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.slept = c.now.Add(d), append(c.slept, d)
	return nil
}

// total is how long was slept.
func (c *fakeClock) total() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum time.Duration
	for _, d := range c.slept {
		sum += d
	}
	return sum
}

// world is a GitHub with a repository, and a clone of that to work in.
type world struct {
	t      *testing.T
	server *githubtest.Server
	remote *githubtest.Repo
	dir    string
	local  *vcs.Repository
	token  string
	clock  *fakeClock
	via    string
}

// A world begins as a copy of these two repositories: git makes them once, which takes ten
// programs, and a hundred worlds begin so.
var (
	beginning string // the folder with both, clone and remote
	begun     sync.Once
)

func TestMain(m *testing.M) {
	var err error
	if beginning, err = os.MkdirTemp("", "unleak-world-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(beginning)
	os.Exit(code)
}

// begin makes the two: one file may be executed, there is a link, and text that is not UTF-8.
func begin(t *testing.T) {
	w := &world{t: t, dir: filepath.Join(beginning, "clone")}
	if err := os.Mkdir(w.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w.git("init", "-q", "-b", "main")
	for path, text := range map[string]string{"a.js": "a\n", "b.js": "b\n", "lib/c.js": "c\r\nc\r\n", "lib/run": "#!/bin/sh\n", "latin.js": "caf\xe9\n"} {
		w.write(path, text)
	}
	if err := os.Chmod(filepath.Join(w.dir, "lib/run"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.js", filepath.Join(w.dir, "link")); err != nil {
		t.Fatal(err)
	}
	w.git("add", "-A")
	w.git("-c", "core.autocrlf=false", "commit", "-q", "-m", "First")
	remote := filepath.Join(beginning, "remote")
	w.git("init", "-q", "--bare", remote)
	w.git("push", "-q", remote, "main")
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := githubtest.Start(t)
	_, token := s.User("bot")
	w := &world{t: t, server: s, remote: s.Repo("acme", "demo", "bot"), dir: t.TempDir(), token: token, clock: &fakeClock{now: time.Now()}}
	w.remote.Rights["ann"] = "push"
	s.Now = w.clock.Now
	begun.Do(func() { begin(t) })
	for of, to := range map[string]string{"clone": w.dir, "remote/objects": filepath.Join(w.remote.Dir, "objects"), "remote/refs": filepath.Join(w.remote.Dir, "refs")} {
		if err := os.CopyFS(to, os.DirFS(filepath.Join(beginning, of))); err != nil {
			t.Fatal(err)
		}
	}
	w.git("remote", "add", "origin", s.URL+"/acme/demo.git")
	var err error
	if w.local, err = vcs.Open(w.dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, dir := range []string{filepath.Join(w.dir, ".git"), w.remote.Dir} {
			if out, err := exec.Command("git", "--git-dir="+dir, "-c", "core.commitGraph=false", "-c", "core.multiPackIndex=false", "fsck", "--strict", "--no-dangling").CombinedOutput(); err != nil {
				t.Errorf("git fsck %s: %v: %s", dir, err, out)
			}
		}
		if !s.Failed() {
			t.Error("a fault that was ordered did not happen")
		}
	})
	return w
}

func (w *world) write(path, text string) {
	w.t.Helper()
	full := filepath.Join(w.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// git runs git in the clone and returns what it prints.
func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.invalid",
		"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.invalid")
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// fetch brings the clone's main to where the remote's is.
func (w *world) fetch() {
	w.t.Helper()
	w.git("fetch", "-q", w.remote.Dir, "+refs/heads/*:refs/remotes/origin/*")
	w.git("reset", "-q", "--hard", "origin/main")
}

func (w *world) main() vcs.Hash {
	w.t.Helper()
	h, err := w.local.Resolve("refs/heads/main")
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// commit makes a commit on another one.
func (w *world) commit(parent vcs.Hash, changes map[string]string) vcs.Hash {
	w.t.Helper()
	bot := vcs.Person{Name: "unleak", Email: "unleak@example.invalid", When: w.clock.Now()}
	c := vcs.Commit{Parent: parent, Message: "Release what is acquired\n", Author: bot, Committer: bot}
	var paths []string
	for path := range changes {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		c.Changes = append(c.Changes, vcs.Change{Path: path, Data: []byte(changes[path])})
	}
	h, err := w.local.Commit(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// proposal proposes changes of files on main. The set and the patch are what the
// files are changed to.
func (w *world) proposal(phase string, changes map[string]string) forge.Proposal {
	w.t.Helper()
	p := forge.Proposal{Branch: "unleak/" + phase, Base: "main", BaseCommit: w.main(), Title: "Release " + phase, Body: "What leaks, and why.\n\n- [ ] look at it\n"}
	var all []string
	for path, text := range changes {
		all = append(all, path+"="+text)
		p.Items = append(p.Items, path+"="+text)
	}
	slices.Sort(all)
	p.Set = fmt.Sprintf("%x", strings.Join(all, ""))
	p.Set, p.Patch = p.Set[:min(len(p.Set), 100)], p.Set[:min(len(p.Set), 100)]
	if len(changes) > 0 {
		p.Commit = w.commit(p.BaseCommit, changes)
	} else {
		p = forge.Proposal{Branch: p.Branch, Base: p.Base}
	}
	return p
}

// run is a new run of the program: it knows nothing of those before.
func (w *world) run(change ...func(*Options)) *GitHub {
	w.t.Helper()
	o := Options{Where: Location{"http", w.server.Host, "acme", "demo"}, Prefix: "unleak/", Tokens: Token(w.token), Repository: w.local, Clock: w.clock, Via: w.via, CreateLabels: true}
	for _, c := range change {
		c(&o)
	}
	g, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return g
}

// propose proposes in a run of its own.
func (w *world) propose(p forge.Proposal, want forge.Action, change ...func(*Options)) forge.Outcome {
	w.t.Helper()
	out, err := w.run(change...).Propose(context.Background(), p)
	if err != nil {
		w.t.Fatalf("%s: %v", p.Branch, err)
	}
	if out.Action != want {
		w.t.Fatalf("%s: %s (%s), want %s", p.Branch, out.Action, out.Reason, want)
	}
	return out
}

// quiet demands that nothing was written since the last look.
func (w *world) writes(want int) {
	w.t.Helper()
	if got := w.server.Writes(); len(got) != want {
		w.t.Errorf("%d writes, want %d: %v", len(got), want, got)
	}
	w.server.Forget()
}

// pull is a pull request as it stands.
func (w *world) pull(number int) githubtest.View {
	w.t.Helper()
	for _, p := range w.server.Pulls(w.remote) {
		if p.Number == number {
			return p
		}
	}
	w.t.Fatalf("there is no #%d", number)
	return githubtest.View{}
}

func (w *world) head(branch string) vcs.Hash {
	return vcs.Hash(w.remote.Head(branch))
}

func (w *world) show(rev string) string {
	w.t.Helper()
	out, err := w.remote.Git("show", rev)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func (w *world) ok(_ string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// push puts a commit among the remote's objects, as another clone would, and
// returns its hash.
func (w *world) push(commit vcs.Hash) string {
	w.t.Helper()
	w.git("push", "-q", w.remote.Dir, string(commit)+":refs/tmp/"+string(commit))
	w.ok(w.remote.Git("update-ref", "-d", "refs/tmp/"+string(commit)))
	return string(commit)
}
