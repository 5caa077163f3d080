// Package terminal shows a review: on the screen of a terminal, or line by line.
package terminal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/review"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// frame is how one fix is shown.
type frame struct {
	width int // columns; 0: lines are as long as they are
	more  bool
	paint report.Paint
	shown func(string) string
}

// Lines of context around a change, and with more.
const (
	fewLines  = 3
	manyLines = 12
)

// lines is all that is to be seen of an item.
func (f frame) lines(it *review.Item) []string {
	out := f.head(it)
	out = append(out, "")
	return append(out, f.diff(it)...)
}

// head is everything but the diff: where it is, why it leaks, what the fix does, and
// what is to be thought of.
func (f frame) head(it *review.Item) []string {
	p := f.paint
	first := it.Fix.Plan.Obligations[0]
	line, column := first.File.Position(first.At.Start())
	phase := string(it.Fix.Phase())
	switch it.Fix.Phase() {
	case transforms.Critical:
		phase = p.Red(phase)
	case transforms.High:
		phase = p.Yellow(phase)
	}
	out := f.text("", p.Bold(fmt.Sprintf("%s:%d:%d", diffview.Visible(f.shown(it.Path)), line, column))+" "+phase+" "+kindsOf(it))
	out = append(out, f.text("", diffview.Visible(capital(first.Message))+".")...)
	apply := p.Green("safe")
	if it.Fix.Applicability != transforms.Safe {
		apply = p.Yellow("unsafe, it needs your yes")
	}
	out = append(out, f.text("  ", p.Bold("Fix")+" ("+apply+"): "+diffview.Visible(it.Fix.Message))...)
	for _, o := range it.Fix.Plan.Obligations[1:] {
		l, _ := o.File.Position(o.At.Start())
		out = append(out, f.text("  ", fmt.Sprintf("It also settles line %d: %s", l, diffview.Visible(o.Message)))...)
	}
	for _, n := range it.Fix.Notes {
		out = append(out, f.text("  ", p.Yellow("Note")+": "+diffview.Visible(n.Text))...)
	}
	switch it.State {
	case review.Applied, review.Ignored, review.Skipped:
		out = append(out, f.text("  ", p.Cyan("This is "+it.State.String()+"."))...)
	}
	if it.Edited {
		out = append(out, f.judgement(it)...)
	}
	if f.more {
		out = append(out, f.explanation(it)...)
	}
	return out
}

func (f frame) judgement(it *review.Item) []string {
	p := f.paint
	if it.Judgement.Broken != "" {
		return f.text("  ", p.Red("Your edit does not parse")+": "+diffview.Visible(it.Judgement.Broken)+". e edits it again, u drops it.")
	}
	if len(it.Judgement.Owes) == 0 {
		return f.text("  ", p.Green("Your edit")+": it parses, and nothing leaks any more. y applies it, u drops it.")
	}
	var out []string
	for _, text := range it.Judgement.Owes {
		out = append(out, f.text("  ", p.Yellow("Your edit")+": "+diffview.Visible(text))...)
	}
	return append(out, f.text("  ", "y applies it all the same, e edits it again, u drops it.")...)
}

// explanation is what the kinds say of themselves.
func (f frame) explanation(it *review.Item) []string {
	var out []string
	var told []string
	for _, o := range it.Fix.Plan.Obligations {
		if k := o.Kind; !slices.Contains(told, k.Name) {
			told = append(told, k.Name)
			out = append(out, "")
			out = append(out, f.text("", f.paint.Bold("About "+k.Name))...)
			for _, paragraph := range strings.Split(strings.TrimSpace(k.Prose), "\n\n") {
				out = append(out, f.text("", diffview.Visible(strings.Join(strings.Fields(paragraph), " ")))...)
			}
		}
	}
	return out
}

// diff is the change, with marks below the lines in which something is acquired, and
// in which the owner is left without the release.
func (f frame) diff(it *review.Item) []string {
	var marks []report.Mark
	if it.State != review.Applied && it.State != review.Ignored {
		for _, o := range it.Fix.Plan.Obligations {
			marks = append(marks, report.MarksOf(o)...)
		}
	}
	var lines []int
	last := 1
	for _, m := range marks {
		lines = append(lines, m.Line)
	}
	context := fewLines
	if f.more {
		context = manyLines
	}
	hunks := diffview.Around(it.Change, context, lines)
	for _, h := range hunks {
		last = max(last, h.OldStart+h.OldLines, h.NewStart+h.NewLines)
	}
	digits := len(fmt.Sprint(last))
	var out []string
	for i, h := range hunks {
		if i > 0 {
			out = append(out, f.paint.Dim(strings.Repeat(" ", digits)+" …"))
		}
		for _, r := range h.Rows {
			out = append(out, f.row(r, digits)...)
			if r.Old > 0 {
				out = append(out, f.marks(r, marks, digits)...)
			}
		}
	}
	return out
}

// row is one line of the diff: its number (of the new text, if it is there), what the
// diff does to it, and the line, over as many lines as it takes.
func (f frame) row(r diffview.Row, digits int) []string {
	number := r.New
	if r.Op == patch.Delete {
		number = r.Old
	}
	text := [][]diffview.Span{diffview.Expand(r.Spans)}
	if f.width > 0 {
		text = diffview.Wrap(r.Spans, max(f.width-digits-3, 8))
	}
	var out []string
	for i, spans := range text {
		gutter := fmt.Sprintf("%*d ", digits, number)
		if i > 0 {
			gutter = strings.Repeat(" ", digits+1)
		}
		if len(spans) == 0 { // no blanks at the end
			out = append(out, f.paint.Sign(r.Op, strings.TrimRight(gutter+string(r.Op), " ")))
			continue
		}
		out = append(out, f.paint.Sign(r.Op, gutter+string(r.Op))+" "+f.paint.Spans(r.Op, spans))
	}
	return out
}

func (f frame) marks(r diffview.Row, marks []report.Mark, digits int) []string {
	text := r.Text()
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	indent = diffview.Width([]diffview.Span{{Text: text[:indent]}})
	if f.width > 0 {
		indent = min(indent, f.width/3)
	}
	var out, told []string
	for _, m := range marks {
		if m.Line != r.Old || slices.Contains(told, m.Text) {
			continue
		}
		told = append(told, m.Text)
		paint := f.paint.Cyan
		if m.Exit || strings.Contains(m.Text, "left here") {
			paint = f.paint.Red
		}
		pad := strings.Repeat(" ", digits+3+indent)
		for i, line := range f.wrapped(len(pad)+2, diffview.Visible(m.Text)) {
			sign := "^ "
			if i > 0 {
				sign = "  "
			}
			out = append(out, pad+paint(sign+line))
		}
	}
	return out
}

// text is a sentence, over as many lines as it takes, the later ones indented.
func (f frame) text(indent, s string) []string {
	lines := f.wrapped(len(indent), s)
	for i := 1; i < len(lines); i++ {
		lines[i] = indent + lines[i]
	}
	return lines
}

func (f frame) wrapped(used int, s string) []string {
	if f.width <= 0 {
		return []string{s}
	}
	return strings.Split(ansi.Wrap(s, max(f.width-used, 8), ""), "\n")
}

func kindsOf(it *review.Item) string {
	var names []string
	for _, o := range it.Fix.Plan.Obligations {
		if !slices.Contains(names, o.Kind.Name) {
			names = append(names, o.Kind.Name)
		}
	}
	return strings.Join(names, ", ")
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
