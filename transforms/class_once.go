package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// toldOnce reports whether a one-shot of an instance that a host draws is told, though it
// ends by itself (component_kept.go says why): where it is kept in a field to be cancelled,
// and where it is dropped and draws the instance anew, which the host holds to be a leak
// once the instance is gone.
func (s *scan) toldOnce(o *Obligation, in *instance) bool {
	h := in.host
	if in.hosted {
		return s.keptByOptions(o, in)
	}
	if h != nil && o.Kind.Name == debouncedKind {
		return o.Handle.Place == InField && s.warns(h) && s.draws(in, o.Call.Field("arguments").Child(0), 3) && !s.flagOfInstance(o, in)
	}
	if h == nil || len(h.draws) == 0 || firesAtOnce(o) && !s.warns(h) || !slices.Contains(o.Acquire.From, "global") || s.flagOfInstance(o, in) {
		return false
	}
	if o.Handle.Place == InField {
		return !firesAtOnce(o) && s.trackedIn(o, in) && !s.onlySetsSoon(o)
	}
	_, member := o.Call.ThisClass()
	if name := syntax.MemberName(member); isFrame(o) && o.Handle.Place == Discarded && (slices.Contains(h.onces, name) || repeatedHooks[name]) {
		return false // what is shown now is there when the page is drawn next
	}
	if name := syntax.MemberName(member); !slices.Contains(h.onces, name) && !repeatedHooks[name] && !in.isRefCallback(name) {
		if ms, written := milliseconds(o.Call.Field("arguments").Child(1)); written && ms <= shortGrace || firesAtOnce(o) || isFrame(o) {
			return false // what people do is seldom the last that they do there
		}
	}
	return o.Handle.Place == Discarded && s.warns(h) && s.draws(in, o.Call.Field("arguments").Child(0), 3)
}

// onlySetsSoon reports whether all that a one-shot does after a moment is to give the state of
// its component plain values.
func (s *scan) onlySetsSoon(o *Obligation) bool {
	ms, known := s.waitingTime(o)
	return known && ms <= aMoment && onlyDoes(functionGiven(o.Call.Field("arguments").Child(0)), func(n syntax.Node) bool {
		n = n.Inner(false)
		name, own := n.Field("function").Inner(false).ThisField()
		if !n.Is("call_expression") || !own || name != "setState" || n.Field("arguments").Len() != 1 {
			return false
		}
		for pair := range n.Field("arguments").Child(0).Inner(false).Children() {
			if value := pair.Field("value").Inner(false); !pair.Is("pair") || !isNothing(value) && !value.Is("true", "false", "number", "string") {
				return false
			}
		}
		return n.Field("arguments").Child(0).Inner(false).Is("object")
	})
}

// keptByOptions is toldOnce for an options object: some code cancels by the field, and its
// end does not.
func (s *scan) keptByOptions(o *Obligation, in *instance) bool {
	if !slices.Contains(o.Acquire.From, "global") || o.Handle.Place != InField || isFrame(o) || firesAtOnce(o) || s.flagOfInstance(o, in) {
		return false
	}
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if s.soonOver(o, callback) || in.soonByDefault(o) || s.closesItself(o, in) || s.changesOptionsAlone(o, in) {
		return false
	}
	cancels := slices.ContainsFunc(in.refs[o.Handle.Field], func(ref syntax.Node) bool {
		at := s.releaseAt(o, ref)
		return at.OK() && !at.Within(callback)
	})
	run := s.runBy(in, o.Call.Field("arguments").Child(0))
	return cancels && s.changesOwn(run, in, 3) && !slices.ContainsFunc(run, tidiesPage)
}

// soonByDefault reports whether an options object says of the time that a one-shot takes, a
// property or datum of its own, that it is a moment where nobody says otherwise.
//
//	props: { duration: { type: Number, default: 300 } }
func (in *instance) soonByDefault(o *Obligation) bool {
	return in.isMoment(o.Call.Field("arguments").Child(1))
}

// isMoment is soonByDefault for a time, which may be one of two.
func (in *instance) isMoment(delay syntax.Node) bool {
	delay = delay.Inner(false)
	if delay.Is("ternary_expression") {
		return in.isMoment(delay.Field("consequence")) && in.isMoment(delay.Field("alternative"))
	}
	name, own := delay.ThisField()
	if !own {
		ms, known := millis(delay, 3)
		return known && ms <= aMoment
	}
	for n := range in.class.Node.Descendants() {
		if !n.Is("pair") || n.Field("key").Text() != name {
			continue
		}
		value := n.Field("value").Inner(false)
		if value.Is("object") {
			value = optionIn(value, "default")
		}
		if ms, known := millis(value, 3); known && ms <= aMoment {
			return true
		}
	}
	return false
}

// aMoment is how long, in milliseconds, a transition or a hint takes.
const aMoment = 300

// changesOwn reports whether some functions of an options object change what the instance
// shows, or tell of it, and wait for nothing: what is put off for others, a removal that
// can be undone, is to be done though the component has gone.
func (s *scan) changesOwn(fns []syntax.Node, in *instance, hops int) bool {
	found := false
	for _, fn := range fns {
		if fn.IsAsync() {
			return false
		}
		for n := range fn.Field("body").Descendants() {
			_, own := n.Field("left").Inner(false).ThisField()
			if n.Is("update_expression", "augmented_assignment_expression") {
				_, own = n.Child(0).Inner(false).ThisField()
			}
			_, called := n.Field("function").Inner(false).ThisField()
			switch {
			case n.Is("assignment_expression", "update_expression", "augmented_assignment_expression") && own:
				found = found || !isNothing(n.Field("right")) // not only that it has fired
			case !n.Is("call_expression") || !called:
			case calleeName(n) == "$emit":
				found = true
			case hops > 0:
				found = found || s.changesOwn(s.runBy(in, n.Field("function")), in, hops-1)
			}
		}
	}
	return found
}

// isFrame: it waits until the page is drawn.
func isFrame(o *Obligation) bool {
	return o.Acquire.Pattern.Anchor == "requestAnimationFrame" || o.Acquire.Pattern.Anchor == "requestIdleCallback"
}

// warns reports whether the release of a host that a file is written for tells its users of
// a leak when an instance that is gone is drawn anew.
func (s *scan) warns(h *classHost) bool {
	v, known := s.Project.VersionOf(s.f.Path, h.from[0])
	return known && v.Less(h.forgives)
}

// mayBeTold reports whether a one-shot that is soon over is looked at all the same: a frame
// of an instance that a host draws.
func (s *scan) mayBeTold(o *Obligation) bool {
	class, _ := o.Call.ThisClass()
	if !class.IsClass() && !class.Is("object") {
		return false
	}
	h := s.instance(class).host
	return h != nil && len(h.draws) > 0 && (!firesAtOnce(o) || s.warns(h))
}

// trackedIn is isTracked for what is kept in a field.
func (s *scan) trackedIn(o *Obligation, in *instance) bool {
	released, read := false, false
	for _, ref := range in.refs[o.Handle.Field] {
		if syntax.IsWrite(ref) || syntax.IsWrite(ref.Outer()) {
			continue
		}
		if s.releaseAt(o, ref).OK() {
			released = true
		} else {
			read = true
		}
	}
	if !released && (read || len(in.computed) > 0) {
		return false
	}
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	return !callback.IsFunction() || !onlyNotes(callback)
}

// draws reports whether a function, or a method of the instance that it calls, has the
// instance drawn anew.
func (s *scan) draws(in *instance, callback syntax.Node, hops int) bool {
	for _, fn := range s.runBy(in, callback) {
		for n := range fn.Field("body").Descendants() {
			name, own := n.ThisField()
			if !own || n.Outer().Parent().Field("function").Inner(false) != n {
				continue
			}
			if !in.asksForElement(n, fn) && (slices.Contains(in.host.draws, name) || hops > 0 && s.draws(in, n, hops-1)) {
				return true
			}
		}
	}
	return false
}

// isRefCallback reports whether a method is called with an element when that is there, and
// without when it is gone: ref={this.measure}.
func (in *instance) isRefCallback(name string) bool {
	return slices.ContainsFunc(in.refs[name], func(ref syntax.Node) bool {
		attribute := ref.Ancestor("jsx_attribute")
		return attribute.OK() && strings.HasSuffix(strings.ToLower(attribute.Child(0).Text()), "ref")
	})
}

// asksForElement reports whether n is done in a function only where a field holds
// something, as those for elements do while the instance is drawn.
func (in *instance) asksForElement(n, fn syntax.Node) bool {
	for p := n.Parent(); p.OK() && p != fn; p = p.Parent() {
		if !p.Is("if_statement") || !n.Within(p.Field("consequence")) {
			continue
		}
		for d := range p.Field("condition").Descendants() {
			if name, own := d.ThisField(); own && name != "props" && name != "state" && name != "context" {
				return true
			}
		}
	}
	return false
}

// flagOfInstance reports whether the end of an instance sets a field that the callback of
// a one-shot asks for.
func (s *scan) flagOfInstance(o *Obligation, in *instance) bool {
	t := in.teardown
	if t == nil || !t.own.OK() {
		return false
	}
	for _, fn := range s.runBy(in, o.Call.Field("arguments").Child(0)) {
		for n := range t.own.Field("body").Descendants() {
			if n.Is("assignment_expression") && asksAbout(fn, n.Field("left").Inner(false)) {
				return true
			}
		}
	}
	return false
}
