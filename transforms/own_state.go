package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// longOwn is how long, in milliseconds, a one-shot takes at least that is told though it
// changes nothing but what the component alone shows.
const longOwn = 2000

// changesOwnStateAlone reports whether a one-shot of a setup changes nothing but the
// component's own refs and variables, and before long: once the component is gone, nobody
// looks at those.
func (s *scan) changesOwnStateAlone(o *Obligation, callback syntax.Node, c *setup) bool {
	ms, known := s.waitingTime(o)
	if !known {
		ms, known = s.timeGiven(o.Call.Field("arguments").Child(1).Inner(true))
	}
	return known && ms < longOwn && s.keepsToOwnState(callback, c)
}

// timeGiven is the longest time that the callers of a function write down for one of its
// parameters; false where one of them does not, or where they are not all known.
func (s *scan) timeGiven(delay syntax.Node) (float64, bool) {
	sym := delay.Symbol()
	if !delay.Is("identifier") || sym == nil || sym.Kind != syntax.Parameter {
		return 0, false
	}
	fn := sym.Node.Function()
	name := functionName(fn)
	place := slices.IndexFunc(slices.Collect(fn.Field("parameters").Children()), func(p syntax.Node) bool { return sym.Node.Within(p) })
	if name == nil || place < 0 {
		return 0, false
	}
	longest, called := 0.0, false
	for _, ref := range s.mentionsIn(fn, name) {
		call := ref.Outer().Parent()
		if isNaming(ref) {
			continue
		}
		if !call.Is("call_expression") || call.Field("function").Inner(false) != ref {
			return 0, false
		}
		ms, known := millis(call.Field("arguments").Child(place), 3)
		if !known {
			return 0, false
		}
		longest, called = max(longest, ms), true
	}
	return longest, called
}

// keepsToOwnState reports whether all that a function does is to change the state of its
// setup, now or by another one-shot.
func (s *scan) keepsToOwnState(fn syntax.Node, c *setup) bool {
	body := fn.Field("body")
	if !body.OK() || fn.IsAsync() {
		return false
	}
	for n := range body.Descendants() {
		switch {
		case n.Is("call_expression", "new_expression"):
			if !s.callsForItself(n, c) {
				return false
			}
		case n.Is("assignment_expression", "augmented_assignment_expression", "update_expression"):
			left := n.Field("left")
			if n.Is("update_expression") {
				left = n.Child(0)
			}
			if !isOwnState(left.Inner(false), c) {
				return false
			}
		case n.Is("return_statement", "throw_statement", "await_expression", "yield_expression", "for_in_statement", "while_statement", "do_statement"):
			return false
		}
	}
	return true
}

// isOwnState reports whether a place is a variable of a setup, or the value of a ref that
// the setup made: not a model, which tells of what it is given.
func isOwnState(place syntax.Node, c *setup) bool {
	sym := rootOf(place).Symbol()
	if sym == nil || sym.Kind != syntax.Variable || !c.holds(sym) {
		return false
	}
	if place.Is("identifier") {
		return true
	}
	return slices.Contains([]string{"ref", "shallowRef", "reactive", "shallowReactive"}, calleeName(sym.Init().Inner(false)))
}

// callsForItself reports whether a call concerns nobody else: it computes something of
// literals or of the component's own state, writes a line of a log, or has its own state
// changed later.
func (s *scan) callsForItself(call syntax.Node, c *setup) bool {
	callee := call.Field("function").Inner(false)
	if call.Is("new_expression") {
		made := call.Field("constructor").Inner(false)
		return made.Is("identifier") && made.Symbol() == nil && isBuiltin[made.Text()]
	}
	switch name := calleeName(call); {
	case name == "setTimeout" || name == "requestAnimationFrame":
		next := functionGiven(call.Field("arguments").Child(0))
		return next.OK() && next.Within(call)
	case name == "clearTimeout" || name == "cancelAnimationFrame":
		return true
	}
	if !callee.Is("member_expression") {
		return false
	}
	root := rootOf(callee)
	return root.Is("array", "string", "template_string", "object") || root.Is("identifier") && root.Symbol() == nil && isBuiltin[root.Text()] ||
		ofLists[callee.Field("property").Text()] && isOwnState(callee.Field("object").Inner(false), c)
}

// isBuiltin are objects of the language that only compute, or hold, and the log.
var isBuiltin = map[string]bool{"Math": true, "JSON": true, "Date": true, "Object": true, "Number": true, "String": true, "Array": true, "Map": true, "Set": true, "console": true}

// ofLists are methods of lists, which change nothing else.
var ofLists = map[string]bool{"push": true, "pop": true, "shift": true, "unshift": true, "splice": true, "map": true, "filter": true, "find": true, "slice": true, "concat": true, "includes": true, "join": true}
