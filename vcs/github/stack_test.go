package github

import (
	"context"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// stack is a parent that changes a.js and a child that changes the same file on top.
func (w *world) stack(parent, child string) (forge.Proposal, forge.Proposal) {
	w.t.Helper()
	p := w.proposal("critical", map[string]string{"a.js": parent})
	c := w.proposal("high", map[string]string{"a.js": parent + child})
	c.Commit, c.RestsOn = w.commit(p.Commit, map[string]string{"a.js": parent + child}), p.Branch
	return p, c
}

// proposeBoth proposes both in one run.
func (w *world) proposeBoth(p, c forge.Proposal, want ...forge.Action) (forge.Outcome, forge.Outcome) {
	w.t.Helper()
	g := w.run()
	first, err := g.Propose(context.Background(), p)
	if err != nil || first.Action != want[0] {
		w.t.Fatalf("parent: %+v, %v; want %s", first, err, want[0])
	}
	second, err := g.Propose(context.Background(), c)
	if err != nil || second.Action != want[1] {
		w.t.Fatalf("child: %+v, %v; want %s", second, err, want[1])
	}
	return first, second
}

// changes are the files that a pull request shows.
func (w *world) changes(number int) string {
	w.t.Helper()
	v := w.pull(number)
	out, err := w.remote.Git("log", "--format=", "--name-only", "-p", "refs/heads/"+v.Base+"..refs/heads/"+v.Branch)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestStack(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, c := w.stack("a2\n", "a3\n")
		first, second := w.proposeBoth(p, c, forge.Create, forge.Create)
		if v := w.pull(second.Number); v.Base != "unleak/critical" || strings.Contains(w.changes(second.Number), "+a2") {
			t.Errorf("child: %+v\n%s", v, w.changes(second.Number))
		}
		w.server.Forget()
		w.proposeBoth(p, c, forge.NoOp, forge.NoOp)
		w.writes(0)

		// The parent is squashed and its branch deleted: GitHub leads the child to
		// main, and it is made anew.
		w.server.Merge(w.remote, first.Number, true, true)
		w.fetch()
		child := w.proposal("high", map[string]string{"a.js": "a2\na3\n"})
		child.Set, child.Items, child.Patch = c.Set, c.Items, c.Patch
		w.propose(child, forge.Update)
		if v := w.pull(second.Number); v.Base != "main" || w.head("unleak/high") != child.Commit || !v.Open {
			t.Errorf("child: %+v", v)
		}
		w.server.Forget()
		w.propose(child, forge.NoOp)
		w.writes(0)
	})
}

// TestStackParentStays: the parent is merged, and its branch left: nothing leads the
// child elsewhere but the next run.
func TestStackParentStays(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, c := w.stack("a2\n", "a3\n")
		first, second := w.proposeBoth(p, c, forge.Create, forge.Create)
		w.server.Merge(w.remote, first.Number, true, false)
		w.fetch()
		child := w.proposal("high", map[string]string{"a.js": "a2\na3\n"})
		if out := w.propose(child, forge.Update); !strings.Contains(out.Reason, "main") {
			t.Errorf("%+v", out)
		}
		if v := w.pull(second.Number); v.Base != "main" || !v.Open || w.head("unleak/high") != child.Commit {
			t.Errorf("child: %+v", v)
		}
	})
}

// TestStackParentGone: nothing is left of the parent. The child is led to the base
// before the parent's branch is deleted, which would close it.
func TestStackParentGone(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, c := w.stack("a2\n", "a3\n")
		_, second := w.proposeBoth(p, c, forge.Create, forge.Create)
		child := w.proposal("high", map[string]string{"a.js": "a3\n"})
		w.proposeBoth(w.proposal("critical", nil), child, forge.Close, forge.Update)
		if v := w.pull(second.Number); !v.Open || v.Base != "main" || w.head("unleak/high") != child.Commit {
			t.Errorf("child: %+v", v)
		}
		if w.head("unleak/critical") != "" {
			t.Error("the parent's branch is there")
		}
	})
}

// TestStackBaseDeleted: somebody deletes the parent's branch, which closes the
// child. That was no rejection: the child comes again, once.
func TestStackBaseDeleted(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, c := w.stack("a2\n", "a3\n")
		first, second := w.proposeBoth(p, c, forge.Create, forge.Create)
		w.server.Close(w.remote, first.Number, true)
		if w.pull(second.Number).Open {
			t.Fatal("GitHub would have closed the child")
		}
		alone := w.proposal("high", map[string]string{"a.js": "a3\n"})
		out := w.propose(alone, forge.Create)
		if out.Branch != "unleak/high-2" || w.pull(out.Number).Base != "main" {
			t.Errorf("child: %+v", out)
		}
		w.server.Close(w.remote, out.Number, false)
		w.propose(alone, forge.Ignore)
	})
}

// TestStackOnWhatDoesNotStand: a child is not made while its parent is rejected, on
// hold, or nowhere; one that is there stays.
func TestStackOnWhatDoesNotStand(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, c := w.stack("a2\n", "a3\n")
		first := w.propose(p, forge.Create)
		w.server.Close(w.remote, first.Number, false)
		if _, out := w.proposeBoth(p, c, forge.Ignore, forge.Refuse); !strings.Contains(out.Reason, "rests on unleak/critical") {
			t.Errorf("%+v", out)
		}
		w.server.Reopen(w.remote, first.Number)
		w.proposeBoth(p, c, forge.NoOp, forge.Create)
		w.ok(w.remote.Commit("unleak/critical", "b.js", "a person's\n"))
		p2, c2 := w.stack("a2\n", "a3\n")
		w.server.Forget()
		w.proposeBoth(p2, c2, forge.Hold, forge.NoOp)
		w.writes(1) // the comment
		if _, err := w.run().Propose(context.Background(), c); err == nil || !strings.Contains(err.Error(), "not proposed before") {
			t.Errorf("a child without its parent: %v", err)
		}
	})
}

// TestStackLifts: the parent stands, on an older base. A child that is made on the
// newer one brings the parent along, or it would show what is not its own.
func TestStackLifts(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		p, _ := w.stack("a2\n", "a3\n")
		w.propose(p, forge.Create)
		w.ok(w.remote.Commit("main", "b.js", "moved\n"))
		w.fetch()
		p, c := w.stack("a2\n", "a3\n")
		first, second := w.proposeBoth(p, c, forge.NoOp, forge.Create)
		if w.head(first.Branch) != p.Commit {
			t.Error("the parent was left behind")
		}
		if shown := w.changes(second.Number); strings.Contains(shown, "moved") || strings.Contains(shown, "+a2") {
			t.Errorf("the child shows\n%s", shown)
		}
		w.server.Forget()
		w.proposeBoth(p, c, forge.NoOp, forge.NoOp)
		w.writes(0)
	})
}

// TestStackUnderAnotherName: the parent stands under its second name.
func TestStackUnderAnotherName(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		old := w.propose(w.proposal("critical", map[string]string{"b.js": "b2\n"}), forge.Create)
		w.server.Close(w.remote, old.Number, false)
		p, c := w.stack("a2\n", "a3\n")
		_, second := w.proposeBoth(p, c, forge.Create, forge.Create)
		if v := w.pull(second.Number); v.Base != "unleak/critical-2" {
			t.Errorf("child: %+v", v)
		}
	})
}

// TestBaseChangedByAPerson: it is not changed back.
func TestBaseChangedByAPerson(t *testing.T) {
	w := newWorld(t)
	w.ok(w.remote.Git("update-ref", "refs/heads/develop", "refs/heads/main"))
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	out := w.propose(p, forge.Create)
	w.server.Edit(w.remote, out.Number, "", "", "develop")
	w.propose(p, forge.Hold)
	if v := w.pull(out.Number); v.Base != "develop" || len(v.Comments) != 1 || !strings.Contains(v.Comments[0], "change its base to `main`") {
		t.Errorf("%+v", v)
	}
	w.server.Edit(w.remote, out.Number, "", "", "main")
	w.propose(p, forge.NoOp)
}
