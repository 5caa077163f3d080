package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What an acquisition calls back may release it once all is well, and tell whoever waits for the
// result that it failed on another way: then nobody waits any more, and it goes on.
//
//	const feed = source.subscribe((err, item) => {
//		if (err) return result.stop(err);
//		if (result.push(item) === all) feed.unsubscribe();
//	});
//	return result;

// judgeAbandoned looks at what nothing but its own callback releases, beside a result that the
// function returns, made by it: does the callback end that, and leave the other?
func (s *scan) judgeAbandoned(o *Obligation) {
	sym := o.Handle.Symbol
	if o.Status != Moved || o.Standing != Leak || o.Kind.OneShot || o.Kind.Registers() || sym == nil || !sym.Constant() || sym.Decl.Function() != o.Call.Function() {
		return
	}
	var fn syntax.Node
	var releases []syntax.Node
	for _, u := range s.usesOf(o, sym, maxHops) {
		switch {
		case u.effect == neutral:
		case u.effect == moved, !u.at.Within(o.Call), fn.OK() && homeOf(u.at) != fn:
			return
		default:
			fn = homeOf(u.at)
			releases = append(releases, u.at)
		}
	}
	if len(releases) == 0 || !isCalledBack(fn, o.Call) {
		return
	}
	g := s.graph(fn)
	stops := s.pointsOf(g, fn, releases)
	stop, always := func(p int) bool { return stops[p] }, func(e syntax.Edge) bool { return !e.Throw }
	var exits []ExitPlace
	for n := range fn.Field("body").Descendants() {
		if !endsResult(n, o.Call.Function()) || homeOf(n) != fn {
			continue
		}
		if slices.ContainsFunc(s.points(g, fn, n), func(p int) bool {
			return g.Reaches([]int{syntax.Entry}, p, stop, always) && len(g.Ways([]int{p}, stop, always)) > 0
		}) {
			exits = append(exits, ExitPlace{n, shorten(n.Text()) + " ends what is returned, and leaves it"})
		}
	}
	if len(exits) == 0 {
		return
	}
	o.Owner = Owner{OwnerBlock, nameOf(o.Call.Function()), o.Call.Function()}
	o.releases = releases
	o.Evidence = append(o.Evidence, "its own callback releases it where all went well")
	s.unmet(o, MissingPath, exits)
	o.Form = formAbandoned{}
}

// isCalledBack reports whether a function stands among the arguments of a call, or in an object
// that is one.
func isCalledBack(fn, call syntax.Node) bool {
	v := fn.Outer()
	if p := v.Parent(); p.Is("pair") && p.Field("value") == v && p.Parent().Is("object") {
		v = p.Parent().Outer()
	} else if v.Is("method_definition") && p.Is("object") {
		v = p.Outer()
	}
	return fn.OK() && v.Parent() == call.Field("arguments")
}

// endsResult reports whether an evaluation ends, with an error, something that a function makes
// and returns.
func endsResult(n, maker syntax.Node) bool {
	callee := n.Field("function").Inner(false)
	sym := callee.Field("object").Inner(false).Symbol()
	if !n.Is("call_expression") || !isTeardown(callee.Field("property").Text()) || !isErrorName(n.Field("arguments").Child(0).Text()) ||
		sym == nil || !sym.Constant() || sym.Decl.Function() != maker || !sym.Init().Inner(true).Is("new_expression", "call_expression") {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		return r.Outer().Parent().Is("return_statement") && r.Function() == maker
	})
}

// formAbandoned releases it before the result is ended.
type formAbandoned struct{}

func (formAbandoned) Name() string { return formBlock{}.Name() }

func (formAbandoned) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	if o.Kind.Fails != Never {
		return nil, refuse(TooEntangled, "its release may fail, and nobody would hear of that")
	}
	release, no := s.writeRelease(o, o.Handle.Symbol.Name)
	if no != nil {
		return nil, no
	}
	fix := &Fix{
		Plan: p, Message: fmt.Sprintf("Release the %s before what is made of it ends with an error", o.Kind.Noun),
		Notes: []Note{{Unsafe, fmt.Sprintf("is the callback called only when %s is there already?", o.Handle.Symbol.Name)}},
	}
	st := styleOf(s.f)
	for _, x := range o.Exits {
		stmt := x.Node.Statement()
		if !inBlock(stmt) || stmt.Function() != x.Node.Function() || !stmt.Is("expression_statement", "return_statement") || shadowed(x.Node, p.Owner.Node, o.Handle.Symbol.Name, o.Handle.Symbol) {
			return nil, refuse(TooEntangled, "there is no place before line %d", lineOfNode(x.Node))
		}
		fix.Edits = append(fix.Edits, st.before(stmt, st.fit(release+";")))
	}
	return fix, nil
}
