package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// asksWhetherOver reports whether the first thing that the callback of a one-shot does is to ask
// a field that the end of the instance sets, and that it does nothing then.
//
//	if (this.destroyed) return;
func (s *scan) asksWhetherOver(o *Obligation, in *instance) bool {
	if in.teardown == nil || !s.unreferenced(o) && !s.beforeLong(o) {
		return false
	}
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if !callback.IsFunction() {
		fns := s.functionsIn(in, callback)
		if len(fns) != 1 || fns[0].File() != s.f {
			return false
		}
		callback = fns[0]
	}
	first := firstOf(callback)
	if call := onlyCall(first); call.OK() {
		if fns := s.functionsIn(in, call.Field("function")); len(fns) == 1 && fns[0].File() == s.f { // all that it does is in a method
			first = firstOf(fns[0])
		}
	}
	if !first.Is("if_statement") || first.Field("alternative").OK() {
		return false
	}
	then := first.Field("consequence")
	if then.Is("statement_block") {
		then = then.Child(then.Len() - 1)
	}
	switch {
	case then.Is("return_statement"):
		return s.setAtEnd(in, first.Field("condition"), true)
	case !first.NextNamed().OK(): // all that it does, it does only where nothing is over
		return s.setAtEnd(in, first.Field("condition"), false)
	}
	return false
}

// beforeLong reports whether a one-shot is a frame, is written down to fire within a minute, or after a time
// that is worked out where it is armed, as by what tries again later each time: no constant that
// is too long, which would be written down.
func (s *scan) beforeLong(o *Obligation) bool {
	delay := o.Call.Field("arguments").Child(1).Inner(true)
	time, known := s.longestWait(o)
	return slices.Contains(o.Acquire.From, "global") && (isFrame(o) || known && time <= resetGrace || !known && workedOut(delay, 3))
}

// workedOut reports whether a value is computed by operators, in place or where the variable
// of the function that holds it is declared.
func workedOut(n syntax.Node, hops int) bool {
	n = n.Inner(true)
	if sym := n.Symbol(); n.Is("identifier") && hops > 0 && sym != nil && sym.Constant() && sym.Decl.Function().OK() {
		return workedOut(sym.Init(), hops-1)
	}
	return n.Is("binary_expression")
}

// returned is the field that a getter of that name does nothing but return, and else the name.
func (in *instance) returned(name string) string {
	for _, m := range in.members {
		if body := m.Node.Field("body"); m.Getter && m.Name == name && body.Len() == 1 && body.Child(0).Is("return_statement") {
			if field, own := body.Child(0).Child(0).Inner(true).ThisField(); own {
				return field
			}
		}
	}
	return name
}

// inheritsFlag reports whether n asks what a class that cannot be seen tells of its end, by
// the names that such have: this.isDisposed
func (in *instance) inheritsFlag(n syntax.Node) bool {
	name, own := n.ThisField()
	return own && overFlags[name] && !has(in.members, name) && in.class.Node.IsClass() && syntax.Extends(in.class.Node).OK()
}

var overFlags = map[string]bool{"isDisposed": true, "isDestroyed": true, "disposed": true, "destroyed": true, "_isDestroyed": true}

// onlyCall is the call that is all a function does by its first statement: it calls, or goes
// on only if what it called gave something. The zero Node for anything else.
func onlyCall(first syntax.Node) syntax.Node {
	next := first.NextNamed()
	if call := first.Child(0).Inner(true); first.Is("expression_statement") && call.Is("call_expression") && !next.OK() {
		return call
	}
	given := first.Child(0)
	if !first.Is("lexical_declaration", "variable_declaration") || first.Len() != 1 || !next.Is("if_statement") || next.NextNamed().OK() || next.Field("alternative").OK() {
		return syntax.Node{}
	}
	call := given.Field("value").Inner(true)
	asked := next.Field("condition").Inner(false)
	if !call.Is("call_expression") || !asked.Is("identifier") || asked.Symbol() == nil || asked.Symbol().Node != given.Field("name") {
		return syntax.Node{}
	}
	return call
}

// firstOf is the first statement of a function that does something.
func firstOf(fn syntax.Node) syntax.Node {
	first := fn.Field("body").Child(0)
	for first.Is("comment") || isSaying(first) || isAlias(first) {
		first = first.NextNamed()
	}
	return first
}

// isAlias: const self = this;
func isAlias(stmt syntax.Node) bool {
	return stmt.Is("lexical_declaration", "variable_declaration") && stmt.Len() == 1 && stmt.Child(0).Field("value").Inner(false).Is("this")
}

// setAtEnd reports whether a condition holds, or not, as is asked, once the end of an
// instance has set its fields.
func (s *scan) setAtEnd(in *instance, n syntax.Node, holds bool) bool {
	n = n.Inner(false)
	if n.Is("unary_expression") && n.Field("operator").Text() == "!" {
		return s.setAtEnd(in, n.Field("argument"), !holds)
	}
	if !n.Is("binary_expression") {
		return !holds && in.isDrawn(n) || holds && in.inheritsFlag(n) || s.leftAtEnd(in, n, func(v syntax.Node) bool {
			return holds && v.Is("true") || !holds && (v.Is("false") || isNothing(v))
		})
	}
	left, right := n.Field("left"), n.Field("right").Inner(true)
	switch op := n.Field("operator").Text(); op {
	case "||", "&&":
		if holds == (op == "||") { // either is enough
			return s.setAtEnd(in, left, holds) || s.setAtEnd(in, right, holds)
		}
		return s.setAtEnd(in, left, holds) && s.setAtEnd(in, right, holds)
	case "===", "==", "!==", "!=":
		equal := holds == strings.HasPrefix(op, "=")
		return s.leftAtEnd(in, left, func(v syntax.Node) bool {
			return v.Is("identifier", "member_expression", "string", "number", "true", "false", "null", "undefined") && equal == (squeeze(v) == squeeze(right))
		})
	}
	return false
}

// leftAtEnd reports whether all that the end of an instance puts into a field fits, and
// whether it does so on the spot.
func (s *scan) leftAtEnd(in *instance, field syntax.Node, fits func(syntax.Node) bool) bool {
	name, ok := field.Inner(true).ThisField()
	if !ok {
		return false
	}
	set := false
	for _, r := range in.refs[in.returned(name)] {
		if !syntax.IsWrite(r) || !s.reached(in).runs(r) {
			continue
		}
		if set = fits(r.Outer().Parent().Field("right").Inner(true)); !set {
			return false
		}
	}
	return set
}
