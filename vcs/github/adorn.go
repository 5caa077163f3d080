package github

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// Adorn leaves out what GitHub refuses, and says so: a label is not worth a pull
// request.
func (h host) Adorn(ctx context.Context, number int, p forge.Proposal) ([]string, error) {
	there, _, err := h.client.PullRequests.Get(ctx, h.o.Where.Owner, h.o.Where.Name, number)
	if err != nil {
		return nil, fmt.Errorf("looking at #%d: %w", number, plainError(err))
	}
	a := &adornment{GitHub: h.GitHub, ctx: ctx, number: number, there: there}
	for _, step := range []func(forge.Proposal) error{a.labels, a.reviewers, a.assignees, a.milestone, a.autoMerge} {
		if err := step(p); err != nil {
			return a.notes, err
		}
	}
	return a.notes, nil
}

// adornment is one pull request to be adorned.
type adornment struct {
	*GitHub
	ctx    context.Context
	number int
	there  *github.PullRequest
	notes  []string
}

// note takes a refusal for a note and leaves other errors.
func (a *adornment) note(what string, err error) error {
	switch status(err) {
	case http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusGone:
		reason := "the token may not, or there is no such thing"
		if e, ok := refusal(err).(*forge.UnableError); ok {
			reason = e.Reason
		}
		a.notes = append(a.notes, what+": "+reason)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// again looks at the pull request once more, after a request of which nobody knows
// whether it was done.
func (a *adornment) again(done func(*github.PullRequest) bool) func() (bool, error) {
	return func() (bool, error) {
		p, _, err := a.client.PullRequests.Get(a.ctx, a.o.Where.Owner, a.o.Where.Name, a.number)
		return err == nil && done(p), plainError(err)
	}
}

// send posts to a place below the repository.
func (a *adornment) send(place string, body any, done func(*github.PullRequest) bool) error {
	return a.post(a.ctx, func() error {
		req, err := a.client.NewRequest(http.MethodPost, fmt.Sprintf("repos/%s/%s/%s", a.o.Where.Owner, a.o.Where.Name, place), body)
		if err != nil {
			return err
		}
		_, err = a.client.Do(a.ctx, req, nil)
		return err
	}, a.again(done))
}

func hasLabel(p *github.PullRequest, name string) bool {
	return slices.ContainsFunc(p.Labels, func(l *github.Label) bool { return strings.EqualFold(l.GetName(), name) })
}

func hasUser(users []*github.User, login string) bool {
	return slices.ContainsFunc(users, func(u *github.User) bool { return strings.EqualFold(u.GetLogin(), login) })
}

// labels adds labels. GitHub would make those that are missing, in some colour, so
// each is looked for before.
func (a *adornment) labels(p forge.Proposal) error {
	var names []string
	for _, name := range p.Labels {
		if hasLabel(a.there, name) {
			continue
		}
		ok, err := a.label(name)
		if err != nil {
			return err
		}
		if ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	// go-github sends a list where GitHub's contract wants an object.
	body := map[string][]string{"labels": names}
	err := a.send(fmt.Sprintf("issues/%d/labels", a.number), body, func(p *github.PullRequest) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return !hasLabel(p, n) })
	})
	return a.note("labels were left out", err)
}

// label makes sure that a label exists, and reports whether it does.
func (a *adornment) label(name string) (bool, error) {
	_, _, err := a.client.Issues.GetLabel(a.ctx, a.o.Where.Owner, a.o.Where.Name, name)
	err = plainError(err)
	if err == nil {
		return true, nil
	}
	if status(err) != http.StatusNotFound {
		return false, a.note(fmt.Sprintf("the label %q was left out", name), err)
	}
	if !a.o.CreateLabels {
		a.notes = append(a.notes, fmt.Sprintf("the label %q does not exist and was left out", name))
		return false, nil
	}
	made := false
	err = a.post(a.ctx, func() error {
		label := &github.Label{Name: &name, Color: github.String("5319e7"), Description: github.String("made by unleak")}
		_, _, err := a.client.Issues.CreateLabel(a.ctx, a.o.Where.Owner, a.o.Where.Name, label)
		made = err == nil
		return err
	}, func() (bool, error) {
		_, _, err := a.client.Issues.GetLabel(a.ctx, a.o.Where.Owner, a.o.Where.Name, name)
		if err := plainError(err); err != nil && status(err) != http.StatusNotFound {
			return false, err
		}
		made = err == nil
		return made, nil
	})
	if says(err, "already_exists", "already exists") {
		return true, nil
	}
	return made, a.note(fmt.Sprintf("the label %q could not be made and was left out", name), err)
}

// reviewers asks for reviews. GitHub refuses all if it refuses one, so then each is
// asked for alone.
func (a *adornment) reviewers(p forge.Proposal) error {
	var users []string
	for _, u := range p.Reviewers {
		if !strings.EqualFold(u, a.there.GetUser().GetLogin()) && !hasUser(a.there.RequestedReviewers, u) {
			users = append(users, u) // nobody reviews what is his own
		}
	}
	if len(users)+len(p.TeamReviewers) == 0 {
		return nil
	}
	err := a.review(users, p.TeamReviewers)
	if s := status(err); s != http.StatusUnprocessableEntity || len(users)+len(p.TeamReviewers) == 1 {
		return a.note("no review was asked for", err)
	}
	for _, u := range users {
		if err := a.note(u+" was not asked for a review", a.review([]string{u}, nil)); err != nil {
			return err
		}
	}
	for _, t := range p.TeamReviewers {
		if err := a.note("the team "+t+" was not asked for a review", a.review(nil, []string{t})); err != nil {
			return err
		}
	}
	return nil
}

func (a *adornment) review(users, teams []string) error {
	body := map[string][]string{}
	if len(users) > 0 {
		body["reviewers"] = users
	}
	if len(teams) > 0 {
		body["team_reviewers"] = teams
	}
	return a.send(fmt.Sprintf("pulls/%d/requested_reviewers", a.number), body, func(p *github.PullRequest) bool {
		for _, u := range users {
			if !hasUser(p.RequestedReviewers, u) {
				return false
			}
		}
		for _, t := range teams {
			if !slices.ContainsFunc(p.RequestedTeams, func(x *github.Team) bool { return strings.EqualFold(x.GetSlug(), t) }) {
				return false
			}
		}
		return true
	})
}

// assignees adds assignees. GitHub passes over those who cannot be assigned.
func (a *adornment) assignees(p forge.Proposal) error {
	var missing []string
	for _, u := range p.Assignees {
		if !hasUser(a.there.Assignees, u) {
			missing = append(missing, u)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	left := func(p *github.PullRequest) bool {
		return !slices.ContainsFunc(missing, func(u string) bool { return !hasUser(p.Assignees, u) })
	}
	err := a.send(fmt.Sprintf("issues/%d/assignees", a.number), map[string][]string{"assignees": missing}, left)
	if err != nil {
		return a.note("nobody was assigned", err)
	}
	now, _, err := a.client.PullRequests.Get(a.ctx, a.o.Where.Owner, a.o.Where.Name, a.number)
	if err != nil {
		return fmt.Errorf("looking at #%d: %w", a.number, plainError(err))
	}
	for _, u := range missing {
		if !hasUser(now.Assignees, u) {
			a.notes = append(a.notes, u+" cannot be assigned here")
		}
	}
	return nil
}

// milestone finds a milestone by its title and sets it.
func (a *adornment) milestone(p forge.Proposal) error {
	if p.Milestone == "" || a.there.GetMilestone().GetTitle() == p.Milestone {
		return nil
	}
	o := &github.MilestoneListOptions{State: "open", ListOptions: github.ListOptions{PerPage: 100}}
	for range maxPages {
		list, resp, err := a.client.Issues.ListMilestones(a.ctx, a.o.Where.Owner, a.o.Where.Name, o)
		if err != nil {
			return a.note("the milestone was left out", plainError(err))
		}
		for _, m := range list {
			if m.GetTitle() == p.Milestone {
				_, _, err := a.client.Issues.Edit(a.ctx, a.o.Where.Owner, a.o.Where.Name, a.number, &github.IssueRequest{Milestone: m.Number})
				return a.note("the milestone was left out", plainError(err))
			}
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	a.notes = append(a.notes, fmt.Sprintf("there is no open milestone %q", p.Milestone))
	return nil
}

// autoMerge lets a pull request merge by itself once it may.
func (a *adornment) autoMerge(p forge.Proposal) error {
	if !p.AutoMerge || a.there.AutoMerge != nil {
		return nil
	}
	if !a.repo.GetAllowAutoMerge() && a.repo.AllowAutoMerge != nil {
		a.notes = append(a.notes, "it does not merge by itself: the repository's settings do not allow auto-merge")
		return nil
	}
	err := a.mutate(a.ctx, `mutation($id: ID!, $method: PullRequestMergeMethod!) {
  enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { clientMutationId }
}`, map[string]any{"id": a.there.GetNodeID(), "method": a.o.MergeMethod})
	if e, ok := err.(*graphqlError); ok {
		a.notes = append(a.notes, "it does not merge by itself: GitHub says: "+e.Error())
		return nil
	}
	return a.note("it does not merge by itself", err)
}
