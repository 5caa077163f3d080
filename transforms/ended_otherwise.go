package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// endedOtherwise reports whether the end of the instance calls a method of what is in the
// field that has another name than the kind knows, and that of an end, as a wrapper may
// have it: this.server = gracefully(createServer()); .. this.server.shutdown(done).
func (s *scan) endedOtherwise(o *Obligation, in *instance) bool {
	if o.Kind.Family != Resources || in.teardown == nil || !in.teardown.own.OK() {
		return false
	}
	wrapped := slices.ContainsFunc(in.refs[o.Handle.Field], func(r syntax.Node) bool {
		value := r.Outer().Parent().Field("right").Inner(true)
		return syntax.IsWrite(r) && value.Is("call_expression") && value != o.Call
	})
	for _, r := range in.refs[o.Handle.Field] {
		m := r.Outer().Parent()
		call := m.Outer().Parent()
		if wrapped && m.Is("member_expression") && isTeardown(m.Field("property").Text()) && call.Is("call_expression") && !s.releaseAt(o, r).OK() && s.reached(in).runs(call) {
			o.Status = Met
			o.step(call, "met: ended by %s", shorten(call.Text()))
			return true
		}
	}
	return false
}

// goesWithRemoved reports whether what is listened to was found in an element that the
// instance was given with it, and that its end takes out of the page.
//
//	const pane = make(); new View(pane, pane.querySelector('p'));
//	destroy() { this.pane.remove(); }
func (s *scan) goesWithRemoved(o *Obligation, in *instance) bool {
	field, own := o.target().Inner(false).ThisField()
	if !own || in.teardown == nil || !in.class.Node.IsClass() {
		return false
	}
	for name, refs := range in.refs {
		if name == field || !slices.ContainsFunc(refs, func(r syntax.Node) bool {
			m := r.Outer().Parent()
			return m.Is("member_expression") && m.Field("property").Text() == "remove" && m.Outer().Parent().Field("arguments").Len() == 0 && s.reached(in).runs(m.Outer().Parent())
		}) {
			continue
		}
		around, part := in.givenAs(name), in.givenAs(field)
		if around < 0 || part < 0 {
			continue
		}
		made, known := s.makings(in.class.Node, onceHops)
		if !known || len(made) == 0 {
			return false
		}
		if !slices.ContainsFunc(made, func(n syntax.Node) bool {
			args := n.Field("arguments")
			found := args.Child(part).Inner(false).Symbol().Init().Inner(false)
			of := rootOf(found.Field("function").Inner(false)).Symbol()
			return !strings.HasPrefix(calleeName(found), "querySelector") || of == nil || of != args.Child(around).Inner(false).Symbol()
		}) {
			return true
		}
	}
	return false
}

// givenAs is which parameter of the constructor a field has for good; -1 for none.
func (in *instance) givenAs(field string) int {
	for _, m := range in.members {
		if m.Name != "constructor" {
			continue
		}
		i := 0
		for p := range m.Function().Field("parameters").Children() {
			if p.Is("comment") {
				continue
			}
			kept := p.HasToken("readonly") || slices.ContainsFunc(slices.Collect(p.Children()), func(c syntax.Node) bool { return c.Is("accessibility_modifier") })
			if p.Field("pattern").Text() == field && kept && !slices.ContainsFunc(in.refs[field], syntax.IsWrite) {
				return i
			}
			i++
		}
	}
	return -1
}

// isPublic reports whether a field is declared as public in so many words: others are
// meant to use it.
func (in *instance) isPublic(field string) bool {
	return slices.ContainsFunc(in.members, func(m syntax.Member) bool {
		return m.Name == field && !m.Method && syntax.Accessibility(m.Node) == "public"
	})
}
