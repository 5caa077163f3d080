package job

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "job" {
		if err := Main(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const leaking = "export function f(): Promise<void> {\n  return new Promise((resolve, reject) => {\n    const poll = setInterval(() => {\n" +
	"      if (Math.random() > 0.5) {\n        reject(new Error('x'));\n        return;\n      }\n      clearInterval(poll);\n      resolve();\n    }, 10);\n  });\n}\n"

// gate allows everything and remembers it.
type gate struct {
	mu      sync.Mutex
	taken   int
	open    int // writes that were taken and not done
	records []ledger.Record
	full    string
	refuses error
	cooled  []time.Duration
}

func (g *gate) Take(context.Context) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.taken++
	g.open++
	return func() { g.mu.Lock(); g.open--; g.mu.Unlock() }, nil
}

func (g *gate) Cool(_ context.Context, pause time.Duration) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.cooled = append(g.cooled, pause)
	return nil
}

func (g *gate) Open(context.Context, string) (string, error) { return g.full, nil }

func (g *gate) Record(_ context.Context, r ledger.Record) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records = append(g.records, r)
	return g.refuses
}

type world struct {
	t      *testing.T
	server *githubtest.Server
	token  string
	runner *Runner
	folder string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s := githubtest.Start(t)
	_, token := s.User("bot")
	t.Setenv("GIT_AUTHOR_NAME", "Ann")
	folder := t.TempDir()
	r, err := NewRunner(folder, []string{os.Args[0], "job"}, []string{"GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t, s, token, r, folder}
}

// git runs git in a folder with some input.
func git(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "commit.gpgsign=false", "-c", "user.name=P", "-c", "user.email=p@example.org", "-c", "core.protectNTFS=false"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// repo makes a repository with some files.
func (w *world) repo(name string, files map[string]string) *githubtest.Repo {
	w.t.Helper()
	r := w.server.Repo("harbor", name, "bot")
	if len(files) > 0 {
		dir := seed(w.t, files)
		git(w.t, dir, "", "push", "-q", r.Dir, "main")
	}
	return r
}

func seed(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	git(t, dir, "", "init", "-q", "-b", "main")
	for name, text := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, is := strings.CutPrefix(text, "-> "); is {
			if err := os.Symlink(target, file); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git(t, dir, "", "add", "-A")
	git(t, dir, "", "commit", "-q", "-m", "First")
	return dir
}

func (w *world) spec(name string) Spec {
	return Spec{Repository: Repository{Name: "harbor/" + name, URL: w.server.URL + "/harbor/" + name + ".git"}, Credential: Credential{Token: github.Token(w.token)}}
}

func (w *world) run(s Spec, g Gate) Outcome {
	w.t.Helper()
	out, err := w.runner.Run(context.Background(), s, g)
	if err != nil {
		w.t.Fatalf("%s: %v", s.Repository.Name, err)
	}
	return out
}

// TestJob: a leak becomes a pull request, once; every write was allowed and is in the
// ledger before and after; nothing is left, and the token is nowhere.
func TestJob(t *testing.T) {
	w := newWorld(t)
	repo := w.repo("town", map[string]string{"src/a.ts": leaking, "large.bin": noise(5 << 20)})
	if _, err := repo.Git("config", "uploadpack.allowFilter", "true"); err != nil { // as GitHub does
		t.Fatal(err)
	}
	g := &gate{}
	out := w.run(w.spec("town"), g)
	if out.State != Done || len(out.Parts) != 1 || out.Parts[0].Action != forge.Create || out.Parts[0].Fixes != 1 || out.Figures.Files != 2 || out.Figures.Bytes > 1<<20 || out.Figures.Clone == 0 || out.Figures.Peak == 0 {
		t.Fatalf("%+v", out)
	}
	if n := len(w.server.Writes()); n != g.taken || g.open != 0 || n == 0 {
		t.Errorf("%d writes, %d allowed, %d not done", n, g.taken, g.open)
	}
	var operations []string
	for _, r := range g.records {
		operations = append(operations, r.Stage+" "+r.Operation)
		if r.Repository != "harbor/town" || !strings.HasPrefix(r.Who, "token ") || r.Stage == ledger.After && r.Outcome != "done" || strings.Contains(fmt.Sprint(r), w.token) {
			t.Errorf("record %+v", r)
		}
	}
	if got, want := strings.Join(operations, ", "), "before push, after push, before create, after create"; got != want {
		t.Errorf("ledger: %s", got)
	}
	w.server.Forget()
	out = w.run(w.spec("town"), g)
	if len(out.Parts) != 1 || out.Parts[0].Action != forge.NoOp || len(w.server.Writes()) != 0 {
		t.Errorf("again: %+v, %v", out, w.server.Writes())
	}
	if p := w.server.Pulls(repo); len(p) != 1 {
		t.Errorf("%d pull requests", len(p))
	}
	var left []string
	_ = filepath.WalkDir(w.folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			left = append(left, path)
		}
		return err
	})
	if len(left) != 1 || filepath.Base(left[0]) != "lock" {
		t.Errorf("left behind: %v", left)
	}
}

// TestApp: a GitHub App proposes, and commits as itself.
func TestApp(t *testing.T) {
	w := newWorld(t)
	app := w.server.App("unleak")
	r := w.repo("town", map[string]string{"a.ts": leaking})
	r.Private, r.Rights["unleak[bot]"] = true, "push"
	s := w.spec("town")
	s.Credential = Credential{App: &github.App{ID: app.ID, KeyFile: app.KeyFile}}
	w.runner.Identity = nil
	g := &gate{}
	out := w.run(s, g)
	p := w.server.Pulls(r)
	if out.State != Done || len(p) != 1 || p[0].Author != "unleak[bot]" || len(g.records) == 0 || g.records[0].Who != fmt.Sprintf("app %d of harbor on %s", app.ID, w.server.Host) {
		t.Fatalf("%+v %+v %+v", out, p, g.records)
	}
	if who, err := r.Git("log", "-1", "--format=%cn", "unleak/critical"); err != nil || who != "unleak[bot]" {
		t.Errorf("%s %v", who, err)
	}
}

// TestCools: when GitHub asks to wait, everybody is told, and nothing comes twice.
func TestCools(t *testing.T) {
	w := newWorld(t)
	r := w.repo("town", map[string]string{"a.ts": leaking})
	w.server.Fail(githubtest.Fault{Operation: "POST /repos/{owner}/{repo}/pulls", Status: 403, Header: map[string]string{"Retry-After": "1"}})
	g := &gate{}
	out := w.run(w.spec("town"), g)
	if out.State != Done || len(g.cooled) != 1 || g.cooled[0] < time.Second || len(w.server.Pulls(r)) != 1 || !w.server.Failed() {
		t.Errorf("%+v %v", out, g.cooled)
	}
	if n := len(w.server.Writes()); n != g.taken || g.open != 0 {
		t.Errorf("%d writes, %d allowed, %d not done", n, g.taken, g.open)
	}
}

// TestBase: settings name another branch, which is cloned then.
func TestBase(t *testing.T) {
	w := newWorld(t)
	r := w.repo("based", map[string]string{"a.ts": "export {};\n", ".unleak.yaml": "pull-requests:\n  base: develop\n"})
	if _, err := r.Branch("develop", "main", "b.ts", leaking); err != nil {
		t.Fatal(err)
	}
	out := w.run(w.spec("based"), &gate{})
	if p := w.server.Pulls(r); out.State != Done || out.Base != "develop" || len(p) != 1 || p[0].Base != "develop" {
		t.Errorf("%+v %+v", out, p)
	}
}

// TestQuiet: where nothing leaks GitHub's interface is not asked at all.
func TestQuiet(t *testing.T) {
	w := newWorld(t)
	w.repo("clean", map[string]string{"a.ts": "export const a = 1;\n"})
	out := w.run(w.spec("clean"), &gate{})
	if out.State != Done || len(out.Parts) != 0 {
		t.Errorf("%+v", out)
	}
	for _, r := range w.server.Log() {
		if r.Method != "GIT" {
			t.Errorf("asked %s", r)
		}
	}
}

// TestReasons: what cannot be done has a reason, and is no error.
func TestReasons(t *testing.T) {
	w := newWorld(t)
	w.repo("empty", nil)
	w.repo("big", map[string]string{"a.ts": leaking, "b.bin": noise(3 << 20)})
	w.repo("many", map[string]string{"a.ts": leaking, "b.ts": leaking, "c.ts": leaking})
	for name, c := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"empty":   {nil, "no commits"},
		"big":     {func(s *Spec) { s.Limits.Bytes = 1 << 20 }, "more than the 1 MB"},
		"many":    {func(s *Spec) { s.Limits.Files = 2 }, "more than the 2 files"},
		"nowhere": {nil, "not found"},
	} {
		s := w.spec(name)
		if c.change != nil {
			c.change(&s)
		}
		out := w.run(s, &gate{})
		if out.State != Skipped || !strings.Contains(out.Reason, c.want) || strings.Contains(out.Reason, "\n") {
			t.Errorf("%s: %s %q", name, out.State, out.Reason)
		}
	}
	s := w.spec("many")
	s.Limits.Memory = 1 << 20
	if out := w.run(s, &gate{}); out.State != Skipped || !strings.Contains(out.Reason, "memory") {
		t.Errorf("memory: %+v", out)
	}
	if out := w.run(w.spec("many"), &gate{full: "enough for today"}); out.State != Later || out.Reason != "enough for today" || len(w.server.Writes()) != 0 {
		t.Errorf("later: %+v, %v", out, w.server.Writes())
	}
	if _, err := w.runner.Run(context.Background(), w.spec("many"), &gate{refuses: errors.New("disk full")}); err == nil || !strings.Contains(err.Error(), "disk full") || len(w.server.Writes()) != 0 {
		t.Errorf("without a ledger: %v, %v", err, w.server.Writes())
	}
}

func noise(n int) string {
	x, b := uint32(1), make([]byte, n)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// TestHostile: nothing that a repository holds is executed or followed, and the one
// leak in it is proposed all the same.
func TestHostile(t *testing.T) {
	w := newWorld(t)
	proof := filepath.Join(t.TempDir(), "executed")
	run := "touch " + proof
	secret := filepath.Join(t.TempDir(), "secret.ts")
	if err := os.WriteFile(secret, []byte(leaking), 0o644); err != nil {
		t.Fatal(err)
	}
	dir := seed(t, map[string]string{
		"src/a.ts": leaking, "out.ts": "-> " + secret, "up": "-> ../../../..", ".gitattributes": "* filter=evil diff=evil merge=evil\n",
		".githooks/post-checkout": "#!/bin/sh\n" + run + "\n", ".gitmodules": "[submodule \"x\"]\n\tpath = sub\n\turl = https://127.0.0.1:1/x\n",
		".lfsconfig": "[lfs]\n\turl = http://127.0.0.1:1/\n", "a\x1b[31mb.ts": leaking, "package.json": `{"scripts":{"prepare":"` + run + `"}}`,
	})
	commit := git(t, dir, "", "rev-parse", "HEAD")
	git(t, dir, "", "update-index", "--add", "--cacheinfo", "160000,"+commit+",sub")
	git(t, dir, "", "commit", "-q", "-m", "A submodule")
	r := w.server.Repo("harbor", "hostile", "bot")
	git(t, dir, "", "push", "-q", r.Dir, "main")
	out := w.run(w.spec("hostile"), &gate{})
	if out.State != Done || len(out.Parts) != 1 || out.Parts[0].Files != 2 {
		t.Errorf("%+v", out)
	}
	if _, err := os.Stat(proof); err == nil {
		t.Error("something of the repository was executed")
	}
	for _, p := range w.server.Pulls(r) {
		if strings.Contains(p.Body, "\x1b") || strings.Contains(p.Body, secret) {
			t.Errorf("the text: %q", p.Body)
		}
	}
}

// TestEnded: a job whose process dies is an error, its folder goes, and what a
// killed runner left is swept.
func TestEnded(t *testing.T) {
	w := newWorld(t)
	w.repo("town", map[string]string{"a.ts": leaking})
	ctx, cancel := context.WithCancel(context.Background())
	g := &ending{cancel: cancel}
	if _, err := w.runner.Run(ctx, w.spec("town"), g); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if entries, _ := os.ReadDir(w.runner.dir); len(entries) != 1 {
		t.Errorf("left: %v", entries)
	}
	left := filepath.Join(w.folder, "worker-dead", "job-1")
	if err := os.MkdirAll(left, 0o500); err != nil {
		t.Fatal(err)
	}
	open := filepath.Join(t.TempDir(), "open")
	if err := errors.Join(os.Mkdir(open, 0o777), os.Chmod(open, 0o777)); err != nil {
		t.Fatal(err)
	}
	if _, err := NewRunner(open, nil, nil); err == nil || !strings.Contains(err.Error(), "only this user") {
		t.Errorf("a folder that anybody can write to: %v", err)
	}
	r, err := NewRunner(w.folder, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := os.Stat(left); err == nil {
		t.Error("not swept")
	}
	if _, err := os.Stat(w.runner.dir); err != nil {
		t.Errorf("that of a living one was swept: %v", err)
	}
}

// ending ends the job when it wants to write.
type ending struct {
	gate
	cancel func()
}

func (e *ending) Take(ctx context.Context) (func(), error) {
	e.cancel()
	<-ctx.Done()
	return nil, ctx.Err()
}

// TestFolder: a repository of this machine gets branches, and a command that
// verifies sees no token and no network.
func TestFolder(t *testing.T) {
	w := newWorld(t)
	dir := seed(t, map[string]string{"a.ts": leaking})
	t.Setenv("GH_TOKEN", "a-secret-of-mine")
	s := Spec{Repository: Repository{Name: "here", Dir: dir}, Verify: "env > env.txt; ! grep -q secret env.txt && test \"$HOME\" != /root"}
	g := &gate{}
	out := w.run(s, g)
	if out.State != Done || len(out.Parts) != 1 || out.Parts[0].Action != forge.Create || len(g.records) != 2 || g.records[1].Operation != ledger.Branch {
		t.Fatalf("%+v %+v", out, g.records)
	}
	if git(t, dir, "", "branch", "--show-current") != "main" || git(t, dir, "", "status", "--porcelain") != "" || git(t, dir, "", "rev-parse", "unleak/critical") == "" {
		t.Error("the checkout was touched")
	}
	s.Verify = "exit 1"
	git(t, dir, "", "branch", "-D", "unleak/critical")
	if out := w.run(s, g); out.State != Skipped || !strings.Contains(out.Reason, `"exit 1" fails before any fix`) {
		t.Errorf("%+v", out)
	}
	if !canUnshare(context.Background()) {
		t.Skip("this system gives no network of its own")
	}
	s.Verify = strings.ReplaceAll("! (exec 3<>/dev/tcp/127.0.0.1/PORT)", "PORT", w.server.Host[strings.LastIndexByte(w.server.Host, ':')+1:])
	s.Verify = "bash -c '" + s.Verify + "'"
	if out := w.run(s, g); out.State != Done {
		t.Errorf("the network is there: %+v", out)
	}
	s.VerifyNetwork = true
	git(t, dir, "", "branch", "-D", "unleak/critical")
	if out := w.run(s, g); out.State != Skipped {
		t.Errorf("the network that was asked for is not there: %+v", out)
	}
}
