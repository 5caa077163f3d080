package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// asksItselfOnly reports whether whatever decides if a call is made asks nothing but about
// the thing that it ends, and so not where that came from:
//
//	if (socket && !socket.destroyed) { try { socket.end(); } catch {} }
func asksItselfOnly(call, thing syntax.Node) bool {
	root := rootOf(thing)
	field, own := thing.ThisField()
	for p := call.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if p.Is("switch_statement", "ternary_expression", "binary_expression") {
			return false
		}
		if !p.Is("if_statement") {
			continue
		}
		for n := range p.Field("condition").Descendants() {
			switch {
			case n.Is("call_expression"), n.Is("identifier") && (own || n.Symbol() != root.Symbol()):
				return false
			case n.Is("this"):
				if name, _ := n.Parent().ThisField(); !own || name != field {
					return false
				}
			}
		}
	}
	return true
}
