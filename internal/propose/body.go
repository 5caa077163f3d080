package propose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// said is a text of the analysis in Markdown: what is quoted in it from the source
// is code, and no literal is quoted.
func said(s string) string { return markdown.Prose(markdown.WithoutLiterals(s)) }

// Bounds of what is told of one fix; the rest is counted.
const (
	maxTold  = 30 // leaks, notes
	maxExits = 8
)

// body writes the text of a pull request, and the comments that continue it.
func (w *Work) body(p *Plan) (string, []string) {
	var leaks, notes, left []string
	for _, f := range w.Fixes {
		leaks = append(leaks, p.aboutFix(f))
		notes = append(notes, p.notesOf(f)...)
	}
	for _, f := range w.Left {
		left = append(left, fmt.Sprintf("- %s: %s.\n  %s\n", p.place(f.Obligation), said(f.Message), whyLeft(f)))
	}
	for _, d := range w.Dropped {
		left = append(left, fmt.Sprintf("- %s, “%s”: the fix was made and taken back. %s\n", markdown.Code(p.Base.In(d.Path)), said(d.Fix.Message), said(d.Why)))
	}
	return assemble(w.intro(p), []section{
		{"What leaks, and what is done", "", leaks},
		{"To be looked at", "What could not be decided by reading the code:", notes},
		{"What was left alone", "These leak, too, and are not mended here:", left},
	}, w.verified(p)+w.howTo(), forge.BodyRoom)
}

func (w *Work) intro(p *Plan) string {
	var b strings.Builder
	leaks, files := 0, len(w.Changes)
	unsafe := 0
	var kinds []*transforms.Kind
	for _, f := range w.Fixes {
		leaks += len(f.Plan.Obligations)
		if f.Applicability == transforms.Unsafe {
			unsafe++
		}
		for _, o := range f.Plan.Obligations {
			if !slices.ContainsFunc(kinds, func(k *transforms.Kind) bool { return k.Name == o.Kind.Name }) {
				kinds = append(kinds, o.Kind)
			}
		}
	}
	fmt.Fprintf(&b, "This code acquires what it does not release on every way out. %s of the phase *%s* in %s: %s.\n\n",
		counted(leaks, "leak", "leaks"), w.Part.Phase, counted(files, "file", "files"), counted(len(w.Commits), "commit mends all of it", "commits mend all of it"))
	switch {
	case unsafe == 0:
		b.WriteString("Every change is *safe*: behaviour differs only in that the resource is released.\n\n")
	case unsafe == len(w.Fixes):
		b.WriteString("This needs a person's yes, for the reasons under “To be looked at”.\n\n")
	default:
		fmt.Fprintf(&b, "%s a person's yes, for the reasons under “To be looked at”; with the others behaviour differs only in that the resource is released.\n\n",
			counted(unsafe, "change needs", "changes need"))
	}
	if w.On != nil {
		fmt.Fprintf(&b, "**This rests on %s**, which changes some of the same files: merge that one first.\n\n", markdown.Code(w.On.Part.Branch))
	}
	slices.SortFunc(kinds, func(a, b *transforms.Kind) int { return strings.Compare(a.Name, b.Name) })
	for i, k := range kinds {
		if i == maxTold {
			break
		}
		fmt.Fprintf(&b, "- %s: %s\n", markdown.Code(k.Name), whyLeaks(k))
	}
	return b.String()
}

// whyLeaks is the first paragraph of what a kind says of itself. That of the
// program's own kinds is Markdown of ours.
func whyLeaks(k *transforms.Kind) string {
	first, _, _ := strings.Cut(strings.TrimSpace(k.Prose), "\n\n")
	if k.Own {
		return markdown.Prose(first)
	}
	return strings.Join(strings.Fields(first), " ")
}

// place is where something is acquired.
func (p *Plan) place(o *transforms.Obligation) string {
	line, _ := o.File.Position(o.At.Start())
	return fmt.Sprintf("%s, line %d", markdown.Code(p.Base.In(o.File.Path)), line)
}

// aboutFix tells of a fix: place, kind, owner, exits, and what is done.
func (p *Plan) aboutFix(f *transforms.Fix) string {
	var b strings.Builder
	for i, o := range f.Plan.Obligations {
		if i == maxTold {
			fmt.Fprintf(&b, "- and %d more of the same owner\n", len(f.Plan.Obligations)-i)
			break
		}
		fmt.Fprintf(&b, "- %s: %s.\n", p.place(o), said(o.Message))
		fmt.Fprintf(&b, "  Kind %s, owner %s (%s), %s.", markdown.Code(o.Kind.Name), markdown.Code(markdown.WithoutLiterals(o.Owner.Name)), o.Owner.Form, o.Way)
		b.WriteString(exits(o))
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "  - Done: %s (%s).\n", said(f.Message), f.Applicability)
	return b.String()
}

// exits tells where the owner is left without the release, unless the sentence about
// the leak does: of one way out.
func exits(o *transforms.Obligation) string {
	if len(o.Exits) == 0 || len(o.Exits) == 1 && o.Way == transforms.MissingPath {
		return ""
	}
	var all []string
	for i, x := range o.Exits {
		if i == maxExits {
			all = append(all, fmt.Sprintf("and %d more", len(o.Exits)-i))
			break
		}
		line, _ := o.File.Position(x.Node.Start())
		if x.How == "" {
			all = append(all, fmt.Sprintf("line %d", line))
		} else {
			all = append(all, fmt.Sprintf("line %d (%s)", line, said(x.How)))
		}
	}
	return " Left without the release: " + strings.Join(all, "; ") + "."
}

// notesOf are the doubts of a fix, as lines of a checklist.
func (p *Plan) notesOf(f *transforms.Fix) []string {
	var out []string
	for i, n := range f.Notes {
		if i == maxTold {
			out = append(out, fmt.Sprintf("- [ ] %s: and %d more\n", p.place(f.Plan.Obligations[0]), len(f.Notes)-i))
			break
		}
		out = append(out, fmt.Sprintf("- [ ] %s: %s\n", p.place(f.Plan.Obligations[0]), said(n.Text)))
	}
	return out
}

// whyLeft says why a leak is left alone.
func whyLeft(f Finding) string {
	switch {
	case f.Fix != nil && f.Fix.Applicability == transforms.Unsafe:
		return fmt.Sprintf("There is a fix that needs a person's yes: %s. `unleak fix --unsafe` writes it.", said(f.Fix.Message))
	case f.Fix != nil:
		return fmt.Sprintf("There is a fix that is only shown: %s.", said(f.Fix.Message))
	case f.Refusal != nil:
		return fmt.Sprintf("Not mended (%s): %s.", markdown.Code(string(f.Refusal.Reason)), said(f.Refusal.Text))
	}
	return "Not mended: there is no way yet to do it."
}

func (w *Work) verified(p *Plan) string {
	var b strings.Builder
	b.WriteString("\n## What was verified\n\n")
	fmt.Fprintf(&b, "- It was computed on %s of %s.\n", markdown.Code(string(p.Base.Commit)), markdown.Code(p.Base.Branch))
	b.WriteString("- The text that each commit leaves was read by two independent parsers and analysed again: what the commit mends is settled, and nothing new is owed.\n")
	fmt.Fprintf(&b, "- With all commits in place, every file that they can have an effect on (%d) was scanned again: nothing of the above is left, and nothing new leaks.\n", w.scanned)
	if p.opts.Verify == "" {
		b.WriteString("- Nothing of the project was run: `unleak pr --verify COMMAND` lets its own check judge each pull request.\n")
	} else {
		fmt.Fprintf(&b, "- %s passes on a copy, before and after.\n", markdown.Code(p.opts.Verify))
	}
	return b.String()
}

func (w *Work) howTo() string {
	kind := "interval"
	if len(w.Fixes) > 0 {
		kind = w.Fixes[0].Plan.Obligations[0].Kind.Name
	}
	return fmt.Sprintf(`
## To silence it, or to take it back

- Closing this without merging is an answer, too: the same findings are not proposed again.
- A commit pushed to this branch by somebody else is kept: the branch is left alone from then on.
- %s above an acquisition silences it; %s and %s in %s silence more.
- Each commit can be reverted by itself.
`, markdown.Code("// unleak-ignore-next-line "+kind+" -- reason"), "`paths`", "`kinds`", "`.unleak.yaml`")
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// section is a part of the text that may be long.
type section struct {
	title, lead string
	items       []string // each a list item, with its line ends
}

// folded is how many items a section has that is shown folded.
const folded = 12

// maxMore is how many comments continue a text.
const maxMore = 20

// assemble puts a text together that has at most room bytes. Long sections are
// folded. What does not fit of them goes into comments, each of at most room bytes.
func assemble(intro string, sections []section, tail string, room int) (string, []string) {
	const frame = 400 // around each section
	budget := room - len(intro) - len(tail)
	sizes := make([]int, len(sections))
	open := 0
	for i, s := range sections {
		budget -= frame + len(s.title) + len(s.lead)
		for _, item := range s.items {
			sizes[i] += len(item)
		}
		if sizes[i] > 0 {
			open++
		}
	}
	shares := make([]int, len(sections))
	for rest := max(budget, 0); open > 0; { // those that need less than their share leave it to the others
		share, before := rest/open, open
		for i := range sections {
			if shares[i] == 0 && sizes[i] > 0 && sizes[i] <= share {
				shares[i] = sizes[i]
				rest -= sizes[i]
				open--
			}
		}
		if open == before {
			for i := range sections {
				if shares[i] == 0 && sizes[i] > 0 {
					shares[i] = share
				}
			}
			break
		}
	}
	var b, overflow strings.Builder
	var more []string
	b.WriteString(intro)
	lost := 0
	for i, s := range sections {
		if len(s.items) == 0 {
			continue
		}
		n, size := 0, 0
		for n < len(s.items) && size+len(s.items[n]) <= shares[i] {
			size += len(s.items[n])
			n++
		}
		writeSection(&b, s, n)
		for _, item := range s.items[n:] {
			head := fmt.Sprintf("\n## %s, continued\n\n", s.title)
			if overflow.Len() > 0 && overflow.Len()+len(head)+len(item)+frame > room {
				more = append(more, overflow.String())
				overflow.Reset()
			}
			if len(more) == maxMore {
				lost++
				continue
			}
			if overflow.Len() == 0 || !strings.Contains(overflow.String(), head) {
				overflow.WriteString(head)
			}
			overflow.WriteString(item)
		}
	}
	if overflow.Len() > 0 {
		more = append(more, overflow.String())
	}
	if lost > 0 {
		more[len(more)-1] += fmt.Sprintf("\n%d more are not listed; `unleak scan` shows them.\n", lost)
	}
	b.WriteString(tail)
	return b.String(), more
}

// writeSection writes the first n items, and says where the others are.
func writeSection(b *strings.Builder, s section, n int) {
	fmt.Fprintf(b, "\n## %s\n\n", s.title)
	if s.lead != "" {
		b.WriteString(s.lead + "\n\n")
	}
	fold := len(s.items) > folded && n > 0
	if fold {
		fmt.Fprintf(b, "<details>\n<summary>%d entries</summary>\n\n", len(s.items))
	}
	for _, item := range s.items[:n] {
		b.WriteString(item)
	}
	if fold {
		b.WriteString("\n</details>\n")
	}
	if n < len(s.items) {
		fmt.Fprintf(b, "\n%d more stand in the comments below.\n", len(s.items)-n)
	}
}
