package transforms

import (
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A component may keep a handle in the things that it holds, row.poll = setInterval(..), and
// release it by a method that takes one of them out. Where its end does not come to that,
// all that are left then stay.

// judgeKeptInThing judges what an instance keeps in a thing, and releases out of things, but
// not at its end. It says nothing (false) of all else.
func (s *scan) judgeKeptInThing(o *Obligation) bool {
	place := widen(o.Call).Parent().Field("left").Inner(false)
	sym := place.Field("object").Inner(false).Symbol()
	if o.Kind.OneShot || !o.Kind.Alone && !o.Kind.Copied || !place.Is("member_expression") || sym == nil || s.f.TopLevel(sym.Name) == sym {
		return false
	}
	class, member := s.ownerAt(o.Call)
	if !class.OK() || isTeardown(member) {
		return false
	}
	in := s.instance(class)
	view := in.hosted || in.host != nil && in.host.view
	if in.teardown == nil || !view && !in.teardown.own.OK() || in.lasting || len(in.computed) > 0 || class.IsClass() && s.lasts(class, onceHops) {
		return false
	}
	ends := s.reached(in)
	if ends.opaque {
		return false
	}
	name := place.Field("property").Text()
	var releases []syntax.Node
	for n := range codeOf(class) {
		if !n.Is("member_expression") || n == place || n.Field("property").Text() != name {
			continue
		}
		call := s.releaseAt(o, n)
		switch {
		case !call.OK():
		case call.Function() == o.Call.Function(), ends.runs(call), s.calledByOthers(in, call), !inSomeMethod(call):
			return false
		default:
			releases = append(releases, call)
		}
	}
	if len(releases) == 0 || s.keptAbove(o, in, name) {
		return false
	}
	o.Owner = ownerOf(class, o.Handle)
	o.releases = releases
	for _, r := range releases {
		o.step(r, "%s, to which %s() does not come", shorten(r.Text()), in.teardown.name)
	}
	s.unmet(o, MissingPath, in.left())
	o.Form = formClass{}
	o.Refusal = refuse(TooEntangled, "%s() would have to go through all that hold one: call what line %d does there for each", in.teardown.name, lineOfNode(releases[0]))
	return true
}

// inSomeMethod reports whether a call stands in a method, or in a function that one makes,
// and not in the constructor.
func inSomeMethod(call syntax.Node) bool {
	_, member, _ := call.InstanceAt()
	fn := syntax.FunctionOf(member)
	return fn.OK() && !fn.IsConstructor() && call.Within(fn)
}

// keptAbove reports whether what an instance inherits, or is mixed with, releases what is
// kept under a name.
func (s *scan) keptAbove(o *Obligation, in *instance, name string) bool {
	others := append([]syntax.Node{}, in.mixins...)
	for _, c := range in.ancestors {
		others = append(others, c.Node)
	}
	for _, c := range others {
		for n := range codeOf(c) {
			if n.Is("member_expression") && n.Field("property").Text() == name && s.at(c).releaseAt(o, n).OK() {
				return true
			}
		}
	}
	return !in.whole
}
