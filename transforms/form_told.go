package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// formTold releases a timer first of all where a listener is told that what it
// guards is over.
type formTold struct{}

func (formTold) Name() string { return "told" }

func (formTold) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	missed := o.gist.([]missedEnd)
	if !missed[0].fn.OK() {
		return nil, refuse(TooEntangled, "what is told of '%s' of %s is no function of this file", missed[0].event, shorten(missed[0].target.Text()))
	}
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s when '%s' is told", o.Kind.Noun, missed[0].event)}
	done := map[int32]bool{}
	for _, m := range missed {
		if !m.fn.OK() || done[m.fn.ID()] {
			continue
		}
		done[m.fn.ID()] = true
		if no := s.releaseWhenTold(fix, o, m); no != nil {
			return nil, no
		}
	}
	return fix, nil
}

// releaseWhenTold lets one listener release the timer first of all.
func (s *scan) releaseWhenTold(fix *Fix, o *Obligation, m missedEnd) *Refusal {
	fn := m.fn
	inline := m.given.Inner(false) == fn
	if !fn.Field("body").Is("statement_block") && !inline {
		return refuse(TooEntangled, "the value of %s() may be looked at elsewhere", nameOf(fn))
	}
	how, no := s.handleAt(o, fn)
	if no != nil {
		return no
	}
	release, no := s.writeRelease(o, how)
	if no != nil {
		return no
	}
	release = s.asReleased(o, release)
	note := func(format string, args ...any) {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf(format, args...)})
	}
	if e := (&classEdit{s: s, st: styleOf(s.f)}); m.field {
		e.in = s.instance(fix.Plan.Owner.Node)
		if e.mayBeNull(o) {
			release = "if (" + how + ") " + release
		}
		if !o.Call.Function().IsConstructor() {
			note("%s may be armed again: is '%s' of an earlier one ever told after that?", how, m.event)
		}
	}
	code := []string{release}
	if nothing := s.emptiedWith(o); nothing != "" {
		code = append(code, how+" = "+nothing)
	}
	if o.Kind.OneShot && !(overEvents[m.event] > 2 && s.onlyEndsTarget(o, m.key)) {
		note("the %s is cancelled when '%s' is told: does anything rely on its callback running all the same?", o.Kind.Noun, m.event)
	}
	if !inline && s.otherCalls(fn, m.given) {
		note("%s() is called elsewhere, too: is that an end as well?", methodName(fn))
	}
	fix.Edits = append(fix.Edits, styleOf(s.f).beginWith(fn, code...)...)
	return nil
}

// onlyEndsTarget reports whether the callback of a one-shot does nothing but end a
// target: there is nothing left to do where that has ended.
func (s *scan) onlyEndsTarget(o *Obligation, key string) bool {
	body := o.Call.Field("arguments").Child(0).Inner(false).Field("body")
	ends := func(n syntax.Node) bool {
		callee := n.Inner(false).Field("function").Inner(false)
		name := callee.Field("property").Text()
		return (isTeardown(name) || name == "abort") && s.placeKey(callee.Field("object"), 6) == key
	}
	if !body.Is("statement_block") {
		return ends(body)
	}
	for stmt := range body.Children() {
		if !stmt.Is("expression_statement") || !ends(stmt.Child(0)) {
			return false
		}
	}
	return true
}

// handleAt is how a handle is written in a function.
func (s *scan) handleAt(o *Obligation, fn syntax.Node) (string, *Refusal) {
	if sym := o.Handle.Symbol; o.Handle.Place != InField {
		if body := fn.Field("body"); !body.Within(sym.Scope()) || shadowed(body, sym.Decl.Function(), sym.Name, sym) {
			return "", refuse(TooEntangled, "%s is not in scope in %s", sym.Name, nameOf(fn))
		}
		return sym.Name, nil
	}
	owner, _, name := fn.Field("body").InstanceAt()
	if owner != o.Handle.Of {
		return "", refuse(TooEntangled, "the instance cannot be named in %s", nameOf(fn))
	}
	return name + "." + o.Handle.Field, nil
}

// asReleased writes a release as the file has it: Timers.clearTimeout.
func (s *scan) asReleased(o *Obligation, release string) string {
	for _, r := range o.releases {
		callee := r.Field("function").Inner(false)
		root := callee.Field("object").Inner(false)
		if !callee.Is("member_expression") || !root.Is("identifier") || root.Symbol() != nil && s.f.TopLevel(root.Text()) != root.Symbol() {
			continue
		}
		if first := o.Kind.Release[0].Pattern; first.Rooted() && callee.Field("property").Text() == first.Anchor {
			return root.Text() + "." + release
		}
	}
	return release
}

// emptiedWith is what the code leaves in the place of a handle right behind its
// release, "" for no change.
func (s *scan) emptiedWith(o *Obligation) string {
	for _, r := range o.releases {
		n := r.Outer().Parent().NextNamed().Child(0)
		if !r.Outer().Parent().Is("expression_statement") || !n.Is("assignment_expression") {
			continue
		}
		left := n.Field("left").Inner(false)
		field, _ := left.ThisField()
		if same := o.Handle.Place == InField && field == o.Handle.Field || o.Handle.Place != InField && left.Symbol() == o.Handle.Symbol; same && isNothing(n.Field("right")) {
			return n.Field("right").Text()
		}
	}
	return ""
}

// otherCalls reports whether a function is mentioned other than where it is given.
func (s *scan) otherCalls(fn, given syntax.Node) bool {
	var refs []syntax.Node
	if name := functionName(fn); name != nil {
		refs = name.Refs
	} else if owner, member := fn.ThisClass(); owner.OK() && syntax.FunctionOf(member) == fn {
		refs = s.refsIn(owner)[syntax.MemberName(member)]
	}
	for _, r := range refs {
		if !r.Within(given) && !isTakenAway(r) {
			return true
		}
	}
	return false
}
