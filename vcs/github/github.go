// Package github keeps pull requests on GitHub, github.com or an Enterprise server:
// it is what a forge.Reconciler needs of a service, and one that uses it. A token is
// asked for before each operation and sent to one host only, and is in no URL, error
// or message.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Ways in which branches get to GitHub.
const (
	ViaPush = "push" // git's protocol
	ViaAPI  = "api"  // the Git Data API: nothing is pushed
)

// What is done where the token may not push to the repository.
const (
	ForkAuto   = "auto"   // push to a fork of the token's owner
	ForkNever  = "never"  // refuse
	ForkAlways = "always" // push to the fork in any case
)

// Options say what GitHub to talk to, as whom, and how. Where, Prefix, Repository
// and one of Tokens and App are needed.
type Options struct {
	Where      Location        // the repository that pull requests go to
	Prefix     string          // what all branches begin with, as unleak/
	Tokens     Tokens          //
	App        *App            // instead of Tokens
	Repository *vcs.Repository // that has the commits
	Limits     forge.Limits
	DryRun     bool

	Via          string          // ViaPush, the default, or ViaAPI
	SSH          *vcs.Remote     // push here and not over https
	SSHKey       string          // the file of a private key for that; "" is the agent
	Fork         string          // ForkAuto, the default, ForkNever or ForkAlways
	CreateLabels bool            // make labels that are missing; else they are left out
	MergeMethod  string          // merge, the default, squash or rebase: for pull requests that merge by themselves
	MaxWait      time.Duration   // that a request waits when GitHub asks to; 0: 20 minutes
	Tell         func(Progress)  // nil: nobody
	Clock        Clock           // nil: the system's
	Transport    *http.Transport // nil: one that trusts what the system trusts

	Budget Budget // of writes, pushes among them, that is shared with others; nil: each process has its own
	// Wrap puts something between who decides and who writes, as a ledger; nil: nothing.
	Wrap func(forge.Host) forge.Host
	// May is asked before a pull request is made from a branch: a reason refuses it.
	// Nil: it may.
	May func(ctx context.Context, branch string) (reason string, err error)
}

// GitHub is a forge.Forge and a forge.Lister. It is for one goroutine.
type GitHub struct {
	o          Options
	redactor   *redactor
	tokens     Tokens
	clock      Clock
	client     *github.Client
	http       *http.Client // for what go-github does not have
	reconciler *forge.Reconciler

	repo    *github.Repository    // that pull requests go to; nil until asked for
	login   string                // who the token is; "" until asked for
	forked  bool                  // branches are pushed to a fork
	head    Location              // where branches are; Name "" if the fork is not there yet
	made    map[vcs.Hash]vcs.Hash // by ViaAPI: commits here, and what they are there
	counted *counts
}

// New checks the options and sends nothing.
func New(o Options) (*GitHub, error) {
	if err := o.Where.check(); err != nil {
		return nil, err
	}
	if o.Repository == nil && !o.DryRun {
		return nil, errors.New("there is no repository to push from")
	}
	switch {
	case o.Via == "":
		o.Via = ViaPush
	case o.Via != ViaPush && o.Via != ViaAPI:
		return nil, fmt.Errorf("branches get to GitHub by %s or %s, not by %q", ViaPush, ViaAPI, o.Via)
	}
	switch {
	case o.Fork == "":
		o.Fork = ForkAuto
	case o.Fork != ForkAuto && o.Fork != ForkNever && o.Fork != ForkAlways:
		return nil, fmt.Errorf("a fork is used %s, %s or %s, not %q", ForkAuto, ForkNever, ForkAlways, o.Fork)
	}
	switch o.MergeMethod = strings.ToUpper(o.MergeMethod); o.MergeMethod {
	case "":
		o.MergeMethod = "MERGE"
	case "MERGE", "SQUASH", "REBASE":
	default:
		return nil, fmt.Errorf("pull requests are merged by merge, squash or rebase, not by %q", strings.ToLower(o.MergeMethod))
	}
	if o.MaxWait == 0 {
		o.MaxWait = 20 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.Transport == nil {
		o.Transport = http.DefaultTransport.(*http.Transport).Clone()
		o.Transport.ResponseHeaderTimeout = time.Minute
	}
	if c := o.Transport.TLSClientConfig; c != nil && c.InsecureSkipVerify {
		return nil, errors.New("certificates are always checked")
	}
	g := &GitHub{o: o, redactor: &redactor{}, tokens: o.Tokens, clock: o.Clock, made: map[vcs.Hash]vcs.Hash{}}
	bottom := onlyTo{listener{o.Transport, g.redactor}, o.Where}
	if o.App != nil {
		app, err := newAppTokens(*o.App, o.Where, newTransport(bottom, o.Clock, o.Tell, o.MaxWait))
		if err != nil {
			return nil, err
		}
		g.tokens = app
	}
	if g.tokens == nil {
		return nil, errors.New("there is no token")
	}
	requests := newTransport(withToken{bottom, g.tokens}, o.Clock, o.Tell, o.MaxWait)
	requests.budget = o.Budget
	g.http = &http.Client{Transport: requests}
	g.client = github.NewClient(g.http)
	g.client.BaseURL = o.Where.api()
	g.client.UserAgent = "unleak"
	g.reconciler = &forge.Reconciler{Host: g.host(), Repository: o.Repository, Limits: o.Limits, DryRun: o.DryRun, May: o.May}
	return g, nil
}

// host is what writes, with what is put before it.
func (g *GitHub) host() forge.Host {
	if g.o.Wrap != nil {
		return g.o.Wrap(host{g})
	}
	return host{g}
}

// withToken adds a token, asked for anew, to every request.
type withToken struct {
	base   http.RoundTripper
	tokens Tokens
}

func (t withToken) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.tokens.Token(req.Context())
	if err != nil {
		return nil, &finalError{err}
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.base.RoundTrip(req)
}

// onlyTo sends requests to one host, whatever an answer leads to.
type onlyTo struct {
	base  http.RoundTripper
	where Location
}

func (t onlyTo) RoundTrip(req *http.Request) (*http.Response, error) {
	if api := t.where.api(); req.URL.Scheme != api.Scheme || req.URL.Host != api.Host {
		return nil, &finalError{fmt.Errorf("GitHub leads to %s://%s, where the token is not sent", req.URL.Scheme, req.URL.Host)}
	}
	return t.base.RoundTrip(req)
}

// Credentials are what git needs to read the repository now: a token that may be
// dead in an hour.
func (g *GitHub) Credentials(ctx context.Context) (vcs.Credentials, error) {
	token, err := g.tokens.Token(ctx)
	if err != nil {
		return vcs.Credentials{}, g.redactor.err(err)
	}
	g.redactor.add(token)
	return vcs.Credentials{Token: token}, nil
}

// Remote is the URL that git reads the repository from.
func (g *GitHub) Remote() string { return g.o.Where.git() }

// Propose makes GitHub show what is proposed.
func (g *GitHub) Propose(ctx context.Context, p forge.Proposal) (forge.Outcome, error) {
	if !strings.HasPrefix(p.Branch, g.o.Prefix) {
		return forge.Outcome{}, fmt.Errorf("%s does not begin with %s", p.Branch, g.o.Prefix)
	}
	if g.o.Repository == nil && p.Commit != "" {
		return forge.Outcome{}, errors.New("there is no repository that has the commits")
	}
	err := g.open(ctx)
	if e := (*forge.UnableError)(nil); errors.As(err, &e) {
		return forge.Outcome{Action: forge.Refuse, Branch: p.Branch, Reason: g.redactor.text(e.Reason)}, nil
	}
	if err != nil {
		return forge.Outcome{}, g.redactor.err(err)
	}
	if reason := g.readOnly(); reason != "" {
		return forge.Outcome{Action: forge.Refuse, Branch: p.Branch, Reason: reason}, nil
	}
	out, err := g.reconciler.Propose(ctx, p)
	out.Reason = g.redactor.text(out.Reason)
	for i, n := range out.Notes {
		out.Notes[i] = g.redactor.text(n)
	}
	return out, g.redactor.err(err)
}

// Identity is who commits are by that a GitHub App makes. It fails without an App.
func (g *GitHub) Identity(ctx context.Context) (vcs.Person, error) {
	app, ok := g.tokens.(*appTokens)
	if !ok {
		return vcs.Person{}, errors.New("there is no GitHub App whose identity could be asked for")
	}
	p, err := app.identity(ctx, g.client)
	p.When = g.clock.Now()
	return p, g.redactor.err(err)
}

// open asks once what the repository is, and where branches go.
func (g *GitHub) open(ctx context.Context) error {
	if g.repo != nil {
		return nil
	}
	repo, _, err := g.client.Repositories.Get(ctx, g.o.Where.Owner, g.o.Where.Name)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", g.o.Where, plainError(err))
	}
	// It may have been renamed: GitHub leads on, but not where names are parameters.
	g.o.Where.Owner, g.o.Where.Name = repo.GetOwner().GetLogin(), repo.GetName()
	if err := g.o.Where.check(); err != nil {
		return err
	}
	g.head = g.o.Where
	if g.forked, err = g.wantsFork(ctx, repo); err != nil {
		return err
	}
	if g.forked {
		if err := g.findFork(ctx); err != nil {
			return err
		}
	}
	g.repo = repo
	return nil
}

// readOnly says why nothing can be written to the repository, "" if it can.
func (g *GitHub) readOnly() string {
	switch {
	case g.repo.GetArchived():
		return explain("archived")
	case g.repo.GetDisabled():
		return fmt.Sprintf("%s is disabled", g.o.Where)
	case !g.forked && g.o.Fork == ForkNever && g.mayNotPush(g.repo):
		return fmt.Sprintf("the token may not push to %s, and forks are not wanted: give it that right, or allow forks", g.o.Where)
	}
	return ""
}
