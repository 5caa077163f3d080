package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A collection of handles that is emptied holds nothing that its teardown could release
// after that:
//
//	reset() { this.timers = []; }
//	destroy() { for (const t of this.timers) clearInterval(t); }

// judgeEmptiedSet looks at handles in a collection whose elements the instance releases:
// does another method empty it before?
func (s *scan) judgeEmptiedSet(o *Obligation) {
	if o.Status != Met || o.Standing != Leak || o.Handle.Place != InSet || !o.Owner.isInstance() || o.Kind.OneShot || o.Kind.Registers() ||
		len(o.releases) == 0 || !o.releases[0].OK() || s.settledByParent(o) != "" || keptTwice(o) {
		return
	}
	in := s.instance(o.Owner.Node)
	if t := in.teardown; t == nil || !t.own.OK() || len(in.computed) > 0 || len(in.taken[o.Handle.Field]) > 0 {
		return
	}
	for _, ref := range in.refs[o.Handle.Field] {
		at := emptyingOf(ref)
		if !at.OK() || !s.losesElements(o, in, ref, at) {
			continue
		}
		s.unmet(o, Overwritten, []ExitPlace{{at, "the collection is emptied"}})
		o.Form, o.gist = formEmptied{}, at
		return
	}
}

// emptyingOf is the evaluation that leaves nothing in the collection that ref mentions:
// this.x = [], this.x.length = 0, this.x.clear(); the zero Node for others.
func emptyingOf(ref syntax.Node) syntax.Node {
	n := ref.Outer()
	p := n.Parent()
	switch {
	case p.Is("assignment_expression") && p.Field("left").Inner(false) == ref.Inner(false):
		if isEmptyCollection(p.Field("right")) {
			return p
		}
	case p.Is("member_expression") && p.Field("property").Text() == "clear" && p.Parent().Field("function") == p && isCollection(ref):
		return p.Parent()
	case p.Is("member_expression") && p.Field("property").Text() == "length" && p.Parent().Is("assignment_expression") && p.Parent().Field("left") == p:
		if p.Parent().Field("right").Inner(false).Text() == "0" {
			return p.Parent()
		}
	}
	return syntax.Node{}
}

// isEmptyCollection: [], {}, new Map(), new Set<T>()
func isEmptyCollection(n syntax.Node) bool {
	n = n.Inner(true)
	switch n.Kind() {
	case "array", "object":
		return n.Len() == 0
	case "new_expression":
		name := n.Field("constructor").Text()
		return (name == "Map" || name == "Set" || name == "Array") && n.Field("arguments").Len() == 0
	}
	return false
}

// keptTwice reports whether the handle is put somewhere else, too, by whose elements it may
// be released.
func keptTwice(o *Obligation) bool {
	sym := o.Handle.Symbol
	if sym == nil {
		sym = widen(o.Call).Parent().Field("name").Symbol()
	}
	stored := 0
	for _, r := range sym.Mentions() {
		p := r.Outer().Parent()
		if p.Is("arguments", "array", "pair", "return_statement") || r.Is("shorthand_property_identifier") || p.Is("assignment_expression") && p.Field("right").Inner(false) == r {
			stored++
		}
	}
	return stored > 1
}

// losesElements reports whether the method that empties a collection may come to that while
// something is in it that nobody has released.
func (s *scan) losesElements(o *Obligation, in *instance, ref, at syntax.Node) bool {
	fn := homeOf(at)
	member := in.memberOf(fn)
	name := syntax.MemberName(member)
	if !member.OK() || at.Function() != fn || fn.IsConstructor() || onceHooks[name] || member.HasToken("set") || s.reached(in).functions[fn.ID()] {
		return false
	}
	fills := homeOf(o.Call) == fn || s.reachOf(in, fn).functions[homeOf(o.Call).ID()]
	if fills && !startsAgain(name) && !repeatedHooks[name] || isStarter(name, fn) || isTeardown(name) {
		return false
	}
	if s.minds(o, in, fn, at, 3) {
		return false
	}
	calls := in.refs[name]
	if len(calls) == 0 {
		return !isPrivate(member)
	}
	return !slices.ContainsFunc(calls, func(r syntax.Node) bool {
		by := homeOf(r)
		return by.IsConstructor() || s.reached(in).functions[by.ID()] || s.minds(o, in, by, r, 3)
	})
}

// minds reports whether a function, before it comes to n, does anything with the elements
// of the collection, or runs what may.
func (s *scan) minds(o *Obligation, in *instance, fn, n syntax.Node, hops int) bool {
	if hops == 0 {
		return true
	}
	for d := range fn.Field("body").Descendants() {
		if d.Start() >= n.Start() || n.Within(d) {
			continue
		}
		if d.Is("super") || d.Is("this") && d.Outer().Parent().Is("arguments") {
			return true
		}
		name, own := d.ThisField()
		switch {
		case !own:
			continue
		case name == o.Handle.Field && !emptyingOf(d).OK():
			return true
		case d.Outer().Parent().Field("function").Inner(false) != d:
			continue
		}
		called := syntax.Node{}
		for _, m := range in.members {
			if m.Name == name && m.Function().OK() {
				called = m.Function()
			}
		}
		if !called.OK() || s.mindsAtAll(o, in, called, hops-1) {
			return true
		}
	}
	return false
}

// mindsAtAll is minds for the whole of a function.
func (s *scan) mindsAtAll(o *Obligation, in *instance, fn syntax.Node, hops int) bool {
	for id := range s.reachOf(in, fn).functions {
		for d := range s.f.Node(id).Field("body").Descendants() {
			if name, own := d.ThisField(); own && name == o.Handle.Field && !emptyingOf(d).OK() {
				return true
			}
		}
	}
	return hops == 0
}

// formEmptied releases what a collection holds right before that is emptied.
type formEmptied struct{}

func (formEmptied) Name() string { return "emptied" }

func (formEmptied) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	at := o.gist.(syntax.Node)
	e := &classEdit{s: s, in: s.instance(p.Owner.Node), st: styleOf(s.f), taken: map[string]bool{}, locals: map[string]bool{}, again: true}
	if no := e.releasable(o); no != nil {
		return nil, no
	}
	stmt, fn := at.Parent(), at.Function()
	if !stmt.Is("expression_statement") || !inBlock(stmt) {
		return nil, refuse(TooEntangled, "this.%s is emptied where no statement can stand before", o.Handle.Field)
	}
	if _, _, _, ok := e.iteration(o, "this."+o.Handle.Field); !ok {
		return nil, refuse(TooEntangled, "what kind of collection this.%s is cannot be told", o.Handle.Field)
	}
	var w work
	e.release(&w, o, "this."+o.Handle.Field, "")
	if w.async && !fn.IsAsync() {
		return nil, refuse(NotAsync, "%s() is not async, and the releases must be awaited", methodName(fn))
	}
	return &Fix{
		Plan: p, Edits: []patch.Edit{e.st.before(stmt, strings.Split(w.steps[0].plain, "\n")...)},
		Notes:   []Note{{Unsafe, fmt.Sprintf("what this.%s holds went on when %s() emptied it, and ends now: does anything rely on it?", o.Handle.Field, methodName(fn))}},
		Message: fmt.Sprintf("Release the %s of %s before this.%s is emptied", plural(o.Kind.Noun), p.Owner.Name, o.Handle.Field),
	}, nil
}
