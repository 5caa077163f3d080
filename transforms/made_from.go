package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// Made is where that was made which an obligation holds, where that is elsewhere in the
// file than the acquisition: of an observer that observes, `new ResizeObserver(..)`, of what
// a function of the file returns, where that acquired it. It is
// the zero Node where it is acquired right where it is made, or made in several places.
func (o *Obligation) Made() syntax.Node {
	if o.source.OK() {
		return o.source
	}
	if o.Acquire.Pattern.Receiver() != "HANDLE" {
		return syntax.Node{}
	}
	n := o.Bindings["HANDLE"].Inner(true)
	switch {
	case n.Is("new_expression"):
		return syntax.Node{} // new Observer(..).observe(..)
	case n.Is("identifier"):
		sym := n.Symbol()
		if sym == nil {
			return syntax.Node{}
		}
		return onlyNew(append(valuesIn(sym.Refs), sym.Init()))
	}
	name, ok := n.ThisField()
	class, _ := n.FieldOwner()
	if !ok || !class.OK() {
		return syntax.Node{}
	}
	values := valuesIn(refsOfThis(class)[name])
	for _, m := range syntax.Members(class) {
		if m.Name == name && m.Node.Is("public_field_definition", "field_definition") {
			values = append(values, m.Node.Field("value"))
		}
	}
	return onlyNew(values)
}

// valuesIn are what mentions of a name are assigned.
func valuesIn(refs []syntax.Node) []syntax.Node {
	var out []syntax.Node
	for _, r := range refs {
		if p := r.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == r {
			out = append(out, p.Field("right"))
		}
	}
	return out
}

// onlyNew is the one among values that is made with new; the zero Node for none, and for
// several.
func onlyNew(values []syntax.Node) syntax.Node {
	var made syntax.Node
	for _, v := range values {
		for _, a := range alternatives(v) {
			switch {
			case !a.Is("new_expression"):
			case made.OK():
				return syntax.Node{}
			default:
				made = a
			}
		}
	}
	return made
}
