package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/patch"
)

// leastText is how many columns the code of a side has at least, however narrow the
// terminal is.
const leastText = 8

// SideBySide writes changes in two columns of together at most width columns, if
// that is 40 or more: old to the left, new to the right. Lines that are too long go on in the next one.
func SideBySide(w io.Writer, changes []patch.Change, width int, p Paint) error {
	b := bufio.NewWriter(w)
	for i, c := range changes {
		hunks := diffview.Hunks(c, 3)
		if i > 0 {
			b.WriteString("\n")
		}
		name := diffview.Visible(strings.ReplaceAll(c.Path, "\t", `\t`))
		if c.Creates() {
			name += " (new)"
		}
		for _, line := range diffview.Wrap([]diffview.Span{{Text: name}}, width) {
			b.WriteString(p.Bold(line[0].Text) + "\n")
		}
		s := newSides(hunks, width)
		for _, h := range hunks {
			b.WriteString(p.Cyan(ansi.Truncate(h.Header(), width, "…")) + "\n")
			for _, pair := range diffview.Pairs(h) {
				s.write(b, pair, p)
			}
		}
	}
	return b.Flush()
}

// sides are the measures of two columns: a number, a sign and the code each.
type sides struct{ number, text int }

func newSides(hunks []diffview.Hunk, width int) sides {
	last := 1
	for _, h := range hunks {
		last = max(last, h.OldStart+h.OldLines, h.NewStart+h.NewLines)
	}
	s := sides{number: len(fmt.Sprint(last))}
	s.text = max(leastText, (width-3)/2-s.number-3) // NUMBER SIGN CODE │ NUMBER SIGN CODE
	return s
}

func (s sides) write(b *bufio.Writer, pair diffview.Pair, p Paint) {
	left, right := s.lines(pair.Left), s.lines(pair.Right)
	for i := range max(len(left), len(right)) {
		line := s.cell(pair.Left, true, left, i, p) + p.Dim(" │ ") + s.cell(pair.Right, false, right, i, p)
		if !p.On {
			line = strings.TrimRight(line, " ")
		}
		b.WriteString(line + "\n")
	}
}

func (s sides) lines(r *diffview.Row) [][]diffview.Span {
	if r == nil {
		return nil
	}
	lines := diffview.Wrap(r.Spans, s.text)
	if r.NoEnd {
		lines = append(lines, []diffview.Span{{Text: ansi.Truncate(`\ no newline`, s.text, "…"), Class: diffview.Comment}})
	}
	return lines
}

// cell is one side of line i of a row, filled up to its width.
func (s sides) cell(r *diffview.Row, old bool, lines [][]diffview.Span, i int, p Paint) string {
	if i >= len(lines) {
		return strings.Repeat(" ", s.number+3+s.text)
	}
	number, sign := "", " "
	if i == 0 {
		n := r.New
		if old {
			n = r.Old
		}
		number, sign = fmt.Sprint(n), string(byte(r.Op))
	}
	fill := strings.Repeat(" ", max(0, s.text-diffview.Width(lines[i])))
	return p.Sign(r.Op, fmt.Sprintf("%*s %s ", s.number, number, sign)) + p.Spans(r.Op, lines[i]) + fill
}
