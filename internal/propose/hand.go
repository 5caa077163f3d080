package propose

import (
	"context"
	"fmt"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Hand does one part after the other and hands each to the forge, which says where
// it stands, and then tells. The commits are written to repo, which is that of the
// base or shares its objects. A part rests on another one only if that one stands:
// what rests on something that is not wanted is built on the base.
//
// An error of the forge ends it: what was done until then stands, and the next run
// goes on from there.
func (p *Plan) Hand(ctx context.Context, repo *vcs.Repository, f forge.Forge, told func(*Work, forge.Outcome) error) error {
	done := map[*Part]*Work{}
	for _, part := range p.Parts {
		on := part.On
		for on != nil && (done[on] == nil || !on.changes(part.Files)) {
			on = on.On
		}
		w, err := p.build(ctx, repo, part, done[on])
		if err != nil {
			return fmt.Errorf("%s: %w", part.Branch, err)
		}
		outcome, err := p.hand(ctx, f, w)
		if err != nil {
			return err
		}
		if stands(outcome) && w.Proposal.Commit != "" {
			done[part] = w
		}
		if err := told(w, outcome); err != nil {
			return err
		}
	}
	for _, branch := range p.Gone {
		w := &Work{Part: &Part{Branch: branch}, Proposal: forge.Proposal{Branch: branch, Base: p.Base.Branch, BaseCommit: p.Base.Commit}}
		outcome, err := f.Propose(ctx, w.Proposal)
		if err != nil {
			return err
		}
		if err := told(w, outcome); err != nil {
			return err
		}
	}
	return nil
}

// hand hands a work on. That nothing of it passed is no reason to close what stands.
func (p *Plan) hand(ctx context.Context, f forge.Forge, w *Work) (forge.Outcome, error) {
	if w.Proposal.Commit == "" && len(w.Dropped) > 0 {
		return forge.Outcome{Action: forge.Refuse, Reason: "no fix passed: " + w.Dropped[0].Why}, nil
	}
	return f.Propose(ctx, w.Proposal)
}

// stands reports whether a branch holds what was proposed.
func stands(o forge.Outcome) bool {
	return o.Branch != "" && (o.Action == forge.Create || o.Action == forge.Update || o.Action == forge.NoOp)
}

// Shown is a forge that does nothing: everything would be new.
type Shown struct{}

// Propose says so.
func (Shown) Propose(_ context.Context, p forge.Proposal) (forge.Outcome, error) {
	if p.Commit == "" {
		return forge.Outcome{Action: forge.NoOp, Reason: "there is nothing to propose"}, nil
	}
	return forge.Outcome{Action: forge.Create, Branch: p.Branch, Commit: p.Commit}, nil
}
