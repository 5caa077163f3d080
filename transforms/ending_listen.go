package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// judgeEnding judges what is registered by a function, or one in it, that says how all
// ends which it began, and whose end leaves that. It says nothing (false) of all else.
func (s *scan) judgeEnding(o *Obligation) bool {
	event, _ := o.event().Inner(false).StringValue()
	if o.firesOnce() || comesOnce[event] || !s.steadyTarget(o) || !s.emits(o) {
		return false
	}
	for home := o.Call.Function(); home.OK(); home = home.Function() {
		if isInline(home) {
			continue
		}
		e, ok := s.endingOf(home)
		if !ok {
			continue
		}
		if o.Call.Within(e.fn) || !s.belongsTo(o, home) {
			return false
		}
		why := s.whyOutlives(o, e)
		if why == "" || s.mayTakeAway(o, e) {
			return false
		}
		o.Owner = Owner{OwnerClosure, nameOf(home), home}
		o.Evidence = append(o.Evidence, why)
		at := e.fn
		if name := functionName(e.fn); name != nil {
			at = name.Node
		}
		s.unmet(o, NeverReleased, []ExitPlace{{at, e.called() + " leaves it"}})
		if e.wrong = s.wrongAtEnd(o, e); e.wrong.OK() {
			o.releases = []syntax.Node{e.wrong}
			s.unmet(o, WrongRelease, []ExitPlace{{e.wrong, "another function is named there than was registered"}})
		}
		o.gist, o.Form = e, formEnding{}
		return true
	}
	return false
}

// comesOnce are events of the page that come once, however long somebody listens.
var comesOnce = map[string]bool{"load": true, "DOMContentLoaded": true, "unload": true, "pagehide": true, "beforeunload": true}

// belongsTo reports whether what is registered is a function of its own each time that
// home runs, and whether home may run several times.
func (s *scan) belongsTo(o *Obligation, home syntax.Node) bool {
	fn := o.handlerFunction()
	return fn.OK() && fn.Within(home) && fn != home && !s.once(o.Call, onceHops) && !s.runsOnce(home) && !s.guardedIn(o, home)
}

// whyOutlives says why the target of a registration outlives what the function around it
// began, or the registration harms what has ended; "" where that does not show.
func (s *scan) whyOutlives(o *Obligation, e homeEnd) string {
	key := s.placeKey(o.target(), 6)
	if (strings.HasPrefix(key, "global ") || strings.HasPrefix(key, "module ")) && !strings.Contains(key, "(") && s.before(o.target(), e.home) {
		return e.called() + " ends all else"
	}
	sym := o.target().Inner(false).Symbol()
	if sym == nil || sym.Kind != syntax.Parameter || !e.home.Within(sym.Decl.Function()) {
		return ""
	}
	for _, fn := range e.code {
		for _, r := range s.removals(o, fn.Field("body").Descendants()) {
			if r.target == same {
				line, _ := s.f.Position(r.call.Start())
				return fmt.Sprintf("line %d takes away another from the same", line)
			}
		}
	}
	return s.beginsEnded(o, e)
}

// beginsEnded says what the function that is registered begins anew which the end
// releases: it goes on after that then.
func (s *scan) beginsEnded(o *Obligation, e homeEnd) string {
	var code []syntax.Node
	for _, fn := range s.reachedFrom([]syntax.Node{o.handlerFunction()}) {
		code = append(code, fn.Field("body"))
	}
	for _, x := range s.found {
		if x == o || x.Kind.Registers() || !inOneOf(code, x.Call) {
			continue
		}
		h, _ := s.locate(x)
		if h.Symbol == nil || h.Symbol.Decl.Function() != e.home {
			continue
		}
		for _, ref := range h.Symbol.Refs {
			if inOneOf(e.code, ref) && s.releaseAt(x, ref).OK() {
				return fmt.Sprintf("it begins the %s anew that the end releases", x.Kind.Noun)
			}
		}
	}
	return ""
}

// mayTakeAway reports whether something may take a registration away in a way that is
// not understood, or is the end itself.
func (s *scan) mayTakeAway(o *Obligation, e homeEnd) bool {
	if name := ownName(e.fn); name != "" {
		for n := range o.handlerFunction().Field("body").Descendants() {
			if n.Is("call_expression") && calleeName(n) == name {
				return true // it is what ends it all
			}
		}
	}
	if slices.ContainsFunc(s.removals(o, e.home.Descendants()), func(r removal) bool { return r.f != different && r.target != different && r.event != different }) {
		return true
	}
	handler := o.handler().Inner(false)
	if sym := handler.Symbol(); handler.Is("identifier") && sym != nil {
		for _, r := range sym.Refs {
			if args := r.Outer().Parent(); args.Is("arguments") && inOneOf(e.code, args) {
				return true // it is handed to somebody at the end
			}
		}
	}
	return false
}

// wrongAtEnd is a call at the end that was meant to take a registration away, and names
// another function; the zero Node for none.
func (s *scan) wrongAtEnd(o *Obligation, e homeEnd) syntax.Node {
	for _, fn := range e.code {
		for _, r := range s.removals(o, fn.Field("body").Descendants()) {
			if given := s.functionOf(o, r.call).Inner(false); r.target == same && r.event == same && r.f == different && r.flags && fn.Within(e.home) && given.Is("identifier") && !slices.ContainsFunc(s.found, func(x *Obligation) bool {
				return x != o && x.Kind == o.Kind && x.Call.Within(e.home) && s.sameHandler(x.handler(), given) != different
			}) {
				return r.call
			}
		}
	}
	return syntax.Node{}
}

// formEnding takes what a function registered away where it says how all ends.
type formEnding struct{}

func (formEnding) Name() string { return "ending" }

func (formEnding) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	e, st := p.Obligations[0].gist.(homeEnd), styleOf(s.f)
	fix := &Fix{Message: fmt.Sprintf("Take away what %s registers, where that ends", p.Owner.Name)}
	var mended []*Obligation
	var code []string
	var no *Refusal
	taken := map[string]bool{}
	for _, o := range slices.Backward(p.Obligations) {
		handler, edits, why := s.nameForEnd(o, e, taken)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		fix.Edits = append(fix.Edits, edits...)
		mended = append(mended, o)
		if wrong := o.gist.(homeEnd).wrong; wrong.OK() {
			fix.Edits = append(fix.Edits, patch.Edit{Start: wrong.Start(), End: wrong.End(), New: s.writeRemoval(o, s.targetOf(o, wrong).Text(), handler, wrong)})
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("line %d did nothing until now: does anything rely on the %s still being there after it?", lineOfNode(wrong), o.Kind.Noun)})
			continue
		}
		code = append(code, s.writeRemoval(o, o.targetText(), handler, syntax.Node{}))
	}
	if len(mended) == 0 {
		return nil, no
	}
	slices.Reverse(mended)
	if e.told {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("is %s called whenever that ends which %s() began?", e.called(), p.Owner.Name)})
	}
	if len(code) > 0 {
		fix.Edits = append(fix.Edits, st.beginWith(e.fn, code...)...)
	}
	fix.Plan = p.only(mended...)
	return fix, nil
}

// nameForEnd is how the end names the function that is registered, with the edits that
// make sure that it can.
func (s *scan) nameForEnd(o *Obligation, e homeEnd, taken map[string]bool) (string, []patch.Edit, *Refusal) {
	if ev := o.event(); ev.OK() && !steady(s.f, ev) {
		return "", nil, refuse(TooEntangled, "the event is computed")
	}
	if root := rootOf(o.target()).Symbol(); root != nil && (slices.ContainsFunc(root.Refs, syntax.IsWrite) && !root.Constant() || root.Kind == syntax.Parameter && !e.fn.Within(root.Decl.Function())) {
		return "", nil, refuse(TooEntangled, "%s may be something else by then", root.Name)
	}
	if !o.Kind.ByFunction() {
		return "", nil, nil
	}
	n := o.handler().Inner(false)
	if sym := n.Symbol(); n.Is("identifier") {
		switch {
		case sym.Kind == syntax.Function && e.fn.Within(sym.Decl.Parent()), sym.Constant() && sym.Visible(e.fn):
			return sym.Name, nil, nil
		}
		return "", nil, refuse(TooEntangled, "%s cannot be seen where all ends", sym.Name)
	}
	stmt := o.Handle.Value.Statement()
	if stmt.Parent() != e.home.Field("body") || stmt.End() > e.fn.Start() {
		return "", nil, refuse(TooEntangled, "the function that is registered has no name, and may be made several times")
	}
	if x := s.owedWithin(n, nil); x != nil {
		return "", nil, refuse(TooEntangled, "the function that is registered owes something itself, in line %d", lineOfNode(x.At))
	}
	used := nameTaken(e.home)
	name := freshName(handlerName(o), func(name string) bool { return used(name) || taken[name] })
	taken[name] = true
	edits, no := s.hoist(o, stmt, name)
	return name, edits, no
}
