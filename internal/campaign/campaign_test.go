package campaign

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/vcs/forge"
)

func dial(t *testing.T, folder string) *Bus {
	t.Helper()
	b, err := Dial(t.Context(), Where{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func list(names ...string) Source {
	return List(strings.NewReader(strings.Join(names, "\n")), "github.com")
}

// TestHandover: processes share a folder; when the one with the server ends, another
// one takes over, and nothing is lost.
func TestHandover(t *testing.T) {
	folder := t.TempDir()
	first, err := Dial(t.Context(), Where{Folder: folder})
	if err != nil {
		t.Fatal(err)
	}
	second, third := dial(t, folder), dial(t, folder)
	c, err := first.Create(t.Context(), Config{Name: "spring"})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := c.Fill(t.Context(), list("a/b", "# no", "a/c", "https://github.com/A/B.git")); err != nil || n != (Filled{2, 1}) {
		t.Fatalf("%+v %v", n, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	for _, b := range []*Bus{second, third} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		o, err := b.Open(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		if left, err := o.left(ctx); err != nil || left != 2 {
			t.Errorf("%d left, %v", left, err)
		}
	}
	if _, err := second.Open(t.Context(), "autumn"); err == nil || !strings.Contains(err.Error(), "there is spring") {
		t.Errorf("%v", err)
	}
}

// TestRetry: what is done is not done again, and what is aside is, when asked.
func TestRetry(t *testing.T) {
	b := dial(t, t.TempDir())
	c, err := b.Create(t.Context(), Config{Name: "r"})
	if err != nil {
		t.Fatal(err)
	}
	for id, state := range map[string]string{"1": Aside, "2": Done, "3": Skipped, "4": Waiting} {
		e := Entry{ID: id, Host: "github.com", Repository: job.Repository{Name: "a/" + id, URL: "https://github.com/a/" + id}, State: state, Failed: 3}
		if _, err := put(t.Context(), c.kv, repoKey+id, e, 0); err != nil {
			t.Fatal(err)
		}
	}
	check := func(all bool, names []string, want int, left uint64) {
		t.Helper()
		n, err := c.Retry(t.Context(), all, names)
		if err != nil || n != want {
			t.Errorf("%d again, %v", n, err)
		}
		if got, err := c.left(t.Context()); err != nil || got != left {
			t.Errorf("%d left, %v", got, err)
		}
	}
	check(false, nil, 1, 2)
	check(true, nil, 1, 3)
	check(false, []string{"a/2"}, 1, 4)
	check(false, nil, 0, 4)
	if _, err := c.Retry(t.Context(), false, []string{"a/9"}); err == nil || !strings.Contains(err.Error(), "a/9 is not in the campaign") {
		t.Errorf("%v", err)
	}
	if e, _, _, err := c.entry(t.Context(), "1"); err != nil || e.State != Waiting || e.Failed != 0 {
		t.Errorf("%+v %v", e, err)
	}
}

func TestNamed(t *testing.T) {
	for line, want := range map[string]string{
		"a/b": "https://github.com/a/b.git", "https://ghe.example.com/a/b/": "https://ghe.example.com/a/b.git", "git@github.com:a/b.git": "https://github.com/a/b.git",
		"a": "", "a/b/c": "", "http://elsewhere/a/b": "", "./nowhere": "", "-x/..": "",
	} {
		r, err := named(line, "github.com")
		if r.URL != want || (err == nil) != (want != "") {
			t.Errorf("%q: %+v, %v", line, r, err)
		}
	}
	one, host := identify(job.Repository{URL: "https://GitHub.com/A/B"})
	two, _ := identify(job.Repository{URL: "https://github.com/a/b.git"})
	if one != two || host != "github.com" {
		t.Errorf("%s %s %s", one, two, host)
	}
}

// TestTakenOver: a worker whose job another one has taken over changes nothing any
// more, and may not write.
func TestTakenOver(t *testing.T) {
	b := dial(t, t.TempDir())
	c, err := b.Create(t.Context(), Config{Name: "o", Tries: 2})
	if err != nil {
		t.Fatal(err)
	}
	conf, err := c.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	one, two := &Worker{Name: "one", bus: b, c: c}, &Worker{Name: "two", bus: b, c: c}
	one.conf.Store(&conf)
	repo := job.Repository{Name: "a/b", URL: "https://github.com/a/b"}
	first, mine, err := one.begin(t.Context(), conf, "1", "github.com", repo)
	if err != nil || !mine {
		t.Fatal(mine, err)
	}
	g := &gate{w: one, conf: conf, id: "1", attempt: first.Attempt}
	if done, err := g.Take(t.Context()); err != nil {
		t.Fatal(err)
	} else {
		done()
	}
	second, mine, err := two.begin(t.Context(), conf, "1", "github.com", repo)
	if err != nil || !mine || second.Lost != 1 {
		t.Fatal(second, mine, err)
	}
	if _, err := g.Take(t.Context()); !errors.Is(err, errTaken) {
		t.Errorf("it may write: %v", err)
	}
	if _, _, err := one.end(t.Context(), conf, "1", first.Attempt, job.Outcome{State: job.Done}, nil, g); !errors.Is(err, errTaken) {
		t.Errorf("it may end it: %v", err)
	}
	// Paused and closed campaigns write nothing, and that is no failed try.
	if err := c.SetStatus(t.Context(), Paused); err != nil {
		t.Fatal(err)
	}
	if err := two.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	g = &gate{w: two, conf: conf, id: "1", attempt: second.Attempt}
	if _, err := g.Take(t.Context()); !errors.Is(err, errLater) {
		t.Errorf("paused: %v", err)
	}
	e, _, err := two.end(t.Context(), conf, "1", second.Attempt, job.Outcome{}, errors.New("x"), g)
	if err != nil || e.State != Waiting || e.Failed != 0 || e.Reason != "the campaign is paused" {
		t.Errorf("%+v %v", e, err)
	}
	// It fails, and at last it is aside; so it is, too, if workers are gone too often.
	for n := 1; n <= conf.Tries; n++ {
		e, mine, err := two.begin(t.Context(), conf, "1", "github.com", repo)
		if err != nil || !mine {
			t.Fatal(mine, err)
		}
		if e, _, err = two.end(t.Context(), conf, "1", e.Attempt, job.Outcome{}, errors.New("it\nbroke"), &gate{w: two, conf: conf}); err != nil || e.Failed != n || e.Reason != "it broke" || (e.State == Aside) != (n == conf.Tries) {
			t.Errorf("%+v %v", e, err)
		}
	}
	for range maxLost*conf.Tries + 1 {
		if e, mine, err = two.begin(t.Context(), conf, "2", "github.com", repo); err != nil {
			t.Fatal(err)
		}
	}
	if mine || e.State != Aside {
		t.Errorf("%+v %v", e, mine)
	}
}

// TestStatus: what others wrote stays text, and the JSON can be read.
func TestStatus(t *testing.T) {
	b := dial(t, t.TempDir())
	c, err := b.Create(t.Context(), Config{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range []Entry{
		{State: Done, Parts: []Part{{Part: job.Part{Action: forge.Create, Branch: "unleak/critical", Number: 4, URL: "https://github.com/a/0/pull/4"}, Standing: standingMerged}}},
		{State: Aside, Failed: 3, Reason: "bad \x1b[31m|`thing`"},
		{State: Done, Parts: []Part{{Part: job.Part{Action: forge.Hold, Branch: "unleak/high", Number: 5, Reason: "somebody was here"}, Standing: standingOpen}}},
	} {
		e.ID, e.Host, e.Repository = fmt.Sprint(n), "github.com", job.Repository{Name: fmt.Sprintf("a/%d", n)}
		e.Begun, e.Ended = time.Now().Add(-time.Second), time.Now()
		if _, err := put(t.Context(), c.kv, repoKey+e.ID, e, 0); err != nil {
			t.Fatal(err)
		}
	}
	g := &gate{w: &Worker{bus: b, c: c}, conf: Config{Name: "s"}, id: "0"}
	for _, r := range []ledger.Record{{ID: "1", Stage: ledger.Before, Operation: ledger.Push}, {ID: "1", Stage: ledger.After, Operation: ledger.Push, Branch: "x|y", Outcome: "done"}, {ID: "2", Stage: ledger.Before, Operation: ledger.Create}} {
		if err := g.Record(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var text, report, data bytes.Buffer
	if err := errors.Join(c.Text(t.Context(), &text, 20), c.Report(t.Context(), &report), c.JSON(t.Context(), &data)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"3 repositories", "2 done, 0 skipped, 1 aside", "pull requests: 1 open, 1 merged", "a/1: bad", "(3 tries)", "a/2: hold unleak/high", "merged a/0"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &text)
		}
	}
	for _, want := range []string{"`push x\\|y`", "begun; its end is not known", "## Aside"} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("there is no %q in\n%s", want, &report)
		}
	}
	if strings.Contains(text.String()+report.String(), "\x1b") {
		t.Error("a control character came through")
	}
	var read struct {
		Repositories []Entry
		Summary      Summary
	}
	if err := json.Unmarshal(data.Bytes(), &read); err != nil || len(read.Repositories) != 3 || read.Summary.Person != 1 {
		t.Errorf("%v %+v", err, read)
	}
}

// TestClones finds repositories in folders, and what their remotes name.
func TestClones(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"init", "-q", "a"}, {"init", "-q", "--bare", "group/b.git"}, {"-C", "a", "remote", "add", "origin", "git@github.com:o/a.git"}, {"-C", "group/b.git", "remote", "add", "origin", "https://github.com/o/b"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v %s", err, out)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "other", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]string{"": "a group/b.git", "origin": "https://github.com/o/a.git https://github.com/o/b.git"} {
		var got []string
		err := Clones(dir, remote)(t.Context(), func(r job.Repository) error {
			name := r.URL
			if r.Dir != "" {
				name, _ = filepath.Rel(dir, r.Dir)
			}
			got = append(got, name)
			return nil
		})
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v %v", remote, got, err)
		}
	}
}
