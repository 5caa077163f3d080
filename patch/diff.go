package patch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// Change is one file before and after. Old is nil, not merely empty, for a file
// that is to be made.
type Change struct {
	Path     string // relative, with slashes
	Old, New []byte
}

// Creates reports whether the change makes a file that is not there yet.
func (c Change) Creates() bool { return c.Old == nil }

// Op is what a line of a diff does.
type Op byte

// The operations, as a unified diff prints them.
const (
	Keep   Op = ' '
	Delete Op = '-'
	Insert Op = '+'
)

// Line is one line of a diff, with its end if it has one.
type Line struct {
	Op   Op
	Text string
}

// Hunk is a run of changed lines with its surroundings. Lines are counted from
// 1; a count of 0 lines starts after the line given, as in a unified diff.
type Hunk struct {
	OldStart, OldLines int
	NewStart, NewLines int
	Lines              []Line
}

// Header is the line that begins the hunk in a unified diff.
func (h Hunk) Header() string {
	return fmt.Sprintf("@@ -%s +%s @@", span(h.OldStart, h.OldLines), span(h.NewStart, h.NewLines))
}

// Hunks compares the two sides of a change by lines, with at most the given
// number of unchanged lines around each change.
func (c Change) Hunks(context int) []Hunk {
	lines := diffLines(string(c.Old), string(c.New))
	var hunks []Hunk
	oldAt, newAt := 1, 1
	for i := 0; i < len(lines); {
		if lines[i].Op == Keep {
			i++
			oldAt++
			newAt++
			continue
		}
		first := i
		for back := 0; back < context && first > 0 && lines[first-1].Op == Keep; back++ {
			first--
		}
		last, quiet := i, 0
		for j := i; j < len(lines) && quiet <= 2*context; j++ {
			if lines[j].Op == Keep {
				quiet++
			} else {
				quiet, last = 0, j
			}
		}
		end := min(last+1+context, len(lines))
		h := Hunk{OldStart: oldAt - (i - first), NewStart: newAt - (i - first), Lines: lines[first:end]}
		for _, l := range h.Lines {
			if l.Op != Insert {
				h.OldLines++
			}
			if l.Op != Delete {
				h.NewLines++
			}
		}
		oldAt, newAt = h.OldStart+h.OldLines, h.NewStart+h.NewLines
		if h.OldLines == 0 {
			h.OldStart--
		}
		if h.NewLines == 0 {
			h.NewStart--
		}
		hunks = append(hunks, h)
		i = end
	}
	return hunks
}

// diffLines is the shortest script that turns a into b, deletions before
// insertions.
func diffLines(a, b string) []Line {
	dmp := diffmatchpatch.New()
	dmp.DiffTimeout = 0 // the same result on every machine
	ra, rb, table := dmp.DiffLinesToRunes(a, b)
	diffs := dmp.DiffCharsToLines(dmp.DiffMainRunes(ra, rb, false), table)
	var out, inserted []Line
	flush := func() {
		out = append(out, inserted...)
		inserted = inserted[:0]
	}
	for _, d := range diffs {
		for l := range strings.Lines(d.Text) {
			switch d.Type {
			case diffmatchpatch.DiffEqual:
				flush()
				out = append(out, Line{Keep, l})
			case diffmatchpatch.DiffDelete:
				out = append(out, Line{Delete, l})
			case diffmatchpatch.DiffInsert:
				inserted = append(inserted, Line{Insert, l})
			}
		}
	}
	flush()
	return out
}

// Unified prints the change as git does, with three lines of context, so that
// `git apply` and `patch -p1` accept it. It is empty if nothing changed.
func (c Change) Unified() string {
	hunks := c.Hunks(3)
	if len(hunks) == 0 {
		return ""
	}
	var b strings.Builder
	from, to := gitName("a/"+c.Path), gitName("b/"+c.Path)
	fmt.Fprintf(&b, "diff --git %s %s\n", from, to)
	if c.Creates() {
		b.WriteString("new file mode 100644\n")
		from = "/dev/null"
	}
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", endName(from), endName(to))
	for _, h := range hunks {
		b.WriteString(h.Header() + "\n")
		for _, l := range h.Lines {
			b.WriteByte(byte(l.Op))
			b.WriteString(l.Text)
			if !strings.HasSuffix(l.Text, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	return b.String()
}

// Stat counts the inserted and deleted lines.
func (c Change) Stat() (inserted, deleted int) {
	for _, h := range c.Hunks(0) {
		for _, l := range h.Lines {
			switch l.Op {
			case Insert:
				inserted++
			case Delete:
				deleted++
			}
		}
	}
	return inserted, deleted
}

func span(start, lines int) string {
	if lines == 1 {
		return strconv.Itoa(start)
	}
	return fmt.Sprintf("%d,%d", start, lines)
}

// gitName quotes a name as git does where it holds control characters, quotes
// or bytes beyond ASCII.
func gitName(name string) string {
	plain := true
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			plain = false
			b.WriteByte('\\')
			b.WriteByte(c)
		case c == '\n':
			plain = false
			b.WriteString(`\n`)
		case c == '\t':
			plain = false
			b.WriteString(`\t`)
		case c < ' ' || c >= 0x7f:
			plain = false
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	if plain {
		return name
	}
	return b.String() + `"`
}

// endName marks the end of an unquoted name with a space in it by a tab.
func endName(name string) string {
	if !strings.HasPrefix(name, `"`) && strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}
