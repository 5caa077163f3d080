package main

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Place is a statement in which at least one tool reports a leak.
type Place struct {
	Repository string
	Path       string
	Line       int                 // where the statement begins
	Rules      map[string][]string // by tool
	Verdict    Verdict
	end        int // the line where it ends
}

// join sorts the reports of one repository, extracted into dir, by the statement
// that they are about.
func join(ctx context.Context, repository, dir string, reports []Report) ([]*Place, error) {
	byFile := map[string][]Report{}
	for _, r := range reports {
		byFile[r.Path] = append(byFile[r.Path], r)
	}
	var places []*Place
	for rel, of := range byFile {
		src, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(rel)))
		if err != nil {
			return nil, err
		}
		f, err := syntax.Parse(ctx, rel, src)
		if err != nil {
			return nil, err
		}
		places = append(places, joinFile(repository, f, rel, of)...)
	}
	slices.SortFunc(places, func(a, b *Place) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line)) })
	return places, nil
}

// joinFile puts reports into one place if they begin in the same statement. A rule
// about an effect or a function reports the whole of it, where another tool reports
// the statement in it: such a report goes to the first statement within, of those
// that another tool reports.
func joinFile(repository string, f *syntax.File, rel string, reports []Report) []*Place {
	var places []*Place
	for _, r := range reports {
		line, end := statement(f, r)
		at := slices.IndexFunc(places, func(p *Place) bool { return p.Line == line })
		if at < 0 {
			at = len(places)
			places = append(places, &Place{Repository: repository, Path: rel, Line: line, Rules: map[string][]string{}, end: end})
		}
		places[at].add(r.Tool, r.Rule)
	}
	slices.SortFunc(places, func(a, b *Place) int { return cmp.Compare(a.Line, b.Line) })
	for i := len(places) - 1; i >= 0; i-- {
		if inner := within(places, i); inner != nil {
			for tool, rules := range places[i].Rules {
				inner.add(tool, rules...)
			}
			places = slices.Delete(places, i, i+1)
		}
	}
	return places
}

// within returns the first place inside another one that none of the other's tools
// reports, or nil.
func within(places []*Place, i int) *Place {
	outer := places[i]
	for _, p := range places[i+1:] {
		if p.Line > outer.end {
			break
		}
		shared := false
		for tool := range outer.Rules {
			shared = shared || p.Rules[tool] != nil
		}
		if !shared {
			return p
		}
	}
	return nil
}

func (p *Place) add(tool string, rules ...string) {
	for _, rule := range rules {
		if !slices.Contains(p.Rules[tool], rule) {
			p.Rules[tool] = append(p.Rules[tool], rule)
		}
	}
}

// statement returns the lines of the innermost statement or class field around the
// start of a report; its own line, if that is a block or a declaration of more.
func statement(f *syntax.File, r Report) (line, end int) {
	n := f.NodeAt(offset(f, r), offset(f, r)+1)
	for ; n.OK() && !n.IsStatement() && !n.Is("public_field_definition", "field_definition"); n = n.Parent() {
	}
	if !n.OK() || !n.Is("expression_statement", "lexical_declaration", "variable_declaration", "return_statement",
		"throw_statement", "using_declaration", "public_field_definition", "field_definition") {
		return r.Line, r.EndLine
	}
	line, _ = f.Position(n.Start())
	end, _ = f.Position(n.End())
	return line, end
}

// offset is the first byte of a report. A column beyond the line's end stands for
// the end.
func offset(f *syntax.File, r Report) int {
	at := 0
	for line := 1; line < r.Line; line++ {
		next := slices.Index(f.Src()[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	return min(at+min(r.Column-1, len(f.Line(r.Line))), len(f.Src())-1)
}
