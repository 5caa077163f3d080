package forge

import (
	"strconv"
	"time"

	"github.com/unleak-dev/unleak/vcs"
)

// Pull is a pull request as the service shows it.
type Pull struct {
	Number      int
	URL         string
	Title, Body string
	Branch      string   // the head's name
	Base        string   // that it goes to
	Head        vcs.Hash // what its branch holds; of a closed one, held when it was closed
	Open, Draft bool
	Merged      bool
	MergeCommit vcs.Hash // of a merged one
	Conflict    bool     // the service says that it cannot be merged as it is
	Author      string   // who opened it
	Changed     time.Time
}

// Slot is one name that a proposal's branch can have, with what is known of it.
type Slot struct {
	Branch string
	Head   vcs.Hash // what the branch holds; "" if there is no such branch
	Pulls  []Pull   // every pull request that ever had this branch, newest first
}

// Content is how what a branch holds compares with what is proposed, told by the
// files that each of them changes.
type Content int

const (
	Unknown Content = iota // not compared
	Other                  // it holds something that the proposal does not
	Part                   // the proposal holds all of it, and more
	Same                   // both hold the same
)

// Parent is where the proposal stands that another one rests on.
type Parent struct {
	Branch string // of its open pull request; "" if it has none
	Reason string // why it has none
}

// Seen is everything that a decision needs, and nothing in it is looked up later.
type Seen struct {
	// Slots are the names in their order. The last one is free, or, where a pull
	// request is open, the one that has it.
	Slots []Slot
	// Content is about the head of the open pull request, if its marker does not
	// know that head; or else about a branch without a pull request.
	Content Content
	// Orphaned closed pull requests went to a branch that exists no more: whoever
	// deleted it closed them.
	Orphaned map[int]bool
	// Missing is set if the newest pull request was merged and BaseCommit does not
	// have it.
	Missing bool
	Parent  *Parent // nil if the proposal rests on nothing, or cannot be stacked here
	// NowOpen and LastHour count the pull requests of all scopes: those open, and
	// those made in the last hour. Only asked for if one would be made.
	NowOpen, LastHour int
}

// Limits bound how many pull requests there are. Zero is no limit.
type Limits struct {
	Open int // open at once
	Hour int // made within an hour
}

// slotName is the nth name for a wanted branch, from 1.
func slotName(branch string, n int) string {
	if n == 1 {
		return branch
	}
	return branch + "-" + strconv.Itoa(n)
}

// maxSlots bounds the names that are tried.
const maxSlots = 50

// of reports whether a pull request belongs to a scope, as far as its marker says.
// Without one, it does.
func (p Pull) of(scope string) bool {
	m, err := ParseMarker(p.Body)
	return err != nil || m.Scope == scope
}

// open is the open pull request of a scope, nil if there is none.
func (s Slot) open(scope string) *Pull {
	for i := range s.Pulls {
		if s.Pulls[i].Open && s.Pulls[i].of(scope) {
			return &s.Pulls[i]
		}
	}
	return nil
}
