package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// refPlace is the place in a ref of a component that a handle is kept in: it is put there
// at once, or by its name.
func (s *scan) refPlace(o *Obligation) syntax.Node {
	if place := s.keptPlace(o); place.OK() {
		return place
	}
	return s.keptByName(o)
}

// keptByName is the ref that a handler puts into what it has a name for, and does nothing
// else with that could end it; the zero Node for none.
//
//	const id = setInterval(tick, 1000);
//	timer.current = id;
func (s *scan) keptByName(o *Obligation) syntax.Node {
	sym := o.Handle.Symbol
	if o.Handle.Place != InVariable || sym == nil || !sym.Constant() || sym.Decl.Function() != o.Call.Function() {
		return syntax.Node{}
	}
	var place syntax.Node
	for _, u := range s.usesOf(o, sym, maxHops) {
		left := u.at.Field("left").Inner(false)
		switch {
		case u.effect == neutral:
		case u.effect == moved && u.at.Is("assignment_expression") && isRefPlace(left) && !place.OK():
			place = left
		default:
			return syntax.Node{}
		}
	}
	return place
}
