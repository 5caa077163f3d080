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
	"slices"
	"strings"
	"sync"
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

// TestBudget: however many ask at once, no two writes are nearer than allowed, and
// no more come in a minute.
func TestBudget(t *testing.T) {
	b := dial(t, t.TempDir())
	r := Rates{Spacing: 20 * time.Millisecond, Minute: 12, Hour: 100, Lease: time.Second}
	var mu sync.Mutex
	var came []time.Time
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	for range 6 {
		all.Go(func() {
			own, err := b.Budget(ctx, "somebody", r) // as another process would
			if err != nil {
				t.Error(err)
				return
			}
			for {
				done, err := own.Take(ctx)
				if err != nil {
					return
				}
				time.Sleep(time.Millisecond)
				mu.Lock()
				came = append(came, time.Now())
				mu.Unlock()
				done()
			}
		})
	}
	all.Wait()
	slices.SortFunc(came, time.Time.Compare)
	if len(came) != r.Minute {
		t.Errorf("%d writes within a minute", len(came))
	}
	for i := 1; i < len(came); i++ {
		if d := came[i].Sub(came[i-1]); d < r.Spacing-2*time.Millisecond {
			t.Errorf("two were %s apart", d)
		}
	}
}

// TestAccount: a write counts from its end; one whose end nobody told, until its
// lease is over; and a pause is one for all.
func TestAccount(t *testing.T) {
	r := Rates{Spacing: time.Second, Minute: 3, Hour: 4, Lease: 10 * time.Second}
	now := time.UnixMilli(10_000_000_000)
	at := func(ago, took time.Duration) spent {
		from := now.Add(-ago)
		s := spent{ID: "x", From: from.UnixMilli()}
		if took >= 0 {
			s.Till = from.Add(took).UnixMilli()
		}
		return s
	}
	for name, c := range map[string]struct {
		a    account
		want time.Duration
		open bool
	}{
		"nothing":      {account{}, -now.Sub(time.UnixMilli(0)), false},
		"just":         {account{Writes: []spent{at(500*time.Millisecond, 0)}}, 500 * time.Millisecond, false},
		"its end":      {account{Writes: []spent{at(2*time.Second, 1500*time.Millisecond)}}, 500 * time.Millisecond, false},
		"under way":    {account{Writes: []spent{at(4*time.Second, -1)}}, 7 * time.Second, true},
		"never told":   {account{Writes: []spent{at(30*time.Second, -1)}}, -19 * time.Second, false},
		"minute":       {account{Writes: []spent{at(50*time.Second, 0), at(40*time.Second, 0), at(30*time.Second, 0)}}, 10 * time.Second, false},
		"hour":         {account{Writes: []spent{at(50*time.Minute, 0), at(40*time.Minute, 0), at(30*time.Minute, 0), at(20*time.Minute, 0)}}, 10 * time.Minute, false},
		"long ago":     {account{Writes: []spent{at(2*time.Hour, 0), at(2*time.Hour, 0), at(2*time.Hour, 0), at(2*time.Hour, 0)}}, -now.Sub(time.UnixMilli(0)), false},
		"a long pause": {account{Until: now.Add(time.Minute).UnixMilli()}, time.Minute, false},
	} {
		if wait, open := c.a.wait(now, r); wait != c.want || open != c.open {
			t.Errorf("%s: %s, %v", name, wait, open)
		}
	}
}

// TestSlots: limits hold over the whole campaign, asking again changes nothing, and
// what was not used is given back.
func TestSlots(t *testing.T) {
	b := dial(t, t.TempDir())
	c, err := b.Create(t.Context(), Config{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(conf Config, id, branch string, want bool) {
		t.Helper()
		reason, err := c.openSlot(t.Context(), conf, id, branch)
		if err != nil || (reason == "") != want {
			t.Errorf("%s %s: %q, %v", id, branch, reason, err)
		}
	}
	conf := Config{Open: 2, Hour: 3}
	ask(conf, "a", "x", true)
	ask(conf, "b", "x", true)
	ask(conf, "c", "x", false)
	ask(conf, "a", "x", true)
	if full, err := c.full(t.Context(), conf); err != nil || !full {
		t.Errorf("full: %v %v", full, err)
	}
	unused := &Entry{ID: "b"}
	if err := c.settleSlots(t.Context(), conf, unused, []string{"x"}); err != nil {
		t.Fatal(err)
	}
	ask(conf, "c", "x", true)
	made := &Entry{ID: "a", Host: "h", Parts: []Part{{Part: job.Part{Branch: "x", Number: 7, Action: forge.Create}, Standing: standingOpen}}}
	if _, err := put(t.Context(), c.kv, repoKey+"a", made, 0); err != nil {
		t.Fatal(err)
	}
	if err := c.settleSlots(t.Context(), conf, made, []string{"x"}); err != nil {
		t.Fatal(err)
	}
	ask(conf, "d", "x", false)
	looks := 0
	for range 2 { // the second one comes too soon
		err := c.lookAgain(t.Context(), time.Hour, func(_ context.Context, e *Entry, number int) (string, error) {
			looks++
			return standingMerged, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ask(conf, "d", "x", true) // a is merged
	ask(conf, "e", "x", false)
	if e, _, _, err := c.entry(t.Context(), "a"); err != nil || looks != 1 || e.Parts[0].Standing != standingMerged {
		t.Errorf("%d looks, %+v, %v", looks, e, err)
	}
	ask(Config{Hour: 3}, "e", "x", false)
	ask(Config{}, "e", "x", true)
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

func TestWindow(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, zone)
	for _, c := range []struct {
		text string
		at   time.Duration
		want bool
	}{
		{"mon-fri 09:00-17:00 Europe/Berlin", 9 * time.Hour, true}, {"mon-fri 09:00-17:00 Europe/Berlin", 17 * time.Hour, false},
		{"mon-fri 09:00-17:00 Europe/Berlin", 5*24*time.Hour + 10*time.Hour, false}, {"sat,sun 00:00-24:00 Europe/Berlin", 5*24*time.Hour + 23*time.Hour, true},
		{"mon 22:00-06:00 Europe/Berlin", 23 * time.Hour, true}, {"mon 22:00-06:00 Europe/Berlin", 24*time.Hour + 5*time.Hour, true}, {"mon 22:00-06:00 Europe/Berlin", 5 * time.Hour, false},
		{"fri-mon 08:00-09:00 Europe/Berlin", 6*24*time.Hour + 8*time.Hour, true}, {"08:00-09:00", 9*time.Hour + 30*time.Minute, true},
	} {
		if got := mayWrite([]string{c.text}, monday.Add(c.at)); got != c.want {
			t.Errorf("%s at %s: %v", c.text, monday.Add(c.at), got)
		}
	}
	for _, bad := range []string{"", "mon", "mon 9-17", "foo 09:00-10:00", "mon 09:00-10:00 Nowhere/At", "mon 09:00-10:00 UTC more", "mon 25:00-26:00"} {
		if _, err := parseWindow(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if !mayWrite(nil, time.Now()) {
		t.Error("without windows it may not write")
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
