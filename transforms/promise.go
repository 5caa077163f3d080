package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// settle is a call of a Promise's resolve or reject function, or a place that
// hands one on.
type settle struct {
	ref  syntax.Node // the mention of the function
	call syntax.Node // the zero Node: handed on
	fn   syntax.Node // the function in which it is called
	by   bool        // handed to a helper that releases, too
}

// judgePromise: acquired in the executor of a Promise. Settling it is an exit,
// also when a nested function does it later.
func (s *scan) judgePromise(o *Obligation, executor syntax.Node) {
	o.Owner = Owner{OwnerPromise, nameOf(executor), executor}
	if o.Kind.Fails != Never {
		o.step(o.Call, "moved: kept by the promise")
		if resolvesWith(o, executor) {
			o.gives = returner(executor)
		}
		return
	}
	if s.isBesidePromise(o, executor) {
		s.judgeOutliving(o)
		return
	}
	releases := o.releases // of what has no handle
	if sym := o.Handle.Symbol; sym != nil {
		for _, u := range s.usesOf(o, sym, maxHops) {
			switch u.effect {
			case released:
				releases = append(releases, u.at)
				o.step(u.at, "%s", u.text)
			case moved:
				o.step(u.at, "moved: %s", u.text)
				return
			}
		}
	}
	o.releases = releases
	if slices.ContainsFunc(releases, inFinally) {
		o.Status = Met
		o.step(o.Call, "met: released however the promise ends")
		return
	}
	all := settles(executor)
	if o.Kind.Registers() && toldOfEnd(o.Call, executor) || releasedAtSuchEnd(releases, executor) {
		o.Status = Met
		o.step(o.Call, "met: what is ended here tells of its end, in any case")
		return
	}
	elsewhere := func(r syntax.Node) bool {
		fn := releasedElsewhere(r, executor, all)
		return fn.OK() && fn != o.handlerFunction()
	}
	// What is released there may have its time, too, where the promise settles later.
	shared := slices.IndexFunc(releases, elsewhere)
	if shared >= 0 && (!o.Kind.OneShot || !slices.ContainsFunc(releases, func(r syntax.Node) bool { return !elsewhere(r) })) {
		o.step(releases[shared], "moved: released by a function that does not settle the promise: it is meant to outlive it")
		return
	}
	if len(releases) == 0 && len(o.Kind.Over) > 0 && !o.Kind.Registers() {
		o.step(o.Call, "moved: nothing in the promise releases it: taken as meant to end in its own time")
		return
	}
	if handedToCaller(executor, releases) {
		o.step(o.Call, "moved: what releases it is handed to whoever waits")
		return
	}
	ends := releases // and what ends the target, with all that listens to it
	if o.Kind.Registers() {
		ends = append(slices.Clone(releases), s.endsOfTarget(o, executor)...)
	}
	var missed []settle
	own := 0
	goesOn := s.endsInExecutor(o, executor, releases)
	for _, st := range all {
		if o.isOver(st.ref) || o.beforeArmed(st) || slices.ContainsFunc(releases, st.ref.Within) {
			continue // h.end(() => resolve())
		}
		if (o.firesOnce() || len(releases) > 0 && o.isAborted()) && (st.ref.Within(o.Call) || st.ref.Within(o.handlerFunction())) {
			own++ // it has fired: nothing is owed
			continue
		}
		if s.apart(o, st, executor) {
			continue // the other branch settles
		}
		if goesOn && st.call.OK() && !onTheSpot(st.fn, executor) {
			continue // the executor has its own end
		}
		if shared >= 0 && !onTheSpot(st.fn, executor) {
			continue
		}
		st.by = s.helperThatReleases(st, releases)
		if !st.call.OK() && !st.by && !s.handedOnPaid(o, st, ends, executor) || st.call.OK() && !s.paid(o, st, ends, executor) {
			missed = append(missed, st)
		}
	}
	switch {
	case o.Kind.OneShot && len(all) == 0:
		o.Status = Met
		o.step(o.Call, "met: ends by itself")
		return
	case o.Kind.OneShot && own == len(all) && len(releases) == 0:
		if !s.judgeRace(o, executor) {
			s.judgeDelay(o, executor)
		}
		return
	case o.Kind.OneShot && len(releases) == 0 && o.Handle.Place == Discarded && slices.Contains(o.Acquire.From, "global") && s.isBrief(o):
		o.Status = Met
		o.step(o.Call, "met: ends by itself, and soon")
		return
	case o.Kind.OneShot && len(missed) == 0, len(missed) == 0 && len(releases) > 0:
		o.Status = Met
		o.step(o.Call, "met: released wherever the promise settles")
		return
	}
	if o.Kind.OneShot && !o.Kind.Registers() && o.onlySettles(executor) && s.isShort(o) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, before long, and can only settle what has settled")
		return
	}
	var exits []ExitPlace
	for _, m := range missed {
		n, how := m.call, m.ref.Text()+"()"
		if !n.OK() {
			n, how = m.ref, m.ref.Text()+" is handed on"
		}
		exits = append(exits, ExitPlace{n, how})
	}
	way := MissingPath
	if len(releases) == 0 {
		way = NeverReleased
	}
	s.unmet(o, way, exits)
	o.gist = missed
	o.Form = formPromise{}
}

// onTheSpot reports whether a function in an executor runs before that returns.
func onTheSpot(fn, executor syntax.Node) bool {
	for fn != executor && fn.OK() && isInline(fn) {
		fn = callAround(fn).Function()
	}
	return fn == executor
}

// isOver reports whether n runs, or is handed on, as a listener of the handle for
// an event after which nothing is owed, under a name of its own, too: h.on('close', n),
// h.onclose = n.
func (o *Obligation) isOver(n syntax.Node) bool {
	if o.listensForEnd(n) {
		return true
	}
	return o.isToldByName(n, o.Kind.Over)
}

// isToldByName reports whether n runs in a function with a name that is nothing but a
// listener of the handle for some events.
func (o *Obligation) isToldByName(n syntax.Node, events []string) bool {
	for fn := n.Function(); fn.OK() && fn != o.Owner.Node; fn = fn.Function() {
		if o.onlyListensFor(functionName(fn), events) {
			return true
		}
	}
	return false
}

func (o *Obligation) onlyListensFor(name *syntax.Symbol, events []string) bool {
	listens := false
	for _, r := range name.Mentions() {
		switch {
		case r.Parent().Is("arguments") && takesAway(r.Parent().Parent()):
		case r.Parent().Is("arguments") && (r.Within(o.Owner.Node) || !o.Owner.Node.OK()) && o.isToldOf(r, events):
			listens = true
		default:
			return false
		}
	}
	return listens
}

func (o *Obligation) listensForEnd(n syntax.Node) bool { return o.isToldOf(n, o.Kind.Over) }

// isToldOf reports whether n runs, or is handed on, as a listener of the handle for one
// of some events.
func (o *Obligation) isToldOf(n syntax.Node, events []string) bool {
	for p := n; p.OK() && p != o.Owner.Node; p = p.Parent() {
		target, event := syntax.Node{}, ""
		switch {
		case p.Is("call_expression"):
			fn := p.Field("function").Inner(false)
			if name := fn.Field("property").Text(); chainable[name] || name == "addEventListener" {
				event, _ = p.Field("arguments").Child(0).StringValue()
				target = fn.Field("object").Inner(false)
			}
		case p.Is("assignment_expression") && n.Within(p.Field("right")):
			left := p.Field("left").Inner(false)
			event, _ = strings.CutPrefix(left.Field("property").Text(), "on")
			target = left.Field("object").Inner(false)
		}
		for target.Is("call_expression") && chainable[target.Field("function").Field("property").Text()] {
			target = target.Field("function").Field("object").Inner(false)
		}
		if target.OK() && slices.Contains(events, event) && (isHandle(target, o.Handle) || target == o.Call || target == unchained(receiver(o.Call)) && !target.Is("identifier") || o.Kind.Registers() && syntax.SameExpression(target, o.target())) {
			return true
		}
	}
	return false
}

// apart reports whether no way through the executor passes both the acquisition
// and the place where a function that settles is made, or handed on.
func (s *scan) apart(o *Obligation, st settle, executor syntax.Node) bool {
	if o.Call.Function() != executor || st.fn == executor && st.call.OK() {
		return false // the settling itself is looked at
	}
	at := st.ref
	for fn := at.Function(); fn != executor; fn = at.Function() {
		at = fn
	}
	if name := functionName(at); name != nil {
		return false // a function with a name may be called from anywhere
	}
	g := s.graph(executor)
	here, there := g.Around(o.Call), g.Around(at)
	if len(here) == 0 || len(there) == 0 {
		return false
	}
	never := func(int) bool { return false }
	always := func(syntax.Edge) bool { return true }
	for _, a := range here {
		for _, b := range there {
			if g.Reaches([]int{a}, b, never, always) || g.Reaches([]int{b}, a, never, always) {
				return false
			}
		}
	}
	return true
}

// releasedElsewhere returns the function in which a release stands, if that one
// is run by somebody else and does not settle the promise: `once('close', ..)`.
func releasedElsewhere(release, executor syntax.Node, all []settle) syntax.Node {
	fn := release.Function()
	for fn != executor && isInline(fn) {
		fn = fn.Function()
	}
	if fn == executor || slices.ContainsFunc(all, func(st settle) bool { return st.ref.Within(fn) }) {
		return syntax.Node{}
	}
	if name := functionName(fn); name != nil && onlyCalled(name) {
		return syntax.Node{} // a helper
	}
	return fn
}

// inFinally: in a callback of .finally(..)
func inFinally(n syntax.Node) bool {
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		if args := fn.Parent(); args.Is("arguments") && args.Parent().Field("function").Field("property").Text() == "finally" {
			return true
		}
	}
	return false
}

// helperThatReleases: finish(resolve, value), where finish releases before it
// calls what it is given.
func (s *scan) helperThatReleases(st settle, releases []syntax.Node) bool {
	fn := syntax.CalledFunction(st.ref.Parent().Parent())
	return fn.OK() && slices.ContainsFunc(releases, func(r syntax.Node) bool { return r.Within(fn) })
}

// settles finds every mention of the executor's parameters in it.
func settles(executor syntax.Node) []settle {
	var out []settle
	for _, sym := range parametersOf(executor) {
		for _, r := range sym.Refs {
			st := settle{ref: r, fn: r.Function()}
			if c := r.Outer().Parent(); c.Field("function").OK() && c.Field("function") == r.Outer() {
				st.call = c
			} else if takesAway(c.Parent()) {
				continue // a function that settles, taken away from where it listened
			}
			out = append(out, st)
		}
	}
	return out
}

// takesAway reports whether a call takes a listener away.
func takesAway(call syntax.Node) bool { return isRemover(calleeName(call)) }

func isRemover(name string) bool {
	switch name {
	case "off", "removeListener", "removeEventListener":
		return true
	}
	return false
}

// judgeDelay: a one-shot that settles the promise by firing. It ends by
// itself; that nothing can cancel it is worth an offer.
func (s *scan) judgeDelay(o *Obligation, executor syntax.Node) {
	o.Status = Met
	o.step(o.Call, "met: ends by itself and settles the promise")
	o.delays = promiseMaker(executor)
	if !s.Offers || o.Handle.Place != Discarded {
		return
	}
	fn := promiseMaker(executor)
	if !fn.OK() {
		return
	}
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	o.Standing = Offer
	s.unmet(o, NeverReleased, nil)
	o.Form = formSignature{}
}

// promiseMaker is the function that returns the promise of an executor and
// does nothing else, so that a further parameter reaches the executor.
func promiseMaker(executor syntax.Node) syntax.Node {
	made := executor.Parent().Parent().Outer() // new Promise(..)
	switch p := made.Parent(); p.Kind() {
	case "arrow_function":
		return p
	case "return_statement":
		if fn := made.Function(); fn.OK() && fn.Field("body") == p.Parent() {
			return fn
		}
	}
	return syntax.Node{}
}
