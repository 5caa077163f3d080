package campaign

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
)

// maxLost is how many workers may be gone while they worked on a repository, for each
// try that it gets: most often it is not its fault.
const maxLost = 6

// begin enters that this worker does a repository; false if it is final.
func (w *Worker) begin(ctx context.Context, conf Config, id, host string, repo job.Repository) (Entry, bool, error) {
	attempt := w.Name + " " + rand.Text()[:8]
	mine, set := false, false
	e, err := change(ctx, w.c.kv, repoKey+id, func(e *Entry) (bool, error) {
		if e.Attempt == attempt {
			return false, nil // it came through, though nobody said so
		}
		mine, set = false, false
		if e.final() {
			return false, nil
		}
		if e.State == Working {
			e.Lost++
		}
		e.ID, e.Host, e.Repository = id, host, repo
		if e.Lost >= maxLost*conf.Tries {
			e.State, e.Reason, e.Ended, set = Aside, fmt.Sprintf("the worker was gone %d times while it was at it", e.Lost), time.Now().UTC(), true
			return true, nil
		}
		e.State, e.Attempt, e.Worker, e.Begun, mine = Working, attempt, w.Name, time.Now().UTC(), true
		return true, nil
	})
	if err == nil && set && w.Tell != nil {
		w.Tell(e)
	}
	return e, mine, err
}

// end enters what became of a try, and says when another one is due if it is not
// final.
func (w *Worker) end(ctx context.Context, conf Config, id, attempt string, o job.Outcome, failed error, g *gate) (Entry, time.Duration, error) {
	delay := conf.Takeover
	state := ""
	e, err := w.c.changeEntry(ctx, id, func(e *Entry) (bool, error) {
		if e.Attempt != attempt {
			return false, errTaken
		}
		if state != "" && e.State == state {
			return false, nil // it came through, though nobody said so
		}
		e.settle(o)
		e.Ended = time.Now().UTC()
		switch later := g.putOff(); {
		case later != "":
			e.State, e.Reason = Waiting, later
		case failed != nil:
			e.Failed++
			e.State, e.Reason = Waiting, oneLine(failed.Error())
			if e.Failed >= conf.Tries {
				e.State = Aside
			}
			delay = min(conf.Takeover/2<<min(e.Failed, 8), 5*time.Minute)
		case o.State == job.Later:
			e.State = Waiting
		case o.State == job.Skipped:
			e.State = Skipped
		default:
			e.State = Done
		}
		state = e.State
		return true, nil
	})
	if err == nil && (failed == nil || e.final()) {
		err = w.c.settleSlots(ctx, conf, &e, g.askedFor())
	}
	return e, delay, err
}

// acknowledge takes a final job out of the queue. If that is not heard it comes
// again, and is found to be final.
func (w *Worker) acknowledge(ctx context.Context, msg jetstream.Msg) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_ = trying(ctx, func(ctx context.Context) error { return msg.DoubleAck(ctx) })
}

// giveBack leaves a job to others when this worker ends.
func (w *Worker) giveBack(id, attempt string, msg jetstream.Msg) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := w.c.changeEntry(ctx, id, func(e *Entry) (bool, error) {
		if e.Attempt != attempt || e.State != Working {
			return false, nil
		}
		e.State = Waiting
		return true, nil
	})
	if err == nil {
		_ = msg.Nak() // unheard, it comes again after the silence
	}
}
