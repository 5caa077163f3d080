package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// run runs with a progress line, and tells what could not be looked at.
func (c *cli) run(ctx context.Context, s *session, sel *selection) (*run.Result, error) {
	known, err := c.known(ctx, s, sel)
	if err != nil {
		return nil, err
	}
	accept := s.options.Accept
	if known != nil && accept != nil {
		s.options.Accept = func(f *transforms.Fix) bool { return accept(f) && isNew(f, known) }
	}
	r, err := c.runEach(ctx, s, s.options)
	if err != nil {
		return nil, err
	}
	t := teller{cli: c, using: len(sel.styles) > 0, kinds: s.kinds}
	for _, m := range r.Files {
		m.Findings = slices.DeleteFunc(m.Findings, func(o *transforms.Obligation) bool { return !sel.keep(m, o) || known[o.Fingerprint()] })
		t.add(m)
	}
	t.tell()
	return r, nil
}

// scan runs without keeping more of a file than what is printed.
func (c *cli) scan(ctx context.Context, s *session, sel *selection, collect *report.Collector) (*report.Document, *run.Result, error) {
	collect.Project = s.project
	t := teller{cli: c, using: len(sel.styles) > 0, kinds: s.kinds}
	opts := s.options
	opts.Accept = nil
	opts.Each = func(m *transforms.Mended) {
		m.Findings = slices.DeleteFunc(m.Findings, func(o *transforms.Obligation) bool { return !sel.keep(m, o) })
		t.add(m)
		collect.Add(m)
	}
	r, err := c.runEach(ctx, s, opts)
	if err != nil {
		return nil, nil, err
	}
	t.tell()
	return collect.Document(r), r, nil
}

func (c *cli) runEach(ctx context.Context, s *session, opts run.Options) (*run.Result, error) {
	opts.Seen = &run.Counters{}
	stop := c.progress(opts.Seen)
	r, err := run.Run(ctx, s.detector, opts)
	stop()
	if err != nil {
		return nil, err
	}
	for _, e := range r.Problems {
		fmt.Fprintln(c.err, "unleak: "+oneLine(e.Error()))
	}
	for _, e := range r.Skipped {
		c.warn("%s", oneLine(e.Error()))
	}
	return r, nil
}

// teller keeps what is to be said of single files, to say it in order.
type teller struct {
	cli   *cli
	using bool // somebody asked for using: say where that is not possible
	kinds []*transforms.Kind
	lines []told
}

type told struct {
	path    string
	line    int
	text    string
	warning bool
}

func (t *teller) add(m *transforms.Mended) {
	for _, o := range m.Findings {
		f := m.ByFinding[o.Fingerprint()]
		if t.using && slices.Contains(m.Fixes, f) && f.NotUsing() != "" {
			line, _ := o.File.Position(o.At.Start())
			t.lines = append(t.lines, told{m.Path, line, fmt.Sprintf("%s:%d: %s", m.Path, line, f.NotUsing()), true})
		}
	}
	for _, i := range m.Useless {
		line, _ := i.Node.File().Position(i.Node.Start())
		t.lines = append(t.lines, told{m.Path, line, fmt.Sprintf("%s:%d: this comment silences nothing%s", m.Path, line, mistake(t.kinds, i)), true})
	}
	for _, b := range m.Bugs {
		where := ""
		if dir, err := report.Reproduction(b); err == nil {
			where = "; please report it with " + dir
		}
		t.lines = append(t.lines, told{m.Path, 1 << 30, oneLine(b.Error()) + where, false})
	}
}

func (t *teller) tell() {
	slices.SortStableFunc(t.lines, func(a, b told) int { return cmp.Or(strings.Compare(a.path, b.path), a.line-b.line) })
	for _, l := range t.lines {
		if l.warning {
			t.cli.warn("%s", l.text)
		} else {
			fmt.Fprintln(t.cli.err, "unleak: "+l.text)
		}
	}
}

// shown turns paths relative to the root into ones that a terminal in the
// current folder can follow.
func (c *cli) shown(r *run.Result) func(string) string {
	cwd, err := os.Getwd()
	return func(rel string) string {
		abs := r.Project.Abs(rel)
		if short, e := filepath.Rel(cwd, abs); err == nil && e == nil && !strings.HasPrefix(short, "..") {
			return filepath.ToSlash(short)
		}
		if c.root == "" && r.Project.GitTop() == "" {
			return abs
		}
		return rel
	}
}

// mistake says what may be wrong with a comment that silences nothing.
func mistake(kinds []*transforms.Kind, i transforms.Ignore) string {
	for _, k := range i.Kinds {
		if !slices.ContainsFunc(kinds, func(known *transforms.Kind) bool { return known.Name == k }) {
			return fmt.Sprintf(": there is no kind %q", k)
		}
	}
	if i.Unknown {
		return ": want unleak-ignore-next-line or unleak-ignore-file"
	}
	return ""
}

// status is 2 if some path could not be looked at, else ok.
func problems(r *run.Result) error {
	if len(r.Problems) > 0 {
		return exitStatus(2)
	}
	return nil
}

// progress shows how far a run is, on a terminal, once it takes over a second.
func (c *cli) progress(seen *run.Counters) (stop func()) {
	if c.quiet || !isTerminal(c.err) {
		return func() {}
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTimer(time.Second)
		defer tick.Stop()
		shown := false
		for {
			select {
			case <-done:
				if shown {
					fmt.Fprint(c.err, "\r\x1b[K")
				}
				return
			case <-tick.C:
				shown = true
				fmt.Fprintf(c.err, "\r\x1b[K%d files, %d candidates, %d findings", seen.Files.Load(), seen.Candidates.Load(), seen.Findings.Load())
				tick.Reset(200 * time.Millisecond)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
