package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
)

// workFlags say how a worker works.
type workFlags struct {
	*campaignFlags
	jobs   int
	folder string
	ledger string
	name   string
	finish bool
}

func (c *cli) campaignWork(shared *campaignFlags, run bool) *cobra.Command {
	f := &workFlags{campaignFlags: shared, finish: run}
	cmd := &cobra.Command{
		Use:   "work [NAME]",
		Short: "Work on a campaign, beside other workers, until it is closed",
		Long: `Take repositories of a campaign and do them, beside any number of other workers,
until the campaign is closed or the program is asked to end. What is under way then
is given to others, and so is what a worker was at that was killed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return c.with(ctx, f.campaignFlags, args, func(b *campaign.Bus, o *campaign.Campaign) error { return c.work(ctx, f, b, o) })
		},
	}
	if run {
		cmd.Use, cmd.Short = "run [NAME]", "Do all that is left of a campaign, and end"
		cmd.Long = `Do all that is left of a campaign, and end. It may be interrupted at any time; the
next run goes on. Others may work on it at the same time.

A token is taken from where ` + "`unleak pr`" + ` takes it, or a GitHub App is used (--app-id,
--app-key). Each repository is cloned into a folder of its own and that is removed
afterwards; nothing of it is executed, unless the campaign has a --verify.

Exit status: 0 all is done, 1 something is aside or needs a person, 2 something could
not be done.`
	}
	fl := cmd.Flags()
	fl.IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "repositories at once")
	fl.StringVar(&f.folder, "work-folder", "", "where repositories are cloned (default: unleak-work in the folder for temporary files)")
	fl.StringVar(&f.ledger, "ledger", "", "append every write to this file, too, before it is made and after, in JSON")
	fl.StringVar(&f.name, "worker", "", "the worker's name (default: host and process)")
	f.app.flags(fl)
	return cmd
}

func (c *cli) work(ctx context.Context, f *workFlags, b *campaign.Bus, o *campaign.Campaign) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	folder := f.folder
	if folder == "" {
		folder = filepath.Join(os.TempDir(), fmt.Sprintf("unleak-work-%d", os.Getuid()))
	}
	if f.app.key != "" {
		if _, err := f.credential(""); err != nil {
			return err
		}
	}
	runner, err := job.NewRunner(absolute(folder), []string{self, "job"}, job.Identity())
	if err != nil {
		return fmt.Errorf("--work-folder: %w", err)
	}
	defer c.closing(runner.Close)
	w := &campaign.Worker{Name: f.name, Runner: runner, Credential: f.credential, Jobs: f.jobs, Finish: f.finish, Tell: c.ended,
		Rests: func(reason string) { c.warn("nothing is begun: %s", reason) }}
	if w.Name == "" {
		host, _ := os.Hostname() // without one, the process has to do
		w.Name = fmt.Sprintf("%s/%d-%s", host, os.Getpid(), strings.ToLower(rand.Text()[:4]))
	}
	if f.ledger != "" {
		file, err := os.OpenFile(f.ledger, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("--ledger: %w", err)
		}
		defer file.Close()
		write := ledger.Log(slog.NewJSONHandler(file, nil))
		w.Log = func(ctx context.Context, r ledger.Record) error {
			return errors.Join(write(ctx, r), file.Sync())
		}
	}
	if err := w.Work(ctx, b, o); err != nil {
		return err
	}
	if !f.finish || ctx.Err() != nil {
		return nil
	}
	s, err := o.Summarize(ctx, nil)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.out, "%s: %d done, %d skipped, %d aside; %s open\n", o.Name, s.Done, s.Skipped, s.Aside, plural(s.Pulls["open"], "pull request", "pull requests")); err != nil {
		return err
	}
	if s.Aside+s.Person > 0 {
		return exitStatus(1)
	}
	return nil
}

// ended tells of a repository whose try ended.
func (c *cli) ended(e campaign.Entry) {
	line := e.State + " " + oneLine(e.Repository.Name)
	for _, p := range e.Parts {
		line += fmt.Sprintf("; %s %s", p.Action, p.Branch)
		if p.URL != "" {
			line += " " + p.URL
		}
	}
	if e.Reason != "" {
		line += ": " + oneLine(e.Reason)
	}
	c.warn("%s", line)
}
