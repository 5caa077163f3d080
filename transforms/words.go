package transforms

import (
	"bytes"
	"slices"
	"strings"
)

// words finds in one pass over a text whether any of many acquisitions can occur
// in it.
type words struct {
	named   map[string][]*Acquire // by the word that stands in every match
	modules map[string]bool       // whose own value is acquired, under whatever name
	rest    []*Acquire            // those without a word
	lengths [256]uint64           // of the words, by their first byte: bit 63 for all from 63 on
	longest int                   // of the modules
}

func newWords(kinds []*Kind) *words {
	w := &words{named: map[string][]*Acquire{}, modules: map[string]bool{}}
	for _, k := range kinds {
		for i := range k.Acquire {
			a := &k.Acquire[i]
			if a.Whole {
				for _, m := range a.From {
					w.modules[m] = true
					w.longest = max(w.longest, len(m))
				}
			}
			name := a.Pattern.Anchor
			if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r >= 0x80 || !isWordByte(byte(r)) }) {
				w.rest = append(w.rest, a)
				continue
			}
			w.named[name] = append(w.named[name], a)
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
		if w.lengths[b]&(1<<min(i-start, 63)) == 0 {
			continue
		}
		word := src[start:i]
		acquires := w.named[string(word)]
		if acquires == nil || slices.Contains(tried, string(word)) {
			continue
		}
		for _, a := range acquires {
			if a.reachable(src) {
				return true
			}
		}
		tried = append(tried, string(word))
	}
	return slices.ContainsFunc(w.rest, func(a *Acquire) bool { return a.named(src) && a.reachable(src) })
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
