package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function may do one thing or its opposite, by what it is told:
//
//	wire(off) { const by = off ? stopListening : listen; by(this.box, 'click', this.onClick, this); }
//	remove() { this.wire(true); }
//
// What is not done where it is called so does not run there.

// truths are whether what the parameters of a function are given in a call is true: of those of
// which that is written down, and which the function does not change.
type truths map[*syntax.Symbol]bool

// toldBy is what a call tells a function, which has been told something itself.
func (t truths) toldBy(call, fn syntax.Node) truths {
	args := call.Field("arguments")
	if !call.Is("call_expression") || !args.Is("arguments") {
		return nil
	}
	spread := slices.ContainsFunc(slices.Collect(args.Children()), func(a syntax.Node) bool { return a.Is("spread_element") })
	out := truths{}
	for i := range args.Len() {
		param := parameter(fn, i)
		if pattern := param.Field("pattern"); pattern.OK() {
			param = pattern
		}
		sym := param.Symbol()
		if spread || !param.Is("identifier") || sym == nil || slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r != param && syntax.IsWrite(r) }) {
			continue
		}
		if yes, known := t.truth(args.Child(i)); known {
			out[sym] = yes
		}
	}
	return out
}

// truth is whether a condition holds, where that is known.
func (t truths) truth(n syntax.Node) (yes, known bool) {
	n = n.Inner(false)
	switch n.Kind() {
	case "true":
		return true, true
	case "false":
		return false, true
	case "identifier":
		yes, known = t[n.Symbol()]
		return yes, known && n.Symbol() != nil
	case "unary_expression":
		if n.Field("operator").Text() == "!" {
			yes, known = t.truth(n.Field("argument"))
			return !yes, known
		}
	}
	return false, false
}

// skips reports whether code of a function stands in a branch that is not taken.
func (t truths) skips(n, fn syntax.Node) bool {
	if len(t) == 0 {
		return false
	}
	for p := n; p.OK() && p != fn; p = p.Parent() {
		branch := p.Parent()
		if !branch.Is("if_statement", "ternary_expression") {
			continue
		}
		yes, known := t.truth(branch.Field("condition"))
		if known && (p == branch.Field("consequence") && !yes || p == branch.Field("alternative") && yes) {
			return true
		}
	}
	return false
}

// chosen is what an expression stands for, where that is chosen by what the function is told.
func (t truths) chosen(n syntax.Node) syntax.Node {
	n = n.Inner(false)
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Constant() && sym.Init().Inner(false).Is("ternary_expression") {
		n = sym.Init().Inner(false)
	}
	if n.Is("ternary_expression") {
		if yes, known := t.truth(n.Field("condition")); known && yes {
			return n.Field("consequence").Inner(false)
		} else if known {
			return n.Field("alternative").Inner(false)
		}
	}
	return n
}

// takesAway reports whether a call takes away what it names from what that listened to.
//
//	(off ? this.off : this.on).call(this, 'move', this.onMove)
func (t truths) takesAway(call syntax.Node) bool {
	if takesAway(call) {
		return true
	}
	if len(t) == 0 || !call.Is("call_expression") {
		return false
	}
	callee := t.chosen(call.Field("function"))
	if name := callee.Field("property").Text(); name == "call" || name == "apply" {
		callee = t.chosen(callee.Field("object"))
	}
	return isRemover(lastName(callee))
}

// key tells one call of a function from others that tell it something else.
func (t truths) key(fn syntax.Node) string {
	if len(t) == 0 {
		return ""
	}
	var parts []string
	for sym, yes := range t {
		parts = append(parts, fmt.Sprint(sym.Name, yes))
	}
	slices.Sort(parts)
	return fmt.Sprint(fn.File().Path, fn.ID()) + strings.Join(parts, ",")
}

// callOf is the call that runs a function because of the code n, with just the arguments that
// stand there; the zero Node where it is run otherwise, as what is bound or listens is.
func (in *instance) callOf(n, fn syntax.Node) syntax.Node {
	if n.Is("call_expression") && syntax.CalledFunction(n) == fn {
		return n
	}
	use := n.Outer()
	name, own := n.ThisField()
	if use.Parent().Field("function") != use || !own || slices.ContainsFunc(in.refs[name], syntax.IsWrite) {
		return syntax.Node{}
	}
	return use.Parent()
}

// onlyLetsGo reports whether a mention of a field runs nothing of what the field was made with:
// it is asked for, replaced, or given to what cancels it, cancelAnimationFrame(this.frame).
func onlyLetsGo(n syntax.Node) bool {
	use := n.Outer()
	p := use.Parent()
	switch p.Kind() {
	case "assignment_expression":
		return p.Field("left") == use
	case "unary_expression":
		return true
	case "if_statement":
		return p.Field("condition") == use
	case "parenthesized_expression":
		return p.Parent().Is("if_statement") && p.Parent().Field("condition") == p
	case "arguments":
		words := wordsOf(calleeName(p.Parent()))
		return len(words) > 0 && (words[0] == "cancel" || words[0] == "clear")
	case "member_expression":
		name := p.Field("property").Text()
		return p.Field("object") == use && p.Parent().Field("function") == p && (name == "disconnect" || name == "unobserve")
	}
	return false
}

// isTakenAway reports whether a function is named to be taken away, as far as what the code is
// told says so, too.
func (r *reach) isTakenAway(n syntax.Node) bool {
	args := n.Outer().Parent()
	return args.Is("arguments") && r.told.takesAway(args.Parent())
}
