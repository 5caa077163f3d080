package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formSuper lets a teardown go on to the one that it overrides, whatever happens
// before:
//
//	try {
//		this.stop();
//	} finally {
//		super.dispose();
//	}
type formSuper struct{}

func (formSuper) Name() string { return "super" }

func (formSuper) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	t := in.teardown
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	call := e.inherited(t.name)
	body := t.own.Field("body")
	switch {
	case t.own.IsGenerator() || wantsArguments(t.above):
		return nil, refuse(TooEntangled, "the %s() of %s wants arguments", t.name, nameOf(t.aboveIn.Node))
	case hasReturnedValue(t.own):
		return nil, refuse(TooEntangled, "%s() returns something already", t.name)
	case isAsync(declaration(t.above)) && !t.own.IsAsync():
		return nil, refuse(NotAsync, "the %s() of %s must be awaited, and that of %s is not async", t.name, nameOf(t.aboveIn.Node), p.Owner.Name)
	case isAsync(declaration(t.above)):
		call = "await " + call
	}
	fix := &Fix{
		Plan: p, Message: fmt.Sprintf("Go on to the %s() of %s", t.name, nameOf(t.aboveIn.Node)),
		Notes: []Note{{Unsafe, fmt.Sprintf("was the %s() of %s left out on purpose?", t.name, nameOf(t.aboveIn.Node))}},
	}
	st := e.st
	outer := indentAt(s.f, t.own.Start())
	if body.Len() == 0 {
		fix.Edits = []patch.Edit{{Start: body.Start(), End: body.End(), New: "{" + st.eol + st.lines(outer, "\t"+st.fit(call)) + st.eol + outer + "}"}}
		return fix, nil
	}
	first, last := body.Child(0), body.Child(body.Len()-1)
	start, end := s.f.LineStart(first.Start()), lineEndAfter(s.f, last.End())
	if start <= body.Start() || end >= body.End() {
		return nil, refuse(TooEntangled, "%s() stands on one line", t.name)
	}
	indent := indentAt(s.f, first.Start())
	if !s.mayStop(body) {
		fix.Edits = []patch.Edit{{Start: end, End: end, New: st.eol + st.lines(indent, st.fit(call))}}
		return fix, nil
	}
	fix.Edits = st.openTry(s.f, start, end, indent, 1)
	fix.Edits = appendAt(fix.Edits, patch.Edit{Start: end, End: end, New: st.eol + st.lines(indent, "} finally {", st.fit("\t"+call), "}")})
	return fix, nil
}

// mayStop reports whether a body may be left before its end is reached.
func (s *scan) mayStop(body syntax.Node) bool {
	for n := range body.Own() {
		if n.Is("return_statement", "throw_statement", "await_expression") || n.Is("call_expression", "new_expression") && s.throws(n) {
			return true
		}
	}
	return false
}
