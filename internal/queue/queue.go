// Package queue is what a service has promised to do, in a file: it survives the end
// of the process, however that comes about. There is one item for each key: what
// comes in for a key that waits already takes its place, so that a thousand events
// about one thing are one piece of work.
package queue

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// Errors of Accept.
var (
	ErrSeen = errors.New("this delivery was accepted before")
	ErrFull = errors.New("too much work waits")
)

// Item is a piece of work.
type Item struct {
	Key  string          `json:"-"`
	Body json.RawMessage `json:"body"`
	// Coalesced is how many came in since it was last begun: at least 1.
	Coalesced int `json:"coalesced"`
	// Tries is how often it was begun and not done.
	Tries int `json:"tries,omitempty"`
	// Since is when the first of those came in.
	Since time.Time `json:"since"`

	Version uint64    `json:"version"` // of what came in last, in the order of the whole queue
	Due     time.Time `json:"due"`
}

// Options of a queue.
type Options struct {
	Remember int           // deliveries that are known again; 0: 100,000
	Most     int           // items that wait; 0: 100,000
	Settle   time.Duration // that an item waits for others of its key
}

// Queue is one. It may be used by several goroutines at once; a file is open in one
// process at a time.
type Queue struct {
	o  Options
	db *bbolt.DB

	mu    sync.Mutex
	items map[string]*entry
	moved chan struct{} // closed and made anew when there may be something to do
}

// entry is an item in memory. The file has the same, but for taken.
type entry struct {
	Item
	taken bool
}

var (
	bucketItems = []byte("items")
	bucketSeen  = []byte("seen")  // delivery: its place in order
	bucketOrder = []byte("order") // place: delivery
	bucketNotes = []byte("notes")
)

// Open opens the queue in a file, or makes it. It fails if another process has it
// open.
func Open(file string, o Options) (*Queue, error) {
	if o.Remember == 0 {
		o.Remember = 100_000
	}
	if o.Most == 0 {
		o.Most = 100_000
	}
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{Timeout: time.Second})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s is open in another process: a folder is for one at a time", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	// Several requests at once are one write to the disk.
	db.MaxBatchDelay = 5 * time.Millisecond
	q := &Queue{o: o, db: db, items: map[string]*entry{}, moved: make(chan struct{})}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketItems, bucketSeen, bucketOrder, bucketNotes} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketItems).ForEach(func(k, v []byte) error {
			e := &entry{}
			if err := json.Unmarshal(v, &e.Item); err != nil {
				return fmt.Errorf("the item %q cannot be read: %w", k, err)
			}
			e.Key = string(k)
			q.items[e.Key] = e
			return nil
		})
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", file, err), db.Close())
	}
	return q, nil
}

// Close closes the file. What is taken and not done is waiting when it is opened
// again.
func (q *Queue) Close() error { return q.db.Close() }

// Accept keeps items and remembers the delivery that brought them, both or neither.
// When it returns nil they are on the disk. ErrSeen for a delivery that was accepted
// before.
func (q *Queue) Accept(delivery string, items ...Item) error {
	return q.keep(delivery, time.Now(), items)
}

// Put keeps items.
func (q *Queue) Put(items ...Item) error { return q.keep("", time.Now(), items) }

func (q *Queue) keep(delivery string, now time.Time, items []Item) error {
	if err := q.room(items); err != nil {
		return err
	}
	var kept []Item
	err := q.db.Batch(func(tx *bbolt.Tx) error {
		kept = kept[:0] // it may be called twice
		if delivery != "" {
			if tx.Bucket(bucketSeen).Get([]byte(delivery)) != nil {
				return ErrSeen
			}
			if err := q.remember(tx, delivery); err != nil {
				return err
			}
		}
		b := tx.Bucket(bucketItems)
		for _, in := range items {
			version, err := b.NextSequence()
			if err != nil {
				return err
			}
			it := Item{Key: in.Key, Body: in.Body, Coalesced: 1, Since: now, Due: now.Add(q.o.Settle), Version: version}
			if old := b.Get([]byte(in.Key)); old != nil {
				var was Item
				if err := json.Unmarshal(old, &was); err != nil {
					return err
				}
				it.Coalesced = was.Coalesced + 1
				if was.Tries == 0 { // else it begins anew
					it.Since, it.Due = was.Since, was.Due
				}
			}
			if err := put(b, it); err != nil {
				return err
			}
			kept = append(kept, it)
		}
		return nil
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range kept {
		e := q.items[it.Key]
		if e == nil {
			e = &entry{}
			q.items[it.Key] = e
		}
		if e.Version < it.Version { // the disk may be told of in another order
			e.Item = it
		}
	}
	q.wake()
	return nil
}

// room refuses new keys when there are too many. It may be a few more when several
// come at once.
func (q *Queue) room(items []Item) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.items)
	for _, it := range items {
		if q.items[it.Key] == nil {
			n++
		}
	}
	if n > q.o.Most && n > len(q.items) {
		return ErrFull
	}
	return nil
}

func put(b *bbolt.Bucket, it Item) error {
	data, err := json.Marshal(it)
	if err != nil {
		return err
	}
	return b.Put([]byte(it.Key), data)
}

// remember keeps a delivery, and forgets the oldest of too many.
func (q *Queue) remember(tx *bbolt.Tx, delivery string) error {
	seen, order := tx.Bucket(bucketSeen), tx.Bucket(bucketOrder)
	n, err := order.NextSequence()
	if err != nil {
		return err
	}
	place := binary.BigEndian.AppendUint64(nil, n)
	if err := order.Put(place, []byte(delivery)); err != nil {
		return err
	}
	if err := seen.Put([]byte(delivery), place); err != nil {
		return err
	}
	c := order.Cursor()
	for k, v := c.First(); k != nil && binary.BigEndian.Uint64(k)+uint64(q.o.Remember) <= n; k, v = c.First() {
		if err := seen.Delete(slices.Clone(v)); err != nil {
			return err
		}
		if err := order.Delete(slices.Clone(k)); err != nil {
			return err
		}
	}
	return nil
}

// wake tells those who wait. The lock is held.
func (q *Queue) wake() {
	close(q.moved)
	q.moved = make(chan struct{})
}

// Take waits for the item that is due for the longest time and that nobody has
// taken. It is taken until Done or Later is called.
func (q *Queue) Take(ctx context.Context) (Item, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Item{}, err
		}
		q.mu.Lock()
		var next *entry
		for _, e := range q.items {
			if !e.taken && (next == nil || e.Due.Before(next.Due)) {
				next = e
			}
		}
		wait := time.Hour
		if next != nil {
			if wait = time.Until(next.Due); wait <= 0 {
				next.taken = true
				it := next.Item
				q.mu.Unlock()
				return it, nil
			}
		}
		moved := q.moved
		q.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-moved:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// Done removes an item that was taken, unless another one of its key came in
// meanwhile: that is work still to be done.
func (q *Queue) Done(it Item) error {
	return q.end(it, func(b *bbolt.Bucket, now Item) (*Item, error) {
		if now.Version == it.Version {
			return nil, b.Delete([]byte(it.Key))
		}
		now.Coalesced -= it.Coalesced
		now.Tries, now.Since, now.Due = 0, time.Now(), time.Now().Add(q.o.Settle)
		return &now, put(b, now)
	})
}

// Later puts an item that was taken back. What came in meanwhile is due then, too.
// Counted says whether it was a try.
func (q *Queue) Later(it Item, after time.Duration, counted bool) error {
	return q.end(it, func(b *bbolt.Bucket, now Item) (*Item, error) {
		if counted {
			now.Tries = it.Tries + 1
		}
		now.Due = time.Now().Add(after)
		return &now, put(b, now)
	})
}

// Release gives an item back as it was.
func (q *Queue) Release(it Item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if e := q.items[it.Key]; e != nil {
		e.taken = false
	}
	q.wake()
}

// end changes an item in the file, then in memory. As long as it is taken, nobody
// else ends it.
func (q *Queue) end(it Item, change func(*bbolt.Bucket, Item) (*Item, error)) error {
	var left *Item
	err := q.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketItems)
		now := Item{Key: it.Key}
		data := b.Get([]byte(it.Key))
		if data == nil {
			return nil // done before, by somebody who was told of it late
		}
		if err := json.Unmarshal(data, &now); err != nil {
			return err
		}
		var err error
		left, err = change(b, now)
		return err
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	e := q.items[it.Key]
	if e == nil {
		return nil
	}
	e.taken = false
	switch {
	case left == nil && e.Version == it.Version:
		delete(q.items, it.Key)
	case left != nil && e.Version <= left.Version:
		e.Item = *left
	}
	q.wake()
	return nil
}

// Count tells how many items wait, those that are taken apart.
func (q *Queue) Count() (waiting, taken int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range q.items {
		if e.taken {
			taken++
		} else {
			waiting++
		}
	}
	return waiting, taken
}

// Note returns what was noted under a name, nil if nothing was.
func (q *Queue) Note(name string) ([]byte, error) {
	var out []byte
	err := q.db.View(func(tx *bbolt.Tx) error {
		out = slices.Clone(tx.Bucket(bucketNotes).Get([]byte(name)))
		return nil
	})
	return out, err
}

// SetNote notes something.
func (q *Queue) SetNote(name string, value []byte) error {
	return q.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketNotes).Put([]byte(name), value) })
}
