package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// wrongRemoval finds a removal that was meant for this registration and cannot
// take it away, and that is no other one's.
func (s *scan) wrongRemoval(o *Obligation, in *instance, all []removal) (removal, string) {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b removal) int { return b.near() - a.near() }) // the likeliest first
	for _, r := range all {
		if r.call.File() != s.f || r.call.Function() == o.Call.Function() {
			continue
		}
		if r.target == different && r.event == same && r.f == same && r.flags && !s.claimed(o, in, r) {
			if other := partOfPage(r.call.Field("function").Inner(false).Field("object")); other != "" && partOfPage(o.target()) != "" {
				return r, "it is registered with " + squeeze(o.target()) + ", and taken from " + other
			}
		}
		if r.target == different || r.target == perhaps && !o.spelledAlike(r.call) {
			continue
		}
		why := ""
		switch {
		case r.event == same && r.f == same && !r.flags:
			why = "it is registered with another capture flag"
		case r.event == same && r.f == different && r.made:
			why = "the function named there is a new one, which was never registered"
		case r.event == same && r.f == different && s.madeHere(o):
			why = "the function that was registered is another one"
		case r.event == different && r.f == same:
			why = "it was registered for another event"
		default:
			continue
		}
		if !s.claimed(o, in, r) {
			return r, why
		}
	}
	for _, again := range s.found { // .on where .off was meant
		owner, member, _ := again.Call.InstanceAt()
		if again == o || again.Kind != o.Kind || owner != in.class.Node || o.Call.Within(member) {
			continue
		}
		if _, begun, _ := o.Call.InstanceAt(); !isTeardown(syntax.MemberName(member)) && !opposite(syntax.MemberName(begun), syntax.MemberName(member)) {
			continue
		}
		if s.sameTarget(o, again.target()) == same && sameEvent(o.event(), again.event()) == same && s.sameHandler(o.handler(), again.handler()) == same {
			return removal{call: again.Call}, "it is registered there once more"
		}
	}
	return removal{}, ""
}

// partOfPage is the name of what a page has one of, window or document.body; "" for all else.
func partOfPage(n syntax.Node) string {
	switch text := squeeze(n); {
	case n.Inner(false).Is("identifier") && n.Inner(false).Symbol() != nil:
	case slices.Contains([]string{"window", "document", "document.body", "document.documentElement"}, text):
		return text
	}
	return ""
}

// near says how near a removal comes to what it does not take away: one of the same event
// and function, but for a flag, is meant for it, and one of another event may be another's.
func (r removal) near() int {
	near := 0
	for _, like := range []likeness{r.event, r.f} {
		if like == same {
			near++
		}
	}
	return near
}

// spelledAlike reports whether a call takes away, letter by letter, what this
// one registers: of two parameters nobody knows whether they are the same.
func (o *Obligation) spelledAlike(call syntax.Node) bool {
	return squeeze(o.target()) == squeeze(call.Field("function").Inner(false).Field("object")) &&
		squeeze(o.event()) == squeeze(call.Field("arguments").Child(0)) && squeeze(o.handler()) == squeeze(call.Field("arguments").Child(1))
}

// madeHere reports whether the function is made where it is registered, by bind.
func (s *scan) madeHere(o *Obligation) bool { return isBind(o.handler().Inner(false)) }

// claimed reports whether a removal fits another registration of the class.
func (s *scan) claimed(o *Obligation, in *instance, r removal) bool {
	for n := range codeOf(in.class.Node) {
		if n == o.Call || !n.Is("call_expression") {
			continue
		}
		for _, c := range s.candidates(n) {
			if !c.kind.Registers() {
				continue
			}
			b, ok := c.acquire.Pattern.Match(n, nil)
			if !ok {
				continue
			}
			other := &Obligation{Kind: c.kind, Acquire: c.acquire, File: s.f, Call: n, At: n, Bindings: b}
			if m, ok := s.removalAt(other, r.call); ok && m.works() {
				return true
			}
		}
	}
	return false
}
