package campaign

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
)

// Worker takes repositories of a campaign and does them.
type Worker struct {
	Name       string                                    // that status shows
	Runner     *job.Runner                               //
	Credential func(host string) (job.Credential, error) // who writes on a host
	Jobs       int                                       // at once
	Finish     bool                                      // end when nothing is left to do; else wait for more
	Log        ledger.Sink                               // keeps records, too; nil: only the campaign's ledger does
	Tell       func(Entry)                               // of every try that ended; may be nil
	Rests      func(reason string)                       // is told once why nothing is begun, for each reason; may be nil

	bus     *Bus
	c       *Campaign
	conf    atomic.Pointer[Config]
	mu      sync.Mutex
	budgets map[string]*Budget
	resting string // the reason that was told
}

// Work works until the context ends, the campaign is closed, or, with Finish, nothing
// is left. What is under way then is given back to others.
func (w *Worker) Work(ctx context.Context, b *Bus, c *Campaign) error {
	w.bus, w.c, w.budgets = b, c, map[string]*Budget{}
	if err := w.refresh(ctx); err != nil {
		return err
	}
	for _, host := range w.conf.Load().Hosts { // before every repository fails for it
		if host != localHost {
			if _, err := w.Credential(host); err != nil {
				return err
			}
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	all.Go(func() { w.follow(ctx, cancel) })
	for range max(w.Jobs, 1) {
		all.Go(func() { cancel(w.loop(ctx)) })
	}
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errFinished) && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// errFinished ends all loops: there is nothing left.
var errFinished = errors.New("nothing is left to do")

// refresh reads the campaign's configuration again.
func (w *Worker) refresh(ctx context.Context) error {
	conf, err := w.c.Config(ctx)
	if err == nil {
		w.conf.Store(&conf)
	}
	return err
}

// follow keeps the configuration up to date.
func (w *Worker) follow(ctx context.Context, cancel context.CancelCauseFunc) {
	for sleep(ctx, time.Second) == nil {
		if err := w.refresh(ctx); err != nil && ctx.Err() == nil {
			cancel(err)
		}
		if w.conf.Load().Status == Closed {
			cancel(errFinished)
		}
	}
}

// rest says why nothing is begun now, "" if something may be.
func (w *Worker) rest(ctx context.Context) (string, error) {
	conf := w.conf.Load()
	switch {
	case conf.Status == Paused:
		return "the campaign is paused", nil
	case !mayWrite(conf.Windows, time.Now()):
		return "it is outside of the hours in which the campaign may write", nil
	}
	full, err := w.c.full(ctx, *conf)
	if !full || err != nil {
		return "", err
	}
	if err := w.c.lookAgain(ctx, 10*conf.Takeover, w.standing); err != nil && ctx.Err() == nil {
		return "", nil // it is asked again; a job that wants to open one is put off
	}
	if full, err = w.c.full(ctx, *conf); full {
		return "no more pull requests are wanted now", err
	}
	return "", err
}

// tellRest tells a reason that is new.
func (w *Worker) tellRest(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if reason != w.resting && reason != "" && w.Rests != nil {
		w.Rests(reason)
	}
	w.resting = reason
}

// loop does one job after the other, until an error or errFinished.
func (w *Worker) loop(ctx context.Context) error {
	for at := 0; ; at++ {
		reason, err := w.rest(ctx)
		w.tellRest(reason)
		if err == nil && reason != "" {
			err = sleep(ctx, time.Second)
			if err == nil && w.Finish {
				err = w.finished(ctx)
			}
			if err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		conf := w.conf.Load()
		if len(conf.Hosts) == 0 {
			return fmt.Errorf("the campaign %s has no repositories", w.c.Name)
		}
		host := conf.Hosts[at%len(conf.Hosts)]
		msg, err := w.next(ctx, *conf, host)
		if err == nil && msg == nil && w.Finish {
			err = w.finished(ctx)
		}
		if err != nil {
			return err
		}
		if msg != nil {
			if err := w.handle(ctx, *conf, host, msg); err != nil {
				return err
			}
		}
	}
}

// finished is errFinished if there is nothing left to do for anybody.
func (w *Worker) finished(ctx context.Context) error {
	left, err := w.c.left(ctx)
	if err == nil && left == 0 {
		return errFinished
	}
	return err
}

// left counts the repositories that are not final.
func (c *Campaign) left(ctx context.Context) (n uint64, err error) {
	err = trying(ctx, func(ctx context.Context) error {
		info, err := c.jobs.Info(ctx)
		if err == nil {
			n = info.State.Msgs
		}
		return err
	})
	return n, err
}

// next waits a moment for a job of a host; nil if there is none.
func (w *Worker) next(ctx context.Context, conf Config, host string) (jetstream.Msg, error) {
	name := "host-" + hostToken(host)
	wait := 2 * time.Second
	if len(conf.Hosts) > 1 || w.Finish {
		wait = 300 * time.Millisecond
	}
	var got jetstream.Msg
	err := trying(ctx, func(ctx context.Context) error {
		cons, err := w.c.jobs.Consumer(ctx, name)
		if errors.Is(err, jetstream.ErrConsumerNotFound) {
			cons, err = w.c.jobs.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: name, AckPolicy: jetstream.AckExplicitPolicy, AckWait: conf.Takeover,
				MaxDeliver: -1, MaxAckPending: conf.PerHost, FilterSubject: jobSubject(conf.Name, host, "*")})
		}
		if err != nil {
			return err
		}
		got, err = cons.Next(jetstream.FetchMaxWait(wait))
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, jetstream.ErrNoMessages) {
			return nil
		}
		var status *jetstream.APIError
		if err != nil && !errors.As(err, &status) && ctx.Err() == nil {
			return errors.Join(err, nats.ErrTimeout) // whatever it is, the connection is asked again
		}
		return err
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if got != nil {
		_ = got.InProgress() // it may have come late; if this is not heard, another worker takes it over
	}
	return got, err
}

// handle does one job and says what became of it. An error ends the worker.
func (w *Worker) handle(ctx context.Context, conf Config, host string, msg jetstream.Msg) error {
	repo, err := decode[job.Repository](msg.Data(), msg.Subject())
	if err != nil {
		return msg.TermWithReason("it cannot be read")
	}
	id, _ := identify(repo)
	jobCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go w.keep(msg, conf.Takeover, stop, cancel)

	e, mine, err := w.begin(jobCtx, conf, id, host, repo)
	if err != nil || !mine {
		if err == nil {
			w.acknowledge(ctx, msg) // it is final
		}
		return w.lost(ctx, err)
	}
	g := &gate{w: w, conf: conf, id: id, attempt: e.Attempt}
	outcome, failed := w.do(jobCtx, host, e, g)
	if ctx.Err() != nil {
		w.giveBack(id, e.Attempt, msg)
		return context.Cause(ctx)
	}
	if jobCtx.Err() != nil {
		return nil // the connection was gone for too long: another worker has it
	}
	e, delay, err := w.end(jobCtx, conf, id, e.Attempt, outcome, failed, g)
	if err != nil {
		return w.lost(ctx, err)
	}
	if e.final() {
		w.acknowledge(ctx, msg)
	} else {
		_ = msg.NakWithDelay(delay) // unheard, it comes again after the silence
	}
	if w.Tell != nil {
		w.Tell(e)
	}
	return nil
}

// errTaken says that another worker has taken a job over.
var errTaken = errors.New("another worker has taken this over")

// lost is nil for what only ends a job: that it is another one's, or that nobody
// could be reached for too long.
func (w *Worker) lost(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, errTaken) || errors.Is(err, errSilent) || ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// errSilent says that the connection was gone for too long.
var errSilent = errors.New("the connection was gone for longer than a job may be silent")

// keep tells, as long as a job is under way, that it is, and ends it when that could
// not be told for too long.
func (w *Worker) keep(msg jetstream.Msg, takeover time.Duration, stop <-chan struct{}, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(takeover / 4)
	defer tick.Stop()
	told := time.Now()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		if w.bus.nc.IsConnected() && msg.InProgress() == nil {
			told = time.Now()
		} else if time.Since(told) > takeover {
			cancel(errSilent)
			return
		}
	}
}

// do runs the job.
func (w *Worker) do(ctx context.Context, host string, e Entry, g *gate) (job.Outcome, error) {
	conf := g.conf
	s := job.Spec{Repository: e.Repository, Settings: conf.Settings, Limits: conf.Limits, DryRun: conf.DryRun,
		Verify: conf.Verify, VerifyTime: conf.VerifyTime, VerifyNetwork: conf.VerifyNetwork}
	if host != localHost {
		var err error
		if s.Credential, err = w.Credential(host); err != nil {
			return job.Outcome{}, err
		}
		if g.budget, err = w.budget(ctx, s.Credential.Who(host, owner(e.Repository.URL)), conf.Rates); err != nil {
			return job.Outcome{}, err
		}
	}
	return w.Runner.Run(ctx, s, g)
}

func (w *Worker) budget(ctx context.Context, who string, r Rates) (*Budget, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if b := w.budgets[who]; b != nil {
		return b, nil
	}
	b, err := w.bus.Budget(ctx, who, r)
	if err == nil {
		w.budgets[who] = b
	}
	return b, err
}
