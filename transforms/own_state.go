package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// longOwn is how long, in milliseconds, a one-shot takes at least that is told though it
// changes nothing but what the component alone shows.
const longOwn = 2000

// changesOwnStateAlone reports whether a one-shot of a setup changes nothing but the
// component's own refs and variables, and before long: once the component is gone, nobody
// looks at those.
func (s *scan) changesOwnStateAlone(o *Obligation, callback syntax.Node, c *setup) bool {
	ms, known := s.longestWait(o)
	return known && ms < longOwn && s.keepsToOwnState(callback, c)
}

// changesInstanceAlone reports whether a one-shot of a class changes nothing but fields of
// the instance, its state or a list of it, and tells of that by a signal or event of its own, before long:
// once the instance is gone, nobody looks at those.
func (s *scan) changesInstanceAlone(o *Obligation, in *instance) bool {
	fn := functionGiven(o.Call.Field("arguments").Child(0))
	ms, known := s.waitingTime(o)
	if !known || ms > longOwn || !fn.IsArrow() || fn.IsAsync() || !fn.Within(o.Call) || len(in.ancestors) == 0 && !syntax.Extends(in.class.Node).OK() {
		return false
	}
	changes := false
	for n := range fn.Field("body").Descendants() {
		callee := n.Field("function").Inner(false)
		switch {
		case n.Is("assignment_expression", "augmented_assignment_expression"):
			_, own := n.Field("left").Inner(false).ThisField()
			if !own {
				return false
			}
			changes = true
		case n.Is("call_expression") && (s.setsOwnState(n, in) || changesOwnList(n)):
			changes = true
		case n.Is("call_expression") && callee.Field("property").Text() == "emit":
			if _, own := callee.Field("object").Inner(false).ThisField(); !own {
				return false
			}
		case n.Is("call_expression", "new_expression", "update_expression", "await_expression", "throw_statement"):
			return false
		}
	}
	return changes
}

// setsOwnState reports whether a call changes the state of a component of React, which does
// nothing once that is unmounted, and is not told of as a mistake then.
func (s *scan) setsOwnState(call syntax.Node, in *instance) bool {
	name, own := call.Field("function").Inner(false).ThisField()
	return own && name == "setState" && in.host != nil && len(in.host.draws) > 0 && !s.warns(in.host) && call.Field("arguments").Len() == 1 && call.Field("arguments").Child(0).Inner(true).Is("object")
}

// changesOwnList reports whether a call changes nothing but a list in a field of the instance:
// by a method of lists, or by a function for them that is given it first.
func changesOwnList(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	if _, own := callee.Field("object").Inner(false).ThisField(); own {
		return ofLists[callee.Field("property").Text()] && !slices.ContainsFunc(slices.Collect(call.Field("arguments").Children()), syntax.Node.IsFunction)
	}
	origin, known := callee.Origin()
	_, own := call.Field("arguments").Child(0).Inner(false).ThisField()
	return known && own && slices.Contains(listModules, origin.Module) && slices.Contains(origin.Path, "ArrayExt") && strings.HasPrefix(origin.Last(), "remove")
}

// listModules have functions that change the list which they are given, and nothing else.
var listModules = []string{"@lumino/algorithm", "@phosphor/algorithm"}

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
	return isReactive[calleeName(sym.Init().Inner(false))]
}

// isReactive are what Vue makes the state of a setup by.
var isReactive = map[string]bool{"ref": true, "shallowRef": true, "reactive": true, "shallowReactive": true}

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
