package propose

import (
	"context"
	"errors"
	"fmt"

	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Local is a forge that sets branches of the repository itself and pushes nothing. A
// branch on which somebody else has worked is left alone: each of our commits tells
// a digest of what it changes.
type Local struct{ Repository *vcs.Repository }

// Propose sets, moves or deletes one branch.
func (l *Local) Propose(_ context.Context, p forge.Proposal) (forge.Outcome, error) {
	at, err := l.Repository.Branch(p.Branch)
	if err != nil {
		return forge.Outcome{}, err
	}
	switch at {
	case p.Commit:
		if at == "" {
			return forge.Outcome{Action: forge.NoOp, Reason: "there is nothing to propose"}, nil
		}
		return forge.Outcome{Action: forge.NoOp, Branch: p.Branch, Commit: at, Reason: "it is what it should be"}, nil
	case "":
		return l.set(p, at, forge.Create, "it is new")
	}
	ours, err := l.ours(at, p.BaseCommit)
	switch {
	case err != nil:
		return forge.Outcome{}, err
	case !ours:
		return forge.Outcome{Action: forge.Hold, Branch: p.Branch, Commit: at,
			Reason: "it holds what unleak did not make: delete or rename it, or choose another --scope"}, nil
	case p.Commit == "":
		return l.set(p, at, forge.Close, "nothing is left of it")
	}
	return l.set(p, at, forge.Update, "it is no longer what it should be")
}

// set moves the branch and says how that went.
func (l *Local) set(p forge.Proposal, at vcs.Hash, action forge.Action, reason string) (forge.Outcome, error) {
	var err error
	if action == forge.Close {
		err = l.Repository.DeleteBranch(p.Branch, at)
	} else {
		err = l.Repository.SetBranch(p.Branch, p.Commit, at)
	}
	switch {
	case errors.Is(err, vcs.ErrMoved):
		return forge.Outcome{Action: forge.Hold, Branch: p.Branch, Reason: "it moved in the meantime: run again"}, nil
	case err != nil: // checked out somewhere, or another branch has the name
		return forge.Outcome{Action: forge.Refuse, Reason: err.Error()}, nil
	}
	return forge.Outcome{Action: action, Branch: p.Branch, Commit: p.Commit, Reason: reason}, nil
}

// maxCommits bounds how far a branch is followed.
const maxCommits = 10000

// ours reports whether every commit of a branch that the base does not have is one
// that unleak made and nobody changed.
func (l *Local) ours(at, base vcs.Hash) (bool, error) {
	for range maxCommits {
		info, err := l.Repository.Info(at)
		if err != nil {
			return false, err
		}
		made, err := l.made(at, info)
		if err != nil {
			return false, err
		}
		if !made { // asked last: it may mean to walk the whole history
			return l.Repository.Ancestor(at, base)
		}
		at = info.Parents[0]
	}
	return false, nil
}

// made reports whether unleak made a commit as it is.
func (l *Local) made(at vcs.Hash, info vcs.Info) (bool, error) {
	told := trailerOf(info.Message)
	if told == "" || len(info.Parents) != 1 {
		return false, nil
	}
	changes, err := l.changes(info.Parents[0], at)
	return err == nil && told == patchDigest(changes), err
}

// errOther says that a commit does what none of ours does.
var errOther = errors.New("another sort of change")

// changes are what a commit changes; nil if it does more than give files new content.
func (l *Local) changes(from, to vcs.Hash) ([]patch.Change, error) {
	var out []patch.Change
	err := l.Repository.Changed(from, to, func(was, is vcs.Entry) error {
		if was.Path != is.Path || was.Mode != is.Mode || !is.Regular() {
			return errOther
		}
		old, err := l.Repository.Blob(was.Blob)
		if err != nil {
			return fmt.Errorf("%s: %w", was.Path, err)
		}
		now, err := l.Repository.Blob(is.Blob)
		if err != nil {
			return fmt.Errorf("%s: %w", is.Path, err)
		}
		out = append(out, patch.Change{Path: is.Path, Old: old, New: now})
		return nil
	})
	if errors.Is(err, errOther) {
		return nil, nil
	}
	return out, err
}
