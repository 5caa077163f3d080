package transforms

import (
	"iter"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// payments is what settles an obligation of an effect.
type payments struct {
	flow     []syntax.Node // the effect itself does, on some ways
	cleanups []cleanup     // the end of the effect does, where it is left so
	whole    syntax.Node   // the end of another effect of the component does
	later    bool
	dead     syntax.Node
	moved    use
}

func (s *scan) paymentsOf(o *Obligation, e *span, uses []use) payments {
	var p payments
	for _, u := range uses {
		switch {
		case u.effect == moved && u.text == returnedText && o.isCallable() && u.at.Function() == e.fn:
			u.effect = released
		case u.effect == moved && p.moved.at.OK() || u.effect == neutral:
			continue
		case u.effect == moved:
			p.moved = u
			continue
		}
		s.pay(e, u.at, &p)
		if !slices.Contains(o.releases, u.at) {
			o.releases = append(o.releases, u.at)
			o.step(u.at, "%s", u.text)
		}
	}
	if len(p.cleanups) > 0 {
		p.moved = use{}
	}
	return p
}

// pay notes where a release at n counts.
func (s *scan) pay(e *span, n syntax.Node, p *payments) {
	paid := false
	for _, c := range e.cleanups {
		if n == c.at || n.Within(c.value) && !c.value.Inner(false).IsFunction() || s.endsBy(c, n) {
			p.cleanups = append(p.cleanups, c)
			paid = true
		}
	}
	if paid {
		return
	}
	for fn := n.Function(); fn.OK() && fn != e.fn; fn = fn.Function() {
		if fn.Outer().Parent().Is("expression_statement") {
			p.dead = fn
			return
		}
		if !isInline(fn) {
			break
		}
	}
	if homeOf(n) == e.fn {
		p.flow = append(p.flow, n)
		return
	}
	for _, l := range s.lift(use{released, n, n, ""}, e.fn, maxHops) { // a local helper, called here
		if l.effect == released && l.at.Function() == e.fn {
			p.flow = append(p.flow, l.at)
			paid = true
		}
	}
	if paid {
		return
	}
	if e.within.OK() {
		if s.registeredAround(e, n) {
			p.whole = n
			return
		}
		for _, other := range s.spansIn(e.within) {
			if other != e && slices.ContainsFunc(other.cleanups, func(c cleanup) bool { return s.endsBy(c, n) }) {
				p.whole = n
				return
			}
		}
	}
	p.later = true
}

// registeredAround reports whether n runs when the component around an effect ends: in a
// function that the component itself registers with the host.
func (s *scan) registeredAround(e *span, n syntax.Node) bool {
	for d := range e.within.Field("body").Own() {
		if d.Is("call_expression") && slices.Contains(e.host.register, calleeName(d)) {
			if c := s.cleanupOf(d, d.Field("arguments").Child(0)); s.endsBy(c, n) {
				return true
			}
		}
	}
	return false
}

// flagEnds is where the end of an effect sets a flag that is asked before something is
// acquired later on; the zero Node for none.
func (s *scan) flagEnds(o *Obligation, e *span) syntax.Node {
	fn := o.Call.Function()
	if fn == e.fn {
		if !o.Kind.OneShot || !s.startsLoop(o).OK() {
			return syntax.Node{}
		}
		fn = s.startsLoop(o)
	}
	for n := range s.setByEnd(e) {
		for f := fn; f.OK() && f.Within(e.fn) && f != e.fn; f = f.Function() {
			if asksAbout(f, n.Field("left").Inner(false)) {
				return n
			}
		}
	}
	return syntax.Node{}
}

// setByEnd are the assignments that the end of an effect makes.
func (s *scan) setByEnd(e *span) iter.Seq[syntax.Node] {
	return func(yield func(syntax.Node) bool) {
		for _, c := range e.cleanups {
			for _, end := range s.reachedFrom(c.fns) {
				for n := range end.Field("body").Descendants() {
					if n.Is("assignment_expression") && !yield(n) {
						return
					}
				}
			}
		}
	}
}

// asksAbout reports whether a condition in a function asks for a variable, or a place.
func asksAbout(fn, place syntax.Node) bool {
	text := squeeze(place)
	for n := range fn.Field("body").Descendants() {
		if !n.Is("if_statement", "while_statement", "ternary_expression") && !(n.Is("binary_expression") && n.Field("operator").Text() == "&&") {
			continue
		}
		condition := n.Field("condition")
		if n.Is("binary_expression") {
			condition = n.Field("left")
		}
		for d := range condition.Descendants() {
			if d.Is("identifier", "member_expression") && squeeze(d) == text && (!d.Is("identifier") || d.Symbol() == place.Symbol()) {
				return true
			}
		}
	}
	return false
}

// comesLate reports whether something is acquired when what was waited for has come, so
// that the effect may have ended by then.
func (s *scan) comesLate(o *Obligation, e *span) bool {
	for fn := o.Call.Function(); fn.OK() && fn != e.fn; fn = fn.Function() {
		switch calleeName(fn.Parent().Parent()) {
		case "then", "catch", "finally":
			return true
		}
		for n := range fn.Field("body").Own() {
			if n.Is("await_expression") && n.Start() < o.Call.Start() && !o.Call.Within(n) {
				return true
			}
		}
	}
	return false
}

// onceBehind reports whether an effect acquires something only once, by a flag that it
// sets itself: what was released would not be acquired again.
func onceBehind(o *Obligation, e *span) bool {
	set := map[string]bool{}
	for n := range e.fn.Field("body").Descendants() {
		if n.Is("assignment_expression") && !n.Field("right").Inner(true).Is("null", "undefined", "false") {
			set[squeeze(n.Field("left"))] = true
		}
	}
	asks := func(condition syntax.Node) bool {
		for d := range condition.Descendants() {
			if d.Is("identifier", "member_expression") && set[squeeze(d)] && !strings.Contains(squeeze(d), "(") {
				return true
			}
		}
		return false
	}
	for n := range e.fn.Field("body").Descendants() {
		if !n.Is("if_statement") || n.Start() > o.Call.Start() {
			continue
		}
		inside := o.Call.Within(n.Field("consequence"))
		if (inside || !o.Call.Within(n) && endsInReturn(n.Field("consequence"))) && n.Function() == e.fn && asks(n.Field("condition")) {
			return true
		}
	}
	return false
}
