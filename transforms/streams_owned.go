package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What an instance makes for itself may listen to the page, and end that when it is told
// to. Where the instance never tells it, its streams outlive the instance.

// ofPart says why a stream of what is in a field of the instance never ends.
func (q stream) ofPart(object syntax.Node, name string, hops int) string {
	field, ok := object.Inner(false).ThisField()
	if !ok || q.away {
		return ""
	}
	var made []syntax.Node
	for _, ref := range q.in.refs[field] {
		p := ref.Outer().Parent()
		switch {
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == ref:
			made = append(made, p.Field("right"))
		case p.Is("member_expression") && p.Field("object").Inner(false) == ref:
			if isTeardown(p.Field("property").Text()) {
				return ""
			}
		case !p.Is("if_statement", "parenthesized_expression", "unary_expression", "binary_expression"):
			return "" // somebody else has it
		}
	}
	for _, m := range q.in.members {
		if m.Name == field && m.Node.Field("value").OK() {
			made = append(made, m.Node.Field("value"))
		}
	}
	if len(made) != 1 {
		return ""
	}
	c, s, ok := q.makes(made[0], hops)
	if !ok {
		return ""
	}
	holder, m, ok := s.Project.FindMember(s.ctx, c, name)
	if !ok || m.Method {
		return ""
	}
	there := newScan(s.ctx, s.Detector, holder.File)
	p := stream{s: there, in: there.instance(c.Node), away: true, part: true}
	if holder.Node != c.Node {
		return "" // the field would be looked for in the wrong class
	}
	if why := p.field(name, hops-1); why != "" {
		return why + ", and nothing ends the " + c.Name()
	}
	return ""
}

// makes is the class of what an expression makes: by new, or by methods that return what
// is made so.
func (q stream) makes(n syntax.Node, hops int) (project.Class, *scan, bool) {
	n = n.Inner(false)
	if hops == 0 {
		return project.Class{}, nil, false
	}
	if n.Is("new_expression") {
		c, ok := q.s.Project.ClassOf(q.s.ctx, q.s.f, syntax.TypeOf(n))
		return c, q.s, ok && c.Node.IsClass()
	}
	callee := n.Field("function").Inner(false)
	if !n.Is("call_expression") || !callee.Is("member_expression") {
		return project.Class{}, nil, false
	}
	object, name := callee.Field("object").Inner(false), callee.Field("property").Text()
	there, settings := q, map[string]syntax.Node{}
	if !object.IsThis() {
		var ok bool
		if there, settings, ok = q.builder(object, hops-1); !ok {
			return project.Class{}, nil, false
		}
	}
	for _, m := range there.in.members {
		if m.Name == name && m.Method && !m.Getter && m.Function().OK() {
			if what := there.chosen(m.Function(), settings); what.OK() {
				return there.makes(what, hops-1)
			}
		}
	}
	return project.Class{}, nil, false
}

// builder follows calls that each set something of one object, and return it, down to
// where the object is: a field whose type is a class of the project.
func (q stream) builder(n syntax.Node, hops int) (stream, map[string]syntax.Node, bool) {
	n = n.Inner(false)
	if hops == 0 {
		return q, nil, false
	}
	callee := n.Field("function").Inner(false)
	if !n.Is("call_expression") || !callee.Is("member_expression") {
		c, ok := q.s.Project.ClassOf(q.s.ctx, q.s.f, q.typeOf(n))
		if !ok || !c.Node.IsClass() {
			return q, nil, false
		}
		s := newScan(q.s.ctx, q.s.Detector, c.File)
		return stream{s: s, in: s.instance(c.Node), away: true}, map[string]syntax.Node{}, true
	}
	there, settings, ok := q.builder(callee.Field("object"), hops-1)
	if !ok {
		return q, nil, false
	}
	for _, m := range there.in.members {
		fn := m.Function()
		if m.Name != callee.Field("property").Text() || !fn.OK() {
			continue
		}
		body := fn.Field("body")
		if last := body.Child(body.Len() - 1); !last.Is("return_statement") || !last.Child(0).IsThis() {
			return q, nil, false
		}
		params := plainParameters(fn)
		for d := range body.Own() {
			field, isField := d.Field("left").Inner(false).ThisField()
			if i := slices.Index(params, d.Field("right").Inner(false).Symbol()); d.Is("assignment_expression") && isField && i >= 0 && params[i] != nil {
				settings[field] = n.Field("arguments").Child(i)
			}
		}
		return there, settings, true
	}
	return q, nil, false
}

// chosen is the one thing that a function returns, given what the fields of its instance
// are: the case of a switch that asks for one of them, where there is one.
func (q stream) chosen(fn syntax.Node, settings map[string]syntax.Node) syntax.Node {
	if one := returned(fn); one.OK() {
		return one
	}
	body := fn.Field("body")
	sw := body.Child(0)
	if body.Len() != 1 || !sw.Is("switch_statement") {
		return syntax.Node{}
	}
	field, ok := sw.Field("value").Inner(false).ThisField()
	is := settings[field]
	if !ok || !is.OK() {
		return syntax.Node{}
	}
	for c := range sw.Field("body").Children() {
		stmt := c.Child(1)
		if c.Is("switch_case") && q.same(c.Field("value"), is) && stmt.Is("return_statement") {
			return stmt.Child(0)
		}
	}
	return syntax.Node{}
}

// same reports whether two expressions are written alike, and mean the same declaration
// in the files that they stand in.
func (q stream) same(a, b syntax.Node) bool {
	if squeeze(a) != squeeze(b) || !a.Is("member_expression", "string", "number") {
		return false
	}
	if !a.Is("member_expression") {
		return true
	}
	x, y := q.declared(a.Field("object")), q.declared(b.Field("object"))
	return x.OK() && x == y
}

// declared is where what an identifier means is declared.
func (q stream) declared(n syntax.Node) syntax.Node {
	sym := n.Inner(false).Symbol()
	if im, ok := sym.Import(); ok {
		_, decl := q.s.Project.Declaration(q.s.ctx, q.s.Project.Resolve(n.File().Path, im.Module), im.Name)
		return decl
	}
	if sym == nil {
		return syntax.Node{}
	}
	return sym.Decl
}

// toldAtEnd reports whether a field of a part is a signal that only its own end tells.
func (q stream) toldAtEnd(field string) bool {
	classes := append([]project.Class{q.in.class}, q.in.ancestors...)
	told := false
	for _, c := range classes {
		s := newScan(q.s.ctx, q.s.Detector, c.File)
		for _, ref := range s.refsIn(c.Node)[field] {
			if methodOn(ref) != "next" {
				continue
			}
			_, member, _ := ref.InstanceAt()
			if !isTeardown(syntax.MemberName(member)) {
				return false
			}
			told = true
		}
	}
	return told
}

// isService reports whether a class is one that the framework makes for all who ask.
func isService(class syntax.Node) bool {
	_, h := decoratorOf(class)
	return h != nil && h.shared
}

// declaredBy is about a member of an instance of a class of the project, whichever of
// those below it that is.
func (q stream) declaredBy(class project.Class, name string, hops int) string {
	holder, m, ok := q.s.Project.FindMember(q.s.ctx, class, name)
	if !ok || hops <= 0 {
		return ""
	}
	if m.IsAbstract() {
		return q.filledIn(holder, name, hops)
	}
	s := newScan(q.s.ctx, q.s.Detector, holder.File)
	there := stream{s: s, in: s.instance(holder.Node), away: true, guarded: q.guarded}
	if m.Method && !m.Getter {
		return there.method(name, hops-1)
	}
	return there.field(name, hops-1)
}

// filledIn is about an abstract member, in the classes that fill it in. Where none can be
// seen, whoever subscribes has to know: one that guards itself against what comes
// after its end does.
func (q stream) filledIn(above project.Class, name string, hops int) string {
	seen := false
	for _, ref := range q.s.Project.HeirsOf(q.s.ctx, above.Node, above.Name()) {
		class := ref.Ancestor("class_heritage").Parent() // extends it, or keeps to it
		if ref.Ancestor("type_arguments", "arguments").Within(class) || !class.IsClass() {
			continue
		}
		seen = true
		if why := q.declaredBy(project.Class{File: ref.File(), Node: class}, name, hops-1); why != "" && isService(class) {
			return why
		}
	}
	if !seen && q.guarded {
		return above.Name() + "." + name + "() is for others to fill in"
	}
	return ""
}

// endsElsewhere reports whether what is in a member of some class of the project ends by
// itself: that class says when it is over.
func (s *scan) endsElsewhere(n syntax.Node) bool {
	n = n.Inner(true)
	if !n.Is("member_expression") {
		return false
	}
	name := n.Field("property").Text()
	class, ok := s.Project.ClassOf(s.ctx, s.f, syntax.TypeOf(n.Field("object")))
	if !ok || !class.Node.IsClass() {
		return false
	}
	holder, _, ok := s.Project.FindMember(s.ctx, class, name)
	if !ok {
		return false
	}
	there := newScan(s.ctx, s.Detector, holder.File).instance(holder.Node)
	return slices.ContainsFunc(there.refs[name], func(ref syntax.Node) bool { return methodOn(ref) == "complete" || methodOn(ref) == "error" })
}
