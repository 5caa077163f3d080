package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeOf is how what has no handle in the usual sense is judged; nil: as the others.
func (s *scan) judgeOf(o *Obligation) func(*Obligation) {
	switch {
	case o.implied:
		return s.judgeListened
	case o.Kind.Registers():
		return func(o *Obligation) {
			s.judgeRegistration(o)
			s.judgeLasting(o)
			s.judgeShared(o)
			s.judgeMisspelt(o)
			s.judgeTakenOut(o)
		}
	case o.Acquire.Pattern.Given("HANDLE"):
		return func(o *Obligation) {
			s.judgeGiven(o)
			s.judgePiped(o)
		}
	case o.Kind.Shares(o.Acquire):
		return s.judgeReplayed
	case o.Kind.Collects():
		return s.judgeGrowing
	case o.racing:
		return s.judgeRacing
	}
	return nil
}

// judge follows the handle of one acquisition and says what came of it.
func (s *scan) judge(o *Obligation) {
	if inPage(o.Call) {
		o.Status = Moved
		o.step(o.Call, "moved: it is acquired in a page that is driven from here")
		return
	}
	if inOldPlatform(o.Call) {
		o.Status = Moved
		o.step(o.Call, "moved: no platform of today comes here")
		return
	}
	if s.judgeRequest(o) || s.judgePlugin(o) || s.judgeSuite(o) || s.judgeSetup(o) || s.judgeHosted(o) || s.judgeRenewal(o) || s.judgeCalls(o) {
		if s.judgeShownForGood(o); o.Status == Unmet {
			s.rate(o)
		}
		return
	}
	if judge := s.judgeOf(o); judge != nil {
		judge(o)
		if s.judgeShownForGood(o); o.Status == Unmet {
			s.rate(o)
		}
		return
	}
	if s.judgeTabled(o) {
		s.rate(o)
		return
	}
	if all := s.endsWithLibrary(o); all.OK() {
		o.Status = Met
		o.step(all, "met: ended with all that its library made, by %s", shorten(all.Text()))
		return
	}
	h, elsewhere := s.locate(o)
	o.Handle = h
	if s.judgeHoarded(o) || elsewhere == "" && s.judgeApart(o) {
		s.rate(o)
		return
	}
	if o.Kind.OneShot && isImmediate(o) && !o.Call.Field("arguments").Child(1).OK() && !s.loopOf(o).OK() && !s.mayBeTold(o) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, at once")
		return
	}
	switch {
	case slices.Contains(o.Acquire.Types, "this"):
		s.judgeChild(o)
	case o.Kind.Keyed != "":
		s.judgeEntry(o)
	case elsewhere == returnedText && o.Kind.Copied && isGetter(o.Call.Function()):
		s.judgeGetter(o)
	case elsewhere == keptElsewhere && (s.judgeShown(o) || s.judgeKeptInThing(o)):
	case elsewhere != "":
		o.step(o.Call, "moved: %s", elsewhere)
		switch elsewhere {
		case returnedText:
			o.gives = o.Call.Function()
		case keptInModule:
			s.judgeModuleHeld(o)
		}
	case o.then.OK():
		s.judgeThen(o, o.then)
		s.judgeChain(o)
	case h.Place == InVariable:
		s.judgeVariable(o)
		s.judgeAnswer(o)
		s.judgeChain(o)
		s.judgeCleanup(o)
		s.judgeAbandoned(o)
	case h.Place == Discarded:
		s.judgeDiscarded(o)
	default:
		s.judgeField(o)
	}
	s.judgeKept(o)
	if o.Status == Unmet && o.Standing == Leak {
		if parent := s.settledByParent(o); parent != "" {
			o.Status, o.Form = Met, nil
			o.step(o.Call, "met: settled by the release of its %s", parent)
		}
	}
	if o.Status == Unmet && o.Standing == Leak && !s.streamed(o) && s.diesTogether(o) {
		o.Status, o.Form = Met, nil
		o.step(o.Call, "met: what keeps it alive ends with %s", o.Owner.Name)
	}
	s.judgeRearmed(o)
	s.judgeEmptiedSet(o)
	s.judgeLate(o)
	s.judgeGuard(o)
	s.judgeForced(o)
	s.judgeLasting(o)
	s.judgeShared(o)
	s.judgeBrief(o)
	s.judgeOwnEffects(o)
	s.judgeStreamed(o)
	s.judgeMisspelt(o)
	s.judgeOwn(o)
	s.judgeTakenOut(o)
	s.judgeTwice(o)
	s.judgePiped(o)
	if s.judgeShownForGood(o); o.Status == Unmet {
		s.rate(o)
	}
}

func (s *scan) judgeDiscarded(o *Obligation) {
	if s.judgeUnfilled(o) {
		return
	}
	fn := o.Call.Function()
	if isExecutor(fn) {
		s.judgePromise(o, fn)
		return
	}
	if executor := s.pendingAround(o); executor.OK() {
		s.judgePromise(o, executor)
		return
	}
	s.judgeOutliving(o)
}

// judgeOutliving: nothing in the call needs the handle, so it is meant to
// outlive the call. Its owner is the instance, if there is one.
func (s *scan) judgeOutliving(o *Obligation) {
	if o.Kind.OneShot && len(o.Kind.Over) > 0 {
		o.step(o.Call, "met: ends by itself, and tells")
		o.Status = Met
		return
	}
	if class, _ := s.ownerAt(o.Call); class.OK() {
		s.judgeInstance(o, class)
		return
	}
	fn := o.Call.Function()
	switch {
	case !fn.OK(), syntax.InRoot(o.Call), isRootFile(s.f):
		o.step(o.Call, "moved: lives as long as the module")
		if !fn.OK() {
			s.judgeModuleHeld(o)
		}
	case o.Kind.OneShot && s.judgeLeftRunning(o, fn):
	case o.Kind.OneShot:
		o.step(o.Call, "met: ends by itself")
		o.Status = Met
	case !slices.Contains(o.Acquire.From, "global"), o.Acquire.Pattern.New, !o.Acquire.Pattern.Rooted(), len(o.Kind.Over) > 0, s.unreferenced(o), s.runsOnce(fn):
		o.step(o.Call, "moved: the handle is dropped, or only listened to: taken as meant to stay")
	case s.judgeDropped(o, fn):
	case o.Kind.Family == Timers && !s.recurs(o.Call, onceHops, false):
		o.step(o.Call, "moved: nothing shows that it is begun again while the first still runs")
	case s.leftByHandler(o):
	default:
		o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
		s.unmet(o, NeverReleased, nil)
		o.Refusal = refuse(NoOwner, "nothing around it has an end that could release it; return the handle, or move it into a class with a teardown")
	}
}

// runsOnce: a function that only the module itself calls.
func (s *scan) runsOnce(fn syntax.Node) bool {
	for fn.Function().OK() {
		fn = fn.Function()
	}
	name := functionName(fn)
	if name == nil || len(name.Refs) == 0 || fn.Parent().Is("export_statement") || fn.Parent().Parent().Parent().Is("export_statement") {
		return isInline(fn)
	}
	for _, r := range name.Refs {
		call := r.Parent()
		if !call.Is("call_expression") || call.Function().OK() {
			return false
		}
	}
	return true
}

// unreferenced: .unref() was called on the handle, so it holds nothing up.
func (s *scan) unreferenced(o *Obligation) bool {
	for n := o.Call; n.OK() && n != o.Handle.Value.Parent(); n = n.Parent() {
		if n.Is("member_expression") && n.Field("property").Text() == "unref" {
			return true
		}
	}
	if o.Handle.Symbol != nil {
		for _, r := range o.Handle.Symbol.Refs {
			if m := r.Outer().Parent(); m.Is("member_expression") && m.Field("property").Text() == "unref" {
				return true
			}
		}
	}
	if o.Handle.Of.OK() {
		for _, r := range s.instance(o.Handle.Of).mentions(o.Handle) {
			if m := r.Outer().Parent(); m.Is("member_expression") && m.Field("property").Text() == "unref" {
				return true
			}
		}
	}
	return false
}

func (s *scan) unmet(o *Obligation, way Way, exits []ExitPlace) {
	o.Status, o.Way, o.Exits = Unmet, way, exits
}

// judgeVariable: the handle is in a local variable.
func (s *scan) judgeVariable(o *Obligation) {
	if s.takenFromElsewhere(o) {
		o.step(o.Call, "moved: it was found somewhere, which keeps it")
		return
	}
	if s.judgeClosure(o) {
		return
	}
	sym := o.Handle.Symbol
	home := sym.Decl.Function()
	fn := o.Call.Function()
	if !home.OK() {
		o.step(o.Call, "moved: lives as long as the module")
		if !fn.OK() {
			s.judgeModuleHeld(o)
		}
		return
	}
	if fn == home && isExecutor(fn) && o.Kind.Fails == Never {
		s.judgePromise(o, fn)
		return
	}
	if executor := s.pendingAround(o); executor.OK() && home.Within(executor) {
		s.judgePromise(o, executor)
		return
	}
	for fn != home && fn.OK() && isInline(fn) {
		fn = fn.Function()
	}
	if fn == home {
		if o.Kind.Begins == Called {
			home = o.Call.Function() // what fails, fails there
		}
		s.judgeCall(o, home)
		return
	}
	// Acquired by a function that runs later, into a variable around it.
	for _, u := range s.usesOf(o, sym, maxHops) {
		switch u.effect {
		case released:
			o.Status = Met
			o.step(u.at, "met: %s", u.text)
			return
		case moved:
			o.step(u.at, "moved: %s", u.text)
			return
		}
	}
	if o.Kind.OneShot {
		o.Status = Met
		o.step(o.Call, "met: ends by itself")
		return
	}
	s.judgeOutliving(o)
}

// judgeCall: acquired and kept in a variable of the call home.
func (s *scan) judgeCall(o *Obligation, home syntax.Node) {
	g := s.graph(home)
	stops := map[int]bool{}
	needed, settled := false, false
	_, twoStep := o.Bindings["HANDLE"] // the handle was there before it was acquired
	begin := s.points(g, home, s.beginning(o))
	uses := s.usesOf(o, o.Handle.Symbol, maxHops)
	o.lent = s.lendings(o, home, g, uses)
	for _, u := range uses {
		if slices.Contains(o.lent, u.at) {
			o.step(u.at, "lent: it is released here once that is done")
			continue
		}
		if u.effect == moved && s.fulfils(o, u.at, home) {
			o.gives = home
			o.step(u.at, "moved: %s, which is returned", u.text)
			return
		}
		if u.text == usingText {
			o.Status = Met
			o.step(u.at, "met: declared by using")
			return
		}
		if u.effect == neutral && u.text != "used: .unref" && !o.Kind.Alone {
			needed = true
		}
		for _, l := range s.lift(u, home, maxHops) {
			settled = true
			before := l.at.End() <= o.Call.Start() && (twoStep || u.effect == released)
			callback := l.at.Within(o.Call) && l.at != o.Call && (u.effect == moved || l.at.IsFunction() || l.at.Is("identifier"))
			later := o.Kind.Promised && !o.Call.Outer().Is("await_expression")
			if l.effect == moved && (before || callback || later) {
				// It was somebody else's before it was acquired: a function that
				// will release it was made and handed on, or it was kept already.
				// Or its own callback releases it or hands it on; or nobody waits
				// for it, and what releases it waits for something else.
				o.step(l.at, "moved: %s", l.text)
				s.noteMove(o, l, home)
				return
			}
			if l.effect == released {
				if !slices.Contains(o.releases, u.at) {
					o.releases = append(o.releases, u.at)
				}
				o.step(l.at, "%s", u.text)
			} else {
				o.step(l.at, "moved: %s", l.text)
				s.noteMove(o, l, home)
			}
			for _, n := range s.settledAlong(l) {
				for _, p := range s.points(g, home, n) {
					stops[p] = true
					if o.Call.Function() != home && slices.Contains(begin, p) {
						o.step(l.at, "moved: %s", l.text)
						return // settled where it is acquired, in a function that runs on the spot
					}
				}
			}
		}
	}
	for _, n := range s.endsOfSource(o, home) {
		for _, l := range s.lift(use{effect: released, at: n}, home, maxHops) {
			for _, p := range s.points(g, home, l.at) {
				stops[p] = stops[p] || l.effect == released
			}
		}
	}
	if len(o.Kind.Last) > 0 {
		if settled = settled || o.isToldLast(g); !settled || o.isEndedElsewhere(home) {
			o.step(o.Call, "moved: nothing shows that it is left before its end")
			return
		}
	}
	if !settled && o.Kind.OneShot && isExecutor(o.Call.Function()) && s.judgeRace(o, o.Call.Function()) {
		return
	}
	if !settled && (!needed || o.Kind.OneShot) {
		s.judgeOutliving(o)
		return
	}
	if s.runsOnce(home) {
		o.step(o.Call, "moved: a script's own, which ends with the process")
		return
	}
	if !settled && s.livesOn(o, home) {
		o.step(o.Call, "moved: it goes on with what is made of it later")
		return
	}
	s.waysOut(o, home, g, begin, stops, settled)
}
