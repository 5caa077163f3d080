package campaign

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	mathrand "math/rand/v2"

	"github.com/nats-io/nats.go/jetstream"
)

// Rates limit the writes of one credential. GitHub asks for a second between writes,
// and counts no more than 80 a minute and 500 an hour.
type Rates struct {
	Spacing time.Duration `json:"spacing"` // between two writes
	Minute  int           `json:"minute"`
	Hour    int           `json:"hour"`
	Lease   time.Duration `json:"lease"` // after which a write whose end nobody told has surely come
}

// Usual rates: well under what GitHub counts.
func (r Rates) orUsual() Rates {
	r.Spacing = cmp.Or(r.Spacing, time.Second)
	r.Minute, r.Hour = cmp.Or(r.Minute, 40), cmp.Or(r.Hour, 300)
	r.Lease = cmp.Or(r.Lease, 10*time.Second)
	return r
}

// spent is a write that was allowed.
type spent struct {
	ID   string `json:"id"`
	From int64  `json:"from"`           // when it was allowed, in milliseconds
	Till int64  `json:"till,omitempty"` // when it was done; 0: not told yet
}

// end is when the write has come at the latest.
func (s spent) end(lease time.Duration) int64 {
	if s.Till != 0 {
		return s.Till
	}
	return s.From + lease.Milliseconds()
}

// account is what is known of a credential's writes within the last hour.
type account struct {
	Who    string  `json:"who"`
	Writes []spent `json:"writes"`
	Until  int64   `json:"until,omitempty"` // nobody writes before
}

// wait is how long nobody may write; open reports whether that is because a write is
// under way.
func (a *account) wait(now time.Time, r Rates) (wait time.Duration, open bool) {
	ms := now.UnixMilli()
	a.Writes = slices.DeleteFunc(a.Writes, func(s spent) bool { return s.end(r.Lease) <= ms-time.Hour.Milliseconds() })
	ends := make([]int64, 0, len(a.Writes))
	for _, s := range a.Writes {
		ends = append(ends, s.end(r.Lease))
		open = open || s.Till == 0 && s.end(r.Lease) > ms
	}
	slices.Sort(ends)
	until := a.Until
	for _, w := range []struct {
		n   int
		per time.Duration
	}{{1, r.Spacing}, {r.Minute, time.Minute}, {r.Hour, time.Hour}} {
		if len(ends) >= w.n {
			until = max(until, ends[len(ends)-w.n]+w.per.Milliseconds())
		}
	}
	return time.Duration(until-ms) * time.Millisecond, open
}

// Budget is the limit on the writes of one credential, which all workers of all
// campaigns share. Its state is one value that is only ever changed by who has seen
// it as it is. A write counts from when it was allowed until it was done: so however
// long it takes to arrive, no minute and no hour sees more than is allowed.
type Budget struct {
	Who   string
	Rates Rates

	kv  jetstream.KeyValue
	key string
}

const accounts = "unleak-accounts"

// Budget opens that of a credential.
func (b *Bus) Budget(ctx context.Context, who string, r Rates) (*Budget, error) {
	sum := sha256.Sum256([]byte(who))
	out := &Budget{Who: who, Rates: r.orUsual(), key: hex.EncodeToString(sum[:16])}
	err := trying(ctx, func(ctx context.Context) error {
		var err error
		out.kv, err = b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: accounts, History: 1, Storage: jetstream.FileStorage, Replicas: b.replicas()})
		return err
	})
	return out, err
}

// Take waits until a write may be made. The returned function says that it was.
func (b *Budget) Take(ctx context.Context) (done func(), err error) {
	for {
		var wait time.Duration
		var open, granted bool
		mine := spent{ID: rand.Text()[:10]}
		_, err := change(ctx, b.kv, b.key, func(a *account) (bool, error) {
			if granted = slices.ContainsFunc(a.Writes, func(s spent) bool { return s.ID == mine.ID }); granted {
				return false, nil // it came through, though nobody said so
			}
			now := time.Now()
			if wait, open = a.wait(now, b.Rates); wait > 0 {
				return false, nil
			}
			mine.From, granted = now.UnixMilli(), true
			a.Who, a.Writes = b.Who, append(a.Writes, mine)
			return true, nil
		})
		if err != nil {
			return nil, fmt.Errorf("nobody says whether %s may write: %w", b.Who, err)
		}
		if granted && time.Since(time.UnixMilli(mine.From)) < b.Rates.Lease/2 {
			return func() { b.done(ctx, mine.ID) }, nil
		}
		// An answer that came too late counts as a write, and is not used.
		most := 2 * time.Second
		if open {
			most = 30 * time.Millisecond // its end may be told at any moment
		}
		wait = min(max(wait, 2*time.Millisecond), most)
		if err := sleep(ctx, wait+mathrand.N(wait/4+time.Millisecond)); err != nil {
			return nil, err
		}
	}
}

// done says that a write was made. If that cannot be said, it counts until its lease
// is over.
func (b *Budget) done(ctx context.Context, id string) {
	till := time.Now().UnixMilli()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.Rates.Lease)
	defer cancel()
	_, _ = change(ctx, b.kv, b.key, func(a *account) (bool, error) {
		for i := range a.Writes {
			if a.Writes[i].ID == id {
				a.Writes[i].Till = till
				return true, nil
			}
		}
		return false, nil
	})
}

// Cool makes all workers pause.
func (b *Budget) Cool(ctx context.Context, pause time.Duration) error {
	until := time.Now().Add(pause).UnixMilli()
	_, err := change(ctx, b.kv, b.key, func(a *account) (bool, error) {
		if a.Until >= until {
			return false, nil
		}
		a.Who, a.Until = b.Who, until
		return true, nil
	})
	return err
}
