package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

// TestPullRequestScripts runs the command line as people do, against a GitHub on
// this machine with real repositories behind. `clone` makes a repository there of
// the folder seed and a clone of it, work. `demo` makes seed of the README's example.
// `is FILE` holds what a person sees of the pull requests against a file, `writes N`
// how much was written since the last time. What people do on GitHub is `hub WHAT`,
// what goes wrong there `fails STATUS OPERATION [HEADER=VALUE...]`; `killed OPERATION
// ARGS` runs unleak until GitHub gets such a request, and kills it, `twice ARGS` runs
// it twice at once.
func TestPullRequestScripts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "pr", "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("there are no scripts", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel() // most of the time they wait for the next write that is allowed
			h := newHub(t)
			testscript.Run(t, testscript.Params{
				Files: []string{file}, RequireExplicitExec: true, UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
				Setup: func(e *testscript.Env) error {
					for _, kv := range []string{
						"NO_COLOR=", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_AUTHOR_NAME=Ann", "GIT_AUTHOR_EMAIL=ann@example.org",
						"GIT_COMMITTER_NAME=Ann", "GIT_COMMITTER_EMAIL=ann@example.org", "GIT_AUTHOR_DATE=1700000000 +0000", "GIT_COMMITTER_DATE=1700000000 +0000",
						"GH_HOST=" + h.server.Host, "GH_ENTERPRISE_TOKEN=" + h.token, "HUB=" + h.server.URL, "HUBDIR=" + h.repo.Dir, "GIT_TERMINAL_PROMPT=0",
					} {
						name, value, _ := strings.Cut(kv, "=")
						e.Setenv(name, value)
					}
					return nil
				},
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"clone": h.clone, "demo": h.demo, "is": h.is, "writes": h.writes, "hub": h.hub, "fails": h.fails, "secret": h.secret, "killed": h.killed, "twice": h.twice,
				},
			})
			if !h.server.Failed() {
				t.Error("a fault that was ordered did not happen")
			}
		})
	}
}

// hub is the GitHub of one script.
type hub struct {
	t      *testing.T
	server *githubtest.Server
	token  string
	repo   *githubtest.Repo
}

func newHub(t *testing.T) *hub {
	s := githubtest.Start(t)
	_, token := s.User("bot")
	return &hub{t: t, server: s, token: token, repo: s.Repo("harbor", "town", "bot")}
}

func (h *hub) git(ts *testscript.TestScript, dir string, args ...string) {
	cmd := exec.Command("git", append([]string{"-C", ts.MkAbs(dir), "-c", "commit.gpgsign=false", "-c", "user.name=Ann", "-c", "user.email=ann@example.org"}, args...)...)
	for _, name := range []string{"PATH", "HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// clone pushes seed and clones it.
func (h *hub) clone(ts *testscript.TestScript, _ bool, _ []string) {
	h.git(ts, "seed", "init", "-q", "-b", "main")
	h.git(ts, "seed", "add", "-A")
	h.git(ts, "seed", "commit", "-q", "-m", "First")
	h.git(ts, "seed", "push", "-q", h.repo.Dir, "main")
	ts.Check(os.Mkdir(ts.MkAbs("work"), 0o755))
	h.git(ts, "work", "clone", "-q", h.repo.Dir, ".")
	h.git(ts, "work", "remote", "set-url", "origin", h.server.URL+"/harbor/town.git")
}

// demo copies the README's example.
func (h *hub) demo(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(os.CopyFS(ts.MkAbs("seed"), os.DirFS(filepath.Join("..", "..", "testdata", "demo"))))
}

// is compares what stands: a line for each pull request.
func (h *hub) is(ts *testscript.TestScript, neg bool, args []string) {
	var b strings.Builder
	for _, p := range h.server.Pulls(h.repo) {
		state := "closed"
		switch {
		case p.Merged:
			state = "merged"
		case p.Draft:
			state = "draft"
		case p.Open:
			state = "open"
		}
		fmt.Fprintf(&b, "#%d %s %s -> %s: %s", p.Number, state, p.Branch, p.Base, p.Title)
		for _, list := range [][]string{p.Labels, p.Assignees, p.Reviewers, p.Teams} {
			if len(list) > 0 {
				fmt.Fprintf(&b, " [%s]", strings.Join(list, " "))
			}
		}
		if p.Milestone+p.AutoMerge != "" {
			fmt.Fprintf(&b, " %s %s", p.Milestone, p.AutoMerge)
		}
		b.WriteString("\n")
	}
	if want := ts.ReadFile(args[0]); b.String() != want {
		ts.Fatalf("got\n%swant\n%s", b.String(), want)
	}
}

// writes counts what changed something, git's pushes included.
func (h *hub) writes(ts *testscript.TestScript, _ bool, args []string) {
	got := h.server.Writes()
	h.server.Forget()
	switch want := args[0]; {
	case want == "some" && len(got) > 0:
	case want != strconv.Itoa(len(got)):
		ts.Fatalf("%d writes, want %s: %v", len(got), want, got)
	}
}

// hub is what people do on GitHub.
func (h *hub) hub(ts *testscript.TestScript, _ bool, args []string) {
	number := func() int {
		n, err := strconv.Atoi(args[1])
		ts.Check(err)
		return n
	}
	switch args[0] {
	case "close":
		h.server.Close(h.repo, number(), false)
	case "merge":
		h.server.Merge(h.repo, number(), false, true)
	case "squash":
		h.server.Merge(h.repo, number(), true, true)
	case "commit": // BRANCH PATH FILE
		_, err := h.repo.Commit(args[1], args[2], ts.ReadFile(args[3]))
		ts.Check(err)
	case "delete": // BRANCH
		_, err := h.repo.Git("update-ref", "-d", "refs/heads/"+args[1])
		ts.Check(err)
	case "protect":
		h.server.Protect(h.repo, args[1], "this branch is protected")
	case "nodrafts":
		h.repo.NoDrafts = true
	case "automerge":
		h.repo.AllowAutoMerge = true
	case "labels":
		h.repo.Labels = args[1:]
	case "milestones":
		h.repo.Milestones = args[1:]
	case "teams":
		h.repo.Teams = args[1:]
	case "user":
		h.server.User(args[1])
		h.repo.Rights[args[1]] = "push"
	case "revoke":
		h.server.Revoke(h.token)
	case "token":
		_, h.token = h.server.User("bot")
		ts.Setenv("GH_ENTERPRISE_TOKEN", h.token)
	case "open": // BRANCH
		body := fmt.Sprintf(`{"head": %q, "base": "main", "title": "A feature", "body": ""}`, args[1])
		req, err := http.NewRequest(http.MethodPost, h.server.URL+"/api/v3/repos/harbor/town/pulls", strings.NewReader(body))
		ts.Check(err)
		req.Header.Set("Authorization", "Bearer "+h.token)
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		ts.Check(err)
		res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			ts.Fatalf("opening a pull request: %s", res.Status)
		}
	case "say": // NUMBER LOGIN TEXT
		h.server.User(args[2])
		h.server.Comment(h.repo, number(), args[2], args[3])
	case "comments": // NUMBER, into the file comments
		for _, p := range h.server.Pulls(h.repo) {
			if p.Number == number() {
				text := strings.ReplaceAll(strings.Join(p.Comments, "\n--\n"), "\n\n--", "\n--")
				ts.Check(os.WriteFile(ts.MkAbs("comments"), []byte(strings.TrimRight(text, "\n")+"\n"), 0o644))
			}
		}
	case "reader": // the token may only read
		delete(h.repo.Rights, "bot")
	case "body": // NUMBER FILE
		for _, p := range h.server.Pulls(h.repo) {
			if p.Number == number() {
				ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(p.Body), 0o644))
			}
		}
	case "until": // NUMBER: there is such a pull request
		for end := time.Now().Add(30 * time.Second); len(h.server.Pulls(h.repo)) < number(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				ts.Fatalf("there is no pull request %d", number())
			}
		}
	case "fsck":
		if out, err := h.repo.Git("fsck", "--strict", "--no-dangling"); err != nil {
			ts.Fatalf("%v\n%s", err, out)
		}
	case "checkout": // BRANCH FOLDER: what is there, fresh
		ts.Check(os.Mkdir(ts.MkAbs(args[2]), 0o755))
		h.git(ts, args[2], "clone", "-q", "--branch", args[1], h.repo.Dir, ".")
	default:
		ts.Fatalf("nobody does %q", args[0])
	}
}

func (h *hub) fails(ts *testscript.TestScript, _ bool, args []string) {
	status, err := strconv.Atoi(args[0])
	ts.Check(err)
	f := githubtest.Fault{Status: status, Operation: args[1], Header: map[string]string{}}
	for _, kv := range args[2:] {
		switch name, value, _ := strings.Cut(kv, "="); name {
		case "skip":
			f.Skip, err = strconv.Atoi(value)
		case "times":
			f.Times, err = strconv.Atoi(value)
		case "message":
			f.Message = value
		case "done":
			f.Done = true
		case "cut":
			f.Cut = true
		case "bare":
			f.Bare = true
		default:
			f.Header[name] = value
		}
		ts.Check(err)
	}
	h.server.Fail(f)
}

// command prepares a run beside those of exec.
func (h *hub) command(ts *testscript.TestScript, args []string) (*exec.Cmd, *strings.Builder) {
	program, err := exec.LookPath(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "unleak"))
	ts.Check(err)
	cmd := exec.Command(program, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GH_HOST", "GH_ENTERPRISE_TOKEN"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

// killed kills a run in the middle.
func (h *hub) killed(ts *testscript.TestScript, _ bool, args []string) {
	cmd, out := h.command(ts, args[1:])
	started := make(chan *os.Process, 1)
	h.server.Fail(githubtest.Fault{Operation: args[0], Cut: true, Do: func() { _ = (<-started).Kill() }})
	ts.Check(cmd.Start())
	started <- cmd.Process
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		ts.Fatalf("it was not killed: %v\n%s", err, out)
	}
}

// twice runs two at once. Each may find that the other was faster, and no more.
func (h *hub) twice(ts *testscript.TestScript, _ bool, args []string) {
	one, oneOut := h.command(ts, args)
	two, twoOut := h.command(ts, args)
	ts.Check(one.Start())
	ts.Check(two.Start())
	for _, run := range []struct {
		cmd *exec.Cmd
		out *strings.Builder
	}{{one, oneOut}, {two, twoOut}} {
		_ = run.cmd.Wait() // the status is judged below
		if code := run.cmd.ProcessState.ExitCode(); code != 0 && code != 1 {
			ts.Fatalf("status %d:\n%s", code, run.out)
		}
		ts.Logf("%s", run.out)
	}
}

// secret looks for the token in everything that the script has written.
func (h *hub) secret(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs("."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(data), h.token) {
			err = fmt.Errorf("%s holds the token", path)
		}
		return err
	}))
}

// TestReadmePullRequests follows the README word by word: what is to be typed is
// typed into a shell, and what it says will be printed is.
func TestReadmePullRequests(t *testing.T) { followReadme(t, "Pull requests", "pr", 2) }

// TestReadmeCampaigns does the same with its campaign.
func TestReadmeCampaigns(t *testing.T) { followReadme(t, "Campaigns", "campaign", 1) }

// followReadme follows the marked steps of a section, by testdata/readme-MARK.txtar.
func followReadme(t *testing.T, heading, mark string, count int) {
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	steps := strings.Split(section, "<!-- "+mark+" -->\n```sh\n")[1:]
	if len(steps) != count {
		t.Fatalf("the README has %d steps", len(steps))
	}
	h := newHub(t)
	testscript.Run(t, testscript.Params{
		Files: []string{filepath.Join("..", "..", "testdata", "readme-"+mark+".txtar")}, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			for name, value := range map[string]string{
				"NO_COLOR": "", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@example.org",
				"GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@example.org", "GH_HOST": h.server.Host, "GH_ENTERPRISE_TOKEN": h.token,
				"UNLEAK_CAMPAIGNS": filepath.Join(e.WorkDir, "campaigns"),
			} {
				e.Setenv(name, value)
			}
			for i, step := range steps {
				typed, said, _ := strings.Cut(step, "```\n")
				if err := os.WriteFile(filepath.Join(e.WorkDir, fmt.Sprintf("step%d.sh", i)), []byte("set -e\n"+typed), 0o644); err != nil {
					return err
				}
				blocks := strings.Split(said, "\n```\n")
				var want strings.Builder
				for b := 1; b < len(blocks); b += 2 {
					want.WriteString(blocks[b] + "\n")
				}
				text := strings.ReplaceAll(want.String(), "http://127.0.0.1:8080", h.server.URL)
				if err := os.WriteFile(filepath.Join(e.WorkDir, fmt.Sprintf("want%d", i)), []byte(text), 0o644); err != nil {
					return err
				}
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"clone": h.clone, "demo": h.demo, "hub": h.hub, "ends": ends},
	})
}

// ends holds the last lines of a file against another file.
func ends(ts *testscript.TestScript, _ bool, args []string) {
	if got, want := withoutTimes(ts.ReadFile(args[0])), withoutTimes(ts.ReadFile(args[1])); want == "" || !strings.HasSuffix(got, want) {
		ts.Fatalf("got\n%s\nwhich does not end in\n%s", got, want)
	}
}

// withoutTimes takes dates, and seconds with their fractions, out of a text.
func withoutTimes(s string) string { return someTime.ReplaceAllString(s, "TIME") }

var someTime = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?|\d+\.\d\d s\b`)
