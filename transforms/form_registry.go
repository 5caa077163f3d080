package transforms

import (
	"fmt"
	"strings"
)

// formRegistry gives a registry that only grows a way out and an end.
type formRegistry struct{}

func (formRegistry) Name() string { return "registry exit" }

func (formRegistry) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	release := o.Kind.Release[0].Pattern
	key := o.Bindings[o.Kind.Keyed]
	name := release.Anchor
	if e.taken[name] {
		return nil, refuse(NameTaken, "%s is something else in this class", name)
	}
	param := key.Text()
	if typ := key.Symbol().Type(); typ.OK() {
		param += ": " + typ.Text()
	}
	returns := ""
	if e.st.ts {
		returns = ": void"
	}
	call := instantiate(release, o, "")
	if registry := o.Bindings[o.Kind.Retainer]; e.st.ts && mayBeUndefined(registry) {
		call = strings.Replace(call, registry.Text()+".", registry.Text()+"?.", 1)
	}
	e.methods = append(e.methods, method(fmt.Sprintf("%s%s(%s)%s", e.public(), name, param, returns), []string{call + ";"}))
	all := o.Bindings[o.Kind.Retainer].Text() + "?." + name + "()"
	if in.teardown == nil {
		e.note(Unsafe, fmt.Sprintf("%s has no teardown; what is never removed stays until the instance is collected", nameOf(in.class.Node)))
	} else if no := e.tearDown(work{steps: []step{{plain: all + ";"}}}); no != nil {
		return nil, no
	}
	e.note(Unsafe, fmt.Sprintf("the registry is bounded by the number of keys unless callers make up new ones: do they, and who will call %s()?", name))
	return &Fix{Plan: p, Edits: e.finish(), Notes: e.notes, Message: fmt.Sprintf("Give the registry of %s a way out", nameOf(in.class.Node))}, nil
}
