package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A teardown by whose name nobody knows whether the instance goes on, as remove() or stop(), is
// the end for good where it takes out what only the making of the instance puts there, and
// others go on to use without asking:
//
//	initialize() { this.pane = document.createElement('div'); }
//	remove() { delete this.pane; }
//	move(by) { this.pane.style.left = by; }

// endsForGood reports that of the teardown of an instance.
func (in *instance) endsForGood() bool {
	for stmt := range in.teardown.own.Field("body").Children() {
		n := stmt.Child(0).Inner(false)
		gone := n.Field("argument")
		if !n.Is("unary_expression") || n.Field("operator").Text() != "delete" {
			if gone = n.Field("left"); !n.Is("assignment_expression") || !isNothing(n.Field("right").Inner(true)) {
				continue
			}
		}
		name, own := gone.Inner(false).ThisField()
		if stmt.Is("expression_statement") && own && in.madeOnce(name) && in.leansOn(name) {
			return true
		}
	}
	return false
}

// madeOnce reports whether nothing but the making of an instance, and at least that, puts
// something into a field.
func (in *instance) madeOnce(field string) bool {
	made := false
	for _, ref := range in.refs[field] {
		p := ref.Outer().Parent()
		switch {
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && isNothing(p.Field("right").Inner(true)):
		case !syntax.IsWrite(ref):
		case !in.partOfMaking(ref, onceHops):
			return false
		default:
			made = true
		}
	}
	return made
}

// partOfMaking reports whether code runs only when an instance is made: in what makes it, or a
// method of which it is the only one to call it.
func (in *instance) partOfMaking(n syntax.Node, hops int) bool {
	fn := n.Function()
	member := in.memberOf(fn)
	if !member.OK() || hops == 0 {
		return false
	}
	name := syntax.MemberName(member)
	if fn.IsConstructor() || name == "constructor" || name == "initialize" && len(in.refs[name]) == 0 {
		return true
	}
	return isPrivate(member) && len(in.refs[name]) > 0 && !slices.ContainsFunc(in.refs[name], func(ref syntax.Node) bool {
		call := ref.Outer().Parent()
		return call.Field("function") != ref.Outer() || !in.partOfMaking(call, hops-1)
	})
}

// leansOn reports whether methods of an instance use what is in a field without a question in
// the same function, the making and the end left out.
func (in *instance) leansOn(field string) bool {
	return slices.ContainsFunc(in.refs[field], func(ref syntax.Node) bool {
		use := ref.Outer()
		home := homeOf(ref)
		if p := use.Parent(); !p.Is("member_expression") || p.Field("object") != use || p.HasToken("?.") || ref.Within(in.teardown.own) || in.partOfMaking(ref, onceHops) {
			return false
		}
		return !slices.ContainsFunc(in.refs[field], func(other syntax.Node) bool { return other.Within(home) && inCondition(other) })
	})
}
