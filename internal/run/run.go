// Package run takes a project through all the stages, files in parallel.
package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/wordset"
	"github.com/unleak-dev/unleak/transforms"
)

// Options say what to look at and which fixes to make.
type Options struct {
	Paths          []string // native paths; empty: the root
	Files          []string // instead of Paths: relative to the root; nil: use Paths
	Exclude        func(rel string) bool
	IncludeTests   bool
	IncludeScripts bool
	// Accept chooses the fixes whose result is wanted in Mended.New; nil: none.
	Accept func(*transforms.Fix) bool
	// Each takes what came of a file, and the file is forgotten: nothing is kept
	// in Result.Files. It is called by one goroutine at a time, in no order.
	Each func(*transforms.Mended)
	// Look is asked before a file is looked at, by one goroutine at a time; nil: yes. What
	// it is given holds something else afterwards.
	Look func(rel string, src []byte) bool
	// Only the candidates are found: none is parsed.
	Choose bool
	Seen   *Counters // updated while the run goes on; may be nil
	// Stdin holds contents to be looked at instead of files, by relative path.
	Stdin map[string][]byte
}

// Counters tell how far a run is. They may be read at any time.
type Counters struct {
	Files, Candidates, Parsed, Findings atomic.Int64
}

// Result is what a run found. Files and problems are in order of path.
type Result struct {
	Project  *project.Project
	Files    []*transforms.Mended // those with findings, fixes, bugs or useless comments
	Problems []error              // paths that could not be looked at
	Skipped  []error              // files left out on purpose
	Summary  Summary
}

// Summary counts a run.
type Summary struct {
	Files, Candidates, Parsed, WithErrors int
	Seconds                               float64
}

// Run looks at a project. The error is that of a cancelled ctx; what is wrong
// with single paths is in the result.
func Run(ctx context.Context, d *transforms.Detector, opts Options) (*Result, error) {
	began := time.Now()
	w := &worker{d: d, opts: opts, named: namedFiles(d.Project, opts.Paths), whole: isWhole(d.Project, opts), taken: map[string]bool{}, result: &Result{Project: d.Project}, seen: opts.Seen}
	if w.seen == nil {
		w.seen = &Counters{}
	}
	w.words.AddAll(project.NotedWords())
	w.words.AddAll(d.WantedWords())
	if w.opts.Accept == nil {
		w.opts.Accept = func(*transforms.Fix) bool { return false }
	}
	var beside sync.WaitGroup
	defer beside.Wait()
	if w.whole && !opts.Choose {
		beside.Go(func() {
			defer w.told("package.json")
			d.Project.Prepare()
		})
	}
	if err := w.stage(ctx, 256, w.discover, w.read); err != nil {
		return nil, err
	}
	if w.whole {
		d.Project.Noted()
	}
	for begun := 0; begun < len(w.candidates) && !opts.Choose; {
		next := newQueue(d.Project, w.candidates[begun:])
		begun = len(w.candidates)
		if err := w.stage(ctx, 0, next.send, w.mend); err != nil {
			return nil, err
		}
	}
	r := w.result
	slices.SortFunc(r.Files, func(a, b *transforms.Mended) int { return strings.Compare(a.Path, b.Path) })
	byText := func(a, b error) int { return strings.Compare(a.Error(), b.Error()) }
	slices.SortFunc(r.Problems, byText)
	slices.SortFunc(r.Skipped, byText)
	r.Summary.Files = int(w.seen.Files.Load())
	r.Summary.Candidates = int(w.seen.Candidates.Load())
	r.Summary.Parsed = int(w.seen.Parsed.Load())
	r.Summary.Seconds = time.Since(began).Seconds()
	return r, nil
}

type worker struct {
	d          *transforms.Detector
	opts       Options
	named      map[string]bool
	whole      bool // every file of the project is found, and what each mentions is noted
	seen       *Counters
	mu         sync.Mutex
	candidates []string
	taken      map[string]bool // the candidates, and what Look refused
	result     *Result
	texts      sync.Pool   // of *[]byte: memory for texts that are read and forgotten
	words      wordset.Set // what is asked of every text
}

// stage sends files to as many workers as there are processors, some ahead of them.
func (w *worker) stage(ctx context.Context, ahead int, from func(context.Context, chan<- string) error, work func(context.Context, string) error) error {
	group, ctx := errgroup.WithContext(ctx)
	files := make(chan string, ahead)
	group.Go(func() error {
		defer close(files)
		return from(ctx, files)
	})
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for rel := range files {
				if err := work(ctx, rel); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// isWhole reports whether the run finds every file of the project.
func isWhole(p *project.Project, opts Options) bool {
	if opts.Files != nil || opts.Stdin != nil {
		return false
	}
	return len(opts.Paths) == 0 || slices.ContainsFunc(opts.Paths, func(path string) bool {
		abs, err := filepath.Abs(path)
		return err == nil && abs == p.Root
	})
}

// callers adds the files to the candidates that import a function which hands its callers
// what it acquired: by themselves, they may name nothing that acquires.
func (w *worker) callers(ctx context.Context, obligations []*transforms.Obligation) {
	if !w.whole {
		return
	}
	for _, o := range obligations {
		decl, name := o.Given()
		if !decl.OK() {
			continue
		}
		var asked *syntax.File // the mentions of a file come one after the other
		for _, ref := range w.d.Project.MentionsOf(ctx, decl, name) {
			f := ref.File()
			if f != asked && w.admits(f.Path, w.d.Project.RoleOf(f.Path, f.Src())) {
				w.take(f.Path)
			}
			asked = f
		}
	}
}

// take adds a file to the candidates, once.
func (w *worker) take(rel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.taken[rel] {
		w.taken[rel] = true
		w.candidates = append(w.candidates, rel)
		w.seen.Candidates.Add(1)
	}
}

func (w *worker) discover(ctx context.Context, files chan<- string) error {
	send := func(rel string) {
		select {
		case files <- rel:
		case <-ctx.Done():
		}
	}
	if w.opts.Stdin != nil {
		for rel := range w.opts.Stdin {
			send(rel)
		}
		return nil
	}
	if w.opts.Files != nil {
		for _, rel := range w.opts.Files {
			if syntax.Supported(rel) {
				send(rel)
			}
		}
		return ctx.Err()
	}
	return w.d.Project.Discover(ctx, w.opts.Paths, send, w.problem)
}

// namedFiles are the paths that are files, relative to the root: somebody named
// them, so they are looked at whatever they are.
func namedFiles(p *project.Project, paths []string) map[string]bool {
	named := map[string]bool{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if abs, err := filepath.Abs(path); err == nil {
			if rel, err := p.Rel(abs); err == nil {
				named[rel] = true
			}
		}
	}
	return named
}

// admits reports whether a file of that role is to be looked at.
func (w *worker) admits(rel string, role project.Role) bool {
	if _, given := w.opts.Stdin[rel]; given {
		return true
	}
	if w.opts.Exclude != nil && w.opts.Exclude(rel) {
		return false
	}
	if w.named[rel] {
		return true
	}
	switch role {
	case project.Test:
		return w.opts.IncludeTests
	case project.Script:
		return w.opts.IncludeScripts
	}
	return true
}

func (w *worker) problem(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(err, project.ErrSkipped) {
		w.result.Skipped = append(w.result.Skipped, err)
	} else {
		w.result.Problems = append(w.result.Problems, err)
	}
}

// told tells of a panic: it is a bug of ours in one file, and the run goes on.
func (w *worker) told(rel string) {
	if r := recover(); r != nil {
		w.problem(&project.PathError{Path: rel, Err: fmt.Errorf("this is a bug of unleak, please report it with the file: %v", r)})
	}
}

// mend takes a candidate through the other stages. Its text is read again: all of them
// together may be more than the memory holds.
func (w *worker) mend(ctx context.Context, rel string) error {
	defer w.told(rel)
	src, err := w.text(rel, nil)
	if err != nil {
		w.problem(err)
		return nil
	}
	f, ok := w.d.Project.Loaded(rel, src)
	if !ok {
		if f, err = syntax.Parse(ctx, rel, src); err == nil {
			w.d.Project.Keep(f)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		w.problem(err)
		return nil
	}
	w.seen.Parsed.Add(1)
	if f.Errors() > 0 {
		w.problem(&project.PathError{Path: rel, Err: fmt.Errorf("%w: parts of it do not parse and were not looked at", project.ErrSkipped)})
	}
	m, err := w.d.Mend(ctx, f, w.opts.Accept)
	if err != nil {
		return err
	}
	w.callers(ctx, m.Obligations)
	w.seen.Findings.Add(int64(len(m.Findings)))
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.Errors() > 0 {
		w.result.Summary.WithErrors++
	}
	switch {
	case len(m.Findings) == 0 && len(m.Bugs) == 0 && len(m.Useless) == 0:
	case w.opts.Each != nil:
		w.opts.Each(m)
	default:
		w.result.Files = append(w.result.Files, m)
	}
	return nil
}
