//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

const webhookSecret = "b61f6cbbd3a5d2f1"

const pollOfShip = `export function arrived(ship: { there(): boolean; sunk(): boolean }): Promise<void> {
  return new Promise((resolve, reject) => {
    const poll = setInterval(() => {
      if (ship.sunk()) {
        reject(new Error('sunk'));
        return;
      }
      if (ship.there()) {
        clearInterval(poll);
        resolve();
      }
    }, 1000);
  });
}
`

// port is a GitHub with a GitHub App, and the App's bot as a process of its own.
type port struct {
	t      *testing.T
	server *githubtest.Server
	app    *githubtest.App
	repo   *githubtest.Repo
	state  string
	secret string // the file

	cmd   *exec.Cmd
	url   string
	admin string
	mu    sync.Mutex
	log   strings.Builder
	read  chan struct{} // closed when the log ends
	next  int
}

func newPort(t *testing.T, files map[string]string) *port {
	t.Helper()
	s := githubtest.Start(t)
	p := &port{t: t, server: s, app: s.App("unleak"), state: filepath.Join(t.TempDir(), "state"), secret: filepath.Join(t.TempDir(), "secret")}
	p.repo = s.Repo("harbor", "town", "unleak[bot]", "ann")
	s.User("ann")
	if err := os.WriteFile(p.secret, []byte(webhookSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.repo.First(); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if _, err := p.repo.Commit("main", name, text); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			p.mu.Lock()
			defer p.mu.Unlock()
			t.Log(p.log.String())
		}
	})
	return p
}

// start starts the bot, and waits until it says where it listens.
func (p *port) start(args ...string) {
	p.t.Helper()
	program, err := exec.LookPath("unleak")
	if err != nil {
		p.t.Fatal(err)
	}
	p.cmd = exec.Command(program, append([]string{"bot", "--app-id", fmt.Sprint(p.app.ID), "--app-key", p.app.KeyFile, "--github", p.server.URL, "--secret-file", p.secret,
		"--state", p.state, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, args...)...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.t.TempDir()}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	begun := make(chan [2]string, 1)
	p.read = make(chan struct{})
	go func() {
		defer close(p.read)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			p.mu.Lock()
			p.log.WriteString(lines.Text() + "\n")
			p.mu.Unlock()
			var line struct{ Msg, Events, Admin string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "it begins" {
				begun <- [2]string{line.Events, line.Admin}
			}
		}
	}()
	select {
	case at := <-begun:
		p.url, p.admin = "http://"+at[0], "http://"+at[1]
	case <-p.read:
		p.t.Fatalf("it ended: %s", p.said())
	}
}

func (p *port) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// kill ends it with kill -9.
func (p *port) kill() {
	if p.cmd != nil {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.read
		_ = p.cmd.Wait()
		p.cmd = nil
	}
}

// stop ends it as an operator does.
func (p *port) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	<-p.read
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("it ended with %v", err)
	}
	p.cmd = nil
}

// send delivers an event of the repository.
func (p *port) send(event string, with map[string]any) {
	p.t.Helper()
	body := map[string]any{"installation": map[string]any{"id": p.app.Installation}, "sender": map[string]any{"login": "ann", "type": "User"},
		"repository": map[string]any{"name": p.repo.Name, "full_name": p.repo.Owner + "/" + p.repo.Name, "default_branch": "main"}}
	for k, v := range with {
		body[k] = v
	}
	data, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	p.next++
	r, err := githubtest.Delivery(p.url+"/webhook", webhookSecret, fmt.Sprintf("d-%d", p.next), event, data)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if text, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusAccepted || !strings.Contains(string(text), "done later") {
		p.t.Fatalf("%s: %s %s", event, res.Status, text)
	}
}

func (p *port) pushed() {
	p.t.Helper()
	p.send("push", map[string]any{"ref": "refs/heads/main", "after": "x"})
}

func (p *port) pull(action string, number int) {
	p.t.Helper()
	p.send("pull_request", map[string]any{"action": action, "number": number, "pull_request": map[string]any{"number": number, "state": "open", "head": map[string]any{"sha": "x"}}})
}

// says makes somebody comment, and returns the number of the comment.
func (p *port) says(number int, login, text string) int64 {
	p.t.Helper()
	id := p.server.Comment(p.repo, number, login, text)
	p.send("issue_comment", map[string]any{"action": "created", "issue": map[string]any{"number": number, "pull_request": map[string]any{}},
		"comment": map[string]any{"id": id, "body": text, "user": map[string]any{"login": login, "type": "User"}}})
	return id
}

// idle waits until nothing is to be done.
func (p *port) idle() {
	p.t.Helper()
	for range 600 {
		res, err := http.Get(p.admin + "/metrics")
		if err != nil {
			p.t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if strings.Contains(string(text), "\nunleak_work_waiting 0\n") && strings.Contains(string(text), "\nunleak_work_running 0\n") {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.t.Fatalf("it is still at work")
}

func (p *port) view(number int) githubtest.View {
	p.t.Helper()
	for _, v := range p.server.Pulls(p.repo) {
		if v.Number == number {
			return v
		}
	}
	p.t.Fatalf("there is no #%d", number)
	return githubtest.View{}
}

// TestBot: the life of a repository with the bot.
func TestBot(t *testing.T) {
	t.Parallel() // most of the time it waits for the next write that is allowed
	p := newPort(t, map[string]string{"package.json": `{"name": "town"}`, "src/ship.ts": pollOfShip})
	p.start("--settle", "100ms")

	p.pushed()
	p.idle()
	pulls := p.server.Pulls(p.repo)
	if len(pulls) != 1 || !pulls[0].Open || pulls[0].Author != "unleak[bot]" || pulls[0].Branch != "unleak/critical" {
		t.Fatalf("after a push there is %+v", pulls)
	}
	ours := pulls[0].Number
	p.pull("opened", ours) // its own is not looked at

	if _, err := p.repo.Branch("feature", "main", "src/tug.ts", strings.ReplaceAll(pollOfShip, "arrived", "towed")); err != nil {
		t.Fatal(err)
	}
	feature := p.server.Open(p.repo, p.repo, "ann", "feature", "A tug")
	p.pull("opened", feature)
	p.idle()
	if v := p.view(ours); len(v.Comments) != 0 {
		t.Errorf("it comments on its own: %q", v.Comments)
	}
	v := p.view(feature)
	if len(v.Comments) != 1 || !strings.Contains(v.Comments[0], "src/tug.ts") || !strings.Contains(v.Comments[0], "`interval`") {
		t.Fatalf("a pull request that adds a leak: %q", v.Comments)
	}
	remarks := p.server.Remarks(p.repo, feature)
	if len(remarks) != 1 || remarks[0].Path != "src/tug.ts" || !strings.Contains(remarks[0].Body, "```suggestion\n") || !strings.Contains(remarks[0].Body, "clearInterval(poll);") {
		t.Fatalf("suggestions: %+v", remarks)
	}
	before := v.Comments[0]
	p.pull("reopened", feature)
	p.idle()
	if v := p.view(feature); !slices.Equal(v.Comments, []string{before}) || len(p.server.Remarks(p.repo, feature)) != 1 {
		t.Errorf("said again: %q, %d remarks", v.Comments, len(p.server.Remarks(p.repo, feature)))
	}

	// The suggestion is taken, as a click does.
	lines := strings.Split(strings.ReplaceAll(pollOfShip, "arrived", "towed"), "\n")
	_, rest, _ := strings.Cut(remarks[0].Body, "```suggestion\n")
	taken, _, _ := strings.Cut(rest, "\n```")
	lines = slices.Replace(lines, remarks[0].First-1, remarks[0].Last, strings.Split(taken, "\n")...)
	if _, err := p.repo.Commit("feature", "src/tug.ts", strings.Join(lines, "\n")); err != nil {
		t.Fatal(err)
	}
	p.pull("synchronize", feature)
	p.idle()
	if v := p.view(feature); len(v.Comments) != 1 || !strings.Contains(v.Comments[0], "Nothing that this adds leaks any more") {
		t.Errorf("after it was mended: %q", v.Comments)
	}

	p.server.User("eve")
	writes := len(p.server.Writes())
	refused := p.says(feature, "eve", "/unleak rebase")
	p.idle()
	if got := p.server.Reactions(p.repo, refused); !slices.Equal(got, []string{"-1"}) || len(p.view(feature).Comments) != 2 {
		t.Errorf("a reader's command: %v, %q", got, p.view(feature).Comments)
	}
	if n := len(p.server.Writes()) - writes; n != 2 { // a token and a reaction
		t.Errorf("a reader's command makes %d writes", n)
	}
	done := p.says(feature, "ann", "/unleak explain interval\nplease")
	p.idle()
	v = p.view(feature)
	if got := p.server.Reactions(p.repo, done); !slices.Equal(got, []string{"eyes"}) || len(v.Comments) != 4 || !strings.Contains(v.Comments[3], "clearInterval") {
		t.Errorf("a writer's command: %v, %q", got, v.Comments)
	}

	// A leak comes back, and is not to be told of.
	if _, err := p.repo.Commit("feature", "src/tug.ts", strings.ReplaceAll(pollOfShip, "arrived", "towed")); err != nil {
		t.Fatal(err)
	}
	p.says(feature, "ann", "/unleak ignore interval")
	p.idle()
	v = p.view(feature)
	if !strings.Contains(v.Comments[0], "Left out, as somebody asked for below: `interval`") || !strings.Contains(v.Comments[len(v.Comments)-1], "as @ann asked for") {
		t.Errorf("ignored: %q", v.Comments)
	}
	p.pull("synchronize", feature)
	p.idle()
	if again := p.view(feature); !slices.Equal(again.Comments, v.Comments) {
		t.Errorf("it was forgotten: %q", again.Comments)
	}

	// A stranger's fork, whose owner changes what it says of unleak, and has a branch of
	// unleak's name.
	fork := p.server.Fork(p.repo, "mallory")
	if _, err := fork.Branch("unleak/critical", "main", "src/barge.ts", strings.ReplaceAll(pollOfShip, "arrived", "drifted")); err != nil {
		t.Fatal(err)
	}
	foreign := p.server.Open(p.repo, fork, "mallory", "unleak/critical", "A barge")
	p.pull("opened", foreign)
	p.idle()
	if v := p.view(foreign); len(v.Comments) != 1 || !strings.Contains(v.Comments[0], "src/barge.ts") || strings.Contains(v.Comments[0], "ship.ts") || len(p.server.Remarks(p.repo, foreign)) != 1 {
		t.Errorf("a stranger's: %q", v.Comments)
	}

	// What the App is not installed on is left alone.
	elsewhere := p.server.Repo("harbor", "elsewhere")
	p.send("push", map[string]any{"ref": "refs/heads/main", "repository": map[string]any{"full_name": "harbor/elsewhere", "default_branch": "main"}})
	p.idle()
	if len(p.server.Pulls(elsewhere)) != 0 || !strings.Contains(p.said(), `"result":"skipped","text":"the GitHub App gets no token for harbor/elsewhere`) {
		t.Error("a repository without the App")
	}

	// Its own pull request is made anew where the base has moved.
	if _, err := p.repo.Commit("main", "README.md", "The town\n"); err != nil {
		t.Fatal(err)
	}
	head := p.view(ours).Head
	p.says(ours, "ann", "/unleak rebase")
	p.idle()
	v = p.view(ours)
	if on, err := p.repo.Git("merge-base", "refs/heads/main", v.Head); err != nil || v.Head == head || on == "" || !strings.Contains(v.Comments[len(v.Comments)-1], "update") {
		t.Errorf("rebased: %s was %s, %q, %v", v.Head, head, v.Comments, err)
	}
	if _, err := p.repo.Git("merge-base", "--is-ancestor", "refs/heads/main", v.Head); err != nil {
		t.Errorf("it does not stand on the newest commit: %v", err)
	}
	p.stop()

	for _, r := range p.server.Log() {
		if strings.HasSuffix(r.Path, "/access_tokens") && !strings.Contains(r.Body, `"repositories":["town"]`) && !strings.Contains(r.Body, `"repositories":["elsewhere"]`) {
			t.Errorf("a token for more than the repository: %s", r.Body)
		}
	}
	if log := p.said(); strings.Contains(log, "ghs_") || strings.Contains(log, webhookSecret) || strings.Contains(log, "eyJ") {
		t.Error("the log holds something secret")
	} else if !strings.Contains(log, `"msg":"write"`) || !strings.Contains(log, `"operation":"review"`) || !strings.Contains(log, fmt.Sprintf("app %d of harbor", p.app.ID)) {
		t.Error("the log lacks what was written, and by whom")
	}
}

// TestBotKilled: what was accepted is done, though the process is killed before it
// begins, and again in the midst of it; and once.
func TestBotKilled(t *testing.T) {
	t.Parallel()
	p := newPort(t, map[string]string{"src/ship.ts": pollOfShip})
	p.start("--settle", "3s")
	p.pushed()
	p.kill()
	if n := len(p.server.Writes()); n != 0 {
		t.Fatalf("%d writes before it was to begin", n)
	}
	for _, end := range []struct {
		op     string
		done   bool // what was asked for
		signal os.Signal
	}{
		{"GIT /git-receive-pack", true, syscall.SIGKILL},
		{"POST /repos/{owner}/{repo}/pulls", false, syscall.SIGTERM},
		{"POST /repos/{owner}/{repo}/pulls", true, syscall.SIGKILL},
	} {
		started, struck := make(chan *os.Process, 1), make(chan struct{})
		p.server.Fail(githubtest.Fault{Operation: end.op, Done: end.done, Cut: true, Do: func() {
			_ = (<-started).Signal(end.signal)
			close(struck)
		}})
		p.start("--settle", "0s", "--grace", "0s")
		started <- p.cmd.Process
		select {
		case <-struck:
		case <-time.After(time.Minute):
			t.Fatalf("%s was not asked for", end.op)
		}
		<-p.read
		if err := p.cmd.Wait(); (err == nil) != (end.signal == syscall.SIGTERM) {
			t.Errorf("after %s it ended with %v", end.signal, err)
		}
		p.cmd = nil
		if waiting := strings.Contains(p.said(), `"msg":"it has ended","waiting":1`); waiting != (end.op != "GIT /git-receive-pack") {
			t.Errorf("after %s: waiting %v", end.op, waiting)
		}
	}
	p.start("--settle", "0s")
	p.idle()
	if pulls := p.server.Pulls(p.repo); len(pulls) != 1 || !pulls[0].Open || pulls[0].Branch != "unleak/critical" {
		t.Errorf("there is %+v", pulls)
	}
	p.stop()
	if left, err := filepath.Glob(filepath.Join(p.state, "jobs", "*")); err != nil || len(left) != 0 {
		t.Errorf("jobs left %q, %v", left, err)
	}
}

// TestBotEvery: without any event, all repositories are reconciled in time.
func TestBotEvery(t *testing.T) {
	t.Parallel()
	p := newPort(t, map[string]string{"src/ship.ts": pollOfShip})
	empty := p.server.Repo("harbor", "empty", "unleak[bot]")
	other := p.server.Repo("elsewhere", "stranger")
	p.start("--settle", "0s", "--every", "1h")
	for range 300 {
		if len(p.server.Pulls(p.repo)) > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	p.idle()
	if len(p.server.Pulls(p.repo)) != 1 || len(p.server.Pulls(empty)) != 0 || len(p.server.Pulls(other)) != 0 {
		t.Errorf("there is %+v", p.server.Pulls(p.repo))
	}
	if log := p.said(); !strings.Contains(log, `"text":"2 repositories"`) || !strings.Contains(log, "no commits") || strings.Contains(log, "stranger") {
		t.Errorf("the sweep: %s", log)
	}
	p.stop()
}
