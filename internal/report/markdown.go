package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/transforms"
)

// MaxComment is how many bytes Markdown has at most. GitHub takes 65,536 characters
// in a comment; what is left is for what somebody puts around it.
const MaxComment = 65_000

// Markdown writes a preview as a comment: what leaks, what would be done, the
// doubts, and the diffs, folded. Where it gets too long the last diffs are left out, then
// the last fixes, and it says so. What comes out of the source means nothing there.
func Markdown(w io.Writer, p *Preview) error {
	_, err := io.WriteString(w, markdownOf(p, MaxComment))
	return err
}

func markdownOf(p *Preview, room int) string {
	const said = 400 // what is said of what does not fit
	head := p.headline()
	var items, diffs []string
	for i := range p.Fixes {
		items, diffs = append(items, p.Fixes[i].entry()), append(diffs, p.Fixes[i].folded())
	}
	for _, t := range p.Tests {
		items = append(items, fmt.Sprintf("\n#### %s (a new leak test)\n\nIt makes a %s, ends it, and asserts that nothing of it stays alive.\n", markdown.Code(t.Path), markdown.Code(t.Class)))
		diffs = append(diffs, fold(t.Diff))
	}
	var left []string
	for i := range p.Left {
		left = append(left, p.Left[i].entry())
	}
	if len(left) > 0 {
		items, diffs = append(items, "\n### Left alone\n\n"+left[0]), append(diffs, "")
		for _, l := range left[1:] {
			items, diffs = append(items, l), append(diffs, "")
		}
	}
	room -= len(head) + said
	n := 0
	for n < len(items) && len(items[n]) <= room { // first what is said of each, then their diffs
		room -= len(items[n])
		n++
	}
	var b strings.Builder
	b.WriteString(head)
	without := 0
	for i, item := range items[:n] {
		b.WriteString(item)
		if diffs[i] == "" {
			continue
		}
		if without > 0 || len(diffs[i]) > room {
			without++
			continue
		}
		room -= len(diffs[i])
		b.WriteString(diffs[i])
	}
	if without > 0 {
		fmt.Fprintf(&b, "\n%s left out, for there is no room: `unleak diff` shows all.\n", counted(without, "diff is", "diffs are"))
	}
	if n < len(items) {
		fmt.Fprintf(&b, "\n%s not listed here: `unleak diff` shows all.\n", counted(len(items)-n, "more is", "more are"))
	}
	return b.String()
}

// headline says how much there is.
func (p *Preview) headline() string {
	s := p.Summary
	if s.Fixes == 0 {
		return "### No fixes\n\nThere is nothing that unleak would change.\n"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### %s in %s\n\n", counted(s.Fixes, "fix", "fixes"), count(s.Files, "file"))
	var parts []string
	for _, phase := range transforms.Phases {
		if n := s.ByPhase[phase]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, phase))
		}
	}
	fmt.Fprintf(&b, "By phase: %s. ", strings.Join(parts, ", "))
	switch safe, unsafe := s.ByApplicability[transforms.Safe], s.ByApplicability[transforms.Unsafe]; {
	case unsafe == 0:
		b.WriteString("Every one is *safe*: behaviour differs only in that the resource is released.\n")
	case safe == 0:
		b.WriteString("Every one needs a person's yes.\n")
	default:
		fmt.Fprintf(&b, "%d are *safe* (behaviour differs only in that the resource is released), %d need a person's yes.\n", safe, unsafe)
	}
	return b.String()
}

// said is a text of the analysis in Markdown: what is quoted in it from the source
// is code, and no literal is quoted.
func said(s string) string { return markdown.Prose(markdown.WithoutLiterals(s)) }

// entry tells of a fix: place, what leaks, what is done, what is to be looked at.
func (f *PreviewFix) entry() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n#### %s, line %d (%s, %s)\n\n", markdown.Code(f.Path), f.Line, f.Phase, f.Applicability)
	for _, s := range f.Settles {
		fmt.Fprintf(&b, "- Line %d, %s: %s.\n", s.Line, markdown.Code(s.Kind), said(s.Message))
	}
	fmt.Fprintf(&b, "\n%s.\n", said(f.Message))
	if len(f.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range f.Notes {
		fmt.Fprintf(&b, "- [ ] %s\n", said(n))
	}
	return b.String()
}

func (f *PreviewFix) folded() string { return fold(f.Change.Unified()) }

// fold is a diff that is shown on demand.
func fold(diff string) string {
	var b strings.Builder
	for line := range strings.Lines(diff) {
		b.WriteString(diffview.Visible(strings.TrimRight(line, "\r\n")) + "\n")
	}
	text := b.String()
	fence := markdown.Fence(text, 3)
	return "\n<details><summary>Diff</summary>\n\n" + fence + "diff\n" + text + fence + "\n\n</details>\n"
}

// entry tells of what is not mended, and why.
func (l *Left) entry() string {
	why := "there is no way yet to mend it"
	switch {
	case l.Fix != nil && l.Fix.Applicability == transforms.Display:
		why = "there is a fix that is only shown: " + said(l.Fix.Message)
	case l.Fix != nil:
		why = "its fix is not among these: " + said(l.Fix.Message)
	case l.Refusal != nil:
		why = "not mended (" + markdown.Code(string(l.Refusal.Reason)) + "): " + said(l.Refusal.Text)
	}
	return fmt.Sprintf("- %s, line %d, %s: %s; %s.\n", markdown.Code(l.Path), l.Line, markdown.Code(l.Kind), said(l.Message), why)
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
