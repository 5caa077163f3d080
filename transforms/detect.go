package transforms

import (
	"context"
	"slices"
	"sort"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/internal/wordset"
)

// Detector finds obligations. It is safe for concurrent use.
type Detector struct {
	Project *project.Project
	Kinds   []*Kind
	Offers  bool // look for offers, too
	Style   Style

	words    *words
	wanted   *words
	keeping  *words                                 // of what an instance can keep until it is ended
	byAnchor map[string][]candidate                 // with those of anywhere
	byModule map[string][]candidate                 // those that the module's own value is, too
	anywhere []candidate                            // patterns whose callee is a hole
	filings  []candidate                            // those of something filed under a key
	rejects  map[string]bool                        // methods that release and reject: they do not throw
	imported *lru.Cache[string, *summary]           // what functions of other files return: declaration -> *summary
	given    *lru.Cache[string, map[int32]*summary] // the same of all functions of a file
	ownings  *lru.Cache[string, *owning]            // what instances of a class owe: its place -> *owning
}

// Style overrides what forms otherwise choose by the code.
type Style struct {
	Tracking string // "field", "set"; else as the acquisition demands
	Private  string // "modifier", "hash"; else as the class has it
	Cache    int    // the most entries of a collection that is given a bound; 0: 1000
	Using    bool   // a block declares by `using` what it can
}

type candidate struct {
	kind    *Kind
	acquire *Acquire
}

// knownSummaries bounds of how many functions of other files it is remembered
// what they return.
const knownSummaries = 2048

func remembering[V any](size int) *lru.Cache[string, V] {
	c, err := lru.New[string, V](size)
	if err != nil {
		panic(err) // not for a positive size
	}
	return c
}

// NewDetector prepares the kinds for matching.
func NewDetector(p *project.Project, kinds []*Kind, offers bool) *Detector {
	d := &Detector{
		Project: p, Kinds: kinds, Offers: offers, imported: remembering[*summary](knownSummaries), given: remembering[map[int32]*summary](knownSummaries), ownings: remembering[*owning](knownOwnings), rejects: map[string]bool{},
		byAnchor: map[string][]candidate{}, byModule: map[string][]candidate{},
	}
	for _, k := range kinds {
		if k.Collects() && !offers {
			continue // found everywhere, and never a leak
		}
		for _, r := range k.Release {
			if k.Fails == Rejects && !r.Done {
				d.rejects[r.Pattern.Anchor] = true
			}
		}
		for i := range k.Acquire {
			a := &k.Acquire[i]
			if a.Pattern.Files() {
				d.filings = append(d.filings, candidate{k, a})
			} else if a.Pattern.Anchor == "" {
				d.anywhere = append(d.anywhere, candidate{k, a})
			} else {
				d.byAnchor[a.Pattern.Anchor] = append(d.byAnchor[a.Pattern.Anchor], candidate{k, a})
			}
			if a.Whole {
				for _, m := range a.From {
					d.byModule[m] = append(d.byModule[m], candidate{k, a})
				}
			}
		}
	}
	for name, cs := range d.byAnchor { // a library's own kind before one for any type
		slices.SortStableFunc(cs, func(a, b candidate) int { return unnamed(a) - unnamed(b) })
		d.byAnchor[name] = append(cs, d.anywhere...)
	}
	d.words = newWords(d.asked(func(*Kind) bool { return true }))
	d.wanted = d.words
	d.keeping = keepingWords(kinds)
	return d
}

func unnamed(c candidate) int {
	if len(c.acquire.From) == 0 {
		return 1
	}
	return 0
}

// IsCandidate reports whether a file with that text can hold an acquisition;
// others need not be parsed.
func (d *Detector) IsCandidate(src []byte) bool { return d.words.any(src) }

// IsWanted is the same for the kinds that Only names; without it, for all.
func (d *Detector) IsWanted(src []byte) bool { return d.wanted.any(src) }

// WantsAll reports whether IsWanted is IsCandidate.
func (d *Detector) WantsAll() bool { return d.wanted == d.words }

// Search is IsWanted for who looks at the words of a text for something else, too: it is to
// be given those of WantedWords.
func (d *Detector) Search(src []byte) *Search { return d.wanted.search(src) }

// WantedWords are what a Search is to be given.
func (d *Detector) WantedWords() *wordset.Set { return d.wanted.set }

// Only says of which kinds findings are wanted. All take part in the analysis of
// a file that holds one of those.
func (d *Detector) Only(names []string) {
	d.wanted = newWords(d.asked(func(k *Kind) bool { return slices.Contains(names, k.Name) }))
}

// asked are the kinds that make a file a candidate.
func (d *Detector) asked(wanted func(*Kind) bool) []*Kind {
	var out []*Kind
	for _, k := range d.Kinds {
		if (d.Offers || !k.onlyOffers()) && wanted(k) {
			out = append(out, k)
		}
	}
	return out
}

// Detect returns every obligation of a file in source order, the met and moved
// ones, too. When ctx is cancelled it stops, and what it returns means nothing; nor
// does what d then remembers of other files.
func (d *Detector) Detect(ctx context.Context, f *syntax.File) []*Obligation {
	return d.scan(ctx, f, maxHops).found
}

// scan does the work of Detect, with a bound on how many functions of other
// files, one behind the other, are asked what they return.
func (d *Detector) scan(ctx context.Context, f *syntax.File, hops int) *scan {
	s := newScan(ctx, d, f)
	s.hops = hops
	for id := range f.NodeCount() {
		n := f.Node(int32(id))
		if !n.Is("call_expression", "new_expression") && (len(d.filings) == 0 || !n.Is("assignment_expression")) {
			continue
		}
		if ctx.Err() != nil {
			return s
		}
		if o := s.firstMatch(d.candidates(n), n); o != nil {
			s.found = append(s.found, o)
		}
		if o := s.matchImported(n); o != nil {
			s.found = append(s.found, o)
		}
		if last := len(s.found) - 1; last < 0 || s.found[last].Call != n {
			if o := s.matchTold(n); o != nil {
				s.found = append(s.found, o)
			} else if o := s.matchDebounced(n); o != nil {
				s.found = append(s.found, o)
			}
		}
	}
	for i := 0; i < len(s.found); i++ { // judging one may find more behind it
		if ctx.Err() != nil {
			return s
		}
		s.judge(s.found[i])
		if !s.confirmed(s.found[i]) {
			continue
		}
		s.callersOf(s.found[i])
		s.racersOf(s.found[i])
		s.listenersOf(s.found[i])
	}
	s.found = slices.DeleteFunc(s.found, func(o *Obligation) bool { return o.unsure != nil })
	s.shutdowns()
	s.endsTwice()
	s.forgiveMistaken()
	s.restarts()
	s.overriding()
	s.ordinals()
	sort.SliceStable(s.found, func(i, j int) bool { return s.found[i].At.Start() < s.found[j].At.Start() })
	return s
}

func (d *Detector) candidates(n syntax.Node) []candidate {
	if n.Is("assignment_expression") {
		if !n.Field("left").Is("subscript_expression") {
			return nil
		}
		return d.filings
	}
	callee := n.Field("function")
	if n.Is("new_expression") {
		callee = n.Field("constructor")
	}
	callee = callee.Inner(false)
	var name string
	switch callee.Kind() {
	case "identifier":
		name = callee.Text()
		if im, ok := callee.Symbol().Import(); ok {
			if im.Name == "*" || im.Name == "default" {
				if own := d.byModule[syntax.ModuleName(im.Module)]; len(own) > 0 {
					return slices.Concat(own, d.called(name))
				}
				return d.called(name)
			}
			name = im.Name
		} else if o, ok := callee.Origin(); ok && o.Last() != "" { // const dial = secure ? tls.connect : net.connect
			name = o.Last()
		}
	case "member_expression":
		name = callee.Field("property").Text()
	}
	return d.called(name)
}

// called are the patterns of what may be called by a name.
func (d *Detector) called(name string) []candidate {
	if cs, known := d.byAnchor[name]; known {
		return cs
	}
	return d.anywhere
}

// scan is the work on one file.
type scan struct {
	*Detector
	ctx         context.Context
	f           *syntax.File
	found       []*Obligation
	hops        int
	graphs      map[int32]*syntax.Graph
	owners      map[int32]*instance
	refs        map[int32]map[string][]syntax.Node // by the ID of an owner: see refsIn
	fills       map[string]bool                    // names that are given a value, once asked
	heard       map[int32][]listening
	collections map[int32]*collection // by the ID of the value that each is made with
	hooks       map[string]*host      // what imported hooks are, once asked
	setups      map[int32]*setup      // by the ID of their roots
	effects     map[int32]*span       // by the ID of the function that a host runs, once asked
}

func newScan(ctx context.Context, d *Detector, f *syntax.File) *scan {
	return &scan{Detector: d, ctx: ctx, f: f, graphs: map[int32]*syntax.Graph{}, owners: map[int32]*instance{}, refs: map[int32]map[string][]syntax.Node{}, heard: map[int32][]listening{}, hooks: map[string]*host{}, effects: map[int32]*span{}, setups: map[int32]*setup{}}
}

func (s *scan) graph(fn syntax.Node) *syntax.Graph {
	g, ok := s.graphs[fn.ID()]
	if !ok {
		g = syntax.BuildGraph(fn, s.throws)
		s.graphs[fn.ID()] = g
	}
	return g
}

// firstMatch prefers what is sure.
func (s *scan) firstMatch(candidates []candidate, n syntax.Node) (unsure *Obligation) {
	for _, c := range candidates {
		if o := s.match(c, n); o != nil && o.unsure == nil {
			return o
		} else if unsure == nil {
			unsure = o
		}
	}
	return unsure
}

// match tries one acquisition on a call and collects the evidence for it.
func (s *scan) match(c candidate, n syntax.Node) *Obligation {
	b, ok := c.acquire.Pattern.Match(n, nil)
	if !ok {
		return nil
	}
	if c.kind.Since != "" {
		if v, known := s.Project.VersionOf(s.f.Path, c.kind.Since); known && v.Less(c.kind.SinceV) {
			return nil
		}
	}
	for _, x := range c.kind.Except {
		if _, excepted := x.Match(n, nil); excepted && !s.takenBack(c, n, b) {
			return nil
		}
	}
	if c.kind.Operator != "" && !c.acquire.Pattern.Rooted() && b[c.acquire.Pattern.Receiver()].OK() {
		if in := s.subscriber(n); in != nil {
			return s.subscription(in, c, n, b)
		}
		if o := s.renewal(c, n, b); o != nil {
			return o
		}
		if o := s.endedTooEarly(c, n, b); o != nil {
			return o
		}
	}
	if c.kind.Shares(c.acquire) {
		if s.evidence(c, n, b) == nil {
			return nil
		}
		return s.replaying(c, n, b)
	}
	if slices.Contains(c.acquire.Types, ofOwn) {
		return s.matchOwn(c, n, b)
	}
	if c.declared() {
		return s.matchDeclared(c, n, b)
	}
	o := s.obligation(c, n, b)
	if s.declaredElsewhere(c, b) {
		o.unsure = func() []string { return s.evidence(c, n, b) }
		return o
	}
	evidence := s.evidence(c, n, b)
	if evidence == nil {
		return nil
	}
	o.acquired(evidence)
	return o
}

func (s *scan) obligation(c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	return &Obligation{Kind: c.kind, Acquire: c.acquire, File: s.f, Call: n, At: n, Bindings: b, Status: Moved, Standing: Leak}
}

// acquired says why it is one, as the first event of its life.
func (o *Obligation) acquired(evidence []string) {
	o.Evidence = append(evidence, o.Evidence...)
	o.Steps = slices.Insert(o.Steps, 0, Step{o.At, "acquired: " + strings.Join(evidence, ", ")})
}

// confirmed asks for the evidence that was put off.
func (s *scan) confirmed(o *Obligation) bool {
	if o.unsure == nil {
		return true
	}
	if o.Status != Unmet && !o.gives.OK() {
		return false
	}
	evidence := o.unsure()
	if evidence == nil {
		return false
	}
	o.unsure = nil
	o.acquired(evidence)
	return true
}
