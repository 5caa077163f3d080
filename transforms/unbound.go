package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Who ends an effect may be given the release of a thing without the thing:
//
//	return observer.disconnect;
//
// What the platform makes has to be called by its name for that, and throws without.

// unboundIn is the release of a handle that a value is without its handle, and that is of no
// use so; the zero Node for none.
func (s *scan) unboundIn(o *Obligation, value syntax.Node) syntax.Node {
	sym := o.Handle.Symbol
	if sym == nil || !slices.Contains(o.Acquire.From, "global") || !value.OK() {
		return syntax.Node{}
	}
	for _, v := range alternatives(value) {
		if v.Is("member_expression") && v.Field("object").Inner(true).Symbol() == sym && s.endsAlone(o.Kind, v.Field("property").Text()) {
			return v
		}
	}
	return syntax.Node{}
}

// endsAlone reports whether a release of a kind is the method of that name, called with
// nothing.
func (s *scan) endsAlone(k *Kind, name string) bool {
	return slices.ContainsFunc(k.Release, func(r Release) bool {
		root := r.Pattern.Root()
		return r.Pattern.Receiver() == "HANDLE" && root.Field("arguments").Len() == 0 && calleeName(root) == name
	})
}

// judgeUnbound: at is handed to whoever ends the effect, who will call it.
func (s *scan) judgeUnbound(o *Obligation, at syntax.Node) {
	why := fmt.Sprintf("%s() throws when it is called without its %s", at.Field("property").Text(), o.Kind.Noun)
	o.releases = []syntax.Node{at}
	o.step(at, "cannot work: %s", why)
	s.unmet(o, WrongRelease, []ExitPlace{{at, why}})
	o.gist, o.Form = at, formUnbound{}
}

// formUnbound makes a function of the release that names its handle.
type formUnbound struct{}

func (formUnbound) Name() string { return "unbound" }

func (formUnbound) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	at := o.gist.(syntax.Node)
	code := "() => " + at.Text() + "()"
	if at.Outer().Parent().Is("binary_expression") && !at.Parent().Is("parenthesized_expression") {
		code = "(" + code + ")"
	}
	fix := &Fix{
		Plan: p, Edits: []patch.Edit{{Start: at.Start(), End: at.End(), New: code}},
		Message: fmt.Sprintf("Call %s() with its %s where the effect ends", at.Field("property").Text(), o.Kind.Noun),
	}
	if sym := o.Handle.Symbol; !sym.Constant() && sym.Init().OK() {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("%s may be another one by then: which one is to be released?", sym.Name)})
	}
	return fix, nil
}
