package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A teardown may be called twice: by whoever has the instance, and by what hears of
// the first call. One that arms a one-shot, and asks nothing that it has itself set,
// arms another in place of the first.

// judgeTwice looks at a one-shot that a teardown puts into a field, without a look at
// what is in there.
func (s *scan) judgeTwice(o *Obligation) {
	if o.Status != Met || o.Standing != Leak || !o.Kind.OneShot || o.Kind.Registers() || o.Handle.Place != InField || !o.Handle.Of.OK() ||
		s.isBrief(o) || s.unreferenced(o) {
		return
	}
	in := s.instance(o.Handle.Of)
	t := in.teardown
	if t == nil || !t.own.OK() || o.Call.Function() != t.own || len(in.computed) > 0 || frameworkHook(t.name) {
		return
	}
	write := filledAt(o, in)
	if !write.OK() {
		return
	}
	g := s.graph(t.own)
	stops := map[int]bool{}
	asked := fieldsAsked(t.own)
	if len(asked) == 0 {
		return // it does not reckon with a second call
	}
	for n := range t.own.Field("body").Own() {
		if s.tellsTwice(o, in, n, write, asked) {
			for _, p := range s.points(g, t.own, n) {
				stops[p] = true
			}
		}
	}
	stop := func(p int) bool { return stops[p] }
	always := func(e syntax.Edge) bool { return !e.Throw }
	for _, p := range s.points(g, t.own, write) {
		if !stops[p] && g.Reaches([]int{syntax.Entry}, p, stop, always) && len(g.Ways([]int{p}, stop, always)) > 0 {
			o.Owner = ownerOf(o.Handle.Of, o.Handle)
			s.unmet(o, Overwritten, []ExitPlace{{nameNode(t.own), t.name + "() may be called twice"}})
			o.Form, o.gist = formRearm{}, []syntax.Node{write}
			return
		}
	}
}

// fieldsAsked are the fields of the instance that conditions in a function ask for.
func fieldsAsked(fn syntax.Node) []string {
	var out []string
	for n := range fn.Field("body").Own() {
		if name, ok := n.ThisField(); ok && n.Is("member_expression") && inCondition(n) && !isWithDefault(n) {
			out = append(out, name)
		}
	}
	return out
}

// isWithDefault reports whether a value is only asked for in order to take another one
// where there is none: this.options.time || 1000
func isWithDefault(n syntax.Node) bool {
	for n.Outer().Parent().Is("member_expression") {
		n = n.Outer().Parent()
	}
	p := n.Outer().Parent()
	return p.Is("binary_expression") && p.Field("left").Inner(false) == n && (p.HasToken("||") || p.HasToken("??")) && !inCondition(p)
}

// tellsTwice reports whether an evaluation in a teardown looks at the field, sets what
// the teardown asks for, or runs what may do either.
func (s *scan) tellsTwice(o *Obligation, in *instance, n, write syntax.Node, asked []string) bool {
	if n.Is("call_expression") {
		callee := n.Field("function").Inner(false)
		if slices.ContainsFunc(slices.Collect(n.Field("arguments").Children()), func(a syntax.Node) bool { return a.Inner(false).IsThis() }) {
			return !isBind(n)
		}
		return callee.Field("object").Is("super")
	}
	name, ok := n.ThisField()
	if !ok || !n.Is("member_expression", "subscript_expression") {
		return false
	}
	if name == o.Handle.Field {
		return n.Outer().Parent() != write
	}
	if method, known := memberNamed(in.members, name); known && method.Method && n.Outer().Parent().Field("function") == n.Outer() {
		for d := range method.Function().Field("body").Descendants() {
			if f, is := d.ThisField(); is && (f == o.Handle.Field || slices.Contains(asked, f) && syntax.IsWrite(d.Outer())) {
				return true
			}
		}
		return false
	}
	return slices.Contains(asked, name) && syntax.IsWrite(n.Outer())
}
