// Command trial runs campaigns over repositories of every sort, against a GitHub on
// this machine with real repositories behind, while workers are killed, servers are
// restarted and the network is cut; and looks whether every repository ended as it
// must, no pull request came twice, and no more was written than allowed. It prints
// figures. Its status is 1 if something was not as it must be.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

func main() {
	if is, err := role(os.Args[1:]); is {
		if err != nil && !errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "trial: "+err.Error())
			os.Exit(2)
		}
		return
	}
	var o options
	flag.IntVar(&o.repositories, "repositories", 200, "how many")
	flag.IntVar(&o.workers, "workers", 4, "processes; half of them are killed again and again")
	flag.IntVar(&o.jobs, "jobs", 2, "of a worker at once")
	flag.IntVar(&o.kills, "kills", 12, "of workers, in a stage")
	flag.IntVar(&o.restarts, "restarts", 3, "of servers")
	flag.IntVar(&o.cuts, "cuts", 4, "of the network")
	flag.DurationVar(&o.pause, "pause", 4*time.Second, "between two of them")
	flag.DurationVar(&o.takeover, "takeover", 4*time.Second, "of silence, before a job is another worker's")
	flag.DurationVar(&o.spacing, "spacing", 100*time.Millisecond, "between writes")
	flag.IntVar(&o.minute, "minute", 120, "writes in a minute")
	flag.IntVar(&o.tries, "tries", 3, "of a repository that fails")
	flag.Uint64Var(&o.seed, "seed", 1, "of what goes wrong when")
	flag.BoolVar(&o.plain, "plain", false, "only small repositories, one in ten of which leaks: for measuring")
	flag.DurationVar(&o.limit, "limit", 20*time.Minute, "of a stage")
	stages := flag.String("stages", "embedded,server,cluster", "what is tried")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	failed := false
	for name := range strings.SplitSeq(*stages, ",") {
		o.stage = name
		r, err := try(ctx, o)
		if err != nil {
			fmt.Fprintln(os.Stderr, "trial: "+name+": "+err.Error())
			os.Exit(2)
		}
		fmt.Print(r)
		failed = failed || len(r.wrong) > 0
	}
	if failed {
		os.Exit(1)
	}
}

// options say what is tried.
type options struct {
	stage                                                             string
	repositories, workers, jobs, kills, restarts, cuts, minute, tries int
	pause, takeover, spacing, limit                                   time.Duration
	seed                                                              uint64
	plain                                                             bool
}

// stand takes the place of a test for the stand-in.
type stand struct {
	testing.TB
	temporary string
	cleanups  []func()
	wrong     []string
}

func (s *stand) Helper()                        {}
func (s *stand) Cleanup(f func())               { s.cleanups = append(s.cleanups, f) }
func (s *stand) TempDir() string                { return s.temporary }
func (s *stand) Errorf(format string, a ...any) { s.wrong = append(s.wrong, fmt.Sprintf(format, a...)) }
func (s *stand) Fatalf(format string, a ...any) { panic(stop{fmt.Errorf(format, a...)}) }
func (s *stand) Fatal(a ...any)                 { panic(stop{errors.New(fmt.Sprint(a...))}) }
func (s *stand) Skip(a ...any)                  { panic(stop{errors.New(fmt.Sprint(a...))}) }

type stop struct{ err error }

// try makes the world of a stage, runs it and judges what came of it.
func try(ctx context.Context, o options) (r *result, err error) {
	folder, err := os.MkdirTemp("", "unleak-trial-")
	if err != nil {
		return nil, err
	}
	s := &stand{temporary: filepath.Join(folder, "github")}
	defer func() {
		if e, ok := recover().(stop); ok {
			err = e.err
		}
		for _, f := range s.cleanups {
			f()
		}
		err = errors.Join(err, os.RemoveAll(folder))
	}()
	if err := os.Setenv(folderKey, folder); err != nil {
		return nil, err
	}
	hub := githubtest.Start(s)
	hub.Plenty()
	_, token := hub.User("bot")
	t := &trial{options: o, folder: folder, hub: hub, token: token, started: time.Now()}
	for n := range o.repositories {
		kind := sorts[n%len(sorts)]
		if o.plain {
			kind = sorts[0]
			if n%10 == 0 {
				kind = sorts[1]
			}
		}
		m, err := kind.make(hub, n)
		if err != nil {
			return nil, err
		}
		t.made = append(t.made, m)
	}
	hub.Forget()
	t.making = time.Since(t.started)
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	r, err = t.run(ctx)
	if err == nil {
		r.wrong = append(r.wrong, s.wrong...)
	}
	return r, err
}
