package lsp

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/worktree"
	"github.com/unleak-dev/unleak/transforms"
)

// root is a project with documents that are open.
type root struct {
	server *Server
	path   string
	base   *project.Project // as it is on the disk; it remembers which file asked for which

	// Under the server's lock.
	generation int  // counts what changed
	reload     bool // settings, or what is ignored, may have

	// What follows belongs to whoever has the turn: one analysis at a time, so that
	// one that is cancelled leaves nothing half known to another.
	turn     chan struct{}
	built    int // the generation that the rest is of
	setup    *Setup
	stamp    string // of the settings file
	said     string // the last complaint about the settings
	project  *project.Project
	detector *transforms.Detector
	results  map[string]*analysis // by URI
	ignored  map[string]bool      // by git
}

// analysis is what came of one document. Its methods may be called while the turn
// lasts.
type analysis struct {
	document        // as it was
	lines    *lines // of its text
	units    encoding
	root     *root
	looked   bool // it is a file that is looked at
	known    map[string]bool
	mended   *transforms.Mended // never nil
}

// with looks at a document and calls f with what came of it, f may ask for more. It
// does not call f, and gives no error, for documents that are not open or none of
// ours. The error is that of f, or of ctx.
func (s *Server) with(ctx context.Context, uri string, f func(*analysis) error) error {
	s.mu.Lock()
	d := s.documents[uri]
	if d == nil || d.root == nil || d.lost {
		s.mu.Unlock()
		return nil
	}
	r := d.root
	s.mu.Unlock()
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() {
		if ctx.Err() != nil {
			r.built = -1 // what was remembered on the way may be half
		}
		<-r.turn
	}()
	s.mu.Lock()
	d = s.documents[uri]
	if d == nil || d.root != r || d.lost {
		s.mu.Unlock()
		return nil
	}
	a := &analysis{document: *d, root: r, units: s.units}
	generation, reload := r.generation, r.reload
	r.reload = false
	contents := map[string][]byte{}
	for _, open := range s.documents {
		if open.root == r && !open.lost {
			contents[open.rel] = open.src
		}
	}
	s.mu.Unlock()
	if !r.prepare(generation, reload, contents) {
		return nil
	}
	if done := r.results[uri]; done != nil && done.version == a.version {
		return f(done)
	}
	a.lines = newLines(a.src, a.units)
	if err := a.look(ctx); err != nil {
		return err
	}
	r.results[uri] = a
	return f(a)
}

// prepare makes the project anew if anything has changed. It reports whether there
// are settings to go by.
func (r *root) prepare(generation int, reload bool, contents map[string][]byte) bool {
	stamp := stampOf(filepath.Join(r.path, settings.Name))
	if r.setup == nil || reload || stamp != r.stamp {
		setup, err := r.server.config.Setup(r.path)
		r.stamp, r.ignored, r.built = stamp, map[string]bool{}, -1
		said := ""
		if err != nil {
			if said = err.Error(); said != r.said {
				r.server.complain("%s", said)
			}
		} else {
			r.setup = setup
		}
		r.said = said
	}
	if r.setup == nil {
		return false
	}
	if r.built != generation {
		r.project = r.base.Again(contents)
		r.detector = r.setup.Detector(r.project)
		r.results, r.built = map[string]*analysis{}, generation
	}
	return true
}

func stampOf(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "none"
	}
	return fmt.Sprint(info.ModTime().UnixNano(), info.Size())
}

// look finds what the document owes.
func (a *analysis) look(ctx context.Context) error {
	a.mended = &transforms.Mended{Path: a.rel, Old: a.src}
	if !a.root.wants(ctx, a.rel, a.src) {
		return ctx.Err()
	}
	a.looked = true
	m, err := a.mend(ctx, a.src, nil)
	if err != nil {
		return err
	}
	if base := a.root.setup.Baseline; base != nil && len(m.Findings) > 0 {
		collect := report.Collector{Project: a.root.project, Baseline: true}
		collect.Add(m)
		a.known = collect.Document(&run.Result{Project: a.root.project}).Known(base, a.root.gone)
		m.Findings = slices.DeleteFunc(m.Findings, func(o *transforms.Obligation) bool { return a.known[o.Fingerprint()] })
	}
	a.mended = m
	return nil
}

func (r *root) gone(rel string) bool {
	_, err := os.Lstat(r.base.Abs(rel))
	return os.IsNotExist(err)
}

// mend takes a text through the stages in place of the document's.
func (a *analysis) mend(ctx context.Context, src []byte, accept func(*transforms.Fix) bool) (*transforms.Mended, error) {
	result, err := run.Run(ctx, a.root.detector, run.Options{Stdin: map[string][]byte{a.rel: src}, Accept: accept})
	if err != nil {
		return nil, err
	}
	for _, p := range result.Problems {
		a.root.server.log("%s", p)
	}
	for _, m := range result.Files {
		return m, nil
	}
	return &transforms.Mended{Path: a.rel, Old: src}, nil
}

// wants reports whether a scan of the project would look at a file.
func (r *root) wants(ctx context.Context, rel string, src []byte) bool {
	set := r.setup.Settings
	if set.Excluded(rel) || project.CheckText(src) != nil {
		return false
	}
	switch r.project.RoleOf(rel, src) {
	case project.Test:
		if !set.IncludeTests {
			return false
		}
	case project.Script:
		if !set.IncludeScripts {
			return false
		}
	}
	if r.base.GitTop() == "" {
		return true
	}
	ignored, ok := r.ignored[rel]
	if !ok {
		found, err := worktree.Ignored(ctx, r.path, []string{rel})
		if err != nil {
			return true // git is not installed, say
		}
		ignored = len(found) > 0
		r.ignored[rel] = ignored
	}
	return !ignored
}
