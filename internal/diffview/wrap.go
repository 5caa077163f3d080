package diffview

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// TabWidth is how many columns apart the stops are that a tab leads to.
const TabWidth = 4

// Width is how many columns of a terminal a text takes, tabs and wide characters
// counted as they are shown.
func Width(spans []Span) int {
	n := 0
	for _, s := range spans {
		for text := s.Text; text != ""; {
			c, w := next(text, n)
			n += w
			text = text[len(c):]
		}
	}
	return n
}

// Expand writes spaces for tabs.
func Expand(spans []Span) []Span {
	if lines := Wrap(spans, 1<<30); len(lines) > 0 {
		return lines[0]
	}
	return nil
}

// Wrap cuts a row into lines of at most width columns, with spaces for tabs. What
// is spelled out, and characters that are combined, stay together where they fit. An
// empty row is one empty line.
func Wrap(spans []Span, width int) [][]Span {
	width = max(width, 2) // a wide character has to fit
	lines := [][]Span{nil}
	column := 0 // in the row: a tab leads to the same place, wrapped or not
	used := 0   // of the line
	for _, s := range spans {
		var b strings.Builder
		flush := func() {
			if b.Len() > 0 {
				last := &lines[len(lines)-1]
				*last = append(*last, Span{b.String(), s.Class, s.Changed})
				b.Reset()
			}
		}
		if w := ansi.StringWidth(s.Text); s.Class == Hidden && w <= width && used+w > width {
			lines, used = append(lines, nil), 0
		}
		for text := s.Text; text != ""; {
			c, w := next(text, column)
			text = text[len(c):]
			column += w
			if c == "\t" {
				w = min(w, width-used) // nothing of it goes on in the next line
				c = strings.Repeat(" ", w)
			}
			if used+w > width {
				flush()
				lines, used = append(lines, nil), 0
			}
			b.WriteString(c)
			used += w
		}
		flush()
	}
	return lines
}

// next is the first character of a text that stands in a column, with all that is
// combined with it, and its width.
func next(text string, column int) (string, int) {
	if text[0] == '\t' {
		return "\t", TabWidth - column%TabWidth
	}
	if c := text[0]; c >= ' ' && c < 0x7f && (len(text) == 1 || text[1] < 0x80) {
		return text[:1], 1
	}
	c, w := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
	if c == "" {
		return text[:1], 1
	}
	return c, w
}
