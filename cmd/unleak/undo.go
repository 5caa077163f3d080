package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/patch"
)

func (c *cli) undoCommand() *cobra.Command {
	var list bool
	var name string
	cmd := &cobra.Command{
		Use:   "undo",
		Short: "Take back what the last fix wrote",
		Long: `Restore the files that the last run of ` + "`unleak fix`" + ` wrote, and remove those that it
made. A file that changed since is left as it is and told; the others are restored.
What a run wrote that was killed is taken back, too. Undone, a run is forgotten, and
the one before it is the last; a run of which a file was left stays.

The last ten runs are kept: in a git work tree in the git directory, elsewhere below
.unleak/journal in the root.

Exit status: 0 all restored, 2 a file was left or something could not be done.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := project.Open(c.rootHere())
			if err != nil {
				return err
			}
			j := journalOf(cmd.Context(), p)
			if list {
				return c.listRuns(j)
			}
			return c.undo(cmd.Context(), j, name)
		},
	}
	cmd.Flags().BoolVar(&list, "list", false, "list the runs that can be undone, the last first, and undo nothing")
	cmd.Flags().StringVar(&name, "run", "", "undo this run, as --list names it, and not the last")
	cmd.MarkFlagsMutuallyExclusive("list", "run")
	return cmd
}

// journalOf is where the runs over a project are kept: in a git work tree where git
// shows nothing of it, else below the root.
func journalOf(ctx context.Context, p *project.Project) patch.Journal {
	if top := p.GitTop(); top != "" {
		if dir, err := worktree.Path(ctx, top, "unleak"); err == nil {
			return patch.Journal{Dir: dir, Base: top}
		}
	}
	return patch.Journal{Dir: filepath.Join(p.Root, ".unleak", "journal"), Base: p.Root}
}

// tellUndo says how to undo where no version control does.
func (c *cli) tellUndo(p *project.Project) {
	if p.GitTop() == "" {
		c.warn("the old files are kept in %s; to undo: %s", filepath.Join(p.Root, ".unleak", "journal"), c.undoLine(p))
	}
}

// undoLine is the command that undoes a run over a project, typed in this folder.
func (c *cli) undoLine(p *project.Project) string {
	there := p.GitTop()
	if there == "" {
		there = p.Root
	}
	if project.RootFor(nil) == there {
		return "unleak undo"
	}
	return "unleak undo --root " + shellQuote(p.Root)
}

// shellQuote makes one word of a path.
func shellQuote(path string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:,@", r)
	}
	if path != "" && strings.IndexFunc(path, func(r rune) bool { return !plain(r) }) < 0 {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func (c *cli) listRuns(j patch.Journal) error {
	runs, err := j.Runs()
	if err != nil {
		return err
	}
	slices.Reverse(runs)
	for _, r := range runs {
		state := ""
		if r.Live {
			state = ", still goes on"
		}
		fmt.Fprintf(c.out, "%s %s, %s%s\n", r.Name, r.Time.Local().Format(time.DateTime), counted(len(r.Paths), "file"), state)
		for _, p := range r.Paths {
			fmt.Fprintf(c.out, "  %s\n", oneLine(p))
		}
	}
	return nil
}

func (c *cli) undo(ctx context.Context, j patch.Journal, name string) error {
	restored, removed, left := 0, 0, 0
	err := j.Undo(ctx, name, func(path string, what patch.Restored, err error) {
		var moved *patch.Moved
		switch {
		case errors.As(err, &moved):
			err = fmt.Errorf("%s: %s", path, whyLeft(j, path))
			left++
			c.complain(err)
			return
		case err != nil:
			left++
			c.complain(err)
		}
		switch what {
		case patch.Back:
			restored++
			fmt.Fprintf(c.out, "%s: restored\n", path)
		case patch.Removed:
			removed++
			fmt.Fprintf(c.out, "%s: removed\n", path)
		}
	})
	if errors.Is(err, patch.ErrNoRun) && name != "" {
		return fmt.Errorf("--run: there is no run %q; `unleak undo --list` lists them", name)
	}
	if err != nil {
		return err
	}
	parts := []string{counted(restored, "file") + " restored"}
	if removed > 0 {
		parts = append(parts, fmt.Sprintf("%d removed", removed))
	}
	if left > 0 {
		parts = append(parts, fmt.Sprintf("%d left", left))
	}
	fmt.Fprintln(c.out, strings.Join(parts, "; ")+".")
	if left > 0 {
		c.warn("this run stays the last; `unleak undo --list` shows those before it, --run NAME undoes one")
		return exitStatus(2)
	}
	return nil
}

// whyLeft says why a file was left.
func whyLeft(j patch.Journal, path string) string {
	if _, err := os.Lstat(filepath.Join(j.Base, filepath.FromSlash(path))); err != nil {
		return "is gone since it was fixed; left so"
	}
	return "changed since it was fixed; left as it is"
}
