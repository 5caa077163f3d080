package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What is made while a component is drawn has no end of its own. A drawing may be thrown
// away, and strict mode draws twice; what an argument of useRef makes is made each time,
// and only the first is kept.

// making is something that a component makes while it is drawn, and keeps.
type making struct {
	component syntax.Node
	hook      syntax.Node // the call that keeps it
	each      bool        // it is made each time
}

// keepingHooks are the hooks of React that keep what they are given, or what a function returns
// that they are given.
var keepingHooks = []string{"useMemo", "useState", "useRef"}

// makingOf says how something is made while its component is drawn, false if it is not.
func makingOf(o *Obligation) (making, bool) {
	v := widen(o.Call)
	each := v.Parent().Is("arguments")
	if !each {
		fn := o.Call.Function()
		returned := v.Parent().Is("arrow_function") && v.Parent() == fn || v.Parent().Is("return_statement")
		if !fn.OK() || !returned {
			return making{}, false
		}
		v = fn.Outer()
	}
	args := v.Parent()
	hook := args.Parent()
	origin, ok := hook.Field("function").Origin()
	if !args.Is("arguments") || args.Child(0) != v || !ok || !slices.Contains(react, origin.Module) || !slices.Contains(keepingHooks, origin.Last()) {
		return making{}, false
	}
	if each && origin.Last() == "useMemo" || !each && origin.Last() == "useRef" {
		return making{}, false
	}
	return making{hook.Function(), hook, each}, hook.Function().OK()
}

// judgeMade judges what a component makes while it is drawn. It says nothing (false) of
// all else.
func (s *scan) judgeMade(o *Obligation) bool {
	if o.Kind.Registers() || o.Kind.OneShot || !o.Kind.Alone || !slices.Contains(o.Acquire.From, "global") {
		return false
	}
	m, ok := makingOf(o)
	if !ok {
		return false
	}
	o.Handle = Handle{Value: widen(o.Call)}
	o.Owner = Owner{OwnerComponent, nameOf(m.component), m.component}
	way := NeverReleased
	for _, u := range s.usesOfMade(o, m) {
		switch {
		case u.effect == released && s.endsComponent(m.component, u.at) && !m.each:
			o.Status = Met
			o.step(u.at, "met: released when the component ends")
			return true
		case u.effect == released:
			o.releases = append(o.releases, u.at)
			o.step(u.at, "%s", u.text)
			way = MissingPath
		case u.effect == moved && !m.each:
			o.step(u.at, "moved: %s", u.text)
			return true
		}
	}
	why, what := "the component goes", "which it may be in vain: make it in an effect that ends it"
	if m.each {
		why, what = "it is made each time that the component is drawn", "and only the first is kept: make it in an effect that ends it"
	}
	s.unmet(o, way, []ExitPlace{{m.hook, why}})
	o.Refusal = refuse(TooEntangled, "it is made when %s is drawn, %s", o.Owner.Name, what)
	return true
}

// usesOfMade are the uses of what a hook keeps.
func (s *scan) usesOfMade(o *Obligation, m making) []use {
	name := m.hook.Outer().Parent().Field("name")
	if name.Is("array_pattern") {
		name = name.Child(0)
	}
	sym := name.Symbol()
	if sym == nil || !m.hook.Outer().Parent().Is("variable_declarator") {
		return nil
	}
	var out []use
	for _, r := range sym.Refs {
		if isHandedOn(r) {
			out = append(out, use{moved, r, r, "it is handed on"})
		}
	}
	if calleeName(m.hook) != "useRef" {
		return append(out, s.usesOf(o, sym, maxHops)...)
	}
	for _, r := range sym.Refs {
		if at := r.Outer().Parent(); isRefPlace(at) {
			out = append(out, s.useOf(o, at, maxHops)...)
		}
	}
	return out
}

// judgeDrawn judges what a component registers with the page each time that it is drawn. It
// says nothing (false) of all else.
func (s *scan) judgeDrawn(o *Obligation) bool {
	component := homeOf(o.Call)
	if !o.Kind.Registers() || o.Kind.OneShot || o.firesOnce() || o.endedBySignal() || !component.OK() || !s.callsHooks(component) {
		return false
	}
	fn := o.registered()
	if o.Call.Statement().Parent() != component.Field("body") || !fn.OK() || !fn.Within(component) || !s.lastsBeyondPage(o) || isStable(o.handler().Inner(false)) {
		return false
	}
	if slices.ContainsFunc(s.removals(o, component.Descendants()), func(r removal) bool { return r.target != different && r.event != different }) {
		return false
	}
	o.Handle = Handle{Value: widen(o.Call)}
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	s.unmet(o, NeverReleased, []ExitPlace{{o.Call, "it is registered each time that the component is drawn"}})
	o.Refusal = refuse(TooEntangled, "%s registers another each time that it is drawn: do it in an effect that takes it away", o.Owner.Name)
	return true
}

// callsHooks reports whether a function is a component, or a hook: it is called as one, and
// calls hooks itself.
func (s *scan) callsHooks(fn syntax.Node) bool {
	name := nameOf(fn)
	if name == "" || fn.Class().OK() || !isHookName(name) && (name[0] < 'A' || name[0] > 'Z') {
		return false
	}
	for d := range fn.Field("body").Own() {
		if d.Is("call_expression") && isHookName(calleeName(d)) {
			return true
		}
	}
	return false
}
