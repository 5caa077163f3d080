package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// hosting is what detection found about an obligation of an effect.
type hosting struct {
	span  *span
	later bool        // some code that runs later releases it, in some cases
	dead  syntax.Node // a function that would release it, and that nobody calls
	loop  syntax.Node // the function that asks for itself again
	wrong *removal    // the call that was meant to take it away
	late  bool        // it is acquired when something that is waited for has come
}

// judgeHosted judges what is acquired in an effect, or by the handlers of a component. It
// says nothing (false) of all else.
func (s *scan) judgeHosted(o *Obligation) bool {
	if o.racing || o.Kind.Keyed != "" || o.Kind.Collects() || slices.Contains(o.Acquire.Types, "this") || o.Acquire.Pattern.Given("HANDLE") {
		return false
	}
	e := s.effectAt(o.Call)
	if e == nil {
		return s.judgeMemo(o) || s.judgeMade(o) || s.judgeDebounced(o) || s.judgeDrawn(o) || s.judgeComponent(o)
	}
	for n := o.Call.Parent(); n != e.fn; n = n.Parent() {
		if n.IsClass() || isExecutor(n) {
			return false
		}
	}
	o.Owner = Owner{OwnerEffect, e.name(), e.fn}
	if s.isRoot(e.fn.Function()) {
		o.Status = Moved
		o.step(o.Call, "moved: the root component lives as long as the page")
		return true
	}
	if o.Kind.Registers() {
		return s.judgeListening(o, e)
	}
	return s.judgeHeld(o, e)
}

// judgeHeld judges what is acquired in an effect and has a handle.
func (s *scan) judgeHeld(o *Obligation, e *span) bool {
	h, elsewhere := s.locate(o)
	o.Handle = h
	g := &hosting{span: e}
	place := s.keptPlace(o)
	switch {
	case elsewhere == returnedText && o.Call.Function() == e.fn:
		if o.isCallable() {
			o.Status = Met
			o.step(o.Call, "met: the host calls what is returned")
			return true
		}
		if e.fn.IsAsync() {
			return false
		}
		if !s.endsAtOnce(o, e, g) {
			s.unmetIn(o, g, NeverReleased, []ExitPlace{{o.Call, "what is returned is no function"}})
		}
		return true
	case place.OK(), elsewhere == "" && (h.Place == InVariable || h.Place == Discarded):
	default:
		return false // handed on, or kept in what has an end of its own
	}
	if !o.Kind.Alone && !o.Kind.OneShot && !o.isCallable() {
		return false // useless without its handle: as in any function
	}
	if h.Nameless && h.Place == Discarded && !(madeOnTheSpot(o).OK() && o.Call.Function() == e.fn && s.keptBeyond(o, e.within)) {
		return false
	}
	if off := s.takenAway(o); off.OK() {
		o.Status = Met
		o.step(off, "met: taken away by %s", shorten(off.Text()))
		return true
	}
	var given []syntax.Node
	for _, c := range e.cleanups {
		given = append(given, c.value)
	}
	if places := s.unboundIn(o, given); places != nil {
		s.judgeUnbound(o, places)
		return true
	}
	uses := slices.DeleteFunc(s.usesIn(o, e, place), o.listensBy)
	p := s.paymentsOf(o, e, uses)
	if p.moved.at.OK() {
		o.Status = Moved
		o.step(p.moved.at, "moved: %s", p.moved.text)
		return true
	}
	if kept := s.keptOnce(o, e, place, p); !kept && !p.dead.OK() && s.endsAtOnce(o, e, g) {
		return true
	} else if kept && p.whole == (syntax.Node{}) {
		p.whole = s.endOfKept(o, e, place)
	}
	return s.judgePaid(o, e, g, p)
}

// judgePaid says what came of an obligation of an effect, out of what pays it.
func (s *scan) judgePaid(o *Obligation, e *span, g *hosting, p payments) bool {
	g.later, g.dead = p.later, p.dead
	if p.whole.OK() {
		o.Status = Met
		o.releases = append(o.releases, p.whole)
		o.step(p.whole, "met: released when the component ends")
		return true
	}
	if flag := s.flagEnds(o, e); flag.OK() {
		o.Status = Met
		o.step(flag, "met: a flag that the end sets keeps it from being acquired")
		return true
	}
	graph := s.graph(e.fn)
	begin := s.points(graph, e.fn, s.beginning(o))
	stops := map[int]bool{}
	if homeOf(o.Call) != e.fn { // acquired later on: from where on the function that does is there
		g.late = s.comesLate(o, e)
		begin = graph.Around(childOf(e.fn, o.Call))
		if name := functionName(childOf(e.fn, o.Call)); len(begin) == 0 && name != nil { // declared: from where on it is called
			for _, r := range name.Refs {
				if r.Function() == e.fn {
					begin = append(begin, graph.Around(r)...)
				}
			}
		}
		if len(begin) == 0 {
			begin = []int{syntax.Entry}
		}
	} else {
		for _, n := range p.flow {
			for _, at := range s.points(graph, e.fn, n) {
				stops[at] = true
			}
		}
	}
	for _, c := range p.cleanups {
		if c.at == e.fn {
			stops[syntax.Exit] = true
		}
		for _, at := range graph.Around(c.at) {
			stops[at] = true
		}
	}
	var starts []int
	ends := false
	for _, at := range begin {
		for _, edge := range graph.Points[at].Next {
			if !edge.Throw {
				starts = append(starts, edge.To)
				ends = ends || edge.To == syntax.Exit && !stops[syntax.Exit]
			}
		}
	}
	ways := graph.Ways(starts, func(p int) bool { return stops[p] }, o.holds)
	ways = slices.DeleteFunc(ways, func(w syntax.Path) bool { return w.Raised })
	if len(ways) == 0 && !ends {
		o.Status = Met
		o.step(o.Call, "met: released when the effect ends")
		return true
	}
	exits := s.exits(graph, ways, o)
	if ends || len(exits) == 0 {
		exits = append(exits, ExitPlace{o.Call, "the end is reached"})
	}
	s.unmetIn(o, g, wayOf(p), exits)
	return true
}

func wayOf(p payments) Way {
	if p.later || len(p.cleanups) > 0 || len(p.flow) > 0 {
		return MissingPath
	}
	return NeverReleased
}

// unmetIn leaves an obligation unmet, with the form that can settle it.
func (s *scan) unmetIn(o *Obligation, g *hosting, way Way, exits []ExitPlace) {
	s.unmet(o, way, exits)
	o.gist, o.Form = g, formEffect{}
	if g.dead.OK() {
		s.unmet(o, WrongRelease, []ExitPlace{{g.dead, "the function is neither returned nor called"}})
		o.releases = append(o.releases, g.dead)
		o.Form = formUnreturned{}
	}
	if o.Standing == Offer {
		return
	}
	o.Evidence = append(o.Evidence, "in "+calleeText(g.span.call))
}

// childOf is the outermost function within fn around n.
func childOf(fn, n syntax.Node) syntax.Node {
	for n.Function().OK() && n.Function() != fn {
		n = n.Function()
	}
	return n
}

// takenAway is a call that takes away, by what it was added with, something whose handle
// nobody keeps: Keyboard.removeListener('show', f). The zero Node for none.
func (s *scan) takenAway(o *Obligation) syntax.Node {
	callee := o.Call.Field("function").Inner(false)
	if !callee.Is("member_expression") || o.Handle.Symbol != nil {
		return syntax.Node{}
	}
	target, event := squeeze(callee.Field("object")), squeeze(o.Call.Field("arguments").Child(0))
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		off := n.Field("function").Inner(false)
		if n.Is("call_expression") && off.Is("member_expression") && takesAway(n) && squeeze(off.Field("object")) == target && squeeze(n.Field("arguments").Child(0)) == event {
			return n
		}
	}
	return syntax.Node{}
}

// isCallable: what is acquired is the function that releases it.
func (o *Obligation) isCallable() bool {
	return slices.ContainsFunc(o.Kind.Release, func(r Release) bool { return r.Pattern.Callee() == "HANDLE" })
}

// keptPlace is the `current` of a ref, or the like, that the handle is kept in: what the
// component keeps beyond one run; the zero Node for none.
func (s *scan) keptPlace(o *Obligation) syntax.Node {
	n := o.Handle.Value.Parent().Field("left")
	if b, ok := o.Bindings["HANDLE"]; ok {
		n = b
	}
	n = n.Inner(false)
	if isRefPlace(n) {
		return n
	}
	return syntax.Node{}
}

// isRefPlace: ref.current, of a name of the file.
func isRefPlace(n syntax.Node) bool {
	n = n.Inner(false)
	return n.Is("member_expression") && n.Field("property").Text() == "current" && n.Field("object").Inner(false).Symbol() != nil
}

// usesIn are the uses of a handle: of the variable, or of the ref, that holds it.
func (s *scan) usesIn(o *Obligation, e *span, place syntax.Node) []use {
	var out []use
	if sym := o.Handle.Symbol; sym != nil {
		for _, u := range s.usesOf(o, sym, maxHops) {
			if left := u.at.Field("left").Inner(false); u.effect == moved && u.at.Is("assignment_expression") && isRefPlace(left) {
				out = append(out, s.usesOfPlace(o, left)...) // timer.current = id
				continue
			}
			out = append(out, u)
		}
	}
	if place.OK() {
		out = append(out, s.usesOfPlace(o, place)...)
	}
	return out
}

func (s *scan) usesOfPlace(o *Obligation, place syntax.Node) []use {
	ref := place.Field("object").Inner(false).Symbol()
	var out []use
	for _, r := range ref.Mentions() {
		m := r.Outer().Parent()
		if !isRefPlace(m) {
			if isHandedOn(r) {
				out = append(out, use{moved, r, r, "the ref is handed on"})
			}
			continue
		}
		if m == place && m.Parent().Field("left") == m {
			continue
		}
		if m == place.Outer() && o.Bindings["HANDLE"].OK() && m.Within(o.Call) {
			continue
		}
		out = append(out, s.useOf(o, m, maxHops)...)
	}
	return out
}

// isHandedOn reports whether somebody else is given what a name stands for.
func isHandedOn(r syntax.Node) bool {
	p := r.Outer().Parent()
	list := p.Is("array") && (!p.Parent().Is("arguments") || p.Parent().Child(0) == p) // not of dependencies, which come second
	return list || p.Is("arguments", "return_statement", "pair", "jsx_expression", "spread_element") || r.Is("shorthand_property_identifier")
}
