package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// startsOfUse are the points of a function behind each use of a handle that holds nothing
// before, and that nothing has settled yet: where the use went well, and where it failed, unless it was to connect.
func (s *scan) startsOfUse(o *Obligation, home syntax.Node, g *syntax.Graph, begin []int, stops map[int]bool) []int {
	var out []int
	used := false
	if o.Handle.Symbol == nil {
		return begin
	}
	for _, r := range o.Handle.Symbol.Refs {
		n, connects := r.Outer(), false
		for p := n.Parent(); p.Is("member_expression", "call_expression", "arguments", "await_expression"); p = n.Parent() {
			connects = connects || p.Is("member_expression") && p.Field("property").Text() == "connect"
			n = p.Outer()
		}
		if !n.Is("call_expression", "await_expression") || n.Within(o.Call) || slices.ContainsFunc(o.releases, r.Within) {
			continue
		}
		used = true
		points := s.points(g, home, n)
		if connects { // it holds something once it is waited for
			points = g.At(n)
		} else if inner := n.Inner(true); inner != n {
			points = append(points, s.points(g, home, inner)...)
		}
		for _, p := range points {
			for _, e := range g.Points[p].Next {
				if !stops[p] && !(e.Throw && connects) && g.Reaches(begin, p, func(q int) bool { return stops[q] }, o.holds) {
					out = append(out, e.To)
				}
			}
		}
	}
	if !used { // nobody can see what for
		return begin
	}
	return out
}

// endsWithLibrary is what ends everything that the library of an acquisition has made, of
// which the file keeps no account: pgp.end(). Where the acquisition is that of another
// function, what is in any field of the instance may be that library.
func (s *scan) endsWithLibrary(o *Obligation) syntax.Node {
	if len(o.Kind.Source) == 0 || !o.Acquire.Pattern.Rooted() {
		return syntax.Node{}
	}
	library := o.Call.Field("function").Inner(false)
	_, matched := o.Acquire.Pattern.Match(o.Call, nil)
	elsewhere := o.source.OK() || o.taken != "" || !matched || len(o.Evidence) > 0 && !strings.HasPrefix(o.Evidence[0], "import ")
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		if !n.Is("member_expression") || !slices.Contains(o.Kind.Source, n.Field("property").Text()) {
			continue
		}
		object := n.Field("object").Inner(false)
		_, field := object.ThisField()
		switch {
		case syntax.SameExpression(object, library), elsewhere && (field || object.Is("identifier") && object.Symbol().Init().Inner(true) == o.Call):
			return n
		}
	}
	return syntax.Node{}
}
