package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// emptyFinallys takes out every finally of which nothing would be left once its
// release is gone, and with it a try that has no catch. What cannot be taken out
// cleanly stays.
func (s *scan) emptyFinallys(o *Obligation, fix *Fix) {
	for _, call := range o.releases {
		stmt := call.Outer().Statement()
		clause := stmt.Parent().Parent()
		if !clause.Is("finally_clause") || stmt.Parent().Len() != 1 {
			continue
		}
		start, end := wholeLines(stmt, stmt)
		i := slices.Index(fix.Edits, patch.Edit{Start: start, End: end})
		if i < 0 {
			continue
		}
		try := clause.Parent()
		if handler := try.Field("handler"); handler.OK() {
			if s.blank(handler.End(), clause.Start()) {
				fix.Edits[i] = patch.Edit{Start: handler.End(), End: clause.End()}
			}
			continue
		}
		if edits, ok := s.withoutTry(try, clause, o.Owner.Node); ok {
			fix.Edits = append(slices.Delete(fix.Edits, i, i+1), edits...)
		}
	}
}

func (s *scan) blank(start, end int) bool {
	return strings.TrimSpace(string(s.f.Src()[start:end])) == ""
}

// withoutTry leaves of a try with nothing but a finally its statements, a level
// further out.
func (s *scan) withoutTry(try, clause, home syntax.Node) ([]patch.Edit, bool) {
	f, body := s.f, try.Field("body")
	if body.Len() == 0 || !inBlock(try) || !s.blank(body.End(), clause.Start()) {
		return nil, false
	}
	unit := styleOf(f).unit
	open, first := f.LineStart(try.Start()), nextLine(f, body.Start())
	shut, after := f.LineStart(body.End()-1), nextLine(f, clause.End())
	inner := indentAt(f, try.Start()) + unit
	// try { and } finally { .. } must have their lines for themselves.
	if !s.blank(open, try.Start()) || !s.blank(body.Start()+1, first) || !s.blank(shut, body.End()-1) || !s.blank(clause.End(), after) || first > shut {
		return nil, false
	}
	outside := namesOutside(home, try)
	for d := range body.Descendants() {
		if sym := d.Symbol(); sym != nil && sym.Node == d && outside[sym.Name] && sym.Kind != syntax.Parameter && declaringBlock(sym) == body {
			return nil, false // it would be another's
		}
	}
	edits := []patch.Edit{{Start: open, End: first}, {Start: shut, End: after}}
	for at := first; at < shut; at = nextLine(f, at) {
		switch {
		case s.blank(at, nextLine(f, at)) || inTemplate(f, at):
		case !strings.HasPrefix(string(f.Src()[at:shut]), inner):
			return nil, false
		default:
			edits = append(edits, patch.Edit{Start: at, End: at + len(unit)})
		}
	}
	return edits, true
}

// nextLine is where the line after that of offset begins.
func nextLine(f *syntax.File, offset int) int {
	src := f.Src()
	if i := strings.IndexByte(string(src[offset:]), '\n'); i >= 0 {
		return offset + i + 1
	}
	return len(src)
}

// declaringBlock is the block that a name is declared in by const, let, class or
// function.
func declaringBlock(sym *syntax.Symbol) syntax.Node {
	n := sym.Node
	for !n.IsStatement() {
		n = n.Parent()
	}
	return n.Parent()
}

// namesOutside are the names that a function mentions outside of a part of it.
func namesOutside(fn, part syntax.Node) map[string]bool {
	names := map[string]bool{}
	for d := range fn.Descendants() {
		if d.Is("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern", "type_identifier") && !d.Within(part) {
			names[d.Text()] = true
		}
	}
	return names
}
