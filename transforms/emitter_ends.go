package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A listener goes with what it listens to. Where that is ended, where it goes because
// nobody else has it, or where its end is what is waited for, nothing is owed.

// onOwnEmitter reports whether a registration is with what the function around it makes by
// `new` and only calls: nobody else has it, and both go together.
func (s *scan) onOwnEmitter(o *Obligation, home syntax.Node) bool {
	target := o.target().Inner(false)
	sym := target.Symbol()
	if !target.Is("identifier") || sym == nil || !sym.Constant() || sym.Decl.Function() != home {
		return false
	}
	made := sym.Init().Inner(false)
	if !made.Is("new_expression") {
		return false
	}
	if origin, ok := made.Field("constructor").Origin(); ok && origin.Module == "" {
		return false // the platform may keep it
	}
	for arg := range made.Field("arguments").Children() {
		if arg.Inner(false).Is("this") {
			return false
		}
	}
	return !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		m := r.Outer().Parent()
		return r != sym.Node && !(m.Is("member_expression") && m.Field("object").Inner(false) == r && m.Parent().Field("function") == m)
	})
}

// endsOfTarget are the calls in a function, behind a registration, by which what it is
// with ends.
func (s *scan) endsOfTarget(o *Obligation, home syntax.Node) []syntax.Node {
	target := o.target().Inner(false)
	if !target.Is("identifier") || target.Symbol() == nil {
		return nil
	}
	var out []syntax.Node
	kept := keptInField(target.Symbol())
	for n := range home.Descendants() {
		callee := n.Field("function").Inner(false)
		object := callee.Field("object").Inner(false)
		field, own := object.ThisField()
		if !n.Is("call_expression") || n.Start() < o.Call.End() && homeOf(n) == home || object.Symbol() != target.Symbol() && !(own && field == kept) {
			continue
		}
		switch callee.Field("property").Text() {
		case "close", "destroy", "terminate", "removeAllListeners":
			out = append(out, n)
		}
	}
	return out
}

// keptInField is the field of the instance that a constant is kept in, too; "" for none:
// this.session = session
func keptInField(sym *syntax.Symbol) string {
	if !sym.Constant() {
		return ""
	}
	for _, r := range sym.Refs {
		p := r.Outer().Parent()
		if field, own := p.Field("left").Inner(false).ThisField(); own && p.Is("assignment_expression") && p.Field("right").Inner(false) == r {
			return field
		}
	}
	return ""
}

// waitsForLast reports whether a registration waits for the last that its target tells of,
// and is taken away only under a condition: where that does not hold, it waits for it.
func (o *Obligation) waitsForLast() bool {
	event, _ := o.event().Inner(false).StringValue()
	if !comesAtLast[event] || len(o.releases) == 0 || len(o.Exits) == 0 {
		return false
	}
	if slices.ContainsFunc(o.Exits, func(x ExitPlace) bool { return x.How != "the end is reached" }) {
		return false
	}
	return !slices.ContainsFunc(o.releases, func(r syntax.Node) bool {
		asked := r.Ancestor("if_statement")
		return !asked.OK() || asked.Function() != o.Call.Function() || o.Call.Within(asked)
	})
}

// ofAnother reports whether a removal names another variable than the registration, of
// which that one is kept in a field of its own and this one is found somewhere else.
func (s *scan) ofAnother(o *Obligation, r removal) bool {
	target := o.target().Inner(false)
	other := r.call.Field("function").Inner(false).Field("object").Inner(false)
	a, b := target.Symbol(), other.Symbol()
	if a == nil || b == nil || a == b || !target.Is("identifier") || !other.Is("identifier") || !b.Constant() {
		return false
	}
	kept, found := a.Init().Inner(false), b.Init().Inner(false)
	if field, ok := kept.ThisField(); !ok || field == "" {
		return false
	}
	return found.Is("subscript_expression") && !mentions(found, a)
}

// goesWithTarget reports whether the class of what is listened to takes all listeners away
// where it ends, and has the instance for its own: neither is there without the other.
func (s *scan) goesWithTarget(o *Obligation, class syntax.Node) bool {
	field, isField := strings.CutPrefix(s.placeKey(o.target(), 6), "this.")
	holder, member, ok := s.Project.FindMember(s.ctx, project.Class{File: s.f, Node: class}, field)
	if !isField || !ok {
		return false
	}
	emitter, ok := s.Project.ClassOf(s.ctx, holder.File, declaredType(member.Node))
	if !ok || !emitter.Node.IsClass() {
		return false
	}
	ends := false
	for _, m := range syntax.Members(emitter.Node) {
		if m.Static || !m.Method || !isTeardown(m.Name) {
			continue
		}
		for stmt := range m.Function().Field("body").Children() {
			call := stmt.Child(0)
			name, own := call.Field("function").Inner(false).ThisField()
			if stmt.Is("expression_statement") && call.Is("call_expression") && own && name == "removeAllListeners" && call.Field("arguments").Len() == 0 {
				ends = true
			}
		}
	}
	return ends && holdsOne(emitter, nameOf(class))
}

// holdsOne reports whether a class has a field for one of another class, by its name.
func holdsOne(class project.Class, name string) bool {
	for _, m := range syntax.Members(class.Node) {
		annotation := m.Node.Field("type")
		if m.Method || m.Static || !annotation.OK() {
			continue
		}
		for d := range annotation.Descendants() {
			if d.Is("type_identifier") && strings.TrimSpace(d.Text()) == name {
				return true
			}
		}
	}
	return false
}

// takenFromElsewhere reports whether the variable of what is only begun here was given, right
// before and in the same block, what is kept somewhere else.
func (s *scan) takenFromElsewhere(o *Obligation) bool {
	if _, two := o.Bindings["HANDLE"]; !two || o.Kind.Begins == Called {
		return false
	}
	block := o.Call.Statement().Parent()
	var last syntax.Node
	for _, r := range o.Handle.Symbol.Refs {
		write := r.Outer().Parent()
		if syntax.IsWrite(r) && write.Is("assignment_expression") && write.Statement().Parent() == block && write.End() <= o.Call.Start() {
			last = write.Field("right").Inner(false)
		}
	}
	return last.Is("subscript_expression")
}
