package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// judgeChild: a class makes another of itself and does not remember it.
func (s *scan) judgeChild(o *Obligation) {
	class, _ := o.Call.ThisClass()
	in := s.instance(class)
	o.Owner = Owner{OwnerClass, nameOf(class), class}
	if in.teardown == nil {
		o.step(o.Call, "moved: the class has no end")
		return
	}
	if h, _ := s.sink(o, Handle{}, widen(o.Call)); h.Place == InSet || h.Place == InField {
		o.step(o.Call, "met: the parent keeps it")
		o.Status = Met
		return
	} else if h.Symbol != nil {
		for _, r := range h.Symbol.Refs {
			if field, _, ok := collectionOf(r.Outer().Parent().Parent()); ok {
				o.step(r, "met: the parent keeps it in %s", field)
				o.Status = Met
				return
			}
		}
	}
	o.step(o.Call, "moved: returned to the caller")
	if s.Offers {
		o.Standing = Offer
		s.unmet(o, NeverReleased, nil)
		o.Form = formChildren{}
	}
}

// judgeEntry: something filed in a registry under a key. A registry of others
// outlives the instance; its own only grows.
func (s *scan) judgeEntry(o *Obligation) {
	if o.Kind.Identity {
		s.judgeAnew(o)
		return
	}
	class, member := o.Call.ThisClass()
	registry := o.Bindings[o.Kind.Retainer]
	field, own := registry.ThisField()
	if !class.IsClass() || !own {
		o.step(o.Call, "moved: the registry belongs to somebody else")
		return
	}
	in := s.instance(class)
	o.Owner = Owner{OwnerClass, nameOf(class), class}
	for _, ref := range in.refs[field] {
		m := ref.Outer().Parent()
		if m.Is("member_expression") && s.isReleaseName(o.Kind, m.Field("property").Text()) {
			o.Status = Met
			o.step(m, "met: the registry has a way out")
			return
		}
	}
	o.step(o.Call, "met: the registry ends with the instance")
	o.Status = Met
	key := o.Bindings[o.Kind.Keyed]
	sym := key.Symbol()
	if !s.Offers || sym == nil || sym.Kind != syntax.Parameter || !member.Is("method_definition") ||
		sym.Decl.Field("value").OK() || sym.Decl.Is("required_parameter") && sym.Decl.Field("pattern") != sym.Node {
		return // a fixed set of keys, or one that cannot be declared again
	}
	for _, other := range s.found {
		if other != o && other.Status == Unmet && other.Kind == o.Kind && other.Owner.Node == class {
			return // one way out serves all
		}
	}
	o.Standing = Offer
	s.unmet(o, NeverReleased, nil)
	o.Form = formRegistry{}
}

// shutdowns looks at resources of an instance whose release tells by a
// callback, or a promise, when it is done, and finds the places that do not wait for it.
func (s *scan) shutdowns() {
	if !s.Offers {
		return
	}
	seen := map[int32]bool{}
	for _, o := range slices.Clone(s.found) {
		if o.Handle.Place != InField {
			continue
		}
		if o.Status == Moved || !o.Owner.Node.IsClass() || len(o.Kind.Release) == 0 || !o.Kind.Release[0].Done && o.Kind.Fails != Rejects {
			continue
		}
		in := s.instance(o.Owner.Node)
		tells := "a callback"
		if !o.Kind.Release[0].Done {
			tells = "a promise"
		}
		for _, call := range o.releases {
			method := methodOf(call, in)
			if at := receiver(call).Inner(false); at.Is("member_expression") {
				if _, own := at.ThisField(); !own {
					continue // of whatever has a field of that name
				}
			}
			if seen[call.ID()] || !method.OK() || method.IsConstructor() || !s.canWait(o, in, method, call) || call.Field("arguments").Len() > 0 || !call.Parent().Is("expression_statement") {
				continue
			}
			seen[call.ID()] = true
			c := *o
			c.At, c.Steps, c.Status = call, slices.Clone(o.Steps), Moved
			c.Standing = Offer
			c.Evidence = append(slices.Clone(o.Evidence), "released by "+shorten(call.Text())+", which tells by "+tells+" when it is done")
			s.unmet(&c, MissingPath, []ExitPlace{{call, "nothing waits for it"}})
			c.Form, c.gist, c.Refusal = formShutdown{}, method, nil
			s.rate(&c)
			s.found = append(s.found, &c)
		}
	}
}

// methodOf is the method of the class in which n runs, directly.
func methodOf(n syntax.Node, in *instance) syntax.Node {
	fn := n.Function()
	if fn.Is("method_definition") && fn.Class() == in.class.Node {
		return fn
	}
	return syntax.Node{}
}

// canWait reports whether a method could wait for a release: any for one that tells by
// a callback, which nobody sees who does not pass one; for a promise, which somebody may
// have left alone on purpose, the teardown that others wait for, or could.
func (s *scan) canWait(o *Obligation, in *instance, method, call syntax.Node) bool {
	first := o.Kind.Release[0]
	if first.Done {
		return true
	}
	if in.host != nil || in.teardown == nil || in.teardown.own != method || frameworkHook(in.teardown.name) || !isAsync(method) {
		return false
	}
	_, ok := first.Pattern.MatchCallee(call, nil)
	return ok
}
