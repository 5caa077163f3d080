package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A one-shot that settles a promise ends by itself. Where that promise runs
// against others, the race may be over long before: then the timer holds the
// process, and what its callback mentions, for nothing.

// race is a call of Promise.race in which a promise takes part.
type race struct {
	call syntax.Node // Promise.race([..])
	made syntax.Node // new Promise(..)
	sole bool        // nothing but the race looks at the promise
}

// raceAround finds the race of the promise that an executor belongs to; a zero one
// for none.
func (s *scan) raceAround(executor syntax.Node) race {
	r := race{made: executor.Parent().Parent(), sole: true}
	v := settledLike(r.made)
	if call := raceOf(v); call.OK() {
		r.call = call
		return r
	}
	decl := v.Parent()
	sym := decl.Field("name").Symbol()
	if !decl.Is("variable_declarator") || sym == nil || !sym.Constant() {
		return race{}
	}
	for _, ref := range sym.Refs {
		if ref == sym.Node {
			continue
		}
		call := raceOf(settledLike(ref))
		switch {
		case call.OK() && !r.call.OK():
			r.call = call
		case ref.Outer().Parent().Field("property").Text() == "catch" && !call.OK(): // late.catch(() => {})
		default:
			r.sole = false
		}
	}
	if r.call.Function() != r.made.Function() {
		return race{}
	}
	return r
}

// settledLike climbs from a promise over what settles with it.
func settledLike(n syntax.Node) syntax.Node {
	for {
		n = n.Outer()
		m := n.Parent()
		switch m.Field("property").Text() {
		case "then", "catch", "finally":
			if call := m.Parent(); call.Field("function") == m {
				n = call
				continue
			}
		}
		return n
	}
}

// raceOf is the call of Promise.race that has n among others in its list.
func raceOf(n syntax.Node) syntax.Node {
	list := n.Parent()
	call := list.Outer().Parent().Parent()
	origin, ok := call.Field("function").Origin()
	if !list.Is("array") || list.Len() < 2 || !call.Is("call_expression") || !ok || origin.Module != "" ||
		!slices.Equal(origin.Path, []string{"Promise", "race"}) {
		return syntax.Node{}
	}
	return call
}

// judgeRace judges a one-shot that nothing but its own firing ends, in a promise
// that may lose a race.
func (s *scan) judgeRace(o *Obligation, executor syntax.Node) bool {
	if len(o.Kind.Over) > 0 || o.Kind.Registers() || isImmediate(o) || s.isBrief(o) || s.unreferenced(o) {
		return false
	}
	r := s.raceAround(executor)
	home := r.call.Function()
	if !r.call.OK() || !r.sole || !home.OK() || s.runsOnce(home) {
		return false // whoever else looks at the promise waits for it
	}
	if o.onlySettles(executor) && s.isShort(o) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, before long, and can only settle what has settled")
		return true
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	s.unmet(o, NeverReleased, []ExitPlace{{r.call, "another wins the race"}})
	o.Form, o.gist = formRace{}, r
	return true
}
