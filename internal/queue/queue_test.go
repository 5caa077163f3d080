package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func open(t *testing.T, file string, o Options) *Queue {
	t.Helper()
	q, err := Open(file, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func take(t *testing.T, q *Queue) Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	it, err := q.Take(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return it
}

// nothing demands that there is nothing to take.
func nothing(t *testing.T, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if it, err := q.Take(ctx); err == nil {
		t.Fatalf("there is %s", it.Key)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func body(n int) json.RawMessage { return json.RawMessage(fmt.Sprint(n)) }

// TestCoalesce: what comes in for a key takes the place of what waits, also of what
// is under way, which is then done once more.
func TestCoalesce(t *testing.T) {
	q := open(t, filepath.Join(t.TempDir(), "queue"), Options{})
	defer q.Close()
	for n := range 10 {
		ok(t, q.Accept(fmt.Sprint("d", n), Item{Key: "a", Body: body(n)}, Item{Key: "b", Body: body(n)}))
	}
	a := take(t, q)
	if string(a.Body) != "9" || a.Coalesced != 10 {
		t.Errorf("got %s of %d", a.Body, a.Coalesced)
	}
	ok(t, q.Accept("d10", Item{Key: a.Key, Body: body(10)}))
	ok(t, q.Accept("d11", Item{Key: a.Key, Body: body(11)}))
	b := take(t, q)
	if b.Key == a.Key {
		t.Fatal("one key is taken twice")
	}
	ok(t, q.Done(b))
	nothing(t, q) // as long as a is taken
	ok(t, q.Done(a))
	again := take(t, q)
	if again.Key != a.Key || string(again.Body) != "11" || again.Coalesced != 2 {
		t.Errorf("got %s %s of %d", again.Key, again.Body, again.Coalesced)
	}
	ok(t, q.Done(again))
	nothing(t, q)
	if waiting, taken := q.Count(); waiting+taken != 0 {
		t.Errorf("%d wait, %d are taken", waiting, taken)
	}
}

// TestReopened: what was taken and not done waits again, deliveries are known again,
// and tries are counted on.
func TestReopened(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue")
	q := open(t, file, Options{})
	ok(t, q.Accept("one", Item{Key: "a", Body: body(1)}))
	ok(t, q.Later(take(t, q), 0, true))
	take(t, q)
	if _, err := Open(file, Options{}); err == nil {
		t.Fatal("a file is open twice")
	}
	ok(t, q.SetNote("n", []byte("noted")))
	ok(t, q.Close())

	q = open(t, file, Options{})
	defer q.Close()
	if err := q.Accept("one", Item{Key: "a", Body: body(2)}); !errors.Is(err, ErrSeen) {
		t.Errorf("a replay: %v", err)
	}
	a := take(t, q)
	if string(a.Body) != "1" || a.Tries != 1 {
		t.Errorf("got %s, %d tries", a.Body, a.Tries)
	}
	ok(t, q.Accept("two", Item{Key: "a", Body: body(3)}))
	ok(t, q.Done(a))
	if a = take(t, q); a.Tries != 0 || string(a.Body) != "3" {
		t.Errorf("what came in later begins with %d tries", a.Tries)
	}
	if n, err := q.Note("n"); err != nil || string(n) != "noted" {
		t.Errorf("note %q, %v", n, err)
	}
}

// TestBounds: the oldest deliveries are forgotten, and too much work is refused.
func TestBounds(t *testing.T) {
	q := open(t, filepath.Join(t.TempDir(), "queue"), Options{Remember: 3, Most: 2})
	defer q.Close()
	for n := range 5 {
		ok(t, q.Accept(fmt.Sprint("d", n)))
	}
	ok(t, q.Accept("d0"))
	ok(t, q.Accept("d1"))
	if err := q.Accept("d4"); !errors.Is(err, ErrSeen) {
		t.Errorf("d4: %v", err)
	}
	ok(t, q.Put(Item{Key: "a", Body: body(1)}, Item{Key: "b", Body: body(1)}))
	if err := q.Accept("full", Item{Key: "c", Body: body(1)}); !errors.Is(err, ErrFull) {
		t.Errorf("a third key: %v", err)
	}
	ok(t, q.Accept("full", Item{Key: "a", Body: body(2)})) // it was not remembered
}

// TestMany: many at once put, take and end, and everything that was put last of a
// key is done; nothing is left, and one key is never with two.
func TestMany(t *testing.T) {
	file := filepath.Join(t.TempDir(), "queue")
	q := open(t, file, Options{})
	const keys, puts = 7, 40
	var busy [keys]atomic.Int32
	var last [keys]atomic.Int64
	ctx, cancel := context.WithCancel(context.Background())
	var workers, putters sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for {
				it, err := q.Take(ctx)
				if err != nil {
					return
				}
				k := int(it.Key[0] - '0')
				if busy[k].Add(1) != 1 {
					t.Error("a key is with two")
				}
				var n int64
				if err := json.Unmarshal(it.Body, &n); err != nil {
					t.Error(err)
				}
				last[k].Store(n)
				busy[k].Add(-1)
				if err := q.Done(it); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for k := range keys {
		putters.Go(func() {
			for n := range puts {
				if err := q.Put(Item{Key: fmt.Sprint(k), Body: body(n)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	putters.Wait()
	for range 500 {
		if waiting, taken := q.Count(); waiting+taken == 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	workers.Wait()
	for k := range last {
		if n := last[k].Load(); n != puts-1 {
			t.Errorf("the last of %d was %d", k, n)
		}
	}
	ok(t, q.Close())
	q = open(t, file, Options{})
	defer q.Close()
	if waiting, taken := q.Count(); waiting+taken != 0 {
		t.Errorf("the file still has %d", waiting)
	}
}
