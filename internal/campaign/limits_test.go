package campaign

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // of a zone, on a machine that has none

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// TestBudget: however many ask at once, no two writes are nearer than allowed, and
// no more come in a minute.
func TestBudget(t *testing.T) {
	b := dial(t, t.TempDir())
	r := Rates{Spacing: 20 * time.Millisecond, Minute: 12, Hour: 100, Lease: time.Second}
	var mu sync.Mutex
	var came []time.Time
	var all sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
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

func TestWindow(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
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
