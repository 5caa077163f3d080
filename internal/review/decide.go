package review

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Conflict says that somebody else changed a file after it was shown. Nothing was
// written; the item is shown anew, for the file as it is now.
type Conflict struct{ Path string }

func (e *Conflict) Error() string {
	return e.Path + ": somebody else changed it after it was shown; nothing was written, and this is what it holds now"
}

// decision can be undone: what it wrote, and what the items were before.
type decision struct {
	what    string
	at      *Item
	before  map[*Item]Item
	batches []written
}

type written struct {
	path  string
	batch *patch.Batch
}

// decide begins a decision that may change any item.
func (s *Session) decide(what string) decision {
	d := decision{what: what, at: s.cur, before: map[*Item]Item{}}
	for _, it := range s.items {
		d.before[it] = *it
	}
	return d
}

// Apply writes the change of the current item as it was shown. It fails with
// *Conflict if the file is not what it was then, and refuses an edit that is broken.
func (s *Session) Apply(ctx context.Context) error {
	it := s.cur
	if it.State == Applied || it.State == Ignored {
		return errors.New("this is decided; u takes the last decision back")
	}
	if it.Judgement.Broken != "" {
		return errors.New("the edit does not parse: " + it.Judgement.Broken)
	}
	return s.put(ctx, it, it.Change, Applied)
}

// put writes a change as the decision about an item, and goes on to the next.
func (s *Session) put(ctx context.Context, it *Item, c patch.Change, state State) error {
	d := s.decide(state.String() + " " + it.Path + ": " + it.Fix.Message)
	if err := s.write(ctx, &d, c); err != nil {
		return err
	}
	it.State, it.Change = state, c
	s.done = append(s.done, d)
	s.next()
	return nil
}

func (s *Session) write(ctx context.Context, d *decision, c patch.Change) error {
	var failed error
	batch, err := s.opts.Out.Write(ctx, []patch.Change{c}, func(_ patch.Change, err error) { failed = err })
	var moved *patch.Moved
	switch {
	case err != nil:
		return err
	case errors.As(failed, &moved):
		s.writes++ // whatever rests on the old text is looked at anew
		return &Conflict{c.Path}
	case failed != nil:
		return failed
	}
	s.writes++
	d.batches = append(d.batches, written{c.Path, batch})
	return nil
}

// Skip leaves the current item, SkipFile all that are open in its file, as they are.
func (s *Session) Skip() {
	d := s.decide("skipped " + s.cur.Path + ": " + s.cur.Fix.Message)
	if s.cur.State == Open {
		s.cur.State = Skipped
	}
	s.done = append(s.done, d)
	s.next()
}

// SkipFile skips what is open and visible in the file of the current item.
func (s *Session) SkipFile() {
	d := s.decide("skipped the rest of " + s.cur.Path)
	for _, it := range s.items {
		if it.Path == s.cur.Path && it.State == Open && s.filter.match(it) {
			it.State = Skipped
		}
	}
	s.done = append(s.done, d)
	s.next()
}

// Rest applies all that are open and visible in the file of the current item or, with all
// set, in every file; unsafe ones only with unsafe set. Of each file the fixes are
// made as fix makes them, in rounds, and written once. step is told before each file.
// It returns how many were applied, and what went wrong with single files.
func (s *Session) Rest(ctx context.Context, all, unsafe bool, step func(path string)) (applied int, failed []error, err error) {
	what := "applied the rest"
	var paths []string
	if !all {
		what += " of " + s.cur.Path
		paths = []string{s.cur.Path}
	}
	for _, it := range s.items {
		if all && it.State == Open && s.filter.match(it) && !slices.Contains(paths, it.Path) {
			paths = append(paths, it.Path)
		}
	}
	d := s.decide(what)
	defer func() {
		if len(d.batches) > 0 {
			s.done = append(s.done, d)
		}
		if s.cur != nil && s.cur.State != Open {
			s.next()
		}
	}()
	for _, path := range paths {
		if ctx.Err() != nil {
			return applied, failed, context.Cause(ctx)
		}
		step(path)
		n, err := s.restOf(ctx, &d, path, unsafe)
		applied += n
		switch {
		case ctx.Err() != nil:
			return applied, failed, context.Cause(ctx)
		case err != nil:
			failed = append(failed, err)
		}
	}
	return applied, failed, nil
}

func (s *Session) restOf(ctx context.Context, d *decision, path string, unsafe bool) (int, error) {
	det, f, err := s.read(ctx, path)
	if err != nil {
		return 0, err
	}
	if err := s.replan(ctx, det, f); err != nil {
		return 0, err
	}
	decided := map[string]bool{}
	for _, it := range s.items {
		if it.Path == path && it.State != Open && it.State != Gone {
			decided[it.Fix.ID()] = true
		}
	}
	accept := func(x *transforms.Fix) bool {
		safe := x.Applicability == transforms.Safe || unsafe && x.Applicability == transforms.Unsafe
		return safe && !decided[x.ID()] && s.opts.Fixes(x) && s.filter.match(&Item{Path: path, Fix: x})
	}
	m, err := det.Mend(ctx, f, accept)
	if err != nil || m.New == nil {
		return 0, err
	}
	c := patch.Change{Path: path, Old: f.Src(), New: m.New}
	if err := s.write(ctx, d, c); err != nil {
		return 0, err
	}
	last := 0
	for i, it := range s.items {
		if it.Path == path {
			last = i
		}
	}
	for _, x := range m.Fixes {
		at := slices.IndexFunc(s.items, func(it *Item) bool { return it.Path == path && it.State == Open && it.Fix.ID() == x.ID() })
		if at < 0 { // it came up in a later round
			last++
			at = last
			s.items = slices.Insert(s.items, at, &Item{Path: path})
		}
		it := s.items[at]
		it.Fix, it.State, it.Change, it.Edited = x, Applied, c, false
	}
	return len(m.Fixes), nil
}

// Propose replaces the new text of the current item by one that somebody wrote, and
// judges it. A text that is empty, or changes nothing, drops what was proposed; edited
// says whether there is one.
func (s *Session) Propose(ctx context.Context, text []byte) (edited bool, err error) {
	it := s.cur
	if len(text) == 0 || string(text) == string(it.Change.Old) {
		return false, s.DropEdit(ctx)
	}
	det, err := s.opts.Detector()
	if err != nil {
		return false, err
	}
	j, err := det.Judge(ctx, it.file, text, it.Fix.Plan.Obligations)
	if err != nil {
		return false, err
	}
	it.Change.New, it.Edited, it.Judgement = text, true, j
	return true, nil
}

// DropEdit goes back to the fix as it was made.
func (s *Session) DropEdit(ctx context.Context) error {
	s.cur.Edited, s.cur.file = false, nil
	_, _, err := s.Current(ctx)
	return err
}

// Ignore writes comments that silence what the current item would settle.
func (s *Session) Ignore(ctx context.Context, reason string) error {
	it := s.cur
	if it.State == Applied || it.State == Ignored {
		return errors.New("this is decided; u takes the last decision back")
	}
	det, err := s.opts.Detector()
	if err != nil {
		return err
	}
	src, err := det.Silence(ctx, it.file, it.Fix.Plan.Obligations, reason)
	if err != nil {
		return fmt.Errorf("%s: %w", it.Path, err)
	}
	return s.put(ctx, it, patch.Change{Path: it.Path, Old: it.Change.Old, New: src}, Ignored)
}

// Undo takes the last decision back: an edit that is not applied yet, or else what was
// decided before, with what that wrote. what tells which, "" if there is none. A file
// that changed since stays as it is, which the error says; then that decision stands.
func (s *Session) Undo(ctx context.Context) (what string, err error) {
	if s.cur != nil && s.cur.Edited && s.cur.State != Applied {
		return "the edit is dropped", s.DropEdit(ctx)
	}
	if len(s.done) == 0 {
		return "", nil
	}
	d := s.done[len(s.done)-1]
	s.done = s.done[:len(s.done)-1]
	stays := map[string]bool{}
	var failed error
	for _, w := range slices.Backward(d.batches) {
		err := s.opts.Out.TakeBack(ctx, w.batch)
		var moved *patch.Moved
		if errors.As(err, &moved) {
			err = fmt.Errorf("%s: somebody else changed it since; it stays as it is", w.path)
		}
		if err != nil {
			stays[w.path] = true
			failed = errors.Join(failed, err)
		}
	}
	s.writes++
	s.items = slices.DeleteFunc(s.items, func(it *Item) bool {
		was, known := d.before[it]
		if stays[it.Path] {
			return false
		}
		if known {
			*it = was
		}
		return !known && it.State == Applied // it came up while the rest was applied
	})
	s.cur = d.at
	return "undone: " + d.what, failed
}

// File is the current item's file as it was when it was shown.
func (it *Item) File() *syntax.File { return it.file }
