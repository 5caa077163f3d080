package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a promise gives is a handle, too, in the function that then() is given:
//
//	open(path).then((file) => file.read())

// thenOf is the function that a promise's then is given for its value, with the
// parameter that is the value; zero ones for none.
func thenOf(promise syntax.Node) (fn syntax.Node, value *syntax.Symbol) {
	m := promise.Parent()
	call := m.Parent()
	if m.Field("object") != promise || m.Field("property").Text() != "then" || call.Field("function") != m {
		return syntax.Node{}, nil
	}
	fn = call.Field("arguments").Child(0).Inner(false)
	if !fn.IsFunction() {
		return syntax.Node{}, nil
	}
	param := parameter(fn, 0)
	if pattern := param.Field("pattern"); pattern.OK() {
		param = pattern
	}
	if !param.Is("identifier") {
		return syntax.Node{}, nil
	}
	return fn, param.Symbol()
}

// judgeThen judges what the function fn is given by a promise.
func (s *scan) judgeThen(o *Obligation, fn syntax.Node) {
	g := s.graph(fn)
	stops := map[int]bool{}
	needed, settled := false, false
	uses := s.usesOf(o, o.Handle.Symbol, maxHops)
	for _, u := range uses {
		needed = needed || u.effect == neutral && !o.Kind.Alone
		if u.effect != neutral && !u.at.Within(fn) {
			o.step(u.at, "moved: kept in a variable around, %s", u.text)
			return
		}
		for _, l := range s.lift(u, fn, maxHops) {
			settled = true
			if l.effect == released {
				o.releases = append(o.releases, u.at)
				o.step(l.at, "%s", l.text)
			} else {
				o.step(l.at, "moved: %s", l.text)
				s.noteMove(o, l, syntax.Node{})
			}
			for _, n := range s.settledAlong(l) {
				for _, p := range s.points(g, fn, n) {
					stops[p] = true
				}
			}
		}
	}
	if !settled && !needed {
		s.judgeOutliving(o)
		return
	}
	if settled && o.Kind.Alone && len(o.releases) == 0 {
		return // it is meant to stay, with whoever keeps it
	}
	s.waysOut(o, fn, g, []int{syntax.Entry}, stops, settled)
	if o.Status == Unmet && o.Way == NeverReleased {
		o.Form = formChain{}
	}
}

// judgeChain looks for a handle that only the success of its own work releases:
//
//	client.query(text).then((rows) => { client.release(); return rows; })
func (s *scan) judgeChain(o *Obligation) {
	if o.Status == Unmet || o.Kind.OneShot || o.Kind.Registers() || o.Handle.Symbol == nil || len(o.Kind.Over) > 0 {
		return
	}
	var chains []syntax.Node
	for _, u := range s.usesOf(o, o.Handle.Symbol, maxHops) {
		switch u.effect {
		case moved:
			return
		case released:
			then := successOf(u.at, o.Handle.Symbol)
			if !then.OK() {
				return
			}
			if !slices.Contains(chains, then) {
				chains = append(chains, then)
			}
		}
	}
	if len(chains) == 0 {
		return
	}
	var exits []ExitPlace
	for _, then := range chains {
		work := receiver(then)
		exits = append(exits, ExitPlace{work, calleeText(work) + " rejects"})
	}
	home := o.Handle.Symbol.Decl.Function()
	if o.Handle.Symbol.Kind == syntax.Variable {
		home = o.Call.Function()
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	s.unmet(o, MissingPath, exits)
	o.Form, o.gist = formChain{}, chains
}

// successOf is the outermost then that something done with a handle is given to,
// and whose function alone, where that went well, comes to n; the zero Node where
// a failure may come to it, too, or something else does.
func successOf(n syntax.Node, handle *syntax.Symbol) syntax.Node {
	var found syntax.Node
	for at := n; ; {
		fn := at.Function()
		then := fn.Outer().Parent().Parent()
		callee := then.Field("function")
		if callee.Field("property").Text() != "then" || then.Field("arguments").Child(0).Inner(false) != fn || then.Field("arguments").Len() != 1 ||
			!madeOf(callee.Field("object"), handle) {
			return found
		}
		found, at = then, then
		if !answered(then) { // what comes of it is nobody's further
			return found
		}
	}
}

// madeOf reports whether a chain of calls begins with a method of the handle, and
// deals with no failure.
func madeOf(n syntax.Node, handle *syntax.Symbol) bool {
	calls := 0
	for {
		n = n.Inner(false)
		switch {
		case n.Is("call_expression"):
			switch n.Field("function").Field("property").Text() {
			case "catch", "finally":
				return false
			case "then":
				if n.Field("arguments").Len() > 1 {
					return false
				}
			default:
				calls++
			}
			n = n.Field("function")
		case n.Is("member_expression"):
			n = n.Field("object")
		default:
			return calls > 0 && handle != nil && n.Symbol() == handle
		}
	}
}

// answered reports whether a promise is what the function around gives back.
func answered(n syntax.Node) bool {
	v := settledLike(n)
	return v.Parent().Is("return_statement") || v.Parent().IsArrow()
}
