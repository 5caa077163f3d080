package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A handle that is a value may be kept by something that shows it: img.src = url. An
// instance that releases the one before, each time that it shows another, knows that it
// is its own, and leaves the last.

// judgeShown looks at a handle that is kept in a property of something which a field of
// the instance holds. It says nothing (false) where it is not released to make room for
// another, or may be released elsewhere.
func (s *scan) judgeShown(o *Obligation) bool {
	class, member := o.Call.ThisClass()
	place := widen(o.Call).Parent().Field("left").Inner(false)
	key := s.placeKey(place, 6)
	_, held := place.Field("object").ThisField()
	if !o.Kind.Copied || !class.IsClass() || !held || syntax.MemberName(member) == "constructor" {
		return false
	}
	var before []syntax.Node
	for n := range codeOf(class) {
		if !n.Is("call_expression") {
			continue
		}
		arg := n.Field("arguments").Child(0)
		if !s.releases(o, n, arg) {
			continue
		}
		if n.Function() != o.Call.Function() || s.shownKey(arg) != key {
			return false
		}
		before = append(before, n)
	}
	in := s.instance(class)
	if len(before) == 0 || len(in.computed) > 0 || in.whole && in.teardown == nil || s.lasts(class, onceHops) {
		return false
	}
	if in.teardown != nil && (!in.teardown.own.OK() || slices.Contains([]syntax.Node{in.teardown.own}, o.Call.Function())) {
		return false
	}
	o.Owner = ownerOf(class, o.Handle)
	o.releases = before
	o.step(before[0], "%s, only to make room for another", shorten(before[0].Text()))
	exits := in.left()
	if len(exits) == 0 {
		exits = []ExitPlace{{place, "the last one stays"}}
	}
	s.unmet(o, MissingPath, exits)
	o.Form = formClass{}
	o.Refusal = refuse(Borrowed, "%s may also hold what is not from here; release what it holds last where the instance ends", shorten(place.Text()))
	return true
}

// shownKey is the place that a value was read from, by a constant, perhaps, or with
// something else for nothing: const old = this.img.src || ”.
func (s *scan) shownKey(n syntax.Node) string {
	n = n.Inner(false)
	if sym := n.Symbol(); sym != nil && n.Is("identifier") && sym.Constant() {
		n = sym.Init().Inner(false)
	}
	if op := n.Field("operator").Text(); n.Is("binary_expression") && (op == "||" || op == "??") {
		n = n.Field("left")
	}
	return s.placeKey(n, 6)
}
