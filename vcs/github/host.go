package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// host is a GitHub as a reconciler uses it.
type host struct{ *GitHub }

var _ forge.Host = host{}

func (h host) CanStack() bool { return !h.forked }

// pull is a pull request of go-github as one of ours.
func pull(p *github.PullRequest) forge.Pull {
	out := forge.Pull{Number: p.GetNumber(), URL: p.GetHTMLURL(), Title: p.GetTitle(), Body: p.GetBody(),
		Branch: p.GetHead().GetRef(), Base: p.GetBase().GetRef(), Head: vcs.Hash(p.GetHead().GetSHA()),
		Open: p.GetState() == "open", Draft: p.GetDraft(), Merged: p.GetMerged() || p.MergedAt != nil,
		Author: p.GetUser().GetLogin(), Changed: p.GetUpdatedAt().Time}
	if out.Merged {
		out.MergeCommit = vcs.Hash(p.GetMergeCommitSHA())
	}
	out.Conflict = out.Open && p.Mergeable != nil && !*p.Mergeable
	return out
}

// ours reports whether a pull request comes from where branches are pushed: a
// stranger's fork may have a branch of the same name.
func (g *GitHub) ours(p *github.PullRequest) bool {
	return strings.EqualFold(p.GetHead().GetUser().GetLogin(), g.head.Owner) &&
		(p.GetHead().GetRepo() == nil || g.head.Name == "" || strings.EqualFold(p.GetHead().GetRepo().GetName(), g.head.Name))
}

// maxPages bounds every list, in pages of a hundred.
const maxPages = 20

func (h host) Pulls(ctx context.Context, branch string) ([]forge.Pull, error) {
	return h.pulls(ctx, &github.PullRequestListOptions{State: "all", Head: h.head.Owner + ":" + branch}, maxPages, func(p *github.PullRequest) bool {
		return p.GetHead().GetRef() == branch
	})
}

// pulls lists pull requests from where branches are pushed.
func (g *GitHub) pulls(ctx context.Context, o *github.PullRequestListOptions, pages int, wanted func(*github.PullRequest) bool) ([]forge.Pull, error) {
	var out []forge.Pull
	o.Sort, o.Direction, o.PerPage = "created", "desc", 100
	for range pages {
		list, resp, err := g.client.PullRequests.List(ctx, g.o.Where.Owner, g.o.Where.Name, o)
		if err != nil {
			return nil, fmt.Errorf("listing pull requests: %w", plainError(err))
		}
		for _, p := range list {
			if g.ours(p) && wanted(p) {
				out = append(out, pull(p))
			}
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	return out, nil
}

// Pull asks again for a while if GitHub does not know yet whether it can be merged.
func (h host) Pull(ctx context.Context, number int) (forge.Pull, error) {
	for wait := time.Second; ; wait *= 2 {
		p, _, err := h.client.PullRequests.Get(ctx, h.o.Where.Owner, h.o.Where.Name, number)
		if err != nil {
			return forge.Pull{}, fmt.Errorf("looking at #%d: %w", number, plainError(err))
		}
		if p.Mergeable != nil || p.GetState() != "open" || wait > 4*time.Second {
			return pull(p), nil
		}
		if err := h.clock.Sleep(ctx, wait); err != nil {
			return forge.Pull{}, err
		}
	}
}

func (h host) Resting(ctx context.Context, branch string) ([]forge.Pull, error) {
	var out []forge.Pull
	o := &github.PullRequestListOptions{State: "open", Base: branch, ListOptions: github.ListOptions{PerPage: 100}}
	for range maxPages {
		list, resp, err := h.client.PullRequests.List(ctx, h.o.Where.Owner, h.o.Where.Name, o)
		if err != nil {
			return nil, fmt.Errorf("listing what goes to %s: %w", branch, plainError(err))
		}
		for _, p := range list {
			out = append(out, pull(p))
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	return out, nil
}

func (h host) Branch(ctx context.Context, name string) (vcs.Hash, error) {
	if h.head.Name == "" {
		return "", nil
	}
	return h.branch(ctx, h.head, name)
}

func (g *GitHub) branch(ctx context.Context, where Location, name string) (vcs.Hash, error) {
	ref, _, err := g.client.Git.GetRef(ctx, where.Owner, where.Name, "heads/"+name)
	if err := plainError(err); status(err) == http.StatusNotFound {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("looking at the branch %s: %w", name, err)
	}
	return vcs.Hash(ref.GetObject().GetSHA()), nil
}

func (h host) BaseExists(ctx context.Context, name string) (bool, error) {
	head, err := h.branch(ctx, h.o.Where, name)
	return head != "", err
}

func (h host) Contains(ctx context.Context, tip, commit vcs.Hash) (bool, error) {
	c, _, err := h.client.Repositories.CompareCommits(ctx, h.o.Where.Owner, h.o.Where.Name, string(commit), string(tip), &github.ListOptions{PerPage: 1})
	if err := plainError(err); status(err) == http.StatusNotFound {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("comparing commits: %w", err)
	}
	return c.GetStatus() == "ahead" || c.GetStatus() == "identical", nil
}

func isHash(s string) bool { return len(s) == 40 && strings.Trim(s, "0123456789abcdef") == "" }

// maxFiles is how many files GitHub shows of a comparison.
const maxFiles = 300

func (h host) Files(ctx context.Context, base, tip string) (map[string]vcs.Hash, bool, error) {
	if h.forked && !isHash(tip) {
		tip = h.head.Owner + ":" + tip
	}
	c, _, err := h.client.Repositories.CompareCommits(ctx, h.o.Where.Owner, h.o.Where.Name, base, tip, &github.ListOptions{PerPage: 1})
	if err := plainError(err); status(err) == http.StatusNotFound {
		return nil, false, nil
	} else if err != nil {
		return nil, false, fmt.Errorf("comparing %s with %s: %w", tip, base, err)
	}
	out := map[string]vcs.Hash{}
	for _, f := range c.Files {
		switch f.GetStatus() {
		case "removed":
			out[f.GetFilename()] = ""
		case "renamed":
			out[f.GetPreviousFilename()] = ""
			fallthrough
		default:
			out[f.GetFilename()] = vcs.Hash(f.GetSHA())
		}
	}
	return out, len(c.Files) < maxFiles, nil
}

func (h host) Comments(ctx context.Context, number int) ([]forge.Comment, error) {
	var out []forge.Comment
	o := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for range maxPages {
		list, resp, err := h.client.Issues.ListComments(ctx, h.o.Where.Owner, h.o.Where.Name, number, o)
		if err != nil {
			return nil, fmt.Errorf("listing the comments of #%d: %w", number, plainError(err))
		}
		for _, c := range list {
			out = append(out, forge.Comment{ID: c.GetID(), Author: c.GetUser().GetLogin(), Body: c.GetBody()})
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	return out, nil
}

// counts are those of forge.Host.Count, kept up to date by what a run makes itself.
type counts struct{ open, lastHour int }

func (h host) Count(ctx context.Context) (open, lastHour int, err error) {
	if h.counted == nil {
		wanted := func(p *github.PullRequest) bool { return strings.HasPrefix(p.GetHead().GetRef(), h.o.Prefix) }
		list, err := h.pulls(ctx, &github.PullRequestListOptions{State: "open"}, maxPages, wanted)
		if err != nil {
			return 0, 0, err
		}
		c := &counts{open: len(list)}
		since := h.clock.Now().Add(-time.Hour)
		// The newest hundred of all: in a repository with more in an hour, too few are counted.
		_, err = h.pulls(ctx, &github.PullRequestListOptions{State: "all"}, 1, func(p *github.PullRequest) bool {
			if wanted(p) && p.GetCreatedAt().After(since) {
				c.lastHour++
			}
			return false
		})
		if err != nil {
			return 0, 0, err
		}
		h.counted = c
	}
	return h.counted.open, h.counted.lastHour, nil
}
