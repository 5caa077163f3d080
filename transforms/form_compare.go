package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formCompare asks whether there is a handle by a comparison where the code asks for its
// truth, which a handle that is 0 has not.
type formCompare struct{}

func (formCompare) Name() string { return "compare" }

func (formCompare) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	name := o.Handle.Symbol.Name
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Ask whether %s is there, and not for its truth", name)}
	if !s.holdsOrNothing(o) {
		return nil, refuse(TooEntangled, "%s may hold something else than a %s or nothing", name, o.Kind.Noun)
	}
	for _, test := range o.gist.([]syntax.Node) {
		at, operator := test.Inner(false), " != null"
		if p := at.Outer().Parent(); p.Is("unary_expression") && p.Field("operator").Text() == "!" {
			at, operator = p, " == null"
		}
		if !onlyDecides(at) {
			line, _ := s.f.Position(at.Start())
			return nil, refuse(TooEntangled, "line %d goes on with the value of what asks for %s", line, name)
		}
		fix.Edits = append(fix.Edits, patch.Edit{Start: at.Start(), End: at.End(), New: name + operator})
	}
	return fix, nil
}

// holdsOrNothing reports whether the variable of a handle holds nothing where it does not
// hold what some acquisition of the kind gave.
func (s *scan) holdsOrNothing(o *Obligation) bool {
	sym := o.Handle.Symbol
	values, known := valuesGiven(sym)
	if init := sym.Init(); init.OK() {
		values = append(values, init)
	}
	return known && !slices.ContainsFunc(values, func(v syntax.Node) bool {
		v = v.Inner(false)
		return !isNothing(v) && !slices.ContainsFunc(s.found, func(other *Obligation) bool { return other.Kind == o.Kind && other.Call == v })
	})
}

// onlyDecides reports whether nothing is done with the value of a test but to decide which
// way is taken.
func onlyDecides(n syntax.Node) bool {
	n = n.Outer()
	p := n.Parent()
	switch p.Kind() {
	case "if_statement", "while_statement", "do_statement", "for_statement", "ternary_expression":
		return p.Field("condition") == n
	case "parenthesized_expression":
		return onlyDecides(p)
	case "expression_statement":
		return true
	case "unary_expression":
		return p.Field("operator").Text() == "!"
	case "binary_expression":
		operator := p.Field("operator").Text()
		return (operator == "&&" || operator == "||") && onlyDecides(p)
	}
	return false
}
