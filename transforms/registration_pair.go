package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Of two one-shots that wait for different events of one target, the one whose event
// did not come stays. Outside of a promise that shows where both give the same answer,
// or where one of them takes the other away, and the other does not.

// judgePair judges a one-shot of which another one, in the same function, is the
// other half. It says nothing (false) where that does not show.
func (s *scan) judgePair(o *Obligation, home syntax.Node) bool {
	if event, _ := o.event().Inner(false).StringValue(); !o.Kind.OneShot || tellsOfLast(event) || s.madeWithin(o.target(), home) {
		return false
	}
	sym := rootOf(o.target()).Symbol()
	given := sym != nil && sym.Kind == syntax.Parameter // maybe for this one wait
	in := &instance{}
	if owner, _, _ := o.Call.InstanceAt(); owner.OK() {
		in = s.instance(owner)
	}
	mine := s.runsOf(in, true, s.runBy(in, o.handler())...)
	for _, x := range s.found {
		if x == o || x.Kind != o.Kind || x.Call.Function() != o.Call.Function() || s.sameTarget(x, o.target()) != same || sameEvent(x.event(), o.event()) != different {
			continue
		}
		event, literal := x.event().Inner(false).StringValue()
		if !literal || slices.Contains(o.Kind.Over, event) {
			continue
		}
		first := s.runsOf(in, true, s.runBy(in, x.handler())...)
		if len(first.code) == 0 || s.takenIn(o, first) || s.endsIn(o, first) {
			continue
		}
		why, way := "", NeverReleased
		switch {
		case s.takenIn(x, mine) && !s.takenIn(o, mine): // else it tidies up at the end of both
			why, way = "it takes the one for '"+event+"' away, and that one leaves it", MissingPath
		case !given && x.begins() && !o.begins() && s.oneAnswer(o, x, home):
			why = "both give the answer, and the one for '" + event + "' leaves it"
		default:
			continue
		}
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.Evidence = append(o.Evidence, why)
		s.unmet(o, way, []ExitPlace{{x.handler(), "'" + event + "' comes first"}})
		o.gist, o.Form = x, formPair{}
		return true
	}
	return false
}

// comesAtLast are events that come when their target ends: no listener for one stays.
var comesAtLast = map[string]bool{"close": true, "end": true, "exit": true, "finish": true}

// tellsOfLast reports whether an event is one of those, or says by its last word that what
// it names is over, as that of a dialog does however it went: pickerClosed, popup:hidden.
func tellsOfLast(event string) bool {
	words := wordsOf(strings.NewReplacer(":", "_", "-", "_", ".", "_").Replace(event))
	return comesAtLast[event] || len(words) > 1 && overWords[words[len(words)-1]]
}

var overWords = map[string]bool{"closed": true, "ended": true, "finished": true, "hidden": true, "dismissed": true, "removed": true}

// takenIn reports whether some code takes a registration away.
func (s *scan) takenIn(o *Obligation, r *runs) bool {
	for _, body := range r.code {
		if slices.ContainsFunc(s.removals(o, body.Descendants()), removal.works) {
			return true
		}
	}
	return false
}

// endsIn reports whether some code ends what a registration is with.
func (s *scan) endsIn(o *Obligation, r *runs) bool {
	key := s.placeKey(o.target(), 6)
	for _, body := range r.code {
		for n := range body.Descendants() {
			callee := n.Field("function").Inner(false)
			name := callee.Field("property").Text()
			if n.Is("call_expression") && (isTeardown(name) || enders[name]) && alike(s.placeKey(callee.Field("object"), 6), key) == same {
				return true
			}
		}
	}
	return false
}

// oneAnswer reports whether the functions of two registrations call the same one that
// the function around was given for its answer.
func (s *scan) oneAnswer(a, b *Obligation, home syntax.Node) bool {
	return slices.ContainsFunc(parametersOf(home), func(sym *syntax.Symbol) bool {
		return answerNames[sym.Name] && leadsToAnswer(a.handler(), sym) && leadsToAnswer(b.handler(), sym)
	})
}

// leadsToAnswer reports whether a function that is registered is, mentions or is made by
// one that mentions a parameter.
func leadsToAnswer(n syntax.Node, sym *syntax.Symbol) bool {
	if mentions(n, sym) {
		return true
	}
	n = n.Inner(false)
	if n.Is("call_expression") {
		return mentions(syntax.CalledFunction(n).Field("body"), sym)
	}
	if f := n.Symbol(); f != nil && f.Kind == syntax.Function {
		return mentions(f.Decl.Field("body"), sym)
	}
	return mentions(n.Symbol().Init(), sym)
}

// formPair takes a one-shot away first of all where the other one fires.
type formPair struct{}

func (formPair) Name() string { return "pair" }

func (formPair) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	other := o.gist.(*Obligation)
	event, _ := other.event().Inner(false).StringValue()
	fn := other.handlerFunction()
	if !fn.OK() {
		return nil, refuse(TooEntangled, "what is told of '%s' is no function that stands here", event)
	}
	inline := other.handler().Inner(false) == fn
	if !fn.Field("body").Is("statement_block") && !inline || fn.Field("body").Is("object") {
		return nil, refuse(TooEntangled, "the value of %s() may be looked at elsewhere", nameOf(fn))
	}
	how, no := s.promisedRemoval(o)
	if no != nil {
		return nil, no
	}
	if name := how.unknownAt(fn.Field("body"), p.Owner.Node); name != "" {
		return nil, refuse(TooEntangled, "%s is not in scope where '%s' is told", name, event)
	}
	fix := &Fix{
		Plan: p, Edits: append(how.edits, styleOf(s.f).beginWith(fn, how.release)...),
		Message: fmt.Sprintf("Take the %s away when '%s' comes first", o.Kind.Noun, event),
	}
	if mine, _ := o.event().Inner(false).StringValue(); mine == "error" {
		fix.Notes = append(fix.Notes, Note{Unsafe, "an 'error' that comes later is thrown, and not swallowed, if nobody else listens: does anybody?"})
	} else {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("does anything rely on '%s' being heard after '%s'?", mine, event)})
	}
	if !inline && s.otherCalls(fn, other.handler()) {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("%s() is called elsewhere, too: is that an end as well?", methodName(fn))})
	}
	return fix, nil
}
