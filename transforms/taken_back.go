package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A listener that fires once ends by itself, when its event comes. Where the code that
// registers it takes it away elsewhere, in a branch or a handler that comes later, it does
// not count on that, and the end of its owner should not either:
//
//	watch(open, (on) => {
//	  if (on) document.addEventListener('focusin', trap, { once: true });
//	  else document.removeEventListener('focusin', trap);
//	});

// soonEvents come soon after what they are waited for, whatever becomes of the component.
var soonEvents = []string{
	"transitionend", "transitioncancel", "animationend", "animationcancel", "load", "loadend", "error", "abort", "DOMContentLoaded",
	"loadedmetadata", "loadeddata", "canplay", "canplaythrough", "seeked",
}

// takenBack reports whether a registration that an exception of its kind lets pass is one
// that fires once, of something that has an end, whose own code takes it away before that.
func (s *scan) takenBack(c candidate, n syntax.Node, b syntax.Bindings) bool {
	o := s.obligation(c, n, b)
	event := eventOf(o)
	if !o.firesOnce() || event == "" || slices.Contains(soonEvents, event) || slices.Contains(gestureEnds, event) {
		return false
	}
	around := s.endingAround(n)
	if !around.OK() {
		return false
	}
	return slices.ContainsFunc(s.removals(o, around.Descendants()), func(r removal) bool {
		return r.works() && r.target == same && !runBySelf(o, r.call) && !s.follows(o, r.call) && !s.takesItselfAway(o, r.call)
	})
}

// runBySelf reports whether n stands in the function that is registered, also where that
// is a member of the instance.
func runBySelf(o *Obligation, n syntax.Node) bool {
	if own := o.registered(); own.OK() {
		return n.Within(own)
	}
	field, isField := o.handler().Inner(false).ThisField()
	_, member := n.ThisClass()
	return isField && syntax.MemberName(member) == field
}

// endingAround is the code of the owner with an end of its own that n belongs to: a setup,
// a component whose effect or handler n runs in, an instance; the zero Node for none.
func (s *scan) endingAround(n syntax.Node) syntax.Node {
	if c := s.setupAt(n); c != nil {
		return c.root
	}
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		if e := s.effectOf(fn); e != nil && e.within.OK() {
			return e.within
		}
	}
	if component := s.componentAt(n); component.OK() {
		return component
	}
	class, _ := s.ownerAt(n)
	return class
}

// excepted reports whether an exception of its kind lets o pass: it is there because it is
// taken back.
func (o *Obligation) excepted() bool {
	return slices.ContainsFunc(o.Kind.Except, func(x *syntax.Pattern) bool {
		_, is := x.Match(o.Call, nil)
		return is
	})
}
