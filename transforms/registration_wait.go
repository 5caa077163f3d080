package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What is registered in the executor of a promise is often there to settle it, and
// is owed when it has settled.

// judgeWait: registered in the executor of a promise, until it settles. It says
// nothing (false) of what shows no sign that it should end with the promise.
func (s *scan) judgeWait(o *Obligation, executor syntax.Node, here []removal) bool {
	if s.madeWithin(o.target(), executor) {
		return false
	}
	for _, r := range here {
		if r.works() {
			o.releases = append(o.releases, r.call)
			o.step(r.call, "released by %s", shorten(r.call.Text()))
		}
	}
	if r := s.takenByWaiter(o, executor); r.OK() {
		o.Owner = Owner{OwnerPromise, nameOf(executor), executor}
		o.Status = Met
		o.step(r, "met: released by the function that waits for the promise, however that ends")
		return true
	}
	if len(o.releases) == 0 && !s.meantForPromise(o, executor, here) {
		return false
	}
	s.judgePromise(o, executor)
	return true
}

// takenByWaiter is a removal, in a finally of the function around a promise, of what its
// executor has registered; the zero Node for none.
func (s *scan) takenByWaiter(o *Obligation, executor syntax.Node) syntax.Node {
	home := executor.Function()
	if !home.IsAsync() {
		return syntax.Node{}
	}
	for _, r := range s.removals(o, home.Field("body").Own()) {
		last := r.call.Ancestor("finally_clause")
		if r.works() && last.OK() && r.call.Statement().Parent() == last.Field("body") && last.Start() > executor.End() {
			return r.call
		}
	}
	return syntax.Node{}
}

// meantForPromise reports whether what nothing takes away is meant to be there
// until the promise settles: its function settles it, or cleans up as the settling
// does. Of those that fire once it has to be one of several for one target, of which
// only the one that came is gone; and that target must be more than somebody's
// argument, unless another is taken away from it. One that fires often has to be beside
// one that is taken away when the promise settles.
func (s *scan) meantForPromise(o *Obligation, executor syntax.Node, here []removal) bool {
	if !o.Kind.Awaited && (o.Kind.OneShot || o.Acquire.Pattern.Anchor == "addEventListener") {
		return false
	}
	fn := o.handlerFunction()
	if !fn.OK() {
		fn = o.handler()
	}
	all := settles(executor)
	if !slices.ContainsFunc(all, func(st settle) bool { return st.ref.Within(fn) || st.ref == o.handler() }) {
		return o.Kind.Awaited && !o.Kind.OneShot && cleansUpToo(fn, all)
	}
	switch {
	case !o.Kind.Awaited:
		return slices.ContainsFunc(s.found, func(x *Obligation) bool {
			return x != o && x.Kind.Registers() && x.Call.Within(executor) && s.sameTarget(x, o.target()) == same && sameEvent(x.event(), o.event()) == different &&
				slices.ContainsFunc(s.removals(x, executor.Descendants()), func(r removal) bool {
					return r.works() && !releasedElsewhere(r.call, executor, all).OK()
				})
		})
	case !o.Kind.OneShot:
		return true
	}
	if sym := rootOf(o.target()).Symbol(); sym != nil && sym.Kind == syntax.Parameter && len(siblings(here)) == 0 {
		return false
	}
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		return x != o && x.Kind == o.Kind && x.Call.Within(executor) && s.sameTarget(x, o.target()) == same && sameEvent(x.event(), o.event()) == different
	})
}

// begins reports whether the event is one with which the target's life only begins.
func (o *Obligation) begins() bool {
	event, _ := o.event().Inner(false).StringValue()
	return beginnings[event]
}

// beginnings are events that say that something can be used now.
var beginnings = map[string]bool{"open": true, "ready": true, "connect": true, "connected": true, "listening": true, "secureConnect": true}

// cleansUpToo reports whether all that a function does is call local functions that are
// called where the promise settles, too.
func cleansUpToo(fn syntax.Node, all []settle) bool {
	called := calledBy(fn)
	if sym := fn.Symbol(); fn.Is("identifier") && sym != nil {
		called = []*syntax.Symbol{sym}
	}
	return len(called) > 0 && !slices.ContainsFunc(called, func(sym *syntax.Symbol) bool {
		return !slices.ContainsFunc(all, func(st settle) bool {
			return st.call.OK() && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
				return r.Parent().Field("function") == r && r.Function() == st.fn
			})
		})
	})
}

// calledBy are the local functions that the statements of a function call; none if it
// does anything else.
func calledBy(fn syntax.Node) []*syntax.Symbol {
	var out []*syntax.Symbol
	body := fn.Field("body")
	stmts := []syntax.Node{body}
	if body.Is("statement_block") {
		stmts = slices.Collect(body.Children())
	}
	for _, stmt := range stmts {
		call := stmt
		if stmt.Is("comment") {
			continue
		}
		if stmt.Is("expression_statement") {
			call = stmt.Child(0)
		}
		sym := call.Inner(true).Field("function").Symbol()
		if sym == nil || sym.Kind == syntax.Parameter {
			return nil
		}
		out = append(out, sym)
	}
	return out
}

// usedOnTheSpot: port.once('open', f).open() goes on with the target, and keeps nothing.
func usedOnTheSpot(v syntax.Node) bool {
	m := v.Parent()
	call := m.Parent()
	return m.Is("member_expression") && call.Field("function") == m && call.Outer().Parent().Is("expression_statement") && !takesAway(call)
}

// madeWithin reports whether a variable holds what the function around an
// executor made itself.
func (s *scan) madeWithin(n, executor syntax.Node) bool {
	if name, ok := n.ThisField(); ok { // this.x = connect(); this.x.once(..)
		fn := executor.Function()
		if class, _ := n.FieldOwner(); class.OK() {
			return slices.ContainsFunc(s.refsIn(class)[name], func(r syntax.Node) bool {
				return syntax.IsWrite(r) && (r.Within(executor) || fn.OK() && r.Within(fn))
			})
		}
	}
	sym := rootOf(n).Symbol()
	if sym == nil || sym.Kind != syntax.Variable || n.File().TopLevel(sym.Name) == sym {
		return false
	}
	init := sym.Init().Inner(true)
	if init.Is("member_expression") && rootOf(init).Symbol() != sym && sym.Decl.Within(executor) { // const { part } = made, and what is part of that
		return s.madeWithin(rootOf(init), executor)
	}
	return !init.Is("member_expression", "identifier", "this", "subscript_expression")
}

// rootOf is the leftmost part of a chain of members and calls.
func rootOf(n syntax.Node) syntax.Node {
	for n = n.Inner(true); ; n = n.Inner(true) {
		switch n.Kind() {
		case "member_expression", "subscript_expression":
			n = n.Field("object")
		case "call_expression":
			n = n.Field("function")
		default:
			return n
		}
	}
}
