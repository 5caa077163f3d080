package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// releasedByHeirs reports whether the teardown of a class calls a method that the class
// leaves to its heirs, and each of them releases there what is in a field.
func (s *scan) releasedByHeirs(o *Obligation, in *instance) bool {
	t := in.teardown
	if t == nil || !t.own.OK() || o.Handle.Place != InField || !in.class.Node.IsClass() {
		return false
	}
	for n := range t.own.Field("body").Own() {
		name, own := n.Field("function").Inner(false).ThisField()
		if !n.Is("call_expression") || !own {
			continue
		}
		for _, m := range in.members {
			if m.Name == name && m.IsAbstract() && s.eachHeirReleases(o, in.class, name) {
				o.Status = Met
				o.step(n, "met: what fills in %s() releases it", name)
				return true
			}
		}
	}
	return false
}

// eachHeirReleases reports whether there are classes that extend another, and all of them
// release in a method what that one keeps in a field.
func (s *scan) eachHeirReleases(o *Obligation, above project.Class, method string) bool {
	released := false
	for _, ref := range s.Project.HeirsOf(s.ctx, above.Node, above.Name()) {
		class := ref.Ancestor("class_heritage").Parent()
		if ref.Ancestor("type_arguments", "arguments").Within(class) || !class.IsClass() {
			continue
		}
		if released = s.at(class).releasesIn(o, class, method); !released {
			return false
		}
	}
	return released
}

// releasesIn reports whether a method of a class releases what is in a field of the same
// name as that of an acquisition elsewhere.
func (s *scan) releasesIn(o *Obligation, class syntax.Node, method string) bool {
	for _, m := range syntax.Members(class) {
		if m.Name != method || !m.Function().OK() {
			continue
		}
		for n := range m.Function().Field("body").Own() {
			if name, ok := n.ThisField(); ok && name == o.Handle.Field && s.releaseAt(o, n).OK() {
				return true
			}
		}
	}
	return false
}

// closedByField reports whether what is in a field was, under the name that it had before,
// given to a function that releases it, and that is kept in a field by the name of a
// teardown:
//
//	this.socket = socket; this.close = () => socket.close();
func (s *scan) closedByField(o *Obligation, in *instance) bool {
	for _, ref := range in.refs[o.Handle.Field] {
		p := ref.Outer().Parent()
		sym := p.Field("right").Inner(false).Symbol()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref || sym == nil || !sym.Constant() {
			continue
		}
		home := sym.Decl.Function()
		if !home.IsConstructor() {
			continue
		}
		for _, u := range s.usesOf(o, sym, maxHops) {
			if u.effect != released || u.at.Function() == home {
				continue
			}
			for _, l := range s.lift(u, home, maxHops) {
				kept := l.at.Outer().Parent()
				name, own := kept.Field("left").Inner(false).ThisField()
				if l.effect == moved && kept.Is("assignment_expression") && kept.Field("right").Inner(false) == l.at && own && isTeardown(name) {
					o.Status = Met
					o.step(l.at, "met: released by %s()", name)
					return true
				}
			}
		}
	}
	return false
}

// leftToHeirs is a call of the teardown, or of what that runs, which nothing that can be
// seen answers and whose name is that of an end, as doClose(): who extends the class fills
// it in, and may release there what the class keeps. The zero Node for none.
func (s *scan) leftToHeirs(in *instance) syntax.Node {
	if in.teardown == nil || !in.teardown.own.OK() || in.host != nil || in.hosted {
		return syntax.Node{}
	}
	for name, refs := range in.refs {
		if !endsSomething(name) || slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == name }) ||
			slices.ContainsFunc(in.ancestors, func(c project.Class) bool { return memberIn(c.Node, name) }) || slices.ContainsFunc(refs, syntax.IsWrite) {
			continue
		}
		for _, ref := range refs {
			if ref.Parent().Field("function") == ref && s.reached(in).runs(ref) {
				return ref
			}
		}
	}
	return syntax.Node{}
}

// endsSomething reports whether a name is that of a teardown, with a word before it: doClose.
func endsSomething(name string) bool {
	for _, before := range []string{"do", "_do", "_", "internal", "on"} {
		if rest, ok := strings.CutPrefix(name, before); ok && slices.ContainsFunc(teardownNames, func(t string) bool { return strings.EqualFold(t, rest) }) {
			return true
		}
	}
	return false
}

func memberIn(class syntax.Node, name string) bool {
	return slices.ContainsFunc(syntax.Members(class), func(m syntax.Member) bool { return m.Name == name })
}
