package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/vcs/github"
)

// createFlags say which repositories, and how.
type createFlags struct {
	*campaignFlags
	list, org, search, clones, host string
	remote                          string
	forks                           bool
	size, memory                    int
	conf                            campaign.Config
}

func (c *cli) campaignCreate(shared *campaignFlags) *cobra.Command {
	f := &createFlags{campaignFlags: shared}
	cmd := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a campaign and put repositories into its queue",
		Long: `Make a campaign and put repositories into its queue: those of a list (--list), of
an organisation (--org), of a search on GitHub (--search), or of a folder of clones
(--clones), which get branches and no pull requests, unless --remote is given.
Nothing is written to any of them yet. The command may be repeated, to go on after
an interruption or to add repositories.

A list has one repository on each line: owner/name, a URL, or a folder.

Flags that ` + "`unleak pr`" + ` has go before what the repositories' own ` + settings.Name + ` says.
Pull requests go through no forks unless --fork says so.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want the name of the campaign; see `unleak campaign create --help`")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.conf.Name = args[0]
			var err error
			if f.conf.Settings, err = givenSettings(cmd.Flags()); err != nil {
				return err
			}
			if f.conf.Settings["sign"] == true {
				return errors.New("--sign: a campaign has no key to sign with")
			}
			// Those stand for the whole campaign here.
			delete(f.conf.Settings, "remote")
			delete(f.conf.Settings, "limits.open")
			delete(f.conf.Settings, "limits.per-hour")
			return c.create(cmd.Context(), f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.list, "list", "", "a file with a repository on each line; - for standard input")
	fl.StringVar(&f.org, "org", "", "the repositories of an organisation, without archived ones")
	fl.StringVar(&f.search, "search", "", "the repositories that GitHub finds, at most a thousand")
	fl.StringVar(&f.clones, "clones", "", "the repositories in this folder")
	fl.StringVar(&f.remote, "remote", "", "with --clones: propose to what this remote of each names")
	fl.Lookup("remote").NoOptDefVal = "origin"
	fl.StringVar(&f.host, "host", "", "the GitHub of owner/name, --org and --search (default: GH_HOST, or github.com)")
	fl.BoolVar(&f.forks, "include-forks", false, "with --org and --search: forks, too")
	fl.BoolVar(&f.conf.DryRun, "dry-run", false, "find out what would be, and write nothing")
	fl.IntVar(&f.conf.Open, "max-open", 0, "the most pull requests of the campaign that are open at a time; 0: no limit")
	fl.IntVar(&f.conf.Hour, "max-per-hour", 0, "the most that are opened in an hour; 0: no limit")
	fl.StringArrayVar(&f.conf.Windows, "window", nil, "write only then, as \"mon-fri 09:00-17:00 Europe/Berlin\"; may be repeated")
	fl.DurationVar(&f.conf.Rates.Spacing, "write-spacing", 0, "between two writes of a credential (default 1s)")
	fl.IntVar(&f.conf.Rates.Minute, "writes-per-minute", 0, "the most writes of a credential, pushes too (default 40)")
	fl.IntVar(&f.conf.Rates.Hour, "writes-per-hour", 0, "the most in an hour (default 300)")
	fl.IntVar(&f.conf.PerHost, "per-host", 0, "jobs at once that one host gets, of all workers (default 8)")
	fl.IntVar(&f.conf.Tries, "tries", 0, "how often a repository is tried before it goes aside (default 4)")
	fl.DurationVar(&f.conf.Takeover, "takeover", 0, "of silence, before the job of a worker is another's (default 30s)")
	fl.IntVar(&f.size, "max-size", 0, "MB that the clone of a repository may have (default 1024)")
	fl.IntVar(&f.conf.Limits.Files, "max-repository-files", 0, "files that a repository may have (default 200000)")
	fl.DurationVar(&f.conf.Limits.Time, "max-time", 0, "that a repository may take, without waiting for leave to write (default 20m)")
	fl.IntVar(&f.memory, "max-memory", 0, "MB of memory that a job may take (default 2048)")
	fl.StringVar(&f.conf.Verify, "verify", "", "a command of the projects, run by the shell in a sandbox before and after; fixes that\nmake it fail are dropped. Without it nothing of a repository is ever executed")
	fl.DurationVar(&f.conf.VerifyTime, "verify-timeout", 0, "how long that may take each time (default 10m)")
	fl.BoolVar(&f.conf.VerifyNetwork, "verify-network", false, "let that command use the network")
	fl.String("base", "", "the branch that pull requests go to (default: each remote's default branch)")
	settingFlags(fl)
	fl.Lookup("fork").DefValue = github.ForkNever // what is not given is not handed on
	_ = fl.MarkHidden("sign")                     // it is there
	return cmd
}

func (c *cli) create(ctx context.Context, f *createFlags) error {
	host := cmp.Or(f.host, os.Getenv("GH_HOST"), "github.com")
	source, err := c.source(f, host)
	if err != nil {
		return err
	}
	var check settings.PullRequests
	for key, value := range f.conf.Settings {
		if err := check.Set(key, value); err != nil {
			return fmt.Errorf("--%s: %w", flagOf(key), err)
		}
	}
	for flag, n := range map[string]int{"max-open": f.conf.Open, "max-per-hour": f.conf.Hour, "writes-per-minute": f.conf.Rates.Minute, "writes-per-hour": f.conf.Rates.Hour, "per-host": f.conf.PerHost,
		"tries": f.conf.Tries, "max-size": f.size, "max-memory": f.memory, "max-repository-files": f.conf.Limits.Files} {
		if n < 0 {
			return fmt.Errorf("--%s: %d is no limit", flag, n)
		}
	}
	f.conf.Limits.Bytes, f.conf.Limits.Memory = int64(f.size)<<20, int64(f.memory)<<20
	b, err := f.dial(ctx)
	if err != nil {
		return err
	}
	defer c.closing(b.Close)
	o, err := b.Create(ctx, f.conf)
	if err != nil {
		return err
	}
	if was, err := o.Config(ctx); err != nil {
		return err
	} else if len(was.Hosts) > 0 {
		c.warn("%s is there: it keeps what it was created with", o.Name)
	}
	n, err := o.Fill(ctx, source)
	switch {
	case err != nil:
		err = fmt.Errorf("%w (%s in the queue; the same command goes on)", err, plural(n.New+n.Known, "repository", "repositories"))
	case n.New+n.Known == 0:
		err = errors.New("there are no repositories to put into the queue")
	}
	if err != nil {
		if conf, cerr := o.Config(ctx); cerr == nil && len(conf.Hosts) == 0 {
			err = errors.Join(err, o.Delete(ctx)) // it was made for nothing
		}
		return err
	}
	known := ""
	if n.Known > 0 {
		known = fmt.Sprintf(", %d of them were there", n.Known)
	}
	_, err = fmt.Fprintf(c.out, "%s: %s in the queue%s; `unleak campaign run %s` does them\n", o.Name, plural(n.New+n.Known, "repository", "repositories"), known, o.Name)
	return err
}

// source is where the repositories come from.
func (c *cli) source(f *createFlags, host string) (campaign.Source, error) {
	given := 0
	for _, s := range []string{f.list, f.org, f.search, f.clones} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, errors.New("want one of --list, --org, --search and --clones")
	case f.remote != "" && f.clones == "":
		return nil, errors.New("--remote goes with --clones")
	case f.clones != "":
		return campaign.Clones(f.clones, f.remote), nil
	case f.list == "-":
		return campaign.List(c.in, bareOrLocal(host)), nil
	case f.list != "":
		return func(ctx context.Context, each func(job.Repository) error) error {
			file, err := os.Open(f.list)
			if err != nil {
				return fmt.Errorf("--list: %w", err)
			}
			defer file.Close()
			if err := campaign.List(file, bareOrLocal(host))(ctx, each); err != nil {
				return fmt.Errorf("%s: %w", f.list, err)
			}
			return nil
		}, nil
	}
	who, err := f.credential(host)
	if err != nil {
		return nil, err
	}
	if who.App != nil {
		return nil, errors.New("an organisation and a search are listed with a token, not as a GitHub App")
	}
	list, err := github.NewListing(bareOrLocal(host), who.Token, nil)
	if err != nil {
		return nil, err
	}
	if f.org != "" {
		return campaign.Listed(func(ctx context.Context, each func(github.Found) error) error {
			return list.Organization(ctx, f.org, each)
		}, f.forks), nil
	}
	return campaign.Listed(func(ctx context.Context, each func(github.Found) error) error {
		total, err := list.Search(ctx, f.search, each)
		if total > 1000 {
			c.warn("GitHub finds %d repositories and lists the first 1000: narrow the search, and repeat the command with another one", total)
		}
		return err
	}, f.forks), nil
}

// bareOrLocal puts http before a host that is this machine, as a GitHub for trying
// things out is.
func bareOrLocal(host string) string {
	if name, _, _ := strings.Cut(host, ":"); name == "127.0.0.1" || name == "localhost" {
		return "http://" + host
	}
	return host
}
