package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A handle that is handed to a function, and that its own function releases
// afterwards whenever nothing fails, was lent:
//
//	await migrate(client);
//	await client.end();
//
// Nobody else took it over, and an error in migrate() leaves it to nobody.

// lendings are the calls of the function home that a handle is handed to, and
// that only borrow it.
func (s *scan) lendings(o *Obligation, home syntax.Node, g *syntax.Graph, uses []use) []syntax.Node {
	var given []syntax.Node
	settled := map[int]bool{}
	for _, u := range uses {
		for _, l := range s.lift(u, home, maxHops) {
			switch {
			case l.effect == moved && l.at == u.at && s.mayLend(l, home):
				given = append(given, l.at)
			case l.effect == released || l.effect == moved && l.at != u.at:
				for _, n := range s.settledAlong(l) {
					for _, p := range s.points(g, home, n) {
						settled[p] = settled[p] || l.effect == released
					}
				}
			}
		}
	}
	stop := func(p int) bool { return settled[p] }
	well := func(e syntax.Edge) bool { return !e.Throw && o.holds(e) }
	return slices.DeleteFunc(given, func(at syntax.Node) bool {
		points := s.points(g, home, at)
		var next []int
		for _, p := range points {
			for _, e := range g.Points[p].Next {
				if !e.Throw {
					next = append(next, e.To)
				}
			}
		}
		return len(points) == 0 || len(next) == 0 || slices.Contains(next, syntax.Exit) || len(g.Ways(next, stop, well)) > 0
	})
}

// mayLend reports whether a use hands the handle to a call, as an argument or as
// an option, that need not keep it.
func (s *scan) mayLend(u use, home syntax.Node) bool {
	call := u.at
	if object := call.Ancestor("object"); call.Is("pair", "shorthand_property_identifier") && object == call.Parent() {
		call = object.Outer().Parent().Parent() // f({ handle })
		if !object.Outer().Parent().Is("arguments") {
			return false
		}
	}
	if !call.Is("call_expression", "new_expression") || call.Function() != home {
		return false
	}
	name := call.Field("function").Inner(false).Field("property").Text()
	return !adders[name] && !keepers[name]
}

// keepers are methods that file what they are given, to be released from there.
var keepers = map[string]bool{
	"register": true, "_register": true, "track": true, "own": true, "use": true, "defer": true, "adopt": true, "attach": true,
	"addDisposable": true, "enqueue": true, "put": true, "save": true, "store": true, "keep": true, "manage": true, "pipe": true,
}
