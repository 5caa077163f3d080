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
	if h, elsewhere := s.sink(o, o.Handle, v); o.Kind.ByFunction() && (h.Place != Discarded || elsewhere != "" && !v.Parent().Is("arrow_function") && !usedOnTheSpot(v)) {
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
	case o.onOwnSignal():
		o.Status = Met
		o.step(o.Call, "met: the signal is its own, and goes with it")
		return
	case s.passedOn(o):
		o.step(o.Call, "moved: it is registered for whoever calls, who has what takes it away")
		return
	case s.endsProcess(o):
		o.step(o.handler(), "moved: it ends the process")
		return
	case s.drawnHere(o):
		o.Status = Met
		o.step(o.Call, "met: it listens to a part of what is written anew with it")
		return
	case o.isOwnHandler():
		o.step(o.handler(), "moved: it is what the target had for that event, in another place")
		return
	case o.isMovedOver():
		o.step(o.Call, "moved: it was taken from another just before, and whoever takes it away goes on to do so")
		return
	case s.judgeForgotten(o):
		return
	case o.onceForTarget():
		o.step(o.Call, "moved: it is made once for what it is registered with")
		return
	}
	home := o.Call.Function()
	for home.OK() && isInline(home) && !isExecutor(home) && !home.IsAsync() {
		home = home.Function()
	}
	if !home.OK() {
		o.step(o.Call, "moved: lives as long as the module")
		return
	}
	here := s.removals(o, home.Descendants())
	if s.judgeMistaken(o, home, here) || isExecutor(home) && (s.judgeWait(o, home, here) || s.judgeUnwaited(o, home)) || !isExecutor(home) && (s.judgePair(o, home) || s.judgeUntidied(o, home)) {
		return
	}
	if s.judgeBegunAgain(o, home, here) {
		return
	}
	if slices.ContainsFunc(here, removal.works) {
		s.judgeSpan(o, home, here)
		return
	}
	if !isExecutor(home) && s.judgeCallersSignal(o, home) {
		return
	}
	if class, _ := s.ownerAt(o.Call); class.OK() {
		s.judgeRegistered(o, class)
		if o.Status == Moved && !s.judgeRepeated(o) {
			s.judgeToggled(o)
		}
		return
	}
	if !s.judgeDirective(o) && !s.judgeRepeated(o) && !s.judgeEnding(o) && !s.judgeMadeHere(o) && !s.judgeSibling(o) && !s.judgeToggled(o) {
		o.step(o.Call, "moved: nothing shows when it should end")
	}
}

// judgeSpan: the function that registers takes it away itself, on some ways at
// least.
func (s *scan) judgeSpan(o *Obligation, home syntax.Node, here []removal) {
	g := s.graph(home)
	stops := map[int]bool{}
	begin := s.points(g, home, o.Call.Outer())
	for _, r := range here {
		if !r.works() || r.call.End() <= o.Call.Start() && r.call.Function() == home || isInstead(o.Call, r.call) || toldOtherwise(o.Call, r.call) || isInsteadOf(o.Call, r.call) || s.ofAnother(o, r) {
			continue
		}
		for _, l := range s.lift(use{released, r.call, r.call, "released by " + shorten(r.call.Text())}, home, maxHops) {
			if l.effect == moved || l.at.Within(o.Call) {
				o.step(l.at, "moved: %s", l.text)
				return
			}
			o.releases = append(o.releases, r.call)
			o.step(l.at, "%s", l.text)
			for _, n := range append(s.settledAlong(l), forTheSame(o.Call, r.call)...) {
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
	for _, n := range s.endsOfTarget(o, home) {
		for _, l := range s.lift(use{released, n, n, "ended"}, home, maxHops) {
			for _, p := range s.points(g, home, l.at) {
				stops[p] = stops[p] || l.effect == released
			}
		}
	}
	s.waysOut(o, home, g, begin, stops, true)
	o.Exits = slices.DeleteFunc(o.Exits, func(x ExitPlace) bool {
		return !x.Node.Is("return_statement", "throw_statement", "await_expression") && !x.Node.Outer().Is("await_expression") && x.How != "the end is reached"
	})
	if o.Status == Unmet && (s.onOwnEmitter(o, home) || o.waitsForLast()) {
		o.Status, o.Form, o.Exits, o.again = Met, nil, nil, false
		o.step(o.Call, "met: it goes with what it listens to")
		return
	}
	each := rootOf(o.target()).Symbol() // another one each time
	if o.Status == Unmet && len(o.Exits) == 0 && (!o.again || each != nil && each.Decl.Is("for_in_statement")) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: nothing between the two is waited for")
	}
}

// isInstead reports whether two calls stand in the two branches of an if that asks
// what the function was told: if (on) add(); else remove();
func isInstead(a, b syntax.Node) bool {
	for p := a.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		told := p.Field("condition").Inner(false).Symbol()
		if told != nil && told.Kind == syntax.Parameter && parts(p, a, b) {
			return true
		}
	}
	return false
}

// parts reports whether a statement is an if, of which two calls stand in the two
// branches.
func parts(branch, a, b syntax.Node) bool {
	yes, no := branch.Field("consequence"), branch.Field("alternative")
	return branch.Is("if_statement") && (a.Within(yes) && b.Within(no) || a.Within(no) && b.Within(yes))
}

// judgeRegistered: is there anything in the class that takes it away, and should
// there be?
func (s *scan) judgeRegistered(o *Obligation, class syntax.Node) {
	in := s.instance(class)
	o.Owner = ownerOf(class, o.Handle)
	if in.hosted && isRootFile(s.f) || class.IsClass() && s.isRoot(class) {
		o.step(o.Call, "moved: the root component lives as long as the page")
		return
	}
	if o.isOwnElement(in) || s.goesWithRemoved(o, in) {
		o.Status = Met
		o.step(o.Call, "met: it listens to an element of its own, which goes with it")
		return
	}
	how := s.stayOf(o, in)
	all := append(s.removals(o, codeOf(class)), s.removalsAtEnd(o, in)...)
	for _, c := range in.ancestors {
		above := newScan(s.ctx, s.Detector, c.File)
		all = append(all, above.removals(o, codeOf(c.Node))...)
	}
	for _, m := range in.mixins {
		all = append(all, s.at(m).removals(o, codeOf(m))...)
	}
	if how == ownStay && s.placeKey(o.target(), 6) == "this" {
		if !slices.ContainsFunc(all, removal.works) && s.judgeAgain(o, in) {
			return
		}
		o.Status = Met
		o.step(o.Call, "met: it listens to itself")
		return
	}
	if in.hosted && partOf(s.placeKey(o.target(), 6)) {
		o.Status = Met
		o.step(o.Call, "met: it listens to a part of itself")
		return
	}
	if s.judgeReplaced(o, in, all) {
		return
	}
	var left []removal
	for _, r := range all {
		if s.onlyBefore(o, in, r) && !in.endsByOwnEvent(r) {
			o.step(r.call, "%s, only to register it anew", shorten(r.call.Text()))
			continue
		}
		if r.works() && s.besideTeardown(o, in, how, r) && !in.leavesAtFirst(o, r) {
			left = append(left, r)
			continue
		}
		if r.works() {
			o.Status = Met
			o.releases = append(o.releases, r.call)
			o.step(r.call, "met: released by %s", shorten(r.call.Text()))
			return
		}
	}
	if len(left) > 0 {
		for _, r := range left {
			o.releases = append(o.releases, r.call)
			o.beside = append(o.beside, s.gestureIn(o, in, r.call)...)
			o.step(r.call, "released by %s, to which %s() does not come", shorten(r.call.Text()), in.teardown.name)
		}
		s.unmet(o, MissingPath, in.left())
		o.Form = formClass{}
		return
	}
	if o.handlerFunction().OK() && slices.ContainsFunc(s.removals(o, o.handlerFunction().Descendants()), removal.works) {
		o.Status = Met
		o.step(o.handler(), "met: it takes itself away")
		return
	}
	if how == ownStay && s.madeBeside(o, in) || s.putHere(o) || s.putBeside(o) {
		o.Status = Met
		o.step(o.Call, "met: what it is registered with is made anew each time")
		return
	}
	if s.isOfProcess(o) {
		o.step(o.Call, "moved: it is the whole process's affair")
		return
	}
	if s.ofLasting(o, in) {
		o.step(o.Call, "moved: it lasts as long as the program, and so does %s", o.Owner.Name)
		return
	}
	if in.teardown != nil && in.callsTeardown(o) && (o.Kind.OneShot || !o.Kind.Awaited) {
		if s.judgePerCall(o, in) {
			return
		}
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
	if wrong, why := s.wrongRemoval(o, in, all); wrong.call.OK() && (wrong.event == same || !s.besideTeardown(o, in, how, wrong)) {
		o.releases = []syntax.Node{wrong.call}
		o.step(wrong.call, "cannot work: %s", why)
		o.Evidence = append(o.Evidence, why)
		s.unmet(o, WrongRelease, []ExitPlace{{wrong.call, why}})
		o.gist, o.Form = wrong, formCorrection{}
		return
	}
	beside := slices.DeleteFunc(siblings(all), func(r removal) bool {
		atOnce := homeOf(r.call) == homeOf(o.Call) && r.call.Start() > o.Call.Start()
		return s.onlyBefore(o, in, r) || r.call.File() != s.f || !inMethod(r.call) || atOnce || s.switches(o, r) || s.forwards(o, r)
	})
	for _, r := range beside {
		line, _ := s.f.Position(r.call.Start())
		o.Evidence = append(o.Evidence, fmt.Sprintf("line %d takes away another from the same", line))
		break
	}
	switch {
	case len(beside) > 0 && s.madeByConstructor(o, in):
		o.step(o.Call, "moved: the instance has made what it listens to, and nobody else has it")
	case len(beside) > 0 && !s.addsUp(o) && s.isInOwnElement(o, in):
		o.step(o.Call, "moved: it listens to its own element, which goes with it, and is the same each time")
	case len(beside) > 0 && s.readsToTheEnd(o):
		o.step(o.Call, "moved: it goes when what it listens to has come to its end")
	case how == givenStay && (s.endsWithTarget(o, in) || o.isSignal() && (!in.whole || in.endsWithGiven())):
		o.step(o.Call, "moved: the instance ends when it is told of the end of what this is registered with")
	case len(beside) > 0 && s.goesWithTarget(o, class):
		o.step(o.Call, "moved: what it listens to takes all away, and goes with the instance")
	case len(beside) > 0 && !o.Kind.OneShot && !s.betterAtEnd(o, in, how, beside):
		s.unmet(o, NeverReleased, []ExitPlace{{beside[0].call, "others are taken away here"}})
		o.gist, o.Form = beside, formBeside{}
	case o.Kind.OneShot && !s.waitsForTheEnd(o, in, how):
		o.Status = Met
		o.step(o.Call, "met: ends by itself")
	case !(how == lastingStay || how == givenStay) && s.judgeAgain(o, in):
	case o.isSignal() && how == givenStay && s.endsAbove(o, in) && !s.isEndedByHolder(in):
		o.step(o.Call, "moved: nobody who keeps an instance ends it before what it is registered with")
	case s.endsAbove(o, in) && !s.beginsAgain(o, in) && how == givenStay && s.emits(o):
		o.Evidence = append(o.Evidence, in.teardown.name+"() above ends the instance")
		s.unmet(o, NeverReleased, nil)
		o.Form = formClass{}
	case in.endsHosted() && how == lastingStay && s.emits(o):
		o.Evidence = append(o.Evidence, "the framework ends the instance")
		s.unmet(o, NeverReleased, nil)
		o.Form = formClass{}
	case s.hearsAfterEnd(o, in):
		o.step(o.handler(), "moved: it is meant to hear of what comes after the end")
	case how == givenStay && s.madeByTarget(o, in):
		o.step(o.Call, "moved: what it is registered with made the instance, and goes with it")
	case how == givenStay && s.beginsAgain(o, in):
		o.step(o.Call, "moved: the instance may begin again after %s()", in.teardown.name)
	case !in.ended() && s.judgePerCall(o, in):
	case !in.ended():
		o.step(o.Call, "moved: nothing ends the instance, so nothing shows when it should end")
	case how == lastingStay && s.emits(o), how == givenStay && s.emits(o):
		o.Evidence = append(o.Evidence, in.teardown.name+"() ends the instance")
		s.unmet(o, NeverReleased, in.left())
		o.Form = formClass{}
	default:
		o.step(o.Call, "moved: nothing shows that what it is registered with outlives the instance")
	}
}

// waitsForTheEnd reports whether a one-shot of an instance waits for the end of something
// that the instance was given where it was made: it is there as long as that is.
func (s *scan) waitsForTheEnd(o *Obligation, in *instance, how stay) bool {
	event, _ := o.event().Inner(false).StringValue()
	if how != givenStay || !comesAtLast[event] || !o.Call.Function().IsConstructor() || in.teardown == nil || !in.teardown.own.OK() || !s.emits(o) {
		return false
	}
	for n := range o.handlerFunction().Descendants() {
		if name := calleeName(n); n.Is("call_expression") && (isTeardown(name) || strings.HasPrefix(name, "clear")) {
			return false // it ends the instance, or a part of it
		}
	}
	return o.handlerFunction().OK()
}

// onlyBefore reports whether a removal makes room for the registration that follows it
// in the same method, of an instance that has an end of its own.
func (s *scan) onlyBefore(o *Obligation, in *instance, r removal) bool {
	return in.ended() && r.call.File() == s.f && r.call.Function() == o.Call.Function() && r.call.End() <= o.Call.Start()
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

// madeBeside reports whether the target is made by the method that registers.
func (s *scan) madeBeside(o *Obligation, in *instance) bool {
	field, _ := strings.CutPrefix(s.placeKey(o.target(), 6), "this.")
	return !o.Call.Function().IsConstructor() && slices.ContainsFunc(in.refs[field], func(r syntax.Node) bool {
		return syntax.IsWrite(r) && r.Function() == o.Call.Function()
	})
}

// callsTeardown reports whether the function that is registered is a teardown of
// the instance, or calls one.
func (in *instance) callsTeardown(o *Obligation) bool {
	ends := func(name string) bool {
		return isTeardown(name) && (in.host == nil || in.host.byName || name == in.teardown.name)
	}
	handler := o.handler().Inner(false)
	if isBind(handler) { // this.close.bind(this)
		handler = receiver(handler)
	}
	if name, ok := handler.ThisField(); ok {
		return ends(name)
	}
	for n := range o.handlerFunction().Descendants() {
		if !n.Is("call_expression") {
			continue
		}
		if name, ok := n.Field("function").ThisField(); ok && ends(name) {
			return true
		}
	}
	return false
}
