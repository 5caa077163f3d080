package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// livesOn reports whether a function that is told of something later makes something else
// of a handle and keeps or hands that on: what was begun lasts as long as that.
func (s *scan) livesOn(o *Obligation, home syntax.Node) bool {
	if _, two := o.Bindings["HANDLE"]; !two || o.Kind.Begins != Called || o.Handle.Symbol == nil {
		return false
	}
	return slices.ContainsFunc(o.Handle.Symbol.Refs, func(r syntax.Node) bool {
		fn := r.Function()
		call := r.Outer().Parent().Parent()
		if fn == home || isInline(fn) || !call.Is("call_expression") || call.Field("function").Inner(false).Field("object").Inner(false) != r {
			return false
		}
		return !takesAway(call) && !isTeardown(calleeName(call)) && call.Outer().Parent().Is("variable_declarator", "arguments", "return_statement", "assignment_expression")
	})
}

// failsAtStart reports whether the only ways that leave what lasts as long as the program
// are errors of the function that begins an application: it does not run then.
func (s *scan) failsAtStart(o *Obligation, home syntax.Node, exits []ExitPlace) bool {
	name := keptAs(home)
	if name == "" {
		name = ownName(home)
	}
	if !o.Kind.Lasts || !(isStarter(name, home) && isApplication(s.Project, s.f.Path)) && !s.runsOnceAtMost(home, onceHops) {
		return false
	}
	return !slices.ContainsFunc(exits, func(x ExitPlace) bool { return x.Node.Is("return_statement") || x.How == "the end is reached" })
}

// asksFirst reports whether a function that was put off, for a short time, asks the
// instance how it is before it does anything.
func (s *scan) asksFirst(o *Obligation) bool {
	time, known := s.waitingTime(o)
	body := o.Call.Field("arguments").Child(0).Inner(false).Field("body")
	first := body.Child(0)
	for first.Is("comment") {
		first = first.NextNamed()
	}
	if slices.Contains(o.Acquire.From, "global") || !known || time > askedGrace || !first.Is("if_statement") || first.Field("alternative").OK() {
		return false
	}
	own := false
	for d := range first.Field("condition").Descendants() {
		own = own || d.IsThis()
	}
	then := first.Field("consequence")
	if then.Is("statement_block") {
		then = then.Child(0)
	}
	return own && (then.Is("return_statement") || !first.NextNamed().OK())
}

// askedGrace is how long, in milliseconds, a function may be put off that asks first.
const askedGrace = 5000

// renamed refuses to take something away at the end of a call by names that stand for
// something else then: signal = AbortSignal.timeout(ms).
func (s *scan) renamed(o *Obligation) *Refusal {
	if !o.Kind.Registers() {
		return nil
	}
	for _, part := range []syntax.Node{o.target(), o.event(), o.handler()} {
		if part.Inner(false).IsFunction() {
			continue
		}
		for n := range part.Descendants() {
			if !n.Is("identifier") {
				continue
			}
			for _, r := range namesakes(n) {
				if syntax.IsWrite(r) && r.Start() > o.Call.End() {
					line, _ := s.f.Position(r.Start())
					return refuse(TooEntangled, "line %d gives %s another value", line, n.Text())
				}
			}
		}
	}
	return nil
}

// namesakes are the other mentions of a variable, also of one that the file does not
// declare.
func namesakes(n syntax.Node) []syntax.Node {
	if sym := n.Symbol(); sym != nil {
		return slices.DeleteFunc(slices.Clone(sym.Refs), func(r syntax.Node) bool { return r == sym.Node })
	}
	var out []syntax.Node
	for d := range n.File().Root().Descendants() {
		if d.Is("identifier") && d.Text() == n.Text() && d.Symbol() == nil {
			out = append(out, d)
		}
	}
	return out
}
