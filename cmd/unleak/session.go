package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/transforms"
)

// session is a project with its settings, ready to run.
type session struct {
	project  *project.Project
	settings *settings.Settings
	kinds    []*transforms.Kind // all, those that are off, too
	only     []string           // kinds that findings are wanted of; none: all
	detector *transforms.Detector
	options  run.Options
	staged   bool
	stdin    []byte // what standard input gave
	stress   bool   // leak tests of many instances, too
}

// open reads settings and kinds for the given paths and flags.
func (c *cli) open(ctx context.Context, paths []string, sel *selection) (*session, error) {
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil && sel.stdinPath == "" {
			var pe *os.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	rootPaths := paths
	if sel.stdinPath != "" {
		if len(paths) > 0 {
			return nil, errors.New("--stdin-filepath takes the place of paths; give one or the other")
		}
		if !syntax.Supported(sel.stdinPath) {
			return nil, fmt.Errorf("--stdin-filepath: %s is not the name of a TypeScript or JavaScript file", sel.stdinPath)
		}
		rootPaths = []string{filepath.Dir(sel.stdinPath)}
	}
	root := c.root
	if root == "" {
		root = project.RootFor(rootPaths)
	}
	p, err := project.Open(root)
	if err != nil {
		return nil, err
	}
	set, all, err := loadKinds(p.Root)
	if err != nil {
		return nil, err
	}
	s, err := newSession(p, set, all, paths, sel)
	if err != nil {
		return nil, err
	}
	return s, s.narrow(ctx, c, sel)
}

// newSession prepares a project with its settings and kinds.
func newSession(p *project.Project, set *settings.Settings, all []*transforms.Kind, paths []string, sel *selection) (*session, error) {
	kinds, err := chosenKinds(set, all, sel)
	if err != nil {
		return nil, err
	}
	for _, style := range sel.styles {
		if style != "using" {
			return nil, fmt.Errorf("--style: want using, got %q", style)
		}
	}
	d := transforms.NewDetector(p, kinds, (sel.offers || set.Offers) && !sel.noOffers)
	if len(sel.kinds) > 0 {
		d.Only(sel.kinds)
	}
	d.Style = transforms.Style{Tracking: set.Tracking, Private: set.Style.Private, Cache: set.Limits.Cache, Using: set.Style.Using || len(sel.styles) > 0}
	s := &session{project: p, settings: set, kinds: all, only: sel.kinds, detector: d, staged: sel.staged, stress: sel.stress}
	s.options = run.Options{
		Paths: paths, Exclude: set.Excluded,
		IncludeTests: sel.includeTests || set.IncludeTests, IncludeScripts: sel.includeScripts || set.IncludeScripts,
	}
	return s, nil
}

// narrow applies --changed, --staged and --stdin-filepath.
func (s *session) narrow(ctx context.Context, c *cli, sel *selection) error {
	switch {
	case sel.stdinPath != "":
		src, err := io.ReadAll(io.LimitReader(c.in, project.MaxFileSize+1))
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		if len(src) > project.MaxFileSize {
			return fmt.Errorf("standard input: more than %d MB", project.MaxFileSize>>20)
		}
		abs, err := filepath.Abs(sel.stdinPath)
		if err != nil {
			return err
		}
		rel, err := s.project.Rel(abs)
		if err != nil {
			return fmt.Errorf("%s: %w", sel.stdinPath, err)
		}
		s.options.Stdin = map[string][]byte{}
		if !s.settings.Excluded(rel) {
			s.options.Stdin[rel] = src
		}
		s.stdin = src
	case sel.changed != "" && sel.staged:
		return errors.New("--changed and --staged exclude each other")
	case sel.changed != "" || sel.staged:
		top := s.project.GitTop()
		if top == "" {
			return fmt.Errorf("%s: is in no git work tree, so nothing is known to have changed", s.project.Root)
		}
		var files []string
		var err error
		if sel.staged {
			files, err = worktree.Staged(ctx, top)
		} else {
			files, err = worktree.Changed(ctx, top, sel.changed)
		}
		if err != nil {
			return err
		}
		s.options.Files = []string{}
		for _, f := range files {
			abs := filepath.Join(top, filepath.FromSlash(f))
			if rel, err := s.project.Rel(abs); err == nil && project.IsSource(rel) && under(abs, s.options.Paths) {
				s.options.Files = append(s.options.Files, rel)
			}
		}
		if sel.staged && sel.index {
			return s.asStaged(ctx, top)
		}
	}
	return nil
}

// asStaged looks at the files as a commit would have them now. Files that git does not
// know stay: whether they are going to be part of it nobody can tell.
func (s *session) asStaged(ctx context.Context, top string) error {
	staged, err := worktree.StagedContents(ctx, top, syntax.Supported)
	if err != nil || len(staged) == 0 {
		return err
	}
	contents := map[string][]byte{}
	for f, src := range staged {
		if rel, err := s.project.Rel(filepath.Join(top, filepath.FromSlash(f))); err == nil {
			contents[rel] = src
		}
	}
	s.project = s.project.With(contents)
	s.detector = s.detectorOf(s.project)
	return nil
}

// detectorOf prepares the same kinds, in the same way, for another project.
func (s *session) detectorOf(p *project.Project) *transforms.Detector {
	d := transforms.NewDetector(p, s.detector.Kinds, s.detector.Offers)
	if len(s.only) > 0 {
		d.Only(s.only)
	}
	d.Style = s.detector.Style
	return d
}
