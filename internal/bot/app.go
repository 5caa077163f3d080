package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// App does the work, as a GitHub App. It keeps nothing itself: what it needs to know
// again is on GitHub.
type App struct {
	Server   string // as https://github.com
	App      github.App
	Run      func(context.Context, job.Spec, job.Gate) (job.Outcome, error)
	Limits   job.Limits
	Settings map[string]any // before what repositories say of pull requests
	Log      *slog.Logger
	Metrics  *Metrics

	mu      sync.Mutex
	budgets map[int64]*budget // by installation
}

// Do does one piece of work.
func (a *App) Do(ctx context.Context, w Work) (Result, error) {
	var r Result
	var err error
	switch w.What {
	case Reconcile:
		r, err = a.reconcile(ctx, w)
	case Check:
		r, err = a.check(ctx, w)
	case Command:
		r, err = a.command(ctx, w)
	case Sweep:
		r, err = a.sweep(ctx)
	default:
		return Result{Word: "unknown", Text: "an older or newer version wanted it"}, nil
	}
	var wait *github.LimitError
	var unable *forge.UnableError
	switch {
	case err == nil:
		return r, nil
	case errors.Is(err, github.ErrGone):
		return Result{Word: "skipped", Text: oneLine(err.Error())}, nil
	case errors.As(err, &wait):
		return Result{Word: "later", Text: oneLine(err.Error()), Later: 15 * time.Minute}, nil
	case errors.As(err, &unable):
		return Result{Word: "refused", Text: oneLine(err.Error())}, nil
	}
	return r, err
}

// place is one repository as the App sees it.
type place struct {
	app   *App
	work  Work
	url   string
	gate  *gate
	write ledger.Writer
	hub   *github.GitHub
}

// at goes to the repository of some work. The token of everything that is done there
// is made for it, and for no other one.
func (a *App) at(w Work) (*place, error) {
	url := strings.TrimSuffix(a.Server, "/") + "/" + w.Repository() + ".git"
	where, err := github.Locate(url)
	if err != nil {
		return nil, err
	}
	p := &place{app: a, work: w, url: url, gate: &gate{a.budget(w.Installation), a.record}}
	p.write = ledger.Writer{Who: p.credential().Who(where.Host, where.Owner), Repository: where.String(), Sink: a.record}
	p.hub, err = github.New(github.Options{Where: where, Prefix: propose.DefaultPrefix, App: p.credential().App, DryRun: true, Fork: github.ForkNever,
		MaxWait: 2 * time.Minute, Budget: p.gate, Wrap: p.write.Host})
	return p, err
}

func (p *place) credential() job.Credential {
	app := p.app.App
	app.Installation = p.work.Installation
	return job.Credential{App: &app}
}

func (p *place) spec() job.Spec {
	return job.Spec{Repository: job.Repository{Name: p.work.Repository(), URL: p.url}, Credential: p.credential(), Settings: p.app.Settings, Limits: p.app.Limits}
}

// record keeps a record of the ledger in the log, and counts it.
func (a *App) record(ctx context.Context, r ledger.Record) error {
	if r.Stage == ledger.After {
		outcome := "done"
		if r.Outcome != "done" {
			outcome = "failed"
		}
		a.Metrics.writes.WithLabelValues(r.Operation, outcome).Inc()
	}
	return ledger.Log(a.Log.Handler())(ctx, r)
}

func (a *App) reconcile(ctx context.Context, w Work) (Result, error) {
	p, err := a.at(w)
	if err != nil {
		return Result{}, err
	}
	out, err := a.Run(ctx, p.spec(), p.gate)
	if err != nil {
		return Result{}, err
	}
	r := Result{Word: string(out.State), Text: oneLine(out.Reason)}
	if len(out.Parts) > 0 {
		r.Text = strings.TrimSpace(r.Text + " " + strings.Join(told(out), "; "))
	}
	if out.State == job.Later {
		r.Later = 15 * time.Minute
	}
	return r, nil
}

// told is a sentence for each part.
func told(out job.Outcome) []string {
	var all []string
	for _, p := range out.Parts {
		s := fmt.Sprintf("%s %s", p.Action, p.Branch)
		if p.Number != 0 {
			s += fmt.Sprintf(" #%d", p.Number)
		}
		if p.Reason != "" {
			s += ": " + p.Reason
		}
		all = append(all, s)
	}
	return all
}

// sweep wants every repository of every installation reconciled.
func (a *App) sweep(ctx context.Context) (Result, error) {
	r := Result{Word: "done"}
	err := github.Installed(ctx, a.Server, a.App, func(l github.Location, installation int64) error {
		r.Further = append(r.Further, Work{What: Reconcile, Owner: l.Owner, Name: l.Name, Installation: installation})
		return nil
	})
	if err != nil && len(r.Further) == 0 {
		return r, err
	}
	r.Text = fmt.Sprintf("%d repositories", len(r.Further))
	if err != nil {
		r.Text += "; " + oneLine(err.Error())
	}
	return r, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Check finds a key that cannot be used before the first event does.
func (a *App) Check() error {
	_, err := a.at(Work{Owner: "any", Name: "any"})
	return err
}
