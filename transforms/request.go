package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A request ends by itself, and whoever has gone in the meantime gets an answer that
// nobody wants any more: nothing leaks for good, and the connection is held for nothing.
// That it can be given up is an offer.

// judgeRequest judges what is begun by a kind that takes a signal. It says nothing (false)
// of other kinds.
func (s *scan) judgeRequest(o *Obligation) bool {
	if o.Kind.Signal == "" {
		return false
	}
	o.Status = Moved
	e := s.effectAt(o.Call)
	given, open := signalOf(o)
	switch {
	case e == nil || !e.within.OK() || s.isRoot(e.fn.Function()):
		o.step(o.Call, "moved: nothing ends before it does")
	case given:
		o.Status = Met
		o.step(o.Call, "met: it is given a signal")
	case !open:
		o.step(o.Call, "moved: it may be given a signal that cannot be seen")
	case !s.Offers:
		o.step(o.Call, "moved: it ends by itself")
	case !isWaitedFor(o.Call):
		o.step(o.Call, "moved: nobody waits for an answer")
	case !runsIn(o.Call, e.fn, maxHops):
		o.step(o.Call, "moved: it may be asked for when the effect has ended")
	case s.ignored(e):
		o.Status = Met
		o.step(o.Call, "met: a flag that the end of the effect sets keeps the answer from being used")
	default:
		o.Owner = Owner{OwnerEffect, e.name(), e.fn}
		o.Handle = Handle{Value: o.Call}
		o.Standing = Offer
		s.judgePaid(o, e, &hosting{span: e}, payments{})
	}
	return true
}

// signalOf says whether an acquisition is given a signal, and, if it is not, whether it
// can be: the options are written there, and so is what says whether they have one.
func signalOf(o *Obligation) (given, open bool) {
	if first := o.Call.Field("arguments").Child(0).Inner(false); first.Is("new_expression", "spread_element") || syntax.TypeOf(first).Name() == "Request" {
		return false, false // a request of its own brings its own signal
	}
	options := o.Bindings[o.Kind.Signal].Inner(false)
	if !options.OK() {
		return false, o.Call.Field("arguments").Len() == 1
	}
	if !options.Is("object") {
		return false, false
	}
	for p := range options.Children() {
		switch {
		case p.Is("spread_element"):
			return false, false
		case p.Text() == signalKey, p.Field("key").Text() == signalKey:
			return true, false
		}
	}
	return false, true
}

// signalKey is the name under which options bring a signal.
const signalKey = "signal"

// isWaitedFor reports whether something is done with what a call promises.
func isWaitedFor(call syntax.Node) bool {
	return !dropsValue(call.Outer().Parent())
}

// dropsValue reports whether what stands around a value drops it.
func dropsValue(around syntax.Node) bool {
	return around.Is("expression_statement") || around.Is("unary_expression") && around.Parent().Is("expression_statement")
}

// runsIn reports whether n is evaluated by fn itself or by what fn calls on the spot: never
// later, when whoever has kept a function calls it.
func runsIn(n, fn syntax.Node, hops int) bool {
	at := n.Function()
	if at == fn || hops == 0 {
		return at == fn
	}
	if !at.OK() || !at.Within(fn) {
		return false
	}
	if callee := at.Outer(); callee.Parent().Field("function") == callee { // (async () => {..})()
		return runsIn(callee.Parent(), fn, hops-1)
	}
	name := functionName(at)
	return name != nil && name.Decl.Within(fn) && len(name.Refs) > 0 && !slices.ContainsFunc(name.Refs, func(r syntax.Node) bool {
		call := r.Outer().Parent()
		return r != name.Node && (call.Field("function") != r.Outer() || !runsIn(call, fn, hops-1))
	})
}

// ignored reports whether the end of an effect sets something that code of the effect asks
// before it goes on.
func (s *scan) ignored(e *span) bool {
	for n := range s.setByEnd(e) {
		if asksAbout(e.fn, n.Field("left").Inner(false)) {
			return true
		}
	}
	return false
}
