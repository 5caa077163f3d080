package forge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"github.com/unleak-dev/unleak/vcs"
)

// Reconciler makes a service show what is proposed, and writes nothing where it
// does. It is for one run and one goroutine.
type Reconciler struct {
	Host       Host
	Repository *vcs.Repository // that has the commits of the proposals
	Limits     Limits
	DryRun     bool // decide, and write nothing
	// May is asked before a pull request is made from a branch, unless DryRun is set: a
	// reason refuses it. Nil: it may.
	May func(ctx context.Context, branch string) (reason string, err error)

	would  int              // pull requests that a dry run would have made
	stands map[string]stand // what was proposed in this run, by Proposal.Branch
}

// stand is where a proposal of this run stands.
type stand struct {
	proposal Proposal
	decision Decision
	outcome  Outcome
	pushed   bool // in this run
}

// Propose looks, decides and acts.
func (r *Reconciler) Propose(ctx context.Context, p Proposal) (Outcome, error) {
	if err := p.check(); err != nil {
		return Outcome{}, fmt.Errorf("%s cannot be proposed: %w", p.Branch, err)
	}
	var parent *stand
	if p.RestsOn != "" && p.Commit != "" {
		s, ok := r.stands[p.RestsOn]
		if !ok {
			return Outcome{}, fmt.Errorf("%s cannot be proposed: it rests on %s, which was not proposed before", p.Branch, p.RestsOn)
		}
		parent = &s
	}
	seen, err := r.look(ctx, p, parent)
	if err != nil {
		return Outcome{}, fmt.Errorf("looking at what stands of %s: %w", p.Branch, err)
	}
	d := Decide(p, seen, Limits{})
	if d.Action == Create && r.Limits != (Limits{}) {
		if seen.NowOpen, seen.LastHour, err = r.Host.Count(ctx); err != nil {
			return Outcome{}, fmt.Errorf("counting pull requests: %w", err)
		}
		seen.NowOpen, seen.LastHour = seen.NowOpen+r.would, seen.LastHour+r.would
		d = Decide(p, seen, r.Limits)
	}
	if d.Action == Create && r.May != nil && !r.DryRun {
		reason, err := r.May(ctx, d.Branch)
		if err != nil {
			return Outcome{}, fmt.Errorf("asking whether %s may be proposed: %w", p.Branch, err)
		}
		if reason != "" {
			d = Decision{Action: Refuse, Reason: reason}
		}
	}
	out := outcome(d)
	if !r.DryRun {
		if out, err = r.act(ctx, p, seen, d, parent); err != nil {
			return out, fmt.Errorf("%s of %s did not finish, the next run completes it: %w", d.Action, p.Branch, err)
		}
	} else if d.Action == Create || d.Action == Update && d.Push {
		out.Commit = p.Commit
		if d.Action == Create {
			r.would++
		}
	}
	if r.stands == nil {
		r.stands = map[string]stand{}
	}
	r.stands[p.Branch] = stand{p, d, out, d.Push && out.Action == d.Action}
	return out, nil
}

// check says what is wrong with a proposal, before anything is looked at.
func (p Proposal) check() error {
	if p.Branch == "" || p.Base == "" || p.Branch == p.Base {
		return errors.New("it needs a branch and a base")
	}
	if p.Commit == "" {
		return nil
	}
	if !hash(p.Commit) || !hash(p.BaseCommit) {
		return errors.New("its commits are no hashes")
	}
	if t := strings.TrimSpace(p.Title); t == "" || t != p.Title || len(t) > 256 || strings.ContainsAny(t, "\r\n") {
		return errors.New("its title must be a line of at most 256 bytes")
	}
	for _, text := range append([]string{p.Body}, p.More...) {
		if len(text) > BodyRoom {
			return fmt.Errorf("a text of %d bytes is longer than the %d that fit", len(text), BodyRoom)
		}
	}
	return p.marker(p.Commit, "", p.Base).check()
}

// marker is what a pull request for the proposal has to remember.
func (p Proposal) marker(pushed, was vcs.Hash, base string) Marker {
	return Marker{Scope: p.Branch, Base: base, Set: p.Set, Items: p.items(), Patch: p.Patch, Title: short(p.Title),
		Pushed: pushed, Was: was, Parts: len(p.More)}
}

// outcome is what a decision comes to if nothing goes wrong.
func outcome(d Decision) Outcome {
	out := Outcome{Action: d.Action, Branch: d.Branch, Reason: d.Reason}
	if d.Pull != nil {
		out.Number, out.URL, out.Commit = d.Pull.Number, d.Pull.URL, d.Pull.Head
	}
	return out
}

// look gathers what Decide needs, and no more.
func (r *Reconciler) look(ctx context.Context, p Proposal, parent *stand) (Seen, error) {
	var s Seen
	if parent != nil && r.Host.CanStack() {
		s.Parent = &Parent{Branch: parent.outcome.Branch}
		switch o := parent.outcome; {
		case o.Action == Create, o.Action == Update, o.Action == NoOp && o.Number != 0 && parent.decision.Pull.Open:
		default:
			s.Parent = &Parent{Reason: o.Reason}
		}
	}
	for n := 1; n <= maxSlots; n++ {
		slot := Slot{Branch: slotName(p.Branch, n)}
		var err error
		if slot.Pulls, err = r.Host.Pulls(ctx, slot.Branch); err != nil {
			return s, err
		}
		if open := slot.open(p.Branch); open != nil {
			if *open, err = r.Host.Pull(ctx, open.Number); err != nil {
				return s, err
			}
			if open.Open { // still
				slot.Head = open.Head
				s.Slots = append(s.Slots, slot)
				m, err := ParseMarker(open.Body)
				if err != ErrNewerMarker && (err != nil || open.Head != m.Pushed && open.Head != m.Was) {
					s.Content, err = r.content(ctx, p, parent, open.Base, slot.Branch, m.Pushed)
					return s, err
				}
				return s, nil
			}
		}
		if slot.Head, err = r.Host.Branch(ctx, slot.Branch); err != nil {
			return s, err
		}
		s.Slots = append(s.Slots, slot)
		if len(slot.Pulls) > 0 {
			continue
		}
		if slot.Head != "" && slot.Head != p.Commit {
			base := p.Base
			if s.Parent != nil && s.Parent.Branch != "" {
				base = s.Parent.Branch
			}
			if s.Content, err = r.content(ctx, p, parent, base, slot.Branch, ""); err != nil {
				return s, err
			}
		}
		break
	}
	return s, r.lookBack(ctx, p, &s)
}

// lookBack asks what there is to know about pull requests that are not open.
func (r *Reconciler) lookBack(ctx context.Context, p Proposal, s *Seen) error {
	if p.Commit == "" {
		return nil
	}
	if last := newest(p, *s); last != nil && last.Merged && last.Base == p.Base && last.MergeCommit != "" {
		has, err := r.Host.Contains(ctx, p.BaseCommit, last.MergeCommit)
		if err != nil {
			return err
		}
		s.Missing = !has
	}
	for _, slot := range s.Slots {
		for _, pull := range slot.Pulls {
			if pull.Open || pull.Merged || pull.Base == p.Base {
				continue
			}
			exists, err := r.Host.BaseExists(ctx, pull.Base)
			if err != nil {
				return err
			}
			if !exists {
				if s.Orphaned == nil {
					s.Orphaned = map[int]bool{}
				}
				s.Orphaned[pull.Number] = true
			}
		}
	}
	return nil
}

// content compares what a branch changes with what the proposal changes. If every
// file that the branch changes reads the same in the proposal, or in what was pushed
// last, nothing is lost by moving the branch to it, whoever pushed: another run, or a
// person who merged the base into it.
func (r *Reconciler) content(ctx context.Context, p Proposal, parent *stand, base, branch string, pushed vcs.Hash) (Content, error) {
	theirs, ok, err := r.Host.Files(ctx, base, branch)
	if err != nil || !ok {
		return Other, err
	}
	different := Other
	if pushed != "" {
		last, ok, err := r.Host.Files(ctx, base, string(pushed))
		if err != nil {
			return Other, err
		}
		if ok && maps.Equal(last, theirs) {
			different = Part
		}
	}
	if p.Commit == "" {
		return different, nil
	}
	from := p.BaseCommit
	if parent != nil {
		from = parent.proposal.Commit
	}
	found := Same // until a file says otherwise
	err = r.Repository.Changed(from, p.Commit, func(was, is vcs.Entry) error {
		path := is.Path
		if path == "" {
			path = was.Path
		}
		blob, ok := theirs[path]
		switch {
		case !ok && found == Same:
			found = Part
		case ok && blob != is.Blob:
			found = different
		}
		delete(theirs, path)
		return nil
	})
	if len(theirs) > 0 {
		found = different
	}
	return found, err
}
