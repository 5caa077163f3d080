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
