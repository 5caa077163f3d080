package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/leaktest"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

func (c *cli) fixCommand() *cobra.Command {
	var sel selection
	var unsafe, allowDirty, withTests bool
	var how interactive
	var verify string
	var limit time.Duration
	cmd := &cobra.Command{
		Use:   "fix [PATH...]",
		Short: "Write the safe fixes",
		Long: `Write the safe fixes below the given paths (default: the current folder); with
--unsafe those, too, that need a person's yes.

In a git work tree, files with uncommitted changes are refused unless
--allow-dirty is given; with --staged, files that differ from what is staged. With
--stdin-filepath the result goes to standard output, nothing is written, and the
status is 0. A file is always either old or new, and what is needed to undo is kept
first: see ` + "`unleak undo`" + `.

With --verify COMMAND the project's own check (its build, its tests) is run in a
copy of the project, with nothing in its environment but PATH, HOME, the like, and
CI=true: no token gets there. Without it nothing of the project is ever run.

` + interactiveHelp + `

` + withTestsHelp + `

Exit status: 0 all mended, 1 leaks remain, 2 something could not be done.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := how.check(&sel, verify, withTests); err != nil {
				return err
			}
			if withTests {
				if err := mayWriteTests(&sel, unsafe, "give --unsafe, too"); err != nil {
					return err
				}
			} else if sel.stress {
				return errors.New("--stress: it is the tests of --with-tests that it adds to; give that, too")
			}
			sel.index = !how.on && !allowDirty // what leaks as it is staged must not pass for mended
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			if how.on {
				how.unsafe, how.allowDirty = unsafe, allowDirty
				return c.review(cmd.Context(), s, &sel, &how)
			}
			s.options.Accept = func(f *transforms.Fix) bool {
				return sel.keepFix(f) && (f.Applicability == transforms.Safe || unsafe && f.Applicability == transforms.Unsafe)
			}
			r, err := c.run(cmd.Context(), s, &sel)
			if err != nil {
				return err
			}
			if sel.stdinPath != "" {
				return c.printFixed(s, r)
			}
			if verify != "" {
				if r, err = c.verified(cmd.Context(), s, r, verify, limit); err != nil {
					return err
				}
			}
			var tests []leaktest.Test
			if withTests {
				tests = c.leakTests(cmd.Context(), s, r)
			}
			if verify != "" {
				if tests, err = c.verifiedTests(cmd.Context(), s, r, tests, verify, limit); err != nil {
					return err
				}
			}
			out, err := journalOf(cmd.Context(), s.project).NewRun(s.project.Root)
			if err != nil {
				return err
			}
			written, failed := c.write(cmd.Context(), s, out, changesOf(r), allowDirty)
			tests, complete := c.writeTests(cmd.Context(), out, testsFor(tests, written))
			if err := out.Close(); err != nil {
				return err
			}
			if len(written) > 0 {
				c.tellUndo(s.project)
			}
			return c.outcome(r, written, tests, failed || !complete, unsafe)
		},
	}
	sel.flags(c, cmd)
	sel.styleFlag(cmd)
	sel.stressFlag(cmd)
	cmd.Flags().BoolVarP(&how.on, "interactive", "i", false, "show each fix and ask what to do with it")
	cmd.Flags().BoolVar(&how.plain, "plain", false, "ask line by line, also on a terminal; as --interactive without one")
	cmd.Flags().BoolVar(&unsafe, "unsafe", false, "write the fixes that need a person's yes, too")
	cmd.Flags().BoolVar(&withTests, "with-tests", false, "write a leak test for each class that is mended, too; needs --unsafe")
	cmd.Flags().StringVar(&verify, "verify", "", "a command of the project, run by the shell on a copy before and after; fixes that\nmake it fail are found and dropped")
	cmd.Flags().DurationVar(&limit, "verify-timeout", 10*time.Minute, "how long the --verify command may take each time")
	cmd.Flags().BoolVar(&allowDirty, "allow-dirty", false, "write files with uncommitted changes, too")
	return cmd
}

// printFixed is fix for --stdin-filepath: the mended text on standard output.
func (c *cli) printFixed(s *session, r *run.Result) error {
	text := s.stdin
	for _, m := range r.Files {
		if m.New != nil {
			text = m.New
		}
	}
	_, err := c.out.Write(text)
	return err
}

// write puts the changes in place, each file atomically, and tells which. Those of
// files that somebody is at work on are left out.
func (c *cli) write(ctx context.Context, s *session, out *patch.Run, changes []patch.Change, allowDirty bool) (written []string, failed bool) {
	dirty, err := s.dirty(ctx, changes, allowDirty)
	if err != nil {
		c.complain(err)
		return nil, true
	}
	for _, path := range dirty {
		failed = true
		if s.staged {
			c.complain(fmt.Errorf("%s: differs from what is staged; stage it, or give --allow-dirty", path))
		} else {
			c.complain(hasUncommitted(path))
		}
		changes = slices.DeleteFunc(changes, func(ch patch.Change) bool { return ch.Path == path })
	}
	_, err = out.Write(ctx, changes, func(ch patch.Change, err error) {
		if err != nil {
			failed = true
			c.complain(err)
			return
		}
		written = append(written, ch.Path)
	})
	if err != nil {
		failed = true
		c.complain(err)
	}
	return written, failed
}

func (c *cli) complain(err error) { fmt.Fprintln(c.err, "unleak: "+oneLine(err.Error())) }

func hasUncommitted(path string) error {
	return fmt.Errorf("%s: has uncommitted changes; commit them, or give --allow-dirty", path)
}

// dirty lists which files that are to be changed have uncommitted changes, or, with
// --staged, differ from what is staged; none where that is allowed.
func (s *session) dirty(ctx context.Context, changes []patch.Change, allowed bool) ([]string, error) {
	top := s.project.GitTop()
	if top == "" || allowed {
		return nil, nil
	}
	names := map[string]string{} // as git has them -> ours
	var files []string
	for _, ch := range changes {
		rel, err := filepath.Rel(top, s.project.Abs(ch.Path))
		if err != nil {
			continue
		}
		names[filepath.ToSlash(rel)] = ch.Path
		files = append(files, filepath.ToSlash(rel))
	}
	dirty, err := worktree.Dirty(ctx, top, files, s.staged)
	if err != nil {
		return nil, err
	}
	for i, d := range dirty {
		dirty[i] = names[d]
	}
	return dirty, nil
}

// outcome tells what was done and what is left.
func (c *cli) outcome(r *run.Result, written []string, tests []leaktest.Test, failed, unsafe bool) error {
	done, left, waiting := 0, 0, 0
	for _, m := range r.Files {
		mended := map[string]bool{}
		if slices.Contains(written, m.Path) {
			for _, f := range m.Fixes {
				done++
				for _, o := range f.Plan.Obligations {
					mended[o.Fingerprint()] = true
				}
				fmt.Fprintf(c.out, "%s: %s\n", diffview.Visible(m.Path), f.Message)
			}
		}
		for _, o := range m.Findings {
			if o.Standing == transforms.Leak && !mended[o.Fingerprint()] {
				left++
				if fix := m.ByFinding[o.Fingerprint()]; fix != nil && fix.Applicability == transforms.Unsafe && !unsafe {
					waiting++
				}
			}
		}
	}
	parts := []string{fmt.Sprintf("%d applied", done)}
	for _, t := range tests {
		fmt.Fprintf(c.out, "%s: Test that %s leaves nothing alive\n", t.Path, t.Class)
	}
	switch len(tests) {
	case 0:
	case 1:
		parts = append(parts, "1 leak test written")
	default:
		parts = append(parts, fmt.Sprintf("%d leak tests written", len(tests)))
	}
	switch {
	case left == 1:
		parts = append(parts, "1 leak remains")
	case left > 1:
		parts = append(parts, fmt.Sprintf("%d leaks remain", left))
	}
	if waiting > 0 {
		parts = append(parts, fmt.Sprintf("%d with an unsafe fix (--unsafe)", waiting))
	}
	fmt.Fprintln(c.out, strings.Join(parts, "; ")+".")
	if failed || len(r.Problems) > 0 {
		return exitStatus(2)
	}
	if left > 0 {
		return exitStatus(1)
	}
	return nil
}
