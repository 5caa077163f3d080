package patch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// Past is a run that can be undone.
type Past struct {
	Name  string
	Time  time.Time // when it first wrote
	Paths []string  // in order, relative to the journal's base
	Live  bool      // it still goes on
}

// Restored is what Undo did with a file.
type Restored int

// What can come of a file.
const (
	AsItWas Restored = iota // it holds already what it did before the run
	Back                    // it holds it again
	Removed                 // the run had made it
)

// ErrNoRun says that there is no run to undo.
var ErrNoRun = errors.New("there is no run to undo")

// Runs lists the runs that wrote, the oldest first.
func (j Journal) Runs() ([]Past, error) {
	names, err := j.names()
	if err != nil {
		return nil, err
	}
	var out []Past
	for _, name := range names {
		batches, err := batchesOf(filepath.Join(j.Dir, name))
		if err != nil {
			return nil, err
		}
		p := Past{Name: name, Time: timeOf(name), Live: j.live(name)}
		for _, b := range batches {
			head, err := readHead(b)
			if err != nil {
				continue // undo tells
			}
			for _, rec := range head {
				p.Paths = append(p.Paths, rec.Path)
			}
		}
		slices.Sort(p.Paths)
		p.Paths = slices.Compact(p.Paths)
		if len(batches) > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// Undo restores what a run replaced, and removes what it made; an empty name means
// the last run. Each file is restored as Change.Write does it. told hears of each
// what came of it, in order of path: an error says why a file was left, which is
// *Moved if it holds neither what the run gave it nor what it held before. If none
// was left, the run is forgotten; else it stays, and can be undone again.
//
// It fails with ErrNoRun where there is none, and leaves a run alone that still goes on.
func (j Journal) Undo(ctx context.Context, name string, told func(path string, what Restored, err error)) error {
	if _, err := os.Stat(j.Dir); errors.Is(err, fs.ErrNotExist) {
		return ErrNoRun
	}
	unlock, err := j.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	runs, err := j.Runs()
	if err != nil {
		return err
	}
	at := len(runs) - 1
	if name != "" {
		at = slices.IndexFunc(runs, func(p Past) bool { return p.Name == name })
	}
	if at < 0 {
		return ErrNoRun
	}
	if runs[at].Live {
		return fmt.Errorf("the run %s still goes on; end it first", runs[at].Name)
	}
	return j.undo(runs[at].Name, told)
}

func (j Journal) undo(name string, told func(string, Restored, error)) error {
	// Until it has ended, this leaves temporary files as the run itself would.
	ended := filepath.Join(j.Dir, name, endedName)
	if err := os.Remove(ended); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	j.removeTemps(name)
	batches, err := batchesOf(filepath.Join(j.Dir, name))
	if err != nil {
		return err
	}
	var all []kept
	history := map[string][]kept{}
	var paths []string
	var broken error
	for _, b := range batches {
		steps, err := readBatch(b)
		if err != nil {
			broken = errors.Join(broken, err)
			continue
		}
		all = append(all, steps...)
		for _, s := range steps {
			if history[s.Path] == nil {
				paths = append(paths, s.Path)
			}
			history[s.Path] = append(history[s.Path], s)
		}
	}
	slices.Sort(paths)
	complete := broken == nil
	for _, p := range paths {
		what, err := j.back(p, history[p])
		if err != nil {
			complete = false
		}
		told(p, what, err)
	}
	j.removeFolders(all)
	if complete {
		j.forget(name)
		return nil
	}
	return errors.Join(broken, os.WriteFile(ended, nil, 0o600))
}

// back takes a file back through what a run did to it, the last first, as far as
// one step follows on another. Steps that were never done are passed over: the run
// was killed, or somebody took them back.
func (j Journal) back(rel string, steps []kept) (Restored, error) {
	now, content, err := j.now(rel)
	if err != nil {
		return 0, err
	}
	at := len(steps) - 1
	for at >= 0 && steps[at].New != now && steps[at].Old != now {
		at--
	}
	if at < 0 {
		return 0, &Moved{rel}
	}
	old := now
	to := -1
	for ; at >= 0 && (steps[at].New == old || steps[at].Old == old); at-- {
		if steps[at].New == old {
			old, to = steps[at].Old, at
		}
	}
	what := AsItWas
	if to >= 0 {
		if what, err = j.put(rel, steps[to], content); err != nil {
			return 0, err
		}
	}
	if at >= 0 { // what it held before this step is nothing that an earlier one wrote
		return what, &Between{rel}
	}
	return what, nil
}

// removeFolders removes those that were made for files, as far as nobody put
// anything else into them.
func (j Journal) removeFolders(steps []kept) {
	var all []string
	for _, s := range steps {
		all = append(all, s.Folders...)
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) }) // the inner ones first
	for _, dir := range all {
		_ = os.Remove(filepath.Join(j.Base, filepath.FromSlash(dir)))
	}
}

// Between says that somebody changed a file while the run went on: it is taken
// back to what that made of it, and no further.
type Between struct{ Path string }

func (e *Between) Error() string {
	return e.Path + ": somebody changed it during the run, so only what came after that was undone"
}

// put restores what a file held before a step.
func (j Journal) put(rel string, to kept, now []byte) (Restored, error) {
	if to.Created {
		dir, err := (Change{Path: path.Dir(rel)}).target(j.Base)
		if err != nil {
			return 0, err
		}
		j.steps()("remove")
		if err := os.Remove(filepath.Join(dir, path.Base(rel))); err != nil {
			return 0, fmt.Errorf("%s: %w", rel, cause(err))
		}
		return Removed, nil
	}
	return Back, Change{Path: rel, Old: now, New: to.content}.write(j.Base, path.Base(to.Temp), j.steps())
}

// now is the sum of what a file holds, and what that is.
func (j Journal) now(rel string) (string, []byte, error) {
	if _, err := os.Lstat(filepath.Join(j.Base, filepath.FromSlash(rel))); errors.Is(err, fs.ErrNotExist) {
		return absent, nil, nil
	}
	target, err := (Change{Path: rel}).target(j.Base)
	if err != nil {
		return "", nil, err
	}
	content, err := os.ReadFile(target)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", rel, cause(err))
	}
	if content == nil {
		content = []byte{}
	}
	return sum(content), content, nil
}
