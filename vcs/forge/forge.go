// Package forge keeps pull requests as they should be. What should be is a
// Proposal; what is there is read from the service, which is the only database:
// a branch's name and a hidden marker in the text say what was pushed last. So it
// may be run again at any time, after a crash too, and twice at once.
package forge

import (
	"context"
	"time"

	"github.com/unleak-dev/unleak/vcs"
)

// Proposal is what one pull request should be. With an empty Commit nothing is
// left to propose under its branch.
type Proposal struct {
	// Branch is the wanted branch, as unleak/critical, and the identity of the
	// proposal: the same work must have the same one in every run. After a pull
	// request that was closed, the forge takes unleak/critical-2, and so on.
	Branch string
	// Base is the branch that it goes to in the end, as main. BaseCommit is what
	// the work was computed on, and Commit stands on it, or on the commit of the
	// proposal that it rests on.
	Base               string
	BaseCommit, Commit vcs.Hash

	Title, Body string   // Markdown; the forge adds the marker
	More        []string // parts that did not fit: comments after the body

	// Set is the fingerprint of the findings. Items are those of the single
	// findings, if they are given: with them, fewer than what was closed once is
	// not new.
	Set   string
	Items []string
	// Patch is a digest of what the branch changes relative to its base, line
	// numbers apart.
	Patch string

	Labels, Reviewers, TeamReviewers, Assignees []string
	Milestone                                   string // its title
	Draft, AutoMerge                            bool
	Anew                                        bool // push, also if nothing but the base has changed

	// RestsOn is the Branch of another proposal that Commit is built on, or "".
	// That one must have been proposed before, through the same forge. The pull
	// request then goes to the branch on which the other one really stands, and
	// to Base once that was merged.
	RestsOn string
}

// Action is what comes, or came, of a proposal.
type Action string

const (
	Create Action = "create" // a new pull request
	Update Action = "update" // it is open and no longer what it should be
	NoOp   Action = "no-op"  // nothing to do: nothing is written
	Hold   Action = "hold"   // somebody else worked on the branch: it is left alone
	Ignore Action = "ignore" // it was closed unmerged: not wanted
	Close  Action = "close"  // nothing is left of it
	Refuse Action = "refuse" // it cannot be done; the reason says what to do
)

// Outcome is what came of one proposal.
type Outcome struct {
	Action Action
	Branch string   // where it stands; "" if nowhere
	Number int      // of the pull request; 0 if there is none
	URL    string   // of the pull request; "" if there is none
	Commit vcs.Hash // what the branch holds; "" if there is none
	Reason string   // one sentence, without the final stop
	Notes  []string // what was left out, as a label that does not exist
}

// Forge is a service with pull requests. Propose does whatever the proposal
// needs, which is often nothing. An outcome of any action is no error; an error
// means that something failed half-way, and that the next run completes it.
type Forge interface {
	Propose(ctx context.Context, p Proposal) (Outcome, error)
}

// Standing is one branch below a prefix and its pull request.
type Standing struct {
	Branch  string
	Commit  vcs.Hash // what the branch holds; "" if it is gone
	Number  int      // 0: there is only the branch
	URL     string
	Title   string
	Base    string
	State   string    // open, draft, merged, closed, or branch where there is no pull request
	Edited  bool      // open, and its head is not what was pushed last: on hold
	Changed time.Time // when the pull request was last changed
	Items   []string  // of its marker, as Item writes them; none if they were too many
}

// Lister tells what stands below a prefix of branch names, newest first.
type Lister interface {
	Status(ctx context.Context, prefix string) ([]Standing, error)
}
