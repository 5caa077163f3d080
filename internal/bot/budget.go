package bot

import (
	"context"
	"sync"
	"time"

	"github.com/unleak-dev/unleak/internal/ledger"
)

// windows bound what an installation writes, whatever the number of jobs: a write at
// a time, one a second, and well under the 80 a minute and 500 an hour at which
// GitHub's secondary limits begin.
var windows = [...]struct {
	n   int
	per time.Duration
}{{1, time.Second}, {40, time.Minute}, {300, time.Hour}}

// budget is the writes of one installation.
type budget struct {
	turn chan struct{} // holds one: whose turn it is

	mu     sync.Mutex
	until  time.Time   // GitHub asked for a pause
	writes []time.Time // within the last hour, oldest first
}

func (a *App) budget(installation int64) *budget {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.budgets == nil {
		a.budgets = map[int64]*budget{}
	}
	b := a.budgets[installation]
	if b == nil {
		b = &budget{turn: make(chan struct{}, 1)}
		a.budgets[installation] = b
	}
	return b
}

// take waits until a write may be made.
func (b *budget) take(ctx context.Context) (func(), error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		wait := b.full(time.Now())
		if wait <= 0 {
			return sync.OnceFunc(func() { <-b.turn }), nil
		}
		if err := sleep(ctx, wait); err != nil {
			<-b.turn
			return nil, err
		}
	}
}

// full is how long there is no room for another write. If there is, it is taken.
func (b *budget) full(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.writes) > 0 && now.Sub(b.writes[0]) >= time.Hour {
		b.writes = b.writes[1:]
	}
	most := b.until.Sub(now)
	for _, w := range windows {
		if len(b.writes) >= w.n {
			most = max(most, w.per-now.Sub(b.writes[len(b.writes)-w.n]))
		}
	}
	if most <= 0 {
		b.writes = append(b.writes, now)
	}
	return most
}

func (b *budget) cool(pause time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := time.Now().Add(pause); t.After(b.until) {
		b.until = t
	}
}

// gate is what a job asks.
type gate struct {
	budget *budget
	sink   ledger.Sink
}

func (g *gate) Take(ctx context.Context) (func(), error) { return g.budget.take(ctx) }

func (g *gate) Cool(_ context.Context, pause time.Duration) error {
	g.budget.cool(pause)
	return nil
}

// Open never puts a pull request off: the repository's own limits do.
func (g *gate) Open(context.Context, string) (string, error) { return "", nil }

func (g *gate) Record(ctx context.Context, r ledger.Record) error { return g.sink(ctx, r) }
