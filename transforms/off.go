package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A method may both begin and end something, by what it finds or is told:
//
//	beat(ms) {
//		clearInterval(this.timer);
//		if (ms > 0) this.timer = setInterval(this.ping, ms);
//	}
//	destroy() { this.beat(-1); }

// turnsOff reports whether a release that comes before the acquisition in the same
// method may be all that the method does, and the end of the instance comes to it.
func (s *scan) turnsOff(o *Obligation, in *instance, release syntax.Node) bool {
	if !in.ended() {
		return false
	}
	fn := o.Call.Function()
	g := s.graph(fn)
	begin := s.points(g, fn, s.beginning(o))
	from := g.Around(release)
	if len(begin) == 0 || len(from) == 0 {
		return false
	}
	ways := g.Ways(from, func(p int) bool { return slices.Contains(begin, p) }, func(e syntax.Edge) bool { return !e.Throw })
	if len(ways) == 0 {
		return false
	}
	r := s.reachOf(in, s.endings(in)...)
	return r.opaque || r.runs(release)
}

// endings are the methods that end an instance: its teardown, and those that call it
// where nobody else may.
func (s *scan) endings(in *instance) []syntax.Node {
	own := in.teardown.own
	out := slices.Concat(s.atTheEnd(in), in.ends, []syntax.Node{own})
	if _, member := own.ThisClass(); isPrivate(member) {
		for _, ref := range in.refs[in.teardown.name] {
			out = append(out, homeOf(ref))
		}
	}
	return out
}
