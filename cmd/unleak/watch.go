package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/watch"
	"github.com/unleak-dev/unleak/internal/worktree"
)

// idle is how long nothing may change before all files are looked at again, because
// files have come or gone: imports may lead elsewhere.
const idle = 300 * time.Millisecond

// watcher is scan --watch.
type watcher struct {
	*cli
	paths   []string
	sel     *selection
	json    bool
	paint   report.Paint
	tree    *watch.Tree
	session *session
	base    *project.Project // remembers which file asked for which
	state   watch.State
	there   map[string]bool // files that are there
	looked  map[string]bool // files that were looked at
	wrong   string          // what was last said of settings that cannot be read
}

func (c *cli) watch(ctx context.Context, paths []string, sel *selection, json bool, paint report.Paint) error {
	if sel.staged || sel.changed != "" || sel.stdinPath != "" {
		return errors.New("--watch looks at the files as they change; leave --staged, --changed and --stdin-filepath out")
	}
	w := &watcher{cli: c, paths: paths, sel: sel, json: json, paint: paint}
	if err := w.load(ctx); err != nil {
		return err
	}
	tree, files, err := watch.Open(ctx, w.base.Root, w.skip)
	if err != nil {
		return fmt.Errorf("--watch: %w", err)
	}
	defer tree.Close()
	w.tree, w.there = tree, map[string]bool{}
	for _, f := range files {
		w.there[f] = true
	}
	if err = w.first(ctx); err == nil {
		err = w.loop(ctx)
	}
	if ctx.Err() != nil {
		return nil // Ctrl-C is how a watch ends
	}
	return err
}

// load reads the settings, and begins anew to remember who asks for what.
func (w *watcher) load(ctx context.Context) error {
	s, err := w.open(ctx, w.paths, w.sel)
	if err != nil {
		return err
	}
	w.session, w.base, w.looked = s, s.project, map[string]bool{}
	w.base.RememberAsked()
	return nil
}

// skip leaves out folders with installed packages and built files, and those that git
// ignores.
func (w *watcher) skip(ctx context.Context, dirs []string) map[string]bool {
	skipped := map[string]bool{}
	var rest []string
	for _, dir := range dirs {
		if dir != "." && !project.IsSource(dir+"/x.ts") {
			skipped[dir] = true
		} else if dir != "." {
			rest = append(rest, dir)
		}
	}
	if w.base.GitTop() == "" {
		return skipped
	}
	ignored, err := worktree.Ignored(ctx, w.base.Root, rest)
	if err != nil {
		return skipped // git may be gone; too much is watched then
	}
	for _, dir := range ignored {
		skipped[dir] = true
	}
	return skipped
}

// first looks at everything, and prints it as a scan does.
func (w *watcher) first(ctx context.Context) error {
	d, r, err := w.look(ctx, nil)
	if err != nil {
		return err
	}
	came, _ := w.state.Update(nil, d.Findings)
	if w.json {
		err = report.JSONLine(w.out, &report.Change{Version: report.Version, Came: came, Leaks: w.state.Leaks(), Seconds: r.Summary.Seconds})
	} else {
		err = report.Text(w.out, d, w.paint, w.shown(r))
	}
	w.warn("watching %s; Ctrl-C ends it", w.base.Root)
	return err
}

// look scans files, or all of them, as they are now.
func (w *watcher) look(ctx context.Context, files []string) (*report.Document, *run.Result, error) {
	s := *w.session
	s.project = w.base.Again(nil)
	s.detector = w.session.detectorOf(s.project)
	s.options.Files = files
	s.options.Look = func(rel string, _ []byte) bool {
		w.looked[rel] = true
		return true
	}
	base, err := s.readBaseline(w.sel)
	if err != nil {
		return nil, nil, err
	}
	d, r, err := w.scan(ctx, &s, w.sel, &report.Collector{Frames: !w.json, Paint: w.paint, Baseline: base != nil})
	if err == nil && base != nil {
		d.Without(d.Known(base, s.gone))
	}
	return d, r, err
}

// loop looks at what changes. What it may have changed besides, it looks at when
// nothing has changed for a moment: that takes longer.
func (w *watcher) loop(ctx context.Context) error {
	all := false
	for {
		if all {
			select {
			case <-w.tree.Waiting():
				w.tree.Again()
			case <-time.After(idle):
				ended, err := w.everything(ctx)
				if err != nil {
					return err
				}
				all = !ended
				continue
			case <-ctx.Done():
				return nil
			}
		}
		batch, err := w.tree.Next(ctx)
		if err != nil {
			return fmt.Errorf("--watch: %w", err)
		}
		more, err := w.changed(ctx, batch)
		if err != nil {
			return err
		}
		all = all || more
	}
}

// everything looks at all files again, and stops if one changes meanwhile. It reports
// whether it came to the end.
func (w *watcher) everything(ctx context.Context) (bool, error) {
	looking, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case <-w.tree.Waiting():
			w.tree.Again()
			stop()
		case <-looking.Done():
		}
	}()
	d, r, err := w.look(looking, nil)
	stopped := looking.Err() != nil
	stop()
	<-done
	if stopped && ctx.Err() == nil {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	came, went := w.state.Update(nil, d.Findings)
	if len(came)+len(went) == 0 {
		return true, nil
	}
	return true, w.tell(r, &report.Change{Came: came, Went: went})
}

// changed looks at files that changed and at those that have asked for them. It
// reports whether all have to be looked at: where files came or went, imports may lead
// elsewhere; settings and packages say what is looked at, and how.
func (w *watcher) changed(ctx context.Context, batch watch.Batch) (all bool, err error) {
	all = batch.Lost
	reload := false
	var sources, fresh []string
	for _, f := range batch.Files {
		here := exists(w.base.Abs(f))
		moved := here != w.there[f]
		if delete(w.there, f); here {
			w.there[f] = true
		}
		switch {
		case w.isSetting(f):
			reload = true
		case says(f):
			all = true
		case project.IsSource(f):
			all = all || moved
			sources = append(sources, f)
			if here && !w.looked[f] {
				fresh = append(fresh, f)
			}
		case !here: // a folder that is gone has no name that tells
			all = all || path.Ext(f) == "" || w.state.Has(f)
		}
	}
	if reload {
		old := *w
		if err := w.load(ctx); err != nil {
			*w = old
			if wrong := oneLine(err.Error()); wrong != w.wrong { // a file that is written may be heard of twice
				fmt.Fprintln(w.err, "unleak: "+wrong)
				w.wrong = wrong
			}
		} else {
			w.wrong = ""
		}
		return true, nil
	}
	if len(sources) == 0 {
		return all, nil
	}
	return all, w.again(ctx, sources, w.notIgnored(ctx, fresh))
}

// notIgnored leaves out what git ignores. Outside of a work tree it leaves out all: a
// scan of everything has to tell.
func (w *watcher) notIgnored(ctx context.Context, files []string) []string {
	if w.base.GitTop() == "" || len(files) == 0 {
		return nil
	}
	ignored, err := worktree.Ignored(ctx, w.base.Root, files)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(files, func(f string) bool { return slices.Contains(ignored, f) })
}

// again looks at files that changed, those among them that never were looked at, and
// at those whose analysis has looked at them.
func (w *watcher) again(ctx context.Context, sources, fresh []string) error {
	files, there := []string{}, []string{}
	for f := range w.base.Dependents(sources) {
		if !under(w.base.Abs(f), w.session.options.Paths) || !w.looked[f] && !slices.Contains(fresh, f) {
			continue
		}
		files = append(files, f)
		if exists(w.base.Abs(f)) {
			there = append(there, f)
		} else {
			delete(w.looked, f)
		}
	}
	if len(files) == 0 {
		return nil
	}
	slices.Sort(there)
	d, r, err := w.look(ctx, there)
	if err != nil {
		return err
	}
	came, went := w.state.Update(files, d.Findings)
	return w.tell(r, &report.Change{Files: sources, Came: came, Went: went})
}

func (w *watcher) tell(r *run.Result, c *report.Change) error {
	c.Version, c.Leaks, c.Seconds = report.Version, w.state.Leaks(), r.Summary.Seconds
	if w.json {
		return report.JSONLine(w.out, c)
	}
	return report.TextChange(w.out, c, w.paint, w.shown(r))
}

// isSetting reports whether a file is one of those that say what is reported: the
// settings, kinds of the project's own, the baseline.
func (w *watcher) isSetting(rel string) bool {
	set := w.session.settings
	for _, f := range append([]string{settings.Name, set.Baseline}, set.Kinds.Files...) {
		if f != "" && watch.Below(rel, path.Clean(f)) {
			return true
		}
	}
	return w.sel.baseline != "" && w.base.Abs(rel) == absolute(w.sel.baseline)
}

// says reports whether a file says how sources hang together, or which there are.
func says(rel string) bool {
	base := path.Base(rel)
	return base == ".gitignore" || base == "package.json" || base == "pnpm-workspace.yaml" ||
		strings.HasSuffix(base, ".json") && (strings.HasPrefix(base, "tsconfig") || strings.HasPrefix(base, "jsconfig")) ||
		syntax.Supported(base) && strings.Contains(base, ".d.")
}

func exists(file string) bool {
	_, err := os.Lstat(filepath.FromSlash(file))
	return err == nil
}
