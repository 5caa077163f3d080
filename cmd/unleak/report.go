package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/analysis"
	"github.com/unleak-dev/unleak/internal/baseline"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/github"
)

// reportFlags say what a report compares with, and how it is written.
type reportFlags struct {
	format, output, template string
	since, history           string
	forge                    bool
	times                    []int
	pulls                    prFlags
}

var reportFormats = []string{"markdown", "html", "json"}

func (c *cli) reportCommand() *cobra.Command {
	var sel selection
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [PATH...]",
		Short: "Write the memory analysis of a repository",
		Long: `Write the memory analysis of what lies below the given paths (default: the current
folder), offers included: issues by priority with their impact, risk and place,
the patterns behind them, what they may cost by package, a plan in phases with
what stands of it, recommendations for this code, and a checklist for reviews.

What is proposed is read from the branches below unleak/ that this repository
knows, what was merged from its history; with --forge from the pull requests on
GitHub, too. With --since a saved baseline is compared: what came, went and
stayed. With --history a line is kept in that file for each commit, and the trend
is shown.

--template FILE is a text/template of Go that is given what --format json prints,
under the names of Go (.Overview.Leaks); see internal/analysis/analysis.md.tmpl.

Exit status: 0; 2 something could not be done.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			sel.offers = true
			f.pulls.given = cmd.Flags()
			return c.report(cmd.Context(), c.here(args, &sel), &sel, &f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.format, "format", "markdown", "output: markdown, html or json")
	fl.StringVarP(&f.output, "output", "o", "", "write to this file")
	fl.StringVar(&f.template, "template", "", "a template for the Markdown")
	fl.StringVar(&f.since, "since", "", "compare with a baseline (see `unleak baseline --offers`)")
	fl.StringVar(&f.history, "history", "", "keep what is counted in this file, and show the trend")
	fl.BoolVar(&f.forge, "forge", false, "ask GitHub for pull requests")
	fl.IntSliceVar(&f.times, "times", []int{1, 5}, "how often each leak is assumed to have happened: little use, heavy use")
	fl.BoolVar(&sel.includeTests, "include-tests", false, "look at tests, too")
	fl.BoolVar(&sel.includeScripts, "include-scripts", false, "look at build scripts, configuration and examples, too")
	fl.String("remote", "origin", "the remote's name")
	fl.String("prefix", propose.DefaultPrefix, "what the names of unleak's branches begin with")
	f.pulls.app.flags(fl)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *reportFlags) check() error {
	switch {
	case !slices.Contains(reportFormats, f.format):
		return fmt.Errorf("--format: want markdown, html or json, got %q", f.format)
	case f.template != "" && f.format != "markdown":
		return errors.New("--template goes with --format markdown only")
	case f.output != "" && f.history != "" && filepath.Clean(f.output) == filepath.Clean(f.history):
		return errors.New("--output and --history name one file; the report would be lost")
	case len(f.times) != 2 || f.times[0] < 0 || f.times[1] < f.times[0] || f.times[1] > 1_000_000:
		return errors.New("--times: want two numbers such as 1,5, the first not above the second")
	}
	if f.output != "" {
		return mayReplace(f.output)
	}
	return nil
}

func (c *cli) report(ctx context.Context, paths []string, sel *selection, f *reportFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	template, err := optional(f.template, "--template")
	if err != nil {
		return err
	}
	s, err := c.open(ctx, paths, sel)
	if err != nil {
		return err
	}
	in := analysis.Input{Made: time.Now(), Program: "unleak " + versionNumber(), Kinds: s.kinds, Times: [2]int(f.times)}
	if in.History, err = readHistory(f.history); err != nil {
		return err
	}
	var since *baseline.Baseline
	if f.since != "" {
		if since, err = baseline.Read(f.since, f.since); err != nil {
			return fmt.Errorf("--since: %w", err)
		}
	}
	collect := &report.Collector{Diffs: true, Baseline: since != nil}
	d, r, err := c.scan(ctx, s, sel, collect)
	if err != nil {
		return err
	}
	in.Document, in.Reviewed = d, collect.Changes()
	if since != nil {
		in.Since = changesSince(d, since, f.since, s.gone)
	}
	if err := c.standing(ctx, s, sel, f, &in); err != nil {
		return err
	}
	a := analysis.New(in)
	var b strings.Builder
	switch f.format {
	case "html":
		err = a.HTML(&b)
	case "json":
		err = a.JSON(&b)
	default:
		err = interruptible(ctx, func(w *strings.Builder) error { return a.Markdown(w, filepath.Base(f.template), string(template)) }, &b)
	}
	if err != nil && f.template != "" {
		return fmt.Errorf("--template: %s", oneLine(err.Error()))
	}
	if err != nil {
		return err
	}
	if f.output != "" {
		if err := writeFile(f.output, []byte(b.String())); err != nil {
			return fmt.Errorf("-o: %w", err)
		}
	} else if _, err := c.out.Write([]byte(b.String())); err != nil {
		return err
	}
	if f.history != "" {
		if err := writeFile(f.history, analysis.WriteHistory(a.Trend)); err != nil {
			return fmt.Errorf("--history: %w", err)
		}
	}
	return problems(r)
}

// interruptible ends with ctx what may go on for ever: a template that loops cannot be
// told to stop.
func interruptible(ctx context.Context, write func(*strings.Builder) error, b *strings.Builder) error {
	var made strings.Builder
	done := make(chan error, 1)
	go func() { done <- write(&made) }()
	select {
	case err := <-done:
		b.WriteString(made.String())
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// optional reads the file of a flag that need not be given.
func optional(file, flag string) ([]byte, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("%s: %s is empty", flag, file)
	}
	return data, nil
}

// readFile reads a file, and no device, which may have no end.
func readFile(file string) ([]byte, error) {
	if info, err := os.Stat(file); err == nil && info.Mode()&fs.ModeDevice != 0 {
		return nil, fmt.Errorf("%s is a device, and no file", file)
	}
	return os.ReadFile(file)
}

// readHistory reads a history, which need not be there yet.
func readHistory(file string) ([]analysis.Record, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("--history: %w", err)
	}
	records, err := analysis.ReadHistory(data)
	if err != nil {
		return nil, fmt.Errorf("--history: %s: %s", file, oneLine(err.Error()))
	}
	return records, nil
}

// changesSince compares with a baseline.
func changesSince(d *report.Document, base *baseline.Baseline, name string, gone func(string) bool) *analysis.Since {
	known := d.Known(base, gone)
	out := &analysis.Since{Name: filepath.Base(name), Came: map[string]bool{}}
	left := map[string]int{} // how many of a kind are in a file of the baseline and not known now
	for _, f := range base.Files {
		for _, found := range f.Findings {
			left[found.Kind+"\x00"+f.Path]++
		}
	}
	stayed := map[string]int{}
	for i := range d.Findings {
		f := &d.Findings[i]
		if !known[f.Fingerprint] {
			// A baseline has no offers unless it was asked to.
			if f.Standing == transforms.Leak {
				out.Came[f.Fingerprint] = true
			}
			continue
		}
		if f.Standing == transforms.Leak {
			out.Stayed++
		}
		stayed[f.Kind]++
		if left[f.Kind+"\x00"+f.Path] > 0 {
			left[f.Kind+"\x00"+f.Path]--
			stayed[f.Kind]--
		}
	}
	for key, n := range left {
		kind, path, _ := strings.Cut(key, "\x00")
		for range n {
			if stayed[kind] > 0 { // of a file that has another name now
				stayed[kind]--
				continue
			}
			out.Went = append(out.Went, analysis.Went{Kind: kind, Path: path})
		}
	}
	return out
}

// standing adds what git and the forge know of the plan.
func (c *cli) standing(ctx context.Context, s *session, sel *selection, f *reportFlags, in *analysis.Input) error {
	top := s.project.GitTop()
	in.Name = nameOf(s)
	if top == "" {
		if f.forge {
			return fmt.Errorf("--forge: %s is in no git work tree", s.project.Root)
		}
		return nil
	}
	if in.Commit = worktree.Head(ctx, top); in.Commit == "" {
		return nil
	}
	modified, err := worktree.Modified(ctx, top)
	if err != nil {
		return err
	}
	in.Dirty = modified
	commits, err := worktree.Marked(ctx, top, "Unleak-Patch", 200)
	if err != nil {
		return err
	}
	for _, m := range commits {
		in.Merged = append(in.Merged, analysis.Merged{Commit: m.Hash, Date: m.Date, Subject: m.Subject})
	}
	return c.proposed(ctx, s, sel, f, in)
}

// nameOf is what a repository is called: as on GitHub, else as its package, else as
// its folder.
func nameOf(s *session) string {
	if place, err := propose.Open(s.project.Root); err == nil && s.project.GitTop() != "" {
		if remote, err := place.Repository.Remote("origin"); err == nil {
			if where, err := github.Locate(remote.URL); err == nil {
				return where.Owner + "/" + where.Name
			}
		}
	}
	if p := s.project.PackageOf("package.json"); p != nil && p.Name != "" {
		return p.Name
	}
	return filepath.Base(s.project.Root)
}
