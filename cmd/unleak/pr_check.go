package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// checkFlags say which two commits are compared, and who is told.
type checkFlags struct {
	prFlags
	from, to string
	comment  int
}

func (c *cli) prCheckCommand() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Show what a pull request adds that leaks",
		Long: `Show what leaks in one commit and did not in another, as --from main --to HEAD: what
a pull request adds. Both are read from the repository, never from the checkout.
What moved with its file, or in it, is not new.

--comment NUMBER keeps one comment in that pull request. --format github prints
annotations for a workflow.

Exit status: 0 nothing is added, 1 leaks are, 2 something could not be done.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return c.prCheck(cmd.Context(), &f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.from, "from", "", "the commit to compare with (default: the base branch)")
	fl.StringVar(&f.to, "to", "HEAD", "the commit to look at")
	fl.IntVar(&f.comment, "comment", 0, "the number of a pull request in which to comment")
	fl.StringVar(&f.format, "format", "text", "output: text or github")
	fl.String("base", "", "the branch that --from is taken of (default: the remote's default branch)")
	fl.String("remote", "origin", "the remote's name")
	f.app.flags(fl)
	return cmd
}

func (c *cli) prCheck(ctx context.Context, f *checkFlags) error {
	if f.format != "text" && f.format != "github" {
		return fmt.Errorf("--format: want text or github, got %q", f.format)
	}
	var place *propose.Place
	var err error
	if f.from == "" {
		place, err = propose.Find(c.rootHere(), f.override)
	} else if place, err = propose.Open(c.rootHere()); err == nil {
		err = f.override(&place.Wanted)
	}
	if err != nil {
		return err
	}
	base, baseLook, err := c.commitAt(ctx, place, f.from)
	if err != nil {
		return err
	}
	head, headLook, err := c.commitAt(ctx, place, f.to)
	if err != nil {
		return err
	}
	added, err := propose.FindAdded(ctx, base, head, baseLook, headLook)
	if err != nil {
		return err
	}
	for _, e := range added.Problems {
		fmt.Fprintln(c.err, "unleak: "+oneLine(e.Error()))
	}
	for _, e := range added.Skipped {
		c.warn("%s", oneLine(e.Error()))
	}
	if err := c.printAdded(added, f.format); err != nil {
		return err
	}
	if f.comment > 0 {
		if err := c.comment(ctx, place, f, added); err != nil {
			return err
		}
	}
	switch {
	case len(added.Problems) > 0:
		return exitStatus(2)
	case len(added.Findings) > 0:
		return exitStatus(1)
	}
	return nil
}

// commitAt reads a commit; "" is that of the place.
func (c *cli) commitAt(ctx context.Context, place *propose.Place, rev string) (*propose.Base, *propose.Look, error) {
	at := *place
	if rev != "" {
		var err error
		if at.Commit, err = place.Repository.Resolve(rev); err != nil {
			if errors.Is(err, vcs.ErrNotFound) {
				return nil, nil, fmt.Errorf("there is no commit %q here: fetch it, with enough of its history", rev)
			}
			return nil, nil, err
		}
	}
	base, err := propose.Read(ctx, &at)
	if err != nil {
		return nil, nil, err
	}
	look, err := base.Look(ctx)
	return base, look, err
}

// printAdded prints a line for each finding.
func (c *cli) printAdded(added *propose.Added, format string) error {
	for _, f := range added.Findings {
		line, column := f.File.Position(f.At.Start())
		end, _ := f.File.Position(f.At.End())
		var err error
		if format == "github" {
			_, err = io.WriteString(c.out, report.Annotation("warning", added.Path(f), report.Place{Line: line, Column: column, EndLine: end}, "unleak: "+f.Kind.Name, f.Message))
		} else {
			_, err = fmt.Fprintf(c.out, "%s:%d:%d %s %s: %s\n", oneLine(added.Path(f)), line, column, f.Phase, f.Kind.Name, oneLine(f.Message))
		}
		if err != nil {
			return err
		}
	}
	if len(added.Findings) == 0 && format == "text" {
		_, err := fmt.Fprintln(c.out, "Nothing is added that leaks.")
		return err
	}
	return nil
}

// comment keeps the comment. A token that may not do that is told and no more: those
// of workflows for forks only read.
func (c *cli) comment(ctx context.Context, place *propose.Place, f *checkFlags, added *propose.Added) error {
	t := &target{objects: place.Repository, prefix: propose.DefaultPrefix}
	defer c.closing(t.close)
	place.Wanted.Fork = github.ForkNever
	hub, why, err := c.gitHub(place, &f.prFlags, t)
	switch {
	case err != nil:
		return err
	case hub == nil:
		return errors.New("--comment: " + why)
	}
	err = hub.Comment(ctx, f.comment, "added", added.Comment(), propose.Nothing)
	if _, unable := errors.AsType[*forge.UnableError](err); unable {
		c.warn("there is no comment: %s", oneLine(err.Error()))
		return nil
	}
	return err
}
