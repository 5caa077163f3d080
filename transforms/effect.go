package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// span is a function that a host runs until something ends: an effect. Its end is paid by
// functions: those that it returns, or registers with the host.
type span struct {
	host     *host
	call     syntax.Node // of the host
	fn       syntax.Node // what it runs
	within   syntax.Node // the component or hook around it; the zero Node: the module
	deps     syntax.Node // the list of what makes it run anew; the zero Node: there is none
	cleanups []cleanup
}

// cleanup is one way in which an effect is ended.
type cleanup struct {
	at      syntax.Node   // the return statement, the expression body, or the call that registers
	value   syntax.Node   // what is returned or registered
	fns     []syntax.Node // the functions that it may be, as far as they can be seen
	opaque  bool          // it may be a function that cannot be seen
	nothing bool          // it may be none
}

// effectAt is the effect whose function n runs in, or inside of which it runs later; nil
// for none. What runs when the effect has ended is no part of it.
func (s *scan) effectAt(n syntax.Node) *span {
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		if e := s.effectOf(fn); e != nil {
			if slices.ContainsFunc(e.cleanups, func(c cleanup) bool { return n.Within(c.value) && c.at != e.fn && c.isFunction() }) {
				return nil
			}
			return e
		}
	}
	return nil
}

// isFunction reports whether a cleanup is a function that is written there.
func (c cleanup) isFunction() bool { return c.value.Inner(false).IsFunction() }

// effectOf is the effect that a function is, nil for none.
func (s *scan) effectOf(fn syntax.Node) *span {
	if e, known := s.effects[fn.ID()]; known {
		return e
	}
	s.effects[fn.ID()] = nil // for whoever asks while it is made out
	e := s.effectFor(fn)
	s.effects[fn.ID()] = e
	return e
}

func (s *scan) effectFor(fn syntax.Node) *span {
	at := fn.Outer()
	for args := at.Parent(); args.Is("arguments"); args = at.Parent() {
		call := args.Parent()
		if h := s.hostOf(call, hostHops); h != nil && s.hosted(call, h) == fn {
			return s.newSpan(h, call, fn)
		}
		if !slices.Contains(sameHooks, calleeName(call)) || args.Child(0) != at {
			break
		}
		at = call.Outer()
	}
	name := functionName(fn)
	if p := at.Parent(); name == nil && p.Is("variable_declarator") { // const run = useCallback(() => ..)
		name = p.Field("name").Symbol()
	}
	if name == nil || len(name.Refs) != 1 {
		return nil
	}
	ref := name.Refs[0].Outer()
	if call := ref.Parent().Parent(); ref.Parent().Is("arguments") {
		if h := s.hostOf(call, hostHops); h != nil && call.Field("arguments").Child(h.callback).Inner(false) == ref.Inner(false) {
			return s.newSpan(h, call, fn)
		}
	}
	return nil
}

func (s *scan) newSpan(h *host, call, fn syntax.Node) *span {
	e := &span{host: h, call: call, fn: fn, within: call.Function()}
	if h.deps >= 0 {
		e.deps = call.Field("arguments").Child(h.deps).Inner(false)
	} else if keeper := call.Field("arguments").Child(h.callback).Inner(false); keeper.Is("call_expression") {
		e.deps = keeper.Field("arguments").Child(1).Inner(false)
	}
	body := fn.Field("body")
	switch {
	case h.pays == byCall:
		for n := range fn.Descendants() {
			if n.Is("call_expression") && slices.Contains(h.register, lastName(originName(n))) && n.Function() == fn {
				e.cleanups = append(e.cleanups, s.cleanupOf(n, n.Field("arguments").Child(0)))
			}
		}
	case !body.Is("statement_block"):
		e.cleanups = append(e.cleanups, s.cleanupOf(fn, body))
	default:
		for n := range body.Own() {
			if n.Is("return_statement") {
				e.cleanups = append(e.cleanups, s.cleanupOf(n, n.Child(0)))
			}
		}
	}
	return e
}

// originName is the callee of a call, as the name that its module has for it.
func originName(call syntax.Node) syntax.Node { return call.Field("function").Inner(false) }

// cleanupOf says what an effect returns, or registers, in one place.
func (s *scan) cleanupOf(at, value syntax.Node) cleanup {
	c := cleanup{at: at, value: value}
	if !value.OK() {
		c.nothing = true
		return c
	}
	for _, v := range alternatives(value) {
		if p := v.Outer().Parent(); p.Is("binary_expression") && p.Field("operator").Text() == "&&" && p.Field("left").Inner(true) == v {
			c.nothing = true
			continue
		}
		switch {
		case isNothing(v), v.Is("unary_expression", "true", "false", "number", "string"):
			c.nothing = true
		case v.IsFunction():
			c.fns = append(c.fns, v)
		case v.Is("identifier") && localFunction(v).OK():
			c.fns = append(c.fns, localFunction(v))
		case v.Is("call_expression", "identifier", "member_expression", "subscript_expression"):
			c.opaque = true
		default:
			c.nothing = true
		}
	}
	return c
}

// localFunction is the function that a name of the file stands for, also through hooks
// that give back what they are given.
func localFunction(n syntax.Node) syntax.Node {
	sym := n.Symbol()
	if sym == nil || !n.Is("identifier") {
		return syntax.Node{}
	}
	if sym.Kind == syntax.Function {
		return sym.Decl
	}
	v := sym.Init().Inner(false)
	for v.Is("call_expression") && slices.Contains(sameHooks, calleeName(v)) {
		v = v.Field("arguments").Child(0).Inner(false)
	}
	if v.IsFunction() && sym.Constant() {
		return v
	}
	return syntax.Node{}
}

// functionGiven is the function that an argument is, or that it names; the zero Node for none.
func functionGiven(arg syntax.Node) syntax.Node {
	if fn := arg.Inner(false); fn.IsFunction() {
		return fn
	}
	return localFunction(arg.Inner(false))
}

// reached is all code that runs when some functions are called: their bodies, and those of
// the functions of the file that they call or hand on.
func (s *scan) reachedFrom(fns []syntax.Node) []syntax.Node {
	var out []syntax.Node
	for queue := slices.Clone(fns); len(queue) > 0; {
		fn := queue[0]
		queue = queue[1:]
		if !fn.OK() || slices.Contains(out, fn) || len(out) > 50 {
			continue
		}
		out = append(out, fn)
		for n := range fn.Field("body").Descendants() {
			if n.Is("identifier") && (n.Outer().Parent().Is("call_expression", "arguments") || n.Parent().Is("member_expression") && calleeName(n.Parent().Parent()) == n.Parent().Field("property").Text()) {
				if called := localFunction(n); called.OK() && !isTakenAway(n) {
					queue = append(queue, called)
				}
			}
		}
	}
	return out
}

// endsBy reports whether n runs when the effect ends that way.
func (s *scan) endsBy(c cleanup, n syntax.Node) bool {
	return inOneOf(s.reachedFrom(c.fns), n)
}

// spansIn are the effects of a component or hook.
func (s *scan) spansIn(component syntax.Node) []*span {
	var out []*span
	for n := range component.Descendants() {
		if n.IsFunction() && n != component {
			if e := s.effectOf(n); e != nil && e.within == component {
				out = append(out, e)
			}
		}
	}
	return out
}

// runsAnew reports whether an effect may run again while its component is there, and by
// what: the names in its list, "each time it is drawn" without one.
func (e *span) runsAnew() (again bool, by string) {
	switch {
	case e.host.anew == once:
		return false, ""
	case e.host.anew == tracked:
		return true, "something that it read changes"
	case e.host.deps < 0 && !e.deps.OK():
		return false, ""
	case !e.deps.OK():
		return true, "its component is drawn again"
	case e.deps.Is("array") && e.deps.Len() == 0:
		return false, ""
	}
	var names []string
	for d := range e.deps.Children() {
		if !isStable(d) {
			names = append(names, shorten(d.Text()))
		}
	}
	if e.deps.Is("array") && len(names) == 0 {
		return false, ""
	}
	if !e.deps.Is("array") {
		return true, "its dependencies change"
	}
	if len(names) > 2 {
		names = append(names[:2], "more")
	}
	return true, strings.Join(names, " or ") + " changes"
}

// isStable reports whether an entry of a list of dependencies is the same each time: what
// the module has, a ref, or what sets a state.
func isStable(n syntax.Node) bool {
	n = n.Inner(false)
	sym := n.Symbol()
	if sym == nil {
		return n.Is("string", "number", "true", "false", "null")
	}
	if _, imported := sym.Import(); imported || n.File().TopLevel(sym.Name) == sym {
		return true
	}
	maker := sym.Decl.Field("value").Inner(false)
	switch calleeName(maker) {
	case "useRef", "useDispatch", "useEvent", "useEffectEvent", "useMemoizedFn":
		return true
	case "useCallback", "useMemo":
		list := maker.Field("arguments").Child(1)
		return list.Is("array") && list.Len() == 0
	case "useState", "useReducer":
		return sym.Decl.Field("name").Child(1) == sym.Node
	}
	return false
}

// name is what an effect is called in messages.
func (e *span) name() string {
	if e.within.OK() {
		return nameOf(e.within)
	}
	if f := e.fn.File(); f.Component() {
		return fileName(f)
	}
	return nameOf(e.fn)
}

// blank reports whether an effect has no list of what makes it run anew.
func (e *span) blank() bool {
	return e.host.anew == bySign && !e.deps.OK() && e.host.deps >= 0
}
