package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// stops are the points at which a function looks at the field, or calls what
// does, or asks whether it has begun already: behind them nothing is lost
// unseen.
func (r *rearm) stops(g *syntax.Graph, fn syntax.Node) map[int]bool {
	out := map[int]bool{}
	add := func(n syntax.Node) {
		for _, p := range r.s.points(g, fn, n) {
			out[p] = true
		}
	}
	for n := range fn.Field("body").Descendants() {
		if f := n.Function(); f != fn && !isInline(f) {
			continue
		}
		switch {
		case n.Is("member_expression", "subscript_expression"):
			name, ok := n.ThisField()
			switch {
			case !ok && n.Is("subscript_expression") && n.Field("object").IsThis():
				add(n)
			case !ok:
			case slices.Contains(r.names, name):
				if !syntax.IsWrite(n.Outer()) && !syntax.IsWrite(n) || n.Outer().Parent().Is("augmented_assignment_expression") {
					add(n)
				}
			case n.Outer().Parent().Field("function") == n.Outer():
				if r.touches(name, 4) {
					add(n)
				}
				if inCondition(n) {
					add(n)
				}
			case inCondition(n) && r.flag(name) && r.protects(n, name):
				add(n)
			}
		case n.Is("call_expression"):
			if called := syntax.CalledFunction(n); called.OK() && called != fn && r.mentioned(called) {
				add(n)
			}
		case n.Is("identifier"):
			for _, name := range r.names {
				if sym := n.Symbol(); sym != nil && slices.Contains(r.in.taken[name], sym) {
					add(n)
				}
			}
		}
	}
	return out
}

// touches reports whether a method of the class, or one that it calls, looks at
// the field; of one that cannot be seen, its name tells.
func (r *rearm) touches(method string, hops int) bool {
	known := false
	for _, m := range r.in.members {
		fn := m.Function()
		if m.Name != method || !fn.OK() {
			continue
		}
		known = true
		if r.mentioned(fn) {
			return true
		}
		for n := range fn.Field("body").Own() {
			name, ok := n.ThisField()
			if ok && hops > 0 && name != method && n.Parent().Field("function") == n && r.touches(name, hops-1) {
				return true
			}
		}
	}
	if known {
		return false
	}
	for _, c := range r.in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name == method && m.Function().OK() {
				for n := range m.Function().Field("body").Descendants() {
					if name, ok := n.ThisField(); ok && slices.Contains(r.names, name) {
						return true
					}
				}
				return false
			}
		}
	}
	return !r.in.whole || isTeardown(method)
}

// mentioned reports whether a function looks at the field, other than by filling
// it.
func (r *rearm) mentioned(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		if name, ok := n.ThisField(); ok && slices.Contains(r.names, name) && !syntax.IsWrite(n.Outer()) && !n.Within(r.o.Call) {
			return true
		}
	}
	return false
}

// flag reports whether a field is state of the instance's work, as set by more
// than its beginning and its end: such a one tells whether it has begun.
func (r *rearm) flag(field string) bool {
	for _, m := range r.in.members {
		if m.Name == field && (m.Getter || m.Method) {
			return true
		}
	}
	return slices.ContainsFunc(r.in.refs[field], func(ref syntax.Node) bool {
		_, member := ref.FieldOwner()
		return syntax.IsWrite(ref.Outer()) && !ref.Function().IsConstructor() && !isTeardown(syntax.MemberName(member))
	})
}

// protects reports whether a flag that is asked before a one-shot is armed may keep it
// from being armed while one is pending. One that only its own callback takes back does
// not: until that runs, all goes on as before.
func (r *rearm) protects(n syntax.Node, field string) bool {
	if !r.o.Kind.OneShot {
		return !r.busy(n.Function(), field)
	}
	p := n.Outer().Parent()
	negated := p.Is("unary_expression") && p.Field("operator").Text() == "!"
	if !negated && !p.Is("if_statement", "parenthesized_expression") && !(p.Is("binary_expression") && p.Field("operator").Text() == "&&") {
		return true
	}
	return slices.ContainsFunc(r.in.refs[field], func(ref syntax.Node) bool {
		value := ref.Outer().Parent().Field("right").Inner(true)
		if !syntax.IsWrite(ref.Outer()) && !syntax.IsWrite(ref) || ref.Within(r.o.Call) {
			return false
		}
		switch {
		case value.Is("true"):
			return negated
		case value.Is("false") || isNothing(value):
			return !negated
		}
		return true
	})
}

// busy reports whether a flag only says that a function is under way: what is called back
// when that is done takes the flag back, first of all, and leaves what the field holds.
func (r *rearm) busy(fn syntax.Node, field string) bool {
	return slices.ContainsFunc(r.in.refs[field], func(ref syntax.Node) bool {
		done := ref.Function()
		p := ref.Outer().Parent()
		if done == fn || !done.Within(fn) || !p.Is("assignment_expression") || !p.Field("right").Inner(true).Is("false") || p.Parent() != done.Field("body").Child(0) {
			return false
		}
		return !slices.ContainsFunc(r.o.releases, func(at syntax.Node) bool { return at.Within(done) })
	})
}

// releasedBefore reports whether a function releases the field on some way to an evaluation
// in it: whoever wrote it knows when there is one.
func (r *rearm) releasedBefore(g *syntax.Graph, n, fn syntax.Node) bool {
	to := r.s.points(g, fn, n)
	for _, name := range r.names {
		for _, ref := range r.in.refs[name] {
			release := r.s.releaseAt(r.o, ref)
			if !release.OK() || homeOf(release) != fn {
				continue
			}
			from := r.s.points(g, fn, release)
			if slices.ContainsFunc(to, func(p int) bool {
				return g.Reaches(from, p, func(int) bool { return false }, func(syntax.Edge) bool { return true })
			}) {
				return true
			}
		}
	}
	return false
}

// operations are the verbs of methods for which an instance is there, as many times as
// there is something to ask or to tell.
var operations = map[string]bool{
	"query": true, "execute": true, "exec": true, "request": true, "send": true, "publish": true, "fetch": true, "invoke": true, "write": true,
	"insert": true, "select": true, "call": true, "post": true,
}

// operates reports whether a method is one that whoever has the instance calls for each of
// many things, which it is told of: what it begins for that, it begins each time.
func (r *rearm) operates(fn, member syntax.Node) bool {
	words := wordsOf(syntax.MemberName(member))
	return !r.o.Kind.OneShot && len(words) > 0 && operations[words[0]] && !isPrivate(member) && fn.WantsArguments()
}
