package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

func (c *cli) prStatusCommand() *cobra.Command {
	var f prFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show which branches and pull requests stand",
		Long: "Show the branches that unleak made and their pull requests: those of GitHub, or\n" +
			"with --local those of this repository. Nothing is written.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return c.prStatus(cmd.Context(), &f)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.local, "local", false, "the branches of this repository")
	fl.StringVar(&f.format, "format", "text", "output: text or json")
	fl.String("base", "", "the branch whose settings count (default: the remote's default branch)")
	fl.String("remote", "origin", "the remote's name")
	fl.String("prefix", propose.DefaultPrefix, "what the names of branches begin with")
	fl.String("scope", "", "a word behind the prefix")
	f.app.flags(fl)
	return cmd
}

// standing is a branch as --format json prints it.
type standing struct {
	Branch  string   `json:"branch"`
	Commit  vcs.Hash `json:"commit,omitempty"`
	State   string   `json:"state"`
	Edited  bool     `json:"edited"`
	Number  int      `json:"number,omitempty"`
	URL     string   `json:"url,omitempty"`
	Title   string   `json:"title,omitempty"`
	Base    string   `json:"base,omitempty"`
	Changed string   `json:"changed,omitempty"`
}

func (c *cli) prStatus(ctx context.Context, f *prFlags) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format: want text or json, got %q", f.format)
	}
	place, err := propose.Find(c.rootHere(), f.override)
	if err != nil {
		return err
	}
	t, err := c.target(place, f)
	if err != nil {
		return err
	}
	defer c.closing(t.close)
	list, err := t.standings(ctx)
	if err != nil {
		return err
	}
	if f.format == "json" {
		return c.standingsAsJSON(list)
	}
	width := 0
	for _, s := range list {
		width = max(width, len(s.Branch))
	}
	for _, s := range list {
		line := fmt.Sprintf("%-6s %-*s", s.State, width, s.Branch)
		if s.Number != 0 {
			line += fmt.Sprintf(" #%d to %s: %s %s", s.Number, s.Base, oneLine(s.Title), s.URL)
		} else {
			line += " " + string(s.Commit[:min(len(s.Commit), 10)])
		}
		if s.Edited {
			line += " (somebody else has worked on it: left alone)"
		}
		if _, err := fmt.Fprintln(c.out, line); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		_, err = fmt.Fprintf(c.out, "Nothing stands below %s.\n", t.start)
	}
	return err
}

// standingsAsJSON prints one object, whose fields are only ever added to.
func (c *cli) standingsAsJSON(list []forge.Standing) error {
	all := []standing{}
	for _, s := range list {
		one := standing{Branch: s.Branch, Commit: s.Commit, State: s.State, Edited: s.Edited, Number: s.Number, URL: s.URL, Title: s.Title, Base: s.Base}
		if !s.Changed.IsZero() {
			one.Changed = s.Changed.UTC().Format(time.RFC3339)
		}
		all = append(all, one)
	}
	e := json.NewEncoder(c.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(map[string]any{"version": report.Version, "standings": all})
}
