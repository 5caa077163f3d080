package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Status lists the branches below a prefix and the pull requests that came from
// them, out of the newest two thousand of the repository.
func (g *GitHub) Status(ctx context.Context, prefix string) ([]forge.Standing, error) {
	if err := g.open(ctx); err != nil {
		return nil, g.redactor.err(err)
	}
	out, err := g.status(ctx, prefix)
	return out, g.redactor.err(err)
}

func (g *GitHub) status(ctx context.Context, prefix string) ([]forge.Standing, error) {
	branches, err := g.branches(ctx, prefix)
	if err != nil {
		return nil, err
	}
	list, err := g.pulls(ctx, &github.PullRequestListOptions{State: "all"}, maxPages, func(p *github.PullRequest) bool {
		return strings.HasPrefix(p.GetHead().GetRef(), prefix)
	})
	if err != nil {
		return nil, err
	}
	var out []forge.Standing
	seen := map[string]bool{}
	for _, p := range list {
		s := forge.Standing{Branch: p.Branch, Commit: branches[p.Branch], Number: p.Number, URL: p.URL, Title: oneLine(p.Title), Base: p.Base, State: "closed", Changed: p.Changed}
		switch {
		case p.Merged:
			s.State = "merged"
		case p.Open && p.Draft:
			s.State = "draft"
		case p.Open:
			s.State = "open"
		}
		m, err := forge.ParseMarker(p.Body)
		if err == nil && !m.Done {
			s.Items = m.Items
		}
		s.Edited = p.Open && (err != nil || m.Pushed != p.Head && m.Was != p.Head)
		seen[p.Branch] = true
		out = append(out, s)
	}
	for name, head := range branches {
		if !seen[name] {
			out = append(out, forge.Standing{Branch: name, Commit: head, State: "branch"})
		}
	}
	slices.SortFunc(out, func(a, b forge.Standing) int {
		return cmp.Or(cmp.Compare(b.Number, a.Number), cmp.Compare(a.Branch, b.Branch))
	})
	return out, nil
}

// branches are those below a prefix, where branches are pushed.
func (g *GitHub) branches(ctx context.Context, prefix string) (map[string]vcs.Hash, error) {
	out := map[string]vcs.Hash{}
	if g.head.Name == "" {
		return out, nil
	}
	o := &github.ReferenceListOptions{Ref: "heads/" + prefix, ListOptions: github.ListOptions{PerPage: 100}}
	for range maxPages {
		refs, resp, err := g.client.Git.ListMatchingRefs(ctx, g.head.Owner, g.head.Name, o)
		if err != nil {
			return nil, fmt.Errorf("listing branches below %s: %w", prefix, plainError(err))
		}
		for _, r := range refs {
			out[strings.TrimPrefix(r.GetRef(), "refs/heads/")] = vcs.Hash(r.GetObject().GetSHA())
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	return out, nil
}
