package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formHoist makes an object once, for the module, that each call made anew.
type formHoist struct{}

func (formHoist) Name() string { return "hoist" }

func (formHoist) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	literal := s.madeAnew(o)
	top := o.Call.Statement()
	for top.OK() && !top.Parent().Is("program") {
		top = top.Parent()
	}
	if own, differs := s.differs(literal, top); differs {
		return nil, refuse(TooEntangled, "it is made of %s, which may be another at each call", shorten(own.Text()))
	}
	st := styleOf(s.f)
	name, moved := s.sameName(literal)
	if !moved {
		name = freshName(strings.ToLower(o.Kind.Keyed), nameTaken(s.f.Root()))
	}
	declared := name
	indent := indentAt(s.f, literal.Start())
	if t := syntax.Annotation(literal.Outer().Parent()); moved && t.OK() {
		declared = name + ": " + t.Text()
	}
	decl := "const " + declared + " = " + strings.ReplaceAll(strings.ReplaceAll(literal.Text(), "\r\n", "\n"), "\n"+indent, "\n") + ";"
	at := top
	for c := range top.Parent().All() { // its own comments go on to belong to it
		if c == top {
			break
		}
		if c.Is("comment") && s.adjoin(c, top) {
			at = c
			break
		}
	}
	edits := []patch.Edit{{Start: at.Start(), End: at.Start(), New: strings.ReplaceAll(st.fit(decl)+"\n\n", "\n", st.eol)}}
	if moved {
		edits = append(edits, deletions([]syntax.Node{literal.Statement()})...)
	} else {
		edits = append(edits, patch.Edit{Start: literal.Start(), End: literal.End(), New: name})
	}
	return &Fix{
		Plan: p, Edits: edits,
		Notes:   []Note{{Unsafe, fmt.Sprintf("all calls of %s share one object now: does anything change it?", p.Owner.Name)}},
		Message: fmt.Sprintf("Make the %s of %s once", strings.ToLower(o.Kind.Keyed), p.Owner.Name),
	}, nil
}

// sameName reports whether a literal is all of a constant whose statement may as well
// stand in the module, and the constant's name.
func (s *scan) sameName(literal syntax.Node) (string, bool) {
	d := literal.Outer().Parent()
	sym := d.Field("name").Symbol()
	stmt := literal.Statement()
	if !d.Is("variable_declarator") || sym == nil || !inBlock(stmt) || stmt.Len() != 1 || s.f.TopLevel(sym.Name) != nil || literal.Function().Field("type_parameters").OK() {
		return "", false
	}
	for n := range s.f.Root().Descendants() {
		if n.Is("identifier", "type_identifier", "shorthand_property_identifier") && n.Text() == sym.Name && n.Symbol() == nil {
			return "", false
		}
	}
	return sym.Name, true
}

// adjoin reports whether between a comment and a statement there is nothing but other
// comments, and no empty line.
func (s *scan) adjoin(comment, stmt syntax.Node) bool {
	at := comment
	for at != stmt {
		next := syntax.Node{}
		for c := range stmt.Parent().All() {
			if c.Start() >= at.End() && (!next.OK() || c.Start() < next.Start()) {
				next = c
			}
		}
		if !next.OK() || next != stmt && !next.Is("comment") || strings.Count(string(s.f.Src()[at.End():next.Start()]), "\n") != 1 {
			return false
		}
		at = next
	}
	return true
}

// differs is a part of a literal that need not be the same for all calls, or is not
// there yet where the statement top stands.
func (s *scan) differs(literal, top syntax.Node) (syntax.Node, bool) {
	for n := range literal.Descendants() {
		if !n.Named() {
			continue
		}
		switch n.Kind() {
		case "object", "array", "pair", "property_identifier", "string", "string_fragment", "escape_sequence", "number", "true", "false", "null", "regex", "regex_pattern", "regex_flags", "unary_expression", "comment", "undefined":
		case "as_expression", "satisfies_expression", "const":
		case "member_expression":
		case "identifier", "shorthand_property_identifier":
			sym := n.Symbol()
			if sym == nil || s.f.TopLevel(sym.Name) != sym || !sym.Constant() && sym.Kind != syntax.Imported || sym.Kind != syntax.Imported && sym.Decl.End() > top.Start() {
				return n, true
			}
		default:
			return n, true
		}
	}
	return syntax.Node{}, false
}
