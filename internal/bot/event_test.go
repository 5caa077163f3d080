package bot

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDecide: what events mean.
func TestDecide(t *testing.T) {
	const repo = `"installation":{"id":7},"repository":{"full_name":"harbor/town","default_branch":"main"}`
	pull := func(more string) string {
		return `{"action":"opened",` + repo + `,"pull_request":{"number":3,"state":"open"` + more + `}}`
	}
	comment := func(body, author, more string) string {
		return fmt.Sprintf(`{"action":"created",%s,"issue":{"number":3,"pull_request":{}},"comment":{"id":9,"body":%q,"user":%s%s}}`, repo, body, author, more)
	}
	ann := `{"login":"ann","type":"User"}`
	for _, c := range []struct{ event, body, want string }{
		{"push", `{"ref":"refs/heads/main","after":"c",` + repo + `}`, "reconcile harbor/town"},
		{"push", `{"ref":"refs/heads/other",` + repo + `}`, "not the default branch"},
		{"push", `{"ref":"refs/tags/main",` + repo + `}`, "not the default branch"},
		{"push", `{"ref":"refs/heads/main","deleted":true,` + repo + `}`, "deleted"},
		{"push", `{"ref":"refs/heads/main","repository":{"full_name":"a/b","default_branch":"main","archived":true}}`, "archived"},
		{"pull_request", pull(""), "check harbor/town 3"},
		{"pull_request", pull(`,"draft":true`), "draft"},
		{"pull_request", strings.ReplaceAll(pull(""), "opened", "labeled"), "nothing of what it adds"},
		{"pull_request", strings.ReplaceAll(pull(""), `"opened"`, `"edited","changes":{"title":{"from":"x"}}`), "nothing of what it adds"},
		{"pull_request", strings.ReplaceAll(pull(""), `"opened"`, `"edited","changes":{"base":{"ref":{"from":"x"}}}`), "check harbor/town 3"},
		{"pull_request", strings.ReplaceAll(pull(`,"draft":true`), "opened", "ready_for_review"), "draft"},
		{"issue_comment", comment("/unleak rebase", ann, ""), "command harbor/town 9"},
		{"issue_comment", comment(" \r\n/unleak   ignore  interval\r\nthanks", ann, ""), "command harbor/town 9"},
		{"issue_comment", comment("please\n/unleak rebase", ann, ""), "no command"},
		{"issue_comment", comment("/unleakx", ann, ""), "no command"},
		{"issue_comment", comment("> /unleak rebase", ann, ""), "no command"},
		{"issue_comment", comment("/unleak rebase", `{"login":"unleak[bot]","type":"Bot"}`, ""), "a program"},
		{"issue_comment", comment("/unleak rebase", `{"login":"x","type":"Bot"}`, ""), "a program"},
		{"issue_comment", comment("/unleak rebase", ann, `,"performed_via_github_app":{"id":1}`), "a program"},
		{"issue_comment", comment("/unleak rebase", ann, `,"performed_via_github_app":null`), "command harbor/town 9"},
		{"issue_comment", strings.ReplaceAll(comment("/unleak rebase", ann, ""), "created", "edited"), "no new comment"},
		{"issue_comment", comment("/unleak rebase", `{"login":"a/../b","type":"User"}`, ""), "error"},
		{"installation", `{"action":"created","installation":{"id":7},"repositories":[{"full_name":"harbor/town"},{"full_name":"harbor/pier"}]}`, "reconcile harbor/town; reconcile harbor/pier"},
		{"installation", `{"action":"deleted","installation":{"id":7},"repositories":[{"full_name":"harbor/town"}]}`, "no repository was added"},
		{"installation_repositories", `{"action":"added","installation":{"id":7},"repositories_added":[{"full_name":"harbor/pier"}]}`, "reconcile harbor/pier"},
		{"installation_repositories", `{"action":"removed","installation":{"id":7},"repositories_added":[]}`, "no repository was added"},
		{"installation", `{"action":"created"}`, "error"},
		{"installation_repositories", `{"action":"added","installation":{"id":7},"repositories_added":[{"full_name":"../../x"}]}`, "error"},
		{"star", `{"action":"created",` + repo + `}`, "nothing is to do"},
		{"ping", `{"zen":"z"}`, "only asks"},
	} {
		d, err := Decide(c.event, []byte(c.body))
		got := d.Reason
		var keys []string
		for _, w := range d.Work {
			keys = append(keys, w.key())
			if w.Installation != 7 {
				t.Errorf("%s: installation %d", c.body, w.Installation)
			}
		}
		if len(keys) > 0 {
			got = strings.Join(keys, "; ")
		}
		if err != nil {
			got = "error"
		}
		if !strings.Contains(got, c.want) || len(keys) > 0 && got != c.want {
			t.Errorf("%s %s: %q, want %q", c.event, c.body, got, c.want)
		}
	}
	d, _ := Decide("issue_comment", []byte(comment(" \n/unleak   ignore  interval\nthanks", ann, "")))
	if len(d.Work) != 1 || d.Work[0].Text != "/unleak ignore interval" || d.Work[0].By != "ann" || !d.Work[0].Pull {
		t.Errorf("%+v", d.Work)
	}
}

// TestBudget: what is asked for at once is written one after the other, within every
// window, and after a pause that GitHub asked for.
func TestBudget(t *testing.T) {
	b := &budget{turn: make(chan struct{}, 1)}
	now := time.Now()
	var at []time.Time
	for len(at) < 700 {
		wait := b.full(now)
		if wait <= 0 {
			at = append(at, now)
			continue
		}
		now = now.Add(wait)
	}
	for _, w := range windows {
		for i := w.n; i < len(at); i++ {
			if d := at[i].Sub(at[i-w.n]); d < w.per {
				t.Fatalf("%d writes within %s", w.n+1, d)
			}
		}
	}
	if d := at[len(at)-1].Sub(at[0]); d > 3*time.Hour {
		t.Errorf("700 writes take %s", d)
	}
	now = now.Add(2 * time.Hour)
	b.until = now.Add(time.Minute)
	if wait := b.full(now); wait != time.Minute {
		t.Errorf("a pause of a minute is one of %s", wait)
	}
}

// TestExplain: every kind can be explained in a comment, and what is no kind is told.
func TestExplain(t *testing.T) {
	text, err := explain("interval")
	if err != nil || !strings.Contains(text, "`clearInterval($HANDLE)`") {
		t.Errorf("%s %v", text, err)
	}
	if text, err = explain("`@everyone"); err != nil || !strings.Contains(text, "There is no kind `` `@everyone ``") {
		t.Errorf("%s %v", text, err)
	}
	for kind, want := range map[string]bool{"interval": true, "": false, "no-such-kind": false, "../x": false, "interval -->": false} {
		if got, err := knows(kind, nil); err != nil || got != want {
			t.Errorf("%q is known: %v, %v", kind, got, err)
		}
	}
}
