package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A method that is handed on without what it belongs to does not know what to release:
//
//	return { stop: subscription.unsubscribe };
//
// Whoever calls stop() gets an error, or ends nothing.

// judgeApart judges a handle of which only the release is handed on, and that apart from
// it. It says nothing (false) of all else.
func (s *scan) judgeApart(o *Obligation) bool {
	sym := o.Handle.Symbol
	if !o.Kind.Apart || o.Handle.Place != InVariable || sym == nil || !sym.Constant() {
		return false
	}
	var apart syntax.Node
	for _, r := range sym.Refs {
		method := r.Outer().Parent()
		if !method.Is("member_expression") || method.Field("object").Inner(false) != r {
			return false // it is handed on itself
		}
		if !s.isReleaseName(o.Kind, method.Field("property").Text()) {
			continue
		}
		at := method.Outer().Parent()
		if callee := at.Parent().Field("function").Inner(false); at.Is("arguments") && rootOf(callee).Symbol() == sym {
			return false // what an emitter calls has it for its own: socket.on('timeout', socket.destroy)
		}
		if apart.OK() || !(at.Is("pair") && at.Field("value") == method.Outer() || at.Is("return_statement", "arguments") && !isNothingOf(at)) {
			return false
		}
		apart = method
	}
	if !apart.OK() {
		return false
	}
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	o.step(apart, "cannot work: %s is handed on apart from what it belongs to", apart.Text())
	s.unmet(o, WrongRelease, []ExitPlace{{apart, "it is handed on apart from what it belongs to"}})
	o.gist, o.Form = apart, formApart{}
	return true
}

// isNothingOf reports whether arguments are those of a call that only looks at them.
func isNothingOf(args syntax.Node) bool {
	name := calleeName(args.Parent())
	return args.Is("arguments") && (name == "" || name == "expect" || name == "log" || name == "isFunction" || name == "Boolean")
}

// formApart hands on a function that calls the release of what it belongs to.
type formApart struct{}

func (formApart) Name() string { return "bind" }

func (formApart) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	apart := o.gist.(syntax.Node)
	home := o.Call.Function()
	for n := range home.Field("body").Own() {
		if n.Is("return_statement", "throw_statement") && n.Start() > o.Call.Start() && n.Start() < apart.Start() && !apart.Within(n) {
			return nil, refuse(TooEntangled, "it is handed on on some ways only, and there without its %s", o.Kind.Noun)
		}
	}
	if onSomeWays(apart, home, "ternary_expression") {
		return nil, refuse(TooEntangled, "it is handed on on some ways only, and there without its %s", o.Kind.Noun)
	}
	return &Fix{
		Plan:    p,
		Edits:   []patch.Edit{{Start: apart.Start(), End: apart.End(), New: "() => " + apart.Text() + "()"}},
		Notes:   []Note{{Unsafe, fmt.Sprintf("the %s was never released by that, and is now: does anything rely on it?", o.Kind.Noun)}},
		Message: fmt.Sprintf("Release the %s of what it belongs to", o.Kind.Noun),
	}, nil
}
