package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// mayNotPush reports whether GitHub says so. For the token of an App it says
// nothing that can be relied on: every right is false, reading too.
func (g *GitHub) mayNotPush(repo *github.Repository) bool {
	rights := repo.GetPermissions()
	return rights["pull"] && !rights["push"]
}

// wantsFork decides whether branches are pushed to a fork.
func (g *GitHub) wantsFork(ctx context.Context, repo *github.Repository) (bool, error) {
	switch g.o.Fork {
	case ForkAlways:
		return true, nil
	case ForkNever:
		return false, nil
	}
	if g.o.App != nil || !g.mayNotPush(repo) {
		return false, nil
	}
	token, err := g.tokens.Token(ctx)
	return !strings.HasPrefix(token, "ghs_"), err // of an App, as the token of a workflow is
}

// findFork looks for the fork of the token's owner, which need not be there yet.
func (g *GitHub) findFork(ctx context.Context) error {
	user, _, err := g.client.Users.Get(ctx, "")
	if err != nil {
		return fmt.Errorf("asking who the token is: %w", plainError(err))
	}
	g.login = user.GetLogin()
	g.head = g.o.Where
	g.head.Owner, g.head.Name = g.login, ""
	if strings.EqualFold(g.login, g.o.Where.Owner) {
		return &forge.UnableError{Reason: fmt.Sprintf("%s cannot fork its own repository %s", g.login, g.o.Where)}
	}
	// GitHub numbers a fork if its owner has another repository of that name.
	for _, name := range []string{g.o.Where.Name, g.o.Where.Name + "-1", g.o.Where.Name + "-2"} {
		fork, _, err := g.client.Repositories.Get(ctx, g.login, name)
		if status(plainError(err)) == http.StatusNotFound {
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking for a fork: %w", plainError(err))
		}
		if fork.GetFork() && strings.EqualFold(fork.GetParent().GetFullName(), g.o.Where.String()) {
			g.head.Owner, g.head.Name = fork.GetOwner().GetLogin(), fork.GetName()
			return g.head.check()
		}
	}
	return nil
}

// readyFork makes the fork, where it is missing, and its base what the repository's
// is: what is pushed must only add to what is there.
func (g *GitHub) readyFork(ctx context.Context, base string) error {
	if g.head.Name == "" {
		// A fork that is there is not made again: GitHub returns it.
		fork, _, err := g.client.Repositories.CreateFork(ctx, g.o.Where.Owner, g.o.Where.Name, nil)
		if err != nil && !errors.As(err, new(*github.AcceptedError)) {
			return fmt.Errorf("making a fork of %s: %w", g.o.Where, refusal(plainError(err)))
		}
		g.head.Owner, g.head.Name = fork.GetOwner().GetLogin(), fork.GetName()
		if err := g.head.check(); err != nil {
			return err
		}
		for wait := time.Second; ; wait *= 2 {
			_, _, err := g.client.Git.GetRef(ctx, g.head.Owner, g.head.Name, "heads/"+base)
			if err == nil {
				break
			}
			// It answers 409 while the fork is empty.
			if s := status(plainError(err)); s != http.StatusNotFound && s != http.StatusConflict || wait > time.Minute {
				return fmt.Errorf("waiting for the fork %s: %w", g.head, plainError(err))
			}
			if err := g.clock.Sleep(ctx, wait); err != nil {
				return err
			}
		}
	}
	_, _, err := g.client.Repositories.MergeUpstream(ctx, g.head.Owner, g.head.Name, &github.RepoMergeUpstreamRequest{Branch: github.String(base)})
	if err := plainError(err); status(err) == http.StatusConflict || status(err) == http.StatusUnprocessableEntity {
		return &forge.UnableError{Reason: fmt.Sprintf("%s of the fork %s cannot be brought up to date: synchronize it", base, g.head)}
	} else if err != nil {
		return fmt.Errorf("bringing the fork %s up to date: %w", g.head, err)
	}
	return nil
}
