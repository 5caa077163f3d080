package transforms

import (
	"fmt"
	"slices"
	"sync"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A teardown that overrides another one, and does not call it, takes its place: what
// the class above releases there stays, in every instance of the class below.

// overriding asks that of the classes of the file. What stands above is judged in its
// own file, by the same rules.
func (s *scan) overriding() {
	if s.hops < maxHops {
		return // asked by another file: what classes below owe does not concern it
	}
	for id := range s.f.NodeCount() {
		class := s.f.Node(int32(id))
		if !class.IsClass() || !syntax.Extends(class).OK() || !hasTeardown(class) || callsAbove(class) {
			continue
		}
		in := s.instance(class) // which may parse what is above
		t := in.teardown
		if !in.whole || t == nil || !t.own.Is("method_definition") || t.abstract || !t.above.Function().Field("body").OK() || len(in.computed) > 0 {
			continue
		}
		if base := s.paidAbove(in); base != nil {
			s.found = append(s.found, s.overridden(in, base))
		}
	}
}

// hasTeardown reports whether a class declares a method that may be a teardown.
func hasTeardown(class syntax.Node) bool {
	return slices.ContainsFunc(syntax.Members(class), func(m syntax.Member) bool {
		return m.Node.Is("method_definition") && !m.Static && (isTeardown(m.Name) || hostTeardowns()[m.Name])
	})
}

// hostTeardowns are the methods that hosts call at the end.
var hostTeardowns = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, h := range slices.Concat(classHosts, baseHosts, []classHost{controllers}) {
		out[h.teardown] = true
		for _, other := range h.others {
			out[other] = true
		}
	}
	return out
})

// callsAbove reports whether the teardown of a class may run the one that it
// overrides: by super, or by the name of what the class extends.
func callsAbove(class syntax.Node) bool {
	base := syntax.Extends(class)
	for n := range codeOf(class) {
		if n.Is("super") && !n.Function().IsConstructor() || n.Is("identifier") && n.Text() == base.Text() && !n.Within(base) {
			return true
		}
	}
	return false
}

// paidAbove is a debt of every instance of a class that only the overridden teardown
// pays; nil for none.
func (s *scan) paidAbove(in *instance) *Obligation {
	above := in.teardown.aboveIn
	if !s.IsCandidate(above.File.Src()) {
		return nil
	}
	there := s
	if above.File != s.f {
		there = s.scan(s.ctx, above.File, s.hops-1)
	}
	base := there.instance(above.Node)
	if base.teardown == nil || base.teardown.name != in.teardown.name {
		return nil
	}
	for _, o := range there.found {
		if o.Owner.Node != above.Node || o.Status != Met || o.Standing != Leak || o.Kind.OneShot || o.Handle.Place != InField && o.Handle.Place != InSet {
			continue
		}
		if len(in.refs[o.Handle.Field]) > 0 || len(in.taken[o.Handle.Field]) > 0 || has(in.members, o.Handle.Field) || !s.stillAcquired(in, o) {
			continue
		}
		for _, r := range o.releases {
			if r.Within(in.teardown.above.Node) {
				return o
			}
		}
	}
	return nil
}

// stillAcquired reports whether instances of a class acquire what one above does: in
// its constructor, a field, or a method that the class does not override.
func (s *scan) stillAcquired(in *instance, o *Obligation) bool {
	_, member := o.Call.ThisClass()
	switch {
	case !member.OK():
		return false
	case member.IsConstructor(), !member.Is("method_definition"):
		return true
	}
	name := syntax.MemberName(member)
	return !has(in.members, name) && (syntax.Accessibility(member) == "" || syntax.Accessibility(member) == "public" || s.runsMethod(in, name))
}

// runsMethod reports whether a class, or one above it, mentions a method of its own.
func (s *scan) runsMethod(in *instance, method string) bool {
	for _, c := range in.ancestors {
		if len(s.at(c.Node).refsIn(c.Node)[method]) > 0 {
			return true
		}
	}
	return len(in.refs[method]) > 0
}

func has(members []syntax.Member, name string) bool {
	_, ok := memberNamed(members, name)
	return ok
}

// overridden is the debt as one of the class below, which stands where its teardown does.
func (s *scan) overridden(in *instance, base *Obligation) *Obligation {
	t := in.teardown
	name := t.own.Field("name")
	line, _ := base.File.Position(base.Call.Start())
	o := &Obligation{
		Kind: base.Kind, Acquire: base.Acquire, File: s.f, Call: t.own, At: name, Handle: base.Handle, Standing: Leak, Form: formSuper{},
		Owner:    Owner{OwnerClass, nameOf(in.class.Node), in.class.Node},
		Evidence: append([]string{fmt.Sprintf("%s() of %s releases it (%s:%d)", t.name, nameOf(t.aboveIn.Node), base.File.Path, line)}, base.Evidence...),
	}
	o.step(name, "%s() takes the place of that of %s, and does not call it", t.name, nameOf(t.aboveIn.Node))
	s.unmet(o, WrongRelease, []ExitPlace{{name, fmt.Sprintf("the %s() of %s is not called", t.name, nameOf(t.aboveIn.Node))}})
	s.rate(o)
	return o
}
