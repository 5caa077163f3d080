package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Of a component that is gone nobody reads the fields, sees the elements or hears the
// events. A one-shot that is soon over and does nothing but change those, by itself or by
// methods of the component, leaves nothing that anybody would mend. It does where it begins
// something: a field that says that something is shown, another timer that asks for itself,
// a call of what somebody else has.

// ownEffects looks at what a function does to more than the component that it belongs to:
// the instance of a class or of an options object, or the setup of one.
type ownEffects struct {
	s     *scan
	in    *instance     // nil in a setup
	setup *setup        // nil in an instance
	open  []syntax.Node // the functions that are being looked at
	left  int           // how many more may be
	tells bool          // it tells of an event
}

// ownFunctions bounds how many functions of a component are looked at.
const ownFunctions = 30

// judgeOwnEffects takes a one-shot for an offer that an instance which a framework ends has under way, where it
// is soon over as a rule, and changes nothing but what the instance has of its own.
func (s *scan) judgeOwnEffects(o *Obligation) {
	if o.Status != Unmet || o.Standing != Leak || o.Way == Overwritten || o.told || !o.Kind.OneShot || o.Kind.Registers() || o.Owner.Form != OwnerClass || isFrame(o) || !slices.Contains(o.Acquire.From, "global") {
		return
	}
	in := s.instance(o.Owner.Node)
	if in.host == nil || !in.host.view && !slices.Contains(in.host.from, angular[0]) {
		return
	}
	ms, known := s.usualTime(o.Call.Field("arguments").Child(1), in)
	e := &ownEffects{s: s, in: in, left: ownFunctions}
	if known && ms < longOwn && e.ofCallback(o) {
		s.offerOrMet(o, "ends by itself, soon, and changes nothing but what the instance has of its own")
	}
}

// changesOptionsAlone reports whether a one-shot of an options object is soon over as a rule and changes
// nothing but what its instance has. Vue lets nobody hear the events of a component that is gone:
// a moment later, nobody waits for one.
func (s *scan) changesOptionsAlone(o *Obligation, in *instance) bool {
	ms, known := s.usualTime(o.Call.Field("arguments").Child(1), in)
	e := &ownEffects{s: s, in: in, left: ownFunctions}
	return known && ms < longOwn && e.ofCallback(o) && (!e.tells || ms <= aMoment)
}

// changesSetupAlone reports whether a one-shot of a setup of Vue is soon over and changes nothing but what that
// has of its own.
func (s *scan) changesSetupAlone(o *Obligation, c *setup) bool {
	if c.host != vueSetup || !slices.Contains(o.Acquire.From, "global") || isFrame(o) {
		return false
	}
	ms, known := s.longestWait(o)
	if !known {
		ms, known = s.usualTimeOfProp(o.Call.Field("arguments").Child(1), c)
	}
	e := &ownEffects{s: s, setup: c, left: ownFunctions}
	return known && ms < longOwn && e.ofCallback(o) && (!e.tells || ms <= aMoment)
}

// ofCallback begins with what a one-shot calls, where it stands: a round that comes back to that
// has no end.
func (e *ownEffects) ofCallback(o *Obligation) bool {
	given := o.Call.Field("arguments").Child(0).Inner(false)
	e.open = append(e.open, o.Call.Function())
	if name, own := given.ThisField(); own && e.in != nil {
		return e.method(name)
	}
	return e.within(functionGiven(given))
}

// within reports whether all that a function does stays in the component.
func (e *ownEffects) within(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.OK() || fn.File() != e.s.f || fn.IsAsync() || e.left == 0 || slices.Contains(e.open, fn) {
		return false
	}
	e.left--
	e.open = append(e.open, fn)
	defer func() { e.open = e.open[:len(e.open)-1] }()
	if body.Is("call_expression") && !e.called(body, fn) {
		return false
	}
	for n := range body.Descendants() {
		switch {
		case n.Is("call_expression"):
			if !e.called(n, fn) {
				return false
			}
		case n.Is("new_expression"):
			made := n.Field("constructor").Inner(false)
			if !made.Is("identifier") || made.Symbol() != nil || !isBuiltin[made.Text()] && made.Text() != "Event" && made.Text() != "CustomEvent" {
				return false
			}
		case n.Is("assignment_expression"):
			if !e.changes(n.Field("left"), n.Field("right"), fn) {
				return false
			}
		case n.Is("augmented_assignment_expression"):
			if !e.changes(n.Field("left"), syntax.Node{}, fn) {
				return false
			}
		case n.Is("update_expression"):
			if !e.changes(n.Field("argument"), syntax.Node{}, fn) {
				return false
			}
		case n.Is("unary_expression") && n.Field("operator").Text() == "delete":
			if !e.changes(n.Field("argument"), syntax.Node{}, fn) {
				return false
			}
		case n.Is("await_expression", "yield_expression", "throw_statement", "while_statement", "do_statement") || n.IsFunction() && n.IsAsync():
			return false
		}
	}
	return true
}

// method is within for a method of the instance.
func (e *ownEffects) method(name string) bool {
	for _, m := range e.in.members {
		if m.Name == name && !m.Static {
			return m.Function().OK() && e.within(m.Function())
		}
	}
	return false
}

// changes reports whether a place is the component's own, and the value nothing that shows
// something there: this.open = true may have a framework put listeners on the page.
func (e *ownEffects) changes(place, value, fn syntax.Node) bool {
	place = place.Inner(false)
	if value.Inner(true).Is("true") && isShowing(lastName(valueOfRef(place))) {
		return false
	}
	if name, own := place.ThisField(); own {
		return e.in != nil && e.field(name)
	}
	if place.Is("identifier", "array_pattern", "object_pattern") {
		sym := place.Symbol()
		return sym != nil && sym.Kind == syntax.Variable && (sym.Node.Within(fn) || e.setup != nil && e.setup.holds(sym))
	}
	return e.owns(place.Field("object"), fn)
}

// valueOfRef: open of open.value
func valueOfRef(place syntax.Node) syntax.Node {
	if place.Is("member_expression") && place.Field("property").Text() == "value" {
		return place.Field("object").Inner(false)
	}
	return place
}

// field reports whether to set a field stays in the component: it is a plain one, or what is
// called where it is set does.
func (e *ownEffects) field(name string) bool {
	if name == "" || name[0] == '$' {
		return false
	}
	got, set := false, false
	for _, m := range e.in.members {
		switch setter := m.Node.HasToken("set"); {
		case m.Name != name:
		case setter && !e.within(m.Function()), m.Method && !m.Getter && !setter:
			return false
		default:
			got, set = got || m.Getter, set || setter
		}
	}
	return !got || set
}

// owns reports whether a value is part of the component: its elements, what it keeps in a field or
// variable of its own, or what the function has just made of such.
func (e *ownEffects) owns(n, fn syntax.Node) bool {
	looks := false // only how an element looks
	for n = n.Inner(true); n.OK(); n = n.Inner(true) {
		if name, own := n.ThisField(); own {
			return e.in != nil && (looks || name == "$refs" || name == "$el" || isElementPart[name] && !has(e.in.members, name) || name[0] != '$' && !e.in.borrowed(name) && !isGivenField(e.in, name))
		}
		if n.Is("member_expression") && n.Field("property").Text() == "nativeElement" {
			_, own := n.Field("object").Inner(true).ThisField() // of what the component found, or stands on
			return own && e.in != nil
		}
		if n.IsThis() {
			return e.in != nil
		}
		if n.Is("call_expression") {
			if name, own := n.Field("function").Inner(true).ThisField(); own && e.in != nil { // what a signal of its own holds
				return isBox(e.in, name)
			}
			return false
		}
		if !n.Is("member_expression", "subscript_expression") {
			break
		}
		looks = looks || isElementPart[n.Field("property").Text()]
		n = n.Field("object")
	}
	sym := n.Symbol()
	switch {
	case n.Is("array", "object", "string", "template_string", "regex"):
		return true
	case !n.Is("identifier") || sym == nil || sym.Kind != syntax.Variable:
		return false
	case sym.Node.Within(fn):
		init := sym.Init().Inner(true)
		return init.Is("array", "object", "number", "string") || init.OK() && init != n && e.owns(init, fn)
	}
	init := sym.Init().Inner(true)
	return e.setup != nil && e.setup.holds(sym) && (init.Is("object", "array") || isReactive[calleeName(init)] || calleeName(init) == "useState")
}

// isElementPart are what an element has.
var isElementPart = map[string]bool{"style": true, "classList": true, "dataset": true, "shadowRoot": true, "renderRoot": true}

// isGivenField reports whether a field is one that somebody else fills: a declared input, or what is asked for
// by its class.
func isGivenField(in *instance, name string) bool {
	return slices.ContainsFunc(in.members, func(m syntax.Member) bool {
		if m.Name != name {
			return false
		}
		for d := range m.Node.Children() {
			if d.Is("decorator") && calleeName(d.Child(0)) == "Input" {
				return true
			}
		}
		maker := calleeName(m.Node.Field("value").Inner(true))
		return m.Param || maker == "inject" || maker == "input"
	})
}

// isBox reports whether a field holds what a framework keeps a value in for the instance.
func isBox(in *instance, name string) bool {
	return slices.ContainsFunc(in.members, func(m syntax.Member) bool {
		maker := m.Node.Field("value").Inner(true).Field("function").Inner(false)
		return m.Name == name && isBoxMaker[rootOf(maker).Text()]
	})
}

var isBoxMaker = map[string]bool{"signal": true, "linkedSignal": true, "computed": true, "input": true, "model": true, "viewChild": true, "contentChild": true, "viewChildren": true, "contentChildren": true}
