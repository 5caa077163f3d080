package github

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Change is somebody's pull request: what it adds is Head against Fork.
type Change struct {
	Number      int
	Branch      string // that it comes from
	Body        string
	Author      string
	Head, Fork  vcs.Hash // what it holds, and the commit where it left its base
	Open, Draft bool
	Stranger    bool // it comes from another repository
}

// Change looks at a pull request.
func (g *GitHub) Change(ctx context.Context, number int) (Change, error) {
	c, err := g.change(ctx, number)
	return c, g.redactor.err(err)
}

func (g *GitHub) change(ctx context.Context, number int) (Change, error) {
	if err := g.open(ctx); err != nil {
		return Change{}, err
	}
	where := g.o.Where
	p, _, err := g.client.PullRequests.Get(ctx, where.Owner, where.Name, number)
	if err != nil {
		return Change{}, fmt.Errorf("looking at #%d: %w", number, plainError(err))
	}
	c := Change{Number: number, Branch: p.GetHead().GetRef(), Body: p.GetBody(), Author: p.GetUser().GetLogin(), Head: vcs.Hash(p.GetHead().GetSHA()),
		Open: p.GetState() == "open", Draft: p.GetDraft(), Stranger: p.GetHead().GetRepo().GetID() != g.repo.GetID()}
	if !isHash(string(c.Head)) || !isHash(p.GetBase().GetSHA()) {
		return c, fmt.Errorf("#%d holds no commit", number)
	}
	cmp, _, err := g.client.Repositories.CompareCommits(ctx, where.Owner, where.Name, p.GetBase().GetSHA(), string(c.Head), &github.ListOptions{PerPage: 1})
	if err != nil {
		return c, fmt.Errorf("comparing #%d with its base: %w", number, plainError(err))
	}
	c.Fork = vcs.Hash(cmp.GetMergeBaseCommit().GetSHA())
	if !isHash(string(c.Fork)) {
		return c, fmt.Errorf("#%d has nothing in common with its base", number)
	}
	return c, nil
}

// Lines are lines of a file, both ends included, counted from 1.
type Lines struct{ First, Last int }

// Shown returns, for each file, the lines of its new state that a pull request shows:
// only those can be commented on.
func (g *GitHub) Shown(ctx context.Context, number int) (map[string][]Lines, error) {
	out := map[string][]Lines{}
	o := &github.ListOptions{PerPage: 100}
	for range maxPages {
		list, resp, err := g.client.PullRequests.ListFiles(ctx, g.o.Where.Owner, g.o.Where.Name, number, o)
		if err != nil {
			return nil, g.redactor.err(fmt.Errorf("listing the files of #%d: %w", number, plainError(err)))
		}
		for _, f := range list {
			out[f.GetFilename()] = hunks(f.GetPatch())
		}
		if o.Page = resp.NextPage; o.Page == 0 {
			break
		}
	}
	return out, nil
}

// hunks reads the headers of a diff.
func hunks(diff string) []Lines {
	var out []Lines
	for line := range strings.Lines(diff) {
		rest, ok := strings.CutPrefix(line, "@@ -")
		if !ok {
			continue
		}
		_, rest, _ = strings.Cut(rest, " +")
		span, _, ok := strings.Cut(rest, " @@")
		first, count, many := strings.Cut(span, ",")
		a, err := strconv.Atoi(first)
		n := 1
		if many && err == nil {
			n, err = strconv.Atoi(count)
		}
		if ok && err == nil && n > 0 {
			out = append(out, Lines{a, a + n - 1})
		}
	}
	return out
}

// Comments returns the comments of a pull request or an issue, oldest first.
func (g *GitHub) Comments(ctx context.Context, number int) ([]forge.Comment, error) {
	all, err := host{g}.Comments(ctx, number)
	return all, g.redactor.err(err)
}

// Remarks returns the comments on lines of a pull request, oldest first.
func (g *GitHub) Remarks(ctx context.Context, number int) ([]forge.Comment, error) {
	var out []forge.Comment
	o := &github.PullRequestListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for range maxPages {
		list, resp, err := g.client.PullRequests.ListComments(ctx, g.o.Where.Owner, g.o.Where.Name, number, o)
		if err != nil {
			return nil, g.redactor.err(fmt.Errorf("listing the remarks on #%d: %w", number, plainError(err)))
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

// Remark is a comment on lines of a file.
type Remark struct {
	Path string
	Lines
	Body string
}

// Review makes remarks on a commit of a pull request, all in one review that neither
// approves nor asks for changes. A RefusedError if GitHub does not show those lines.
func (g *GitHub) Review(ctx context.Context, number int, commit vcs.Hash, remarks []Remark) error {
	r := &github.PullRequestReviewRequest{CommitID: new(string(commit)), Event: new("COMMENT")}
	for _, m := range remarks {
		c := &github.DraftReviewComment{Path: &m.Path, Body: &m.Body, Side: new("RIGHT"), Line: &m.Last}
		if m.First != m.Last {
			c.StartLine, c.StartSide = &m.First, new("RIGHT")
		}
		r.Comments = append(r.Comments, c)
	}
	_, _, err := g.client.PullRequests.CreateReview(ctx, g.o.Where.Owner, g.o.Where.Name, number, r)
	if err == nil {
		return nil
	}
	return g.redactor.err(fmt.Errorf("remarking on #%d: %w", number, refusal(plainError(err))))
}

// MayWrite reports whether somebody may write to the repository.
func (g *GitHub) MayWrite(ctx context.Context, login string) (bool, error) {
	p, _, err := g.client.Repositories.GetPermissionLevel(ctx, g.o.Where.Owner, g.o.Where.Name, login)
	if err := plainError(err); status(err) == http.StatusNotFound {
		return false, nil // nobody knows them
	} else if err != nil {
		return false, g.redactor.err(fmt.Errorf("asking what %s may do: %w", login, err))
	}
	return p.GetPermission() == "write" || p.GetPermission() == "admin", nil
}

// React puts a reaction to a comment, as eyes or -1. Twice is once.
func (g *GitHub) React(ctx context.Context, comment int64, reaction string) error {
	_, _, err := g.client.Reactions.CreateIssueCommentReaction(ctx, g.o.Where.Owner, g.o.Where.Name, comment, reaction)
	if err == nil {
		return nil
	}
	return g.redactor.err(fmt.Errorf("reacting to a comment: %w", refusal(plainError(err))))
}
