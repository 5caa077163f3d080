// Command unleak finds resources that TypeScript and JavaScript code acquires
// and does not release on every way out, and rewrites the code so that it does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/unleak-dev/unleak/internal/report"
)

func main() {
	if os.Getenv("GOGC") == "" {
		keepToBudget()
	}
	os.Exit(Main())
}

// Main is main without the exit, for the tests of the command line.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	c := &cli{in: os.Stdin, out: os.Stdout, err: os.Stderr}
	root := c.rootCommand()
	root.SetArgs(os.Args[1:])
	err := root.ExecuteContext(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case errors.Is(err, syscall.EPIPE):
		return 0 // whoever read our output has seen enough
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "unleak: interrupted; nothing is half written")
		return 2
	}
	fmt.Fprintln(os.Stderr, "unleak: "+err.Error())
	return 2
}

// exitStatus ends the program with a status and no message.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// cli holds the streams and the flags that all commands share.
type cli struct {
	in       io.Reader
	out, err io.Writer
	quiet    bool
	color    string
	root     string
}

func (c *cli) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "unleak",
		Short: "Find and mend resources that are acquired and not released",
		Long: `unleak finds resources that TypeScript and JavaScript code acquires and does not
release on every way out, and rewrites the code so that it does.`,
		SilenceErrors: true, SilenceUsage: true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			msg := fmt.Sprintf("there is no command %q", args[0])
			if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
				msg += fmt.Sprintf("; did you mean %s?", s[0])
			}
			return errors.New(msg + "; see `unleak --help`")
		},
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath())
	})
	f := root.PersistentFlags()
	f.BoolVarP(&c.quiet, "quiet", "q", false, "no progress, no warnings")
	f.StringVar(&c.color, "color", "auto", "colour: auto, always or never")
	f.StringVar(&c.root, "root", "", "the project's folder (default: the git work tree around the first path)")
	root.AddCommand(
		c.scanCommand(), c.diffCommand(), c.fixCommand(), c.undoCommand(),
		c.prCommand(), c.campaignCommand(), c.reportCommand(), c.jobCommand(), c.botCommand(),
		c.initCommand(), c.baselineCommand(),
		c.whyCommand(), c.explainCommand(), c.kindsCommand(),
		c.lspCommand(), c.hookCommand(),
		c.monitorCommand(), c.benchCommand(), c.versionCommand(),
	)
	root.Version = versionText()
	root.SetVersionTemplate("unleak {{.Version}}\n")
	root.InitDefaultCompletionCmd()
	for _, sub := range root.Commands() {
		if sub.Name() == "completion" {
			sub.Args = nil
			sub.RunE = func(*cobra.Command, []string) error { return errors.New("want bash, zsh, fish or powershell") }
		}
	}
	return root
}

// paint decides about colour: only on a terminal, and not with NO_COLOR.
func (c *cli) paint() (report.Paint, error) {
	switch c.color {
	case "always":
		return report.Paint{On: true}, nil
	case "never":
		return report.Paint{}, nil
	case "auto":
		on := isTerminal(c.out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		return report.Paint{On: on}, nil
	}
	return report.Paint{}, fmt.Errorf("--color: want auto, always or never, got %q", c.color)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (c *cli) warn(format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(c.err, "unleak: "+format+"\n", args...)
	}
}

// oneLine keeps a message from a file or a name on one line.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
