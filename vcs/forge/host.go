package forge

import (
	"context"
	"errors"

	"github.com/unleak-dev/unleak/vcs"
)

// Host is what a reconciler needs of a service. Branches are those of the
// repository that is pushed to; pull requests go to the repository that is proposed
// to, which is another one if CanStack is false.
type Host interface {
	// CanStack reports whether a pull request can go to a branch that was pushed.
	CanStack() bool
	// Pulls returns every pull request that ever came from a branch, newest first.
	// Conflict is not known.
	Pulls(ctx context.Context, branch string) ([]Pull, error)
	// Pull returns one, with Conflict.
	Pull(ctx context.Context, number int) (Pull, error)
	// Resting returns the open pull requests that go to a branch.
	Resting(ctx context.Context, branch string) ([]Pull, error)
	// Branch returns what a branch holds, "" if there is none.
	Branch(ctx context.Context, name string) (vcs.Hash, error)
	// BaseExists reports whether the repository that is proposed to has a branch.
	BaseExists(ctx context.Context, name string) (bool, error)
	// Contains reports whether commit is tip or comes before it.
	Contains(ctx context.Context, tip, commit vcs.Hash) (bool, error)
	// Files returns what a branch, or a commit of a pull request, changes since it
	// left base: paths and the blobs that they have there, "" where one is deleted.
	// False if they are too many, or if either is not there.
	Files(ctx context.Context, base, tip string) (map[string]vcs.Hash, bool, error)
	// Count counts pull requests from branches below the prefix that all branches
	// share: those that are open, and those made within the last hour.
	Count(ctx context.Context) (open, lastHour int, err error)
	// Comments returns the comments of a pull request, oldest first.
	Comments(ctx context.Context, number int) ([]Comment, error)

	// Ready prepares for a push of a commit that stands on a base: makes the fork
	// that is pushed to, and brings it up to date; makes the objects, where nothing
	// is pushed. It returns the hash that the commit has there, which is another one
	// if the service makes commits in its own way. An UnableError if pushing is not
	// possible here.
	Ready(ctx context.Context, base string, commit vcs.Hash) (vcs.Hash, error)
	// Push moves a branch to what Ready returned, or deletes it. vcs.ErrLease if it
	// is not where the update says.
	Push(ctx context.Context, update vcs.Update) error
	// Create makes a pull request. If one is open from that branch, it returns that
	// one, whatever it holds.
	Create(ctx context.Context, n New) (Pull, error)
	// Edit changes what is not "" of a pull request.
	Edit(ctx context.Context, number int, e Edit) error
	// Adorn sets labels, reviewers, assignees, milestone and merging by itself. It
	// may be repeated. What it leaves out it says in the notes.
	Adorn(ctx context.Context, number int, p Proposal) (notes []string, err error)
	// Say adds a comment; with an id it changes that one; without text it deletes it.
	Say(ctx context.Context, number int, id int64, text string) error
}

// New is a pull request to be made.
type New struct {
	Branch, Base, Title, Body string
	Draft                     bool
}

// Edit is a change of a pull request.
type Edit struct {
	Title, Body, Base string
	Close             bool
}

// Comment is one comment of a pull request.
type Comment struct {
	ID     int64
	Author string
	Body   string
}

// UnableError says that something cannot be done here whoever tries again, and
// what to do about it. It makes a proposal be refused.
type UnableError struct{ Reason string }

func (e *UnableError) Error() string { return e.Reason }

// unable returns the reason if err says that something cannot be done.
func unable(err error) (string, bool) {
	if u, ok := errors.AsType[*UnableError](err); ok {
		return u.Reason, true
	}
	return "", false
}
