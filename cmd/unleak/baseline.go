package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/baseline"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

func (c *cli) baselineCommand() *cobra.Command {
	var sel selection
	var output string
	cmd := &cobra.Command{
		Use:   "baseline [PATH...]",
		Short: "Save what leaks now, so that only what is new is reported",
		Long: `Save what leaks now below the given paths (default: the current folder). With
--baseline FILE, or ` + "`baseline: FILE`" + ` in the settings, scan, diff and fix leave out what
is saved there, also when lines move and when a file gets another name.

Without -o the baseline goes to standard output.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" {
				if err := mayReplace(output); err != nil {
					return err
				}
			}
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			d, r, err := c.scan(cmd.Context(), s, &sel, &report.Collector{Baseline: true})
			if err != nil {
				return err
			}
			if err := problems(r); err != nil {
				return err // it would lack what could not be looked at
			}
			data := d.Baseline().Encode()
			if output == "" {
				_, err = c.out.Write(data)
				return err
			}
			if err := writeFile(output, data); err != nil {
				return fmt.Errorf("-o: %w", err)
			}
			c.warn("%d known in %s from now on", d.Summary.Findings, output)
			return nil
		},
	}
	f := cmd.Flags()
	f.BoolVar(&sel.offers, "offers", false, "save offers, too")
	f.BoolVar(&sel.includeTests, "include-tests", false, "look at tests, too")
	f.BoolVar(&sel.includeScripts, "include-scripts", false, "look at build scripts, configuration and examples, too")
	f.StringVarP(&output, "output", "o", "", "write to this file")
	return cmd
}

// writeFile puts a file in place, which is either old or new.
func writeFile(file string, data []byte) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is there, and no file", file) // a device may be read for ever
	}
	old, err := os.ReadFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		old = nil
	case err != nil:
		return err
	}
	if old != nil && string(old) == string(data) {
		return nil
	}
	return patch.Change{Path: filepath.Base(file), Old: old, New: data}.Write(filepath.Dir(file))
}

// readBaseline reads what --baseline names, or else the settings; nil without
// either.
func (s *session) readBaseline(sel *selection) (*baseline.Baseline, error) {
	switch {
	case sel.baselineFlag != nil && sel.baselineFlag.Changed:
		if sel.baseline == "" {
			return nil, nil
		}
		return baseline.Read(sel.baseline, sel.baseline)
	case s.settings.Baseline != "":
		return baseline.Read(s.project.Abs(s.settings.Baseline), s.settings.Baseline+" of "+settings.Name)
	}
	return nil, nil
}

// gone reports whether a path is no more.
func (s *session) gone(rel string) bool {
	if _, given := s.options.Stdin[rel]; given {
		return false
	}
	_, err := os.Lstat(s.project.Abs(rel))
	return errors.Is(err, fs.ErrNotExist)
}

// known are the fingerprints of what the baseline has; nil without one. A
// renamed file is known only once all files have been looked at, so this is a
// run of its own.
func (c *cli) known(ctx context.Context, s *session, sel *selection) (map[string]bool, error) {
	base, err := s.readBaseline(sel)
	if base == nil || err != nil {
		return nil, err
	}
	collect := &report.Collector{Baseline: true}
	quiet := *c
	quiet.quiet, quiet.err = true, io.Discard
	d, _, err := quiet.scan(ctx, s, sel, collect)
	if err != nil {
		return nil, err
	}
	return d.Known(base, s.gone), nil
}

// isNew reports whether a fix settles anything that is not known. It settles all
// that its owner owes, so it may settle what is known, too.
func isNew(f *transforms.Fix, known map[string]bool) bool {
	for _, o := range f.Plan.Obligations {
		if !known[o.Fingerprint()] {
			return true
		}
	}
	return false
}
