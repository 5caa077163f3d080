package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// besideTeardown reports whether a removal from something that outlives the instance is
// one that the end of the instance does not come to.
func (s *scan) besideTeardown(o *Obligation, in *instance, how stay, r removal) bool {
	t := in.teardown
	view := in.endsHosted() && in.host.view && !in.lasting
	if !in.ended() && !view || rank(t.name) > rank("tearDown") || how != lastingStay && how != givenStay || !s.emits(o) {
		return false
	}
	if view && how != lastingStay || (view || in.hosted) && s.settledByHandler(o, in, r.call) {
		return false
	}
	if !in.isSeen() && !frameworkHook(t.name) && !hooks[t.name] || r.call.File() != s.f {
		return false
	}
	if keeper(r.call) == keeper(o.Call) && !((view || in.hosted) && homeOf(r.call) == homeOf(o.Call) && !s.follows(o, r.call)) {
		return false
	}
	ends := s.reached(in)
	if s.onlyWhere(o, in, r.call) {
		return !s.endOfTarget(o, in).OK()
	}
	return !ends.opaque && !ends.runs(r.call) && !s.calledByOthers(in, r.call) && (view || in.hosted || !s.endsGesture(in, r.call)) && !s.endOfTarget(o, in).OK()
}

// leavesAtFirst reports whether a removal is what a function in a field of the instance does
// whenever it is called, which is registered and needs nothing of the instance: it takes itself
// away the first time, and holds nobody until then.
//
//	_forget = function forget() { document.removeEventListener('pointerup', forget); };
func (in *instance) leavesAtFirst(o *Obligation, r removal) bool {
	name, own := o.handler().Inner(false).ThisField()
	if !own {
		return false
	}
	return slices.ContainsFunc(in.members, func(m syntax.Member) bool {
		fn := m.Function()
		if m.Name != name || !fn.OK() || r.call.Statement().Parent() != fn.Field("body") {
			return false
		}
		for n := range fn.Descendants() {
			if n.IsThis() || n.Is("super") {
				return false
			}
		}
		return true
	})
}

// betterAtEnd reports whether a removal beside those of others would not do: the end of
// the instance does not come there.
func (s *scan) betterAtEnd(o *Obligation, in *instance, how stay, beside []removal) bool {
	sibling, _ := bestSibling(beside)
	return s.besideTeardown(o, in, how, sibling)
}

// settledByHandler reports whether a removal that the end of a component does not come
// to is as good as one that it does come to: what is registered takes itself away, by
// the rule for gestures, or the end gives a value to what is watched.
func (s *scan) settledByHandler(o *Obligation, in *instance, removal syntax.Node) bool {
	fns := s.handlersIn(in, o.handler())
	if slices.Contains(moves, eventOf(o)) {
		for _, fn := range fns {
			if removal.Statement().Parent() == fn.Field("body") {
				return true
			}
		}
	} else if s.reachOf(in, fns...).runs(removal) {
		return true
	}
	return s.watchesAtEnd(in, removal)
}

// told are methods that a framework calls when something of the instance has changed.
var told = []string{"updated", "willUpdate", "update", "firstUpdated", "attributeChangedCallback", "componentDidUpdate", "ngOnChanges", "propertyChangedCallback"}

// watchesAtEnd reports whether a removal is made when something changes that the end of
// the instance gives a value.
func (s *scan) watchesAtEnd(in *instance, removal syntax.Node) bool {
	member := keeper(removal)
	name := syntax.MemberName(member)
	watches := in.hosted && member.Parent() != in.class.Node || slices.Contains(told, name) || member.HasToken("set")
	for _, d := range []syntax.Node{member, member.Parent()} {
		for c := range d.Children() {
			watches = watches || c.Is("decorator") && d == member
		}
	}
	if !watches {
		return false
	}
	ends := s.reached(in)
	for field, refs := range in.refs {
		for _, r := range refs {
			if syntax.IsWrite(r) && ends.runs(r) && (!in.hosted || field == name) {
				return true
			}
		}
	}
	return false
}

// gestureIn is gestureOf for an instance, whose handlers are methods of it.
func (s *scan) gestureIn(o *Obligation, in *instance, at syntax.Node) []*Obligation {
	var out []*Obligation
	for _, x := range s.found {
		if x == o || !x.Kind.Registers() || homeOf(x.Call) != homeOf(o.Call) || !slices.Contains(gestureEnds, eventOf(x)) {
			continue
		}
		runs := s.reachOf(in, s.handlersIn(in, x.handler())...)
		if runs.runs(at) && slices.ContainsFunc(s.removals(x, codeOf(in.class.Node)), func(r removal) bool { return r.works() && runs.runs(r.call) }) {
			out = append(out, x)
		}
	}
	return out
}

// gestureRemovals write the removals, beside that of a move, of what waits for the end of
// the gesture; not where that concerns others, too.
func (e *classEdit) gestureRemovals(o *Obligation) []string {
	var out []string
	for _, x := range o.beside {
		name, method := x.handler().ThisField()
		target, durable := e.lastingTarget(x)
		runs := e.s.reachOf(e.in, e.s.handlersIn(e.in, x.handler())...)
		ended := slices.ContainsFunc(e.s.removals(x, codeOf(e.in.class.Node)), func(r removal) bool { return r.works() && e.s.reached(e.in).runs(r.call) })
		if !method || !e.always(name) || !durable || ended || !steady(e.s.f, x.event()) {
			continue
		}
		others := false
		for n := range codeOf(e.in.class.Node) {
			others = others || concernsOthers(n) && runs.runs(n)
		}
		if !others {
			out = append(out, e.s.writeRemoval(x, target, e.there("this."+name), syntax.Node{})+";")
		}
	}
	return out
}

// handlersIn are the functions that a handler may be: also those that a field of the
// instance is given, of which the handler is one.
func (s *scan) handlersIn(in *instance, handler syntax.Node) []syntax.Node {
	out := s.functionsIn(in, handler)
	field, ok := handler.Inner(false).ThisField()
	if !ok {
		return out
	}
	for _, r := range in.refs[field] {
		if p := r.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == r {
			out = append(out, s.functionsIn(in, p.Field("right"))...)
		}
	}
	return out
}
