// Package watch tells which files of a folder change, and what that changes about
// what was found in them.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing may happen before what happened is told: an editor that
// saves does several things, a change of branches thousands. longest bounds it.
const (
	quiet   = 15 * time.Millisecond
	longest = 500 * time.Millisecond
)

// Tree watches a folder and all folders below it, those that come later, too.
type Tree struct {
	root string
	skip Skip
	w    *fsnotify.Watcher

	mu      sync.Mutex
	changed map[string]bool
	lost    bool
	err     error
	ready   chan struct{} // something of the above is to be told
}

// Skip says which of some folders, relative to the root, are not watched, nor what is
// below them. It is asked once for many.
type Skip func(ctx context.Context, dirs []string) map[string]bool

// Batch is what changed.
type Batch struct {
	Files []string // relative to the root, with slashes: changed, come or gone; sorted
	Lost  bool     // there was more, and what is not known
}

// Open begins to watch, and returns the files that are there. It fails where root
// cannot be read, or the system watches no more folders.
func Open(ctx context.Context, root string, skip Skip) (*Tree, []string, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, limit(err)
	}
	t := &Tree{root: root, skip: skip, w: w, changed: map[string]bool{}, ready: make(chan struct{}, 1)}
	files, err := t.add(ctx, []string{"."})
	if err != nil {
		w.Close()
		return nil, nil, err
	}
	go t.pump(ctx)
	return t, files, nil
}

// limit says what to do where the system's limit of watches is reached.
func limit(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return errors.New("the system watches no more folders: raise fs.inotify.max_user_watches (sudo sysctl fs.inotify.max_user_watches=524288), or exclude folders in .gitignore")
	case errors.Is(err, syscall.EMFILE):
		return errors.New("the system gives no more watches to this user: close other programs that watch, or raise fs.inotify.max_user_instances (sudo sysctl fs.inotify.max_user_instances=512)")
	}
	return err
}

// Close ends the watch.
func (t *Tree) Close() error { return t.w.Close() }

// Next waits for a change. It fails when ctx is cancelled, or nothing can be watched
// any more.
func (t *Tree) Next(ctx context.Context) (Batch, error) {
	for {
		select {
		case <-ctx.Done():
			return Batch{}, context.Cause(ctx)
		case <-t.ready:
		}
		t.mu.Lock()
		if t.err != nil {
			defer t.mu.Unlock()
			return Batch{}, t.err
		}
		b := Batch{Lost: t.lost}
		for f := range t.changed {
			b.Files = append(b.Files, f)
		}
		t.changed, t.lost = map[string]bool{}, false
		t.mu.Unlock()
		if len(b.Files) > 0 || b.Lost {
			slices.Sort(b.Files)
			return b, nil
		}
	}
}

// Waiting reports whether Next would return at once.
func (t *Tree) Waiting() <-chan struct{} { return t.ready }

// Again lets Next look whether there is something: whoever took from Waiting calls it.
func (t *Tree) Again() { t.tell() }

func (t *Tree) tell() {
	select {
	case t.ready <- struct{}{}:
	default:
	}
}

// pump collects what happens, and tells it once nothing more does.
func (t *Tree) pump(ctx context.Context) {
	paths, lost := map[string]bool{}, false
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	var began time.Time
	for {
		select {
		case e, ok := <-t.w.Events:
			if !ok {
				return
			}
			if e.Op&^fsnotify.Chmod == 0 {
				continue
			}
			rel, err := filepath.Rel(t.root, e.Name)
			if err != nil {
				continue
			}
			paths[filepath.ToSlash(rel)] = true
		case err, ok := <-t.w.Errors:
			if !ok {
				return
			}
			if !errors.Is(err, fsnotify.ErrEventOverflow) {
				t.end(limit(err))
				return
			}
			lost = true
		case <-timer.C:
			if err := t.settle(ctx, paths, lost); err != nil {
				t.end(err)
				return
			}
			paths, lost, began = map[string]bool{}, false, time.Time{}
			continue
		}
		if began.IsZero() {
			began = time.Now()
		}
		timer.Reset(max(0, min(quiet, longest-time.Since(began))))
	}
}

func (t *Tree) end(err error) {
	t.mu.Lock()
	t.err = err
	t.mu.Unlock()
	t.tell()
}

// settle adds folders that have come, with the files that are in them by now, and
// hands on the rest.
func (t *Tree) settle(ctx context.Context, paths map[string]bool, lost bool) error {
	if _, err := os.Stat(t.root); err != nil {
		return fmt.Errorf("%s: is gone", t.root)
	}
	var dirs []string
	for p := range paths {
		if info, err := os.Lstat(t.abs(p)); err == nil && info.IsDir() {
			dirs = append(dirs, p)
			delete(paths, p)
		}
	}
	if lost {
		dirs = []string{"."}
	}
	files, err := t.add(ctx, dirs)
	if err != nil {
		return err
	}
	t.mu.Lock()
	for p := range paths {
		t.changed[p] = true
	}
	for _, f := range files {
		t.changed[f] = true
	}
	t.lost = t.lost || lost
	t.mu.Unlock()
	t.tell()
	return nil
}

func (t *Tree) abs(rel string) string { return filepath.Join(t.root, filepath.FromSlash(rel)) }

// add watches folders and those below them, one level after the other, and returns
// the files in them. A folder that is gone meanwhile is none.
func (t *Tree) add(ctx context.Context, dirs []string) (files []string, err error) {
	for len(dirs) > 0 {
		skipped := t.skip(ctx, dirs)
		var next []string
		for _, dir := range dirs {
			if skipped[dir] {
				continue
			}
			// First the watch, then the list: what comes in between is in both.
			if err := t.w.Add(t.abs(dir)); err != nil {
				if _, gone := os.Lstat(t.abs(dir)); errors.Is(gone, fs.ErrNotExist) && dir != "." {
					continue
				}
				return nil, limit(err)
			}
			entries, err := os.ReadDir(t.abs(dir))
			if err != nil {
				continue // as a scan does, which tells it
			}
			for _, e := range entries {
				rel := path.Join(dir, e.Name())
				if e.IsDir() {
					next = append(next, rel)
				} else {
					files = append(files, rel)
				}
			}
		}
		dirs = next
	}
	return files, nil
}

// Below reports whether a path is in a folder, both relative to the same, or is it.
func Below(rel, dir string) bool { return rel == dir || strings.HasPrefix(rel, dir+"/") }
