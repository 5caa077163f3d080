package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What is acquired may stand beside something else that is taken in its place:
//
//	const reader = given ?? stream.getReader();
//	this.pool = options.pool || createPool();
//	const watcher = settings.watch && watch(folder);
//
// Whoever has the result may have what belongs to somebody else, who did not ask for its end, or
// what has none.

// givenInstead is what may be there in place of an acquisition, and was made elsewhere; the zero
// Node for nothing. What a call gives, or nothing, is not somebody else's, nor is what was in the
// same place before.
func givenInstead(o *Obligation) syntax.Node {
	n := o.Call.Outer()
	whole := o.Handle.Value
	if !whole.OK() || !n.Within(whole) || o.Handle.Place == Discarded {
		return syntax.Node{}
	}
	p := whole.Outer().Parent()
	place := p.Field("left")
	if p.Is("variable_declarator") {
		place = p.Field("name")
	}
	for ; n != whole.Outer(); n = n.Parent().Outer() {
		other := beside(n)
		harmless := o.Kind.Lenient && n.Parent().HasToken("&&") // clearInterval(false)
		own := harmless || isNothing(other) || other.Is("false", "call_expression", "new_expression", "string", "number") || place.OK() && syntax.SameExpression(place, other)
		if other.OK() && !own {
			return other
		}
		if !n.Parent().OK() {
			break
		}
	}
	return syntax.Node{}
}

// beside is the value that an expression may have in place of a part of it; the zero Node for none.
func beside(part syntax.Node) syntax.Node {
	p := part.Parent()
	other := func(one, another string) syntax.Node {
		if p.Field(one) == part {
			return p.Field(another).Inner(true)
		}
		return p.Field(one).Inner(true)
	}
	switch {
	case p.Is("ternary_expression") && p.Field("condition") != part:
		return other("consequence", "alternative")
	case p.Is("binary_expression"): // on && open(), too, which is on where that does not hold
		return other("left", "right")
	}
	return syntax.Node{}
}

// mayHoldNothing reports whether an acquisition may not have been come to where what it is a part
// of was evaluated: on ? open() : undefined, body?.getReader().
func mayHoldNothing(o *Obligation) bool {
	for m := o.Call.Field("function"); m.OK(); {
		m = m.Inner(true)
		if m.HasToken("?.") || m.Field("optional_chain").OK() {
			return true
		}
		if next := m.Field("object"); next.OK() {
			m = next
		} else {
			m = m.Field("function")
		}
	}
	whole := o.Handle.Value
	for n := o.Call.Outer(); whole.OK() && n != whole.Outer() && n.Within(whole) && n.Parent().OK(); n = n.Parent().Outer() {
		p := n.Parent()
		if p.Is("ternary_expression") && isNothing(beside(n)) {
			return true
		}
	}
	return false
}

// ifThere writes a release of a handle by that name so that it does nothing where there is none.
func (o *Obligation) ifThere(release, name string) string {
	switch {
	case !mayHoldNothing(o) || o.Kind.Lenient:
		return release
	case strings.HasPrefix(release, name+"."):
		return name + "?." + strings.TrimPrefix(release, name+".")
	case strings.HasPrefix(release, name+"("):
		return name + "?." + strings.TrimPrefix(release, name)
	}
	return release
}
