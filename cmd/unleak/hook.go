package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/hook"
)

func (c *cli) hookCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hook",
		Short: "Look at what is staged before each commit",
		Long: `Look at what is staged before each commit: git's own pre-commit hook, which runs
` + "`unleak scan --staged`" + ` and stops the commit if that leaks. UNLEAK_SKIP=1 git commit
skips it once; git commit --no-verify skips all hooks.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q below hook; there are install and uninstall", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	where := func() string {
		if c.root != "" {
			return c.root
		}
		return "."
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "install",
		Short: "Put the hook into the repository around the current folder",
		Long: `Put the hook into the repository around the current folder, where git looks for it
(core.hooksPath, and the repository of a linked work tree). A hook that is there stays
as it is: then a line on standard error says what to add to it.

Exit status: 0 it is there, 2 it could not be done.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := hook.Place(cmd.Context(), where())
			if err != nil {
				return err
			}
			program, err := os.Executable()
			if err != nil {
				return err
			}
			done, err := hook.Install(file, program)
			if err != nil {
				return err
			}
			if done {
				fmt.Fprintf(c.out, "%s: unleak looks at what is staged before each commit; UNLEAK_SKIP=1 git commit skips it.\n", file)
			} else {
				fmt.Fprintf(c.out, "%s: is there already.\n", file)
			}
			return nil
		},
	}, &cobra.Command{
		Use:   "uninstall",
		Short: "Take the hook away",
		Long: `Take away the hook that install has put there. Another one, and one that somebody has
changed, stays as it is.

Exit status: 0 it is not there, 2 it could not be done.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := hook.Place(cmd.Context(), where())
			if err != nil {
				return err
			}
			done, err := hook.Uninstall(file)
			if err != nil {
				return err
			}
			if done {
				fmt.Fprintf(c.out, "%s: removed.\n", file)
			} else {
				fmt.Fprintf(c.out, "%s: is not there.\n", file)
			}
			return nil
		},
	})
	return cmd
}
