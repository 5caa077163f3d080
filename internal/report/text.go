package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/transforms"
)

// Text writes the findings for people: each with the code around it, the
// acquisition and the exits that miss the release marked. Leaks come first,
// offers in a part of their own. shown turns a path relative to the root into
// the one to print.
func Text(w io.Writer, d *Document, p Paint, shown func(string) string) error {
	b := bufio.NewWriter(w)
	leaks, offers := 0, 0
	for _, standing := range []transforms.Standing{transforms.Leak, transforms.Offer} {
		for i := range d.Findings {
			f := &d.Findings[i]
			if f.Standing != standing {
				continue
			}
			if standing == transforms.Leak {
				leaks++
			} else {
				if offers == 0 {
					b.WriteString(p.Bold("Offers: nothing leaks here, yet a change is worth a thought") + "\n\n")
				}
				offers++
			}
			writeFinding(b, f, p, shown)
		}
	}
	if d.Summary.Files > 0 || !d.incomplete {
		writeSummary(b, d, leaks, offers, p)
	}
	return b.Flush()
}

func writeFinding(b *bufio.Writer, f *Finding, p Paint, shown func(string) string) {
	phase := string(f.Phase)
	switch f.Phase {
	case transforms.Critical:
		phase = p.Red(phase)
	case transforms.High:
		phase = p.Yellow(phase)
	}
	fmt.Fprintf(b, "%s %s %s: %s\n", p.Bold(fmt.Sprintf("%s:%d:%d", visible(shown(f.Path)), f.Line, f.Column)), phase, f.Kind, f.Message)
	b.WriteString(f.frame)
	switch {
	case f.Fix != nil:
		fmt.Fprintf(b, "  %s: %s\n", p.Green("fix ("+f.Fix.Applicability.String()+")"), f.Fix.Message)
		for _, n := range f.Fix.Notes {
			fmt.Fprintf(b, "    - %s\n", n)
		}
	case f.Refusal != nil:
		fmt.Fprintf(b, "  %s: %s\n", p.Yellow("no fix ("+string(f.Refusal.Reason)+")"), f.Refusal.Text)
	}
	b.WriteString("\n")
}

// Mark is what is to be said of a line in the code around a finding.
type Mark struct {
	Line int
	Text string
	Exit bool // the owner is left there without the release
}

// madeHere is what is said of the line in which an observer is made that observes elsewhere.
const madeHere = "made here"

// madeIn is the line in which that was made which an obligation holds; 0 where that is the
// line of the acquisition, or does not show.
func madeIn(o *transforms.Obligation) int {
	n := o.Made()
	if !n.OK() {
		return 0
	}
	line, _ := o.File.Position(n.Start())
	if at, _ := o.File.Position(o.At.Start()); at == line {
		return 0
	}
	return line
}

// MarksOf says where something is acquired, where that was made which it holds, and where
// its owner is left without the release, one mark for each line.
func MarksOf(o *transforms.Obligation) []Mark {
	at := Mark{Text: "acquired here"}
	at.Line, _ = o.File.Position(o.At.Start())
	if o.At != o.Call {
		at.Text = "released here"
	}
	exits := map[int]string{}
	for _, x := range o.Exits {
		line, _ := o.File.Position(x.Node.Start())
		exits[line] = "left here without the release: " + x.How
	}
	if how, ok := exits[at.Line]; ok {
		at.Text += "; " + how
		delete(exits, at.Line)
	}
	out := []Mark{at}
	if line := madeIn(o); line > 0 && exits[line] == "" {
		out = append(out, Mark{line, madeHere, false})
	}
	for _, line := range slices.Sorted(maps.Keys(exits)) {
		out = append(out, Mark{line, exits[line], true})
	}
	return out
}

// frameOf is the code around a finding.
func frameOf(o *transforms.Obligation, f *Finding, p Paint) string {
	marks := map[int]string{}
	all := MarksOf(o)
	for _, m := range all[1:] {
		marks[m.Line] = m.Text
	}
	var b strings.Builder
	frame(&b, o, f, all[0].Text, marks, p)
	return b.String()
}

// frame prints the lines around the acquisition and around each exit.
func frame(b *strings.Builder, o *transforms.Obligation, f *Finding, at string, marks map[int]string, p Paint) {
	show := map[int]bool{}
	last := 0
	want := func(line, around int) {
		for l := max(1, line-around); l <= line+around; l++ {
			show[l] = true
			last = max(last, l)
		}
	}
	want(f.Line, 1)
	for line := range marks {
		want(line, 0)
	}
	width := len(fmt.Sprint(last))
	previous := 0
	for line := 1; line <= last; line++ {
		text := o.File.Line(line)
		if !show[line] || text == "" && line > f.Line+1 {
			continue
		}
		if previous > 0 && line > previous+1 {
			fmt.Fprintf(b, "  %s\n", p.Dim(strings.Repeat(" ", width+2)+"…"))
		}
		previous = line
		sign := " "
		_, exit := marks[line]
		if line == f.Line || exit {
			sign = p.Red(">")
		}
		fmt.Fprintf(b, "  %s %s %s\n", sign, p.Dim(fmt.Sprintf("%*d │", width, line)), printable(text))
		if line == f.Line {
			start := columns(text, f.Column)
			length := max(1, columns(text, f.EndColumn)-start)
			if f.EndLine != f.Line {
				length = max(1, len([]rune(printable(text)))-start)
			}
			fmt.Fprintf(b, "    %s %s%s %s\n", p.Dim(strings.Repeat(" ", width)+" │"), strings.Repeat(" ", start), p.Red(strings.Repeat("^", length)), p.Red(at))
		}
		if how, ok := marks[line]; ok {
			indent := len(printable(text)) - len(strings.TrimLeft(printable(text), " "))
			fmt.Fprintf(b, "    %s %s%s %s\n", p.Dim(strings.Repeat(" ", width)+" │"), strings.Repeat(" ", indent), p.Red("^"), p.Red(how))
		}
	}
}

// visible spells out what a name may hold that would end the line or colour it.
func visible(path string) string { return diffview.Visible(strings.ReplaceAll(path, "\t", "<U+0009>")) }

// printable shows tabs as two spaces, and control characters not at all.
func printable(s string) string {
	s = strings.ReplaceAll(s, "\t", "  ")
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xFEFF || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > 160 {
		s = string(r[:157]) + "…"
	}
	return s
}

// columns is how many characters stand before a column, counted from 1 in
// UTF-16 units, when the line is printed.
func columns(text string, column int) int {
	units, n := 1, 0
	for _, r := range text {
		if units >= column {
			break
		}
		units++
		if r > 0xFFFF {
			units++
		}
		n++
		if r == '\t' {
			n++
		}
	}
	return min(n, 160)
}

func writeSummary(b *bufio.Writer, d *Document, leaks, offers int, p Paint) {
	if leaks+offers == 0 {
		none := "No leaks found"
		if d.Summary.Known > 0 {
			none = "No new leaks found"
		}
		fmt.Fprintf(b, "%s in %s%s.\n", p.Green(none), count(d.Summary.Files, "file"), known(d))
		return
	}
	var phases []string
	for _, phase := range transforms.Phases {
		if n := d.Summary.ByPhase[phase]; n > 0 {
			phases = append(phases, fmt.Sprintf("%d %s", n, phase))
		}
	}
	what := count(leaks, "leak")
	if offers > 0 {
		what += " and " + count(offers, "offer")
	}
	fmt.Fprintf(b, "%s in %s (%s); %d can be fixed%s.\n", p.Bold(what), count(d.Summary.Files, "file"), strings.Join(phases, ", "), d.Summary.Fixable, known(d))
}

// known says how much the baseline keeps back.
func known(d *Document) string {
	if d.Summary.Known == 0 {
		return ""
	}
	return fmt.Sprintf("; %d known from the baseline", d.Summary.Known)
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
