package project

import (
	"bytes"
	"math"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// recentNodes bounds how much stays parsed for questions from others: of the files that
// were asked for last, as many as have so many nodes, 25 bytes each.
const recentNodes = 130_000

// recentBytes bounds the texts of files that others ask about: what such a file exports,
// whether it can hold something and what it holds are asked one after the other, and the
// small ones, which only hand on what others export, again and again.
const recentBytes = 1 << 20

// recent keeps what was asked for last, as much as weighs no more than most together. What
// weighs more by itself is kept until the next comes.
type recent[V any] struct {
	weight func(V) int
	most   int

	mu    sync.Mutex
	kept  *simplelru.LRU[string, V]
	total int
}

func newRecent[V any](most int, weight func(V) int) *recent[V] {
	r := &recent[V]{weight: weight, most: most}
	gone := func(_ string, v V) { r.total -= weight(v) }
	var err error
	if r.kept, err = simplelru.NewLRU(math.MaxInt32, gone); err != nil {
		panic(err) // not for a positive size
	}
	return r
}

func (r *recent[V]) get(rel string) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.Get(rel)
}

// peek is get for what does not count as asking.
func (r *recent[V]) peek(rel string) (V, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept.Peek(rel)
}

func (r *recent[V]) contains(rel string) bool {
	_, ok := r.peek(rel)
	return ok
}

func (r *recent[V]) add(rel string, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.kept.Remove(rel)
	r.kept.Add(rel, v)
	for r.total += r.weight(v); r.total > r.most && r.kept.Len() > 1; {
		r.kept.RemoveOldest()
	}
}

// newlyParsed lists what questions have had parsed since somebody took the list.
type newlyParsed struct {
	mu    sync.Mutex
	paths []string
}

// longestAsked bounds that list: the oldest are forgotten.
const longestAsked = 256

func (l *newlyParsed) add(rel string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.paths) == longestAsked {
		l.paths = slices.Delete(l.paths, 0, longestAsked/2)
	}
	l.paths = append(l.paths, rel)
}

// Asked lists the files that questions of others have had parsed since it was called last,
// in order, or the last of them.
func (p *Project) Asked() []string {
	p.newly.mu.Lock()
	defer p.newly.mu.Unlock()
	out := p.newly.paths
	p.newly.paths = nil
	return out
}

// IsParsed reports whether a file is still kept as a tree.
func (p *Project) IsParsed(rel string) bool { return p.parsed.contains(rel) }

// Loaded is a file that Load has parsed, if it is still kept.
func (p *Project) Loaded(rel string, src []byte) (*syntax.File, bool) {
	f, ok := p.parsed.peek(rel)
	return f, ok && bytes.Equal(f.Src(), src)
}

// Keep remembers a parsed file for questions from others, as Load does.
func (p *Project) Keep(f *syntax.File) { p.parsed.add(f.Path, f) }
