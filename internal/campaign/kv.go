package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// errMoved says that somebody else has changed what was to be changed.
var errMoved = errors.New("somebody else has changed it")

// trying repeats what failed because the server was away for a moment, a leader was
// being elected, or the network was cut, until the context ends.
func trying(ctx context.Context, do func(ctx context.Context) error) error {
	for n := 0; ; n = min(n+1, 6) {
		// What was sent into a connection that ends is not answered: the first wait is short.
		attempt, cancel := context.WithTimeout(ctx, min(time.Second<<n, 5*time.Second))
		err := do(attempt)
		cancel()
		if err == nil || !passing(err) {
			return err
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		pause := min(50*time.Millisecond<<n, 2*time.Second)
		if serr := sleep(ctx, pause/2+rand.N(pause)); serr != nil {
			return errors.Join(serr, err)
		}
	}
}

// passing reports whether what went wrong may go right in a moment.
func passing(err error) bool {
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api):
		// 503: no leader, not enough peers, being recovered.
		return (api.Code == 503 || api.Code == 500) && !isThere(err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout), errors.Is(err, nats.ErrNoResponders), errors.Is(err, jetstream.ErrNoStreamResponse),
		errors.Is(err, nats.ErrDisconnected), errors.Is(err, nats.ErrConnectionReconnecting), errors.Is(err, nats.ErrReconnectBufExceeded),
		errors.Is(err, nats.ErrStaleConnection), errors.Is(err, nats.ErrConnectionClosed):
		return !errors.Is(err, context.Canceled)
	}
	return false
}

// isThere reports whether a message was not taken because one of its subject is there.
func isThere(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, "per subject")
}

// storeFailed is the server's number for what a stream does not take.
const storeFailed = 10077

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

// get reads a value and its revision; found is false if there is none.
func get(ctx context.Context, kv jetstream.KeyValue, key string, into any) (revision uint64, found bool, err error) {
	err = trying(ctx, func(ctx context.Context) error {
		e, err := kv.Get(ctx, key)
		if errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrKeyDeleted) {
			revision, found = 0, false
			return nil
		}
		if err != nil {
			return err
		}
		revision, found = e.Revision(), true
		return unmarshal(e.Value(), key, into)
	})
	return revision, found, err
}

func decode[T any](data []byte, key string) (T, error) {
	var v T
	err := unmarshal(data, key, &v)
	return v, err
}

func unmarshal(data []byte, key string, into any) error {
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("what is kept of the campaign under %s cannot be read: %w", key, err)
	}
	return nil
}

// put writes a value if its revision is still the given one; 0: if there is none.
// errMoved if it is not. Where nobody can tell whether a write came through, it is
// tried again and may then be errMoved by itself: callers know their own work by what
// is in the value.
func put(ctx context.Context, kv jetstream.KeyValue, key string, value any, revision uint64) (uint64, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return 0, err
	}
	err = trying(ctx, func(ctx context.Context) error {
		var err error
		revision, err = update(ctx, kv, key, data, revision)
		return err
	})
	return revision, err
}

func update(ctx context.Context, kv jetstream.KeyValue, key string, data []byte, revision uint64) (uint64, error) {
	now, err := kv.Update(ctx, key, data, revision)
	var api *jetstream.APIError
	if errors.Is(err, jetstream.ErrKeyExists) || errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return revision, errMoved
	}
	if err != nil {
		return revision, err
	}
	return now, nil
}

// change reads a value, changes it and writes it, again if somebody else was faster.
// change returns false if there is nothing to write.
func change[T any](ctx context.Context, kv jetstream.KeyValue, key string, f func(*T) (bool, error)) (T, error) {
	for {
		var v T
		revision, _, err := get(ctx, kv, key, &v)
		if err != nil {
			return v, err
		}
		write, err := f(&v)
		if err != nil || !write {
			return v, err
		}
		if _, err = put(ctx, kv, key, v, revision); !errors.Is(err, errMoved) {
			return v, err
		}
		if err := sleep(ctx, rand.N(20*time.Millisecond)); err != nil {
			return v, err
		}
	}
}
