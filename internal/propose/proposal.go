package propose

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// maxTitle is how many bytes a title may have.
const maxTitle = 200

// propose fills in the proposal of a work whose commits are made.
func (w *Work) propose(p *Plan) {
	o := p.opts
	w.Proposal = forge.Proposal{
		Branch: w.Part.Branch, Base: p.Base.Branch, BaseCommit: p.Base.Commit,
		Labels: o.Labels, Reviewers: o.Reviewers, TeamReviewers: o.TeamReviewers, Assignees: o.Assignees,
		Milestone: o.Milestone, Draft: o.Draft, AutoMerge: o.AutoMerge, Anew: o.Anew,
	}
	if len(w.Commits) == 0 {
		return // nothing is left
	}
	for _, f := range w.Fixes {
		for _, o := range f.Plan.Obligations {
			w.Proposal.Items = append(w.Proposal.Items, o.Fingerprint())
		}
	}
	w.Proposal.Set = setDigest(w.Proposal.Items)
	w.Proposal.Patch = patchDigest(w.Changes)
	w.Proposal.Commit = w.Commits[len(w.Commits)-1].Hash
	w.Proposal.Title = w.Part.title()
	w.Proposal.Body, w.Proposal.More = w.body(p)
	if w.On != nil {
		w.Proposal.RestsOn = w.On.Part.Branch
	}
}

// title is the same from night to night.
func (part *Part) title() string {
	t := "Release what leaks"
	if part.Key != "" {
		t += " in " + markdown.Message(strings.TrimPrefix(part.Key, "@"))
	}
	if len(t) > maxTitle {
		t = strings.ToValidUTF8(t[:maxTitle], "") + "…"
	}
	t += fmt.Sprintf(" (%s", part.Phase)
	if part.Cut != "" {
		t += ", part " + part.Cut
	}
	return t + ")"
}
