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
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Journal keeps what undoing runs needs. Each run that writes has a folder in it,
// with a batch for each time that it wrote: what the files held before, and by what
// sum to know what they were given. A batch gets its name when it is whole and on
// the disk, and before the first of its files is touched, so that a run which is
// killed at any moment can be undone.
//
// Several programs may use one journal at once: they write one after the other, and
// none takes away the run of another one that still goes on.
type Journal struct {
	Dir  string // where it is kept; it is made when a run writes
	Base string // the folder that its paths are relative to

	step func(string) // told before each thing that a killed program would leave done; may be nil
}

func (j Journal) steps() func(string) {
	if j.step == nil {
		return func(string) {}
	}
	return j.step
}

// keptRuns is how many runs are kept; the oldest go.
const keptRuns = 10

// The files of a journal. A run that ended leaves no temporary files.
const (
	lockName  = "lock"
	endedName = "ended"
	batchEnd  = ".batch"
	goneEnd   = ".gone"
	runTime   = "20060102T150405.000000000Z"
)

// Run is one run that writes. It is for one goroutine.
type Run struct {
	journal Journal
	root    string
	prefix  string // of root below the journal's base, with a slash; or ""
	dir     string // "" until something is written
	alive   *flock.Flock
	batches int
}

// NewRun begins a run that changes files below root, which lies in the journal's
// base. Nothing is made until it writes. Close ends it.
func (j Journal) NewRun(root string) (*Run, error) {
	rel, err := filepath.Rel(j.Base, root)
	if err != nil || !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("%s: leads outside of %s; nothing was written", root, j.Base)
	}
	r := &Run{journal: j, root: root}
	if rel != "." {
		r.prefix = filepath.ToSlash(rel) + "/"
	}
	return r, nil
}

// Batch is what Write wrote at one time, to be taken back.
type Batch struct{ name string }

// Write keeps what the changes replace and then puts them in place as Change.Write
// does, one after the other; told hears of each what came of it. The error says that
// nothing could be kept, and nothing was written. What was not written, as somebody
// changed the file, is not kept either; where nothing was, the batch is nil.
func (r *Run) Write(ctx context.Context, changes []Change, told func(Change, error)) (*Batch, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	unlock, err := r.journal.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := r.begin(); err != nil {
		return nil, cannotKeep(err)
	}
	records := make([]record, len(changes))
	for i, c := range changes {
		records[i] = r.record(c)
	}
	r.batches++
	b := &Batch{filepath.Join(r.dir, fmt.Sprintf("%06d%s", r.batches, batchEnd))}
	if err := writeBatch(b.name, records, changes, r.journal.steps()); err != nil {
		return nil, cannotKeep(err)
	}
	var kept []record
	var done []Change
	for i, c := range changes {
		err := c.write(r.root, path.Base(records[i].Temp), r.journal.steps())
		if err == nil {
			kept, done = append(kept, records[i]), append(done, c)
		}
		told(c, err)
	}
	switch {
	case len(done) == len(changes):
	case len(done) == 0:
		_ = os.Remove(b.name)
		return nil, nil
	default:
		// Should that fail, the batch tells of files that it has no news of.
		_ = writeBatch(b.name, kept, done, r.journal.steps())
	}
	return b, nil
}

// TakeBack restores what a batch of this run replaced, and forgets the batch. A
// file that changed since is left as it is: the error is *Moved, the batch stays,
// and the others are restored.
func (r *Run) TakeBack(ctx context.Context, b *Batch) error {
	unlock, err := r.journal.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	steps, err := readBatch(b.name)
	if err != nil {
		return err
	}
	var failed error
	for _, s := range steps {
		if _, err := r.journal.back(s.Path, []kept{s}); err != nil && failed == nil {
			failed = err
		}
	}
	r.journal.removeFolders(steps)
	if failed != nil {
		return failed
	}
	return os.Remove(b.name)
}

// Close ends the run. One that wrote nothing leaves nothing.
func (r *Run) Close() error {
	if r.dir == "" {
		return nil
	}
	defer r.alive.Unlock()
	if names, err := batchesOf(r.dir); err == nil && len(names) == 0 {
		return os.RemoveAll(r.dir)
	}
	return os.WriteFile(filepath.Join(r.dir, endedName), nil, 0o600)
}

// begin makes the folder of the run, cleans up after runs that were killed, and
// takes the oldest away. The journal is locked.
func (r *Run) begin() error {
	if r.dir != "" {
		return nil
	}
	names, err := r.journal.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := r.journal.sweep(name); err != nil {
			return err
		}
	}
	r.journal.prune(names)
	now := time.Now().UTC()
	if len(names) > 0 { // the clock may have been set back
		if last := timeOf(names[len(names)-1]); !now.After(last) {
			now = last.Add(time.Nanosecond)
		}
	}
	dir := filepath.Join(r.journal.Dir, now.Format(runTime))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	alive := flock.New(filepath.Join(dir, lockName))
	if ok, err := alive.TryLock(); err != nil || !ok {
		return errors.Join(errors.New("somebody else has the new folder"), err)
	}
	r.dir, r.alive = dir, alive
	for _, made := range []string{r.journal.Dir, filepath.Dir(r.journal.Dir), filepath.Dir(filepath.Dir(r.journal.Dir))} {
		_ = syncDir(made)
	}
	return nil
}

// record is what the journal has to know of a change, without what was there.
func (r *Run) record(c Change) record {
	rec := record{Path: r.prefix + path.Clean(c.Path), Created: c.Creates(), Size: len(c.Old), Old: sum(c.Old), New: sum(c.New)}
	dir := path.Dir(rec.Path)
	if c.Creates() {
		rec.Old = absent
		for d := dir; d != "." && d != "/"; d = path.Dir(d) {
			if _, err := os.Lstat(filepath.Join(r.journal.Base, filepath.FromSlash(d))); errors.Is(err, fs.ErrNotExist) {
				rec.Folders = append(rec.Folders, d)
			}
		}
	} else if real, err := c.target(r.root); err == nil {
		// Through a link the temporary file stands beside what is linked to.
		if base, err := filepath.EvalSymlinks(r.journal.Base); err == nil {
			if rel, err := filepath.Rel(base, filepath.Dir(real)); err == nil {
				dir = filepath.ToSlash(rel)
			}
		}
	}
	rec.Temp = path.Join(dir, tempName())
	return rec
}

// lock makes the journal this program's until unlock.
func (j Journal) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return nil, cannotKeep(err)
	}
	l := flock.New(filepath.Join(j.Dir, lockName))
	if _, err := l.TryLockContext(ctx, 10*time.Millisecond); err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, cannotKeep(err)
	}
	return func() { _ = l.Unlock() }, nil
}

func cannotKeep(err error) error {
	return fmt.Errorf("cannot keep what undoing needs, so nothing was written: %w", err)
}

// names lists the runs, the oldest first.
func (j Journal) names() ([]string, error) {
	entries, err := os.ReadDir(j.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !timeOf(e.Name()).IsZero() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// timeOf is when the run of a name began; zero if it is the name of none.
func timeOf(name string) time.Time {
	t, err := time.Parse(runTime, name)
	if err != nil {
		return time.Time{}
	}
	return t
}

// live reports whether a run still goes on.
func (j Journal) live(name string) bool {
	l := flock.New(filepath.Join(j.Dir, name, lockName))
	ok, err := l.TryLock()
	if err != nil || !ok {
		return err == nil
	}
	_ = l.Unlock()
	return false
}

// sweep removes the temporary files that a run left which was killed. The journal
// is locked.
func (j Journal) sweep(name string) error {
	ended := filepath.Join(j.Dir, name, endedName)
	if _, err := os.Lstat(ended); err == nil || j.live(name) {
		return nil
	}
	j.removeTemps(name)
	return os.WriteFile(ended, nil, 0o600)
}

func (j Journal) removeTemps(name string) {
	batches, err := batchesOf(filepath.Join(j.Dir, name))
	if err != nil {
		return
	}
	for _, b := range batches {
		head, err := readHead(b)
		if err != nil {
			continue // undo tells
		}
		for _, rec := range head {
			j.removeTemp(rec.Temp)
		}
	}
}

// removeTemp removes a temporary file, if it is there and is one.
func (j Journal) removeTemp(rel string) {
	name := path.Base(rel)
	if !strings.HasPrefix(name, ".unleak-") || !strings.HasSuffix(name, ".tmp") {
		return
	}
	dir, err := (Change{Path: path.Dir(rel)}).target(j.Base)
	if err != nil {
		return
	}
	file := filepath.Join(dir, name)
	if info, err := os.Lstat(file); err == nil && info.Mode().IsRegular() {
		_ = os.Remove(file)
	}
}

// prune removes the oldest of the given runs, so that with a new one there are as
// many as are kept, and what an earlier prune left. Those that still go on stay. The
// journal is locked.
func (j Journal) prune(names []string) {
	for i, name := range names {
		if i > len(names)-keptRuns && !j.empty(name) || j.live(name) {
			continue
		}
		j.forget(name)
	}
	if left, err := filepath.Glob(filepath.Join(j.Dir, "*"+goneEnd)); err == nil {
		for _, dir := range left {
			_ = os.RemoveAll(dir)
		}
	}
}

// empty: it was killed before it kept anything, and so before it wrote anything.
func (j Journal) empty(name string) bool {
	batches, err := batchesOf(filepath.Join(j.Dir, name))
	return err == nil && len(batches) == 0
}

// forget takes a run away: at once, under another name, so that half of one is
// never taken for a whole.
func (j Journal) forget(name string) {
	gone := filepath.Join(j.Dir, name+goneEnd)
	if os.Rename(filepath.Join(j.Dir, name), gone) == nil {
		_ = os.RemoveAll(gone)
	}
}
