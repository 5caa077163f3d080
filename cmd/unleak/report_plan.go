package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/analysis"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// proposed finds what branches mend, and what people refused.
func (c *cli) proposed(ctx context.Context, s *session, sel *selection, f *reportFlags, in *analysis.Input) error {
	top := s.project.GitTop()
	prefix, err := f.pulls.given.GetString("prefix")
	if err != nil {
		return err
	}
	branches, err := worktree.Branches(ctx, top, prefix)
	if err != nil {
		return err
	}
	in.States = map[string]analysis.State{}
	var pulls []forge.Standing
	if f.forge {
		if pulls, err = c.standings(ctx, &f.pulls); err != nil {
			return fmt.Errorf("--forge: %w", err)
		}
	}
	byItem := map[string]analysis.State{}
	for _, p := range slices.Backward(pulls) { // the newest is looked at last, and counts
		where := cmp.Or(p.URL, p.Branch)
		state := map[string]string{"open": "proposed", "draft": "proposed", "closed": "refused"}[p.State]
		for _, item := range p.Items {
			if state != "" {
				byItem[item] = analysis.State{State: state, Where: where}
			}
		}
	}
	mended, err := mendedBy(ctx, s, sel, branches, in.Document)
	if err != nil {
		return err
	}
	for i := range in.Document.Findings {
		fp := in.Document.Findings[i].Fingerprint
		if state, ok := byItem[forge.Item(fp)]; ok {
			in.States[fp] = state
		} else if branch := mended[fp]; branch != "" {
			in.States[fp] = analysis.State{State: "proposed", Where: branch}
		}
	}
	return nil
}

// standings asks GitHub, and nobody else.
func (c *cli) standings(ctx context.Context, f *prFlags) ([]forge.Standing, error) {
	place, err := propose.Find(c.rootHere(), f.override)
	if err != nil {
		return nil, err
	}
	t, err := c.target(place, f)
	if err != nil {
		return nil, err
	}
	defer c.closing(t.close)
	if t.lister == nil {
		return nil, errors.New("there is no GitHub to ask")
	}
	return t.standings(ctx)
}

// mendedBy looks at the files that branches change, as they are there: what is found
// in them here and not there is mended by the branch.
func mendedBy(ctx context.Context, s *session, sel *selection, branches []worktree.Branch, d *report.Document) (map[string]string, error) {
	out := map[string]string{}
	top := s.project.GitTop()
	below, err := filepath.Rel(top, s.project.Root)
	if err != nil {
		return nil, err
	}
	below = filepath.ToSlash(below)
	for _, b := range branches {
		changed, err := worktree.ChangedBy(ctx, top, b.Commit)
		if err != nil {
			return nil, err
		}
		then := map[string][]byte{}
		for _, name := range changed {
			rel := name
			if below != "." {
				var ok bool
				if rel, ok = strings.CutPrefix(name, below+"/"); !ok {
					continue
				}
			}
			text, err := worktree.Show(ctx, top, b.Commit, path.Clean(name))
			if err != nil {
				return nil, err
			}
			if !s.gone(rel) {
				then[rel] = text
			}
		}
		if len(then) == 0 {
			continue
		}
		after, err := fingerprints(ctx, s, sel, then)
		if err != nil {
			return nil, err
		}
		for i := range d.Findings {
			f := &d.Findings[i]
			if _, changed := then[f.Path]; changed && !after[f.Fingerprint] && out[f.Fingerprint] == "" {
				out[f.Fingerprint] = b.Name
			}
		}
	}
	return out, nil
}

// fingerprints are those of what is found in some files, if they had these contents.
func fingerprints(ctx context.Context, s *session, sel *selection, contents map[string][]byte) (map[string]bool, error) {
	other, err := newSession(s.project.With(contents), s.settings, s.kinds, nil, sel)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	opts := other.options
	opts.Stdin = contents
	opts.Each = func(m *transforms.Mended) {
		for _, o := range m.Findings {
			out[o.Fingerprint()] = true
		}
	}
	_, err = run.Run(ctx, other.detector, opts)
	return out, err
}
