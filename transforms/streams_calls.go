package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A service that lives as long as the program owes nothing of what it subscribes to for
// itself. What a method of it subscribes to for something that it was handed stays
// behind when that is over, and each call leaves one more:
//
//	open(window: WindowRef) {
//	  this.overlay.keydownEvents().subscribe(() => window.close());
//	}

// heldStreams is a table of what libraries have that tells things for as long as it is there
// itself: what is kept in a field may be there for longer than what a call is about.
var heldStreams = []streamSource{
	{[]string{"@angular/cdk/overlay"}, []string{"OverlayRef"}, []string{"backdropClick", "keydownEvents", "outsidePointerEvents", "attachments", "detachments"}},
}

// ofCalls is what each call of a method of a lasting instance leaves behind of what it
// subscribed to; nil where that is not sure.
func (s *scan) ofCalls(in *instance, c candidate, call syntax.Node, b syntax.Bindings) *Obligation {
	fn := call.Function()
	_, member := fn.ThisClass()
	if syntax.FunctionOf(member) != fn || fn.IsConstructor() || in.runsOnce(fn) || !isDropped(call) || !actsOnParameter(call, fn) {
		return nil
	}
	source := b[c.acquire.Pattern.Receiver()]
	q := stream{s: s, in: in, away: true}
	why := q.endless(source, streamHops)
	if why == "" {
		why = q.heldAround(source, fn, streamHops)
	}
	if why == "" || s.once(call, onceHops) {
		return nil
	}
	o := s.obligation(c, call, b)
	o.acquired([]string{why, "each call of " + nameOf(fn) + "() subscribes once more"})
	return o
}

// isDropped reports whether nothing is done with the value of a call.
func isDropped(call syntax.Node) bool { return call.Outer().Parent().Is("expression_statement") }

// actsOnParameter reports whether the observer of a subscription calls a method of what
// the function fn was handed.
func actsOnParameter(call, fn syntax.Node) bool {
	for n := range call.Field("arguments").Descendants() {
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		sym := rootOf(callee).Symbol()
		if sym != nil && sym.Kind == syntax.Parameter && sym.Decl.Function() == fn && sym.Decl.Within(fn) && isOfClass(sym, callee) {
			return true
		}
	}
	return false
}

// isOfClass reports whether a parameter is a function that is called, or an object of
// some class, and not of a type of the language.
func isOfClass(sym *syntax.Symbol, callee syntax.Node) bool {
	t := syntax.TypeOfAnnotation(sym.Type())
	return callee.Is("identifier") || t.Module != "" || t.Decl.OK()
}

// heldAround says what a stream is a part of that a field of the instance has, and no
// call of fn makes anew.
func (q stream) heldAround(n, fn syntax.Node, hops int) string {
	n = n.Inner(false)
	callee := n.Field("function").Inner(false)
	if hops == 0 || !n.Is("call_expression") || !callee.Is("member_expression") {
		return ""
	}
	object, name := callee.Field("object").Inner(false), callee.Field("property").Text()
	if name == "pipe" {
		if slices.ContainsFunc(slices.Collect(n.Field("arguments").Children()), func(a syntax.Node) bool { return !goesThrough(a) }) {
			return ""
		}
		return q.heldAround(object, fn, hops-1)
	}
	field, ok := object.ThisField()
	if !ok || q.madeFor(field, fn) {
		return ""
	}
	t := q.aliased(q.typeOf(object))
	if !slices.ContainsFunc(heldStreams, func(e streamSource) bool { return e.has(t, name) }) {
		return ""
	}
	return "this." + field + " outlives the call"
}

// goesThrough reports whether an argument of pipe is an operator that ends nothing.
func goesThrough(arg syntax.Node) bool {
	name, known := operatorName(arg)
	return arg.Is("comment") || known && slices.Contains(through, name) && !flattening[name]
}

// madeFor reports whether a field is, or may be, given its value by each call of fn.
func (q stream) madeFor(field string, fn syntax.Node) bool {
	_, asked := fn.ThisClass()
	name := syntax.MemberName(asked)
	for _, ref := range q.in.refs[field] {
		if !syntax.IsWrite(ref) {
			continue
		}
		_, member, _ := ref.InstanceAt()
		maker := syntax.MemberName(member)
		if maker == name || len(q.in.refs[maker]) == 0 && maker != "constructor" {
			return true
		}
		for _, use := range q.in.refs[maker] {
			if !underCondition(use) {
				return true
			}
		}
	}
	return false
}

// underCondition reports whether something happens only where its function finds that it
// should.
func underCondition(n syntax.Node) bool {
	for p := n; p.OK() && !p.IsFunction(); p = p.Parent() {
		if p.Parent().Is("if_statement") && p != p.Parent().Field("condition") {
			return true
		}
	}
	return false
}

// aliased is a type, or what the project declares it to be another name of.
func (q stream) aliased(t syntax.Type) syntax.Type {
	for range 3 {
		if t.Module == "" || t.Derived || len(t.Path) != 1 {
			return t
		}
		f, decl := q.s.Project.Declaration(q.s.ctx, q.s.Project.Resolve(q.s.f.Path, t.Module), t.Name())
		if f == nil || !decl.Is("type_alias_declaration") {
			return t
		}
		q.s = newScan(q.s.ctx, q.s.Detector, f)
		t = syntax.TypeOfAnnotation(decl.Field("value"))
	}
	return t
}

// judgeCalls judges what each call of a method subscribes to, and leaves behind.
func (s *scan) judgeCalls(o *Obligation) bool {
	if o.Kind.Operator == "" {
		return false
	}
	if in := s.subscriber(o.Call); in == nil || !in.lasting {
		return false
	}
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	s.unmet(o, NeverReleased, nil)
	o.Refusal = refuse(NoOwner, "nothing tells %s() when what it was handed is over: let the stream end with that, or return the subscription", nameOf(fn))
	return true
}
