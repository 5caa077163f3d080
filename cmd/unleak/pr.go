package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/settings"
)

// prFlags are what the command line says; what the settings say, too, is read
// through given.
type prFlags struct {
	dryRun, local bool
	format        string
	verify        string
	limit         time.Duration
	signingKey    string
	app           appFlags
	given         *pflag.FlagSet
}

// prKeys are the flags that stand for a key of the settings with another name.
var prKeys = map[string]string{
	"phase": "phases", "label": "labels", "reviewer": "reviewers", "team-reviewer": "team-reviewers", "assignee": "assignees",
	"max-open": "limits.open", "max-per-hour": "limits.per-hour",
}

func (c *cli) prCommand() *cobra.Command {
	var f prFlags
	cmd := &cobra.Command{
		Use:   "pr",
		Short: "Propose the fixes as branches and pull requests, one for each phase",
		Long: `Propose the fixes as branches and pull requests on GitHub, one for each phase. It
may be run again at any time: what is right is left alone, and nothing that
somebody else pushed is ever overwritten.

Everything is computed on the commit that the base branch has on the remote, as far
as the last fetch knows, and with the settings of that commit. The checkout is
neither read nor touched; but of packages that are installed in it, the
declarations are read.

--dry-run prints what would be, and writes nothing; --local makes the branches in
this repository and pushes nothing. A token is taken from GH_TOKEN or GITHUB_TOKEN,
for an Enterprise server (GH_HOST) from GH_ENTERPRISE_TOKEN, or from gh's files; or
from a GitHub App (--app-id, --app-key).

Flags come before what ` + settings.Name + ` says under pull-requests, which is explained
in the file that ` + "`unleak init`" + ` writes.

Exit status: 0 all is as it should be, 1 something was held, refused or dropped and
needs a person, 2 something could not be done; the next run goes on from there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.given = cmd.Flags()
			return c.pr(cmd.Context(), &f)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.dryRun, "dry-run", false, "print branches, commits, diffs and texts, and write nothing")
	fl.BoolVar(&f.local, "local", false, "make the branches here, and push nothing")
	fl.StringVar(&f.format, "format", "text", "output: text or json")
	fl.StringVar(&f.verify, "verify", "", "a command of the project, run by the shell on a copy before and after; fixes that\nmake it fail are found and dropped")
	fl.DurationVar(&f.limit, "verify-timeout", 10*time.Minute, "how long the --verify command may take each time")
	fl.StringVar(&f.signingKey, "signing-key", "", "sign commits with this SSH key")
	fl.String("base", "", "the branch that pull requests go to (default: the remote's default branch)")
	fl.String("remote", "origin", "the remote's name")
	settingFlags(fl)
	fl.Int("max-open", 0, "the most pull requests that are open at a time; 0: no limit")
	fl.Int("max-per-hour", 0, "the most pull requests that are opened in an hour; 0: no limit")
	f.app.flags(fl)
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"critical", "high", "medium"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(c.prStatusCommand(), c.prCheckCommand())
	return cmd
}

// settingFlags stand for keys of the settings of pull requests.
func settingFlags(fl *pflag.FlagSet) {
	fl.StringSlice("phase", nil, "only these phases: critical, high, medium")
	fl.Bool("unsafe", false, "propose the fixes, too, that need a person's yes")
	fl.String("commits", "fix", "a commit for each fix, or package")
	fl.String("split", "none", "a pull request for each package or owner of a phase")
	fl.Int("max-files", 0, "the most files of a pull request; 0: no limit")
	fl.String("prefix", propose.DefaultPrefix, "what the names of branches begin with")
	fl.String("scope", "", "a word behind the prefix, to keep several runs apart")
	fl.String("via", "push", "how branches get there: push or api")
	fl.String("fork", "auto", "push to a fork: auto, never or always")
	fl.Bool("draft", false, "open drafts")
	fl.Bool("auto-merge", false, "ask GitHub to merge once all checks have passed")
	fl.String("merge-method", "merge", "how it merges then: merge, squash or rebase")
	fl.StringSlice("label", nil, "labels")
	fl.String("missing-labels", "create", "labels that do not exist: create or leave-out")
	fl.StringSlice("reviewer", nil, "who is asked for a review")
	fl.StringSlice("team-reviewer", nil, "teams that are asked for a review")
	fl.StringSlice("assignee", nil, "who is assigned")
	fl.String("milestone", "", "the title of a milestone")
	fl.String("author", "", "who the commits are by: Name <address>")
	fl.Bool("sign-off", false, "end messages with Signed-off-by")
	fl.Bool("sign", false, "sign commits with git's user.signingkey, an SSH key")
}

// pr plans and hands on.
func (c *cli) pr(ctx context.Context, f *prFlags) error {
	if f.format != "text" && f.format != "json" {
		return fmt.Errorf("--format: want text or json, got %q", f.format)
	}
	if f.dryRun && f.local {
		return errors.New("--dry-run and --local exclude each other")
	}
	paint, err := c.paint()
	if err != nil {
		return err
	}
	place, err := propose.Find(c.rootHere(), f.override)
	if err != nil {
		return err
	}
	base, err := propose.Read(ctx, place)
	if err != nil {
		return err
	}
	look, err := base.Look(ctx)
	if err != nil {
		return err
	}
	t, err := c.target(place, f)
	if err != nil {
		return err
	}
	defer c.closing(t.close)
	opts, err := options(ctx, place, f, t)
	if err != nil {
		return err
	}
	existing, err := t.existing(ctx)
	if err != nil {
		return err
	}
	stop := c.progress(look.Run.Seen)
	plan, err := propose.Make(ctx, base, look, opts, existing)
	stop()
	if err != nil {
		return err
	}
	defer c.closing(plan.Close)
	out := &prOutput{cli: c, paint: paint, dryRun: f.dryRun, json: f.format == "json", plan: plan}
	out.begin()
	if err := plan.Hand(ctx, t.objects, t.forge, out.part); err != nil {
		if check, ok := errors.AsType[*propose.CheckError](err); ok {
			err = fmt.Errorf("--verify: %s", check.Why)
			if len(check.Output) > 0 {
				err = fmt.Errorf("%w; %s", err, c.keep(check.Output))
			}
		}
		return errors.Join(out.end(), err)
	}
	if err := out.end(); err != nil {
		return err
	}
	return out.status()
}

// closing removes what is temporary.
func (c *cli) closing(close func() error) {
	if err := close(); err != nil {
		c.warn("%s", err)
	}
}

// override puts what flags say in place of what settings say.
func (f *prFlags) override(pr *settings.PullRequests) error {
	given, err := givenSettings(f.given)
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if err == nil {
			if err = pr.Set(key, given[key]); err != nil {
				err = fmt.Errorf("--%s: %w", flagOf(key), err)
			}
		}
	}
	return err
}

// givenSettings are the settings of pull requests that flags give, by key.
func givenSettings(given *pflag.FlagSet) (map[string]any, error) {
	out := map[string]any{}
	var wrong error
	given.Visit(func(flag *pflag.Flag) {
		key := flag.Name
		if k, ok := prKeys[key]; ok {
			key = k
		}
		if !settings.IsPullRequestKey(key) {
			return
		}
		var value any = flag.Value.String()
		var err error
		switch flag.Value.Type() {
		case "bool":
			value, err = given.GetBool(flag.Name)
		case "int":
			value, err = given.GetInt(flag.Name)
		case "stringSlice":
			value, err = given.GetStringSlice(flag.Name)
		}
		if err != nil && wrong == nil {
			wrong = fmt.Errorf("--%s: %w", flag.Name, err)
		}
		out[key] = value
	})
	return out, wrong
}

// flagOf is the flag that stands for a key.
func flagOf(key string) string {
	for flag, k := range prKeys {
		if k == key {
			return flag
		}
	}
	return key
}

// options turns settings into what is to be planned.
func options(ctx context.Context, place *propose.Place, f *prFlags, t *target) (propose.Options, error) {
	pr := place.Wanted
	o := propose.Wanted(pr, t.prefix)
	o.Verify, o.VerifyLimit = f.verify, f.limit
	var err error
	if o.Author, o.Committer, err = propose.Persons(ctx, place.Repository, pr.Author, t.identity); err != nil {
		return o, err
	}
	if f.signingKey != "" || pr.Sign {
		o.Signer, err = propose.SignerFor(place.Repository, f.signingKey)
	}
	return o, err
}
