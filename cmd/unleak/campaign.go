package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/vcs/github"
)

// campaignFlags say where campaigns are kept, and who writes.
type campaignFlags struct {
	where campaign.Where
	app   appFlags
}

func (c *cli) campaignCommand() *cobra.Command {
	f := &campaignFlags{}
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "Bring pull requests to many repositories",
		Long: `Bring pull requests to many repositories: those of a list, an organisation, a
search, or a folder of clones.

  unleak campaign create spring --org harbor
  unleak campaign run spring
  unleak campaign status spring

What is left to do is kept in a folder, and may be interrupted at any time. With
--nats it is kept by NATS servers with JetStream, and any number of workers on any
number of machines may share the work: unleak campaign work spring --nats URL.
docs/campaigns.md tells more.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("there is no command %q below campaign; see `unleak campaign --help`", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	p := cmd.PersistentFlags()
	p.StringVar(&f.where.Folder, "store", "", "the folder that campaigns are kept in (default: UNLEAK_CAMPAIGNS, or unleak/campaigns\nwhere the system keeps data)")
	p.StringVar(&f.where.URL, "nats", "", "keep campaigns on these NATS servers instead (default: NATS_URL)")
	p.StringVar(&f.where.Credentials, "nats-creds", "", "the file of credentials for them")
	p.IntVar(&f.where.Replicas, "replicas", 0, "of how many copies everything is kept there (default: 3 on a cluster, else 1)")
	cmd.AddCommand(c.campaignCreate(f), c.campaignWork(f, true), c.campaignWork(f, false), c.campaignStatus(f), c.campaignReport(f), c.campaignRetry(f), c.campaignClose(f),
		c.campaignSet(f, "pause", "Let a campaign rest: nothing is begun, and what is under way stops writing", campaign.Paused),
		c.campaignSet(f, "resume", "Go on with a campaign that was paused", campaign.Running))
	return cmd
}

// dial connects to where campaigns are kept.
func (f *campaignFlags) dial(ctx context.Context) (*campaign.Bus, error) {
	w := f.where
	w.URL = cmp.Or(w.URL, os.Getenv("NATS_URL"))
	if w.URL == "" && w.Folder == "" {
		w.Folder = os.Getenv("UNLEAK_CAMPAIGNS")
	}
	if w.URL == "" && w.Folder == "" {
		data := os.Getenv("XDG_DATA_HOME")
		if data == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil, fmt.Errorf("--store: %w", err)
			}
			data = filepath.Join(home, ".local", "share")
		}
		w.Folder = filepath.Join(data, "unleak", "campaigns")
	}
	return campaign.Dial(ctx, w)
}

// with opens a campaign for a command.
func (c *cli) with(ctx context.Context, f *campaignFlags, args []string, do func(*campaign.Bus, *campaign.Campaign) error) error {
	b, err := f.dial(ctx)
	if err != nil {
		return err
	}
	defer c.closing(b.Close)
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	o, err := b.Open(ctx, name)
	if err != nil {
		return err
	}
	return do(b, o)
}

// credential finds who writes on a host.
func (f *campaignFlags) credential(host string) (job.Credential, error) {
	switch {
	case f.app.id != 0 && f.app.key != "":
		return job.Credential{App: &github.App{ID: f.app.id, KeyFile: absolute(f.app.key), Installation: f.app.installation}}, nil
	case f.app.id != 0 || f.app.key != "":
		return job.Credential{}, errors.New("a GitHub App needs --app-id and --app-key")
	}
	home, _ := os.UserHomeDir() // without one, gh's files are not there
	token, _, err := github.FindToken(host, github.Environment{Getenv: os.Getenv, Home: home})
	return job.Credential{Token: token}, err
}

func (c *cli) campaignSet(f *campaignFlags, name, short, status string) *cobra.Command {
	return &cobra.Command{
		Use: name + " [NAME]", Short: short, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), f, args, func(_ *campaign.Bus, o *campaign.Campaign) error {
				if err := o.SetStatus(cmd.Context(), status); err != nil {
					return err
				}
				_, err := fmt.Fprintf(c.out, "%s is %s\n", o.Name, status)
				return err
			})
		},
	}
}

func (c *cli) campaignClose(f *campaignFlags) *cobra.Command {
	var forget bool
	cmd := &cobra.Command{
		Use:   "close [NAME]",
		Short: "End a campaign: what is left is not done",
		Long: `End a campaign: workers stop, and what is left is not done. What is known of the
repositories and the ledger stay, for status and report; --delete forgets them, too.
Pull requests that are open stay open.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), f, args, func(_ *campaign.Bus, o *campaign.Campaign) error {
				ctx := cmd.Context()
				if err := o.SetStatus(ctx, campaign.Closed); err != nil {
					return err
				}
				done := "closed"
				if forget {
					done = "deleted"
					if err := o.Delete(ctx); err != nil {
						return err
					}
				}
				_, err := fmt.Fprintf(c.out, "%s is %s\n", o.Name, done)
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&forget, "delete", false, "forget it and its ledger")
	return cmd
}

func (c *cli) campaignRetry(f *campaignFlags) *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "retry NAME [REPOSITORY...]",
		Short: "Put what is aside back into the queue, or repositories that are named",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.with(cmd.Context(), f, args, func(_ *campaign.Bus, o *campaign.Campaign) error {
				n, err := o.Retry(cmd.Context(), all, args[1:])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.out, "%s: %s again\n", o.Name, plural(n, "repository", "repositories"))
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&all, "skipped", false, "those that were skipped, too")
	return cmd
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
