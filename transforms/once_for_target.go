package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// onceForTarget reports whether a registration is made when its target is given
// something that it has not yet: it is the target's affair, whoever came first. Or the
// function around turns back where its target has that:
//
//	if (request.times) return request.times;
//	request.times = times;
func (o *Obligation) onceForTarget() bool {
	target := squeeze(o.target())
	if fn := o.Call.Function(); o.Call.Statement().Parent() == fn.Field("body") && o.turnsBack(fn, target) {
		return true
	}
	for p := o.Call.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if !p.Is("if_statement") || !o.Call.Within(p.Field("consequence")) {
			continue
		}
		for n := range p.Field("consequence").Descendants() {
			left := n.Field("left").Inner(false)
			if n.Is("assignment_expression") && left.Is("member_expression") && squeeze(left.Field("object")) == target &&
				!isNothing(n.Field("right").Inner(true)) && asksFor(p.Field("condition"), squeeze(left)) {
				return true
			}
		}
	}
	return false
}

// turnsBack reports whether the first that a function does is to ask a parameter of its own for
// something, and to return where that is there; later on it gives it that.
func (o *Obligation) turnsBack(fn syntax.Node, target string) bool {
	asked := fn.Field("body").Child(0)
	sym := o.target().Inner(false).Symbol()
	if !asked.Is("if_statement") || asked.Field("alternative").OK() || !endsInReturn(asked.Field("consequence")) || sym == nil || sym.Kind != syntax.Parameter || sym.Node.Function() != fn {
		return false
	}
	condition := asked.Field("condition").Inner(true)
	for n := range fn.Field("body").Own() {
		left := n.Field("left").Inner(false)
		if n.Is("assignment_expression") && n.Statement().Parent() == fn.Field("body") && left.Is("member_expression") && squeeze(left.Field("object")) == target &&
			!isNothing(n.Field("right").Inner(true)) && squeeze(condition) == squeeze(left) {
			return true
		}
	}
	return false
}

// asksFor reports whether a condition asks for what an expression stands for, or a
// variable that was given it.
func asksFor(condition syntax.Node, text string) bool {
	for n := range condition.Descendants() {
		if n.Is("member_expression") && squeeze(n) == text || n.Is("identifier") && squeeze(n.Symbol().Init()) == text {
			return true
		}
	}
	return false
}
