package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// cannotReject reports whether a promise that is waited for only resolves: it is one of
// the code's own, whose executor is given no way to reject, also by way of a function
// that does nothing but make it.
func (s *scan) cannotReject(promise syntax.Node, hops int) bool {
	promise = promise.Inner(true)
	if executor := promise.Field("arguments").Child(0); isExecutor(executor) {
		return onlyResolves(executor)
	}
	if hops == 0 || !promise.Is("call_expression") {
		return hops > 0 && s.onlyResolvedBy(promise, hops)
	}
	if origin, ok := promise.Field("function").Origin(); ok && origin.Module == "" && len(origin.Path) == 2 && origin.Path[0] == "Promise" && (origin.Path[1] == "race" || origin.Path[1] == "all") {
		list := promise.Field("arguments").Child(0).Inner(true)
		for p := range list.Children() {
			if !s.cannotReject(p, hops-1) {
				return false
			}
		}
		return list.Is("array") && list.Len() > 0
	}
	fn := s.calledFunction(promise)
	body := fn.Field("body")
	if !fn.OK() || !body.OK() || fn.IsGenerator() {
		return false
	}
	if !body.Is("statement_block") {
		return s.at(fn).cannotReject(body, hops-1)
	}
	made := body.Child(0).Child(0)
	return body.Len() == 1 && body.Child(0).Is("return_statement") && s.at(fn).cannotReject(made, hops-1)
}

// calledFunction is the function that a call runs: one of the file, a method of the
// instance, or one that is imported by its name; the zero Node where it cannot be seen.
func (s *scan) calledFunction(call syntax.Node) syntax.Node {
	if fn := syntax.CalledFunction(call); fn.OK() {
		return fn
	}
	callee := call.Field("function").Inner(false)
	if origin, ok := callee.Origin(); ok && origin.Module != "" {
		return s.declared(callee, origin)
	}
	method, ok := callee.ThisField()
	if class, _ := callee.FieldOwner(); ok && class.OK() && class.File() == s.f {
		for _, m := range s.instance(class).members {
			if m.Name == method && m.Function().OK() {
				return m.Function()
			}
		}
	}
	return syntax.Node{}
}

// onlyResolvedBy reports whether a constant holds a promise that only resolves: one that is
// made on the spot, or of Promise.withResolvers() where nobody takes its reject.
func (s *scan) onlyResolvedBy(name syntax.Node, hops int) bool {
	sym := name.Symbol()
	if !name.Is("identifier") || sym == nil || sym.Kind != syntax.Variable || !sym.Constant() {
		return false
	}
	decl := sym.Decl
	value := decl.Field("value").Inner(true)
	if pattern := decl.Field("name"); pattern.Is("object_pattern") {
		origin, ok := value.Field("function").Origin()
		return ok && origin.Module == "" && len(origin.Path) == 2 && origin.Path[1] == "withResolvers" && !strings.Contains(pattern.Text(), "reject") && !pattern.HasToken("...")
	}
	return value.OK() && hops > 0 && s.cannotReject(value, hops-1)
}
