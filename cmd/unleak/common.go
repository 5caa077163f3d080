package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/transforms"
)

// selection holds the flags that say what to look at.
type selection struct {
	offers         bool
	noOffers       bool // whatever the settings say
	kinds          []string
	phases         []string
	changed        string
	staged         bool
	index          bool // with staged: what is staged is looked at, whatever the work tree holds
	includeTests   bool
	includeScripts bool
	stdinPath      string
	baseline       string
	baselineFlag   *pflag.Flag
	styles         []string // of commands that write
	stress         bool
}

func (s *selection) flags(c *cli, cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&s.offers, "offers", false, "look for offers, too: changes worth a thought where nothing leaks")
	f.StringSliceVar(&s.kinds, "kind", nil, "only these kinds of leak")
	f.StringSliceVar(&s.phases, "phase", nil, "only these phases: critical, high, medium")
	f.StringVar(&s.changed, "changed", "", "only files that differ from a revision")
	f.Lookup("changed").NoOptDefVal = "HEAD"
	f.BoolVar(&s.staged, "staged", false, "only files that are staged")
	f.BoolVar(&s.includeTests, "include-tests", false, "look at tests, too")
	f.BoolVar(&s.includeScripts, "include-scripts", false, "look at build scripts, configuration and examples, too")
	f.StringVar(&s.stdinPath, "stdin-filepath", "", "read one file from standard input, as if it stood at this path")
	f.StringVar(&s.baseline, "baseline", "", "only what a saved scan does not have (see `unleak baseline`); an empty name for all")
	s.baselineFlag = f.Lookup("baseline")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"critical", "high", "medium"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("kind", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return c.kindNames(), cobra.ShellCompDirectiveNoFileComp
	})
}

// styleFlag is for the commands that write code.
func (s *selection) styleFlag(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&s.styles, "style", nil, "how to write; using: declare by `using` what a block releases, where the project can\nread that")
	_ = cmd.RegisterFlagCompletionFunc("style", cobra.FixedCompletions([]string{"using"}, cobra.ShellCompDirectiveNoFileComp))
}

// stressFlag is for the commands that write tests.
func (s *selection) stressFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&s.stress, "stress", false, "with --with-tests: a second test of each class, of many instances")
}

// session is a project with its settings, ready to run.
type session struct {
	project  *project.Project
	settings *settings.Settings
	kinds    []*transforms.Kind // all, those that are off, too
	only     []string           // kinds that findings are wanted of; none: all
	detector *transforms.Detector
	options  run.Options
	staged   bool
	stdin    []byte // what standard input gave
	stress   bool   // leak tests of many instances, too
	tree     fs.FS  // the project's files if they lie in no folder
}

// open reads settings and kinds for the given paths and flags.
func (c *cli) open(ctx context.Context, paths []string, sel *selection) (*session, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil && sel.stdinPath == "" {
			var pe *os.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	rootPaths := paths
	if sel.stdinPath != "" {
		if len(paths) > 0 {
			return nil, errors.New("--stdin-filepath takes the place of paths; give one or the other")
		}
		if !syntax.Supported(sel.stdinPath) {
			return nil, fmt.Errorf("--stdin-filepath: %s is not the name of a TypeScript or JavaScript file", sel.stdinPath)
		}
		rootPaths = []string{filepath.Dir(sel.stdinPath)}
	}
	root := c.root
	if root == "" {
		root = project.RootFor(rootPaths)
	}
	p, err := project.Open(root)
	if err != nil {
		return nil, err
	}
	set, all, err := loadKinds(p.Root)
	if err != nil {
		return nil, err
	}
	s, err := newSession(p, set, all, paths, sel)
	if err != nil {
		return nil, err
	}
	return s, s.narrow(ctx, c, sel)
}

// newSession prepares a project with its settings and kinds.
func newSession(p *project.Project, set *settings.Settings, all []*transforms.Kind, paths []string, sel *selection) (*session, error) {
	kinds, err := chosenKinds(set, all, sel)
	if err != nil {
		return nil, err
	}
	for _, style := range sel.styles {
		if style != "using" {
			return nil, fmt.Errorf("--style: want using, got %q", style)
		}
	}
	d := transforms.NewDetector(p, kinds, (sel.offers || set.Offers) && !sel.noOffers)
	if len(sel.kinds) > 0 {
		d.Only(sel.kinds)
	}
	d.Style = transforms.Style{Tracking: set.Tracking, Private: set.Style.Private, Cache: set.Limits.Cache, Using: set.Style.Using || len(sel.styles) > 0}
	s := &session{project: p, settings: set, kinds: all, only: sel.kinds, detector: d, staged: sel.staged, stress: sel.stress}
	s.options = run.Options{
		Paths: paths, Exclude: set.Excluded,
		IncludeTests: sel.includeTests || set.IncludeTests, IncludeScripts: sel.includeScripts || set.IncludeScripts,
	}
	return s, nil
}

// narrow applies --changed, --staged and --stdin-filepath.
func (s *session) narrow(ctx context.Context, c *cli, sel *selection) error {
	switch {
	case sel.stdinPath != "":
		src, err := io.ReadAll(io.LimitReader(c.in, project.MaxFileSize+1))
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if len(src) > project.MaxFileSize {
			return fmt.Errorf("standard input: more than %d MB", project.MaxFileSize>>20)
		}
		abs, err := filepath.Abs(sel.stdinPath)
		if err != nil {
			return err
		}
		rel, err := s.project.Rel(abs)
		if err != nil {
			return fmt.Errorf("%s: %w", sel.stdinPath, err)
		}
		s.options.Stdin = map[string][]byte{}
		if !s.settings.Excluded(rel) {
			s.options.Stdin[rel] = src
		}
		s.stdin = src
	case sel.changed != "" && sel.staged:
		return errors.New("--changed and --staged exclude each other")
	case sel.changed != "" || sel.staged:
		top := s.project.GitTop()
		if top == "" {
			return fmt.Errorf("%s: is in no git work tree, so nothing is known to have changed", s.project.Root)
		}
		var files []string
		var err error
		if sel.staged {
			files, err = worktree.Staged(ctx, top)
		} else {
			files, err = worktree.Changed(ctx, top, sel.changed)
		}
		if err != nil {
			return err
		}
		s.options.Files = []string{}
		for _, f := range files {
			abs := filepath.Join(top, filepath.FromSlash(f))
			if rel, err := s.project.Rel(abs); err == nil && project.IsSource(rel) && under(abs, s.options.Paths) {
				s.options.Files = append(s.options.Files, rel)
			}
		}
		if sel.staged && sel.index {
			return s.asStaged(ctx, top)
		}
	}
	return nil
}

// asStaged looks at the files as a commit would have them now. Files that git does not
// know stay: whether they are going to be part of it nobody can tell.
func (s *session) asStaged(ctx context.Context, top string) error {
	staged, err := worktree.StagedContents(ctx, top, syntax.Supported)
	if err != nil || len(staged) == 0 {
		return err
	}
	contents := map[string][]byte{}
	for f, src := range staged {
		if rel, err := s.project.Rel(filepath.Join(top, filepath.FromSlash(f))); err == nil {
			contents[rel] = src
		}
	}
	s.project = s.project.With(contents)
	s.detector = s.detectorOf(s.project)
	return nil
}

// detectorOf prepares the same kinds, in the same way, for another project.
func (s *session) detectorOf(p *project.Project) *transforms.Detector {
	d := transforms.NewDetector(p, s.detector.Kinds, s.detector.Offers)
	if len(s.only) > 0 {
		d.Only(s.only)
	}
	d.Style = s.detector.Style
	return d
}

// under reports whether a file lies in one of the paths; no paths hold all.
func under(abs string, paths []string) bool {
	for _, p := range paths {
		if base, err := filepath.Abs(p); err == nil && (abs == base || strings.HasPrefix(abs, base+string(filepath.Separator))) {
			return true
		}
	}
	return len(paths) == 0
}

func chosenKinds(set *settings.Settings, all []*transforms.Kind, sel *selection) ([]*transforms.Kind, error) {
	names := namesOf(all)
	for _, k := range sel.kinds {
		if !slices.Contains(names, k) {
			return nil, fmt.Errorf("--kind: there is no kind %q; `unleak kinds` lists them", k)
		}
	}
	for _, p := range sel.phases {
		if !slices.Contains(transforms.Phases, transforms.Phase(p)) {
			return nil, fmt.Errorf("--phase: want critical, high or medium, got %q", p)
		}
	}
	var out []*transforms.Kind
	for _, k := range all {
		if slices.Contains(set.Kinds.Off, k.Name) || len(set.Kinds.Only) > 0 && !slices.Contains(set.Kinds.Only, k.Name) {
			continue
		}
		if phase, ok := set.Phases[k.Name]; ok {
			copied := *k
			copied.Phase = transforms.Phase(phase)
			k = &copied
		}
		out = append(out, k)
	}
	return out, nil
}

// keep filters findings by --kind and --phase. The kinds themselves all take
// part in the analysis: one may settle another. What can be mended belongs to the
// phase of its fix, so that a phase is what is mended together.
func (sel *selection) keep(m *transforms.Mended, o *transforms.Obligation) bool {
	phase := o.Phase
	if fix := m.ByFinding[o.Fingerprint()]; fix != nil {
		phase = fix.Phase()
	}
	return (len(sel.kinds) == 0 || slices.Contains(sel.kinds, o.Kind.Name)) &&
		(len(sel.phases) == 0 || slices.Contains(sel.phases, string(phase)))
}

// keepFix is the same for fixes: one belongs to the most urgent of what it settles,
// and is of several kinds if that is.
func (sel *selection) keepFix(f *transforms.Fix) bool {
	for _, o := range f.Plan.Obligations {
		if len(sel.kinds) > 0 && !slices.Contains(sel.kinds, o.Kind.Name) {
			return false
		}
	}
	return len(sel.phases) == 0 || slices.Contains(sel.phases, string(f.Phase()))
}

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
