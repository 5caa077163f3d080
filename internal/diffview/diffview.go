// Package diffview prepares changes for people: rows of a unified diff, pairs of
// rows for two columns, each row in pieces that know what they are in the syntax
// and whether they changed within their line. It knows no output and no colour.
//
// The text of a row is safe to write anywhere: what a terminal or a reader's eye
// would take for something else is spelled out, as <U+001B>, in pieces of the class
// Hidden. Only tabs are left as they are; Expand and Wrap turn them into spaces.
package diffview

import (
	"strings"

	"github.com/unleak-dev/unleak/patch"
)

// Class is what a piece of text is in the syntax.
type Class int

// The classes. What is not plainly one of the others is Plain.
const (
	Plain    Class = iota
	Keyword        // const, await, this, null
	String         // and templates, regular expressions
	Number         // 250
	Comment        // all of it
	Function       // the name of what is called or declared
	Type           // the name of a type or a class
	Tag            // the name of an element in JSX
	Hidden         // spelled out: the text itself cannot be seen, or would mislead
)

// Classes lists all of them, in order.
var Classes = [...]string{"plain", "keyword", "string", "number", "comment", "function", "type", "tag", "hidden"}

func (c Class) String() string { return Classes[c] }

// Span is a piece of a row. The pieces of a row, joined, are its line without the
// line end.
type Span struct {
	Text    string
	Class   Class
	Changed bool // not in the row that this one replaces, or that replaces it
}

// Row is one line of a diff.
type Row struct {
	Op       patch.Op
	Old, New int // line numbers, from 1; 0: the line is not on that side
	Spans    []Span
	NoEnd    bool // the file ends here without a line end

	match int // 1 + the index in its hunk of the row that replaces this one, or that this one replaces; 0: none
}

// Text is the line as it is shown.
func (r Row) Text() string {
	var b strings.Builder
	for _, s := range r.Spans {
		b.WriteString(s.Text)
	}
	return b.String()
}

// Hunk is a run of changed lines with its surroundings.
type Hunk struct {
	OldStart, OldLines int // as in a unified diff
	NewStart, NewLines int
	Rows               []Row
}

// Header is the line that begins the hunk in a unified diff.
func (h Hunk) Header() string {
	return patch.Hunk{OldStart: h.OldStart, OldLines: h.OldLines, NewStart: h.NewStart, NewLines: h.NewLines}.Header()
}

// Hunks compares the two sides of a change by lines, with at most context
// unchanged lines around each change, and lines that replace each other by words.
func Hunks(c patch.Change, context int) []Hunk {
	changed := c.Hunks(context)
	if len(changed) == 0 {
		return nil
	}
	before, after := newSource(c.Path, c.Old), newSource(c.Path, c.New)
	hunks := make([]Hunk, 0, len(changed))
	for _, ph := range changed {
		h := Hunk{OldStart: ph.OldStart, OldLines: ph.OldLines, NewStart: ph.NewStart, NewLines: ph.NewLines}
		at, bt := ph.OldStart, ph.NewStart
		if ph.OldLines == 0 { // the numbers are those of the line before
			at++
		}
		if ph.NewLines == 0 {
			bt++
		}
		for _, l := range ph.Lines {
			r := Row{Op: l.Op, NoEnd: !strings.HasSuffix(l.Text, "\n")}
			if l.Op != patch.Insert {
				r.Old = at
				at++
			}
			if l.Op != patch.Delete {
				r.New = bt
				bt++
			}
			h.Rows = append(h.Rows, r)
		}
		marks := h.align(before, after)
		for i := range h.Rows {
			r := &h.Rows[i]
			if r.Op == patch.Delete {
				r.Spans = before.spans(r.Old, marks[i])
			} else {
				r.Spans = after.spans(r.New, marks[i])
			}
		}
		hunks = append(hunks, h)
	}
	return hunks
}

// Lines is a whole text as rows have it, a slice of pieces for each line.
func Lines(path string, src []byte) [][]Span {
	s := newSource(path, src)
	out := make([][]Span, len(s.lines))
	for i := range s.lines {
		out[i] = s.spans(i+1, nil)
	}
	return out
}

// Pair is a line of two columns. A side without a row is nil; what did not change
// stands on both.
type Pair struct{ Left, Right *Row }

// Pairs puts the rows of a hunk side by side: beside what replaces it where that is
// known, and what is left between in the order in which it comes.
func Pairs(h Hunk) []Pair {
	var out []Pair
	for i := 0; i < len(h.Rows); {
		if h.Rows[i].Op == patch.Keep {
			out = append(out, Pair{&h.Rows[i], &h.Rows[i]})
			i++
			continue
		}
		dels, inserts, end := h.block(i)
		d, n := dels, inserts // what stands in a row already ends here
		for k := inserts; k < end; k++ {
			if m := h.Rows[k].match - 1; m >= 0 {
				out = zip(out, h.Rows[d:m], h.Rows[n:k])
				out = append(out, Pair{&h.Rows[m], &h.Rows[k]})
				d, n = m+1, k+1
			}
		}
		out = zip(out, h.Rows[d:inserts], h.Rows[n:end])
		i = end
	}
	return out
}

// zip puts rows beside each other that have nothing to do with each other.
func zip(out []Pair, left, right []Row) []Pair {
	for i := range max(len(left), len(right)) {
		var p Pair
		if i < len(left) {
			p.Left = &left[i]
		}
		if i < len(right) {
			p.Right = &right[i]
		}
		out = append(out, p)
	}
	return out
}

// block is the run of changed rows that begins at i: deletions, then insertions.
func (h Hunk) block(i int) (dels, inserts, end int) {
	for inserts = i; inserts < len(h.Rows) && h.Rows[inserts].Op == patch.Delete; inserts++ {
	}
	for end = inserts; end < len(h.Rows) && h.Rows[end].Op == patch.Insert; end++ {
	}
	return i, inserts, end
}
