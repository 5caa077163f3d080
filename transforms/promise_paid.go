package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// paid reports whether the settling at st is never reached without a release: in
// its own function, in one around that runs it on the spot, or because that
// function is made only when the release is behind it.
func (s *scan) paid(o *Obligation, st settle, releases []syntax.Node, executor syntax.Node) bool {
	for !s.paidAround(o, st, releases) {
		if st.fn == executor {
			return false
		}
		if !isInline(st.fn) {
			return s.madeWhenPaid(o, st.fn, releases, executor)
		}
		st.call = callAround(st.fn)
		st.fn = st.call.Function()
	}
	return true
}

// madeWhenPaid reports whether a function, or one around it in the executor, is made
// behind a release on every way.
func (s *scan) madeWhenPaid(o *Obligation, fn syntax.Node, releases []syntax.Node, executor syntax.Node) bool {
	for ; fn.OK() && fn != executor; fn = fn.Function() {
		// Nothing is made where one is declared, which is there from the beginning.
		if s.behindRelease(o, fn.Function(), s.graph(fn.Function()).At(fn), releases) {
			return true
		}
	}
	return false
}

// handedOnPaid reports whether a function that settles is handed on behind a release
// on every way, or in a function that is made there.
func (s *scan) handedOnPaid(o *Obligation, st settle, releases []syntax.Node, executor syntax.Node) bool {
	if later := reaction(st); later.OK() {
		behind := slices.DeleteFunc(slices.Clone(releases), func(r syntax.Node) bool { return r.Within(later) })
		if s.paidAround(o, settle{ref: st.ref, call: later, fn: st.fn}, behind) {
			return true
		}
	}
	return s.behindRelease(o, st.fn, s.graph(st.fn).Around(st.ref), releases) || s.madeWhenPaid(o, st.fn, releases, executor)
}

// behindRelease reports whether some points of the function home are there, and none of
// them is reached without a release.
func (s *scan) behindRelease(o *Obligation, home syntax.Node, at []int, releases []syntax.Node) bool {
	g := s.graph(home)
	stops := s.pointsOf(g, home, releases)
	starts := []int{syntax.Entry}
	if o.Call.Function() == home {
		starts = append(starts, s.behind(g, home, s.beginning(o))...)
	}
	return len(at) > 0 && !slices.ContainsFunc(at, func(p int) bool {
		return g.Reaches(starts, p, func(q int) bool { return stops[q] }, o.holds)
	})
}

// pointsOf are the points of the function home at which some releases run. One that is only
// made there has not run.
func (s *scan) pointsOf(g *syntax.Graph, home syntax.Node, releases []syntax.Node) map[int]bool {
	points := map[int]bool{}
	for _, r := range releases {
		for _, l := range s.lift(use{effect: released, at: r}, home, maxHops) {
			if l.effect != released {
				continue
			}
			for _, p := range s.points(g, home, l.at) {
				points[p] = true
			}
		}
	}
	return points
}

// behind are the points that come right after an evaluation.
func (s *scan) behind(g *syntax.Graph, home, n syntax.Node) []int {
	var out []int
	for _, p := range s.points(g, home, n) {
		for _, e := range g.Points[p].Next {
			out = append(out, e.To)
		}
	}
	return out
}

// paidAround reports whether no way through the function that settles passes
// the settling without a release before or after it.
func (s *scan) paidAround(o *Obligation, st settle, releases []syntax.Node) bool {
	g := s.graph(st.fn)
	stops := map[int]bool{}
	failed := st.ref.Ancestor("catch_clause").Parent().Field("body")
	for _, r := range releases {
		for _, call := range callsOfKept(r) {
			for _, p := range s.points(g, st.fn, call) {
				stops[p] = true
			}
		}
		for _, l := range s.lift(use{effect: released, at: r}, st.fn, maxHops) {
			if l.effect == moved && failed.OK() && l.at.Within(failed) {
				continue // handed to what failed
			}
			for _, p := range s.points(g, st.fn, l.at) {
				stops[p] = true
			}
		}
	}
	stop := func(p int) bool { return stops[p] }
	any := func(e syntax.Edge) bool { return o.holds(e) }
	marks := marksBeside(st)
	marked := func(e syntax.Edge) bool { return o.holds(e) && !unmarked(e, marks) }
	starts := []int{syntax.Entry}
	if o.Call.Function() == st.fn {
		starts = s.behind(g, st.fn, s.beginning(o))
	}
	for _, at := range g.At(st.call) {
		if !g.Reaches(starts, at, stop, any) {
			continue
		}
		var next []int
		for _, e := range g.Points[at].Next {
			next = append(next, e.To)
		}
		if slices.ContainsFunc(g.Ways(next, stop, marked), func(w syntax.Path) bool { return !w.Raised || len(marks) == 0 }) || reachesExit(next) {
			return false
		}
	}
	return true
}

// callsOfKept are the calls of the function around a release by the variable that it is put
// into, and nothing else beside what that was declared with.
//
//	cancel = () => clearTimeout(id); .. resolve(); cancel();
func callsOfKept(release syntax.Node) []syntax.Node {
	put := release.Function().Outer().Parent()
	sym := put.Field("left").Inner(false).Symbol()
	if !put.Is("assignment_expression") || put.Field("right").Inner(false) != release.Function() || sym == nil || sym.Kind != syntax.Variable {
		return nil
	}
	var calls []syntax.Node
	for _, ref := range sym.Refs {
		switch call := ref.Outer().Parent(); {
		case syntax.IsWrite(ref) && ref != sym.Node && ref != put.Field("left").Inner(false):
			return nil
		case call.Field("function").OK() && call.Field("function").Inner(false) == ref:
			calls = append(calls, call)
		}
	}
	return calls
}

func reachesExit(points []int) bool {
	for _, p := range points {
		if p == syntax.Exit || p == syntax.Raise {
			return true
		}
	}
	return false
}

// endsInExecutor reports whether an executor that is async, and acquires on its own way,
// does not come to its end without a release: what else settles the promise meanwhile
// ends nothing of that. An error of its own is none: it settles nothing.
func (s *scan) endsInExecutor(o *Obligation, executor syntax.Node, releases []syntax.Node) bool {
	if !executor.IsAsync() || o.Call.Function() != executor || len(releases) == 0 {
		return false
	}
	g := s.graph(executor)
	stops := s.pointsOf(g, executor, releases)
	if len(stops) == 0 {
		return false
	}
	ways := g.Ways(s.behind(g, executor, s.beginning(o)), func(p int) bool { return stops[p] }, o.holds)
	return !slices.ContainsFunc(ways, func(w syntax.Path) bool { return !w.Raised })
}

// isAborted reports whether a registration waits for the abort of a signal, which comes
// once at most.
func (o *Obligation) isAborted() bool {
	event, _ := o.event().Inner(false).StringValue()
	return o.Kind.Registers() && event == "abort" && (o.Kind.Awaited || strings.HasSuffix(strings.ToLower(squeeze(o.target())), "signal"))
}
