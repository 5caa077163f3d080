package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// toldOtherwise reports whether two calls stand under conditions that do not hold in one
// call of the function around: what it was told is this for the one, and that for the other.
//
//	if (action === 'add') add();
//	if (action === 'remove') remove();
func toldOtherwise(a, b syntax.Node) bool {
	for what, is := range toldWhich(a) {
		if other, ok := toldWhich(b)[what]; ok && other != is {
			return true
		}
	}
	return false
}

// toldWhich are the parameters that the conditions around a call compare with a literal,
// and which, by their names.
func toldWhich(call syntax.Node) map[*syntax.Symbol]string {
	out := map[*syntax.Symbol]string{}
	for p := call.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if !p.Is("if_statement") || !call.Within(p.Field("consequence")) {
			continue
		}
		c := p.Field("condition").Inner(false)
		if op := c.Field("operator").Text(); op != "===" && op != "==" {
			continue
		}
		sym, literal := c.Field("left").Inner(false).Symbol(), c.Field("right").Inner(false)
		if sym != nil && sym.Kind == syntax.Parameter && sym.Constant() && literal.Is("string", "number", "true", "false") {
			out[sym] = squeeze(literal)
		}
	}
	return out
}
