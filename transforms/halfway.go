package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// What begins when it is called may hold something already when it fails. Where the
// project's own code can be read, it tells: a method that keeps nothing before its last
// step that can fail holds nothing then.
//
//	async connect() {
//		this.client = await odbc.connect(this.url);
//	}

// failsOnTheSpot reports whether an acquisition that fails does so where it is called: the
// promise that it returns is waited for, or it throws, as far as can be seen.
func (s *scan) failsOnTheSpot(o *Obligation) bool {
	class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(o.Bindings["HANDLE"]))
	if waitsFor(o.Call) || !ok {
		return true
	}
	_, m, ok := s.Project.FindMember(s.ctx, class, o.Acquire.Pattern.Anchor)
	fn := m.Function()
	return !ok || !fn.Field("body").OK() || !isAsync(fn) && s.at(fn).likelyIn(o, fn, likelyHops)
}

// holdsHalfWay reports whether an acquisition that begins when it is called may hold
// anything when it fails; what cannot be seen may.
func (s *scan) holdsHalfWay(o *Obligation) bool {
	class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(o.Bindings["HANDLE"]))
	if !ok {
		return true
	}
	_, m, ok := s.Project.FindMember(s.ctx, class, o.Acquire.Pattern.Anchor)
	fn := m.Function()
	if !ok || !fn.Field("body").Is("statement_block") {
		return true
	}
	at := s.at(fn)
	g := at.graph(fn).Raising(func(n syntax.Node) bool { return at.likely(o, n, likelyHops) })
	keeps := false
	for _, p := range g.Points {
		if !p.Node.OK() || p.Node == fn || !mayKeep(p.Node) {
			continue
		}
		keeps = true
		var next []int
		for _, e := range p.Next {
			if !e.Throw {
				next = append(next, e.To)
			}
		}
		if g.Reaches(next, syntax.Raise, func(int) bool { return false }, func(syntax.Edge) bool { return true }) {
			return true
		}
	}
	return !keeps // where it does nothing, others override it
}

// mayKeep reports whether an evaluation may put anything into the instance: a field, or
// whatever is called with the instance or makes functions that know it.
func mayKeep(n syntax.Node) bool {
	n = n.Inner(true)
	switch {
	case n.Is("assignment_expression", "augmented_assignment_expression"):
		value := n.Field("right").Inner(false)
		return !n.Field("left").Is("identifier") && !isNothing(value) && !value.Is("true", "false", "number", "string", "template_string")
	case n.IsFunction():
		return true
	case n.Is("call_expression", "new_expression"):
		for d := range n.Descendants() {
			if d.IsThis() && !isFieldRead(d) {
				return true
			}
		}
	}
	return false
}

// isFieldRead reports whether the instance is only asked for a field, on which no method
// is called.
func isFieldRead(this syntax.Node) bool {
	field := this.Outer().Parent()
	if !field.Is("member_expression") || field.Field("object").Inner(false) != this {
		return false
	}
	use := field.Outer().Parent()
	return use.Field("function").Inner(false) != field && !(use.Is("member_expression") && use.Outer().Parent().Field("function").Inner(false) == use)
}
