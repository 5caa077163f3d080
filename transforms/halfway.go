package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

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
	if !ok || !fn.Field("body").OK() {
		return true
	}
	refused := func(n syntax.Node) bool { return s.isJustMade(o) && asksOnlyState(n, fn) }
	return !isAsync(fn) && s.at(fn).likelyInBut(o, fn, likelyHops, refused)
}

// isJustMade reports whether the handle was made where it is declared, and nothing has been
// done with it since.
func (s *scan) isJustMade(o *Obligation) bool {
	sym := o.Bindings["HANDLE"].Inner(false).Symbol()
	if sym == nil || !sym.Constant() || !sym.Init().Inner(true).Is("new_expression") || sym.Decl.Function() != o.Call.Function() {
		return false
	}
	return !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r != sym.Node && r.Start() < o.Call.Start() })
}

// asksOnlyState reports whether a method throws only if the state that the instance is in
// does not allow it to be called.
//
//	if (this.state !== this.STATE.INITIAL) throw new Error(..);
func asksOnlyState(thrown, fn syntax.Node) bool {
	asked := thrown.Ancestor("if_statement")
	if t := thrown.Ancestor("throw_statement"); !thrown.Is("throw_statement") && !t.OK() || !asked.OK() || !asked.Within(fn) || !thrown.Within(asked.Field("consequence")) {
		return false
	}
	own := false
	for n := range asked.Field("condition").Descendants() {
		if n.Is("call_expression", "await_expression") || n.Is("identifier") && n.Symbol() != nil && n.Symbol().Decl.Within(fn) {
			return false
		}
		own = own || n.IsThis()
	}
	return own
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
