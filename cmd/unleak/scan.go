package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
)

// scanFormats are the values of --format, what people read first.
var scanFormats = []string{"text", "json", "sarif", "github", "junit"}

func (c *cli) scanCommand() *cobra.Command {
	sel := selection{index: true}
	var format string
	last := len(scanFormats) - 1
	var exitZero, watching bool
	cmd := &cobra.Command{
		Use:   "scan [PATH...]",
		Short: "Show what leaks",
		Long: `Show what leaks below the given paths (default: the current folder).

With --watch it goes on until Ctrl-C: files that change are looked at again, with those
whose analysis has looked at them, and what is new and what is gone is shown; with
--format json as one line for each change. Where files come or go, and where settings
change, all files are looked at again once nothing has changed for a moment.

With --staged the files are looked at as they are staged, whatever the work tree holds.

Exit status: 0 nothing found, 1 leaks found, 2 something could not be done.
Offers (--offers) do not count.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			paint, err := c.paint()
			if err != nil {
				return err
			}
			if !slices.Contains(scanFormats, format) {
				return fmt.Errorf("--format: want %s or %s, got %q", strings.Join(scanFormats[:last], ", "), scanFormats[last], format)
			}
			if watching && format != "text" && format != "json" {
				return fmt.Errorf("--watch goes with --format text or json, not with %s", format)
			}
			if watching {
				return c.watch(cmd.Context(), c.here(args, &sel), &sel, format == "json", paint)
			}
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			base, err := s.readBaseline(&sel)
			if err != nil {
				return err
			}
			d, r, err := c.scan(cmd.Context(), s, &sel, &report.Collector{Frames: format == "text", Edits: format == "sarif", Paint: paint, Baseline: base != nil})
			if err != nil {
				return err
			}
			if base != nil {
				d.Without(d.Known(base, s.gone))
			}
			switch format {
			case "json":
				err = report.JSON(c.out, d)
			case "sarif":
				err = report.SARIF(c.out, d, s.origin(r))
			case "github":
				err = report.Annotations(c.out, d, s.origin(r))
			case "junit":
				err = report.JUnit(c.out, d)
			default:
				err = report.Text(c.out, d, paint, c.shown(r))
			}
			if err != nil {
				return err
			}
			if err := problems(r); err != nil {
				return err
			}
			if d.Leaks() > 0 && !exitZero {
				return exitStatus(1)
			}
			return nil
		},
	}
	sel.flags(c, cmd)
	cmd.Flags().StringVar(&format, "format", "text", "output: text, json, sarif (code scanning), github (annotations of a workflow) or junit")
	cmd.Flags().BoolVar(&exitZero, "exit-zero", false, "exit with status 0 even if leaks are found")
	cmd.Flags().BoolVar(&watching, "watch", false, "go on, and look again at what changes, and at what depends on it")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(scanFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// origin says where a scan was, for other programs: their paths begin at the top of
// the repository.
func (s *session) origin(r *run.Result) report.Origin {
	o := report.Origin{Version: versionNumber(), Top: filepath.ToSlash(s.project.Root), Kinds: s.kinds}
	if top := s.project.GitTop(); top != "" {
		if rel, err := filepath.Rel(top, s.project.Root); err == nil && rel != "." {
			o.Top, o.Below = filepath.ToSlash(top), filepath.ToSlash(rel)
		}
	}
	for _, e := range r.Problems {
		o.Failed = append(o.Failed, oneLine(e.Error()))
	}
	return o
}

// here is the root, if one is given, else the current folder, where no path is.
func (c *cli) here(args []string, sel *selection) []string {
	if len(args) == 0 && sel.stdinPath == "" {
		if c.root != "" {
			return []string{c.root}
		}
		return []string{"."}
	}
	return args
}
