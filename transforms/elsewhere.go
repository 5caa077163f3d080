package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What one handler of a component acquires, another often releases: the pointer goes down
// and comes up, a dialog is opened and closed, what is watched changes and changes back. If
// the component goes in between, nobody releases it, and nothing that comes later does: its
// watchers have ended, its markup is gone.
//
// The rule for what ends by itself after the component has gone:
//
//   - What takes itself away when it is told of its event is no leak: it waits for one event.
//   - Nor is what such a one takes away that the same handler has registered, where both
//     are made by that handler: a gesture that has begun goes on to its end, and nothing
//     but the gesture knows of it.
//   - Else it is a leak, if a small one: what is told of each move goes on being told, with
//     the component gone, until the pointer comes up. Those who mend it release it when the
//     component ends, and what waits for the end of the gesture with it.

// gestureEnds are the events by which a gesture ends that has begun.
var gestureEnds = []string{"mouseup", "pointerup", "pointercancel", "touchend", "touchcancel", "dragend", "drop", "lostpointercapture", "keyup"}

// moves are events that a gesture tells of again and again.
var moves = []string{"mousemove", "pointermove", "touchmove", "drag", "dragover"}

func eventOf(o *Obligation) string {
	n := o.event().Inner(false)
	if sym := n.Symbol(); sym != nil && sym.Constant() && sym.Init().OK() {
		n = sym.Init().Inner(false)
	}
	event, _ := n.StringValue()
	return event
}

// takesItselfAway reports whether a call that takes something away runs when the function
// that is registered does; of a move, which comes often, on every way.
func (s *scan) takesItselfAway(o *Obligation, removal syntax.Node) bool {
	fn := o.handlerFunction()
	if slices.Contains(moves, eventOf(o)) {
		return fn.OK() && removal.Statement().Parent() == fn.Field("body")
	}
	return inOneOf(s.reachedFrom(append(assigned(o.handler().Inner(false).Symbol()), fn)), removal)
}

// assigned are the functions that a variable is given.
func assigned(sym *syntax.Symbol) []syntax.Node {
	var out []syntax.Node
	for _, r := range sym.Mentions() {
		if p := r.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == r && p.Field("right").Inner(false).IsFunction() {
			out = append(out, p.Field("right").Inner(false))
		}
	}
	return out
}

func inOneOf(fns []syntax.Node, n syntax.Node) bool {
	return slices.ContainsFunc(fns, func(fn syntax.Node) bool { return n.Within(fn) })
}

// gestureOf are the registrations beside o, by the same handler, that wait for the end of
// the gesture, and then take themselves away, and o by that removal.
func (s *scan) gestureOf(o *Obligation, removal syntax.Node) []*Obligation {
	var out []*Obligation
	for _, x := range s.found {
		if x != o && x.Kind.Registers() && homeOf(x.Call) == homeOf(o.Call) && s.waitsForGesture(x) &&
			inOneOf(s.reachedFrom([]syntax.Node{x.handlerFunction()}), removal) {
			out = append(out, x)
		}
	}
	return out
}

// waitsForGesture reports whether what is registered waits for the end of a gesture, and
// takes itself away then.
func (s *scan) waitsForGesture(o *Obligation) bool {
	if !slices.Contains(gestureEnds, eventOf(o)) || !o.handlerFunction().OK() {
		return false
	}
	if o.firesOnce() {
		return true
	}
	for _, fn := range s.reachedFrom([]syntax.Node{o.handlerFunction()}) {
		if slices.ContainsFunc(s.removals(o, fn.Descendants()), removal.works) {
			return true
		}
	}
	return false
}

// follows reports whether some code of the function in which something is acquired may
// run after that, in the same call.
func (s *scan) follows(o *Obligation, n syntax.Node) bool {
	home := homeOf(o.Call)
	if !home.OK() || homeOf(n) != home {
		return !home.OK() && !homeOf(n).OK() && n.Start() > o.Call.Start()
	}
	g := s.graph(home)
	begin := s.points(g, home, o.Call.Outer())
	for _, p := range s.points(g, home, n) {
		if g.Reaches(begin, p, func(int) bool { return false }, func(syntax.Edge) bool { return true }) {
			return true
		}
	}
	return false
}

// concernsOthers reports whether n calls or changes something that is not the component's
// own, other than to take a listener away: what the end of a gesture does there is to be
// done, though the component has gone.
func concernsOthers(n syntax.Node) bool {
	switch n.Kind() {
	case "assignment_expression", "augmented_assignment_expression", "update_expression", "unary_expression":
		left := n.Field("left").Inner(false)
		if n.Is("update_expression", "unary_expression") {
			left = n.Field("argument").Inner(false)
		}
		if n.Is("unary_expression") && n.Field("operator").Text() != "delete" {
			return false
		}
		return !isOwn(rootOf(left))
	case "new_expression":
		return true
	case "call_expression":
	default:
		return false
	}
	callee := n.Field("function").Inner(false)
	if takesAway(n) || slices.Contains(harmless, calleeName(n)) || callee.Is("identifier") && localFunction(callee).OK() {
		return false
	}
	if callee.Is("member_expression") && callee.Field("object").Inner(false).IsThis() {
		return false // a method
	}
	root := rootOf(callee)
	return !(root.Is("identifier") && root.Symbol() == nil && slices.Contains(pure, root.Text()))
}

// harmless are functions that concern the event, the component's own parent, or what ends
// by itself.
var harmless = []string{
	"emit", "$emit", "preventDefault", "stopPropagation", "stopImmediatePropagation", "nextTick", "$nextTick",
	"clearTimeout", "clearInterval", "cancelAnimationFrame", "setTimeout", "requestAnimationFrame",
}

// pure are objects whose functions change nothing.
var pure = []string{"Math", "Number", "String", "Array", "Object", "JSON", "Date", "Boolean", "console", "parseInt", "parseFloat", "isNaN"}

// isOwn reports whether a name is that of something that a component made for itself.
func isOwn(root syntax.Node) bool {
	if root.IsThis() {
		return true
	}
	sym := root.Symbol()
	if sym == nil || sym.Kind != syntax.Variable || !sym.Decl.Function().OK() && !root.File().Component() {
		return false
	}
	switch name := calleeName(sym.Init().Inner(true)); {
	case isHookName(name), name == "inject", name == "defineProps", name == "toRef", name == "toRefs":
		return false
	}
	return true
}
