package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A one-shot that gives up on a promise need not be armed where the promise is made:
// a request may have its socket first. It guards the promise all the same.

// pendingAround is the executor, further out than the function around an
// acquisition, of the promise that a one-shot gives up on; the zero Node for none.
func (s *scan) pendingAround(o *Obligation) syntax.Node {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if !o.Kind.OneShot || o.Kind.Registers() || o.Kind.Fails != Never || !callback.IsFunction() || isImmediate(o) || s.unreferenced(o) {
		return syntax.Node{}
	}
	fn := o.Call.Function()
	if isExecutor(fn) || callbackOf(fn).repeats {
		return syntax.Node{}
	}
	executor := fn.Function()
	for executor.OK() && !isExecutor(executor) {
		executor = executor.Function()
	}
	params := parametersOf(executor)
	if !executor.OK() || len(params) < 2 || !givesUp(callback, params[1]) {
		return syntax.Node{}
	}
	return executor
}

// givesUp reports whether a callback rejects.
func givesUp(callback syntax.Node, reject *syntax.Symbol) bool {
	for n := range callback.Field("body").Own() {
		if n.Is("call_expression") && n.Field("function").Symbol() == reject {
			return true
		}
	}
	return false
}

// beforeArmed reports whether a promise is settled by code around the function that
// arms its guard: that ran before.
func (o *Obligation) beforeArmed(st settle) bool {
	fn := o.Call.Function()
	return !o.Kind.Registers() && st.call.OK() && st.fn != fn && o.Call.Within(st.fn)
}

// declareAround keeps what is dropped in a variable of a function around, declared
// before all that mentions it.
func (s *scan) declareAround(o *Obligation, home syntax.Node, missed []settle) (name string, edits []patch.Edit, no *Refusal) {
	body := home.Field("body")
	v := o.Handle.Value
	if !body.Is("statement_block") || !v.Parent().Is("expression_statement") || v != chain(o.Call) {
		return "", nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	first := o.Call
	for _, m := range missed {
		if m.ref.Start() < first.Start() {
			first = m.ref
		}
	}
	stmt := first
	for stmt.Parent() != body {
		stmt = stmt.Parent()
	}
	if at := insertionPoint(stmt); strings.TrimSpace(string(s.f.Src()[s.f.LineStart(at):at])) != "" {
		return "", nil, refuse(TooEntangled, "it shares its line with other code")
	}
	st := styleOf(s.f)
	name = freshName(o.Kind.Noun, nameTaken(home))
	if first == o.Call && v.Parent().Parent() == body {
		return name, []patch.Edit{{Start: v.Start(), End: v.Start(), New: "const " + name + " = "}}, nil
	}
	declare := "let " + name
	if st.ts {
		declare += ": ReturnType<typeof " + o.Acquire.Pattern.Anchor + "> | undefined"
	}
	return name, []patch.Edit{st.before(stmt, declare+";"), {Start: v.Start(), End: v.Start(), New: name + " = "}}, nil
}
