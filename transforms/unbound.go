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

// unboundIn are the releases of a handle that values are without their handle, and that are
// of no use so.
func (s *scan) unboundIn(o *Obligation, values []syntax.Node) []syntax.Node {
	sym := o.Handle.Symbol
	if sym == nil || !slices.Contains(o.Acquire.From, "global") {
		return nil
	}
	var found []syntax.Node
	for _, value := range values {
		if !value.OK() {
			continue
		}
		for _, v := range alternatives(value) {
			if v.Is("member_expression") && v.Field("object").Inner(true).Symbol() == sym && s.endsAlone(o.Kind, v.Field("property").Text()) {
				found = append(found, v)
			}
		}
	}
	return found
}

// endsAlone reports whether a release of a kind is the method of that name, called with
// nothing.
func (s *scan) endsAlone(k *Kind, name string) bool {
	return slices.ContainsFunc(k.Release, func(r Release) bool {
		root := r.Pattern.Root()
		return r.Pattern.Receiver() == "HANDLE" && root.Field("arguments").Len() == 0 && calleeName(root) == name
	})
}

// judgeUnbound: places are handed to whoever ends the effect, who will call them.
func (s *scan) judgeUnbound(o *Obligation, places []syntax.Node) {
	var exits []ExitPlace
	for _, at := range places {
		why := fmt.Sprintf("%s() throws when it is called without its %s", at.Field("property").Text(), o.Kind.Noun)
		o.step(at, "cannot work: %s", why)
		exits = append(exits, ExitPlace{at, why})
	}
	o.releases = places
	s.unmet(o, WrongRelease, exits)
	o.Form = formUnbound{}
}

// formUnbound makes a function of the release that names its handle.
type formUnbound struct{}

func (formUnbound) Name() string { return "unbound" }

func (formUnbound) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	fix := &Fix{Plan: p}
	for _, at := range o.releases {
		if onSomeWays(at, at.Function()) {
			return nil, refuse(TooEntangled, "it is released on some ways only, and there without its %s", o.Kind.Noun)
		}
		code := "() => " + at.Text() + "()"
		if at.Outer().Parent().Is("binary_expression") && !at.Parent().Is("parenthesized_expression") {
			code = "(" + code + ")"
		}
		fix.Edits = append(fix.Edits, patch.Edit{Start: at.Start(), End: at.End(), New: code})
	}
	fix.Message = fmt.Sprintf("Call %s() with its %s where the effect ends", o.releases[0].Field("property").Text(), o.Kind.Noun)
	if sym := o.Handle.Symbol; !sym.Constant() && sym.Init().OK() {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("%s may be another one by then: which one is to be released?", sym.Name)})
	}
	return fix, nil
}

// onSomeWays reports whether something in a function stands around n that may leave it out or
// come to it again: a condition, a loop, a try; also are further kinds of nodes that count.
func onSomeWays(n, fn syntax.Node, also ...string) bool {
	up := n.Ancestor(append(also, "if_statement", "switch_case", "try_statement", "while_statement", "do_statement", "for_statement", "for_in_statement")...)
	return up.OK() && up != fn && up.Within(fn)
}
