// Package ledger writes down every write: who, what, when, and what came of it. A
// record is kept before the write and another one after it, so that a write of which
// nobody knows how it ended is in the ledger, too. Where the first one cannot be
// kept, nothing is written.
package ledger

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Operations that are written down.
const (
	Push    = "push"    // a branch is made, moved or deleted
	Ready   = "ready"   // a fork is made or brought up to date, objects are made
	Create  = "create"  // a pull request is made
	Edit    = "edit"    // its title, text, base or state is changed
	Adorn   = "adorn"   // labels, reviewers, assignees, milestone, merging by itself
	Comment = "comment" // a comment is made, changed or deleted
	Review  = "review"  // remarks are made on lines of a pull request
	React   = "react"   // a reaction is put to a comment
	Branch  = "branch"  // a branch of a repository on this machine is made, moved or deleted
)

// Stages of a record.
const (
	Before = "before"
	After  = "after"
)

// Record is one line of the ledger. Both records of a write have the same ID.
type Record struct {
	ID         string        `json:"id"`
	Stage      string        `json:"stage"`
	Time       time.Time     `json:"time"`
	Who        string        `json:"who"` // the credential: nothing of it that is secret
	Repository string        `json:"repository"`
	Operation  string        `json:"operation"`
	Branch     string        `json:"branch,omitempty"`
	Number     int           `json:"number,omitempty"`
	Was        string        `json:"was,omitempty"` // what stood before, as far as the writer knows
	Is         string        `json:"is,omitempty"`  // what is to stand, and, after, what stands
	Outcome    string        `json:"outcome,omitempty"`
	Took       time.Duration `json:"took,omitempty"`
}

// Sink keeps a record, and returns when it is kept.
type Sink func(ctx context.Context, r Record) error

// Log keeps records as lines of a structured log.
func Log(h slog.Handler) Sink {
	return func(ctx context.Context, r Record) error {
		line := slog.NewRecord(r.Time, slog.LevelInfo, "write", 0)
		line.AddAttrs(slog.String("id", r.ID), slog.String("stage", r.Stage), slog.String("who", r.Who), slog.String("repository", r.Repository), slog.String("operation", r.Operation))
		for _, a := range []slog.Attr{slog.String("branch", r.Branch), slog.String("was", r.Was), slog.String("is", r.Is), slog.String("outcome", r.Outcome)} {
			if a.Value.String() != "" {
				line.AddAttrs(a)
			}
		}
		if r.Number != 0 {
			line.AddAttrs(slog.Int("number", r.Number))
		}
		if r.Stage == After {
			line.AddAttrs(slog.Duration("took", r.Took))
		}
		return h.Handle(ctx, line)
	}
}

// Writer keeps what one credential writes to one repository.
type Writer struct {
	Who, Repository string
	Sink            Sink
	Readies         bool // getting ready for a push writes: it makes forks, or objects
}

// write does one write between its two records. That the second could not be kept
// does not undo the write: it is an error all the same, so that somebody looks.
func (w Writer) write(ctx context.Context, r Record, do func() (is string, number int, err error)) error {
	r.ID, r.Stage, r.Time, r.Who, r.Repository = rand.Text(), Before, time.Now().UTC(), w.Who, w.Repository
	if err := w.Sink(ctx, r); err != nil {
		return fmt.Errorf("nothing is written, since the ledger cannot be: %w", err)
	}
	is, number, failed := do()
	r.Stage, r.Took, r.Outcome = After, time.Since(r.Time), "done"
	r.Time = time.Now().UTC()
	if is != "" {
		r.Is = is
	}
	if number != 0 {
		r.Number = number
	}
	if failed != nil {
		r.Outcome = failed.Error()
	}
	// Also if the caller gave up meanwhile: what was written is written.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := w.Sink(ctx, r); err != nil {
		return errors.Join(failed, fmt.Errorf("the ledger lacks how a write ended: %w", err))
	}
	return failed
}

// Do does another write to a pull request between its two records.
func (w Writer) Do(ctx context.Context, operation string, number int, is string, do func() error) error {
	return w.write(ctx, Record{Operation: operation, Number: number, Is: is}, func() (string, int, error) { return "", 0, do() })
}

// Host puts the ledger between who decides and who writes.
func (w Writer) Host(h forge.Host) forge.Host { return host{h, w} }

type host struct {
	forge.Host
	w Writer
}

func (h host) Ready(ctx context.Context, base string, commit vcs.Hash) (made vcs.Hash, err error) {
	if !h.w.Readies {
		return h.Host.Ready(ctx, base, commit)
	}
	err = h.w.write(ctx, Record{Operation: Ready, Branch: base, Is: string(commit)}, func() (string, int, error) {
		made, err = h.Host.Ready(ctx, base, commit)
		return string(made), 0, err
	})
	return made, err
}

func (h host) Push(ctx context.Context, u vcs.Update) error {
	return h.w.write(ctx, Record{Operation: Push, Branch: u.Branch, Was: string(u.Old), Is: string(u.New)}, func() (string, int, error) {
		return "", 0, h.Host.Push(ctx, u)
	})
}

func (h host) Create(ctx context.Context, n forge.New) (made forge.Pull, err error) {
	err = h.w.write(ctx, Record{Operation: Create, Branch: n.Branch, Is: n.Title}, func() (string, int, error) {
		made, err = h.Host.Create(ctx, n)
		return made.URL, made.Number, err
	})
	return made, err
}

func (h host) Edit(ctx context.Context, number int, e forge.Edit) error {
	what := "text"
	switch {
	case e.Close:
		what = "closed"
	case e.Base != "":
		what = "base " + e.Base
	}
	return h.w.write(ctx, Record{Operation: Edit, Number: number, Is: what}, func() (string, int, error) {
		return "", 0, h.Host.Edit(ctx, number, e)
	})
}

func (h host) Adorn(ctx context.Context, number int, p forge.Proposal) (notes []string, err error) {
	err = h.w.write(ctx, Record{Operation: Adorn, Number: number, Branch: p.Branch}, func() (string, int, error) {
		notes, err = h.Host.Adorn(ctx, number, p)
		return "", 0, err
	})
	return notes, err
}

func (h host) Say(ctx context.Context, number int, id int64, text string) error {
	is := fmt.Sprintf("%d characters", len([]rune(text)))
	if text == "" {
		is = "deleted"
	}
	return h.w.write(ctx, Record{Operation: Comment, Number: number, Is: is}, func() (string, int, error) {
		return "", 0, h.Host.Say(ctx, number, id, text)
	})
}

// Forge is a forge that writes by itself, with a record for every proposal that it
// gets: which of them come to a write only the outcome says.
func (w Writer) Forge(f forge.Forge) forge.Forge { return local{f, w} }

type local struct {
	forge.Forge
	w Writer
}

func (l local) Propose(ctx context.Context, p forge.Proposal) (out forge.Outcome, err error) {
	err = l.w.write(ctx, Record{Operation: Branch, Branch: p.Branch, Is: string(p.Commit)}, func() (string, int, error) {
		out, err = l.Forge.Propose(ctx, p)
		is := string(out.Action)
		if out.Commit != "" {
			is += " " + string(out.Commit)
		}
		return is, 0, err
	})
	return out, err
}
