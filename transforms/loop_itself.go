package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// endsItself reports whether a loop of one-shots comes to its end whatever becomes of
// the instance around: it asks for the next round under conditions of its own, which say
// only what the rounds themselves have worked out.
func (s *scan) endsItself(o *Obligation, loop syntax.Node) bool {
	if o.Call.Function() != loop || s.isEndless(o, loop) {
		return false
	}
	asked := comesToEnd(loop, o.Call)
	for n := o.Call; n != loop && n.OK(); n = n.Parent() {
		p := n.Parent()
		if !p.Is("if_statement") || n == p.Field("condition") {
			continue
		}
		if !isWorkedOut(p.Field("condition"), loop) {
			return false
		}
		asked = true
	}
	return asked
}

// comesToEnd reports whether a round returns before it asks for the next, by what the rounds
// themselves have worked out: if (done >= all.length) return;
func comesToEnd(loop, next syntax.Node) bool {
	for stmt := range loop.Field("body").Children() {
		if stmt.End() <= next.Start() && stmt.Is("if_statement") && !stmt.Field("alternative").OK() && endsInReturn(stmt.Field("consequence")) && isWorkedOut(stmt.Field("condition"), loop) {
			return true
		}
	}
	return false
}

// isWorkedOut reports whether a condition asks for nothing but variables of a round,
// those that rounds count on in, and what never changes.
func isWorkedOut(condition, loop syntax.Node) bool {
	own := false
	for n := range condition.Descendants() {
		if n.IsThis() || n.Is("call_expression") {
			return false
		}
		sym := n.Symbol()
		if !n.Is("identifier") || n.Parent().Is("member_expression") && n.Parent().Field("property") == n {
			continue
		}
		switch {
		case sym == nil:
			return false
		case sym.Kind == syntax.Variable && sym.Decl.Within(loop), isSetIn(sym, loop):
			own = true
		case !sym.Constant() && sym.Kind != syntax.Parameter:
			return false
		}
	}
	return own
}

// isSetIn reports whether some code, and no other behind the declaration, gives a
// variable its values.
func isSetIn(sym *syntax.Symbol, code syntax.Node) bool {
	set := false
	for _, r := range sym.Refs {
		if syntax.IsWrite(r) {
			if !r.Within(code) {
				return false
			}
			set = true
		}
	}
	return set
}

// reachesBeyond reports whether what a one-shot calls does something to the instance, or
// to the page: it, or a function by whose name it is known, mentions either.
func reachesBeyond(call syntax.Node) bool {
	beyond := func(code syntax.Node) bool {
		for d := range code.Descendants() {
			if d.IsThis() || d.Is("identifier") && d.Symbol() == nil && d.Text() != "undefined" {
				return true
			}
		}
		return false
	}
	callback := call.Field("arguments").Child(0)
	if beyond(callback) || callback.IsThis() {
		return true
	}
	for n := range call.Field("arguments").Descendants() {
		if init := n.Symbol().Init().Inner(false); n.Is("identifier") && init.IsFunction() && beyond(init) {
			return true
		}
	}
	return false
}
