package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

func TestMain(m *testing.M) {
	if is, err := role(os.Args[1:]); is {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestTrial is the trial in small: a process that is killed, and then workers on a
// server, one of which is killed, the server restarted and the network cut. The
// command does the same with hundreds of repositories, and on a cluster.
func TestTrial(t *testing.T) {
	if _, err := githubtest.Description(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("starts servers and workers, and kills them")
	}
	for i, stage := range []string{"embedded", "server"} {
		o := options{stage: stage, repositories: 12, workers: 2, jobs: 2, kills: 1, restarts: i, cuts: i, pause: 700 * time.Millisecond,
			takeover: time.Second, spacing: 50 * time.Millisecond, minute: 120, tries: 2, seed: 1, limit: time.Minute}
		r, err := try(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r)
		if len(r.wrong) > 0 {
			t.Errorf("%s", strings.Join(r.wrong, "\n"))
		}
	}
}
