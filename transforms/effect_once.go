package transforms

import (
	"slices"
	"strconv"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A one-shot of an effect owes nothing where it is soon over. It is owed where it asks for
// itself again, and where it changes the component long after the effect has ended, or
// after it has run again and started another.

// Milliseconds from which on a one-shot of an effect that runs again, or of one that runs
// once, is not soon over.
const (
	longAgain = 1000
	longOnce  = 5000
)

// endsAtOnce says whether a one-shot of an effect is met by ending by itself; it is
// noted where it is a loop. Of what is owed in no way but could be cancelled, an offer
// is made.
func (s *scan) endsAtOnce(o *Obligation, e *span, g *hosting) bool {
	if !o.Kind.OneShot {
		return false
	}
	if !slices.Contains(o.Acquire.From, "global") { // a debounced function: a call that is pending is made once more
		if standing, owed := s.owedLate(o); owed {
			o.Standing = standing
			return false
		}
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and soon")
		return true
	}
	if g.loop = s.loopOf(o); !g.loop.OK() {
		g.loop = s.startsLoop(o)
	}
	if g.loop.OK() && g.loop.Within(e.fn) && g.loop != e.fn && s.staysALoop(o, g.loop) {
		return false
	}
	g.loop = syntax.Node{}
	if homeOf(o.Call) == e.fn && s.comesTooLate(o, e) {
		return false
	}
	if s.Offers && homeOf(o.Call) == e.fn && !isImmediate(o) && !e.blank() && o.Call.Field("arguments").Len() > 1 && s.changesComponent(o, e) {
		o.Standing = Offer
		return false
	}
	o.Status = Met
	o.step(o.Call, "met: ends by itself, and soon")
	return true
}

// startsLoop is the function that a one-shot runs and that asks for itself again; the zero
// Node if it does not.
func (s *scan) startsLoop(o *Obligation) syntax.Node {
	fn := functionGiven(o.Call.Field("arguments").Child(0))
	if !fn.OK() {
		return syntax.Node{}
	}
	for _, x := range s.found {
		if x != o && x.Kind == o.Kind && x.Call.Within(fn) && s.loopOf(x) == fn {
			return fn
		}
	}
	return syntax.Node{}
}

// staysALoop reports whether a loop goes on without anybody asking for more than its own
// round: one that asks for the next round only while something is to come is soon over.
func (s *scan) staysALoop(o *Obligation, loop syntax.Node) bool {
	for _, x := range s.found {
		if x.Kind == o.Kind && x.Call.Within(loop) && s.loopOf(x) == loop && s.isEndless(x, loop) {
			return true
		}
	}
	return false
}

// comesTooLate reports whether a one-shot changes the component when the effect may long
// have ended.
func (s *scan) comesTooLate(o *Obligation, e *span) bool {
	delay := o.Call.Field("arguments").Child(1).Inner(false)
	if !e.blank() && !firesAtOnce(o) && !isFrame(o) && slices.Contains(e.host.from, baseHosts[0].from[0]) && s.warns(&baseHosts[0]) && s.changesComponent(o, e) {
		return true
	}
	if again, _ := e.runsAnew(); again && isFrame(o) && !e.blank() && actsOnRun(o, e) {
		return true
	}
	if o.Kind.Name == "" || !delay.OK() || e.blank() || !s.changesComponent(o, e) {
		return false
	}
	again, _ := e.runsAnew()
	ms, known := milliseconds(delay)
	switch {
	case !known:
		return again
	case again && o.Call.Statement().Parent() == e.fn.Field("body"): // under a condition it may be that for one value only
		return ms >= longAgain
	}
	return ms >= longOnce
}

// actsOnRun reports whether what a one-shot runs calls a method of an element that the run
// of the effect found in a ref: when that is over, another may be there, or none.
func actsOnRun(o *Obligation, e *span) bool {
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	for n := range callback.Field("body").Descendants() {
		callee := n.Field("function").Inner(false)
		if !n.Is("call_expression") || !callee.Is("member_expression") {
			continue
		}
		if sym := rootOf(callee).Symbol(); sym != nil && sym.Kind == syntax.Variable && sym.Decl.Function() == e.fn && !sym.Node.Within(callback) && fromRef(sym.Init()) {
			return true
		}
	}
	return false
}

// fromRef reports whether a value is what a ref holds: a.current || b.current
func fromRef(value syntax.Node) bool {
	for n := range value.Descendants() {
		if n.Is("member_expression") && n.Field("property").Text() == "current" {
			return true
		}
	}
	return false
}

// milliseconds is the value of a delay: a number, a product of numbers, or a constant of
// the file that is one.
func milliseconds(n syntax.Node) (int, bool) {
	n = n.Inner(false)
	switch n.Kind() {
	case "number":
		v, err := strconv.ParseFloat(n.Text(), 64)
		return int(v), err == nil
	case "identifier":
		if init := n.Symbol().Init(); init.OK() && n.Symbol().Constant() && init.Inner(false) != n {
			return milliseconds(init)
		}
	case "ternary_expression":
		a, ok := milliseconds(n.Field("consequence"))
		b, too := milliseconds(n.Field("alternative"))
		return max(a, b), ok && too
	case "binary_expression":
		a, ok := milliseconds(n.Field("left"))
		b, too := milliseconds(n.Field("right"))
		return a * b, ok && too && n.Field("operator").Text() == "*"
	}
	return 0, false
}

// changesComponent reports whether what a one-shot calls sets a state of the component.
func (s *scan) changesComponent(o *Obligation, e *span) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if s.setsStateOf(callback, setterHops) || s.setsWhatItIsGiven(o) {
		return true
	}
	for _, fn := range s.reachedFrom([]syntax.Node{functionGiven(callback)}) {
		for n := range fn.Field("body").Descendants() {
			if n.Is("call_expression") && s.setsStateOf(n.Field("function").Inner(false), setterHops) {
				return true
			}
		}
	}
	return false
}

// setsState reports whether a name is what a component sets its state by.
func setsState(n syntax.Node) bool {
	sym := n.Symbol()
	if sym == nil || !n.Is("identifier") {
		return false
	}
	pattern := sym.Decl.Field("name")
	switch calleeName(sym.Decl.Field("value").Inner(false)) {
	case "useState", "useReducer":
		return pattern.Is("array_pattern") && pattern.Len() > 1 && pattern.Child(1) == sym.Node || pattern.Is("array_pattern") && pattern.Child(0) == sym.Node && pattern.Len() == 1
	}
	return false
}
