package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// appFlags name a GitHub App.
type appFlags struct {
	id, installation int64
	key              string
}

func (a *appFlags) flags(f *pflag.FlagSet) {
	f.Int64Var(&a.id, "app-id", 0, "be this GitHub App instead of using a token")
	f.StringVar(&a.key, "app-key", "", "the file of the App's private key")
	f.Int64Var(&a.installation, "app-installation", 0, "the App's installation (default: the one that has the repository)")
}

// target is where proposals go.
type target struct {
	forge    forge.Forge
	lister   forge.Lister                              // nil: branches of the repository itself
	identity func(context.Context) (vcs.Person, error) // who commits, if git does not know; nil: nobody
	objects  *vcs.Repository                           // where commits are written
	prefix   string                                    // of all branches
	start    string                                    // of those of this run
	aside    string                                    // a folder for objects of a dry run
	told     *waits
}

// target finds where proposals go: nowhere, to branches here, or to GitHub.
func (c *cli) target(place *propose.Place, f *prFlags) (*target, error) {
	t := &target{objects: place.Repository, prefix: cmp.Or(place.Wanted.Prefix, propose.DefaultPrefix)}
	t.start = propose.Start(t.prefix, place.Wanted.Scope)
	if f.local {
		t.forge = &propose.Local{Repository: place.Repository}
		return t, nil
	}
	if f.dryRun {
		var err error
		if t.aside, err = os.MkdirTemp("", "unleak-aside-"); err != nil {
			return nil, err
		}
		if t.objects, err = place.Repository.Aside(t.aside); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	hub, why, err := c.gitHub(place, f, t)
	switch {
	case err != nil:
		return nil, errors.Join(err, t.close())
	case hub != nil:
		t.forge, t.lister, t.identity = hub, hub, hub.Identity
	case f.dryRun:
		c.warn("%s; so this is what a first run would do", why)
		t.forge = propose.Shown{}
		t.identity = func(context.Context) (vcs.Person, error) {
			return vcs.Person{Name: "unleak", Email: "unleak@localhost"}, nil
		}
	default:
		return nil, errors.Join(errors.New(why), t.close())
	}
	return t, nil
}

// gitHub is the GitHub of the remote; nil with a reason if there is none, or no way
// in.
func (c *cli) gitHub(place *propose.Place, f *prFlags, t *target) (hub *github.GitHub, why string, err error) {
	pr := place.Wanted
	name := cmp.Or(pr.Remote, "origin")
	remote, err := place.Repository.Remote(name)
	if errors.Is(err, vcs.ErrNotFound) {
		return nil, fmt.Sprintf("there is no remote %q to propose to (--remote, --local)", name), nil
	}
	if err != nil {
		return nil, "", err
	}
	where, err := github.Locate(remote.URL)
	if err != nil {
		return nil, oneLine(err.Error()), nil
	}
	t.told = &waits{cli: c}
	o := github.Options{
		Where: where, Prefix: t.prefix, Repository: t.objects, Limits: forge.Limits{Open: pr.Limits.Open, Hour: pr.Limits.PerHour}, DryRun: f.dryRun,
		Via: pr.Via, Fork: pr.Fork, CreateLabels: pr.MissingLabels != "leave-out", MergeMethod: pr.MergeMethod, Tell: t.told.tell,
	}
	if !strings.HasPrefix(remote.URL, "https:") && !strings.HasPrefix(remote.URL, "http:") {
		o.SSH = &remote
	}
	switch {
	case f.app.id != 0 && f.app.key != "":
		o.App = &github.App{ID: f.app.id, KeyFile: f.app.key, Installation: f.app.installation}
	case f.app.id != 0 || f.app.key != "":
		return nil, "", errors.New("a GitHub App needs --app-id and --app-key")
	default:
		home, _ := os.UserHomeDir() // without one, gh's files are not there
		token, _, err := github.FindToken(where.Host, github.Environment{Getenv: os.Getenv, Home: home})
		if err != nil {
			return nil, oneLine(err.Error()), nil
		}
		o.Tokens = token
	}
	hub, err = github.New(o)
	return hub, "", err
}

// standings are what stands below the beginning of the branches' names.
func (t *target) standings(ctx context.Context) ([]forge.Standing, error) {
	if t.lister != nil {
		return t.lister.Status(ctx, t.start)
	}
	branches, err := t.objects.Branches(t.start)
	var all []forge.Standing
	for name, commit := range branches {
		all = append(all, forge.Standing{Branch: name, Commit: commit, State: "branch"})
	}
	slices.SortFunc(all, func(a, b forge.Standing) int { return strings.Compare(a.Branch, b.Branch) })
	return all, err
}

// existing names the branches that stand.
func (t *target) existing(ctx context.Context) ([]string, error) {
	all, err := t.standings(ctx)
	var names []string
	for _, s := range all {
		if s.State == "open" || s.State == "draft" || s.State == "branch" {
			names = append(names, s.Branch)
		}
	}
	return names, err
}

// close ends what the target has begun.
func (t *target) close() error {
	if t.told != nil {
		t.told.clear()
	}
	if t.aside != "" {
		return os.RemoveAll(t.aside)
	}
	return nil
}

// waits tells a person why nothing moves.
type waits struct {
	cli   *cli
	mu    sync.Mutex
	shown bool
}

// tell shows a wait and what is left of the hour's requests: on a terminal in a line
// that goes again, elsewhere only waits of some length.
func (w *waits) tell(p github.Progress) {
	if w.cli.quiet {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	left := ""
	if p.Limit > 0 {
		left = fmt.Sprintf(" (%d of %d requests left)", p.Remaining, p.Limit)
	}
	switch terminal := isTerminal(w.cli.err); {
	case terminal && p.Waiting > 0:
		fmt.Fprintf(w.cli.err, "\r\x1b[Kwaiting %s: %s%s", p.Waiting.Round(time.Second), oneLine(p.Why), left)
		w.shown = true
	case terminal:
		fmt.Fprintf(w.cli.err, "\r\x1b[KGitHub%s", left)
		w.shown = true
	case p.Waiting >= 5*time.Second:
		w.cli.warn("waiting %s: %s%s", p.Waiting.Round(time.Second), oneLine(p.Why), left)
	}
}

func (w *waits) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.shown {
		fmt.Fprint(w.cli.err, "\r\x1b[K")
		w.shown = false
	}
}
