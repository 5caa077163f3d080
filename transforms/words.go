package transforms

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/wordset"
)

// words finds in one pass over the words of a text whether any of many acquisitions can
// occur in it.
type words struct {
	set     *wordset.Set
	named   map[string][]*Acquire // by the word that stands in every match
	from    map[string]bool       // all modules that something is acquired from
	modules map[string]bool       // whose own value is acquired, under whatever name
	rest    []*Acquire            // those without a word
	kept    map[*Acquire]bool     // that count only where what they give is kept
	ended   map[*Acquire][]string // those of streams that an operator ends: the methods that release them
	shares  map[*Acquire]bool     // those that are operators themselves
	longest int                   // of the modules
	own     bool                  // instances of the project's own classes are asked for, too
	tells   bool                  // what the project itself has to subscribe to is asked for
	puts    bool                  // debounced functions of the project's own are asked for
}

func newWords(kinds []*Kind) *words {
	w := &words{set: &wordset.Set{}, named: map[string][]*Acquire{}, from: map[string]bool{}, modules: map[string]bool{}, kept: map[*Acquire]bool{}, ended: map[*Acquire][]string{}, shares: map[*Acquire]bool{}}
	for _, k := range kinds {
		if k.Name == subscriptionKind {
			w.tells = true
			w.set.Add(slices.Collect(maps.Keys(subscribers))...)
		}
		if k.Name == debouncedKind {
			w.puts = true
			w.set.Add(slices.Collect(maps.Keys(debouncers))...)
		}
		for i := range k.Acquire {
			a := &k.Acquire[i]
			for _, m := range a.From {
				w.from[inQuotes(m)] = true
			}
			if a.Whole {
				for _, m := range a.From {
					if m != "global" {
						w.modules[m] = true
						w.longest = max(w.longest, len(m))
					}
				}
				w.set.AddSigns(quotes)
			}
			name := a.Pattern.Anchor
			if slices.Contains(a.Types, ofOwn) {
				w.own = true
				w.set.Add("new")
				continue
			}
			if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) {
				w.rest = append(w.rest, a)
				continue
			}
			w.named[name] = append(w.named[name], a)
			w.kept[a] = candidate{k, a}.declared()
			w.shares[a] = k.Shares(a)
			if k.Operator != "" && k.Alone && a.Exact && a.Pattern.Method() {
				for _, r := range k.Release {
					w.ended[a] = append(w.ended[a], r.Pattern.Anchor)
				}
			}
			w.set.Add(name)
		}
	}
	return w
}

var wordBytes = func() (table [256]bool) {
	for b := range table {
		table[b] = isWordByte(byte(b))
	}
	return table
}()

// any reports whether one of the acquisitions can occur in a text.
func (w *words) any(src []byte) bool {
	s := w.search(src)
	w.set.Each(src, func(start, end int) bool { return !s.Word(start, end) })
	return s.Done()
}

// Search finds out whether a file can hold an acquisition; others need not be parsed.
type Search struct {
	*words
	src     []byte
	found   bool
	tried   []string        // words that stand in the text, in vain
	told    bool            // the subscribers of the project's own are asked for in vain, wherever they stand
	modules map[string]bool // of those that something is acquired from, once asked
	streams subscriptions
}

func (w *words) search(src []byte) *Search {
	return &Search{words: w, src: src, streams: subscriptions{src: src}}
}

// names reports whether a module stands in the text.
func (s *Search) names(module string) bool {
	if s.modules == nil {
		s.modules = modulesIn(s.src, s.from)
	}
	return s.modules[module]
}

// Word takes the word or sign from start to end, one of those that are wanted. It reports
// whether enough is known.
func (s *Search) Word(start, end int) bool {
	s.found = s.found || s.may(start, end)
	return s.found
}

// Done reports whether the text can hold one, when all its words were taken or enough was known.
func (s *Search) Done() bool {
	return s.found || slices.ContainsFunc(s.rest, func(a *Acquire) bool { return a.named(s.src) && a.reachable(s.src, s.names) })
}

// may reports whether an acquisition can occur where a word stands, which is none of a comment.
func (s *Search) may(start, end int) bool { return s.mayBe(start, end) && s.isCode(start) }

// isCode reports whether what stands at a place may be neither of a comment nor quoted.
func (s *Search) isCode(at int) bool {
	t, ok := s.streams.at(at, at)
	return !ok || t.Code[at] != ' '
}

func (s *Search) mayBe(start, end int) bool {
	src := s.src
	if !wordBytes[src[start]] {
		return strings.IndexByte(quotes, src[start]) >= 0 && s.module(src[end:], src[start]) && mayHaveWhole(src[:start])
	}
	word := src[start:end]
	if s.own && string(word) == "new" && holder(src[end:]) {
		return true
	}
	if s.tells && !s.told && end < len(src) && src[end] == '(' && subscribers[string(word)] {
		if s.told = !hasEffects(src); !s.told && mayTell(src, start, end) {
			return true
		}
	}
	if s.puts && debouncers[string(word)] && end < len(src) && (src[end] == '(' || src[end] == '<') {
		if t, ok := s.streams.at(start, end); !ok || !ofStreams(t.importOf(string(word))) {
			return true
		}
	}
	acquires := s.named[string(word)]
	if acquires == nil || slices.Contains(s.tried, string(word)) {
		return false
	}
	at, vain := useOf(src, start, end), true
	for _, a := range acquires {
		if !a.fits(at, src) || !s.fits(a, start, end) {
			vain = false // here, and perhaps not elsewhere
		} else if a.reachable(src, s.names) {
			return true
		}
	}
	if vain {
		s.tried = append(s.tried, string(word))
	}
	return false
}

// fits reports whether what is around an acquisition's word from start to end may be the rest of it.
func (s *Search) fits(a *Acquire, start, end int) bool {
	switch {
	case s.kept[a] && (!isKept(s.src, start) || s.streams.settled(start, end)):
		return false
	case s.ended[a] != nil && !s.streams.matters(a, s.ended[a], start, end):
		return false
	case a.Pattern.New:
		return mayBeMade(s.src, start, end)
	case a.Pattern.Rooted():
		return mayBeCalled(s.src, start, end) && (!s.shares[a] || s.streams.mayBeReplayed(start, end))
	}
	maker := a.Pattern.Maker()
	return maker == "" || s.streams.mayBeMadeBy(maker, start, end)
}

// wordUse is what a word can be where it stands.
type wordUse int

const (
	prose        wordUse = iota // nothing that is called on something
	calledOn                    // a method, called on a variable or a member
	calledOnCall                // a method, called on what a call returned
)

// useOf looks at what is around the word from start to end: a method stands behind a
// dot, and before what a call can go on with. In prose `on` is a word like any other.
func useOf(src []byte, start, end int) wordUse {
	before := bytes.TrimRight(src[:start], space)
	after := bytes.TrimLeft(src[end:min(len(src), end+256)], space)
	// f(), f<T>(), f?.(), f!(), (f)(), (f as any)(), f /* .. */ ()
	if len(before) == 0 || len(after) == 0 || strings.IndexByte("(<?!)/as", after[0]) < 0 {
		return prose
	}
	switch before[len(before)-1] {
	case '/': // a comment stands between
		return calledOn
	case '.':
		if before = bytes.TrimRight(before, space+".?!"); len(before) > 0 && before[len(before)-1] == ')' {
			return calledOnCall
		}
		return calledOn
	}
	return prose
}

const space = " \t\r\n"

// isKept reports whether what a method gives may be kept, by what stands before its receiver,
// a chain of names: x = a.b.method(..), return a.method(..).
func isKept(src []byte, start int) bool {
	before := bytes.TrimRight(src[:start], space+".?!")
	for {
		receiver := bytes.TrimRightFunc(before, func(r rune) bool { return r >= 0x80 || isWordByte(byte(r)) || r == '#' })
		before = bytes.TrimRight(receiver, space)
		if len(before) == 0 || before[len(before)-1] != '.' && !bytes.HasSuffix(before, []byte("?.")) {
			break
		}
		before = bytes.TrimRight(before, space+".?!")
	}
	if len(before) == 0 {
		return false
	}
	if last := before[len(before)-1]; !wordBytes[last] {
		return strings.IndexByte("=(,:[?&|>", last) >= 0
	}
	return bytes.HasSuffix(before, []byte("return")) || bytes.HasSuffix(before, []byte("await"))
}

// fits reports whether a word that is used so can be the acquisition's. What a call
// returned is of a type by name only where the file names the type.
func (a *Acquire) fits(u wordUse, src []byte) bool {
	switch {
	case !a.Pattern.Method():
		return true
	case u == calledOnCall && a.Exact && a.Pattern.Receiver() != "":
		return endsStreams(src) || slices.ContainsFunc(a.Types, func(t string) bool { return bytes.Contains(src, []byte(t)) })
	}
	return u != prose
}

// holders are what classes are called that hold something for those who make them.
// Nearly every file makes something: one that does, and holds nothing else that can
// leak, is looked at for those only.
var holders = [][]byte{
	[]byte("Connection"), []byte("Client"), []byte("Session"), []byte("Pool"), []byte("Socket"), []byte("Transport"), []byte("Driver"), []byte("Watcher"),
}

// holder reports whether a text goes on with the name of such a class.
func holder(rest []byte) bool {
	name := bytes.TrimLeft(rest[:min(len(rest), 80)], space)
	end := bytes.IndexFunc(name, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) })
	return end > 0 && len(name) < len(rest) && slices.ContainsFunc(holders, func(h []byte) bool { return bytes.HasSuffix(name[:end], h) })
}
