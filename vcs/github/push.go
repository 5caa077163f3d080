package github

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

func (h host) Ready(ctx context.Context, base string, commit vcs.Hash) (vcs.Hash, error) {
	if h.forked {
		if err := h.readyFork(ctx, base); err != nil {
			return "", err
		}
	}
	if h.o.Via == ViaAPI {
		return h.makeCommits(ctx, commit)
	}
	return commit, nil
}

func (h host) Push(ctx context.Context, u vcs.Update) error {
	if h.o.Via == ViaAPI {
		return h.setBranch(ctx, u)
	}
	for try := 0; ; try++ {
		err := h.push(ctx, u)
		if err == nil || pushFailed(err) || try+1 >= maxFailed || ctx.Err() != nil {
			return pushError(u.Branch, err)
		}
		// Whether it was done does not matter: a branch that is where it should be
		// is left alone.
		if err := h.clock.Sleep(ctx, backoff(time.Second, try)); err != nil {
			return err
		}
	}
}

// push is one session, with a token of its own.
func (g *GitHub) push(ctx context.Context, u vcs.Update) error {
	if g.o.Budget != nil {
		done, err := g.o.Budget.Take(ctx)
		if err != nil {
			return &finalError{err}
		}
		defer done()
	}
	if g.o.SSH != nil && !g.forked {
		return g.o.Repository.Push(ctx, *g.o.SSH, vcs.Credentials{SSHKey: g.o.SSHKey}, []vcs.Update{u})
	}
	token, err := g.tokens.Token(ctx)
	if err != nil {
		return &finalError{err}
	}
	g.redactor.add(token)
	return g.o.Repository.Push(ctx, vcs.Remote{URL: g.head.git()}, vcs.Credentials{Token: token}, []vcs.Update{u})
}

// pushFailed reports whether a push failed in a way that another try does not mend.
func pushFailed(err error) bool {
	return errors.Is(err, vcs.ErrLease) || errors.Is(err, vcs.ErrAuth) || errors.Is(err, vcs.ErrMissing) || errors.Is(err, vcs.ErrNotFound) ||
		errors.As(err, new(*vcs.RefusedError)) || errors.As(err, new(*finalError))
}

// pushError says what to do about a push that failed.
func pushError(branch string, err error) error {
	refused := (*vcs.RefusedError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return &forge.UnableError{Reason: explain(refused.Reason)}
	case errors.Is(err, vcs.ErrAuth):
		return fmt.Errorf("%w: the token must be valid and may need the right to write contents; a run with a good one completes what is left", err)
	}
	return err
}
