package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Two listeners for one event are added side by side, to a thing and to the page, with
// functions that are made for the same call of the function around. Code of that function
// takes the one away by name: then the other one is owed there, too.
//
//	target.addEventListener(name, onTarget);
//	document.addEventListener(name, onDocument);
//	..
//	return () => { for (const name of names) target.removeEventListener(name, onTarget); };

// besideIt is the removal of what was registered beside, and what was named there for o by
// mistake.
type besideIt struct {
	removal syntax.Node
	wrong   syntax.Node // the function in a removal from the target of o; the zero Node for none
}

// judgeSibling judges what is registered with something that lasts, beside what the
// same function takes away again. It says nothing (false) of all else.
func (s *scan) judgeSibling(o *Obligation) bool {
	handler := o.handler().Inner(false)
	sym := handler.Symbol()
	if o.firesOnce() || !handler.Is("identifier") || sym == nil || !s.emits(o) || !strings.HasPrefix(s.placeKey(o.target(), 6), "global ") {
		return false
	}
	home := sym.Decl.Function()
	if !home.OK() || !sym.Constant() && sym.Kind != syntax.Function || s.runsOnce(home) || !onlyListens(s, o, sym) {
		return false
	}
	if slices.ContainsFunc(s.removals(o, home.Descendants()), func(r removal) bool { return r.f != different && r.target != different && r.event != different }) {
		return false
	}
	for _, x := range s.found {
		if !s.addedBeside(o, x) || x.handler().Inner(false).Symbol().Decl.Function() != home {
			continue
		}
		for _, r := range s.removals(x, home.Descendants()) {
			if !r.works() || r.f != same || homeOf(r.call) == homeOf(o.Call) || !sym.Visible(r.call) {
				continue
			}
			b := besideIt{removal: r.call, wrong: s.namedBeside(o, r.call)}
			line := lineOfNode(r.call)
			o.Owner = Owner{OwnerClosure, nameOf(home), home}
			o.Evidence = append(o.Evidence, fmt.Sprintf("line %d takes away what is registered beside it", line))
			s.unmet(o, NeverReleased, []ExitPlace{{r.call, "the other one is taken away here"}})
			if b.wrong.OK() {
				o.releases = []syntax.Node{b.wrong.Parent().Parent()}
				s.unmet(o, WrongRelease, []ExitPlace{{b.wrong, "another function is named there than was registered"}})
			}
			o.gist, o.Form = b, formSibling{}
			return true
		}
	}
	return false
}

// onlyListens reports whether all that is done with a function is to register it and to
// take it away.
func onlyListens(s *scan, o *Obligation, sym *syntax.Symbol) bool {
	for _, r := range sym.Mentions() {
		call := r.Outer().Parent().Parent()
		if syntax.IsWrite(r) || r == sym.Node {
			continue
		}
		if name := calleeName(call); !r.Outer().Parent().Is("arguments") || name != o.Acquire.Pattern.Anchor && !s.isReleaseName(o.Kind, name) {
			return false
		}
	}
	return true
}

// addedBeside reports whether x is registered beside o: for the same event, with another
// target and by another function of its own.
func (s *scan) addedBeside(o, x *Obligation) bool {
	if x == o || x.Kind != o.Kind || x.firesOnce() || squeeze(x.event()) != squeeze(o.event()) || x.Call.Statement().Parent() != o.Call.Statement().Parent() {
		return false
	}
	f := x.handler().Inner(false)
	return f.Is("identifier") && f.Symbol() != nil && f.Symbol().Decl.Function().OK() && s.sameHandler(f, o.handler()) == different && s.sameTarget(x, o.target()) != same
}

// namedBeside is the function that is named where something is taken from the target of o
// beside another removal, though nothing is registered there by it.
func (s *scan) namedBeside(o *Obligation, removal syntax.Node) syntax.Node {
	for n := range removal.Statement().Parent().Own() {
		if !n.Is("call_expression") {
			continue
		}
		r, ok := s.removalAt(o, n)
		if !ok || r.target != same || r.event == different || r.f != different || !r.flags {
			continue
		}
		given := s.functionOf(o, n).Inner(false)
		if given.Is("identifier") && !slices.ContainsFunc(s.found, func(x *Obligation) bool {
			return x != o && x.Kind == o.Kind && s.sameTarget(x, o.target()) == same && s.sameHandler(x.handler(), given) != different
		}) {
			return given
		}
	}
	return syntax.Node{}
}

// formSibling takes a registration away where the one beside it is.
type formSibling struct{}

func (formSibling) Name() string { return "sibling" }

func (formSibling) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	b := o.gist.(besideIt)
	name := o.handler().Inner(false).Text()
	if b.wrong.OK() {
		return &Fix{
			Plan: p, Edits: []patch.Edit{{Start: b.wrong.Start(), End: b.wrong.End(), New: name}},
			Message: fmt.Sprintf("Take the %s away that was registered", o.Kind.Noun),
			Notes:   []Note{{Unsafe, fmt.Sprintf("line %d did nothing until now: does anything rely on the %s still being there after it?", lineOfNode(b.wrong), o.Kind.Noun)}},
		}, nil
	}
	stmt := b.removal.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) {
		return nil, refuse(TooEntangled, "the other one is taken away inside of a larger expression")
	}
	if shadowed(b.removal, p.Owner.Node, name, o.handler().Inner(false).Symbol()) {
		return nil, refuse(TooEntangled, "%s is something else in line %d", name, lineOfNode(b.removal))
	}
	target, given := s.targetOf(o, b.removal), s.functionOf(o, b.removal)
	text := b.removal.Text()
	at := func(n syntax.Node) (int, int) { return n.Start() - b.removal.Start(), n.End() - b.removal.Start() }
	from, to := at(given)
	text = text[:from] + name + text[to:]
	from, to = at(target)
	text = text[:from] + o.target().Text() + text[to:]
	return &Fix{
		Plan: p, Edits: []patch.Edit{styleOf(s.f).after(stmt, text+";")},
		Message: fmt.Sprintf("Take the %s of %s away where the other one is", o.Kind.Noun, p.Owner.Name),
		Notes:   []Note{{Unsafe, fmt.Sprintf("what is in line %d was never taken away: does anything rely on it still being there?", lineOfNode(o.Call))}},
	}, nil
}
