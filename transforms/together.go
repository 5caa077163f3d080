package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// madeByTarget reports whether what an instance registers with is what made it, once and
// for as long as it lives itself:
//
//	class Room { constructor() { this.light = new Light(this); } }
//	class Light { constructor(room) { room.on('end', () => this.off()); } }
func (s *scan) madeByTarget(o *Obligation, in *instance) bool {
	class := in.class.Node
	given := rootOf(o.target())
	sym := given.Symbol()
	if field := fieldUnder(o.target()); field != "" {
		sym = nil
		for _, m := range in.members {
			if m.Param && m.Name == field { // constructor(private bus)
				sym = m.Node.Field("pattern").Symbol()
			}
		}
		for _, ref := range in.refs[field] {
			if p := ref.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == ref {
				sym = p.Field("right").Inner(true).Symbol()
			}
		}
	}
	if !class.IsClass() || sym == nil || sym.Kind != syntax.Parameter || !sym.Decl.Function().IsConstructor() {
		return false
	}
	index := slices.Index(parametersOf(sym.Decl.Function()), sym)
	if index < 0 {
		return false
	}
	made, known := s.makings(class, onceHops)
	return known && len(made) > 0 && !slices.ContainsFunc(made, func(n syntax.Node) bool {
		p := n.Outer().Parent()
		_, kept := p.Field("left").Inner(false).ThisField()
		return !n.Field("arguments").Child(index).IsThis() || !p.Is("assignment_expression") || !kept || !homeOf(n).IsConstructor()
	})
}

// fieldUnder is the field of the instance in which something is found, or what it is a
// part of: hub in this.hub, and in this.hub.bus.
func fieldUnder(n syntax.Node) string {
	n = n.Inner(false)
	if name, ok := n.ThisField(); ok {
		return name
	}
	if !n.Is("member_expression") {
		return ""
	}
	name, _ := n.Field("object").Inner(false).ThisField()
	return name
}

// hearsAfterEnd reports whether what is registered looks at a field that the teardown
// sets, in order to do something then: it is meant to hear of what comes after the end.
func (s *scan) hearsAfterEnd(o *Obligation, in *instance) bool {
	if in.teardown == nil {
		return false
	}
	for n := range o.handlerFunction().Field("body").Own() {
		field, ok := n.Field("condition").Inner(false).ThisField()
		then := n.Field("consequence")
		if then.Is("statement_block") {
			then = then.Child(0)
		}
		if !n.Is("if_statement") || !ok || then.Is("return_statement") || !then.OK() {
			continue
		}
		if slices.ContainsFunc(in.refs[field], func(r syntax.Node) bool {
			return syntax.IsWrite(r) && r.Within(in.teardown.own) && r.Outer().Parent().Field("right").Is("true")
		}) {
			return true
		}
	}
	return false
}

// endsGesture reports whether a removal is made when a gesture of the user is over, which
// comes sooner or later, whatever became of the instance.
func (s *scan) endsGesture(in *instance, removal syntax.Node) bool {
	for n := range codeOf(in.class.Node) {
		if !n.Is("call_expression") || calleeName(n) != "addEventListener" {
			continue
		}
		if event, _ := n.Field("arguments").Child(0).StringValue(); !slices.Contains(gestureEnds, event) {
			continue
		}
		if s.reachOf(in, s.functionsIn(in, n.Field("arguments").Child(1))...).runs(removal) {
			return true
		}
	}
	return false
}

// forTheSame lists the evaluations of a list that one loop goes over where something is
// registered with each, and another where it is taken away: what is not there is in neither.
func forTheSame(call, removal syntax.Node) []syntax.Node {
	listOf := func(n syntax.Node) (syntax.Node, *syntax.Symbol) {
		loop := n.Ancestor("for_in_statement")
		right := loop.Field("right").Inner(false)
		if sym := right.Symbol(); loop.OK() && right.Is("identifier") && sym != nil && sym.Constant() {
			return loop, sym
		}
		return syntax.Node{}, nil
	}
	a, of := listOf(call)
	b, same := listOf(removal)
	if of == nil || of != same || a == b {
		return nil
	}
	return []syntax.Node{b.Field("right").Inner(false), b.Field("right"), b}
}
