package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// stay says how long what a registration is with stays, as far as can be told.
type stay int

const (
	unknownStay stay = iota
	ownStay          // the instance made it, and it ends with the instance
	givenStay        // somebody else's, who made it before
	lastingStay      // as long as the page or process
)

// judgeRegistration says what came of an acquisition that has no handle.
func (s *scan) judgeRegistration(o *Obligation) {
	v := widen(o.Call)
	o.Handle = Handle{Value: v}
	if h, elsewhere := s.sink(o, o.Handle, v); h.Place != Discarded || elsewhere != "" && !v.Parent().Is("arrow_function") {
		o.step(o.Call, "moved: its result is kept, which may take it away")
		return
	}
	switch {
	case o.endedBySignal():
		o.Status = Met
		o.step(o.Call, "met: a signal ends it, or its options cannot be seen")
		return
	case o.swallows():
		o.Status = Met
		o.step(o.handler(), "met: it is there to do nothing")
		return
	case o.handlerKept():
		o.step(o.handler(), "moved: the function is kept elsewhere")
		return
	case o.onceForTarget():
		o.step(o.Call, "moved: it is made once for what it is registered with")
		return
	}
	home := o.Call.Function()
	for home.OK() && isInline(home) && !isExecutor(home) {
		home = home.Function()
	}
	if !home.OK() {
		o.step(o.Call, "moved: lives as long as the module")
		return
	}
	here := s.removals(o, home.Descendants())
	if isExecutor(home) && s.judgeWait(o, home, here) {
		return
	}
	if slices.ContainsFunc(here, removal.works) {
		s.judgeSpan(o, home, here)
		return
	}
	if class, _ := s.ownerAt(o.Call); class.OK() {
		s.judgeRegistered(o, class)
		if o.Status == Moved {
			s.judgeRepeated(o)
		}
		return
	}
	if !s.judgeRepeated(o) {
		o.step(o.Call, "moved: nothing shows when it should end")
	}
}

// judgeWait: registered in the executor of a promise, until it settles. It says
// nothing (false) of what shows no sign that it should end with the promise.
func (s *scan) judgeWait(o *Obligation, executor syntax.Node, here []removal) bool {
	if s.madeWithin(o.target(), executor) {
		return false
	}
	for _, r := range here {
		if r.works() {
			o.releases = append(o.releases, r.call)
			o.step(r.call, "released by %s", shorten(r.call.Text()))
		}
	}
	if len(o.releases) == 0 && (!o.Kind.Awaited || !s.meantForPromise(o, executor, here)) {
		return false
	}
	s.judgePromise(o, executor)
	return true
}

// meantForPromise reports whether what nothing takes away is meant to be there
// until the promise settles: its function settles it. Of those that fire once it
// has to be one of several for one target, of which only the one that came is
// gone; and that target must be more than somebody's argument, unless another is
// taken away from it.
func (s *scan) meantForPromise(o *Obligation, executor syntax.Node, here []removal) bool {
	fn := o.handlerFunction()
	if !fn.OK() {
		fn = o.handler()
	}
	if !slices.ContainsFunc(settles(executor), func(st settle) bool { return st.ref.Within(fn) || st.ref == o.handler() }) {
		return false
	}
	if !o.Kind.OneShot {
		return true
	}
	if sym := rootOf(o.target()).Symbol(); sym != nil && sym.Kind == syntax.Parameter && len(siblings(here)) == 0 {
		return false
	}
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		return x != o && x.Kind == o.Kind && x.Call.Within(executor) && s.sameTarget(x, o.target()) == same && sameEvent(x.event(), o.event()) == different
	})
}

// madeWithin reports whether a variable holds what the function around an
// executor made itself.
func (s *scan) madeWithin(n, executor syntax.Node) bool {
	if name, ok := n.ThisField(); ok { // this.x = connect(); this.x.once(..)
		fn := executor.Function()
		if class, _ := n.FieldOwner(); class.OK() {
			return slices.ContainsFunc(s.instance(class).refs[name], func(r syntax.Node) bool {
				return syntax.IsWrite(r) && (r.Within(executor) || fn.OK() && r.Within(fn))
			})
		}
	}
	sym := rootOf(n).Symbol()
	if sym == nil || sym.Kind != syntax.Variable || n.File().TopLevel(sym.Name) == sym {
		return false
	}
	init := sym.Init().Inner(true)
	return !init.Is("member_expression", "identifier", "this", "subscript_expression")
}

// rootOf is the leftmost part of a chain of members and calls.
func rootOf(n syntax.Node) syntax.Node {
	for n = n.Inner(true); ; n = n.Inner(true) {
		switch n.Kind() {
		case "member_expression", "subscript_expression":
			n = n.Field("object")
		case "call_expression":
			n = n.Field("function")
		default:
			return n
		}
	}
}

// judgeSpan: the function that registers takes it away itself, on some ways at
// least.
func (s *scan) judgeSpan(o *Obligation, home syntax.Node, here []removal) {
	g := s.graph(home)
	stops := map[int]bool{}
	begin := s.points(g, home, o.Call.Outer())
	for _, r := range here {
		if !r.works() || r.call.End() <= o.Call.Start() && r.call.Function() == home || isInstead(o.Call, r.call) {
			continue
		}
		for _, l := range s.lift(use{released, r.call, r.call, "released by " + shorten(r.call.Text())}, home, maxHops) {
			if l.effect == moved || l.at.Within(o.Call) {
				o.step(l.at, "moved: %s", l.text)
				return
			}
			o.releases = append(o.releases, r.call)
			o.step(l.at, "%s", l.text)
			for _, n := range s.settledAlong(l) {
				for _, p := range s.points(g, home, n) {
					stops[p] = true
				}
			}
		}
	}
	ahead := slices.ContainsFunc(begin, func(p int) bool {
		never, always := func(int) bool { return false }, func(syntax.Edge) bool { return true }
		for stop := range stops {
			if g.Reaches([]int{p}, stop, never, always) {
				return true
			}
		}
		return false
	})
	if !ahead { // only what was there before, or happens instead
		o.releases = nil
		if class, _ := s.ownerAt(o.Call); class.OK() {
			s.judgeRegistered(o, class)
			return
		}
		o.step(o.Call, "moved: nothing shows when it should end")
		return
	}
	s.waysOut(o, home, g, begin, stops, true)
	o.Exits = slices.DeleteFunc(o.Exits, func(x ExitPlace) bool {
		return !x.Node.Is("return_statement", "throw_statement", "await_expression") && !x.Node.Outer().Is("await_expression") && x.How != "the end is reached"
	})
	if o.Status == Unmet && len(o.Exits) == 0 && !o.again {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: nothing between the two is waited for")
	}
}

// isInstead reports whether two calls stand in the two branches of an if that asks
// what the function was told: if (on) add(); else remove();
func isInstead(a, b syntax.Node) bool {
	for p := a.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		told := p.Field("condition").Inner(false).Symbol()
		if !p.Is("if_statement") || told == nil || told.Kind != syntax.Parameter {
			continue
		}
		yes, no := p.Field("consequence"), p.Field("alternative")
		if a.Within(yes) && b.Within(no) || a.Within(no) && b.Within(yes) {
			return true
		}
	}
	return false
}

// judgeRegistered: is there anything in the class that takes it away, and should
// there be?
func (s *scan) judgeRegistered(o *Obligation, class syntax.Node) {
	in := s.instance(class)
	o.Owner = ownerOf(class, o.Handle)
	how := s.stayOf(o, in)
	all := s.removals(o, codeOf(class))
	for _, c := range in.ancestors {
		above := newScan(s.ctx, s.Detector, c.File)
		all = append(all, above.removals(o, codeOf(c.Node))...)
	}
	if how == ownStay && s.placeKey(o.target(), 6) == "this" {
		if !slices.ContainsFunc(all, removal.works) && s.judgeAgain(o, in) {
			return
		}
		o.Status = Met
		o.step(o.Call, "met: it listens to itself")
		return
	}
	if s.judgeReplaced(o, in, all) {
		return
	}
	for _, r := range all {
		if r.works() {
			o.Status = Met
			o.releases = append(o.releases, r.call)
			o.step(r.call, "met: released by %s", shorten(r.call.Text()))
			return
		}
	}
	if o.handlerFunction().OK() && slices.ContainsFunc(s.removals(o, o.handlerFunction().Descendants()), removal.works) {
		o.Status = Met
		o.step(o.handler(), "met: it takes itself away")
		return
	}
	if how == ownStay && s.madeBeside(o, in) {
		o.Status = Met
		o.step(o.Call, "met: what it is registered with is made anew each time")
		return
	}
	if event, _ := o.event().Inner(false).StringValue(); strings.HasPrefix(event, "SIG") {
		o.step(o.Call, "moved: a signal is the whole process's affair")
		return
	}
	if in.teardown != nil && callsTeardown(o) {
		o.step(o.handler(), "moved: it is what ends the instance")
		return
	}
	if end := s.endOfTarget(o, in); end.OK() {
		if s.judgeAgain(o, in) {
			return
		}
		o.Status = Met
		o.step(end, "met: what it is registered with ends by %s", shorten(end.Text()))
		return
	}
	if _, member, _ := o.Call.InstanceAt(); isTeardown(syntax.MemberName(member)) {
		o.step(o.Call, "moved: part of the teardown")
		return
	}
	if wrong, why := s.wrongRemoval(o, in, all); wrong.call.OK() {
		o.releases = []syntax.Node{wrong.call}
		o.step(wrong.call, "cannot work: %s", why)
		o.Evidence = append(o.Evidence, why)
		s.unmet(o, WrongRelease, []ExitPlace{{wrong.call, why}})
		o.gist, o.Form = wrong, formCorrection{}
		return
	}
	beside := slices.DeleteFunc(siblings(all), func(r removal) bool {
		atOnce := homeOf(r.call) == homeOf(o.Call) && r.call.Start() > o.Call.Start()
		return r.call.File() != s.f || !inMethod(r.call) || atOnce
	})
	for _, r := range beside {
		line, _ := s.f.Position(r.call.Start())
		o.Evidence = append(o.Evidence, fmt.Sprintf("line %d takes away another from the same", line))
		break
	}
	switch {
	case len(beside) > 0 && !o.Kind.OneShot:
		s.unmet(o, NeverReleased, []ExitPlace{{beside[0].call, "others are taken away here"}})
		o.gist, o.Form = beside, formBeside{}
	case o.Kind.OneShot:
		o.Status = Met
		o.step(o.Call, "met: ends by itself")
	case !(how == lastingStay || how == givenStay) && s.judgeAgain(o, in):
	case s.endsAbove(o, in) && how == givenStay && s.emits(o):
		o.Evidence = append(o.Evidence, in.teardown.name+"() above ends the instance")
		s.unmet(o, NeverReleased, nil)
		o.Form = formClass{}
	case in.teardown == nil || !in.teardown.own.OK():
		o.step(o.Call, "moved: nothing ends the instance, so nothing shows when it should end")
	case how == lastingStay && s.emits(o), how == givenStay && s.emits(o):
		o.Evidence = append(o.Evidence, in.teardown.name+"() ends the instance")
		at := in.teardown.own.Field("name")
		if !at.OK() {
			at = in.teardown.own
		}
		s.unmet(o, NeverReleased, []ExitPlace{{at, in.teardown.name + "() leaves it"}})
		o.Form = formClass{}
	default:
		o.step(o.Call, "moved: nothing shows that what it is registered with outlives the instance")
	}
}

// endsAbove reports whether a class above, that can be seen, has the end of its
// instances, and this one adds nothing to it; and whether the registration is of
// this instance alone, by a function that it makes for it. What streams and parts of
// the page tell of ends with them, and they often with their instance.
func (s *scan) endsAbove(o *Obligation, in *instance) bool {
	event, _ := o.event().Inner(false).StringValue()
	return in.whole && !nodeEvents[event] && !pageEvents[event] && in.teardown != nil && !in.teardown.own.OK() && o.Call.Function().IsConstructor() &&
		(isBind(o.handler().Inner(false)) || o.handlerFunction().OK() && touches(o.Call))
}

// pageEvents are what parts of a page tell of.
var pageEvents = map[string]bool{
	"click": true, "dblclick": true, "contextmenu": true, "keydown": true, "keyup": true, "keypress": true, "input": true, "change": true,
	"submit": true, "focus": true, "blur": true, "focusin": true, "focusout": true, "scroll": true, "wheel": true, "drop": true,
	"mousedown": true, "mouseup": true, "mousemove": true, "mouseover": true, "mouseout": true, "mouseenter": true, "mouseleave": true,
	"pointerdown": true, "pointerup": true, "pointermove": true, "pointercancel": true, "touchstart": true, "touchmove": true, "touchend": true,
	"dragstart": true, "dragover": true, "dragend": true, "transitionend": true, "animationend": true,
}

// madeBeside reports whether the target is made by the method that registers.
func (s *scan) madeBeside(o *Obligation, in *instance) bool {
	field, _ := strings.CutPrefix(s.placeKey(o.target(), 6), "this.")
	return !o.Call.Function().IsConstructor() && slices.ContainsFunc(in.refs[field], func(r syntax.Node) bool {
		return syntax.IsWrite(r) && r.Function() == o.Call.Function()
	})
}

// callsTeardown reports whether the function that is registered is a teardown of
// the instance, or calls one.
func callsTeardown(o *Obligation) bool {
	if name, ok := o.handler().ThisField(); ok {
		return isTeardown(name)
	}
	for n := range o.handlerFunction().Descendants() {
		if !n.Is("call_expression") {
			continue
		}
		if name, ok := n.Field("function").ThisField(); ok && isTeardown(name) {
			return true
		}
	}
	return false
}

// inMethod reports whether a call is made by a method that can be called to end
// something, and not by the constructor or a function that runs some day.
func inMethod(call syntax.Node) bool {
	fn := homeOf(call)
	_, member, _ := call.InstanceAt()
	return fn.OK() && !fn.IsConstructor() && (fn == member || fn == syntax.FunctionOf(member))
}

// siblings are removals of others from the very same target.
func siblings(all []removal) []removal {
	var out []removal
	for _, r := range all {
		if r.target == same {
			out = append(out, r)
		}
	}
	return out
}
