package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A teardown that ends something gently often arms a one-shot that ends it by force.
// Where the gentle end comes first, the one-shot stays for nothing, and holds the
// process up until it fires.

// shortGrace is the longest time, in milliseconds, that nobody minds to wait.
const shortGrace = 1000

// isBrief reports whether a one-shot is written down to fire within that time, or when the
// page is drawn or idle next.
func (s *scan) isBrief(o *Obligation) bool {
	if isFrame(o) || !o.Call.Field("arguments").Child(1).OK() {
		return true
	}
	time, known := s.waitingTime(o)
	return known && time <= shortGrace
}

// isSoon reports whether a time is written down, in milliseconds, that is soon over.
func isSoon(delay syntax.Node) bool {
	n, ok := millis(delay, 3)
	return ok && n <= shortGrace
}

// judgeGrace judges a dropped one-shot of a teardown that does, at the latest, what
// something else does as soon as it is told of the end. It says nothing (false) of
// others.
func (s *scan) judgeGrace(o *Obligation, in *instance) bool {
	if o.Handle.Place != Discarded || !slices.Contains(o.Acquire.From, "global") || s.unreferenced(o) {
		return false
	}
	if s.isBrief(o) {
		return false
	}
	final := s.calledBy(in, o.Call.Field("arguments").Child(0))
	if !final.OK() || final == in.teardown.own || final.Within(o.Call) {
		return false
	}
	for _, use := range s.usesOfFunction(in, final) {
		if use.Within(o.Call) || !callbackOf(bound(use)).ends && !s.inEnd(use) {
			continue
		}
		why := "it runs when the end is told, too, and leaves the " + o.Kind.Noun
		s.unmet(o, MissingPath, []ExitPlace{{nameNode(final), why}})
		_, member := final.ThisClass()
		if member.OK() && syntax.FunctionOf(member) == final && syntax.MemberName(member) != "" {
			for _, m := range in.members {
				if m.Function() == final {
					o.gist, o.Form = m, formCounterpart{}
					return true
				}
			}
		}
		o.Refusal = refuse(TooEntangled, "what ends it is no method of the instance, which could know its %s", o.Kind.Noun)
		return true
	}
	return false
}

// bound is what a mention of a function is handed on as.
func bound(use syntax.Node) syntax.Node {
	v := use.Outer()
	if m := v.Parent(); m.Is("member_expression") && m.Field("property").Text() == "bind" && m.Parent().Field("function") == m {
		return m.Parent()
	}
	return v
}

// inEnd reports whether a mention is a call in a function that is told of an end.
func (s *scan) inEnd(use syntax.Node) bool {
	v := use.Outer()
	m := v.Parent()
	call := m
	if m.Is("member_expression") && (m.Field("property").Text() == "call" || m.Field("property").Text() == "apply") {
		call = m.Parent()
	}
	return call.Is("call_expression") && callbackOf(call.Function()).ends
}

// calledBy is the function of the file, or the method, that a callback is or calls
// and does nothing else; the zero Node where there is none.
func (s *scan) calledBy(in *instance, callback syntax.Node) syntax.Node {
	callback = callback.Inner(false)
	if isBind(callback) {
		callback = callback.Field("function").Inner(false).Field("object").Inner(false)
	}
	if callback.IsFunction() {
		body := callback.Field("body")
		if body.Is("statement_block") {
			if body.Len() != 1 || !body.Child(0).Is("expression_statement") {
				return syntax.Node{}
			}
			body = body.Child(0).Child(0)
		}
		callback = body.Inner(true).Field("function").Inner(false)
		if name := callback.Field("property").Text(); name == "call" || name == "apply" {
			callback = callback.Field("object").Inner(false)
		}
	}
	if !callback.Is("identifier") {
		if _, ok := callback.ThisField(); !ok {
			return syntax.Node{}
		}
	}
	if fns := s.functionsIn(in, callback); len(fns) == 1 && fns[0].File() == s.f {
		return fns[0]
	}
	return syntax.Node{}
}

// usesOfFunction are the mentions of a function of the file, or of a method.
func (s *scan) usesOfFunction(in *instance, fn syntax.Node) []syntax.Node {
	if name := functionName(fn); name != nil {
		return name.Refs
	}
	_, member := fn.ThisClass()
	return in.refs[syntax.MemberName(member)]
}
