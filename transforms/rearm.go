package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A field holds one handle. A method that fills it runs again, perhaps, while the
// one before still lives: then that one is lost, whatever the teardown does.

// kept reports whether an obligation is a handle in a field that the instance
// releases.
func (s *scan) kept(o *Obligation) bool {
	return o.Status == Met && o.Standing == Leak && o.Handle.Place == InField && o.Owner.isInstance() &&
		len(o.releases) > 0 && !o.Kind.Registers() && !(o.Kind.OneShot && isImmediate(o)) && s.settledByParent(o) == ""
}

// judgeRearmed looks at what the instance does release: is the field filled again
// before that?
func (s *scan) judgeRearmed(o *Obligation) {
	if !s.kept(o) {
		return
	}
	in := s.instance(o.Owner.Node)
	write := filledAt(o, in)
	if !write.OK() {
		return
	}
	r := &rearm{s: s, o: o, in: in, names: in.names(o.Handle.Field), seen: map[int32]bool{}}
	if place, ok := r.again(write, maxHops); ok {
		s.unmet(o, Overwritten, []ExitPlace{place})
		o.Form, o.gist = formRearm{}, r.way
	}
}

// restarts finds methods that may be called twice: whether anybody does is not to
// be seen.
func (s *scan) restarts() {
	if !s.Offers {
		return
	}
	for _, o := range slices.Clone(s.found) {
		if !s.kept(o) || o.Kind.OneShot {
			continue
		}
		in := s.instance(o.Owner.Node)
		write := filledAt(o, in)
		if !write.OK() || !write.Function().IsAsync() && (o.Kind.Fails == Rejects || o.Kind.Release[0].Done) {
			continue
		}
		if e := (&classEdit{s: s, in: in}); in.borrowed(o.Handle.Field) || e.borrows(o) {
			continue // it may hold somebody else's
		}
		r := &rearm{s: s, o: o, in: in, names: in.names(o.Handle.Field), seen: map[int32]bool{}}
		fn := r.startedBy(write, 3)
		if !fn.OK() {
			continue
		}
		c := *o
		c.Steps, c.Standing = slices.Clone(o.Steps), Offer
		s.unmet(&c, Overwritten, []ExitPlace{{fn, fn.Text() + "() may be called twice"}})
		c.Form, c.gist, c.Refusal = formRearm{}, r.way, nil
		s.rate(&c)
		s.found = append(s.found, &c)
	}
}

// filledAt is the assignment that puts the handle into its field, in the function
// that acquires it; the zero Node where the field has it by a declaration, or had
// it before.
func filledAt(o *Obligation, in *instance) syntax.Node {
	var found syntax.Node
	_, two := o.Bindings["HANDLE"]
	for _, ref := range in.refs[o.Handle.Field] {
		p := ref.Outer().Parent()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref || ref.Function() != o.Call.Function() || !p.Field("right").OK() {
			continue
		}
		right := p.Field("right").Inner(true)
		switch {
		case o.Call.Within(p.Field("right")):
			return p
		case two && p.End() <= o.Call.Start() && right.Is("new_expression", "call_expression"):
			found = p
		case o.kept != nil && o.Handle.Symbol != nil && right.Symbol() == o.Handle.Symbol:
			found = p
		}
	}
	return found
}

// rearm asks about one field.
type rearm struct {
	s     *scan
	o     *Obligation
	in    *instance
	names []string // of the field
	seen  map[int32]bool
	way   []syntax.Node // what was found: the assignment, what runs it, and so on
}

// again reports whether the evaluation n, which fills the field or leads to that,
// runs again while the field is filled, and what makes it.
func (r *rearm) again(n syntax.Node, hops int) (place ExitPlace, ok bool) {
	before := len(r.way)
	defer func() {
		if !ok {
			r.way = r.way[:before]
		}
	}()
	r.way = append(r.way, n)
	none := ExitPlace{}
	if r.toldWhich(n) {
		return none, false
	}
	fn := n.Function()
	for fn.OK() && isInline(fn) {
		if !r.reached(n, fn) {
			return none, false
		}
		n = callAround(fn)
		fn = n.Function()
	}
	if !fn.OK() || hops == 0 || r.seen[n.ID()] || fn.IsConstructor() || inFailure(n, fn) {
		return none, false
	}
	r.seen[n.ID()] = true
	if !r.reached(n, fn) {
		return none, false
	}
	if loop := r.loop(n, fn); loop.OK() {
		return ExitPlace{loop, "in a loop"}, true
	}
	if member := r.in.memberOf(fn); member.OK() {
		return r.method(fn, member, hops)
	}
	if made := fn.Outer().Parent().Parent(); made.Is("new_expression") && !r.o.Kind.OneShot { // new Answer((emitter) => ..)
		return r.again(made, hops-1)
	}
	c := callbackOf(fn)
	if !c.at.OK() || c.ends || r.own(fn) {
		return none, false
	}
	if c.repeats {
		if r.counterpart() || takesItselfAway(fn) {
			return none, false
		}
		return ExitPlace{c.at, c.how}, true
	}
	return r.again(c.at, hops-1)
}

// toldWhich reports whether a function is told by an argument whether to fill the field or
// to release what is in it: who says the one has said the other before.
//
//	toggle(on) { if (on) this.timer = setInterval(f, 9); else clearInterval(this.timer); }
func (r *rearm) toldWhich(n syntax.Node) bool {
	branch := n.Statement().Parent()
	if branch.Is("statement_block") {
		branch = branch.Parent()
	}
	condition := branch.Field("condition").Inner(false)
	if !branch.Is("if_statement") || !n.Within(branch.Field("consequence")) || !condition.Is("identifier") || condition.Symbol() == nil || condition.Symbol().Kind != syntax.Parameter {
		return false
	}
	return slices.ContainsFunc(r.in.refs[r.o.Handle.Field], func(ref syntax.Node) bool {
		at := r.s.releaseAt(r.o, ref)
		return at.OK() && at.Within(branch.Field("alternative"))
	})
}

// memberOf is the member, of the instance's class or of one above, whose function fn
// is; the zero Node for none.
func (in *instance) memberOf(fn syntax.Node) syntax.Node {
	owner, member := fn.ThisClass()
	if syntax.FunctionOf(member) == fn && (owner == in.class.Node || slices.ContainsFunc(in.ancestors, func(c project.Class) bool { return c.Node == owner })) {
		return member
	}
	for _, m := range in.members {
		if m.Function().OK() && m.Function() == fn {
			return m.Node // an arrow in an object literal: its `this` is another
		}
	}
	return syntax.Node{}
}

// method looks at who calls a method, or is given it.
func (r *rearm) method(fn, member syntax.Node, hops int) (ExitPlace, bool) {
	name := syntax.MemberName(member)
	if repeatedHooks[name] {
		return ExitPlace{nameNode(fn), name + "() runs again and again"}, true
	}
	var first, later []syntax.Node // calls that nothing protects
	for _, ref := range r.in.refs[name] {
		use := ref.Outer()
		if b := use.Parent(); b.Field("property").Text() == "bind" && b.Parent().Field("function") == b {
			use = b.Parent()
		}
		call := use.Parent()
		if call.Field("function") != use {
			if c := callbackOf(use); c.at.OK() && !c.ends && !r.own(use) {
				if c.repeats && !r.counterpart() && !takesItselfAway(fn) {
					return ExitPlace{c.at, c.how}, true
				}
				if place, ok := r.again(c.at, hops-1); !c.repeats && ok {
					return place, true
				}
			}
			continue
		}
		if place, ok := r.again(call, hops-1); ok {
			return place, true
		}
		if caller := call.Function(); caller.IsConstructor() {
			first = append(first, call)
		} else if r.open(call) && len(r.in.refs[syntax.MemberName(r.in.memberOf(caller))]) == 0 {
			later = append(later, call)
		}
	}
	if len(first) > 0 && len(later) > 0 && r.finalOnly() {
		r.way = append(r.way, later[0])
		return ExitPlace{later[0], "after the constructor did it"}, true
	}
	if len(r.in.refs[name]) == 0 && (startsAgain(name) || member.HasToken("set") || hops < maxHops && r.operates(fn, member)) {
		return ExitPlace{nameNode(fn), name + "() does it again"}, true
	}
	return ExitPlace{}, false
}

// open reports whether an evaluation in a method of the class, no callback, is
// reached with the field filled.
func (r *rearm) open(n syntax.Node) bool {
	fn := n.Function()
	member := r.in.memberOf(fn)
	if !member.OK() || inFailure(n, fn) || onceHooks[syntax.MemberName(member)] {
		return false
	}
	return r.reached(n, fn)
}

// reached reports whether a way leads from the beginning of a function to an
// evaluation in it with the field filled.
func (r *rearm) reached(n, fn syntax.Node) bool {
	g := r.s.graph(fn)
	stops := r.stops(g, fn)
	if r.o.Kind.OneShot && r.releasedBefore(g, n, fn) {
		return false
	}
	return slices.ContainsFunc(r.s.points(g, fn, n), func(p int) bool {
		return g.Reaches([]int{syntax.Entry}, p, func(q int) bool { return stops[q] }, func(syntax.Edge) bool { return true })
	})
}

// loop is a loop of the function that fills the field anew. What fires by itself
// may have fired before it comes round.
func (r *rearm) loop(n, fn syntax.Node) syntax.Node {
	if r.o.Kind.OneShot {
		return syntax.Node{}
	}
	g := r.s.graph(fn)
	stops := r.stops(g, fn)
	for _, p := range r.s.points(g, fn, n) {
		var next []int
		for _, e := range g.Points[p].Next {
			if !e.Throw {
				next = append(next, e.To)
			}
		}
		if g.Reaches(next, p, func(q int) bool { return q != p && stops[q] }, func(syntax.Edge) bool { return true }) {
			if loop := n.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement"); loop.OK() {
				return loop
			}
		}
	}
	return syntax.Node{}
}

// own: a callback of what the field holds. A one-shot that is armed again there
// has fired.
func (r *rearm) own(fn syntax.Node) bool {
	if !r.o.Kind.OneShot {
		return false
	}
	for p := fn.Parent(); p.OK() && !p.IsStatement(); p = p.Parent() {
		if name, ok := p.Field("left").Inner(false).ThisField(); p.Is("assignment_expression") && ok && slices.Contains(r.names, name) {
			return true
		}
	}
	return fn.Within(r.o.Call)
}

// counterpart reports whether a callback releases the field, too: what begins by
// one event may end by another before it begins again.
func (r *rearm) counterpart() bool {
	for _, at := range r.o.releases {
		if r.reacts(at, 4) {
			return true
		}
	}
	return false
}

// reacts reports whether n runs in a callback, or in a method that a callback
// runs, other than a teardown.
func (r *rearm) reacts(n syntax.Node, hops int) bool {
	fn := homeOf(n)
	member := r.in.memberOf(fn)
	if !member.OK() {
		return fn.OK()
	}
	if hops == 0 {
		return true
	}
	name := syntax.MemberName(member)
	refs := r.in.refs[name]
	for _, c := range r.in.ancestors {
		refs = slices.Concat(refs, refsOfThis(c.Node)[name])
	}
	return slices.ContainsFunc(refs, func(ref syntax.Node) bool {
		use := ref.Outer()
		return use.Parent().Field("function") != use || r.reacts(use, hops-1)
	})
}

// finalOnly: only a teardown after which nothing begins again releases it.
func (r *rearm) finalOnly() bool {
	t := r.in.teardown
	if t == nil || !t.own.OK() || rank(t.name) > rank("destroy") {
		return false
	}
	return !slices.ContainsFunc(r.o.releases, func(at syntax.Node) bool { return at.Function() != t.own })
}

// startedBy is the public method that fills the field, or has it filled, where its
// callers are elsewhere; the zero Node where somebody sees to it that it runs once.
func (r *rearm) startedBy(n syntax.Node, hops int) syntax.Node {
	r.way = append(r.way, n)
	fn := homeOf(n)
	member := r.in.memberOf(fn)
	if !member.OK() || !r.open(n) || member.HasToken("get") {
		return syntax.Node{}
	}
	name := syntax.MemberName(member)
	calls := r.in.refs[name]
	if !r.in.whole || slices.ContainsFunc(r.in.ancestors, func(c project.Class) bool {
		return slices.ContainsFunc(syntax.Members(c.Node), func(m syntax.Member) bool { return m.Name == name })
	}) {
		return syntax.Node{} // whoever declared it above says when it is called
	}
	if len(calls) == 0 && !isPrivate(member) && !isTeardown(name) {
		return nameNode(fn)
	}
	before := len(r.way)
	for _, ref := range calls {
		if call := ref.Outer().Parent(); hops > 0 && call.Field("function") == ref.Outer() {
			if by := r.startedBy(call, hops-1); by.OK() {
				return by
			}
			r.way = r.way[:before]
		}
	}
	return syntax.Node{}
}

func isPrivate(member syntax.Node) bool {
	name := syntax.MemberName(member)
	a := syntax.Accessibility(member)
	return a == "private" || a == "protected" || strings.HasPrefix(name, "#") || strings.HasPrefix(name, "_")
}

// nameNode is where a function is named, else its beginning.
func nameNode(fn syntax.Node) syntax.Node {
	if name := fn.Field("name"); name.OK() {
		return name
	}
	return fn
}
