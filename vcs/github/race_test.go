package github

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// TestTwoAtOnce: whoever comes second loses, says so, and nothing is lost or double.
func TestTwoAtOnce(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		mine := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		w.clock.now = w.clock.now.Add(time.Hour) // another commit of the same content
		theirs := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		between := func(do func()) {
			op := gitPush
			if w.via == ViaAPI {
				op = "POST /repos/{owner}/{repo}/git/refs"
			}
			w.server.Fail(githubtest.Fault{Operation: op, Do: do})
		}
		between(func() { w.ok(w.remote.Git("update-ref", "refs/heads/unleak/critical", w.push(theirs.Commit))) })
		if out := w.propose(mine, forge.Hold); !strings.Contains(out.Reason, "run again") {
			t.Errorf("%+v", out)
		}
		w.propose(mine, forge.Create)
		w.one(mine)

		// While an update is pushed, a person pushes.
		update := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		op := gitPush
		if w.via == ViaAPI {
			op = "POST /graphql"
		}
		w.server.Fail(githubtest.Fault{Operation: op, Do: func() { w.ok(w.remote.Commit("unleak/critical", "b.js", "a person's\n")) }})
		w.propose(update, forge.Hold)
		if w.show("unleak/critical:b.js") != "a person's" {
			t.Error("a person's commit was overwritten")
		}
		w.propose(update, forge.Hold)

		// The same, earlier: the lease is what was looked at, not what is there when
		// the push begins.
		w.propose(w.proposal("high", map[string]string{"a.js": "a2\n"}), forge.Create)
		w.server.Fail(githubtest.Fault{Operation: patchPull, Do: func() { w.ok(w.remote.Commit("unleak/high", "b.js", "a person's\n")) }})
		w.propose(w.proposal("high", map[string]string{"a.js": "a3\n"}), forge.Hold)
		if w.show("unleak/high:b.js") != "a person's" {
			t.Error("a person's commit was overwritten")
		}
	})
}

// TestMarkerOfTheLoser: another run, which loses the race, writes its marker after
// this one's. The winner puts that right.
func TestMarkerOfTheLoser(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Create)
		op := gitPush
		if w.via == ViaAPI {
			op = "POST /graphql"
		}
		p := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		w.server.Fail(githubtest.Fault{Operation: op, Do: func() {
			w.remote.Rewrite(1, func(body string) string { return strings.ReplaceAll(body, string(p.Commit), strings.Repeat("7", 40)) })
		}})
		w.propose(p, forge.Update)
		w.one(p)
	})
}

// TestTwoUpdatesAtOnce: another run does the same update, and its marker comes
// before this one's. The loser sees that the marker is right.
func TestTwoUpdatesAtOnce(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.propose(w.proposal("critical", map[string]string{"a.js": "a2\n"}), forge.Create)
		mine := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		w.clock.now = w.clock.now.Add(time.Hour)
		theirs := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		op := gitPush
		if w.via == ViaAPI {
			op = "POST /graphql"
		}
		w.server.Fail(githubtest.Fault{Operation: op, Do: func() { w.ok(w.remote.Git("update-ref", "refs/heads/unleak/critical", w.push(theirs.Commit))) }})
		w.propose(mine, forge.Hold)
		w.one(mine)
		w.server.Forget()
		w.propose(mine, forge.NoOp)
		w.writes(0)
		// The findings change and the base moves before anybody runs again: without
		// the marker this would be a stranger's branch.
		w.ok(w.remote.Commit("main", "a.js", "other\n"))
		w.fetch()
		w.propose(w.proposal("critical", map[string]string{"a.js": "other, mended\n"}), forge.Update)
	})
}

// TestConcurrentRuns really runs two at once, some times.
func TestConcurrentRuns(t *testing.T) {
	w := newWorld(t)
	for round := range 5 {
		p := w.proposal("critical", map[string]string{"a.js": fmt.Sprintf("round %d\n", round)})
		type result struct {
			out forge.Outcome
			err error
		}
		results := make(chan result, 2)
		for range 2 {
			g := w.run()
			go func() { out, err := g.Propose(context.Background(), p); results <- result{out, err} }()
		}
		for range 2 {
			r := <-results
			if r.err != nil || !slices.Contains([]forge.Action{forge.Create, forge.Update, forge.NoOp, forge.Hold}, r.out.Action) {
				t.Errorf("%+v, %v", r.out, r.err)
			}
		}
		if out := w.propose(p, forge.NoOp); out.Number != 1 {
			t.Errorf("%+v", out)
		}
		w.one(p)
	}
}
