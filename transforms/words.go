package transforms

import (
	"bytes"
	"slices"
	"strings"
	"sync"
)

// words finds in one pass over a text whether any of many acquisitions can occur
// in it.
type words struct {
	named   map[string][]*Acquire // by the word that stands in every match
	from    map[string]bool       // all modules that something is acquired from
	modules map[string]bool       // whose own value is acquired, under whatever name
	rest    []*Acquire            // those without a word
	kept    map[*Acquire]bool     // that count only where what they give is kept
	ended   map[*Acquire][]string // those of streams that an operator ends: the methods that release them
	lengths [256]uint64           // of the words, by their first byte: bit 63 for all from 63 on
	longest int                   // of the modules
	own     bool                  // instances of the project's own classes are asked for, too
	tells   bool                  // what the project itself has to subscribe to is asked for
	puts    bool                  // debounced functions of the project's own are asked for
}

func newWords(kinds []*Kind) *words {
	w := &words{named: map[string][]*Acquire{}, from: map[string]bool{}, modules: map[string]bool{}, kept: map[*Acquire]bool{}, ended: map[*Acquire][]string{}}
	for _, k := range kinds {
		if k.Name == subscriptionKind {
			w.tells = true
			for name := range subscribers {
				w.lengths[name[0]] |= 1 << len(name)
			}
		}
		if k.Name == debouncedKind {
			w.puts = true
			for name := range debouncers {
				w.lengths[name[0]] |= 1 << len(name)
			}
		}
		for i := range k.Acquire {
			a := &k.Acquire[i]
			for _, m := range a.From {
				w.from[inQuotes(m)] = true
			}
			if a.Whole {
				for _, m := range a.From {
					w.modules[m] = true
					w.longest = max(w.longest, len(m))
				}
			}
			name := a.Pattern.Anchor
			if slices.Contains(a.Types, ofOwn) {
				w.own = true
				continue
			}
			if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) {
				w.rest = append(w.rest, a)
				continue
			}
			w.named[name] = append(w.named[name], a)
			w.kept[a] = candidate{k, a}.declared()
			if k.Operator != "" && k.Alone && a.Exact && a.Pattern.Method() {
				for _, r := range k.Release {
					w.ended[a] = append(w.ended[a], r.Pattern.Anchor)
				}
			}
			w.lengths[name[0]] |= 1 << min(len(name), 63)
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
	var tried []string // words that stand in the text, in vain
	tells := w.tells
	modules := sync.OnceValue(func() map[string]bool { return modulesIn(src, w.from) })
	streams := subscriptionsIn(src)
	for i := 0; i < len(src); {
		b := src[i]
		if !wordBytes[b] {
			i++
			if (b == '\'' || b == '"' || b == '`') && w.module(src[i:], b) {
				return true
			}
			continue
		}
		start := i
		for i++; i < len(src) && wordBytes[src[i]]; i++ {
		}
		if w.own && b == 'n' && i-start == 3 && src[start+1] == 'e' && src[start+2] == 'w' && holder(src[i:]) {
			return true
		}
		if w.lengths[b]&(1<<min(i-start, 63)) == 0 {
			continue
		}
		word := src[start:i]
		if tells && i < len(src) && src[i] == '(' && subscribers[string(word)] {
			if hasEffects(src) {
				return true
			}
			tells = false // anywhere in this text
		}
		if w.puts && debouncers[string(word)] && i < len(src) && (src[i] == '(' || src[i] == '<') {
			return true
		}
		acquires := w.named[string(word)]
		if acquires == nil || slices.Contains(tried, string(word)) {
			continue
		}
		at, vain := useOf(src, start, i), true
		for _, a := range acquires {
			if !a.fits(at, src) || w.kept[a] && (!isKept(src, start) || streams.adds(start, i)) || w.ended[a] != nil && !streams.matters(a, w.ended[a], start, i) {
				vain = false // here, and perhaps not elsewhere
			} else if a.reachable(src, modules) {
				return true
			}
		}
		if vain {
			tried = append(tried, string(word))
		}
	}
	return slices.ContainsFunc(w.rest, func(a *Acquire) bool { return a.named(src) && a.reachable(src, modules) })
}

// module reports whether a text goes on with the name of such a module and the
// quote that it is in.
func (w *words) module(rest []byte, quote byte) bool {
	if w.longest == 0 {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), w.longest+1)], quote)
	return end > 0 && w.modules[string(rest[:end])]
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
