package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A field holds one target at a time. A method that puts another one there and
// takes some registrations away from the one before leaves those that it forgets
// for as long as that one lives, whatever the teardown does with the new one.

// judgeReplaced judges a registration with what a field holds, where a method that
// replaces it takes others away. It says nothing (false) where there is none.
func (s *scan) judgeReplaced(o *Obligation, in *instance, all []removal) bool {
	field, isField := strings.CutPrefix(s.placeKey(o.target(), 6), "this.")
	if !isField || strings.ContainsAny(field, "?.([") || o.firesOnce() {
		return false
	}
	for _, write := range in.refs[field] {
		p := write.Outer().Parent()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != write || isNothing(p.Field("right").Inner(true)) || p.Field("right").Is("false") {
			continue
		}
		owner, member, _ := p.InstanceAt()
		fn := syntax.FunctionOf(member)
		if owner != in.class.Node || !fn.OK() || fn.IsConstructor() || wrapsField(p.Field("right"), field, 2) && (o.Call.Within(fn) || s.endOfTarget(o, in).OK()) {
			continue // what is made from the one before ends it, too
		}
		beside := slices.DeleteFunc(siblings(all), func(r removal) bool {
			return r.call.File() != s.f || !r.call.Within(fn) || !s.takenFromOld(r.call, o, p) || s.sameListener(o, r)
		})
		if len(beside) == 0 || !s.leftBehind(o, in, all, fn, p, field) {
			continue
		}
		line, _ := s.f.Position(beside[0].call.Start())
		o.Evidence = append(o.Evidence, fmt.Sprintf("line %d takes away another from the one before", line))
		way := NeverReleased
		if slices.ContainsFunc(all, removal.works) {
			way = MissingPath
		}
		s.unmet(o, way, []ExitPlace{{p, p.Field("left").Text() + " is replaced"}})
		o.gist, o.Form = beside, formBeside{}
		return true
	}
	return false
}

// wrapsField reports whether what is put somewhere is made from what a field holds: to do so again
// with what has come of that is not what it is for.
//
//	const options = { socket: this.socket }; this.socket = tls.connect(options);
func wrapsField(value syntax.Node, field string, hops int) bool {
	value = value.Inner(true)
	if !value.Is("call_expression", "new_expression", "object") || hops == 0 {
		return false
	}
	parts := value.Field("arguments")
	if value.Is("object") {
		parts = value
	}
	for part := range parts.Children() {
		if part.Is("pair") {
			part = part.Field("value")
		}
		if name, own := part.Inner(false).ThisField(); own && name == field {
			return true
		}
		if sym := part.Inner(false).Symbol(); part.Is("identifier") && sym != nil && sym.Constant() && wrapsField(sym.Init(), field, hops-1) || part.Is("object") && wrapsField(part, field, hops) {
			return true
		}
	}
	return false
}

// takenFromOld reports whether a removal is from what was in the field before it
// is filled anew: it comes before, or names a variable that has kept it.
func (s *scan) takenFromOld(call syntax.Node, o *Obligation, write syntax.Node) bool {
	target := s.targetOf(o, call).Inner(false)
	if sym := target.Symbol(); target.Is("identifier") && sym != nil {
		init := sym.Init()
		_, ok := init.Inner(false).ThisField()
		return ok && init.End() <= write.Start()
	}
	return call.End() <= write.Start() && call.Function() == write.Function()
}

// sameListener reports whether a removal may be of this registration, by event and
// function, whatever the flags.
func (s *scan) sameListener(o *Obligation, r removal) bool {
	return r.event != different && r.f != different
}

// leftBehind reports whether a registration may be there when its target is
// replaced, and is not taken away then: what else takes it away is the teardown.
func (s *scan) leftBehind(o *Obligation, in *instance, all []removal, fn, write syntax.Node, field string) bool {
	if o.Call.Within(fn) && o.Call.Start() < write.Start() {
		return false
	}
	r := s.reachOf(in, fn)
	if r.opaque && !in.whole {
		return false
	}
	for _, m := range all {
		if !m.works() {
			continue
		}
		if m.call.File() != s.f || r.runs(m.call) || in.teardown == nil || !in.teardown.own.OK() || !s.reached(in).runs(m.call) {
			return false
		}
	}
	for n := range fn.Descendants() { // the one before ends there
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		if name := callee.Field("property").Text(); !isTeardown(name) && !enders[name] && !strings.HasPrefix(name, "removeAll") {
			continue
		}
		if key := s.placeKey(callee.Field("object"), 6); key == "this."+field {
			return false
		}
	}
	return true
}
