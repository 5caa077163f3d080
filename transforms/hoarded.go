package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What was acquired is collected, as it is to be released together some day, and nothing
// ever takes it out of the collection:
//
//	const subscriptions = new Map();
//	const read = (atom) => { subscriptions.set(atom, atom.subscribe(update)); .. };

// judgeHoarded judges a handle that goes into a collection of a function around, of which
// nothing more is asked than whether there is something in it. It says nothing (false) of
// all else.
func (s *scan) judgeHoarded(o *Obligation) bool {
	if o.Kind.OneShot || o.Kind.Registers() || o.Kind.Lasts || o.Kind.Keyed != "" || len(o.Kind.Within) > 0 || len(o.Kind.Over) > 0 || o.Handle.Place != InVariable && o.Handle.Place != Discarded {
		return false
	}
	v := widen(o.Call)
	if sym := o.Handle.Symbol; o.Handle.Place == InVariable {
		if sym == nil || !sym.Constant() || sym.Decl.Function() != o.Call.Function() {
			return false
		}
		v = syntax.Node{}
		for _, r := range sym.Refs {
			if r == sym.Node || r == sym.Decl.Field("name") {
				continue
			}
			if v.OK() {
				return false
			}
			v = r.Outer()
		}
	}
	into := v.Parent().Parent()
	if callee := into.Field("function").Inner(false); !v.Parent().Is("arguments") || !puts[callee.Field("property").Text()] {
		return false
	}
	hoard := receiver(into).Inner(false).Symbol()
	if hoard == nil || !hoard.Constant() || s.f.TopLevel(hoard.Name) == hoard {
		return false
	}
	home, fn := hoard.Decl.Function(), o.Call.Function()
	for fn != home && fn.OK() && isInline(fn) {
		fn = fn.Function()
	}
	if init := hoard.Init().Inner(false); !home.OK() || fn == home || !fn.Within(home) || s.runsOnce(home) || !(init.Is("array") && init.Len() == 0 || init.Is("new_expression") && init.Field("arguments").Len() == 0) {
		return false
	}
	if slices.ContainsFunc(hoard.Refs, func(r syntax.Node) bool { return r != hoard.Node && !onlyFills(r) }) {
		return false
	}
	if from := o.Bindings[o.Acquire.Pattern.Receiver()]; from.OK() {
		if sym := rootOf(from).Symbol(); sym != nil && sym.Kind != syntax.Parameter && sym.Decl.Within(home) {
			return false // it goes with what was made here
		}
	}
	o.step(into, "kept in %s, out of which nothing is taken", hoard.Name)
	o.Owner = Owner{OwnerFunction, nameOf(home), home}
	o.Evidence = append(o.Evidence, "it is collected in "+hoard.Name)
	s.unmet(o, NeverReleased, []ExitPlace{{hoard.Node, "nothing is ever taken out of " + hoard.Name}})
	o.Refusal = refuse(NoOwner, "nothing around %s has an end that could release what is in it: return what does", hoard.Name)
	return true
}

// puts are methods that put something into a collection.
var puts = map[string]bool{"set": true, "add": true, "push": true}

// onlyFills reports whether a mention of a collection puts something into it, or asks
// whether something is there.
func onlyFills(r syntax.Node) bool {
	m := r.Outer().Parent()
	call := m.Parent()
	if r.Outer().Parent().Is("variable_declarator") {
		return m.Field("name") == r
	}
	if !m.Is("member_expression") || m.Field("object").Inner(false) != r || call.Field("function") != m {
		return false
	}
	switch name := m.Field("property").Text(); {
	case puts[name]:
		return call.Outer().Parent().Is("expression_statement")
	case name == "has":
		return true
	case name == "get":
		return inCondition(call) && call.Outer().Parent().Is("if_statement", "parenthesized_expression", "unary_expression")
	}
	return false
}
