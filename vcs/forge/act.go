package forge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/vcs"
)

// act does what was decided. The order of the writes is such that a run that is
// killed between any two of them is completed by the next one: the branch before
// the pull request, the marker that tells of a push before that push, what hangs on
// a pull request last, and with a marker that says that it is missing.
func (r *Reconciler) act(ctx context.Context, p Proposal, seen Seen, d Decision, parent *stand) (Outcome, error) {
	out := outcome(d)
	var err error
	switch d.Action {
	case Create, Update:
		if parent != nil && d.Push && seen.Parent != nil {
			if out, ok, err := r.lift(ctx, p, *parent); err != nil || !ok {
				return out, err
			}
		}
		if d.Action == Create {
			out, err = r.create(ctx, p, seen, d)
		} else {
			out, err = r.update(ctx, p, seen, d)
		}
	case Hold:
		if d.Back != "" {
			err = r.sayOnce(ctx, d.Pull.Number, commentHeld, holdText(d))
		}
	case Close:
		out, err = r.close(ctx, d)
	}
	if reason, ok := unable(err); ok {
		return Outcome{Action: Refuse, Branch: d.Branch, Number: out.Number, URL: out.URL, Commit: out.Commit, Reason: reason}, nil
	}
	if errors.Is(err, vcs.ErrLease) {
		return Outcome{Action: Hold, Branch: d.Branch, Number: out.Number, URL: out.URL,
			Reason: fmt.Sprintf("%s moved in the meantime, by another run or by a person: nothing was overwritten; run again", d.Branch)}, nil
	}
	return out, err
}

// lift brings the branch of a parent to the commit that a child was built on, if
// it stands on an older one: the child would show the parent's changes as its own.
func (r *Reconciler) lift(ctx context.Context, p Proposal, parent stand) (Outcome, bool, error) {
	if parent.pushed || parent.outcome.Commit == parent.proposal.Commit {
		return Outcome{}, true, nil
	}
	if built, err := r.Repository.Ancestor(parent.outcome.Commit, p.Commit); err == nil && built {
		return Outcome{}, true, nil
	}
	pull, err := r.Host.Pull(ctx, parent.outcome.Number)
	if err != nil {
		return Outcome{}, false, err
	}
	if _, err := ParseMarker(pull.Body); err != nil {
		return Outcome{Action: Refuse, Reason: fmt.Sprintf("it rests on %s: its text lost the marker", p.RestsOn)}, false, nil
	}
	d := Decision{Action: Update, Pull: &pull, Branch: pull.Branch, Lease: parent.outcome.Commit, Push: true,
		Reason: fmt.Sprintf("%s rests on it", p.Branch)}
	out, err := r.act(ctx, parent.proposal, Seen{}, d, nil)
	if err != nil {
		return out, false, err
	}
	if out.Action != Update {
		return Outcome{Action: Refuse, Reason: fmt.Sprintf("it rests on %s: %s", p.RestsOn, out.Reason)}, false, nil
	}
	r.stands[p.RestsOn] = stand{parent.proposal, d, out, true}
	return out, true, nil
}

// create makes a branch and its pull request.
func (r *Reconciler) create(ctx context.Context, p Proposal, seen Seen, d Decision) (Outcome, error) {
	out := outcome(d)
	base := goesTo(p, seen)
	commit, err := r.Host.Ready(ctx, p.Base, p.Commit)
	if err != nil {
		return out, err
	}
	if commit != d.Lease {
		if err := r.Host.Push(ctx, vcs.Update{Branch: d.Branch, New: commit, Old: d.Lease}); err != nil {
			return out, err
		}
	}
	m := p.marker(commit, "", base)
	if p.adorned() || len(p.More) > 0 {
		m.Left = leftAll
	}
	body, err := Compose(p.Body, m)
	if err != nil {
		return out, err
	}
	pull, err := r.Host.Create(ctx, New{Branch: d.Branch, Base: base, Title: p.Title, Body: body, Draft: p.Draft})
	if err != nil {
		return out, err
	}
	out.Number, out.URL, out.Commit = pull.Number, pull.URL, commit
	out.Notes, err = r.finish(ctx, p, pull, m)
	return out, err
}

// goesTo is the base that a pull request has to have.
func goesTo(p Proposal, seen Seen) string {
	if seen.Parent != nil && seen.Parent.Branch != "" {
		return seen.Parent.Branch
	}
	return p.Base
}

func (p Proposal) adorned() bool {
	return len(p.Labels)+len(p.Reviewers)+len(p.TeamReviewers)+len(p.Assignees) > 0 || p.Milestone != "" || p.AutoMerge
}

// update brings an open pull request up to date: its text and base first, then its
// branch. Until the push went through, the marker knows both commits.
func (r *Reconciler) update(ctx context.Context, p Proposal, seen Seen, d Decision) (Outcome, error) {
	out := outcome(d)
	old, err := ParseMarker(d.Pull.Body)
	if err != nil {
		return out, err
	}
	base := d.Pull.Base
	if d.Retarget != "" {
		base = d.Retarget
	}
	m := p.marker(d.Pull.Head, "", base)
	if d.Push {
		commit, err := r.Host.Ready(ctx, p.Base, p.Commit)
		if err != nil {
			return out, err
		}
		m.Pushed, m.Was = commit, d.Pull.Head
	}
	if m.Left = old.Left; m.Left == "" && m.Parts+old.Parts > 0 {
		m.Left = leftParts
	}
	edit := Edit{Base: d.Retarget}
	if edit.Body, err = Compose(p.Body, m); err != nil {
		return out, err
	}
	if old.Title == short(d.Pull.Title) && d.Pull.Title != p.Title {
		edit.Title = p.Title
	} else if old.Title != short(d.Pull.Title) {
		out.Notes = append(out.Notes, "its title is a person's and was kept")
	}
	if err := r.Host.Edit(ctx, d.Pull.Number, edit); err != nil {
		return out, err
	}
	if d.Push {
		err := r.Host.Push(ctx, vcs.Update{Branch: d.Branch, New: m.Pushed, Old: d.Lease})
		if errors.Is(err, vcs.ErrLease) {
			return out, errors.Join(err, r.settle(ctx, p, m, d))
		}
		if err != nil {
			return out, err
		}
		if err := r.confirm(ctx, d.Pull.Number, edit.Body, m); err != nil {
			return out, err
		}
	}
	out.Commit = m.Pushed
	notes, err := r.finish(ctx, p, *d.Pull, m)
	out.Notes = append(out.Notes, notes...)
	return out, err
}

// confirm writes the marker again if another run, which lost the race for the
// branch, has put its own in place since.
func (r *Reconciler) confirm(ctx context.Context, number int, body string, m Marker) error {
	pull, err := r.Host.Pull(ctx, number)
	if err != nil {
		return err
	}
	if is, err := ParseMarker(pull.Body); err == nil && is.Pushed == m.Pushed {
		return nil
	}
	return r.Host.Edit(ctx, number, Edit{Body: body})
}

// settle is for a run that lost the race after it had written its marker: if what
// the branch holds now is all its own work, another run pushed it, and the marker
// must say so.
func (r *Reconciler) settle(ctx context.Context, p Proposal, m Marker, d Decision) error {
	pull, err := r.Host.Pull(ctx, d.Pull.Number)
	if err != nil {
		return err
	}
	if is, err := ParseMarker(pull.Body); err == nil && is.Pushed == pull.Head {
		return nil
	}
	var parent *stand
	if s, ok := r.stands[p.RestsOn]; ok {
		parent = &s
	}
	c, err := r.content(ctx, p, parent, pull.Base, d.Branch, "")
	if err != nil || c != Same && c != Part {
		return err
	}
	m.Pushed, m.Was = pull.Head, ""
	body, err := Compose(p.Body, m)
	if err != nil {
		return err
	}
	return r.Host.Edit(ctx, pull.Number, Edit{Body: body})
}

// finish makes what hangs on a pull request, and takes the note that it is
// missing out of the marker.
func (r *Reconciler) finish(ctx context.Context, p Proposal, pull Pull, m Marker) ([]string, error) {
	if m.Left == "" {
		return nil, nil
	}
	if err := r.parts(ctx, p, pull); err != nil {
		return nil, err
	}
	var notes []string
	if m.Left == leftAll && p.adorned() {
		var err error
		if notes, err = r.Host.Adorn(ctx, pull.Number, p); err != nil {
			return notes, err
		}
	}
	m.Left = ""
	body, err := Compose(p.Body, m)
	if err != nil {
		return notes, err
	}
	return notes, r.Host.Edit(ctx, pull.Number, Edit{Body: body})
}

// parts makes the comments that continue the text what they should be. Only those
// of whoever opened the pull request are touched.
func (r *Reconciler) parts(ctx context.Context, p Proposal, pull Pull) error {
	number := pull.Number
	there, err := r.Host.Comments(ctx, number)
	if err != nil {
		return err
	}
	there = slices.DeleteFunc(there, func(c Comment) bool { return c.Author != pull.Author })
	var done []string
	for i, text := range p.More {
		kind := commentPart(i + 1)
		done = append(done, kind)
		body, err := composeComment(text, kind)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(there, func(c Comment) bool { return commentKind(c.Body) == kind })
		switch {
		case at < 0:
			err = r.Host.Say(ctx, number, 0, body)
		case !sameText(there[at].Body, body):
			err = r.Host.Say(ctx, number, there[at].ID, body)
		}
		if err != nil {
			return err
		}
	}
	for _, c := range there {
		if kind := commentKind(c.Body); isPart(kind) && !slices.Contains(done, kind) {
			if err := r.Host.Say(ctx, number, c.ID, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// sayOnce comments, unless a comment of that kind is there.
func (r *Reconciler) sayOnce(ctx context.Context, number int, kind, text string) error {
	there, err := r.Host.Comments(ctx, number)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(there, func(c Comment) bool { return commentKind(c.Body) == kind }) {
		return nil
	}
	body, err := composeComment(text, kind)
	if err != nil {
		return err
	}
	return r.Host.Say(ctx, number, 0, body)
}

func holdText(d Decision) string {
	return fmt.Sprintf("unleak leaves this pull request alone from now on: %s. Nothing is overwritten.\n\nTo hand it back, %s.", d.Reason, d.Back)
}

// close closes a pull request of which nothing is left, and deletes its branch.
// What goes to that branch is led elsewhere first, since the service closes
// whatever goes to a branch that is deleted.
func (r *Reconciler) close(ctx context.Context, d Decision) (Outcome, error) {
	out := outcome(d)
	m, err := ParseMarker(d.Pull.Body)
	if err != nil {
		return out, err
	}
	if r.Host.CanStack() {
		resting, err := r.Host.Resting(ctx, d.Branch)
		if err != nil {
			return out, err
		}
		for _, child := range resting {
			if err := r.Host.Edit(ctx, child.Number, Edit{Base: d.Pull.Base}); err != nil {
				return out, err
			}
		}
	}
	if d.Pull.Open {
		if err := r.sayOnce(ctx, d.Pull.Number, commentDone, "Nothing of this is left to do, so it is closed and its branch deleted."); err != nil {
			return out, err
		}
		m.Done, m.Left = true, ""
		body, err := remark(d.Pull.Body, m)
		if err != nil {
			return out, err
		}
		if err := r.Host.Edit(ctx, d.Pull.Number, Edit{Body: body, Close: true}); err != nil {
			return out, err
		}
	}
	err = r.Host.Push(ctx, vcs.Update{Branch: d.Branch, Old: d.Lease})
	if reason, ok := unable(err); ok {
		out.Notes, err = append(out.Notes, "its branch could not be deleted: "+reason), nil
	}
	if errors.Is(err, vcs.ErrLease) {
		out.Notes, err = append(out.Notes, "its branch moved in the meantime and was not deleted"), nil
	}
	out.Commit = ""
	return out, err
}
