package transforms

import (
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A teardown that releases only where a flag is set leaves what was acquired before
// somebody set it:
//
//	down() { document.addEventListener('mousemove', this.move); }
//	move() { this.dragging = true; }
//	up() { document.removeEventListener('mousemove', this.move); }
//	destroy() { if (this.dragging) this.up(); }

// onlyWhere reports whether the teardown of an instance comes to a release only under a
// flag that the acquisition does not set, and nothing that calls it.
func (s *scan) onlyWhere(o *Obligation, in *instance, release syntax.Node) bool {
	t := in.teardown
	if t == nil || !t.own.OK() || release.Within(t.own) || o.Call.Within(t.own) {
		return false
	}
	flags := map[string]bool{}
	for n := range t.own.Field("body").Descendants() {
		name, ok := n.ThisField()
		if !ok || !n.Is("member_expression") {
			continue
		}
		m, known := memberNamed(in.members, name)
		if !known || !m.Method || !s.directly(in, m.Function(), onceHops)[release.Function().ID()] {
			continue
		}
		flag := flagAround(n, t.own)
		if flag == "" {
			return false
		}
		flags[flag] = true
	}
	if len(flags) != 1 || o.Kind.Registers() && !s.emits(o) {
		return false
	}
	for flag := range flags {
		return s.setApart(o, in, flag)
	}
	return false
}

// flagAround is the field that a statement around n, up to a function, asks for by
// itself: if (this.flag) n. "" where there is none, or another question.
func flagAround(n, fn syntax.Node) string {
	for p := n; p != fn && p.OK(); p = p.Parent() {
		stmt := p.Parent()
		if !stmt.Is("if_statement") || stmt.Field("consequence") != p {
			continue
		}
		condition := stmt.Field("condition").Inner(false)
		if name, ok := condition.ThisField(); ok && condition.Is("member_expression") {
			return name
		}
		return ""
	}
	return ""
}

// setApart reports whether a field is set to true somewhere, and nowhere by what leads
// to the acquisition, is led to by it, or runs together with it.
func (s *scan) setApart(o *Obligation, in *instance, flag string) bool {
	home := homeOf(o.Call)
	set := false
	for _, ref := range in.refs[flag] {
		p := ref.Outer().Parent()
		if !syntax.IsWrite(ref) {
			continue
		}
		value := p.Field("right").Inner(false)
		switch {
		case p.Is("unary_expression"), isNothing(value), value.Is("false"):
			continue
		case !p.Is("assignment_expression") || !value.Is("true"):
			return false // it may hold anything
		}
		set = true
		writer := homeOf(ref)
		for _, m := range in.members {
			if !m.Method {
				continue
			}
			runs := s.directly(in, m.Function(), onceHops)
			if runs[writer.ID()] && runs[home.ID()] {
				return false
			}
		}
		if !writer.OK() || writer == home || writer.IsConstructor() {
			return false
		}
	}
	return set
}

// directly are the functions of an instance that run when one of them is called, itself
// among them: what is only handed on runs later.
func (s *scan) directly(in *instance, fn syntax.Node, hops int) map[int32]bool {
	out := map[int32]bool{fn.ID(): true}
	queue := []syntax.Node{fn}
	for ; hops > 0 && len(queue) > 0; hops-- {
		var next []syntax.Node
		for _, f := range queue {
			for n := range f.Field("body").Descendants() {
				name, ok := n.Field("function").Inner(false).ThisField()
				if !n.Is("call_expression") || !ok {
					continue
				}
				m, known := memberNamed(in.members, name)
				if known && m.Method && !out[m.Function().ID()] {
					out[m.Function().ID()] = true
					next = append(next, m.Function())
				}
			}
		}
		queue = next
	}
	return out
}
