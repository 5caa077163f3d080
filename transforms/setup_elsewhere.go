package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// settledElsewhere says why a removal that the end of a setup does not come to is as good
// as one that it does come to; "" where it is not: somebody else has to do something first.
func (s *scan) settledElsewhere(o *Obligation, d *setupDebt, removal syntax.Node) string {
	switch {
	case s.takesItselfAway(o, removal):
		return "it takes itself away"
	case s.follows(o, removal):
		return "what registers it takes it away"
	case removal.Within(homeOf(o.Call)) && len(s.gestureOf(o, removal)) > 0:
		return "the end of the gesture takes it away"
	case s.handedOut(d.setup, removal, maxHops):
		return "what takes it away is handed on"
	case s.changedAtEnd(d.setup, removal):
		return "the end of the component changes what is watched"
	}
	return ""
}

// runners are functions that only call what they are given while the component is there,
// or soon.
var runners = []string{
	"watch", "watchEffect", "watchPostEffect", "watchSyncEffect", "computed", "nextTick", "then", "catch", "finally",
	"onMounted", "onBeforeMount", "onUpdated", "onBeforeUpdate", "onActivated", "tryOnMounted", "tryOnBeforeMount", "onMount", "afterUpdate", "beforeUpdate",
	"setTimeout", "setInterval", "requestAnimationFrame", "requestIdleCallback", "queueMicrotask", "setImmediate",
	"h", "createVNode", "createElementVNode", "withDirectives", "withModifiers", "withKeys", "mergeProps", "useRender",
}

// isComposable reports whether a setup is one that other setups call, which may use what
// it returns at their end.
func (c *setup) isComposable() bool { return c.where == nil && isHookName(nameOf(c.root)) }

// madeInSetup reports whether a setup made what it subscribes to: a store of its own.
// What it has by a hook, or was handed, is somebody else's.
func (s *scan) madeInSetup(o *Obligation, c *setup) bool {
	receiver, named := o.Bindings[o.Acquire.Pattern.Receiver()]
	sym := rootOf(receiver).Symbol()
	if !named || o.Acquire.Pattern.Receiver() == "HANDLE" || o.Kind.Family != Listeners || o.Kind.Registers() || sym == nil || !sym.Decl.Within(c.root) {
		return false
	}
	if b, in := s.f.BlockAt(sym.Decl.Start(), sym.Decl.End()); c.where != nil && (!in || !b.Instance) {
		return false
	}
	init := sym.Init().Inner(true)
	switch name := calleeName(init); {
	case init.Is("new_expression"):
		return true
	case init.Is("call_expression"):
		return !isHookName(name) && !strings.HasPrefix(name, "get") && name != "inject"
	}
	return false
}

// onlyShown reports whether a function of a component is in no other object than those
// that its markup is made of: what setup returns, what h(..) is given.
func (c *setup) onlyShown(sym *syntax.Symbol) bool {
	if c.isComposable() || sym == nil {
		return false
	}
	return !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		v := r.Outer()
		p := v.Parent()
		if p.Is("pair") {
			p = p.Parent()
		}
		switch to := p.Outer().Parent(); {
		case !p.Is("object"):
			return p.Is("array", "return_statement", "spread_element") || p.Is("assignment_expression") && p.Field("right").Inner(false) == r
		case to.Is("return_statement"):
			return to.Function() != c.root
		case to.Is("arguments"):
			return !slices.Contains([]string{"h", "createVNode", "mergeProps", "expose", "defineExpose"}, calleeName(to.Parent()))
		}
		return true
	})
}

// handedOut reports whether n runs when somebody likes whom the setup gives a function:
// the caller of a composable, a hook that is not known. What the markup is given is only
// told of what happens there.
func (s *scan) handedOut(c *setup, n syntax.Node, hops int) bool {
	fn := n.Function()
	for fn.OK() && fn != c.root && isInline(fn) {
		fn = fn.Function()
	}
	if !fn.OK() || fn == c.root || hops == 0 {
		return hops == 0
	}
	name := functionName(fn)
	if name == nil {
		return s.givesOut(c, fn, hops)
	}
	return slices.ContainsFunc(name.Refs, func(r syntax.Node) bool { return s.givesOut(c, r, hops) })
}

// givesOut is handedOut for one mention of a function.
func (s *scan) givesOut(c *setup, mention syntax.Node, hops int) bool {
	v := mention.Outer()
	p := v.Parent()
	for p.Is("ternary_expression", "binary_expression", "array", "spread_element") {
		v = p.Outer()
		p = v.Parent()
	}
	hook := c.isComposable()
	switch p.Kind() {
	case "call_expression":
		return s.handedOut(c, p, hops-1)
	case "arguments":
		return s.takenBy(p.Parent())
	case "pair", "object":
		object := p
		if p.Is("pair") {
			object = p.Parent()
		}
		if args := object.Outer().Parent(); args.Is("arguments") {
			return s.takenBy(args.Parent())
		}
		return hook
	case "return_statement", "arrow_function", "export_specifier":
		return hook
	case "jsx_expression", "expression_statement":
		return false
	}
	return true
}

// takenBy reports whether a call that is given a function may keep it for an end that it
// knows of.
func (s *scan) takenBy(call syntax.Node) bool {
	name := calleeName(call)
	if slices.Contains(runners, name) || takesAway(call) || name == "defineExpose" || name == "expose" {
		return false
	}
	return !slices.ContainsFunc(s.found, func(o *Obligation) bool { return o.Call == call })
}

// changedAtEnd reports whether n runs when something changes that is watched, and that the
// end of the setup gives a value: it is not called then, and was meant to be.
func (s *scan) changedAtEnd(c *setup, n syntax.Node) bool {
	var watched []*syntax.Symbol
	for fn := n.Function(); fn.OK() && fn != c.root; fn = fn.Function() {
		if call := callAround(fn); calleeName(call) == "watch" {
			for d := range call.Field("arguments").Child(0).Descendants() {
				if sym := d.Symbol(); d.Is("identifier") && sym != nil {
					watched = append(watched, sym)
				}
			}
		}
	}
	for _, e := range c.ends {
		if c.isCallOf(e.call, []string{"onDeactivated"}) {
			continue // what is not kept alive is never told
		}
		for _, fn := range e.reached {
			for d := range fn.Field("body").Descendants() {
				if d.Is("assignment_expression") && slices.Contains(watched, rootOf(d.Field("left").Inner(false)).Symbol()) {
					return true
				}
			}
		}
	}
	return false
}

// putBeside puts a removal into the function around a registration that runs once for
// each component and sees what is registered: use() { function f() {}; watch(.., () => on(f)) }.
func (e *setupEdit) putBeside(o *Obligation, d *setupDebt, target *syntax.Symbol, text string) *Refusal {
	c := d.setup
	handler := rootOf(o.handler().Inner(false)).Symbol()
	sees := func(fn syntax.Node, sym *syntax.Symbol) bool {
		return sym == nil || c.holds(sym) || sym.Decl.Function() == fn && (sym.Scope() == fn.Field("body") || sym.Decl.Parent() == fn.Field("body"))
	}
	for fn := o.Call.Function().Function(); fn.OK() && fn != c.root; fn = fn.Function() {
		if !sees(fn, handler) || !sees(fn, target) {
			continue
		}
		stmt := o.Call
		for stmt.OK() && stmt.Parent() != fn.Field("body") {
			stmt = stmt.Parent()
		}
		if how, _ := e.s.times(c, stmt, maxHops); how == later || !inBlock(stmt) || fn.IsAsync() {
			break
		}
		e.behind(stmt, text)
		return nil
	}
	return refuse(TooEntangled, "it is registered anew by a function that may run several times")
}

// addGesture takes away, with what a gesture tells of each move, what waits for its end;
// not where that concerns others, too.
func (e *setupEdit) addGesture(o *Obligation, d *setupDebt) {
	for _, x := range o.beside {
		ended := slices.ContainsFunc(e.s.removals(x, d.setup.code()), func(r removal) bool { return r.works() && d.setup.endsAt(r.call) != nil })
		if ended || e.s.endConcernsOthers(x) {
			continue
		}
		handler, target := x.handler().Inner(false), rootOf(x.target()).Symbol()
		named := handler.Is("identifier") && d.setup.holds(handler.Symbol()) && (handler.Symbol().Kind != syntax.Variable || handler.Symbol().Constant())
		if _, plain := x.event().Inner(false).StringValue(); named && plain && (target == nil || target.Constant() && d.setup.holds(target)) {
			if text := e.s.writeRemoval(x, x.targetText(), handler.Text(), syntax.Node{}); !slices.Contains(e.outer, text) {
				e.outer = append(e.outer, text)
			}
		}
	}
}

// endConcernsOthers reports whether what waits for the end of a gesture does something
// then that is to be done whether the component is there or not: the cursor is to be as it
// was.
func (s *scan) endConcernsOthers(o *Obligation) bool {
	return slices.ContainsFunc(s.reachedFrom([]syntax.Node{o.handlerFunction()}), func(fn syntax.Node) bool {
		for n := range fn.Field("body").Descendants() {
			if concernsOthers(n) {
				return true
			}
		}
		return false
	})
}
