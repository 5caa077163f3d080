package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A handle that is a number may be 0, as a descriptor is for whoever closed the standard
// input. A bare test of truth takes that for nothing: if (fd) close(fd).

// judgeZero judges what is released on every way out but those that tests of truth of the
// handle decide; it reports whether there are any. Few ever close the standard input: to ask
// otherwise is an offer.
func (s *scan) judgeZero(o *Obligation, tests []syntax.Node) bool {
	if len(tests) == 0 || !s.Offers {
		return false
	}
	var exits []ExitPlace
	for _, t := range tests {
		exits = append(exits, ExitPlace{t, t.Inner(false).Text() + " may be 0, which is tested for as if that were none"})
	}
	o.Standing = Offer
	s.unmet(o, MissingPath, exits)
	o.Form, o.gist = formCompare{}, tests
	return true
}

// truthTests are the mentions of the handle that decide, by their truth alone, that a way
// out goes past the release. It was acquired for sure: starts and stop are as for waysOut.
func truthTests(o *Obligation, g *syntax.Graph, starts []int, stop func(int) bool) []syntax.Node {
	if !o.Kind.Number || o.Handle.Symbol == nil || len(o.releases) == 0 {
		return nil
	}
	var tests []syntax.Node
	untrue := func(e syntax.Edge) bool {
		return !e.When && isHandle(e.Cond.Inner(false), o.Handle) && asksForTruth(e.Cond)
	}
	for _, w := range g.Ways(starts, stop, func(e syntax.Edge) bool { return untrue(e) || o.holds(e) }) {
		if w.Raised {
			continue
		}
		for i, p := range w.Points {
			to := syntax.Exit
			if i+1 < len(w.Points) {
				to = w.Points[i+1]
			}
			edges := g.Points[p].Next
			if slices.ContainsFunc(edges, func(e syntax.Edge) bool { return e.To == to && o.holds(e) }) {
				continue
			}
			for _, e := range edges {
				if e.To == to && untrue(e) && !slices.Contains(tests, e.Cond) {
					tests = append(tests, e.Cond)
				}
			}
		}
	}
	slices.SortFunc(tests, byStart)
	return tests
}

// asksForTruth reports whether a condition is one of truth, and not whether something is
// there at all: h ?? other.
func asksForTruth(n syntax.Node) bool {
	n = n.Outer()
	switch p := n.Parent(); p.Kind() {
	case "if_statement", "while_statement", "do_statement", "for_statement", "ternary_expression":
		return p.Field("condition") == n
	case "parenthesized_expression", "unary_expression":
		return true
	case "binary_expression":
		return p.Field("operator").Text() != "??"
	}
	return false
}
