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

func TestAdorn(t *testing.T) {
	w := newWorld(t)
	w.remote.Labels, w.remote.Milestones, w.remote.Teams, w.remote.AllowAutoMerge = []string{"bug"}, []string{"Next", "Later"}, []string{"core"}, true
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	p.Labels, p.Reviewers, p.TeamReviewers, p.Assignees = []string{"bug", "leak"}, []string{"ann", "bot"}, []string{"core"}, []string{"ann"}
	p.Milestone, p.AutoMerge = "Later", true
	out := w.propose(p, forge.Create, func(o *Options) { o.MergeMethod = "squash" })
	v := w.pull(out.Number)
	if got := fmt.Sprintf("%s %s %s %s %s %s", v.Labels, v.Reviewers, v.Teams, v.Assignees, v.Milestone, v.AutoMerge); got != "[bug leak] [ann] [core] [ann] Later SQUASH" {
		t.Errorf("%s; notes %q", got, out.Notes)
	}
	if len(out.Notes) > 0 || !slices.Contains(w.remote.Labels, "leak") {
		t.Errorf("notes %q, labels %q", out.Notes, w.remote.Labels)
	}
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)

	// What cannot be is left out and told; all else is done.
	w.remote.AllowAutoMerge = false
	p = w.proposal("high", map[string]string{"b.js": "b2\n"})
	p.Labels, p.Reviewers, p.TeamReviewers, p.Assignees = []string{"bug", "missing"}, []string{"ann", "nobody"}, []string{"core", "none"}, []string{"ann", "nobody"}
	p.Milestone, p.AutoMerge = "Never", true
	out = w.propose(p, forge.Create, func(o *Options) { o.CreateLabels = false })
	v = w.pull(out.Number)
	if got := fmt.Sprintf("%s %s %s %s%s%s", v.Labels, v.Reviewers, v.Teams, v.Assignees, v.Milestone, v.AutoMerge); got != "[bug] [ann] [core] [ann]" {
		t.Error(got)
	}
	notes := strings.Join(out.Notes, "\n")
	for _, want := range []string{`"missing"`, "nobody was not asked", "team none", "nobody cannot be assigned", `"Never"`, "do not allow auto-merge"} {
		if !strings.Contains(notes, want) {
			t.Errorf("no note speaks of %s:\n%s", want, notes)
		}
	}
	if slices.Contains(w.remote.Labels, "missing") {
		t.Error("a label was made that should not be")
	}
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)
	// A label that a person took off stays off, in an update too.
	update := w.proposal("high", map[string]string{"b.js": "b3\n"})
	update.Labels, update.More = []string{"bug", "leak"}, []string{"More."}
	w.propose(update, forge.Update)
	if v = w.pull(out.Number); len(v.Labels) != 1 {
		t.Errorf("labels %q", v.Labels)
	}
}

func TestParts(t *testing.T) {
	w := newWorld(t)
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	p.More = []string{"One.", "Two.", "Three."}
	out := w.propose(p, forge.Create)
	w.server.Comment(w.remote, out.Number, "ann", "I quote:\n\n<!-- unleak:1 part 3 -->")
	p = w.proposal("critical", map[string]string{"a.js": "a3\n"})
	p.More = []string{"One.", "Two, changed."}
	w.server.Forget()
	w.propose(p, forge.Update)
	v := w.pull(out.Number)
	if len(v.Comments) != 3 || !strings.HasPrefix(v.Comments[0], "One.") || !strings.HasPrefix(v.Comments[1], "Two, changed.") || !strings.HasPrefix(v.Comments[2], "I quote") {
		t.Errorf("comments %q", v.Comments)
	}
	n := 0
	for _, r := range w.server.Log() {
		if strings.Contains(r.Path, "/comments") && r.Write() {
			n++
		}
	}
	if n != 2 {
		t.Errorf("%d comments were written, one changed and one went", n)
	}
	p = w.proposal("critical", map[string]string{"a.js": "a4\n"})
	w.propose(p, forge.Update)
	if v := w.pull(out.Number); len(v.Comments) != 1 {
		t.Errorf("comments %q", v.Comments)
	}
}

func TestFork(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.remote.Rights["bot"] = "read"
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		out := w.propose(p, forge.Create)
		if v := w.pull(out.Number); v.Head != string(p.Commit) || v.Author != "bot" || w.head("unleak/critical") != "" {
			t.Errorf("%+v", v)
		}
		w.server.Forget()
		w.propose(p, forge.NoOp)
		w.writes(0)
		w.ok(w.remote.Commit("main", "b.js", "moved\n"))
		w.fetch()
		up := w.proposal("critical", map[string]string{"a.js": "a3\n"})
		w.propose(up, forge.Update)
		if v := w.pull(out.Number); v.Head != string(up.Commit) {
			t.Errorf("%+v", v)
		}
		// A child cannot go to a branch of the fork: it goes to the base.
		parent, child := w.stack("a3\n", "a4\n")
		_, second := w.proposeBoth(parent, child, forge.NoOp, forge.Create)
		if v := w.pull(second.Number); v.Base != "main" {
			t.Errorf("%+v", v)
		}
		w.propose(w.proposal("critical", nil), forge.Close)
		if v := w.pull(out.Number); v.Open {
			t.Errorf("%+v", v)
		}
		w.server.Close(w.remote, second.Number, false)
		child.RestsOn = ""
		w.propose(child, forge.Ignore)
	})
}

// TestForkUnderAnotherName: the token's owner has another repository of the name.
func TestForkUnderAnotherName(t *testing.T) {
	w := newWorld(t)
	w.remote.Rights["bot"] = "read"
	w.server.Repo("bot", "demo")
	p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
	w.propose(p, forge.Create)
	w.server.Forget()
	w.propose(p, forge.NoOp)
	w.writes(0)
}

func TestApp(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		app := w.server.App("unleak")
		w.remote.Rights["unleak[bot]"] = "push"
		as := func(o *Options) { o.Tokens, o.App = nil, &App{ID: app.ID, KeyFile: app.KeyFile} }
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		p.Labels = []string{"bug"}
		out := w.propose(p, forge.Create, as)
		if v := w.pull(out.Number); v.Author != "unleak[bot]" {
			t.Errorf("%+v", v)
		}
		w.server.Forget()
		w.propose(p, forge.NoOp, as, func(o *Options) { o.App.Installation = app.Installation })
		for _, r := range w.server.Writes() {
			if !strings.Contains(r.Path, "access_tokens") {
				t.Errorf("a write: %v", r)
			}
		}
		who, err := w.run(as).Identity(context.Background())
		if err != nil || who.Name != "unleak[bot]" || !strings.Contains(who.Email, "+unleak[bot]@users.noreply.") {
			t.Errorf("%+v, %v", who, err)
		}
		// Its tokens live for less than a minute: each request has a new one.
		app.Lives = 30 * time.Second
		w.server.Forget()
		w.propose(w.proposal("high", map[string]string{"b.js": "b2\n"}), forge.Create, as)
		made := 0
		for _, r := range w.server.Log() {
			if strings.HasSuffix(r.Path, "/access_tokens") {
				made++
			}
		}
		if made < 4 {
			t.Errorf("%d tokens were made", made)
		}
		delete(w.remote.Rights, "unleak[bot]")
		if _, err := w.run(as).Propose(context.Background(), p); err == nil || !strings.Contains(err.Error(), "not installed") {
			t.Errorf("not installed: %v", err)
		}
	})
}

func TestStatus(t *testing.T) {
	w := newWorld(t)
	w.propose(w.proposal("critical", map[string]string{"a.js": "1"}), forge.Create)
	w.propose(w.proposal("high", map[string]string{"a.js": "2"}), forge.Create)
	draft := w.proposal("medium", map[string]string{"a.js": "3"})
	draft.Draft = true
	w.propose(draft, forge.Create)
	w.propose(w.proposal("low", map[string]string{"b.js": "4"}), forge.Create)
	w.propose(w.proposal("lower", map[string]string{"lib/c.js": "5"}), forge.Create)
	w.ok(w.remote.Commit("unleak/high", "b.js", "a person's\n"))
	w.server.Merge(w.remote, 4, true, true)
	w.server.Close(w.remote, 5, false)
	_, stranger := w.server.User("mallory")
	w.propose(w.proposal("foreign", map[string]string{"a.js": "6"}), forge.Create, func(o *Options) { o.Tokens, o.Fork = Token(stranger), ForkAlways })
	w.ok(w.remote.Branch("unleak/alone", "main", "a.js", "x"))
	w.ok(w.remote.Branch("other/alone", "main", "a.js", "x"))
	w.server.Edit(w.remote, 1, "Red \x1b[31m alert\u202e", "", "")
	w.server.Forget()
	list, err := w.run().Status(context.Background(), "unleak/")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprintf("%d %s %s edited=%v there=%v", s.Number, s.Branch, s.State, s.Edited, s.Commit != ""))
	}
	want := []string{"5 unleak/lower closed edited=false there=true", "4 unleak/low merged edited=false there=false", "3 unleak/medium draft edited=false there=true",
		"2 unleak/high open edited=true there=true", "1 unleak/critical open edited=false there=true", "0 unleak/alone branch edited=false there=true"}
	if !slices.Equal(got, want) {
		t.Errorf("status:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	w.writes(0)
	if title := list[len(list)-2].Title; title != "Red [31m alert" {
		t.Errorf("title %q", title)
	}
}

// TestManyPages: more branches and pull requests than a page holds.
func TestManyPages(t *testing.T) {
	w := newWorld(t)
	w.server.MaxPage = 3
	g := w.run()
	const n = 8
	for i := range n {
		out, err := g.Propose(context.Background(), w.proposal(fmt.Sprintf("p%03d", i), map[string]string{"a.js": fmt.Sprint(i)}))
		if err != nil || out.Action != forge.Create {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	list, err := w.run().Status(context.Background(), "unleak/")
	if err != nil || len(list) != n {
		t.Errorf("%d stand, %v", len(list), err)
	}
	p := w.proposal("p000", map[string]string{"a.js": "other"})
	for range 7 {
		w.server.Comment(w.remote, 1, "ann", "Well.")
	}
	p.More = []string{"One.", "Two."}
	w.propose(p, forge.Update)
	p = w.proposal("p000", map[string]string{"a.js": "yet another"})
	p.More = []string{"One."}
	w.propose(p, forge.Update)
	if v := w.pull(1); len(v.Comments) != 8 {
		t.Errorf("comments %q", v.Comments)
	}
	out := w.propose(w.proposal("more", map[string]string{"a.js": "x"}), forge.Refuse, func(o *Options) { o.Limits.Open = n })
	if !strings.Contains(out.Reason, "8 pull requests are open") {
		t.Errorf("%+v", out)
	}
}

// TestStandInIsStrict: the stand-in finds fault with what GitHub's description does
// not allow, or all of these tests would say little.
func TestStandInIsStrict(t *testing.T) {
	inner := &recordingTB{T: t}
	s := githubtest.Start(inner)
	_, token := s.User("bot")
	s.Repo("acme", "demo", "bot")
	for _, row := range []struct{ method, path, body string }{
		{"POST", "/repos/acme/demo/pulls", `{"title":"x","head":1,"base":"main"}`},
		{"POST", "/repos/acme/demo/pulls", `{"title":"x","head":"x"}`},
		{"POST", "/repos/acme/demo/pulls", `{"title":"x","head":"x","base":"main","unknown":1}`},
		{"POST", "/repos/acme/demo/labels", `{"color":"fff"}`},
		{"GET", "/repos/acme/demo/pulls?state=ajar", ""},
		{"GET", "/repos/acme/demo/unknown", ""},
		{"POST", "/graphql", `{"query":"mutation { updateRefs(input: {nothing: 1}) { clientMutationId } }"}`},
	} {
		before := len(inner.errors)
		if err := send(s, token, row.method, row.path, row.body); err != nil {
			t.Fatal(err)
		}
		if len(inner.errors) == before {
			t.Errorf("%s %s %s is let through", row.method, row.path, row.body)
		}
	}
}
