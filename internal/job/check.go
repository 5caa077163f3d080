package job

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/vcs"
)

// Check is a job that looks at what one commit adds to another one, and writes
// nothing.
type Check struct {
	Base vcs.Hash        `json:"base"`
	Head vcs.Hash        `json:"head"`
	Less map[string]bool `json:"less,omitempty"` // kinds that are left out
}

// Added is what came of a Check.
type Added struct {
	Count       int                  `json:"count"`
	Left        int                  `json:"left,omitempty"` // findings of kinds that were left out
	Comment     string               `json:"comment,omitempty"`
	Suggestions []propose.Suggestion `json:"suggestions,omitempty"`
}

// check compares the commits.
func (w *work) check(ctx context.Context) error {
	c := w.spec.Check
	started := time.Now()
	err := w.reach(ctx)
	if err != nil {
		return err
	}
	w.repo, err = vcs.Fetched(ctx, filepath.Join(w.folder, "check.git"), w.remote, w.cred, []vcs.Hash{c.Base, c.Head}, w.limits.Bytes)
	w.out.Figures.Clone = time.Since(started)
	if errors.Is(err, vcs.ErrNotFound) || errors.Is(err, vcs.ErrAuth) {
		return &skipError{oneLine(err.Error())}
	}
	if err != nil {
		return err
	}
	w.out.Commit = c.Head
	started = time.Now()
	base, baseLook, err := w.at(ctx, c.Base)
	if err != nil {
		return err
	}
	head, headLook, err := w.at(ctx, c.Head)
	if err != nil {
		return err
	}
	added, err := propose.FindAdded(ctx, base, head, baseLook, headLook)
	if err != nil {
		return err
	}
	for _, e := range added.Problems {
		w.out.Notes = append(w.out.Notes, oneLine(e.Error()))
	}
	left := added.Leave(c.Less)
	w.out.Added = &Added{Count: len(added.Findings), Left: left, Comment: added.Comment(), Suggestions: added.Suggestions()}
	w.out.Figures.Scan, w.out.Figures.Findings = time.Since(started), len(added.Findings)
	return nil
}

// at reads one commit.
func (w *work) at(ctx context.Context, commit vcs.Hash) (*propose.Base, *propose.Look, error) {
	place := &propose.Place{Repository: w.repo, Commit: commit}
	if err := w.count(place); err != nil {
		return nil, nil, err
	}
	base, err := propose.Read(ctx, place)
	if err != nil {
		return nil, nil, err
	}
	look, err := base.Look(ctx)
	if err != nil {
		return nil, nil, &skipError{oneLine(err.Error())} // settings or kinds that cannot be read
	}
	return base, look, nil
}
