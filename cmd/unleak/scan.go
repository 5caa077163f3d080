package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/report"
)

func (c *cli) scanCommand() *cobra.Command {
	sel := selection{index: true}
	var format string
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
			if format != "text" && format != "json" {
				return fmt.Errorf("--format: want text or json, got %q", format)
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
			d, r, err := c.scan(cmd.Context(), s, &sel, &report.Collector{Frames: format == "text", Paint: paint, Baseline: base != nil})
			if err != nil {
				return err
			}
			if base != nil {
				d.Without(d.Known(base, s.gone))
			}
			if format == "json" {
				err = report.JSON(c.out, d)
			} else {
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
	cmd.Flags().StringVar(&format, "format", "text", "output: text or json")
	cmd.Flags().BoolVar(&exitZero, "exit-zero", false, "exit with status 0 even if leaks are found")
	cmd.Flags().BoolVar(&watching, "watch", false, "go on, and look again at what changes, and at what depends on it")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
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
