package forge

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/vcs"
)

// Decision is an action and what it is done to.
type Decision struct {
	Action   Action
	Reason   string
	Pull     *Pull    // that it is about; nil if there is none
	Branch   string   // that it is about; "" if there is none
	Lease    vcs.Hash // where that branch must be; "" if it must not exist
	Push     bool     // an update has to push
	Retarget string   // the base that an update has to set; "" if it is right
	Back     string   // of a hold: what hands it back, to be read in the pull request itself
}

// Decide says what to do about a proposal. It is a pure function: the same facts
// bring the same decision.
func Decide(p Proposal, s Seen, limits Limits) Decision {
	for i := len(s.Slots) - 1; i >= 0; i-- {
		if pull := s.Slots[i].open(p.Branch); pull != nil {
			return decideOpen(p, s, *pull)
		}
	}
	if p.Commit == "" {
		return decideNothing(p, s)
	}
	if d, ok := rejected(p, s); ok {
		return d
	}
	if pull := newest(p, s); pull != nil && pull.Merged && s.Missing {
		return Decision{Action: NoOp, Pull: pull, Branch: pull.Branch,
			Reason: fmt.Sprintf("#%d was merged, and the commit that was looked at is older: fetch, and run again", pull.Number)}
	}
	if s.Parent != nil && s.Parent.Branch == "" {
		return Decision{Action: Refuse, Reason: fmt.Sprintf("it rests on %s: %s", p.RestsOn, s.Parent.Reason)}
	}
	if limits.Open > 0 && s.NowOpen >= limits.Open {
		return Decision{Action: Refuse, Reason: fmt.Sprintf(
			"%d pull requests are open and the limit is %d: merge or close some, or raise the limit", s.NowOpen, limits.Open)}
	}
	if limits.Hour > 0 && s.LastHour >= limits.Hour {
		return Decision{Action: Refuse, Reason: fmt.Sprintf(
			"%d pull requests were made in the last hour and the limit is %d: run again later, or raise the limit", s.LastHour, limits.Hour)}
	}
	return decideNew(p, s)
}

// decideOpen is about a proposal with an open pull request.
func decideOpen(p Proposal, s Seen, pull Pull) Decision {
	d := Decision{Pull: &pull, Branch: pull.Branch, Lease: pull.Head}
	m, err := ParseMarker(pull.Body)
	switch {
	case err == ErrNewerMarker:
		d.Action, d.Reason = Refuse, "it was made by a newer version: update unleak"
		return d
	case err != nil && s.Content == Same && p.Commit != "":
		d.Action, d.Reason = NoOp, "it holds what is proposed, though its text lost the marker"
		return d
	case err != nil:
		d.Action, d.Back = Hold, "close it: a new one is made then"
		d.Reason = "its text lost the marker that says what unleak pushed, so whose commits these are cannot be told"
		return d
	case pull.Head != m.Pushed && pull.Head != m.Was && s.Content != Same && s.Content != Part:
		d.Action, d.Back = Hold, fmt.Sprintf("reset `%s` to %s", pull.Branch, m.Pushed)
		d.Reason = fmt.Sprintf("its branch is at %s and unleak pushed %s last: somebody else has worked on it", abbreviate(pull.Head), abbreviate(m.Pushed))
		return d
	case p.Commit == "":
		d.Action, d.Reason = Close, "nothing is left to propose"
		return d
	}

	base := p.Base
	if s.Parent != nil {
		if base = s.Parent.Branch; base == "" {
			base = m.Base // the parent does not stand: as long as nothing is to do, nothing is said
		}
	}
	if pull.Base != base {
		if pull.Base != m.Base {
			d.Action, d.Back = Hold, fmt.Sprintf("change its base to `%s`", base)
			d.Reason = fmt.Sprintf("somebody changed its base from %s to %s", m.Base, pull.Base)
			return d
		}
		d.Retarget = base
	}
	complete := pull.Head == m.Pushed || s.Content == Same
	equal := m.Patch == p.Patch || s.Content == Same
	d.Push = !complete || !equal || pull.Conflict || m.Base != base
	fresh := p.Anew && pull.Head != p.Commit && m.Pushed != p.Commit
	d.Push = d.Push || fresh
	text := m.Set != p.Set || m.Patch != p.Patch || m.Left != ""
	switch {
	case !d.Push && !text:
		d.Action, d.Reason = NoOp, "it is what it should be"
		return d
	case d.Push && s.Parent != nil && s.Parent.Branch == "":
		return Decision{Action: Refuse, Pull: &pull, Branch: pull.Branch,
			Reason: fmt.Sprintf("it rests on %s: %s", p.RestsOn, s.Parent.Reason)}
	}
	d.Action = Update
	switch {
	case m.Base != base:
		d.Reason = fmt.Sprintf("it goes to %s now and no longer to %s", base, m.Base)
	case !complete:
		d.Reason = "an earlier run did not finish"
	case !equal:
		d.Reason = "the changes are other ones now"
	case pull.Conflict:
		d.Reason = "it no longer merged"
	case fresh:
		d.Reason = "it was to be made anew on the newest commit"
	case m.Set != p.Set || m.Patch != p.Patch:
		d.Reason = "its text is about other findings"
	default:
		d.Reason = "an earlier run did not finish"
	}
	return d
}

// decideNothing is about a proposal that is empty and has no open pull request:
// all that can be left to do is to delete a branch, which an interrupted run did
// not come to.
func decideNothing(p Proposal, s Seen) Decision {
	for _, slot := range slices.Backward(s.Slots) {
		if slot.Head == "" || len(slot.Pulls) == 0 {
			continue
		}
		pull := slot.Pulls[0]
		if m, err := ParseMarker(pull.Body); err == nil && m.Scope == p.Branch && m.Done && !pull.Merged && (slot.Head == m.Pushed || slot.Head == m.Was) {
			return Decision{Action: Close, Pull: &pull, Branch: slot.Branch, Lease: slot.Head, Reason: "an earlier run did not finish"}
		}
	}
	return Decision{Action: NoOp, Reason: "there is nothing to propose"}
}

// rejected reports whether somebody closed this proposal, or one that held all of
// it. What was closed because nothing was left, or by the deletion of its base, was
// not rejected.
func rejected(p Proposal, s Seen) (Decision, bool) {
	var items []string
	var last *Pull
	for _, slot := range s.Slots {
		for i := range slot.Pulls {
			pull := &slot.Pulls[i]
			m, err := ParseMarker(pull.Body)
			if err != nil || m.Scope != p.Branch || pull.Open || pull.Merged || m.Done || s.Orphaned[pull.Number] {
				continue
			}
			if m.Set == p.Set {
				return ignore(pull), true
			}
			items = append(items, m.Items...)
			if last == nil || pull.Number > last.Number {
				last = pull
			}
		}
	}
	mine := p.items()
	for _, i := range mine {
		if !slices.Contains(items, i) {
			return Decision{}, false
		}
	}
	if len(mine) == 0 {
		return Decision{}, false
	}
	return ignore(last), true
}

func ignore(pull *Pull) Decision {
	return Decision{Action: Ignore, Pull: pull, Branch: pull.Branch,
		Reason: fmt.Sprintf("#%d was closed unmerged with the same findings: reopen it if it is wanted after all", pull.Number)}
}

// newest is the newest pull request of a scope.
func newest(p Proposal, s Seen) *Pull {
	var last *Pull
	for _, slot := range s.Slots {
		for i := range slot.Pulls {
			if pull := &slot.Pulls[i]; pull.of(p.Branch) && (last == nil || pull.Number > last.Number) {
				last = pull
			}
		}
	}
	return last
}

// decideNew finds the branch for a new pull request. The branch of a closed one is
// never touched, and its name never used again, so that it can be reopened. The
// name of a merged one is free once its branch is gone, as is one that was closed
// because nothing was left.
func decideNew(p Proposal, s Seen) Decision {
	for _, slot := range s.Slots {
		d := Decision{Action: Create, Branch: slot.Branch, Lease: slot.Head, Push: true}
		switch {
		case len(slot.Pulls) == 0 && slot.Head == "":
			d.Reason = "it is new"
			return d
		case len(slot.Pulls) == 0 && (slot.Head == p.Commit || s.Content == Same || s.Content == Part):
			d.Reason = "an earlier run pushed its branch and did not finish"
			return d
		case len(slot.Pulls) == 0:
			return Decision{Action: Refuse, Branch: slot.Branch, Reason: fmt.Sprintf(
				"the branch %s exists, without a pull request, and holds what unleak did not push: delete or rename it", slot.Branch)}
		case slot.Head == "" && free(p, slot):
			d.Reason = fmt.Sprintf("there are findings again since #%d", slot.Pulls[0].Number)
			return d
		}
	}
	return Decision{Action: Refuse, Reason: fmt.Sprintf(
		"%d branches from %s on are taken by closed pull requests: choose another prefix", len(s.Slots), p.Branch)}
}

// free reports whether the name of a branch that is gone can be used again: nobody
// would miss it who reopened one of its pull requests.
func free(p Proposal, slot Slot) bool {
	for _, pull := range slot.Pulls {
		m, err := ParseMarker(pull.Body)
		if err == nil && m.Scope != p.Branch {
			return false
		}
		if !pull.Merged && (err != nil || !m.Done) {
			return false
		}
	}
	return true
}

func abbreviate(h vcs.Hash) string {
	if len(h) < 10 {
		return string(h)
	}
	return string(h[:10])
}
