package project

import (
	"math"
	"slices"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// recentNodes bounds how much stays parsed for questions from others: of the files that
// were asked for last, as many as have so many nodes, 25 bytes each.
const recentNodes = 750_000

// recent are those files. One that has more by itself is kept until the next comes.
type recent struct {
	mu    sync.Mutex
	files *simplelru.LRU[string, *syntax.File]
	nodes int
	asked []string // what questions had parsed since Asked, the last of it
}

// longestAsked bounds what Asked lists.
const longestAsked = 256

func newRecent() *recent {
	r := &recent{}
	gone := func(_ string, f *syntax.File) { r.nodes -= f.NodeCount() }
	var err error
	if r.files, err = simplelru.NewLRU(math.MaxInt32, gone); err != nil {
		panic(err) // not for a positive size
	}
	return r
}

func (r *recent) get(rel string) (*syntax.File, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files.Get(rel)
}

// peek is get for what does not count as asking.
func (r *recent) peek(rel string) (*syntax.File, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files.Peek(rel)
}

// ask notes that a question had a file parsed.
func (r *recent) ask(rel string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) == longestAsked {
		r.asked = slices.Delete(r.asked, 0, longestAsked/2)
	}
	r.asked = append(r.asked, rel)
}

// Asked lists the files that questions of others have had parsed since it was called last,
// in order, or the last of them.
func (p *Project) Asked() []string {
	p.parsed.mu.Lock()
	defer p.parsed.mu.Unlock()
	out := p.parsed.asked
	p.parsed.asked = nil
	return out
}

// IsParsed reports whether a file is still kept as a tree.
func (p *Project) IsParsed(rel string) bool { return p.parsed.contains(rel) }

func (r *recent) contains(rel string) bool {
	_, ok := r.peek(rel)
	return ok
}

func (r *recent) add(f *syntax.File) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files.Remove(f.Path)
	r.files.Add(f.Path, f)
	for r.nodes += f.NodeCount(); r.nodes > recentNodes && r.files.Len() > 1; {
		r.files.RemoveOldest()
	}
}
