package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// isMovedOver reports whether what is registered was taken away from another target just
// before, by the same event and function: it is moved from the one to the other, and
// who keeps a book of it has it there already.
//
//	old.off(event, listener);
//	next.on(event, listener);
func (o *Obligation) isMovedOver() bool {
	stmt := o.Call.Outer().Parent()
	if !stmt.Is("expression_statement") || !o.handler().Inner(false).Is("identifier", "member_expression") {
		return false
	}
	for n := range stmt.Parent().Children() {
		off := n.Child(0).Inner(true)
		if !n.Is("expression_statement") || n == stmt || !off.Is("call_expression") || !takesAway(off) {
			continue
		}
		from := off.Field("function").Inner(false).Field("object")
		args := off.Field("arguments")
		if root := rootOf(from); root.Symbol() == nil && !root.IsThis() {
			continue // a global: whoever takes it away by that name does not come to the other one
		}
		if squeeze(from) != squeeze(o.target()) && squeeze(args.Child(0)) == squeeze(o.event()) && sameName(args.Child(1), o.handler()) {
			return true
		}
	}
	return false
}

// sameName reports whether two expressions are one name, or one field of the same.
func sameName(a, b syntax.Node) bool {
	a, b = a.Inner(false), b.Inner(false)
	return a.OK() && squeeze(a) == squeeze(b) && rootOf(a).Symbol() == rootOf(b).Symbol()
}

// isOwnHandler reports whether all that the function which is registered does is to call what its
// target had for that event in its own property: it is put in another place, and the target's.
//
//	const before = layer.onclick; layer.addEventListener('click', (e) => before(e)); layer.onclick = null;
func (o *Obligation) isOwnHandler() bool {
	event, known := o.event().Inner(false).StringValue()
	body := o.handlerFunction().Field("body")
	call := body.Inner(true)
	if body.Is("statement_block") && body.Len() == 1 {
		call = body.Child(0).Child(0).Inner(true)
	}
	sym := call.Field("function").Inner(false).Symbol()
	if !known || !call.Is("call_expression") || sym == nil || sym.Kind != syntax.Variable {
		return false
	}
	isOwn := func(v syntax.Node) bool {
		v = v.Inner(true)
		return v.Is("member_expression") && v.Field("property").Text() == "on"+event && syntax.SameExpression(v.Field("object").Inner(false), o.target().Inner(false))
	}
	taken := isOwn(sym.Init())
	for _, r := range sym.Refs {
		if !syntax.IsWrite(r) || r == sym.Node {
			continue
		}
		if taken = isOwn(r.Outer().Parent().Field("right")); !taken {
			return false
		}
	}
	return taken
}
