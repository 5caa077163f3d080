package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Which one-shots of a component are told. A component is seldom there for long, and
// what it asks for once is over by itself, mostly soon: a field that gets the focus
// after a moment, a class that is set in the next turn. To tell of each would be noise.
// A one-shot is told
//
//   - where its handle is kept, in a ref: there is no use for a handle but to cancel by
//     it. Some code does so and the end of the component does not, or it was forgotten
//     altogether. One that is kept to ask whether it is pending, and is never cancelled,
//     is not told; nor is one that fires in the same turn, or that only writes down that
//     it has fired.
//   - where it is dropped in an effect and sets a state, when the effect may long have
//     ended, or begun anew (effect_once.go).
//   - where it asks for itself again, without end (loop.go).

// keeping is what becomes of a handle in a ref.
type keeping struct {
	releases []use
	away     use         // the ref, or what is in it, is handed on
	end      syntax.Node // the end of the component releases it, or keeps it from doing anything
	read     bool        // something asks for it, other than to release it
}

// keepingOf looks at all that is done with a handle that a component keeps in a ref.
func (s *scan) keepingOf(o *Obligation, component, place syntax.Node) keeping {
	var k keeping
	for _, u := range s.usesOfPlace(o, place) {
		switch u.effect {
		case moved:
			if !k.away.at.OK() {
				k.away = u
			}
		case released:
			k.releases = append(k.releases, u)
			if s.endsComponent(component, u.at) || s.endedByNothing(o.Call, u.at) {
				k.end = u.at
			}
			if fn := u.at.Function(); !k.away.at.OK() && s.isHandedOut(fn, component) && onlyCancels(fn, u.at) {
				k.away = use{moved, u.ref, fn, "what releases it is given to whoever uses " + nameOf(component)}
			}
		}
	}
	for _, r := range place.Field("object").Inner(false).Symbol().Mentions() {
		m := r.Outer().Parent()
		if isRefPlace(m) && !syntax.IsWrite(m) && m != place && !slices.ContainsFunc(k.releases, func(u use) bool { return m.Within(u.at) || asksFirst(m, u.at) }) {
			k.read = true
		}
	}
	if !k.end.OK() {
		k.end = s.flagOfComponent(o, component)
	}
	return k
}

// asksFirst reports whether a mention asks whether there is something to release.
func asksFirst(mention, release syntax.Node) bool {
	branch := mention.Ancestor("if_statement")
	return branch.OK() && mention.Within(branch.Field("condition")) && release.Within(branch.Field("consequence"))
}

// isTracked reports whether a one-shot is kept to be cancelled, and does something when it
// is not.
func (s *scan) isTracked(o *Obligation, k keeping) bool {
	if len(k.releases) == 0 && k.read || firesAtOnce(o) {
		return false
	}
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	if s.isBrief(o) && s.actsElsewhere(callback, s.componentAt(o.Call)) {
		return false
	}
	return !callback.OK() || !onlyNotes(callback) && !s.isPutOff(o, callback, k) && !(s.isShort(o) && (onlyPutsStateBack(callback) || tidiesPage(callback)))
}

// isPutOff reports whether what a one-shot does is work that is put off and must be done:
// some code cancels it to do it at once.
func (s *scan) isPutOff(o *Obligation, callback syntax.Node, k keeping) bool {
	works := map[syntax.Node]bool{}
	for n := range callback.Field("body").Descendants() {
		if fn := localFunction(n.Field("function").Inner(false)); n.Is("call_expression") && fn.OK() && isAsync(fn) {
			works[fn] = true
		}
	}
	return slices.ContainsFunc(k.releases, func(u use) bool {
		home := u.at.Function()
		if len(works) == 0 || !home.OK() || o.Call.Within(home) {
			return false
		}
		for n := range home.Field("body").Descendants() {
			if n.Is("call_expression") && works[localFunction(n.Field("function").Inner(false))] {
				return true
			}
		}
		return false
	})
}

// actsElsewhere reports whether what a function does at once has nothing to do with the
// component: it fetches or saves something by what others have, and calls neither what
// changes the component nor what it was given.
func (s *scan) actsElsewhere(callback, component syntax.Node) bool {
	acts := false
	for n := range callback.Field("body").Own() {
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		sym := rootOf(callee).Symbol()
		_, imported := sym.Import()
		switch {
		case sym == nil && callee.Is("member_expression"), imported, sym != nil && !sym.Decl.Within(component):
		case callee.Is("member_expression") && s.isOfLibrary(sym.Init().Inner(false)):
		default:
			return false
		}
		acts = acts || callee.Is("member_expression")
	}
	return acts
}

// isOfLibrary reports whether a hook of the project gives what a hook of a library does, and
// nothing of the component: useMutation({ .. })
func (s *scan) isOfLibrary(call syntax.Node) bool {
	if !call.Is("call_expression") || !isHookName(calleeName(call)) {
		return false
	}
	hook := s.calledAs(call.Field("function").Inner(false))
	for n := range hook.Field("body").Own() {
		if !n.Is("return_statement") {
			continue
		}
		origin, known := n.Child(0).Inner(false).Field("function").Origin()
		return known && origin.Module != "" && !strings.HasPrefix(origin.Module, ".") && !slices.Contains(react, origin.Module)
	}
	return false
}

// firesAtOnce reports whether a one-shot fires in the same turn, or the next. A frame does
// not: that of a page that nobody sees may wait for hours.
func firesAtOnce(o *Obligation) bool {
	return isImmediate(o) && o.Acquire.Pattern.Anchor == "setTimeout"
}

// onlyNotes reports whether a function does nothing but give values to refs, or fields.
func onlyNotes(fn syntax.Node) bool {
	writes := func(n syntax.Node) bool {
		n = n.Inner(false)
		_, field := n.Field("left").ThisField()
		return n.Is("assignment_expression") && (field || isRefPlace(n.Field("left"))) && !n.Field("right").Inner(false).Is("call_expression", "new_expression")
	}
	return onlyDoes(fn, writes)
}

// onlyDoes reports whether a function is one such expression, or does nothing but evaluate
// some.
func onlyDoes(fn syntax.Node, such func(syntax.Node) bool) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return such(body)
	}
	for stmt := range body.Children() {
		if !stmt.Is("comment") && !(stmt.Is("expression_statement") && such(stmt.Child(0))) {
			return false
		}
	}
	return true
}

// onlyPutsStateBack reports whether a function does nothing but put state of a component
// back, by setters that are given a constant, and refs: once the component is gone, that
// does nothing.
func onlyPutsStateBack(fn syntax.Node) bool {
	putsBack := func(n syntax.Node) bool {
		n = n.Inner(false)
		if n.Is("assignment_expression") {
			return isRefPlace(n.Field("left")) && !n.Field("right").Inner(false).Is("call_expression", "new_expression")
		}
		value := n.Field("arguments").Child(0).Inner(false)
		return n.Is("call_expression") && setsState(n.Field("function")) && n.Field("arguments").Len() == 1 && (isNothing(value) || value.Is("false", "string", "number"))
	}
	return onlyDoes(fn, putsBack) && fn.Field("body").Len() > 0
}

// endsComponent reports whether n runs when a component ends: in a function that one of
// its effects returns, or that is given to a hook which is called as one for that is.
func (s *scan) endsComponent(component, n syntax.Node) bool {
	for _, e := range s.spansIn(component) {
		if slices.ContainsFunc(e.cleanups, func(c cleanup) bool { return s.endsBy(c, n) }) {
			return true
		}
	}
	for d := range component.Field("body").Own() {
		if d.Is("call_expression") && calleeName(d) == "useSyncExternalStore" && s.endsStore(d.Field("arguments").Child(0), n) {
			return true
		}
		if !d.Is("call_expression") || !isEndHook(calleeName(d)) {
			continue
		}
		for arg := range d.Field("arguments").Children() {
			if inOneOf(s.reachedFrom([]syntax.Node{functionGiven(arg)}), n) {
				return true
			}
		}
	}
	return false
}

// endsStore reports whether n runs in what a function returns that React subscribes by.
func (s *scan) endsStore(subscribe, n syntax.Node) bool {
	fn := functionGiven(subscribe)
	for d := range fn.Field("body").Own() {
		if end := d.Child(0).Inner(false); d.Is("return_statement") && end.IsFunction() && n.Within(end) {
			return true
		}
	}
	return false
}

// isEndHook reports whether a hook is called as one that calls a function at the end:
// useUnmount, useUnmountEffect, useWillUnmount, useCleanup.
func isEndHook(name string) bool {
	return isHookName(name) && (strings.Contains(name, "nmount") || strings.Contains(name, "leanup") || strings.Contains(name, "leanUp") || strings.Contains(name, "ispose") || strings.Contains(name, "estroy"))
}

// flagOfComponent is where the end of a component sets a ref that the callback of a
// one-shot asks for; the zero Node for none.
func (s *scan) flagOfComponent(o *Obligation, component syntax.Node) syntax.Node {
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	if !o.Kind.OneShot || !callback.OK() {
		return syntax.Node{}
	}
	for _, e := range s.spansIn(component) {
		for _, c := range e.cleanups {
			for _, end := range s.reachedFrom(c.fns) {
				for n := range end.Field("body").Descendants() {
					if n.Is("assignment_expression") && asksAbout(callback, n.Field("left").Inner(false)) {
						return n
					}
				}
			}
		}
	}
	return syntax.Node{}
}

// isHandedOut reports whether a component, or a hook, returns a function by its name, or
// as a part of what it returns.
func (s *scan) isHandedOut(fn, component syntax.Node) bool {
	v := fn.Outer()
	for args := v.Parent(); args.Is("arguments") && slices.Contains(sameHooks, calleeName(args.Parent())); args = v.Parent() {
		v = args.Parent().Outer()
	}
	if v.Parent().Is("pair") && v.Ancestor("return_statement").OK() {
		return v.Ancestor("return_statement").Function() == component
	}
	name := functionName(fn)
	if p := v.Parent(); name == nil && p.Is("variable_declarator") {
		name = p.Field("name").Symbol()
	}
	if name == nil {
		return false
	}
	return slices.ContainsFunc(name.Refs, func(r syntax.Node) bool {
		if p := r.Outer().Parent(); !p.Is("pair", "array", "return_statement") && !r.Is("shorthand_property_identifier") {
			return false
		}
		out := r.Ancestor("return_statement")
		return out.OK() && out.Function() == component || calleeName(r.Ancestor("call_expression")) == "useImperativeHandle"
	})
}

// onlyCancels reports whether a function does nothing but release something at a place, and
// forget it, and other things like it: it is there for others to end what was begun.
func onlyCancels(fn, at syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return at.Within(body)
	}
	for stmt := range body.Children() {
		n := stmt.Child(0).Inner(false)
		name := calleeName(n)
		switch {
		case stmt.Is("comment"), at.Within(stmt), n.Is("assignment_expression") && !n.Field("right").Inner(true).Is("call_expression", "new_expression"):
		case n.Is("call_expression") && (takesAway(n) || strings.HasPrefix(name, "clear") || strings.HasPrefix(name, "cancel")):
		default:
			return false
		}
	}
	return true
}

// keptOnce reports whether a one-shot of an effect is kept in a ref to be cancelled.
func (s *scan) keptOnce(o *Obligation, e *span, place syntax.Node, p payments) bool {
	if !o.Kind.OneShot || !place.OK() || !slices.Contains(o.Acquire.From, "global") || p.dead.OK() {
		return false
	}
	within := e.within
	if !within.OK() {
		within = e.fn
	}
	return s.isTracked(o, s.keepingOf(o, within, place))
}

// endOfKept is where the end of a component releases what an effect of it keeps in a ref,
// in a way that is none of the effect.
func (s *scan) endOfKept(o *Obligation, e *span, place syntax.Node) syntax.Node {
	if !e.within.OK() {
		return syntax.Node{}
	}
	k := s.keepingOf(o, e.within, place)
	if k.away.at.OK() {
		return k.away.at
	}
	return k.end
}
