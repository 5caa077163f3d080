package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/campaign"
)

func (c *cli) campaignStatus(f *campaignFlags) *cobra.Command {
	var format string
	var refresh, all bool
	cmd := &cobra.Command{
		Use:   "status [NAME]",
		Short: "Show how far a campaign is, what failed and why, and its pull requests",
		Long: `Show how far a campaign is: progress, burndown, what is aside and why, what needs a
person, and pull requests with where they stood when somebody looked last. --refresh
looks, which takes a request for each open one.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format: want text or json, got %q", format)
			}
			return c.with(cmd.Context(), f, args, func(_ *campaign.Bus, o *campaign.Campaign) error {
				ctx := cmd.Context()
				if refresh {
					if err := o.Refresh(ctx, f.credential); err != nil {
						return err
					}
				}
				if format == "json" {
					return buffered(c.out, func(w io.Writer) error { return o.JSON(ctx, w) })
				}
				most := 20
				if all {
					most = 0
				}
				return buffered(c.out, func(w io.Writer) error { return o.Text(ctx, w, most) })
			})
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&format, "format", "text", "output: text or json")
	fl.BoolVar(&refresh, "refresh", false, "ask where the open pull requests stand now")
	fl.BoolVar(&all, "all", false, "lists in full, not only the first lines")
	f.app.flags(fl)
	return cmd
}

func (c *cli) campaignReport(f *campaignFlags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "report [NAME]",
		Short: "Write what became of a campaign, and every write of it, as Markdown",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "" {
				if err := mayReplace(output); err != nil {
					return err
				}
			}
			return c.with(cmd.Context(), f, args, func(_ *campaign.Bus, o *campaign.Campaign) error {
				if output == "" {
					return buffered(c.out, func(w io.Writer) error { return o.Report(cmd.Context(), w) })
				}
				file, err := os.CreateTemp(filepath.Dir(output), ".unleak-report-")
				if err != nil {
					return fmt.Errorf("-o: %w", err)
				}
				err = buffered(file, func(w io.Writer) error { return o.Report(cmd.Context(), w) })
				if cerr := file.Close(); err == nil {
					err = cerr
				}
				if err == nil {
					err = os.Rename(file.Name(), output)
				}
				if err != nil {
					_ = os.Remove(file.Name()) // it may have its name already
					return fmt.Errorf("-o: %w", err)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "write to this file")
	return cmd
}

// buffered writes through a buffer.
func buffered(out io.Writer, do func(io.Writer) error) error {
	b := bufio.NewWriter(out)
	if err := do(b); err != nil {
		return err
	}
	return b.Flush()
}
