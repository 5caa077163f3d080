package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A promise is made to wait for an event, ahead of something that may make the wait
// needless. Where it does, nobody asks for the promise, and what it registered stays
// until the event comes: each call leaves one more.
//
//	const more = new Promise((resolve) => this.once('more', resolve));
//	return this.take().then((job) => job ?? more);

// judgeUnwaited judges a one-shot in the executor of such a promise. It says nothing
// (false) of one that is waited for on all ways, or of which that cannot be told.
func (s *scan) judgeUnwaited(o *Obligation, executor syntax.Node) bool {
	if !o.Kind.OneShot || !s.steadyTarget(o) || s.madeWithin(o.target(), executor) {
		return false
	}
	if !slices.ContainsFunc(settles(executor), func(st settle) bool { return st.ref == o.handler().Inner(false) }) {
		return false
	}
	made := executor.Outer().Parent().Parent()
	decl := made.Outer().Parent()
	if !made.Is("new_expression") || !decl.Is("variable_declarator") {
		return false
	}
	sym := decl.Field("name").Symbol()
	home := made.Function()
	if sym == nil || !home.OK() || home.IsConstructor() || slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r != sym.Node && syntax.IsWrite(r) }) {
		return false
	}
	owner, member, _ := o.Call.InstanceAt()
	name := syntax.MemberName(member)
	if !owner.OK() || syntax.FunctionOf(member) != home || isStarter(name, home) || isTeardown(name) {
		return false
	}
	if key := s.placeKey(o.target(), 6); key != "this" && (!strings.HasPrefix(key, "this.") || !s.before(o.target(), home)) {
		return false
	}
	in, uses := usedIn(sym, home)
	if !in.OK() || in == home || callbackOf(in).ends || in.IsAsync() {
		return false
	}
	g := s.graph(in)
	stops := map[int]bool{}
	for _, u := range uses {
		for _, p := range s.points(g, in, u) {
			stops[p] = true
		}
	}
	ways := g.Ways([]int{syntax.Entry}, func(p int) bool { return stops[p] }, func(e syntax.Edge) bool { return !e.Throw })
	exits := slices.DeleteFunc(s.exits(g, ways, o), func(x ExitPlace) bool { return !x.Node.Is("return_statement") })
	if len(exits) == 0 || len(stops) == 0 {
		return false
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.Evidence = append(o.Evidence, "nobody waits for "+sym.Name+" on some ways")
	s.unmet(o, MissingPath, exits)
	o.Refusal = refuse(NoOwner, "what waits for %s is no end of %s: take the %s away where nobody waits for it", sym.Name, o.Owner.Name, o.Kind.Noun)
	return true
}

// usedIn is the one function within home in which all mentions of a variable stand, with
// those, each as seen from there; the zero Node where there is none.
func usedIn(sym *syntax.Symbol, home syntax.Node) (in syntax.Node, uses []syntax.Node) {
	for _, r := range sym.Refs {
		if r == sym.Node || r == sym.Decl.Field("name") {
			continue
		}
		n, fn := r, r.Function()
		for fn.OK() && fn != home && fn.Function() != home {
			n, fn = fn, fn.Function()
		}
		if !fn.OK() || in.OK() && in != fn {
			return syntax.Node{}, nil
		}
		in = fn
		uses = append(uses, n)
	}
	return in, uses
}
