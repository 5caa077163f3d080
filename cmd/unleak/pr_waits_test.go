package main

import (
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/vcs/github"
)

// TestWaits: a wait of some length is told with what is left, a short one is not, and
// nothing with --quiet.
func TestWaits(t *testing.T) {
	var b strings.Builder
	w := &waits{cli: &cli{err: &b}}
	w.tell(github.Progress{Waiting: time.Second, Why: "writes are spaced out"})
	w.tell(github.Progress{Remaining: 4000, Limit: 5000})
	w.tell(github.Progress{Waiting: 61 * time.Second, Why: "GitHub asks\nfor it", Remaining: 12, Limit: 5000})
	w.clear()
	if got, want := b.String(), "unleak: waiting 1m1s: GitHub asks for it (12 of 5000 requests left)\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.cli.quiet = true
	w.tell(github.Progress{Waiting: time.Hour})
	if strings.Count(b.String(), "\n") != 1 {
		t.Errorf("--quiet: %q", b.String())
	}
}
