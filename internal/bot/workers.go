package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/unleak-dev/unleak/internal/queue"
)

// Doer does a piece of work. It may be called again for what it has done: whatever
// it does must come to the same then.
type Doer interface {
	Do(ctx context.Context, w Work) (Result, error)
}

// Result is what came of it.
type Result struct {
	Word    string        // for the metrics: done, skipped and the like
	Text    string        // for the log
	Later   time.Duration // not 0: it is wanted again after that
	Further []Work        // what is to be done, too
}

// Workers take work from the queue and do it.
type Workers struct {
	Queue   *queue.Queue
	Doer    Doer
	Jobs    int           // at a time
	Grace   time.Duration // that work under way is given when it is to end
	Log     *slog.Logger
	Metrics *Metrics
	Tracer  trace.Tracer
	Backoff func(tries int) time.Duration // nil: from half a minute to an hour
}

// maxTries is how often work is tried that fails. What comes in for the same thing
// later is tried anew.
const maxTries = 8

func backoff(tries int) time.Duration { return min(30*time.Second<<min(tries, 10), time.Hour) }

// Run works until the context ends. What is under way then is given some time to
// end; what does not is ended, and stays in the queue.
func (w *Workers) Run(ctx context.Context) {
	if w.Backoff == nil {
		w.Backoff = backoff
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.Grace, stop) })()
	var all sync.WaitGroup
	for range max(w.Jobs, 1) {
		all.Go(func() {
			for {
				it, err := w.Queue.Take(ctx)
				if err != nil {
					return
				}
				if err := w.one(working, it); err != nil {
					w.Log.Error("the queue cannot be written: the work is done again", "key", it.Key, "error", err.Error())
					w.Queue.Release(it)
					if sleep(ctx, 10*time.Second) != nil {
						return
					}
				}
			}
		})
	}
	all.Wait()
}

// one does one item. An error means that the queue could not be told.
func (w *Workers) one(ctx context.Context, it queue.Item) error {
	work, err := decodeWork(it)
	if err != nil {
		w.Log.Error("an item of the queue cannot be read, and is dropped", "key", it.Key, "error", err.Error())
		return w.Queue.Done(it)
	}
	log := w.Log.With("what", work.What, "repository", work.Repository(), "number", work.Number, "events", it.Coalesced, "try", it.Tries+1)
	started := time.Now()
	w.Metrics.late.Observe(max(0, started.Sub(it.Since).Seconds()))
	w.Metrics.running.Inc()
	defer w.Metrics.running.Dec()
	from := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": work.Trace})
	ctx, span := w.Tracer.Start(ctx, work.What, trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(from)), trace.WithAttributes(
		attribute.String("unleak.repository", work.Repository()), attribute.Int("unleak.number", work.Number), attribute.Int("unleak.try", it.Tries+1)))
	defer span.End()
	log.Info("work begins")
	r, err := w.safely(ctx, work)
	took := time.Since(started)
	end := func(result string) {
		w.Metrics.work.WithLabelValues(work.What, result).Inc()
		w.Metrics.took.WithLabelValues(work.What).Observe(took.Seconds())
		span.SetAttributes(attribute.String("unleak.result", result))
	}
	switch {
	case ctx.Err() != nil:
		end("interrupted")
		log.Warn("work was interrupted, and stays in the queue", "seconds", took.Seconds())
		return w.Queue.Later(it, 0, false)
	case err != nil && it.Tries+1 >= maxTries:
		end("dropped")
		span.SetStatus(codes.Error, err.Error())
		log.Error("work failed too often, and is dropped", "error", err.Error(), "seconds", took.Seconds())
		return w.Queue.Done(it)
	case err != nil:
		end("failed")
		span.SetStatus(codes.Error, err.Error())
		again := w.Backoff(it.Tries)
		log.Warn("work failed, and is tried again", "error", err.Error(), "seconds", took.Seconds(), "after", again.Seconds())
		return w.Queue.Later(it, again, true)
	}
	var further []queue.Item
	for _, f := range r.Further {
		further = append(further, f.item())
	}
	if len(further) > 0 {
		if err := w.Queue.Put(further...); errors.Is(err, queue.ErrFull) {
			log.Warn("more work is wanted than the queue takes", "seconds", took.Seconds())
			return w.Queue.Later(it, w.Backoff(it.Tries), true)
		} else if err != nil {
			return err
		}
	}
	end(r.Word)
	log.Info("work ends", "result", r.Word, "text", r.Text, "seconds", took.Seconds())
	if r.Later > 0 {
		return w.Queue.Later(it, r.Later, false)
	}
	return w.Queue.Done(it)
}

// safely makes a panic of one piece of work an error of it.
func (w *Workers) safely(ctx context.Context, work Work) (r Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a mistake in unleak: %v", p)
		}
	}()
	return w.Doer.Do(ctx, work)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
