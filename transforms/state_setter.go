package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// setterHops bounds how many hooks of the project are followed to the one of React's that
// keeps a state.
const setterHops = 4

// setsStateOf reports whether a name is what a component sets its state by, or what a hook
// of the project returns for that: const [state, dispatch] = useOwnReducer(..).
func (s *scan) setsStateOf(n syntax.Node, hops int) bool {
	if setsState(n) {
		return true
	}
	sym := n.Symbol()
	if hops == 0 || sym == nil || !n.Is("identifier") || sym.Kind != syntax.Variable {
		return false
	}
	call := sym.Decl.Field("value").Inner(false)
	at := slices.Index(slices.Collect(sym.Decl.Field("name").Children()), sym.Node)
	if !sym.Decl.Field("name").Is("array_pattern") || at < 0 || !call.Is("call_expression") || !isHookName(calleeName(call)) {
		return false
	}
	hook := s.calledAs(call.Field("function").Inner(false))
	for r := range hook.Field("body").Own() {
		list := r.Child(0).Inner(true)
		if r.Is("return_statement") && list.Is("array") {
			return s.at(hook).setsWithin(list.Child(at), hops-1)
		}
	}
	return false
}

// setsWithin is setsStateOf for a value, which may be a function that does it.
func (s *scan) setsWithin(n syntax.Node, hops int) bool {
	n = n.Inner(true)
	if s.setsStateOf(n, hops) {
		return true
	}
	fn := functionGiven(n)
	for c := range fn.Field("body").Descendants() {
		if c.Is("call_expression") && s.setsStateOf(c.Field("function").Inner(false), hops) {
			return true
		}
	}
	return false
}

// setsWhatItIsGiven reports whether a debounced function calls what it is called with, and
// is called with what sets a state: later.current(setOpen).
func (s *scan) setsWhatItIsGiven(o *Obligation) bool {
	callback := functionGiven(o.Call.Field("arguments").Child(0))
	kept := widen(o.Call).Parent()
	name := kept.Field("left")
	if kept.Is("variable_declarator") {
		name = kept.Field("name")
	}
	if o.Kind.Name != debouncedKind || !callback.OK() || !name.OK() {
		return false
	}
	for i := 0; parameter(callback, i).OK(); i++ {
		sym := parameter(callback, i).Symbol()
		if sym == nil || !isCalled(sym) {
			continue
		}
		for c := range s.f.Root().Descendants() {
			if c.Is("call_expression") && squeeze(c.Field("function")) == squeeze(name) && s.setsStateOf(c.Field("arguments").Child(i).Inner(false), setterHops) {
				return true
			}
		}
	}
	return false
}
