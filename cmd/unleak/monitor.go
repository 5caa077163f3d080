package main

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/monitor"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
)

const monitorHelp = `A monitor is one small module in the project's own language, with no dependency. It
counts what instances hold (live, at most, acquired, released), by kind and class,
keeps what failed in disposals, and tells how the heap grows. Ask it by

  monitor.snapshot()              an object with everything
  monitor.prometheus()            the text format of Prometheus
  monitor.handler(req, res)       both over http, and /health: 200 or 503
  monitor.isDisposed(owner)       is nothing of it, or of all of a name, left?
  monitor.start(), .stop()        sample the heap every ten seconds
`

func (c *cli) monitorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "monitor",
		Short: "Add a monitor of what classes hold, and soak tests",
		Long:  monitorHelp,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("want add or soak, got %q", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.monitorAddCommand(), c.monitorSoakCommand())
	return cmd
}

func (c *cli) monitorAddCommand() *cobra.Command {
	var sel selection
	var dryRun, allowDirty bool
	cmd := &cobra.Command{
		Use:   "add [PATH...]",
		Short: "Count what classes hold: a module, and the calls that tell it",
		Long: `Write a monitor beside the sources of each package below the given paths (default: the
current folder) whose classes hold something, and the calls by which they tell it: after
whatever changes the field or collection that holds a resource, and in the teardown. It
is done for what a class releases itself, as the fixes of unleak do, and where every
place that changes it is seen; what is left out is told with the reason.

It is never a safe change, so it is made only where you ask for it. Nothing of what the
code does should change: the calls never throw, and whatever a teardown throws is
thrown on. A second run changes nothing.

` + monitorHelp + `
Files with uncommitted changes are refused unless --allow-dirty is given. With --dry-run
the diff is printed and nothing is written.

Exit status: 0, 2 something could not be done.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			paint, err := c.paint()
			if err != nil {
				return err
			}
			sel.noOffers = true
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			plan, r, err := c.planMonitor(cmd.Context(), s)
			if err != nil {
				return err
			}
			if dryRun {
				for _, ch := range plan.Changes {
					if _, err := io.WriteString(c.out, paint.Diff(ch.Unified())); err != nil {
						return err
					}
				}
				c.tellUnwired(plan)
				return problems(r)
			}
			written, failed, err := c.writeChanges(cmd.Context(), s, plan.Changes, allowDirty)
			if err != nil {
				return err
			}
			c.tellMonitor(plan, written)
			if failed {
				return exitStatus(2)
			}
			return problems(r)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "print the diff and write nothing")
	f.BoolVar(&allowDirty, "allow-dirty", false, "write files with uncommitted changes, too")
	f.BoolVar(&sel.includeTests, "include-tests", false, "wire tests, too")
	f.BoolVar(&sel.includeScripts, "include-scripts", false, "wire build scripts, configuration and examples, too")
	return cmd
}

// planMonitor collects the files that a run would look at, and plans a monitor for
// them.
func (c *cli) planMonitor(ctx context.Context, s *session) (*monitor.Plan, *run.Result, error) {
	texts := map[string][]byte{}
	opts := s.options
	opts.Look = func(rel string, src []byte) bool {
		texts[rel] = bytes.Clone(src)
		return false
	}
	r, err := c.runEach(ctx, s, opts)
	if err != nil {
		return nil, nil, err
	}
	plan, err := monitor.Add(ctx, s.project, s.detector, texts)
	return plan, r, err
}

// writeChanges puts changes in place as fix does, and so that they can be undone.
func (c *cli) writeChanges(ctx context.Context, s *session, changes []patch.Change, allowDirty bool) (written []string, failed bool, err error) {
	out, err := journalOf(ctx, s.project).NewRun(s.project.Root)
	if err != nil {
		return nil, true, err
	}
	written, failed = c.write(ctx, s, out, changes, allowDirty)
	if err := out.Close(); err != nil {
		return written, true, err
	}
	if len(written) > 0 {
		c.tellUndo(s.project)
	}
	return written, failed, nil
}

func (c *cli) tellUnwired(plan *monitor.Plan) {
	for _, u := range plan.Unwired {
		c.warn("%s:%d: %s is not told of: %s", u.Path, u.Line, u.Class, oneLine(u.Text))
	}
}

// tellMonitor says what was written, what was not and why, and how to ask.
func (c *cli) tellMonitor(plan *monitor.Plan, written []string) {
	done := map[string]bool{}
	for _, path := range written {
		done[path] = true
	}
	classes := 0
	for _, w := range plan.Wired {
		if !w.New || !done[w.Path] {
			continue
		}
		classes++
		for _, what := range w.Holds {
			fmt.Fprintf(c.out, "%s: Count the %s of %s\n", w.Path, what, w.Class)
		}
	}
	c.tellUnwired(plan)
	modules := 0
	for _, m := range plan.Modules {
		if done[m] {
			modules++
			fmt.Fprintf(c.out, "%s: What they hold is counted here\n", m)
		}
	}
	summary := fmt.Sprintf("%d classes wired", classes)
	if classes == 1 {
		summary = "1 class wired"
	}
	if modules > 0 {
		summary += "; " + counted(modules, "monitor") + " written"
	}
	fmt.Fprintln(c.out, summary+".")
	for _, server := range plan.Servers {
		fmt.Fprintf(c.out, "%s: %s serves http. To let it serve what the monitor knows: %s\n", server.Path, server.With, howToServe[server.With])
	}
}

var howToServe = map[string]string{
	"node:http": "if (req.url?.startsWith('/unleak')) return monitor.handler(req, res);",
	"express":   "app.use('/unleak', monitor.handler);",
	"fastify":   "app.get('/unleak/*', (req, reply) => { reply.hijack(); monitor.handler(req.raw, reply.raw); });",
}

func (c *cli) monitorSoakCommand() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "soak [FOLDER]",
		Short: "Write a script that runs a scenario again and again, and fails when something grows",
		Long: `Write unleak-soak.mjs into the package around a folder (default: the current one). It
needs node and nothing else. It runs a scenario, a module of yours that makes what is to
be tested, starts it and ends it again, some hundred times, and looks at what the
monitor counts, what keeps the event loop busy, and the heap:

  node --expose-gc scripts/unleak-soak.mjs test/poller.soak.mjs

Its status is 1 if something grew (it says which kind of which class) or a disposal
failed, 2 if that could not be told.

Exit status: 0 it is there, 2 it could not be written.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sel := selection{noOffers: true}
			s, err := c.open(cmd.Context(), c.here(args, &sel), &sel)
			if err != nil {
				return err
			}
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			rel, err := s.project.Rel(absolute(dir))
			if err != nil {
				return fmt.Errorf("%s: %w", dir, err)
			}
			script, changes, err := monitor.Soak(s.project, rel)
			if err != nil {
				return err
			}
			if dryRun {
				paint, err := c.paint()
				if err != nil {
					return err
				}
				for _, ch := range changes {
					if _, err := io.WriteString(c.out, paint.Diff(ch.Unified())); err != nil {
						return err
					}
				}
				return nil
			}
			if _, failed, err := c.writeChanges(cmd.Context(), s, changes, true); err != nil {
				return err
			} else if failed {
				return exitStatus(2)
			}
			if len(changes) == 0 {
				fmt.Fprintf(c.out, "%s: is there already\n", script)
			} else {
				fmt.Fprintf(c.out, "%s: Run a scenario again and again, and fail when something grows\n", script)
			}
			fmt.Fprintf(c.out, "To run it: node --expose-gc %s SCENARIO\n", script)
			return nil
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "print the diff and write nothing")
	return cmd
}
