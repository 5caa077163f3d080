package transforms

import (
	"iter"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// removal is a call that takes some registration away.
type removal struct {
	call   syntax.Node
	target likeness // how each part fits the registration that is asked about
	event  likeness
	f      likeness
	flags  bool // the capture flags are the same
	made   bool // it names a function that is made on the spot, and so was never registered
}

// works reports whether it may take the registration away.
func (r removal) works() bool {
	return r.target != different && r.event != different && r.f != different && r.flags
}

// removals finds the calls in some code that might end the registration o, or
// others with the same target.
func (s *scan) removals(o *Obligation, code iter.Seq[syntax.Node]) []removal {
	var out []removal
	for n := range code {
		if !n.Is("call_expression") || n == o.Call {
			continue
		}
		if r, ok := s.removalAt(o, n); ok {
			out = append(out, r)
		}
	}
	return out
}

func (s *scan) removalAt(o *Obligation, n syntax.Node) (removal, bool) {
	callee := n.Field("function").Inner(false)
	if callee.Is("subscript_expression") { // el[add ? 'on' : 'off'](..)
		target := s.sameTarget(o, callee.Field("object"))
		if _, literal := callee.Field("index").StringValue(); !literal && n.Field("arguments").Len() > 1 && (target == same || s.namesRelease(o, callee.Field("index"))) {
			return removal{n, target, sameEvent(o.event(), n.Field("arguments").Child(0)), perhaps, true, false}, true
		}
		return removal{}, false
	}
	if isBare(callee) && o.Acquire.Pattern.Anchor == "addEventListener" {
		m := removal{call: n, target: alike(s.placeKey(o.target(), 6), "global window"), event: sameEvent(o.event(), n.Field("arguments").Child(0))}
		given := n.Field("arguments").Child(1)
		m.f, m.made, m.flags = s.sameHandler(o.handler(), given), strings.HasPrefix(s.handlerKey(given), "made "), sameCapture(o.Call, n)
		return m, m.works() // how to mend one that does not is not known
	}
	if !s.isReleaseName(o.Kind, callee.Field("property").Text()) && !o.isReleasedBy(callee) {
		return removal{}, false
	}
	if m, ok := s.removalByMap(o, n); ok {
		return m, true
	}
	best, found := removal{}, false
	for _, r := range o.Kind.Release {
		b, ok := r.Pattern.Match(n, nil)
		if !ok {
			continue
		}
		m := removal{call: n, target: s.sameTarget(o, b[o.Kind.Retainer]), event: same, f: same, flags: true}
		if !o.Kind.ByFunction() {
			m.f = perhaps // whichever is registered now
		}
		for _, v := range r.Pattern.Vars {
			switch given := b[v]; {
			case v == o.Kind.Retainer || !given.OK():
			case v == handlerHole:
				m.f = s.sameHandler(o.handler(), given)
				m.made = strings.HasPrefix(s.handlerKey(given), "made ")
				m.flags = sameCapture(o.Call, n)
			default:
				m.event = sameEvent(o.event(), given)
			}
		}
		if !found || m.works() && !best.works() {
			best, found = m, true
		}
	}
	return best, found
}

// isBare reports whether a function takes listeners away from the window without naming it.
func isBare(callee syntax.Node) bool {
	return callee.Is("identifier") && callee.Symbol() == nil && callee.Text() == "removeEventListener"
}

// namesRelease reports whether one of the strings in an expression is the name of a release.
func (s *scan) namesRelease(o *Obligation, n syntax.Node) bool {
	for d := range n.Descendants() {
		if name, ok := d.StringValue(); ok && s.isReleaseName(o.Kind, name) {
			return true
		}
	}
	return false
}

// removalByMap reads a removal of several at once: map.off({ move: this.draw }, this).
// A map that is made elsewhere may name any.
func (s *scan) removalByMap(o *Obligation, n syntax.Node) (removal, bool) {
	args := n.Field("arguments")
	events := args.Child(0).Inner(false)
	if args.Len() > 2 || args.Len() == 2 && !args.Child(1).IsThis() {
		return removal{}, false
	}
	m := removal{call: n, target: s.sameTarget(o, n.Field("function").Inner(false).Field("object")), event: perhaps, f: perhaps, flags: true}
	switch {
	case events.Is("object"):
		m.event = different
		for c := range events.Children() {
			key := c.Field("key")
			if name, ok := o.event().Inner(false).StringValue(); !ok || !c.Is("pair") {
				m.event = perhaps
			} else if value, quoted := key.StringValue(); slices.Contains(strings.Fields(name), key.Text()) || quoted && value == name {
				m.event, m.f = same, s.sameHandler(o.handler(), c.Field("value"))
				return m, true
			}
		}
		return m, true
	case events.Is("identifier", "member_expression", "call_expression") && args.Len() == 2:
		return m, true
	}
	return removal{}, false
}

func (s *scan) sameTarget(o *Obligation, n syntax.Node) likeness {
	if s.keptAsField(o.target(), n) {
		return same
	}
	return alike(s.placeKey(o.target(), 6), s.placeKey(n, 6))
}

// keptAsField reports whether a field holds what a registration is with: the function
// that registers fills it with what is written there, too.
func (s *scan) keptAsField(target, n syntax.Node) bool {
	field, own := n.Inner(false).ThisField()
	class, _ := n.Inner(false).FieldOwner()
	if !own || !class.OK() || !target.Inner(true).Is("member_expression") || class.File() != s.f {
		return false
	}
	text := squeeze(target)
	return slices.ContainsFunc(s.refsIn(class)[field], func(r syntax.Node) bool {
		p := r.Outer().Parent()
		return p.Is("assignment_expression") && p.Field("left").Inner(false) == r && r.Function() == target.Function() && squeeze(p.Field("right")) == text
	})
}

func (s *scan) sameHandler(a, b syntax.Node) likeness {
	x, y := s.handlerKey(a), s.handlerKey(b)
	if strings.HasPrefix(x, "made ") || strings.HasPrefix(y, "made ") {
		return different
	}
	return alike(x, y)
}

// sameCapture compares the capture flags of addEventListener and
// removeEventListener: one that is added with it is not removed without.
func sameCapture(add, remove syntax.Node) bool {
	a, sure := captures(add)
	b, too := captures(remove)
	return !sure || !too || a == b
}

func captures(call syntax.Node) (capture, sure bool) {
	if !strings.HasSuffix(calleeName(call), "EventListener") {
		return false, true
	}
	switch n := call.Field("arguments").Child(2).Inner(false); n.Kind() {
	case "", "false":
		return false, true
	case "true":
		return true, true
	case "object":
		for c := range n.Children() {
			if c.Is("spread_element") {
				return false, false
			}
			if c.Field("key").Text() == "capture" {
				return c.Field("value").Is("true"), c.Field("value").Is("true", "false")
			}
		}
		return false, true
	}
	return false, false
}

// isReleasedBy reports whether a function is the release that goes with the function of a
// module that registers: off(..) of on(..).
func (o *Obligation) isReleasedBy(callee syntax.Node) bool {
	if !o.Acquire.Pattern.Rooted() {
		return false
	}
	origin, ok := callee.Origin()
	return ok && o.Acquire.fromModule(origin) && slices.ContainsFunc(o.Kind.Release, func(r Release) bool { return r.Pattern.Rooted() && r.Pattern.IsAt(origin) })
}

// switches reports whether the function around a removal adds the very same again, on
// another way: it tells whether to listen, and ends nothing.
func (s *scan) switches(o *Obligation, r removal) bool {
	given := squeeze(r.call.Field("arguments"))
	if o.Call.Function().IsConstructor() && s.addedByMethod(o, given) || s.toldOfEnd(o, r.call) {
		return true
	}
	for n := range homeOf(r.call).Descendants() {
		if n.Is("call_expression") && calleeName(n) == o.Acquire.Pattern.Anchor && squeeze(n.Field("arguments")) == given && isInsteadOf(n, r.call) {
			return true
		}
	}
	return false
}

// isInsteadOf reports whether two calls stand in the two branches of an if.
func isInsteadOf(a, b syntax.Node) bool {
	for p := a.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if parts(p, a, b) {
			return true
		}
	}
	return false
}

// addedByMethod reports whether what a removal names is only ever added by methods, and
// not where the instance is made: the removal is the counterpart of those.
func (s *scan) addedByMethod(o *Obligation, given string) bool {
	added := false
	for n := range codeOf(o.Owner.Node) {
		if !n.Is("call_expression") || calleeName(n) != o.Acquire.Pattern.Anchor || squeeze(n.Field("arguments")) != given {
			continue
		}
		if homeOf(n).IsConstructor() {
			return false
		}
		added = true
	}
	return added
}

// toldOfEnd reports whether the method around a removal is what listens for an end, and
// for nothing else: what it takes something away from is over then.
func (s *scan) toldOfEnd(o *Obligation, call syntax.Node) bool {
	_, member, _ := call.InstanceAt()
	refs := s.refsIn(o.Owner.Node)[syntax.MemberName(member)]
	return len(refs) > 0 && !slices.ContainsFunc(refs, func(r syntax.Node) bool {
		use := bound(r)
		return !callbackOf(use).ends && !isTakenAway(r)
	})
}

// inMethod reports whether a call is made by a method that can be called to end
// something, and not by the constructor or a function that runs some day.
func inMethod(call syntax.Node) bool {
	fn := homeOf(call)
	_, member, _ := call.InstanceAt()
	return fn.OK() && !fn.IsConstructor() && (fn == member || fn == syntax.FunctionOf(member))
}

// siblings are removals of others from the very same target, which is named.
func siblings(all []removal) []removal {
	var out []removal
	for _, r := range all {
		if r.target == same && !isBare(r.call.Field("function").Inner(false)) {
			out = append(out, r)
		}
	}
	return out
}
