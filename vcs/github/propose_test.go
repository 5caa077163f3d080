package github

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// both runs a test with branches pushed, and with branches made through the API.
func both(t *testing.T, test func(t *testing.T, w *world)) {
	for _, via := range []string{ViaPush, ViaAPI} {
		t.Run(via, func(t *testing.T) {
			w := newWorld(t)
			w.via = via
			test(t, w)
		})
	}
}

func TestCreateAndNothing(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": "a2\n", "lib/c.js": "c\r\nc2\r\n", "lib/run": "#!/bin/sh\nexit\n", "latin.js": "caf\xe9s\n"})
		out := w.propose(p, forge.Create)
		pull := w.pull(out.Number)
		if !pull.Open || pull.Branch != "unleak/critical" || pull.Base != "main" || pull.Title != p.Title || !strings.HasPrefix(pull.Body, p.Body) {
			t.Errorf("pull request: %+v", pull)
		}
		if out.Branch != "unleak/critical" || out.URL == "" || out.Commit != p.Commit || string(p.Commit) != pull.Head {
			t.Errorf("outcome: %+v", out)
		}
		if tree, err := w.remote.Git("ls-tree", "-r", pull.Head); err != nil || !strings.Contains(tree, "100755 blob") || !strings.Contains(tree, "120000 blob") {
			t.Errorf("modes: %v\n%s", err, tree)
		}
		if got := w.show(pull.Head + ":latin.js"); got != "caf\xe9s" {
			t.Errorf("content: %q", got)
		}
		w.server.Forget()
		again := w.propose(p, forge.NoOp)
		if again.Number != out.Number {
			t.Errorf("the second run speaks of #%d", again.Number)
		}
		w.writes(0)
		// The same work in another commit is the same work.
		w.clock.now = w.clock.now.Add(24 * time.Hour)
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n", "lib/c.js": "c\r\nc2\r\n", "lib/run": "#!/bin/sh\nexit\n", "latin.js": "caf\xe9s\n"}), forge.NoOp)
		w.writes(0)
	})
}

func TestUpdateAndHold(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		out := w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Create)
		w.server.Forget()
		p := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		p.Title = "Release more"
		if up := w.propose(p, forge.Update); up.Number != out.Number || w.head("unleak/critical") != p.Commit {
			t.Errorf("updated %+v", up)
		}
		if got := w.pull(out.Number); got.Title != "Release more" {
			t.Errorf("title %q", got.Title)
		}
		w.server.Forget()
		w.propose(p, forge.NoOp)
		w.writes(0)

		w.server.Edit(w.remote, out.Number, "A title of mine", "", "")
		p = w.proposal("critical", map[string]string{"a.js": "a4\n"})
		if up := w.propose(p, forge.Update); len(up.Notes) != 1 || w.pull(out.Number).Title != "A title of mine" {
			t.Errorf("a person's title: %+v", up)
		}

		w.ok(w.remote.Commit("unleak/critical", "a.js", "a person's\n"))
		at := w.head("unleak/critical")
		for night := range 3 {
			w.server.Forget()
			held := w.propose(w.proposal("critical", map[string]string{"a.js": "a5\n", "b.js": strings.Repeat("b", night)}), forge.Hold)
			if held.Number != out.Number || !strings.Contains(held.Reason, "somebody else") {
				t.Errorf("held: %+v", held)
			}
			w.writes(map[bool]int{true: 1, false: 0}[night == 0])
		}
		// A file that nobody proposes is a person's work as well.
		w.propose(w.proposal("high", map[string]string{"a.js": "a2\n"}), forge.Create)
		w.ok(w.remote.Commit("unleak/high", "note.md", "a person's\n"))
		w.propose(w.proposal("high", map[string]string{"a.js": "a2\n"}), forge.Hold)
		w.server.Forget()
		// Nor when the findings are gone.
		w.propose(w.proposal("critical", nil), forge.Hold)
		w.writes(0)
		if pull := w.pull(out.Number); w.head("unleak/critical") != at || len(pull.Comments) != 1 || !strings.Contains(pull.Comments[0], "Nothing is overwritten") || !pull.Open {
			t.Errorf("held: %+v", pull)
		}
		// Handed back, as the comment says.
		w.ok(w.remote.Git("update-ref", "refs/heads/unleak/critical", string(p.Commit)))
		w.propose(w.proposal("critical", map[string]string{"a.js": "a6\n"}), forge.Update)
	})
}

func TestClosedByAPerson(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": "a2\n", "b.js": "b2\n"})
		out := w.propose(p, forge.Create)
		w.server.Close(w.remote, out.Number, false)
		w.server.Forget()
		if got := w.propose(p, forge.Ignore); got.Number != out.Number {
			t.Errorf("ignored: %+v", got)
		}
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Ignore) // less is not new
		w.propose(w.proposal("critical", nil), forge.NoOp)
		w.writes(0)

		more := w.proposal("critical", map[string]string{"a.js": "a2\n", "b.js": "b2\n", "lib/c.js": "c2\r\n"})
		second := w.propose(more, forge.Create)
		if second.Branch != "unleak/critical-2" || second.Number == out.Number {
			t.Errorf("new findings: %+v", second)
		}
		if w.head("unleak/critical") != p.Commit {
			t.Error("the branch of the closed one was touched")
		}
		w.server.Forget()
		w.propose(more, forge.NoOp)
		w.writes(0)
		w.server.Reopen(w.remote, out.Number)
		w.server.Close(w.remote, out.Number, true)
		w.server.Close(w.remote, second.Number, true)
		w.server.Forget()
		w.propose(more, forge.Ignore)
		w.propose(p, forge.Ignore)
		w.writes(0)
		third := w.propose(w.proposal("critical", map[string]string{"a.js": "another\n"}), forge.Create)
		if third.Branch != "unleak/critical-3" {
			t.Errorf("the name of a closed one is used again: %+v", third)
		}
	})
}

func TestFindingsGone(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		out := w.propose(p, forge.Create)
		w.server.Forget()
		w.propose(w.proposal("critical", nil), forge.Close)
		pull := w.pull(out.Number)
		if pull.Open || pull.Merged || w.head("unleak/critical") != "" || len(pull.Comments) != 1 {
			t.Errorf("closed: %+v", pull)
		}
		w.server.Forget()
		w.propose(w.proposal("critical", nil), forge.NoOp)
		w.writes(0)
		// They come back: that nobody rejected them is remembered.
		if again := w.propose(p, forge.Create); again.Branch != "unleak/critical" || again.Number == out.Number {
			t.Errorf("back: %+v", again)
		}
	})
}

func TestBaseMoves(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		out := w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Create)
		w.ok(w.remote.Commit("main", "b.js", "moved\n"))
		w.fetch()
		w.server.Forget()
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.NoOp)
		w.writes(0)

		w.server.UpdateBranch(w.remote, out.Number)
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.NoOp)
		w.writes(0)

		// The merge is a person's, but nothing in it is: it may be written over.
		w.ok(w.remote.Commit("main", "a.js", "conflict\n"))
		w.fetch()
		p := w.proposal("critical", map[string]string{"a.js": "conflict, mended\n"})
		w.propose(p, forge.Update)
		if w.head("unleak/critical") != p.Commit {
			t.Error("not updated")
		}
		w.ok(w.remote.Commit("main", "b.js", "moved again\n"))
		w.server.UpdateBranch(w.remote, out.Number)
		w.ok(w.remote.Commit("unleak/critical", "b.js", "a person's\n"))
		w.propose(w.proposal("critical", map[string]string{"a.js": "another\n"}), forge.Hold)
	})
}

func TestBaseMovesWithConflict(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		w.propose(p, forge.Create)
		w.ok(w.remote.Commit("main", "a.js", "conflict\n"))
		w.fetch()
		w.remote.SlowMerge = 2
		again := w.proposal("critical", map[string]string{"a.js": "conflict, mended\n"})
		again.Set, again.Items, again.Patch = p.Set, p.Items, p.Patch
		w.server.Forget()
		if up := w.propose(again, forge.Update); !strings.Contains(up.Reason, "no longer merged") || w.head("unleak/critical") != again.Commit {
			t.Errorf("updated: %+v", up)
		}
		w.server.Forget()
		w.propose(again, forge.NoOp)
		w.writes(0)
	})
}

func TestMerged(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		out := w.propose(p, forge.Create)
		w.server.Merge(w.remote, out.Number, true, true)
		w.server.Forget()
		if stale := w.propose(p, forge.NoOp); !strings.Contains(stale.Reason, "fetch") {
			t.Errorf("a clone that is behind: %+v", stale)
		}
		w.writes(0)
		w.fetch()
		w.propose(w.proposal("critical", nil), forge.NoOp)
		w.writes(0)
		if next := w.propose(w.proposal("critical", map[string]string{"b.js": "b2\n"}), forge.Create); next.Branch != "unleak/critical" {
			t.Errorf("after a merge: %+v", next)
		}
	})
}

func TestDryRun(t *testing.T) {
	w := newWorld(t)
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	dry := func(o *Options) { o.DryRun = true }
	if out := w.propose(p, forge.Create, dry); out.Branch != "unleak/critical" || out.Commit != p.Commit {
		t.Errorf("dry: %+v", out)
	}
	w.writes(0)
	w.propose(p, forge.Create)
	w.server.Forget()
	w.propose(w.proposal("critical", map[string]string{"a.js": "a3\n"}), forge.Update, dry)
	w.propose(w.proposal("critical", nil), forge.Close, dry)
	w.ok(w.remote.Commit("unleak/critical", "a.js", "a person's\n"))
	w.propose(p, forge.Hold, dry)
	w.writes(0)
}

func TestLimits(t *testing.T) {
	w := newWorld(t)
	g := w.run(func(o *Options) { o.Limits = forge.Limits{Open: 2, Hour: 3} })
	dry := w.run(func(o *Options) { o.Limits, o.DryRun = forge.Limits{Open: 2, Hour: 3}, true })
	for i, phase := range []string{"critical", "high", "medium"} {
		out, err := dry.Propose(context.Background(), w.proposal(phase, map[string]string{"a.js": phase}))
		if err != nil || (i < 2) != (out.Action == forge.Create) {
			t.Fatalf("dry: %s: %+v, %v", phase, out, err)
		}
	}
	w.writes(0)
	for i, phase := range []string{"critical", "high", "medium"} {
		out, err := g.Propose(context.Background(), w.proposal(phase, map[string]string{"a.js": phase}))
		if err != nil || (i < 2) != (out.Action == forge.Create) {
			t.Fatalf("%s: %+v, %v", phase, out, err)
		}
	}
	// One closes and makes room for another, in the same run.
	if out, err := g.Propose(context.Background(), w.proposal("high", nil)); err != nil || out.Action != forge.Close {
		t.Fatalf("%+v, %v", out, err)
	}
	if out, err := g.Propose(context.Background(), w.proposal("medium", map[string]string{"a.js": "medium"})); err != nil || out.Action != forge.Create {
		t.Fatalf("%+v, %v", out, err)
	}
	w.server.Wipe(w.remote)
	w.clock.now = w.clock.now.Add(2 * time.Hour)
	w.propose(w.proposal("critical", map[string]string{"a.js": "c"}), forge.Create)
	w.propose(w.proposal("high", map[string]string{"a.js": "h"}), forge.Create)
	w.server.Close(w.remote, 1, false)
	w.server.Close(w.remote, 2, false)
	limits := func(o *Options) { o.Limits = forge.Limits{Open: 2, Hour: 3} }
	w.propose(w.proposal("medium", map[string]string{"a.js": "m"}), forge.Create, limits)
	if out := w.propose(w.proposal("low", map[string]string{"a.js": "l"}), forge.Refuse, limits); !strings.Contains(out.Reason, "in the last hour") {
		t.Errorf("%+v", out)
	}
	w.clock.now = w.clock.now.Add(2 * time.Hour)
	w.propose(w.proposal("low", map[string]string{"a.js": "l"}), forge.Create, limits)
}

// TestRequests holds how many requests the usual nights cost.
func TestRequests(t *testing.T) {
	w := newWorld(t)
	phases := map[string]map[string]string{"critical": {"a.js": "a2\n"}, "high": {"b.js": "b2\n"}, "medium": {"lib/c.js": "c2\r\n"}}
	for _, row := range []struct {
		what              string
		want              forge.Action
		requests, written int
	}{
		{"create", forge.Create, 1 + 3*5, 3 * 2}, // two look, two push, one makes
		{"nothing", forge.NoOp, 1 + 3*2, 0},
	} {
		w.server.Forget()
		g := w.run()
		for phase, changes := range phases {
			if out, err := g.Propose(context.Background(), w.proposal(phase, changes)); err != nil || out.Action != row.want {
				t.Fatalf("%s: %+v, %v", phase, out, err)
			}
		}
		if n := len(w.server.Log()); n != row.requests {
			t.Errorf("%s: %d requests, want %d: %v", row.what, n, row.requests, w.server.Log())
		}
		w.writes(row.written)
	}
}
