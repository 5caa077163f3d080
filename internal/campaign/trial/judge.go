package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
)

// result is what came of a stage.
type result struct {
	stage string
	wrong []string
	lines []string
}

func (r *result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", r.stage)
	for _, l := range r.lines {
		fmt.Fprintf(&b, "  %s\n", l)
	}
	for _, w := range r.wrong {
		fmt.Fprintf(&b, "  WRONG: %s\n", w)
	}
	return b.String()
}

func (r *result) say(format string, a ...any)   { r.lines = append(r.lines, fmt.Sprintf(format, a...)) }
func (r *result) fault(format string, a ...any) { r.wrong = append(r.wrong, fmt.Sprintf(format, a...)) }

// mostMemory is what a worker's own process may take, in bytes.
const mostMemory = 300 << 20

// judge looks at everything that must be so.
func (t *trial) judge(ctx context.Context, took time.Duration) (*result, error) {
	r := &result{stage: fmt.Sprintf("%s: %d repositories, %d workers", t.stage, len(t.made), len(t.workers))}
	b, err := dialLong(ctx, t.where)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	c, err := b.Open(ctx, "trial")
	if err != nil {
		return nil, err
	}
	entries := map[string]campaign.Entry{}
	lost := 0
	s, err := c.Summarize(ctx, func(e campaign.Entry) error {
		entries[e.Repository.Name] = e
		lost += e.Lost
		return nil
	})
	if err != nil {
		return nil, err
	}
	pulls := 0
	for _, m := range t.made {
		pulls += t.judgeOne(r, m, entries)
	}
	if len(entries) != len(t.made) || s.Waiting+s.Working != 0 {
		r.fault("%d of %d repositories are known, %d wait, %d are in work", len(entries), len(t.made), s.Waiting, s.Working)
	}
	if _, err := os.Stat(filepath.Join(t.folder, marker)); err == nil {
		r.fault("something of a repository was executed")
	}
	records, err := t.judgeLedger(ctx, r, c)
	if err != nil {
		return nil, err
	}
	writes := t.judgeWrites(r)
	if t.peak > mostMemory {
		r.fault("a worker took %d MB", t.peak>>20)
	}
	if err := t.judgeFolders(r); err != nil {
		return nil, err
	}
	r.say("%d kills -9 of workers, %d servers killed and started again, %d cuts of the network", t.did["kill"], t.did["restart"], t.did["cut"])
	r.say("took %.1f s (making the repositories %.1f s); %d done, %d skipped, %d aside; %d jobs were taken over from a worker that was gone", took.Seconds(), t.making.Seconds(), s.Done, s.Skipped, s.Aside, lost)
	r.say("%d pull requests, none twice; %d records of the ledger", pulls, records)
	r.say("%d writes at GitHub: at least %d ms apart (allowed %d), at most %d within a minute (allowed %d)", writes.n, writes.least.Milliseconds(), t.spacing.Milliseconds(), writes.minute, t.minute)
	f := s.Figures
	r.say("on average a repository took %.0f ms to clone, %.0f ms to scan, %.0f ms of waiting for leave to write, and %.0f ms for the rest", 1000*f.Clone, 1000*f.Scan, 1000*f.Wait, 1000*f.Rest)
	r.say("a worker took %d MB at most, a job %d MB", t.peak>>20, s.Figures.Peak>>20)
	return r, nil
}

// judgeOne looks at one repository, and counts its pull requests.
func (t *trial) judgeOne(r *result, m made, entries map[string]campaign.Entry) int {
	name := m.repo.Owner + "/" + m.repo.Name
	e, found := entries[name]
	switch {
	case !found:
		r.fault("%s was lost", name)
	case e.State != m.state:
		r.fault("%s is %s and not %s: %s", name, e.State, m.state, e.Reason)
	case m.state != campaign.Done && e.Reason == "":
		r.fault("%s is %s without a reason", name, e.State)
	}
	all := t.hub.Pulls(m.repo)
	if len(all) != m.pulls {
		r.fault("%s has %d pull requests and not %d", name, len(all), m.pulls)
	}
	for _, p := range all {
		if !p.Open || p.Branch != "unleak/critical" {
			r.fault("%s #%d is not as it must be: %s", name, p.Number, p.Branch)
		}
		if !slices.ContainsFunc(e.Parts, func(q campaign.Part) bool { return q.Number == p.Number }) {
			r.fault("%s #%d is not known to the campaign", name, p.Number)
		}
	}
	if m.pulls > 0 {
		if out, err := m.repo.Git("fsck", "--strict", "--no-dangling"); err != nil && m.sort.name != "hostile" {
			r.fault("%s: %v %s", name, err, out)
		}
	}
	return len(all)
}

// judgeLedger looks whether every pull request is in the ledger, made once.
func (t *trial) judgeLedger(ctx context.Context, r *result, c *campaign.Campaign) (int, error) {
	before, made := map[string]bool{}, map[string]map[int]bool{}
	n := 0
	err := c.Ledger(ctx, func(rec ledger.Record) error {
		n++
		if rec.Stage == ledger.Before {
			before[rec.ID] = true
			if rec.Operation == ledger.Create && made[rec.Repository] == nil {
				made[rec.Repository] = map[int]bool{}
			}
			return nil
		}
		if !before[rec.ID] {
			r.fault("the ledger has an end without a beginning: %+v", rec)
		}
		if rec.Operation == ledger.Create && rec.Number != 0 {
			made[rec.Repository][rec.Number] = true
		}
		if strings.Contains(fmt.Sprint(rec), t.token) {
			r.fault("the ledger holds the token")
		}
		return nil
	})
	for repo, numbers := range made {
		if len(numbers) > 1 {
			r.fault("the ledger has %d pull requests of %s", len(numbers), repo)
		}
	}
	for _, m := range t.made {
		if name := m.repo.Owner + "/" + m.repo.Name; m.pulls > 0 && made[name] == nil {
			r.fault("the ledger does not have that of %s", name)
		}
	}
	return n, err
}

// measured is what the stand-in saw of writes.
type measured struct {
	n, minute int
	least     time.Duration
}

// judgeWrites measures, by when they came, how close writes were.
func (t *trial) judgeWrites(r *result) measured {
	var came []time.Time
	for _, w := range t.hub.Log() {
		if w.Write() {
			came = append(came, w.Came)
		}
	}
	slices.SortFunc(came, time.Time.Compare)
	m := measured{n: len(came), least: time.Hour}
	for i, at := range came {
		if i > 0 {
			m.least = min(m.least, at.Sub(came[i-1]))
		}
		from, _ := slices.BinarySearchFunc(came, at.Add(-time.Minute), time.Time.Compare)
		m.minute = max(m.minute, i-from+1)
	}
	// The allowance is counted in whole milliseconds.
	if m.n > 1 && m.least < t.spacing-2*time.Millisecond {
		r.fault("two writes were %s apart, and %s are allowed", m.least, t.spacing)
	}
	if m.minute > t.minute {
		r.fault("%d writes came within a minute, and %d are allowed", m.minute, t.minute)
	}
	return m
}

// judgeFolders looks whether jobs left anything, once a runner has swept.
func (t *trial) judgeFolders(r *result) error {
	work := filepath.Join(t.folder, "work")
	sweeper, err := job.NewRunner(work, nil, nil)
	if err != nil {
		return err
	}
	if err := sweeper.Close(); err != nil {
		return err
	}
	left, err := os.ReadDir(work)
	for _, e := range left {
		r.fault("%s was left in the work folder", e.Name())
	}
	return err
}
