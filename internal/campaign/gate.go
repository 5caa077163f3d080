package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/vcs/github"
)

// gate is what a job asks before it writes.
type gate struct {
	w           *Worker
	conf        Config
	id, attempt string
	budget      *Budget // nil: nothing is shared, as for folders

	mu    sync.Mutex
	asked []string // branches for which a pull request was allowed
	later string   // why the job was put off
}

// errLater says that a job was put off.
var errLater = errors.New("put off")

func (g *gate) Take(ctx context.Context) (func(), error) {
	conf := g.w.conf.Load()
	reason := ""
	switch {
	case conf.Status != Running:
		reason = "the campaign is " + conf.Status
	case !mayWrite(conf.Windows, time.Now()):
		reason = "the hours in which the campaign may write are over"
	}
	if reason != "" {
		g.mu.Lock()
		g.later = reason
		g.mu.Unlock()
		return nil, fmt.Errorf("%s: %w", reason, errLater)
	}
	done := func() {}
	if g.budget != nil {
		var err error
		if done, err = g.budget.Take(ctx); err != nil {
			return nil, err
		}
	}
	// Asked last: while it waited, it may have been given to another worker.
	if err := g.fence(ctx); err != nil {
		done()
		return nil, err
	}
	return done, nil
}

// fence fails if another worker has the job now.
func (g *gate) fence(ctx context.Context) error {
	e, _, _, err := g.w.c.entry(ctx, g.id)
	if err == nil && e.Attempt != g.attempt {
		err = errTaken
	}
	return err
}

func (g *gate) Cool(ctx context.Context, pause time.Duration) error {
	if g.budget == nil {
		return nil
	}
	return g.budget.Cool(ctx, pause)
}

func (g *gate) Open(ctx context.Context, branch string) (string, error) {
	reason, err := g.w.c.openSlot(ctx, g.conf, g.id, branch)
	if err == nil && reason == "" {
		g.mu.Lock()
		g.asked = append(g.asked, branch)
		g.mu.Unlock()
	}
	return reason, err
}

// Record keeps a record in the campaign's ledger, and in the worker's own.
func (g *gate) Record(ctx context.Context, r ledger.Record) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	err = trying(ctx, func(ctx context.Context) error {
		_, err := g.w.bus.js.Publish(ctx, ledgerSubject(g.conf.Name, g.id), data, jetstream.WithMsgID(r.ID+" "+r.Stage))
		return err
	})
	if err == nil && g.w.Log != nil {
		err = g.w.Log(ctx, r)
	}
	return err
}

func (g *gate) putOff() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.later
}

func (g *gate) askedFor() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked
}

// standing asks GitHub where a pull request stands.
func (w *Worker) standing(ctx context.Context, e *Entry, number int) (string, error) {
	return Standing(ctx, e, number, w.Credential)
}

// Standing asks GitHub where a pull request of a repository stands.
func Standing(ctx context.Context, e *Entry, number int, credential func(string) (job.Credential, error)) (string, error) {
	where, err := github.Locate(e.Repository.URL)
	if err != nil {
		return "", err
	}
	who, err := credential(e.Host)
	if err != nil {
		return "", err
	}
	o := github.Options{Where: where, DryRun: true, App: who.App, MaxWait: time.Minute}
	if who.App == nil {
		o.Tokens = who.Token
	}
	hub, err := github.New(o)
	if err != nil {
		return "", err
	}
	p, err := hub.Pull(ctx, number)
	switch {
	case err != nil:
		return "", err
	case p.Merged:
		return standingMerged, nil
	case p.Open:
		return standingOpen, nil
	}
	return standingClosed, nil
}

// owner is who has the repository at a URL.
func owner(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
	return strings.ToLower(name)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
