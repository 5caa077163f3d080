package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// setupDebt is what detection found about an obligation of a setup.
type setupDebt struct {
	setup  *setup
	times  timesOf
	fn     syntax.Node    // in which it is acquired
	effect *span          // in which that is, if it is in one
	sym    *syntax.Symbol // the variable that has the handle, if one has
	place  syntax.Node    // x.value, where that has it
	kept   bool           // a one-shot, to be cancelled
}

// paysAt reports whether n runs when what acquired it ends: the component, or the effect in
// which that is.
func (s *scan) paysAt(d *setupDebt, n syntax.Node) bool {
	if d.setup.endsAt(n) != nil {
		return true
	}
	return d.effect != nil && slices.ContainsFunc(d.effect.cleanups, func(c cleanup) bool { return s.endsBy(c, n) })
}

// isEffects reports whether the effect owes it, rather than the component around that.
func (d *setupDebt) isEffects() bool {
	return d.effect != nil && (d.sym == nil || !d.setup.holds(d.sym) || d.effect.host.anew == tracked)
}

// judgeSetup judges what a setup acquires. It says nothing (false) of all else.
func (s *scan) judgeSetup(o *Obligation) bool {
	if o.racing || o.Kind.Keyed != "" || o.Kind.Collects() || slices.Contains(o.Acquire.Types, "this") || o.Acquire.Pattern.Given("HANDLE") {
		return false
	}
	c := s.setupAt(o.Call)
	if c == nil || c.isComposable() && s.closureOwner(c.root).OK() {
		return false
	}
	d := &setupDebt{setup: c}
	for fn := o.Call.Function(); fn.OK() && fn != c.root; fn = fn.Function() {
		if isExecutor(fn) || s.closureOwner(fn).OK() { // it returns what ends it, as an action of Svelte does
			return false
		}
		if e := s.effectOf(fn); e != nil && d.effect == nil {
			d.effect = e
		}
	}
	if d.effect != nil && c.host != svelteSetup {
		return false
	}
	o.Owner = Owner{OwnerEffect, c.name(), c.root}
	met := func(at syntax.Node, why string) bool {
		o.Status = Met
		o.step(at, "met: %s", why)
		return true
	}
	switch {
	case isRootFile(s.f):
		o.step(o.Call, "moved: the root component lives as long as the page")
		return true
	case c.endsAt(o.Call) != nil:
		return met(o.Call, "part of the end")
	case isBegunOnce(o.Call, c.root):
		o.step(o.Call, "moved: it is begun once, for all components")
		return true
	}
	if o.Kind.OneShot && !s.goesRound(o) {
		if d.kept = s.keptInSetup(o, c); !d.kept {
			return met(o.Call, "ends by itself, and soon")
		}
	}
	d.times, d.fn = s.times(c, o.Call, maxHops)
	o.gist = d
	if o.Kind.Registers() {
		return s.judgeSetupListening(o, d, met)
	}
	return s.judgeSetupHeld(o, d, met)
}

// goesRound reports whether a one-shot is asked for again in each round.
func (s *scan) goesRound(o *Obligation) bool {
	loop := s.loopOf(o)
	return loop.OK() && !o.Kind.Registers() && s.isEndless(o, loop)
}

func (s *scan) judgeSetupHeld(o *Obligation, d *setupDebt, met func(syntax.Node, string) bool) bool {
	if s.madeInSetup(o, d.setup) {
		o.step(o.Call, "moved: what is subscribed to ends with the component, which made it")
		return true
	}
	v := widen(o.Call)
	o.Handle = Handle{Value: v}
	target := syntax.Node{}
	b, two := o.Bindings["HANDLE"]
	switch p := v.Parent(); {
	case two:
		target = b
	case p.Is("variable_declarator"):
		target = p.Field("name")
	case p.Is("assignment_expression"):
		target = p.Field("left")
	case p.Is("expression_statement"), p.Is("unary_expression") && p.Field("operator").Text() == "void", p.Is("arrow_function") && isVoidCallback(p):
	default:
		return false // returned, or part of another value
	}
	target = target.Inner(false)
	if madeOnTheSpot(o).OK() && d.times != later && s.keptBeyond(o, d.fn) {
		target, two = syntax.Node{}, false
	}
	switch object := target.Field("object").Inner(false); {
	case !target.OK():
		if !o.Kind.Alone && !o.Kind.OneShot {
			return false // useless without its handle: as in any function
		}
	case target.Is("identifier") && target.Symbol() != nil && target.Symbol().Kind == syntax.Variable:
		d.sym = target.Symbol()
		o.Handle.Place, o.Handle.Symbol = InVariable, d.sym
	case target.Is("member_expression") && target.Field("property").Text() == "value" && d.setup.holds(object.Symbol()):
		d.place = target
	default:
		return false
	}
	var given []syntax.Node
	for _, e := range d.setup.ends {
		given = append(given, e.call.Field("arguments").Child(0))
	}
	if places := s.unboundIn(o, given); places != nil {
		s.judgeUnbound(o, places)
		return true
	}
	if o.Kind.Copied && !d.place.OK() && (d.sym == nil || !d.setup.holds(d.sym) && d.times == later) {
		return false // shown by something else, perhaps for longer
	}
	var others []use
	for _, u := range s.usesInSetup(o, d) {
		switch e := d.setup.endsAt(u.at); {
		case u.effect == neutral, u.effect == moved && o.Kind.Copied && isDrawn(u.ref):
		case e != nil, u.effect == released && s.paysAt(d, u.at), slices.ContainsFunc(d.setup.ends, func(x setupEnd) bool { return x.call == u.at }):
			o.releases = append(o.releases, u.at)
			return met(u.at, "released when the component ends")
		case u.effect == moved:
			o.Status = Moved
			o.step(u.at, "moved: %s", u.text)
			return true
		default:
			others = append(others, u)
		}
	}
	if d.kept {
		if why := s.ownEnd(o, d, others); why != "" {
			return met(o.Call, why)
		}
	} else if len(others) > 0 && slices.ContainsFunc(others, func(u use) bool {
		return u.at.Within(o.Call) || s.follows(o, u.at) || (two || !target.OK()) && homeOf(u.at) == homeOf(o.Call)
	}) {
		return met(others[0].at, "it is released by what it calls, or where it is acquired")
	}
	if d.isEffects() {
		return false
	}
	way := NeverReleased
	for _, u := range others {
		if o.Kind.OneShot && !d.kept { // a loop that something stops
			return met(u.at, u.text)
		}
		if u.at.Function() == o.Call.Function() && d.times != later { // only to acquire it anew
			continue
		}
		way = MissingPath
		o.releases = append(o.releases, u.at)
		o.step(u.at, "%s, to which the end of the component does not come", u.text)
	}
	s.unmetInSetup(o, way)
	return true
}

// usesInSetup are the uses of what has the handle.
func (s *scan) usesInSetup(o *Obligation, d *setupDebt) []use {
	if d.sym != nil {
		return s.usesOf(o, d.sym, maxHops)
	}
	var out []use
	if !d.place.OK() {
		return nil
	}
	for _, r := range d.place.Field("object").Inner(false).Symbol().Mentions() {
		m := r.Outer().Parent()
		switch {
		case m.Is("member_expression") && m.Field("property").Text() == "value":
			if m != d.place && !m.Within(o.Call) {
				out = append(out, s.useOf(o, m, maxHops)...)
			}
		case m.Is("arguments", "return_statement", "pair") || r.Is("shorthand_property_identifier"):
			out = append(out, use{moved, r, r, "the ref is handed on"})
		}
	}
	return out
}

func (s *scan) unmetInSetup(o *Obligation, way Way) {
	var exits []ExitPlace
	if d := o.gist.(*setupDebt); len(d.setup.ends) > 0 {
		exits = []ExitPlace{{d.setup.ends[0].call, "the end leaves it"}}
	}
	s.unmet(o, way, exits)
	o.Form = formSetup{}
}

func (s *scan) judgeSetupListening(o *Obligation, d *setupDebt, met func(syntax.Node, string) bool) bool {
	v := widen(o.Call)
	o.Handle = Handle{Value: v}
	if h, elsewhere := s.sink(o, o.Handle, v); h.Place != Discarded || elsewhere != "" && !v.Parent().Is("arrow_function") && !usedOnTheSpot(v) {
		o.step(o.Call, "moved: its result is kept, which may take it away")
		return true
	}
	switch {
	case o.endedBySignal():
		return met(o.Call, "a signal ends it, or its options cannot be seen")
	case o.swallows():
		return met(o.handler(), "it is there to do nothing")
	case o.firesOnce() && !o.excepted(), o.Kind.OneShot:
		return met(o.Call, "ends by itself")
	case o.handlerKept() && !d.setup.onlyShown(o.handler().Inner(false).Symbol()):
		o.step(o.handler(), "moved: the function is kept elsewhere")
		return true
	}
	all := s.removals(o, d.setup.code())
	for _, r := range all {
		if r.works() && s.paysAt(d, r.call) {
			o.releases = append(o.releases, r.call)
			return met(r.call, "taken away when the component ends")
		}
	}
	if !s.outlivesSetup(o, d) {
		o.step(o.Call, "moved: nothing shows that what it is registered with outlives the component")
		return true
	}
	if d.isEffects() {
		return false
	}
	way := NeverReleased
	for _, r := range all {
		if !r.works() {
			continue
		}
		if why := s.settledElsewhere(o, d, r.call); why != "" {
			return met(r.call, why)
		}
		if d.times != later && r.call.Function() == o.Call.Function() {
			continue // only to register it anew
		}
		way = MissingPath
		o.beside = append(o.beside, s.gestureOf(o, r.call)...)
		o.releases = append(o.releases, r.call)
		o.step(r.call, "taken away by %s, to which the end of the component does not come", shorten(r.call.Text()))
	}
	s.unmetInSetup(o, way)
	for _, r := range all {
		if !r.works() && r.target == same && r.event == same && d.setup.endsAt(r.call) != nil && !s.fitsOther(o, d.setup.root, r) {
			s.unmet(o, WrongRelease, []ExitPlace{{r.call, "it names another function"}})
			o.Refusal = refuse(TooEntangled, "line %d is meant to take it away, and names another function", lineOfNode(r.call))
			break
		}
	}
	return true
}

func lineOfNode(n syntax.Node) int {
	line, _ := n.File().Position(n.Start())
	return line
}

// outlivesSetup reports whether what is listened to is there when the component is gone:
// something of the page, or of a module.
func (s *scan) outlivesSetup(o *Obligation, d *setupDebt) bool {
	if !s.emits(o) {
		return false
	}
	key := s.placeKey(o.target(), 6)
	sym := rootOf(o.target()).Symbol()
	if by, ok := sym.Init().Inner(true).Field("function").Origin(); ok && sym.Constant() && by.Module == "" && by.Last() == "matchMedia" {
		return true // the page keeps it as long as somebody listens
	}
	switch {
	case strings.Contains(key, "("):
		return false // what is looked up may be its own
	case strings.HasPrefix(key, "global "):
		return true
	case sym == nil:
		return false
	}
	if _, imported := sym.Import(); imported {
		return true
	}
	if s.f.TopLevel(sym.Name) != sym {
		return false
	}
	b, in := s.f.BlockAt(sym.Decl.Start(), sym.Decl.End())
	return d.setup.where == nil && !s.f.Component() || in && !b.Instance
}
