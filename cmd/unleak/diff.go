package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

func (c *cli) diffCommand() *cobra.Command {
	var sel selection
	var out diffOutput
	var exitCode, safe, withTests bool
	cmd := &cobra.Command{
		Use:   "diff [PATH...]",
		Short: "Show the fixes as a unified diff, side by side or as a page, and write nothing",
		Long: "Show every fix below the given paths (default: the current folder) as a unified\n" +
			"diff that `git apply` accepts. Nothing is written but what --output names.\n\n" +
			diffOutputHelp + "\n\n" +
			withTestsHelp + "\n\n" +
			"Exit status: 0; with --exit-code 1 if there is a diff; 2 something could not be\ndone.",
		RunE: func(cmd *cobra.Command, args []string) error {
			paint, err := c.paint()
			if err != nil {
				return err
			}
			if err := out.check(); err != nil {
				return err
			}
			if withTests {
				if err := mayWriteTests(&sel, !safe, "leave --safe out"); err != nil {
					return err
				}
			} else if sel.stress {
				return errors.New("--stress: it is the tests of --with-tests that it adds to; give that, too")
			}
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			s.options.Accept = func(f *transforms.Fix) bool {
				return sel.keepFix(f) && (f.Applicability == transforms.Safe || !safe && f.Applicability == transforms.Unsafe)
			}
			r, err := c.run(cmd.Context(), s, &sel)
			if err != nil {
				return err
			}
			p := preview{run: r, kinds: s.kinds, changes: changesOf(r)}
			if withTests {
				p.tests = c.leakTests(cmd.Context(), s, r)
				p.changes = append(p.changes, changesOfTests(p.tests)...)
			}
			if err := c.show(cmd.Context(), &out, p, paint); err != nil {
				return err
			}
			if err := problems(r); err != nil {
				return err
			}
			if exitCode && len(p.changes) > 0 {
				return exitStatus(1)
			}
			return nil
		},
	}
	sel.flags(c, cmd)
	sel.styleFlag(cmd)
	sel.stressFlag(cmd)
	out.flags(cmd)
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with status 1 if there is a diff")
	cmd.Flags().BoolVar(&safe, "safe", false, "only the safe fixes")
	cmd.Flags().BoolVar(&withTests, "with-tests", false, "show a leak test for each class that is mended, too")
	return cmd
}

// changesOf turns mended files into changes, in order of path.
func changesOf(r *run.Result) []patch.Change {
	var out []patch.Change
	for _, m := range r.Files {
		if m.New == nil {
			continue
		}
		out = append(out, patch.Change{Path: m.Path, Old: m.Old, New: m.New})
	}
	return out
}

func writeStat(w io.Writer, changes []patch.Change, p report.Paint) error {
	width, most := 0, 1
	total := [2]int{}
	counts := make([][2]int, len(changes))
	for i, ch := range changes {
		in, del := ch.Stat()
		counts[i] = [2]int{in, del}
		width, most = max(width, len(ch.Path)), max(most, in+del)
		total[0] += in
		total[1] += del
	}
	scale := func(n int) int {
		if most <= 40 || n == 0 {
			return n
		}
		return max(1, n*40/most)
	}
	for i, ch := range changes {
		n := counts[i]
		_, err := fmt.Fprintf(w, " %-*s | %*d %s%s\n", width, ch.Path, len(fmt.Sprint(most)), n[0]+n[1],
			p.Green(strings.Repeat("+", scale(n[0]))), p.Red(strings.Repeat("-", scale(n[1]))))
		if err != nil {
			return err
		}
	}
	if len(changes) == 0 {
		return nil
	}
	files := "files"
	if len(changes) == 1 {
		files = "file"
	}
	_, err := fmt.Fprintf(w, " %d %s changed, %d insertions(+), %d deletions(-)\n", len(changes), files, total[0], total[1])
	return err
}
