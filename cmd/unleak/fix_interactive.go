package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/review"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/terminal"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

const interactiveHelp = `With --interactive each fix is shown, safe or not, and you decide: y applies it, n
skips it, ? tells the other keys. Without a terminal, or with --plain, the same is
asked line by line. What is applied is written at once. "All" means the unsafe ones,
too, only with --unsafe, or when you say so.`

// interactive is fix with a person who decides.
type interactive struct{ on, plain, unsafe, allowDirty bool }

// check refuses flags that make no sense with questions.
func (i *interactive) check(sel *selection, verify string, withTests bool) error {
	i.on = i.on || i.plain
	switch {
	case !i.on:
		return nil
	case sel.stdinPath != "":
		return errors.New("--interactive: standard input is for the answers; leave --stdin-filepath out")
	case verify != "":
		return errors.New("--interactive does not go with --verify; run the check when you are done")
	case withTests:
		return errors.New("--interactive does not go with --with-tests")
	}
	return nil
}

// review goes through what a run found.
func (c *cli) review(ctx context.Context, s *session, sel *selection, how *interactive) error {
	paint, err := c.paint()
	if err != nil {
		return err
	}
	known, err := c.known(ctx, s, sel)
	if err != nil {
		return err
	}
	r, err := c.run(ctx, s, sel)
	if err != nil {
		return err
	}
	dirty, waiting, err := c.leaveDirty(ctx, s, r, how.allowDirty)
	if err != nil {
		return err
	}
	out, err := journalOf(ctx, s.project).NewRun(s.project.Root)
	if err != nil {
		return err
	}
	session := review.New(review.Options{
		Detector: s.again,
		Fixes:    func(f *transforms.Fix) bool { return sel.keepFix(f) && (known == nil || isNew(f, known)) },
		Findings: func(m *transforms.Mended, o *transforms.Obligation) bool {
			return sel.keep(m, o) && !known[o.Fingerprint()]
		},
		Out: out, Keep: terminal.Keep,
	}, r.Files)
	if len(session.Items()) > 0 {
		err = c.ask(ctx, session, how, paint, c.shown(r))
	}
	sum := session.Summary()
	sum.Leaks += waiting
	if failed := errors.Join(c.summary(s.project, sum), out.Close()); err == nil {
		err = failed
	}
	switch {
	case err != nil:
		return err
	case dirty || len(r.Problems) > 0:
		return exitStatus(2)
	case sum.Leaks > 0:
		return exitStatus(1)
	}
	return nil
}

// ask shows the session, on the screen if there is one.
func (c *cli) ask(ctx context.Context, s *review.Session, how *interactive, paint report.Paint, shown func(string) string) error {
	var e editing
	ctx, stop := listen(ctx, &e)
	defer stop()
	o := terminal.Options{Session: s, In: c.in, Out: c.out, Paint: paint, Unsafe: how.unsafe, Shown: shown, Editing: e.set}
	if how.plain || !isTerminal(c.in) || !isTerminal(c.out) || os.Getenv("TERM") == "dumb" {
		return terminal.Plain(ctx, o)
	}
	return terminal.Screen(ctx, o)
}

// editing says whether a Ctrl-C is meant for the editor.
type editing struct{ until atomic.Int64 } // in nanoseconds since 1970

// late is for how long a Ctrl-C that ended the editor may be heard here after that. On
// the screen a Ctrl-C is a key and no signal, so none of those is missed.
const late = time.Second

func (e *editing) set(on bool) {
	until := time.Now().Add(late).UnixNano()
	if on {
		until = math.MaxInt64
	}
	e.until.Store(until)
}

func (e *editing) now() bool { return time.Now().UnixNano() < e.until.Load() }

// listen returns a context that a signal ends: also one that says that the terminal
// was closed, but not a Ctrl-C that is meant for the editor.
func listen(ctx context.Context, e *editing) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if s != os.Interrupt || !e.now() {
					cancel(terminal.ErrInterrupted)
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// leaveDirty takes out files that somebody is at work on, tells them, and counts the
// leaks in them.
func (c *cli) leaveDirty(ctx context.Context, s *session, r *run.Result, allowed bool) (dirty bool, leaks int, err error) {
	var changes []patch.Change
	for _, m := range r.Files {
		if len(m.ByFinding) > 0 {
			changes = append(changes, patch.Change{Path: m.Path})
		}
	}
	paths, err := s.dirty(ctx, changes, allowed)
	for _, path := range paths {
		c.complain(hasUncommitted(path))
	}
	r.Files = slices.DeleteFunc(r.Files, func(m *transforms.Mended) bool {
		if !slices.Contains(paths, m.Path) {
			return false
		}
		for _, o := range m.Findings {
			if o.Standing == transforms.Leak {
				leaks++
			}
		}
		return true
	})
	return len(paths) > 0, leaks, err
}

// again is a detector like the session's own that sees the project as it is now.
func (s *session) again() (*transforms.Detector, error) {
	p, err := project.Open(s.project.Root)
	if err != nil {
		return nil, err
	}
	return s.detectorOf(p), nil
}

// summary tells what was applied, what was not and why, and how to undo.
func (c *cli) summary(p *project.Project, sum *review.Summary) error {
	var b strings.Builder
	count := map[review.State]int{}
	for _, it := range sum.Items {
		count[it.State]++
		switch it.State {
		case review.Applied:
			fmt.Fprintf(&b, "%s: %s\n", diffview.Visible(it.Path), diffview.Visible(it.Fix.Message))
		case review.Ignored:
			fmt.Fprintf(&b, "%s: ignored: %s\n", diffview.Visible(it.Path), diffview.Visible(it.Fix.Message))
		}
	}
	parts := []string{fmt.Sprintf("%d applied", count[review.Applied]), fmt.Sprintf("%d skipped", count[review.Skipped])}
	if n := count[review.Ignored]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d ignored", n))
	}
	if n := count[review.Open]; n > 0 {
		parts = append(parts, fmt.Sprintf("%d not decided", n))
	}
	refused := 0
	var reasons []string
	for _, reason := range sum.Reasons() {
		refused += sum.Refused[reason]
		reasons = append(reasons, fmt.Sprintf("%d %s", sum.Refused[reason], reason))
	}
	if refused > 0 {
		parts = append(parts, fmt.Sprintf("%d refused (%s)", refused, strings.Join(reasons, ", ")))
	}
	if sum.Shown > 0 {
		parts = append(parts, fmt.Sprintf("%d with a fix that is only shown (`unleak scan`)", sum.Shown))
	}
	switch {
	case sum.Leaks == 1:
		parts = append(parts, "1 leak remains")
	case sum.Leaks > 1:
		parts = append(parts, fmt.Sprintf("%d leaks remain", sum.Leaks))
	}
	b.WriteString(strings.Join(parts, "; ") + ".\n")
	if count[review.Applied]+count[review.Ignored] > 0 {
		fmt.Fprintf(&b, "To undo all of it: %s\n", c.undoLine(p))
	}
	_, err := c.out.Write([]byte(b.String()))
	return err
}
