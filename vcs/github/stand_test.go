package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

const (
	postPulls = "POST /repos/{owner}/{repo}/pulls"
	patchPull = "PATCH /repos/{owner}/{repo}/pulls/{pull_number}"
	getPull   = "GET /repos/{owner}/{repo}/pulls/{pull_number}"
	listPulls = "GET /repos/{owner}/{repo}/pulls"
	comment   = "POST /repos/{owner}/{repo}/issues/{issue_number}/comments"
	addLabels = "POST /repos/{owner}/{repo}/issues/{issue_number}/labels"
	gitPush   = "GIT /git-receive-pack"
)

// one demands that there is one pull request, open, as it should be.
func (w *world) one(p forge.Proposal) githubtest.View {
	w.t.Helper()
	pulls := w.server.Pulls(w.remote)
	if len(pulls) != 1 || !pulls[0].Open || pulls[0].Head != string(w.head(p.Branch)) || w.show(pulls[0].Head+":a.js") == "a" {
		w.t.Fatalf("there should be one pull request: %+v", pulls)
	}
	m, err := forge.ParseMarker(pulls[0].Body)
	if err != nil || string(m.Pushed) != pulls[0].Head || m.Left != "" || m.Set != p.Set {
		w.t.Errorf("marker: %+v, %v", m, err)
	}
	return pulls[0]
}

// TestLimitsOfGitHub: told to wait in every way, at every write, it waits and ends
// well.
func TestLimitsOfGitHub(t *testing.T) {
	w := newWorld(t)
	headers := map[string]map[string]string{
		"Retry-After": {"Retry-After": "7"},
		"reset":       {"X-RateLimit-Remaining": "0"},
		"nothing":     nil,
	}
	n := 0
	for _, status := range []int{403, 429} {
		for name, h := range headers {
			for _, op := range []string{"GET /repos/{owner}/{repo}", listPulls, postPulls, addLabels, patchPull} {
				n++
				f := githubtest.Fault{Operation: op, Status: status, Header: h, Bare: name == "nothing"}
				if name == "reset" {
					f.Header["X-RateLimit-Reset"] = fmt.Sprint(w.clock.Now().Add(9 * time.Minute).Unix())
				}
				w.server.Fail(f)
				p := w.proposal(fmt.Sprintf("phase%d", n), map[string]string{"a.js": "a2\n"})
				p.Labels = []string{"bug"}
				before := w.clock.total()
				out := w.propose(p, forge.Create, func(o *Options) { o.Fork = ForkNever })
				if waited := w.clock.total() - before; waited < 7*time.Second {
					t.Errorf("%d, %s, %s: waited %s only", status, name, op, waited)
				}
				if !w.server.Failed() {
					t.Errorf("%d, %s, %s did not happen", status, name, op)
				}
				if v := w.pull(out.Number); len(v.Labels) != 1 {
					t.Errorf("labels %v", v.Labels)
				}
			}
		}
	}
	if pulls := w.server.Pulls(w.remote); len(pulls) != n {
		t.Errorf("%d pull requests for %d proposals", len(pulls), n)
	}
}

// TestBadGateway: 502, before and after the thing was done, and a connection that
// ends. Nothing is made twice.
func TestBadGateway(t *testing.T) {
	for _, op := range []string{postPulls, addLabels, comment, patchPull} {
		for _, f := range []githubtest.Fault{{Status: 502}, {Status: 502, Done: true}, {Status: 503, Times: 2}, {Cut: true}, {Cut: true, Done: true}} {
			t.Run(fmt.Sprintf("%s/%d%v%v", strings.Fields(op)[1][len("/repos/{owner}/{repo}/"):], f.Status, f.Done, f.Cut), func(t *testing.T) {
				w := newWorld(t)
				f.Operation = op
				w.server.Fail(f)
				p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
				p.Labels, p.More = []string{"bug"}, []string{"More of it."}
				w.propose(p, forge.Create)
				if v := w.one(p); len(v.Comments) != 1 || len(v.Labels) != 1 {
					t.Errorf("%+v", v)
				}
				w.server.Forget()
				w.propose(p, forge.NoOp)
				w.writes(0)
			})
		}
	}
}

// TestGatewayOfTheAPI is the same for objects and references.
func TestGatewayOfTheAPI(t *testing.T) {
	for _, op := range []string{"POST /repos/{owner}/{repo}/git/blobs", "POST /repos/{owner}/{repo}/git/trees", "POST /repos/{owner}/{repo}/git/commits", "POST /repos/{owner}/{repo}/git/refs", "POST /graphql"} {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(strings.Fields(op)[1], done), func(t *testing.T) {
				w := newWorld(t)
				w.via = ViaAPI
				first := w.proposal("critical", map[string]string{"a.js": "a2\n", "latin.js": "\xe9"})
				w.server.Fail(githubtest.Fault{Operation: op, Status: 502, Done: done})
				run := func(p forge.Proposal) {
					t.Helper()
					// One that was not done is for the next run.
					if _, err := w.run().Propose(context.Background(), p); err != nil {
						w.propose(p, map[bool]forge.Action{true: forge.Create, false: forge.Update}[p.Patch == first.Patch])
					}
				}
				run(first)
				second := w.proposal("critical", map[string]string{"a.js": "a3\n", "latin.js": "\xe9"})
				run(second)
				w.one(second)
				w.propose(second, forge.NoOp)
			})
		}
	}
}

// TestBroken: a run is killed at each of its writes in turn, before it and after
// it, and the next one completes what it began. For a create, an update and a close.
func TestBroken(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		full := func(text string) forge.Proposal {
			p := w.proposal("critical", map[string]string{"a.js": text})
			p.Labels, p.More, p.Reviewers = []string{"bug"}, []string{"Part one."}, []string{"ann"}
			return p
		}
		kinds := map[string]func() (forge.Proposal, forge.Action){
			"create": func() (forge.Proposal, forge.Action) { return full("a2\n"), forge.Create },
			"update": func() (forge.Proposal, forge.Action) {
				w.propose(full("a2\n"), forge.Create)
				p := full("a3\n")
				p.More = []string{"Part one, changed.", "Part two."}
				return p, forge.Update
			},
			"close": func() (forge.Proposal, forge.Action) {
				w.propose(full("a2\n"), forge.Create)
				return w.proposal("critical", nil), forge.Close
			},
		}
		for _, kind := range []string{"create", "update", "close"} {
			tried := 0
			for n := 1; ; n++ {
				w.server.Wipe(w.remote)
				p, want := kinds[kind]()
				w.server.Forget()
				ctx, cancel := context.WithCancel(context.Background())
				killed := w.server.Kill(n, cancel)
				out, err := w.run().Propose(ctx, p)
				cancel()
				if !killed() {
					if err != nil || out.Action != want {
						t.Fatalf("%s, not killed at %d: %+v, %v", kind, n, out, err)
					}
					break
				}
				tried++
				at := w.server.Log()[len(w.server.Log())-1]
				again, err := w.run().Propose(context.Background(), p)
				if err != nil || again.Action == forge.Hold || again.Action == forge.Refuse || again.Action == forge.Ignore {
					t.Fatalf("%s killed at write %d (%s): then %+v, %v", kind, n, at, again, err)
				}
				if kind == "close" {
					if v := w.pull(1); v.Open || w.head(p.Branch) != "" || len(v.Comments) != 2 {
						t.Errorf("%s killed at write %d (%s): %+v, branch %s", kind, n, at, v, w.head(p.Branch))
					}
				} else if v := w.one(p); len(v.Labels) != 1 || len(v.Comments) != len(p.More) || len(v.Reviewers) != 1 || !strings.HasPrefix(v.Comments[0], p.More[0]) {
					t.Errorf("%s killed at write %d (%s): %+v", kind, n, at, v)
				}
				w.server.Forget()
				w.propose(p, forge.NoOp)
				w.writes(0)
			}
			if tried < 3 {
				t.Errorf("%s was killed at %d places only", kind, tried)
			}
		}
	})
}

// TestKilledAndMoved: killed between push and create, and before the next run the
// base moved: the branch is recognised by what it changes.
func TestKilledAndMoved(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.ok(w.remote.Git("update-ref", "refs/heads/unleak/critical", w.push(w.proposal("critical", map[string]string{"a.js": "a2\n"}).Commit)))
		w.ok(w.remote.Commit("main", "b.js", "moved\n"))
		w.fetch()
		p := w.proposal("critical", map[string]string{"a.js": "a2\n", "lib/c.js": "c2\r\n"})
		if out := w.propose(p, forge.Create); out.Branch != "unleak/critical" {
			t.Errorf("%+v", out)
		}
		w.one(p)
		// A person's branch of that name is not.
		w.ok(w.remote.Branch("unleak/high", "main", "a.js", "a person's\n"))
		at := w.head("unleak/high")
		if out := w.propose(w.proposal("high", map[string]string{"a.js": "a2\n"}), forge.Refuse); !strings.Contains(out.Reason, "delete or rename") || w.head("unleak/high") != at {
			t.Errorf("%+v", out)
		}
	})
}

func TestDraftRefused(t *testing.T) {
	w := newWorld(t)
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	p.Draft = true
	if out := w.propose(p, forge.Create); !w.pull(out.Number).Draft {
		t.Error("no draft")
	}
	w.remote.NoDrafts = true
	p = w.proposal("high", map[string]string{"b.js": "b2\n"})
	p.Draft = true
	if out := w.propose(p, forge.Create); w.pull(out.Number).Draft {
		t.Error("a draft")
	}
}

// TestTokenExpires: in the middle, at each request in turn. The error is clear, and
// a run with a good token completes.
func TestTokenExpires(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for n := 1; ; n++ {
			w.server.Wipe(w.remote)
			p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
			p.Labels = []string{"bug"}
			dead := w.server.RevokeAt(n, w.token)
			_, err := w.run().Propose(context.Background(), p)
			if !dead() {
				if err != nil {
					t.Fatal(err)
				}
				if n < 5 {
					t.Errorf("only %d requests", n)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), w.token) {
				t.Errorf("at request %d: %v", n, err)
			}
			_, w.token = w.server.User("bot")
			out, err := w.run().Propose(context.Background(), p)
			if err != nil || out.Number == 0 {
				t.Fatalf("after request %d: %+v, %v", n, out, err)
			}
			if v := w.one(p); len(v.Labels) != 1 {
				t.Errorf("after request %d: %+v", n, v)
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	for name, row := range map[string]struct {
		before func(w *world)
		says   string
		change func(*Options)
	}{
		"a protected branch": {before: func(w *world) {
			w.server.Protect(w.remote, "unleak/", "error: GH006: Protected branch update failed for refs/heads/unleak/critical.")
		}, says: "another prefix"},
		"workflows": {before: func(w *world) {
			w.server.Protect(w.remote, "unleak/", "refusing to allow a GitHub App to create or update workflow `.github/workflows/x.yml` without `workflows` permission")
		}, says: "permission for workflows"},
		"Actions may not": {before: func(w *world) {
			w.remote.NoPulls = "GitHub Actions is not permitted to create or approve pull requests."
		}, says: "Actions, General"},
		"archived": {before: func(w *world) { w.remote.Archived = true }, says: "only be read"},
		"no forks": {before: func(w *world) { w.remote.Rights["bot"] = "read" }, says: "may not push", change: func(o *Options) { o.Fork = ForkNever }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			row.before(w)
			change := row.change
			if change == nil {
				change = func(*Options) {}
			}
			out := w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Refuse, change)
			if !strings.Contains(out.Reason, row.says) {
				t.Errorf("reason %q", out.Reason)
			}
		})
	}
	w := newWorld(t)
	w.remote.Private = true
	w.remote.Rights = map[string]string{}
	if _, err := w.run().Propose(context.Background(), w.proposal("critical", nil)); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a repository that the token may not see: %v", err)
	}
	if _, err := w.run().Propose(context.Background(), forge.Proposal{Branch: "other/x", Base: "main"}); err == nil {
		t.Error("a branch without the prefix is proposed")
	}
}

// TestRenamed: GitHub leads on from the old name, and what names the owner and the
// repository has the new one.
func TestRenamed(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.server.Rename(w.remote, "example")
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		w.propose(p, forge.Create)
		w.one(p)
		w.server.Forget()
		w.propose(p, forge.NoOp)
		w.writes(0)
	})
}

// TestPushElsewhere: branches go where the remote is, here a folder, and pull
// requests to GitHub.
func TestPushElsewhere(t *testing.T) {
	w := newWorld(t)
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	w.propose(p, forge.Create, func(o *Options) { o.SSH = &vcs.Remote{URL: w.remote.Dir} })
	w.one(p)
	for _, r := range w.server.Log() {
		if r.Method == "GIT" {
			t.Errorf("pushed over http: %v", r)
		}
	}
}

func TestMarkerLost(t *testing.T) {
	w := newWorld(t)
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	out := w.propose(p, forge.Create)
	w.server.Edit(w.remote, out.Number, "", "A person wrote this text.", "")
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)
	w.propose(w.proposal("critical", map[string]string{"a.js": "a3\n"}), forge.Hold)
	v := w.pull(out.Number)
	if v.Body != "A person wrote this text." || w.head(p.Branch) != p.Commit || len(v.Comments) != 1 || !strings.Contains(v.Comments[0], "close it: a new one is made") {
		t.Errorf("%+v", v)
	}
	w.server.Close(w.remote, out.Number, true) // as the comment says
	if again := w.propose(p, forge.Create); again.Branch != "unleak/critical-2" {
		t.Errorf("%+v", again)
	}
}

// TestForeignPull: a stranger's pull request from a fork, from a branch of the same
// name, with a copy of the marker, is not ours.
func TestForeignPull(t *testing.T) {
	w := newWorld(t)
	_, stranger := w.server.User("mallory")
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	theirs := p
	theirs.Title = "Click here"
	w.propose(theirs, forge.Create, func(o *Options) { o.Tokens, o.Fork = Token(stranger), ForkAlways })
	out := w.propose(p, forge.Create)
	if v := w.pull(out.Number); v.Title != p.Title || v.Author != "bot" || out.Number != 2 {
		t.Errorf("%+v", v)
	}
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)
}

func TestPushRetries(t *testing.T) {
	w := newWorld(t)
	w.server.Fail(githubtest.Fault{Operation: "GIT /info/refs", Status: 502})
	w.server.Fail(githubtest.Fault{Operation: gitPush, Cut: true})
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	w.propose(p, forge.Create)
	w.one(p)
	var lease error = fmt.Errorf("x: %w", vcs.ErrLease)
	if !pushFailed(lease) || pushFailed(errors.New("reset")) {
		t.Error("what is tried again is wrong")
	}
}
