package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeHandled judges what a handler of a function component registers with something
// that outlives the component. It says nothing (false) where that does not show.
func (s *scan) judgeHandled(o *Obligation, component syntax.Node) bool {
	fn := o.registered()
	switch {
	case o.Kind.OneShot, o.firesOnce() && !o.excepted(), o.endedBySignal(), o.swallows(), o.handlerKept():
		return false
	case !fn.OK(), !s.lastsBeyondPage(o), !usedOnTheSpot(widen(o.Call)) && !widen(o.Call).Parent().Is("expression_statement", "arrow_function"):
		return false
	}
	o.Handle = Handle{Value: widen(o.Call)}
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	all := s.removals(o, component.Descendants())
	for _, r := range all {
		if !r.works() {
			if r.target == same && r.event == same {
				return false // meant for it, perhaps
			}
			continue
		}
		switch home := r.call.Function(); {
		case s.endsComponent(component, r.call), slices.ContainsFunc(callsByRef(home), func(call syntax.Node) bool { return s.endsComponent(component, call) }):
			o.Status = Met
			o.step(r.call, "met: released when the component ends")
			return true
		case s.comesBeside(o, r.call), r.call.Within(fn), home == o.Call.Function() && r.call.Start() > o.Call.Start():
			o.Status = Met
			o.step(r.call, "met: taken away by what was registered with it")
			return true
		case s.isHandedOut(home, component) && onlyCancels(home, r.call):
			o.step(r.call, "moved: what releases it is given to whoever uses %s", nameOf(component))
			return true
		}
		o.releases = append(o.releases, r.call)
		o.step(r.call, "released by %s", shorten(r.call.Text()))
	}
	way := NeverReleased
	if len(o.releases) > 0 {
		way = MissingPath
	} else if !fn.Within(component) {
		return false // the same function is registered once, however often that is done
	}
	s.unmet(o, way, []ExitPlace{{nameNode(component), "the component goes"}})
	o.Form = formComponent{}
	return true
}

// callsByRef are the calls of a function that is kept in a ref, by way of that.
//
//	leave.current = () => window.removeEventListener('blur', hide);
func callsByRef(fn syntax.Node) []syntax.Node {
	place := fn.Outer().Parent().Field("left").Inner(false)
	if !fn.Outer().Parent().Is("assignment_expression") || !isRefPlace(place) {
		return nil
	}
	var out []syntax.Node
	for _, r := range place.Field("object").Inner(false).Symbol().Mentions() {
		m := r.Outer().Parent()
		if call := m.Outer().Parent(); isRefPlace(m) && call.Is("call_expression") && call.Field("function").Inner(false) == m {
			out = append(out, call)
		}
	}
	return out
}

// lastsBeyondPage reports whether a registration is with the page, or with something of
// the module, so that it is there when its component is gone.
func (s *scan) lastsBeyondPage(o *Obligation) bool {
	key := s.placeKey(o.target(), 6)
	switch {
	case strings.HasPrefix(key, "global "):
		return !strings.Contains(key, "(") && (o.Acquire.Pattern.Anchor == "addEventListener" || s.emits(o))
	case strings.HasPrefix(key, "module "):
		return s.emits(o)
	}
	return lastingCall(o.target())
}

// comesBeside reports whether a removal is run by a listener that was registered together
// with what it takes away, and that comes whether or not the component is there: the end
// of a drag.
func (s *scan) comesBeside(o *Obligation, removal syntax.Node) bool {
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		if !x.Kind.Registers() || x.Call.Function() != o.Call.Function() || !s.lastsBeyondPage(x) {
			return false
		}
		return inOneOf(s.reachedFrom([]syntax.Node{x.registered()}), removal)
	})
}

// registered is the function that is registered, also through a hook that gives it back;
// the zero Node where it is not in the file.
func (o *Obligation) registered() syntax.Node {
	if fn := o.handlerFunction(); fn.OK() {
		return fn
	}
	return localFunction(o.handler().Inner(false))
}

// mayLeave reports whether a function can be left without having come to a call in it.
func (s *scan) mayLeave(fn, call syntax.Node) bool {
	g := s.graph(fn)
	stops := s.points(g, fn, call)
	ways := g.Ways([]int{syntax.Entry}, func(p int) bool { return slices.Contains(stops, p) }, func(syntax.Edge) bool { return true })
	return len(stops) == 0 || slices.ContainsFunc(ways, func(w syntax.Path) bool { return !w.Raised })
}

// isDependencies reports whether an array lists what makes a hook run anew.
func isDependencies(array syntax.Node) bool {
	args := array.Outer().Parent()
	return args.Is("arguments") && isHookName(calleeName(args.Parent())) && args.Child(0) != array.Outer()
}

// ofListener writes how a registration of a component is taken away, and says behind which
// statement that can be done.
func (w *effectEdit) ofListener(o *Obligation, component syntax.Node) (owed, syntax.Node, *Refusal) {
	none := syntax.Node{}
	n := o.handler().Inner(false)
	if ev := o.event().Inner(false); !ev.Is("string") {
		return owed{}, none, refuse(TooEntangled, "the event is computed")
	}
	if !n.Is("identifier") {
		return owed{}, none, refuse(TooEntangled, "the function that is registered has no name by which it could be taken away")
	}
	if !isStable(n) {
		return owed{}, none, refuse(TooEntangled, "%s is another function each time that %s is drawn: it has to be kept where the end finds it", n.Text(), nameOf(component))
	}
	var stmt syntax.Node
	for part := range o.Call.Descendants() {
		if sym := part.Symbol(); part.Is("identifier") && sym != nil && sym.Decl.Function() == component {
			if at := sym.Decl.Statement(); at.Parent() == component.Field("body") && (!stmt.OK() || at.Start() > stmt.Start()) {
				stmt = at
			}
		}
	}
	if !stmt.OK() {
		stmt = lastHook(component, component.End())
	}
	if !stmt.OK() {
		return owed{}, none, refuse(TooEntangled, "there is no place for an effect in %s", nameOf(component))
	}
	return owed{o: o, release: w.s.writeRemoval(o, o.targetText(), n.Text(), none)}, stmt, nil
}
