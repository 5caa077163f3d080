package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeListening judges what an effect registers.
func (s *scan) judgeListening(o *Obligation, e *span) bool {
	v := widen(o.Call)
	o.Handle = Handle{Value: v}
	if h, elsewhere := s.sink(o, o.Handle, v); h.Place != Discarded || elsewhere != "" && !v.Parent().Is("arrow_function") && !usedOnTheSpot(v) {
		o.step(o.Call, "moved: its result is kept, which may take it away")
		return true
	}
	met := func(at syntax.Node, why string) bool {
		o.Status = Met
		o.step(at, "met: %s", why)
		return true
	}
	switch {
	case o.endedBySignal():
		return met(o.Call, "a signal ends it, or its options cannot be seen")
	case o.swallows():
		return met(o.handler(), "it is there to do nothing")
	case o.firesOnce() && o.Acquire.Pattern.Anchor != "addEventListener", o.Kind.OneShot:
		return met(o.Call, "ends by itself")
	case o.handlerKept():
		o.step(o.handler(), "moved: the function is kept elsewhere")
		return true
	}
	g := &hosting{span: e}
	around := e.fn
	if e.within.OK() {
		around = e.within
	}
	all := s.removals(o, around.Descendants())
	if !e.fn.Within(around) { // useEffect(watch, []), of a function beside the component
		all = append(all, s.removals(o, e.fn.Descendants())...)
	}
	var p payments
	byItself := false // when what it waits for has come
	for _, r := range all {
		if !r.works() {
			continue
		}
		ends := slices.ContainsFunc(e.cleanups, func(c cleanup) bool { return s.endsBy(c, r.call) })
		if own := o.registered(); !ends && own.OK() && r.call.Within(own) {
			byItself = byItself || !s.mayLeave(own, r.call)
			p.later = true
		} else {
			s.pay(e, r.call, &p)
			byItself = byItself || !ends && s.comesBeside(o, r.call)
		}
		o.releases = append(o.releases, r.call)
		o.step(r.call, "released by %s", shorten(r.call.Text()))
	}
	if len(p.cleanups) == 0 && !p.whole.OK() && !p.dead.OK() && (byItself || p.later && homeOf(o.Call) != e.fn) {
		return met(o.Call, "it is taken away by what it calls, or another handler")
	}
	if len(p.cleanups) == 0 && len(p.flow) > 0 && slices.ContainsFunc(p.flow, func(n syntax.Node) bool { return n.End() <= o.Call.Start() }) && !s.targetOutlives(o, e) {
		return met(o.Call, "it is taken away before it is registered anew")
	}
	if len(p.cleanups) == 0 && !p.whole.OK() && !p.dead.OK() {
		if wrong, why := s.wrongIn(o, e, all); wrong.call.OK() && s.targetOutlives(o, e) {
			g.wrong = &wrong
			o.releases = []syntax.Node{wrong.call}
			o.step(wrong.call, "cannot work: %s", why)
			o.Evidence = append(o.Evidence, why, "in "+calleeText(e.call))
			s.unmet(o, WrongRelease, []ExitPlace{{wrong.call, why}})
			o.gist, o.Form = g, formEffectCorrection{}
			return true
		}
	}
	paid := len(p.cleanups) > 0 || p.whole.OK()
	if !paid && !p.dead.OK() && !s.targetOutlives(o, e) {
		o.step(o.Call, "moved: nothing shows that what it is registered with outlives the component")
		return true
	}
	if paid && !p.whole.OK() && !s.targetOutlives(o, e) {
		return met(p.cleanups[0].at, "taken away when the effect ends")
	}
	return s.judgePaid(o, e, g, p)
}

// wrongIn finds a removal, in what ends an effect, that was meant for this registration
// and cannot take it away.
func (s *scan) wrongIn(o *Obligation, e *span, all []removal) (removal, string) {
	for _, r := range all {
		if !slices.ContainsFunc(e.cleanups, func(c cleanup) bool { return s.endsBy(c, r.call) }) || r.event != same {
			continue
		}
		switch {
		case r.target == different && r.f == same && r.flags && !s.fitsOther(o, e.fn, r):
			return r, "it is registered with something else"
		case r.target == different:
		case r.f != different && !r.flags:
			return r, "it is registered with another capture flag"
		case r.f == different && r.made:
			return r, "the function named there is a new one, which was never registered"
		case r.f == different && (s.madeHere(o) || o.handler().Inner(false).IsFunction()) && !s.fitsOther(o, e.fn, r):
			return r, "the function that was registered is another one"
		}
	}
	return removal{}, ""
}

// fitsOther reports whether a removal takes another registration of an effect, or of a
// setup, away.
func (s *scan) fitsOther(o *Obligation, within syntax.Node, r removal) bool {
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		if x == o || !x.Kind.Registers() || !x.Call.Within(within) {
			return false
		}
		m, ok := s.removalAt(x, r.call)
		return ok && m.works()
	})
}

// targetOutlives reports whether what an effect registers with is there when its component is
// gone; what the component draws itself goes with it, and collects functions only where
// the effect runs again with a new one.
func (s *scan) targetOutlives(o *Obligation, e *span) bool {
	event := o.Acquire.Pattern.Anchor == "addEventListener"
	key := s.placeKey(o.target(), 6)
	root := rootOf(o.target())
	sym := root.Symbol()
	for range 4 { // const target = ref.current
		init := sym.Init().Inner(false)
		if sym == nil || !init.OK() || !sym.Constant() {
			break
		}
		if next := rootOf(init); !init.Is("new_expression") && next.Symbol() != nil && next.Symbol() != sym && sym.Decl.Function() == e.fn {
			if isRefPlace(init) {
				return event && s.outlivesRef(next.Symbol(), o, e)
			}
			root, sym = next, next.Symbol()
			continue
		}
		break
	}
	target := o.target().Inner(false)
	switch {
	case isRefPlace(target) || target.Is("member_expression") && isRefPlace(target.Field("object")):
		return event && s.outlivesRef(sym, o, e)
	case strings.HasPrefix(key, "global "):
		if strings.Contains(key, "(") { // document.querySelector(..): it may be the component's own
			return event && lastingCall(o.target())
		}
		return event || s.emits(o)
	case sym == nil:
		return event && root.Is("identifier") && lastingCall(o.target())
	case sym.Kind == syntax.Imported, sym.Node.File().TopLevel(sym.Name) == sym:
		return event && !target.Is("call_expression") || s.emits(o)
	case sym.Kind == syntax.Parameter:
		return (event || s.emits(o)) && sym.Decl.Function() == e.within
	}
	init := sym.Init().Inner(false)
	switch {
	case lastingCall(init):
		return event || s.emits(o)
	case init.Is("new_expression"), sym.Decl.Function() != e.within || !e.within.OK():
		return false // made by the effect
	}
	maker := sym.Decl.Field("value").Inner(true)
	switch name := calleeName(maker); {
	case name == "useState", name == "useRef", name == "useMemo", isHookName(name) && givenMaker(maker):
		return false
	case isHookName(name):
		return event && !ownElement(e.within, sym) || s.emits(o)
	}
	return sym.Decl.Field("value").Inner(false).Symbol() != nil && sym.Decl.Field("name").Is("object_pattern") && event && rootOf(sym.Decl.Field("value")).Symbol().Kind == syntax.Parameter // const { socket } = props
}

// givenMaker reports whether a hook is given a function that makes something, for the
// component to keep: useConstant(() => new Manager())
func givenMaker(call syntax.Node) bool {
	fn := call.Field("arguments").Child(0).Inner(false)
	return fn.IsArrow() && fn.Field("parameters").Len() == 0 && fn.Field("body").Inner(true).Is("new_expression")
}

// outlivesRef: what is in a ref is drawn by the component, or by whoever gave it.
func (s *scan) outlivesRef(ref *syntax.Symbol, o *Obligation, e *span) bool {
	again, _ := e.runsAnew()
	fresh := o.handlerFunction().OK() && o.handlerFunction().Within(e.within) || isBind(o.handler().Inner(false))
	return again && fresh && ref != nil && !e.dependsOn(o.Call)
}

// dependsOn reports whether n is done under a condition that asks for what makes the
// effect run anew: what the component draws then may be another thing each time.
func (e *span) dependsOn(n syntax.Node) bool {
	names := map[string]bool{}
	for d := range e.deps.Descendants() {
		if d.Is("identifier") {
			names[d.Text()] = true
		}
	}
	for c := range e.fn.Field("body").Own() {
		if c.Is("if_statement", "ternary_expression", "binary_expression") && c.Start() < n.Start() {
			condition := c.Field("condition")
			if c.Is("binary_expression") {
				condition = c.Field("left")
			}
			for d := range condition.Descendants() {
				if d.Is("identifier") && names[d.Text()] {
					return true
				}
			}
		}
	}
	return false
}

// lastingCalls are functions of the page that give something that the page keeps.
var lastingCalls = map[string]bool{"matchMedia": true}

func lastingCall(n syntax.Node) bool {
	n = n.Inner(false)
	return n.Is("call_expression") && lastingCalls[calleeName(n)]
}

// ownElement reports whether a component gives a name to something that it draws: ref={x}.
func ownElement(component syntax.Node, sym *syntax.Symbol) bool {
	return slices.ContainsFunc(sym.Mentions(), func(r syntax.Node) bool {
		attribute := r.Ancestor("jsx_attribute")
		return attribute.OK() && attribute.Child(0).Text() == "ref"
	})
}
