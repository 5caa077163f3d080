package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// States of a repository. One that nobody has begun has no entry.
const (
	Waiting = "waiting" // to be tried again
	Working = "working"
	Done    = "done"
	Skipped = "skipped" // it cannot be done; the reason says why
	Aside   = "aside"   // it failed too often; the reason is the last one
)

// Entry is what is known of a repository.
type Entry struct {
	ID         string         `json:"id"`
	Host       string         `json:"host"`
	Repository job.Repository `json:"repository"`
	State      string         `json:"state"`
	Attempt    string         `json:"attempt,omitempty"` // of who works on it, or did
	Worker     string         `json:"worker,omitempty"`
	Begun      time.Time      `json:"begun,omitzero"`
	Ended      time.Time      `json:"ended,omitzero"`
	Failed     int            `json:"failed,omitempty"` // tries that failed
	Lost       int            `json:"lost,omitempty"`   // tries whose worker was gone
	Reason     string         `json:"reason,omitempty"`
	Commit     string         `json:"commit,omitempty"`
	Parts      []Part         `json:"parts,omitempty"`
	Figures    job.Figures    `json:"figures"`
}

// Part is one branch, with where its pull request stands as far as is known.
type Part struct {
	job.Part
	Standing string `json:"standing,omitempty"` // open, merged, closed
}

// Standings of a pull request.
const (
	standingOpen   = "open"
	standingMerged = "merged"
	standingClosed = "closed"
)

// stand notes where a pull request stands; it reports whether that is new.
func (e *Entry) stand(number int, is string) bool {
	changed := false
	for i := range e.Parts {
		if p := &e.Parts[i]; p.Number == number && p.Standing != is {
			p.Standing, changed = is, true
		}
	}
	return changed
}

// final reports whether a repository needs no more work.
func (e *Entry) final() bool { return e.State == Done || e.State == Skipped || e.State == Aside }

// settle takes over what came of a job.
func (e *Entry) settle(o job.Outcome) {
	e.Reason, e.Commit, e.Figures, e.Parts = o.Reason, string(o.Commit), o.Figures, nil
	for _, p := range o.Parts {
		part := Part{Part: p}
		switch p.Action {
		case forge.Create, forge.Update, forge.NoOp, forge.Hold:
			if p.Number != 0 {
				part.Standing = standingOpen
			}
		case forge.Close, forge.Ignore:
			part.Standing = standingClosed
		}
		e.Parts = append(e.Parts, part)
	}
}

// identify gives a repository its identity: the same one however it is written.
func identify(r job.Repository) (id, host string) {
	key := r.Dir
	host = localHost
	if r.URL != "" {
		key, host = strings.ToLower(strings.TrimSuffix(strings.TrimSuffix(r.URL, "/"), ".git")), "unknown"
		if u, err := url.Parse(r.URL); err == nil && u.Host != "" {
			host = strings.ToLower(u.Host)
		}
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:12]), host
}

// localHost is the host of folders.
const localHost = "local"

// hostToken is a host as a part of a subject and of a name.
func hostToken(host string) string {
	return strings.Map(func(c rune) rune {
		if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' {
			return c
		}
		return '_'
	}, host)
}

// entry reads one; found is false if nobody has begun it.
func (c *Campaign) entry(ctx context.Context, id string) (Entry, uint64, bool, error) {
	var e Entry
	revision, found, err := get(ctx, c.kv, repoKey+id, &e)
	return e, revision, found, err
}

// changeEntry changes one that is there.
func (c *Campaign) changeEntry(ctx context.Context, id string, f func(*Entry) (bool, error)) (Entry, error) {
	return change(ctx, c.kv, repoKey+id, func(e *Entry) (bool, error) {
		if e.ID == "" {
			return false, nil
		}
		return f(e)
	})
}

// Entries calls each with every repository that somebody has begun, one at a time.
func (c *Campaign) Entries(ctx context.Context, each func(Entry) error) error {
	w, err := c.kv.Watch(ctx, repoKey+">", jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("the repositories of %s cannot be listed: %w", c.Name, err)
	}
	defer w.Stop()
	for {
		select {
		case u, ok := <-w.Updates():
			if !ok {
				return errors.New("the list of repositories broke off: try again")
			}
			if u == nil {
				return nil // that was all
			}
			e, err := decode[Entry](u.Value(), u.Key())
			if err != nil {
				return err
			}
			if err := each(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
