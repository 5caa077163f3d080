package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// waysOut looks for ways that leave the function home without what is in stops;
// settled: some do not.
func (s *scan) waysOut(o *Obligation, home syntax.Node, g *syntax.Graph, begin []int, stops map[int]bool, settled bool) {
	direct := o.Kind.Begins == Called && raisedAt(g, begin) && !isThened(o.Call) && s.failsOnTheSpot(o) && s.holdsHalfWay(o)
	var starts []int
	for _, p := range begin {
		for _, e := range g.Points[p].Next {
			if !e.Throw || direct {
				starts = append(starts, e.To)
			}
		}
	}
	if o.Kind.Begins == Used {
		starts = s.startsOfUse(o, home, g, starts, stops)
	}
	stop := func(p int) bool { return stops[p] }
	feasible := func(e syntax.Edge) bool { return o.holds(e) }
	if settled { // who takes care of it reckons with errors, and not with all
		g = g.Raising(func(n syntax.Node) bool { return s.likely(o, n, likelyHops) })
	}
	ways := g.Ways(starts, stop, feasible)
	exits := s.exits(g, ways, o)
	if settled && !slices.ContainsFunc(o.releases, func(r syntax.Node) bool { return homeOf(r) == home }) && !direct { // handed on at once, but for an accident
		exits = slices.DeleteFunc(exits, func(x ExitPlace) bool { return byAccident(g, ways, x) })
	}
	if direct {
		exits = append(exits, ExitPlace{o.Call, "an error in " + calleeText(o.Call)})
	}
	if o.Kind.Alone && len(o.releases) > 0 && !slices.ContainsFunc(o.releases, func(r syntax.Node) bool { return !r.Ancestor("catch_clause").OK() }) {
		o.goesOn = true // where all goes well
		exits = slices.DeleteFunc(exits, func(x ExitPlace) bool { return x.How == "return" || x.How == "the end is reached" })
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	if o.Kind.Readable && len(o.releases) == 0 {
		exits = nil // some code reads it; where none does, nobody keeps it
	}
	o.again = len(begin) > 0 && g.Reaches(starts, begin[0], stop, feasible) && !(o.Kind.Readable && len(o.releases) == 0)
	if o.Kind.OneShot && settled && s.onlyAborts(o, home) && onlyByErrors(g, starts, stop, feasible) {
		o.Status = Met
		o.step(o.Call, "met: ends by itself, before long, and can only abort what has failed")
		return
	}
	switch {
	case !o.again && s.failsAtStart(o, home, exits):
		o.step(o.Call, "moved: where it cannot begin, the program does not run")
		return
	case len(exits) == 0 && !o.again && s.judgeZero(o, truthTests(o, g, starts, stop)):
		return
	case len(exits) == 0 && !o.again:
		o.Status = Met
		o.step(o.Call, "met: settled on every way out")
		return
	case len(o.releases) == 0 && !settled:
		s.unmet(o, NeverReleased, exits)
	case len(exits) == 0:
		s.unmet(o, Overwritten, exits)
	default:
		s.unmet(o, MissingPath, exits)
	}
	o.Form = formBlock{}
	if o.Kind.Undo != nil {
		o.Form = formUndo{}
	}
	if o.Refusal = o.keepToReleaseAtOnce(home); o.Refusal != nil {
		o.Form = nil
	}
}

// isThened: a call whose promise goes on by then(): it rejects, and does not throw.
func isThened(call syntax.Node) bool {
	p := call.Outer().Parent()
	return p.Is("member_expression") && p.Field("property").Text() == "then"
}

// beginning is the evaluation after which the debt stands.
func (s *scan) beginning(o *Obligation) syntax.Node {
	if p := o.Handle.Value.Parent(); o.Kind.Begins != Called && p.Is("variable_declarator", "assignment_expression", "augmented_assignment_expression") {
		return p
	}
	return o.Call.Outer()
}

// points are those of n in the graph of home, seen through inline functions.
func (s *scan) points(g *syntax.Graph, home, n syntax.Node) []int {
	for {
		if ps := g.Around(n); len(ps) > 0 && within(n, home) {
			return ps
		}
		fn := n.Function()
		if !fn.OK() || fn == home {
			return nil
		}
		n = callAround(fn)
	}
}

func within(n, home syntax.Node) bool { return n.Function() == home }
