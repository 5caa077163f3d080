package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// judgeMistaken finds a removal, in the function that registers, that names the
// function of another event of the same target: it takes nothing away.
//
//	client.once('ready', onReady);
//	client.once('error', onError); // onError: client.off('ready', onError)
func (s *scan) judgeMistaken(o *Obligation, home syntax.Node, here []removal) bool {
	if slices.ContainsFunc(here, removal.works) {
		return false
	}
	for _, r := range here {
		if r.target != same || r.event != same || r.f != different || r.made || !r.flags {
			continue
		}
		given := s.functionOf(o, r.call)
		other := func(x *Obligation) bool {
			return x != o && x.Kind.Registers() && x.Call.Within(home) && s.sameTarget(x, o.target()) == same && s.sameHandler(x.handler(), given) == same
		}
		meant := func(x *Obligation) bool { return other(x) && sameEvent(x.event(), o.event()) != different }
		if !slices.ContainsFunc(s.found, other) || slices.ContainsFunc(s.found, meant) {
			continue
		}
		why := "the function named there listens for another event"
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.releases = []syntax.Node{r.call}
		o.step(r.call, "cannot work: %s", why)
		o.Evidence = append(o.Evidence, why)
		s.unmet(o, WrongRelease, []ExitPlace{{r.call, why}})
		o.gist, o.Form = given, formMistaken{}
		return true
	}
	return false
}

// functionOf is the function that a removal names.
func (s *scan) functionOf(o *Obligation, call syntax.Node) syntax.Node {
	for _, r := range o.Kind.Release {
		if b, ok := r.Pattern.Match(call, nil); ok && b[handlerHole].OK() {
			return b[handlerHole]
		}
	}
	return syntax.Node{}
}

// formMistaken names the function that was registered where another one is named.
type formMistaken struct{}

func (formMistaken) Name() string { return "correction" }

func (formMistaken) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	given, handler := o.gist.(syntax.Node), o.handler().Inner(false)
	sym := handler.Symbol()
	if !handler.Is("identifier") || sym == nil {
		return nil, refuse(TooEntangled, "the function that is registered has no name")
	}
	if !given.Within(scopeAround(sym, sym.Decl.Function())) && sym.Kind != syntax.Function || sym.Kind == syntax.Function && !given.Within(sym.Decl.Parent()) ||
		shadowed(given, p.Owner.Node, sym.Name, sym) {
		line, _ := s.f.Position(given.Start())
		return nil, refuse(TooEntangled, "%s is not in scope in line %d", sym.Name, line)
	}
	line, _ := s.f.Position(given.Start())
	return &Fix{
		Plan:    p,
		Edits:   []patch.Edit{{Start: given.Start(), End: given.End(), New: handler.Text()}},
		Message: fmt.Sprintf("Take the %s away that was registered", o.Kind.Noun),
		Notes:   []Note{{Unsafe, fmt.Sprintf("line %d did nothing until now: does anything rely on the %s still being there after it?", line, o.Kind.Noun)}},
	}, nil
}

// forgiveMistaken takes a registration for settled that another one tells of: it was
// meant to take that one away, and is no registration once it does.
func (s *scan) forgiveMistaken() {
	for _, x := range s.found {
		wrong, ok := x.gist.(removal)
		if !ok || x.Status != Unmet || x.Way != WrongRelease {
			continue
		}
		for _, o := range s.found {
			if o != x && o.Call == wrong.call && o.Status == Unmet {
				o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
				o.step(x.Call, "moved: it was meant to take that one away")
			}
		}
	}
}
