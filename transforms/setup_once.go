package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// longKept is how long, in milliseconds, a one-shot takes at least that is told because it
// is kept to be cancelled: people do little in less.
const longKept = 100

// soonOver reports whether a one-shot is over before anybody minds: in no time, in less
// than a second where it only gives a plain value to something, or in a time that is not
// written down where it only puts something of its own back.
func (s *scan) soonOver(o *Obligation, callback syntax.Node) bool {
	ms, known := milliseconds(o.Call.Field("arguments").Child(1))
	if !known {
		return onlyAssigns(callback, "false") && !slices.ContainsFunc(slices.Collect(callback.Field("body").Own()), writesForOthers)
	}
	return ms < longKept || ms < longAgain && onlyAssigns(callback, "true", "false", "number", "string")
}

// onlyAssigns reports whether a function does nothing but assign nothing, or such values.
func onlyAssigns(fn syntax.Node, values ...string) bool {
	return onlyDoes(fn, func(n syntax.Node) bool {
		n = n.Inner(false)
		right := n.Field("right").Inner(false)
		return n.Is("assignment_expression") && (isNothing(right) || right.Is(values...))
	})
}

// keptInSetup reports whether a one-shot of a setup is told, though it ends by itself
// (component_kept.go says why): its handle is kept where all of the setup sees it, and some
// code cancels by it, but the end of the component does not.
func (s *scan) keptInSetup(o *Obligation, c *setup) bool {
	if !slices.Contains(o.Acquire.From, "global") || isFrame(o) || firesAtOnce(o) {
		return false
	}
	if p := widen(o.Call).Parent(); !p.Is("assignment_expression") || !s.keptByInstance(c, p.Field("left").Inner(false)) {
		return false
	}
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	return callback.OK() && !s.soonOver(o, callback) && !s.onlyTellsSoon(o, callback, c) && !s.changesOwnStateAlone(o, callback, c) && !s.changesSetupAlone(o, c) && !notesOnly(callback) && s.changesSetup(o, callback, c) && !tidiesPage(callback) && !s.asksFirst(o) && !s.flagOfSetup(c, callback)
}

// onlyTellsSoon reports whether all that a one-shot does after a moment is to tell of an event,
// and to change what the setup has: Vue tells nobody of the events of a component that is gone.
func (s *scan) onlyTellsSoon(o *Obligation, callback syntax.Node, c *setup) bool {
	if ms, known := s.longestWait(o); !known || ms > aMoment || c.host != vueSetup {
		return false
	}
	for _, fn := range s.reachedFrom([]syntax.Node{callback}) {
		for n := range fn.Field("body").Descendants() {
			callee := n.Field("function").Inner(false)
			switch {
			case fn.IsAsync() || n.Is("new_expression", "await_expression"):
				return false
			case n.Is("assignment_expression", "augmented_assignment_expression"):
				if sym := rootOf(n.Field("left").Inner(false)).Symbol(); sym == nil || sym.Kind != syntax.Variable || !c.holds(sym) && sym.Decl.Function() != fn {
					return false
				}
			case !n.Is("call_expression") || calleeName(n) == "emit" || localFunction(callee).OK():
			case !asksElement[callee.Field("property").Text()]:
				return false
			}
		}
	}
	return true
}

// asksElement are methods of elements that change nothing.
var asksElement = map[string]bool{"contains": true, "closest": true, "matches": true, "getBoundingClientRect": true, "getAttribute": true, "hasAttribute": true, "querySelector": true}

// writesForOthers reports whether an assignment gives a value to what some function made of
// what the component was given: a model, which tells of it.
func writesForOthers(n syntax.Node) bool {
	sym := rootOf(n.Field("left")).Symbol()
	maker := calleeName(sym.Init().Inner(false))
	return n.Is("assignment_expression") && n.Field("left").Inner(false).Is("member_expression") && maker != "" && maker != "ref" && maker != "shallowRef" && maker != "reactive"
}

// tidiesPage reports whether a function does something with the page itself, which stays
// when the component goes: takes a class from the body, puts a cursor back. That is to be
// done all the same.
func tidiesPage(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		at := n.Field("left")
		if n.Is("call_expression") && (n.Parent().Is("expression_statement") || n == fn.Field("body")) {
			at = n.Field("function")
		} else if !n.Is("assignment_expression") {
			continue
		}
		if at = at.Inner(false); at.Is("member_expression") && isPage(rootOf(at)) {
			return true
		}
	}
	return false
}

// isPage reports whether a name is the document, or a constant that stands for a part of it.
func isPage(n syntax.Node) bool {
	sym := n.Symbol()
	if n.Is("identifier") && sym == nil {
		return n.Text() == "document"
	}
	init := sym.Init().Inner(true)
	return sym != nil && sym.Constant() && init.Is("member_expression") && isPage(rootOf(init))
}

// changesSetup reports whether what a one-shot runs changes what the component shows, or
// tells of it, and waits for nothing: what is put off for others is to be done all the same.
func (s *scan) changesSetup(o *Obligation, callback syntax.Node, c *setup) bool {
	found := false
	kept := rootOf(widen(o.Call).Parent().Field("left").Inner(false)).Symbol() // that it has fired is no change
	for _, fn := range s.reachedFrom([]syntax.Node{callback}) {
		if fn.IsAsync() {
			return false
		}
		for n := range fn.Field("body").Descendants() {
			name := calleeName(n)
			sym := rootOf(n.Field("left").Inner(false)).Symbol()
			if n.Is("update_expression", "augmented_assignment_expression") {
				sym = rootOf(n.Child(0).Inner(false)).Symbol()
			}
			found = found || n.Is("call_expression") && (name == "emit" || name == "$emit") ||
				n.Is("assignment_expression", "update_expression", "augmented_assignment_expression") && sym != nil && sym != kept && sym.Kind == syntax.Variable && c.holds(sym)
		}
	}
	return found
}

// keptByInstance reports whether a place is a variable of each instance of a setup, or a
// ref of it: timer, timer.value.
func (s *scan) keptByInstance(c *setup, place syntax.Node) bool {
	if place.Is("member_expression") && place.Field("property").Text() == "value" {
		place = place.Field("object").Inner(false)
	}
	sym := place.Symbol()
	if !place.Is("identifier") || sym == nil || sym.Kind != syntax.Variable || !c.holds(sym) {
		return false
	}
	if s.f.TopLevel(sym.Name) != sym {
		return true
	}
	b, in := s.f.BlockAt(sym.Decl.Start(), sym.Decl.End())
	return in && b.Instance
}

// notesOnly is onlyNotes, for what is kept in variables, too: it is over when that fires.
func notesOnly(fn syntax.Node) bool { return onlyDoes(fn, isNote) }

// isNote: timer = undefined
func isNote(n syntax.Node) bool {
	n = n.Inner(false)
	return n.Is("assignment_expression") && n.Field("left").Inner(false).Is("identifier") && (isNothing(n.Field("right")) || n.Field("right").Is("true", "false", "number"))
}

// flagOfSetup reports whether an end of a setup sets what a callback asks for.
func (s *scan) flagOfSetup(c *setup, callback syntax.Node) bool {
	for _, e := range c.ends {
		for _, fn := range e.reached {
			for n := range fn.Field("body").Descendants() {
				if n.Is("assignment_expression") && asksAbout(callback, n.Field("left").Inner(false)) {
					return true
				}
			}
		}
	}
	return false
}

// ownEnd says why a one-shot that is kept needs no other end than it has; "" where it does.
func (s *scan) ownEnd(o *Obligation, d *setupDebt, others []use) string {
	if len(others) == 0 {
		return "ends by itself, and soon"
	}
	k := keeping{releases: others}
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	if s.isPutOff(o, callback, k) {
		return "it is put off, and done at once where it is cancelled"
	}
	cancels := false
	for _, u := range others {
		if s.handedOut(d.setup, u.at, maxHops) {
			return "what releases it is handed on"
		}
		if s.changedAtEnd(d.setup, u.at) {
			return "the end of the component changes what is watched"
		}
		cancels = cancels || !u.at.Within(callback)
	}
	if !cancels {
		return "ends by itself, and soon"
	}
	return ""
}
