package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A one-shot that ends something by force, if that has not ended by itself, and whose
// handle is dropped: where the function hears of that end, nothing is left to force.

// judgeForced looks at a dropped one-shot of a function that listens for the end of
// what the one-shot ends.
func (s *scan) judgeForced(o *Obligation) {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	home := o.Call.Function()
	if o.Status != Met || o.Standing != Leak || !o.Kind.OneShot || o.Kind.Registers() || o.Kind.Fails != Never || o.Handle.Place != Discarded ||
		!callback.IsFunction() || !home.OK() || isExecutor(home) || isImmediate(o) || s.unreferenced(o) || callbackOf(home).repeats || s.runsOnce(home) {
		return
	}
	g := &guard{s: s, o: o, in: &instance{}, callback: &runs{code: []syntax.Node{callback.Field("body")}}}
	if owner, _, _ := o.Call.InstanceAt(); owner.OK() {
		g.in = s.instance(owner)
	}
	var found []missedEnd
	for _, l := range s.listeningIn(g.in, []syntax.Node{home.Field("body")}) {
		fn := l.given.Inner(false)
		if overEvents[l.event] < 3 || !strings.HasPrefix(l.key, "?") || !g.endsTarget(l.key) || !onlyEndsOne(callback) || !isEndOf(l.target, home) {
			continue
		}
		if fn.Within(o.Call) || o.Call.Within(fn) {
			return
		}
		if !o.Call.Within(l.call.Ancestor("statement_block", "switch_case", "switch_default")) {
			return // it does not always hear of the end
		}
		m := missedEnd{listening: l}
		if fn.IsFunction() && l.call.Function() == home {
			m.fn = fn
		}
		found = append(found, m)
	}
	if inLoop(o.Call, home) {
		return
	}
	if end, ok := s.awaitsEnd(g, home, callback); ok && len(found) == 0 && o.Call.Function() == home {
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.Form, o.gist = formAwaitedEnd{}, end
		for i := range o.Steps {
			o.Steps[i].Text = strings.TrimPrefix(o.Steps[i].Text, "met: ")
		}
		s.unmet(o, NeverReleased, []ExitPlace{{end.promise, "'" + end.event + "' of " + shorten(end.target.Text()) + " leaves it"}})
		return
	}
	if len(found) == 0 {
		return
	}
	o.Owner = Owner{OwnerBlock, nameOf(home), home}
	o.Form, o.gist = formForced{}, found
	for i := range o.Steps {
		o.Steps[i].Text = strings.TrimPrefix(o.Steps[i].Text, "met: ")
	}
	m := found[0]
	s.unmet(o, NeverReleased, []ExitPlace{{m.given, "'" + m.event + "' of " + shorten(m.target.Text()) + " leaves it"}})
}

// isEndOf reports whether a target is a variable or parameter of a function, or of
// one around: the same one for the listener and for the one-shot.
func isEndOf(target, home syntax.Node) bool {
	sym := target.Inner(false).Symbol()
	return sym != nil && (sym.Kind == syntax.Parameter || sym.Constant()) && home.Within(sym.Decl.Function())
}

// onlyEndsOne reports whether a callback does nothing but end one thing, perhaps if it
// has not ended, and say so.
func onlyEndsOne(callback syntax.Node) bool {
	for n := range callback.Field("body").Own() {
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		name := callee.Field("property").Text()
		if !isTeardown(name) && name != "abort" && !isLogging(callee) && !inCondition(n) {
			return false
		}
	}
	return true
}

// inLoop reports whether n runs more than once each time a function does.
func inLoop(n, home syntax.Node) bool {
	loop := n.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement")
	return loop.OK() && loop.Within(home)
}

// formForced keeps a one-shot in a variable, and releases it where its target tells
// that it has ended.
type formForced struct{}

func (formForced) Name() string { return "forced end" }

func (formForced) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o, home := p.Obligations[0], p.Owner.Node
	found := o.gist.([]missedEnd)
	if slices.ContainsFunc(found, func(m missedEnd) bool { return !m.fn.OK() }) {
		return nil, refuse(TooEntangled, "what is told of '%s' is no function of this one", found[0].event)
	}
	var refs []settle
	for _, m := range found {
		refs = append(refs, settle{ref: m.given})
	}
	name, edits, no := s.declareAround(o, home, refs)
	if no != nil {
		return nil, no
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Edits: edits, Message: fmt.Sprintf("Release the %s when '%s' is told", o.Kind.Noun, found[0].event)}
	fix.Notes = []Note{{Unsafe, fmt.Sprintf("the %s is cancelled when '%s' is told: does anything rely on its callback running all the same?", o.Kind.Noun, found[0].event)}}
	done := map[int32]bool{}
	for _, m := range found {
		if !done[m.fn.ID()] {
			done[m.fn.ID()] = true
			fix.Edits = append(fix.Edits, styleOf(s.f).beginWith(m.fn, release)...)
		}
	}
	return fix, nil
}
