package page

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/diffview"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// data is what the page's script shows. All texts are spelled out by diffview.Visible.
type data struct {
	Name    string            `json:"name"`
	Classes []string          `json:"classes"`
	Phases  []string          `json:"phases"`
	Why     map[string]string `json:"why"`
	Items   []item            `json:"items"`
}

// item is a card: a fix, something that was left alone, or a leak test.
type item struct {
	ID       string   `json:"id"`
	Sort     string   `json:"sort"` // fix, left, test
	Path     string   `json:"path"`
	Line     int      `json:"line"`
	Package  string   `json:"pkg"`
	Phase    string   `json:"phase"`
	Kinds    []string `json:"kinds"`
	Owner    string   `json:"owner"`
	Apply    string   `json:"apply"`           // safe, unsafe, or none
	Offer    bool     `json:"offer,omitempty"` // nothing leaks there
	Leaks    []leak   `json:"leaks"`
	Done     string   `json:"done"` // what the fix does, or why there is none
	Notes    []string `json:"notes"`
	OnTop    bool     `json:"onTop,omitempty"`
	Added    int      `json:"added"`
	Deleted  int      `json:"deleted"`
	Hunks    []hunk   `json:"hunks"`
	Mentions string   `json:"mentions,omitempty"` // more that a search finds it by
}

type leak struct {
	Kind string `json:"kind"`
	Line int    `json:"line"`
	Text string `json:"text"`
	Way  string `json:"way"`
}

// hunk has its rows as [op, old line, new line, pieces, mark]; pieces are classes and
// texts in turn, with 16 added to the class of what changed within its line. Pairs
// are the rows side by side, by index, -1 for none.
type hunk struct {
	Header string   `json:"header"`
	Rows   [][]any  `json:"rows"`
	Pairs  [][2]int `json:"pairs"`
}

const changed = 16

func newData(p *report.Preview) data {
	d := data{Name: diffview.Visible(path.Base(p.Root)), Classes: diffview.Classes[:], Why: map[string]string{}, Items: []item{}}
	for _, phase := range transforms.Phases {
		d.Phases = append(d.Phases, string(phase))
	}
	for kind, why := range p.Why {
		d.Why[kind] = diffview.Visible(why)
	}
	for i := range p.Fixes {
		d.Items = append(d.Items, itemOfFix(&p.Fixes[i]))
	}
	phaseOf := map[string]*item{} // by path: the first fix of a file
	for i := range d.Items {
		if phaseOf[d.Items[i].Path] == nil {
			phaseOf[d.Items[i].Path] = &d.Items[i]
		}
	}
	var tests []item
	for i, t := range p.Tests {
		it := item{
			ID: fmt.Sprintf("test-%d", i+1), Sort: "test", Path: diffview.Visible(t.Path), Line: 1, Phase: d.Phases[len(d.Phases)-1],
			Kinds: []string{}, Apply: "unsafe", Owner: diffview.Visible(t.Class), Leaks: []leak{}, Notes: []string{"Nobody has run it yet."},
			Done: diffview.Visible("Write a leak test for " + t.Class + ": it makes an instance, ends it, and asserts that nothing of it stays alive"),
		}
		if f := phaseOf[diffview.Visible(t.For)]; f != nil {
			it.Phase, it.Package, it.Kinds = f.Phase, f.Package, f.Kinds
		}
		it.show(t.Change, nil)
		tests = append(tests, it)
	}
	d.Items = append(d.Items, tests...)
	for i := range p.Left {
		d.Items = append(d.Items, itemOfLeft(&p.Left[i]))
	}
	return d
}

func itemOfFix(f *report.PreviewFix) item {
	it := item{
		ID: "fix-" + f.Fingerprints[0], Sort: "fix", Path: diffview.Visible(f.Path), Line: f.Line, Package: diffview.Visible(f.Package),
		Phase: string(f.Phase), Kinds: f.Kinds, Owner: diffview.Visible(f.Owner.Name), Apply: f.Applicability.String(),
		Done: diffview.Visible(f.Message), Notes: visible(f.Notes), OnTop: f.OnTop, Leaks: []leak{}, Mentions: strings.Join(f.Fingerprints, " "),
	}
	for _, s := range f.Settles {
		it.Leaks = append(it.Leaks, leak{s.Kind, s.Line, diffview.Visible(s.Message), string(s.Way)})
	}
	it.Offer = !slices.ContainsFunc(f.Settles, func(s report.Settled) bool { return s.Standing == transforms.Leak })
	it.show(f.Change, f.Marks)
	return it
}

func itemOfLeft(l *report.Left) item {
	it := item{
		ID: "left-" + l.Fingerprint, Sort: "left", Path: diffview.Visible(l.Path), Line: l.Line, Package: diffview.Visible(l.Package),
		Phase: string(l.Phase), Kinds: []string{l.Kind}, Owner: diffview.Visible(l.Owner.Name), Apply: "none", Notes: []string{},
		Leaks: []leak{{l.Kind, l.Line, diffview.Visible(l.Message), string(l.Way)}}, Mentions: l.Fingerprint, Offer: l.Standing == transforms.Offer,
	}
	switch {
	case l.Fix != nil:
		it.Done, it.Notes = diffview.Visible("There is a fix that is not among these ("+l.Fix.Applicability.String()+"): "+l.Fix.Message), visible(l.Fix.Notes)
	case l.Refusal != nil:
		it.Done, it.Mentions = diffview.Visible("Left alone: "+l.Refusal.Text), it.Mentions+" "+string(l.Refusal.Reason)
	default:
		it.Done = "Left alone: there is no way yet to mend it"
	}
	it.show(patch.Change{Path: l.Path, Old: l.Source, New: l.Source}, l.Marks)
	return it
}

// show adds the code: what changes, and the lines with marks.
func (it *item) show(c patch.Change, marks []report.Mark) {
	it.Added, it.Deleted = c.Stat()
	var lines []int
	said := map[int]report.Mark{}
	for _, m := range marks {
		lines = append(lines, m.Line)
		if old, ok := said[m.Line]; ok && old.Text != m.Text {
			m.Text = old.Text + "; " + m.Text
		}
		said[m.Line] = m
	}
	it.Hunks = []hunk{}
	for _, h := range diffview.Around(c, 3, lines) {
		out := hunk{Header: h.Header(), Rows: [][]any{}, Pairs: [][2]int{}}
		index := map[*diffview.Row]int{}
		for i := range h.Rows {
			r := &h.Rows[i]
			index[r] = i
			pieces := []any{}
			for _, s := range r.Spans {
				class := int(s.Class)
				if s.Changed {
					class += changed
				}
				pieces = append(pieces, class, s.Text)
			}
			row := []any{string(byte(r.Op)), r.Old, r.New, pieces}
			if m, ok := said[r.Old]; ok && r.Old > 0 {
				sort := "acquired"
				if m.Exit {
					sort = "exit"
				}
				row = append(row, []string{sort, diffview.Visible(m.Text)})
			}
			out.Rows = append(out.Rows, row)
		}
		for _, p := range diffview.Pairs(h) {
			at := [2]int{-1, -1}
			if p.Left != nil {
				at[0] = index[p.Left]
			}
			if p.Right != nil {
				at[1] = index[p.Right]
			}
			out.Pairs = append(out.Pairs, at)
		}
		it.Hunks = append(it.Hunks, out)
	}
}

func visible(texts []string) []string {
	out := []string{}
	for _, t := range texts {
		out = append(out, diffview.Visible(t))
	}
	return out
}
