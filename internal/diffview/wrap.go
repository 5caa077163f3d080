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

// cell is a character of a row, or one that is spelled out.
type cell struct {
	span  *Span // that it is of
	text  string
	width int
}

// Wrap cuts a row into lines of at most width columns, with spaces for tabs: behind a
// blank or a punctuation mark in the last third of a line, if there is one, else
// wherever it is full. What is spelled out, and characters that are combined, stay
// together where they fit. An empty row is one empty line.
func Wrap(spans []Span, width int) [][]Span {
	width = max(width, 2) // a wide character has to fit
	var lines [][]Span
	var line []cell
	used := 0
	end := func(n int) { // ends the line behind n of its cells
		lines = append(lines, joined(line[:n]))
		line = line[n:]
		used = 0
		for _, c := range line {
			used += c.width
		}
	}
	for _, c := range cells(spans, width) {
		if c.text == "\t" {
			c.width = min(c.width, width-used) // nothing of it goes on in the next line
			c.text = strings.Repeat(" ", c.width)
		}
		for used+c.width > width {
			end(breakOf(line, width))
		}
		line = append(line, c)
		used += c.width
	}
	return append(lines, joined(line))
}

// cells cuts a row into characters. A tab leads to the same place in the row, wrapped
// or not.
func cells(spans []Span, width int) []cell {
	var out []cell
	column := 0
	for i := range spans {
		s := &spans[i]
		if w := ansi.StringWidth(s.Text); s.Class == Hidden && w <= width {
			out = append(out, cell{s, s.Text, w})
			column += w
			continue
		}
		for text := s.Text; text != ""; {
			c, w := next(text, column)
			out = append(out, cell{s, c, w})
			column += w
			text = text[len(c):]
		}
	}
	return out
}

// breakOf is how many cells of a full line stay in it.
func breakOf(line []cell, width int) int {
	used := 0
	for _, c := range line {
		used += c.width
	}
	for n := len(line); n > 0 && used > width*2/3; n-- {
		if t := line[n-1].text; strings.TrimLeft(t, " ") == "" || strings.Contains(",;({", t) {
			return n
		}
		used -= line[n-1].width
	}
	return max(1, len(line))
}

// joined makes pieces of cells again.
func joined(line []cell) []Span {
	var out []Span
	for i := 0; i < len(line); {
		var b strings.Builder
		s := line[i].span
		for ; i < len(line) && line[i].span == s; i++ {
			b.WriteString(line[i].text)
		}
		if b.Len() > 0 {
			out = append(out, Span{b.String(), s.Class, s.Changed})
		}
	}
	return out
}

// next is the first character of a text that stands in a column, with all that is
// combined with it, and its width.
func next(text string, column int) (string, int) {
	if text[0] == '\t' {
		return "\t", TabWidth - column%TabWidth
	}
	n := character(text)
	if n == 1 {
		return text[:1], 1
	}
	return text[:n], ansi.StringWidth(text[:n])
}

// character is how many bytes the first character of a text has, with all that is
// combined with it. Pieces and words never end within one: it has one width as a whole.
func character(text string) int {
	if len(text) == 1 || text[0] < 0x80 && text[1] < 0x80 {
		return 1
	}
	c, _ := ansi.FirstGraphemeCluster(text, ansi.GraphemeWidth)
	return max(1, len(c))
}
