// Package review goes through fixes one by one: which there are, what each would do to
// its file as it is now, and what is decided about it. It knows no terminal.
//
// Of several fixes in one file each is planned anew once another one was written, as
// they may want the same places, and one may settle what another was for.
package review

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// Options say what a session is about.
type Options struct {
	// Detector is asked for whenever files may have changed: it is to see the project
	// as it is then.
	Detector func() (*transforms.Detector, error)
	// Fixes says which fixes are wanted, Findings which findings; nil: all.
	Fixes    func(*transforms.Fix) bool
	Findings func(*transforms.Mended, *transforms.Obligation) bool
	Out      *patch.Run // writes, and takes back
	// Keep saves an edit of a text that is no more, and says where; nil: it is dropped.
	Keep func(path string, text []byte) string
}

// State is what was decided about an item.
type State int

// The states. What is Gone needs no decision any more: another fix settled it, or
// somebody else did. What Failed did not pass its proof, which is a bug of unleak.
const (
	Open State = iota
	Applied
	Skipped
	Ignored
	Gone
	Failed
)

func (s State) String() string {
	return [...]string{"open", "applied", "skipped", "ignored", "gone", "failed"}[s]
}

// Item is one fix that is to be decided about.
type Item struct {
	Path  string
	Fix   *transforms.Fix // planned in Change.Old, once it is current
	State State
	// Change is what it does to its file; of what was applied, what it did.
	Change patch.Change
	// Edited: somebody wrote the new text, and Judgement says what of it.
	Edited    bool
	Judgement transforms.Judgement

	file *syntax.File // Change.Old, parsed
}

// Session goes through the fixes of a run. It is for one goroutine at a time.
type Session struct {
	opts    Options
	items   []*Item
	cur     *Item
	filter  filter
	done    []decision
	refused map[string][]*transforms.Obligation // by path: found and not mended
	shown   map[string]int                      // by path: how many have a fix that is only shown
	writes  int                                 // grows when a file changes
	looked  map[string]look                     // by path: when it was looked at last
}

// look is when a file was looked at, and what it held.
type look struct {
	writes int
	src    []byte
}

// New begins with what a run found, in which nothing was accepted.
func New(opts Options, files []*transforms.Mended) *Session {
	if opts.Fixes == nil {
		opts.Fixes = func(*transforms.Fix) bool { return true }
	}
	if opts.Findings == nil {
		opts.Findings = func(*transforms.Mended, *transforms.Obligation) bool { return true }
	}
	s := &Session{opts: opts, refused: map[string][]*transforms.Obligation{}, shown: map[string]int{}, looked: map[string]look{}}
	for _, m := range files {
		for _, f := range s.take(m) {
			s.items = append(s.items, &Item{Path: m.Path, Fix: f, Change: patch.Change{Path: m.Path}})
		}
	}
	if len(s.items) > 0 {
		s.cur = s.items[0]
	}
	return s
}

// take returns the fixes of a file that can be offered, in order, and remembers what
// was found there and cannot be mended.
func (s *Session) take(m *transforms.Mended) []*transforms.Fix {
	var fixes []*transforms.Fix
	delete(s.refused, m.Path)
	delete(s.shown, m.Path)
	for _, o := range m.Findings {
		f := m.ByFinding[o.Fingerprint()]
		switch {
		case f == nil:
			if s.opts.Findings(m, o) {
				s.refused[m.Path] = append(s.refused[m.Path], o)
			}
		case !s.opts.Fixes(f):
		case f.Applicability == transforms.Display:
			s.shown[m.Path]++
		case !slices.Contains(fixes, f):
			fixes = append(fixes, f)
		}
	}
	return fixes
}

// Items lists all, in order of path and place.
func (s *Session) Items() []*Item { return s.items }

// Visible lists those that the filter lets through, and that need or had a decision.
func (s *Session) Visible() []*Item {
	return slices.DeleteFunc(slices.Clone(s.items), func(it *Item) bool { return it.State == Gone || !s.filter.match(it) })
}

// Progress is the place of the current item among the visible ones, counted from 1,
// how many those are, and how many fixes were applied in all. The place is 0 if there
// is no current item.
func (s *Session) Progress() (at, of, applied int) {
	visible := s.Visible()
	return slices.Index(visible, s.cur) + 1, len(visible), s.Count(Applied)
}

// Count counts the items in a state.
func (s *Session) Count(state State) int {
	n := 0
	for _, it := range s.items {
		if it.State == state {
			n++
		}
	}
	return n
}

// Remaining counts the visible items that are open, in one file or, with an empty
// path, in all.
func (s *Session) Remaining(path string) (safe, unsafe int) {
	for _, it := range s.items {
		if it.State != Open || !s.filter.match(it) || path != "" && it.Path != path {
			continue
		}
		if it.Fix.Applicability == transforms.Safe {
			safe++
		} else {
			unsafe++
		}
	}
	return safe, unsafe
}

// Path is the file of the current item.
func (s *Session) Path() string { return s.cur.Path }

// Goto makes an item the current one, whatever was decided about it: one that was
// skipped may be applied after all.
func (s *Session) Goto(it *Item) { s.cur = it }

// Current is the item to be decided about, with the change that it makes to its file
// as it is now: the one that Goto went to, or the next open one. It is nil when all
// are decided. said tells what became of items that are passed over.
func (s *Session) Current(ctx context.Context) (it *Item, said []string, err error) {
	for range 10 * (len(s.items) + 10) { // files may change again and again
		if s.cur != nil && (s.cur.State == Gone || s.cur.State == Failed) || s.cur == nil || !s.filter.match(s.cur) {
			s.next()
		}
		it := s.cur
		if it == nil {
			return nil, said, nil
		}
		if it.State == Applied || it.State == Ignored {
			return it, said, nil
		}
		more, err := s.prepare(ctx, it)
		said = append(said, more...)
		if err != nil {
			return nil, said, err
		}
		if it.State == Open || it.State == Skipped {
			return it, said, nil
		}
	}
	return nil, said, fmt.Errorf("%s: changes all the time", s.cur.Path)
}

// next makes the next open item the current one, from the top again after the last.
func (s *Session) next() {
	at := slices.Index(s.items, s.cur)
	for i := range s.items {
		it := s.items[(at+1+i)%len(s.items)]
		if it.State == Open && s.filter.match(it) {
			s.cur = it
			return
		}
	}
	s.cur = nil
}

// prepare makes the change of an item to its file as it is now. Where the file is not
// what it was, its items are planned anew. A file that cannot be read any more has no
// items.
func (s *Session) prepare(ctx context.Context, it *Item) (said []string, err error) {
	d, f, err := s.read(ctx, it.Path)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		for _, other := range s.items {
			if other.Path == it.Path && other.State == Open {
				other.State = Gone
			}
		}
		return append(s.lose(it), fmt.Sprintf("%v; its fixes are left out", err)), nil
	}
	same := it.file != nil && bytes.Equal(it.file.Src(), f.Src())
	if last, known := s.looked[it.Path]; !known || last.writes != s.writes || !bytes.Equal(last.src, f.Src()) {
		if err := s.replan(ctx, d, f); err != nil {
			return nil, err
		}
	} else if same {
		return nil, nil
	}
	if same && it.Edited && it.State != Gone {
		return nil, nil
	}
	said = s.lose(it)
	if it.State == Gone {
		return said, nil
	}
	fix, after, bug, err := d.One(ctx, f, it.Fix.ID())
	switch {
	case err != nil:
		return said, err
	case bug != nil:
		it.State = Failed
		return append(said, bug.Error()), nil
	case fix == nil:
		it.State = Gone
		return said, nil
	}
	it.Fix, it.file, it.Edited, it.Judgement = fix, f, false, transforms.Judgement{}
	it.Change = patch.Change{Path: it.Path, Old: f.Src(), New: after}
	return said, nil
}

// lose keeps the edit of an item, if there is one, elsewhere: its file is not what it
// was, which is said.
func (s *Session) lose(it *Item) (said []string) {
	if !it.Edited {
		return nil
	}
	it.Edited = false
	said = []string{it.Path + ": somebody else changed it, so the edit is not for what it holds now"}
	if s.opts.Keep != nil {
		said = append(said, s.opts.Keep(it.Path, it.Change.New))
	}
	return said
}

// read reads and parses a file as it is now.
func (s *Session) read(ctx context.Context, path string) (*transforms.Detector, *syntax.File, error) {
	d, err := s.opts.Detector()
	if err != nil {
		return nil, nil, err
	}
	src, err := d.Project.Read(path)
	if err != nil {
		return nil, nil, err
	}
	f, err := syntax.Parse(ctx, path, src)
	return d, f, err
}

// replan finds out anew what there is to be decided about in a file. What was decided
// stays decided.
func (s *Session) replan(ctx context.Context, d *transforms.Detector, f *syntax.File) error {
	m, err := d.Mend(ctx, f, func(*transforms.Fix) bool { return false })
	if err != nil {
		return err
	}
	s.looked[f.Path] = look{s.writes, f.Src()}
	fixes := s.take(m)
	last := -1
	for i, it := range s.items {
		if it.Path != f.Path {
			continue
		}
		last = i
		if it.State == Applied || it.State == Ignored || it.State == Failed {
			continue
		}
		at := slices.IndexFunc(fixes, func(x *transforms.Fix) bool { return x.ID() == it.Fix.ID() })
		switch {
		case at < 0:
			it.State = Gone
		default:
			it.Fix = fixes[at]
			fixes = slices.Delete(fixes, at, at+1)
			if it.State == Gone {
				it.State = Open
			}
		}
	}
	var more []*Item
	for _, x := range fixes {
		if !s.left(f.Path, x) {
			more = append(more, &Item{Path: f.Path, Fix: x, Change: patch.Change{Path: f.Path}})
		}
	}
	s.items = slices.Insert(s.items, last+1, more...)
	return nil
}

// left reports whether a fix is not offered again: it failed its proof, or somebody
// wrote something else in its place that settles less.
func (s *Session) left(path string, x *transforms.Fix) bool {
	return slices.ContainsFunc(s.items, func(it *Item) bool {
		return it.Path == path && it.Fix.ID() == x.ID() && (it.State == Failed || it.State == Applied && len(it.Judgement.Owes) > 0)
	})
}

// filter lets through what has all of its words: a kind, a phase, an applicability, or
// a part of the path.
type filter []string

func (f filter) match(it *Item) bool {
	for _, word := range f {
		ok := strings.Contains(it.Path, word) || string(it.Fix.Phase()) == word || it.Fix.Applicability.String() == word
		for _, o := range it.Fix.Plan.Obligations {
			ok = ok || o.Kind.Name == word
		}
		if !ok {
			return false
		}
	}
	return true
}

// Filter shows only what has all of the words: a kind, a phase, safe or unsafe, or a part of
// the path. Without words all are shown. It says how many are shown, and keeps what
// was shown if that were none.
func (s *Session) Filter(words string) (shown int) {
	before := s.filter
	s.filter = strings.Fields(words)
	if shown = len(s.Visible()); shown == 0 {
		s.filter = before
	}
	return shown
}

// Filtered are the words of the filter.
func (s *Session) Filtered() string { return strings.Join(s.filter, " ") }
