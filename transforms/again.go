package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A teardown may be called twice, by two who share the instance. What fails when it is
// released a second time makes that call fail, and what stands behind it does not run.

// endsTwice looks at teardowns that release what must not be released twice, and do not
// forget it.
func (s *scan) endsTwice() {
	if !s.Offers {
		return
	}
	for _, o := range slices.Clone(s.found) {
		if !o.Kind.OnlyOnce || o.Status != Met || o.Standing != Leak || o.Handle.Place != InField || !o.Owner.Node.IsClass() || len(o.releases) != 1 {
			continue
		}
		in, call := s.instance(o.Owner.Node), o.releases[0]
		t := in.teardown
		if t == nil || t.own.Field("body") != call.Statement().Parent() || in.host != nil || frameworkHook(t.name) || s.looksBefore(o, in, call) {
			continue
		}
		c := *o
		c.At, c.Steps, c.Status, c.Standing = call, slices.Clone(o.Steps), Moved, Offer
		s.unmet(&c, MissingPath, []ExitPlace{{call, t.name + "() may be called twice"}})
		c.Form, c.gist, c.Refusal = formForget{}, nil, nil
		s.rate(&c)
		s.found = append(s.found, &c)
	}
}

// looksBefore reports whether a teardown asks anything before a release, so that it may
// know of an earlier call, writes the field, or tells others.
func (s *scan) looksBefore(o *Obligation, in *instance, call syntax.Node) bool {
	own := in.teardown.own
	for n := range own.Field("body").Descendants() {
		if n.Is("if_statement", "ternary_expression", "try_statement", "optional_chain") && n.Start() <= call.End() || n.Is("return_statement") {
			return true
		}
	}
	return slices.ContainsFunc(in.refs[o.Handle.Field], func(ref syntax.Node) bool {
		return syntax.IsWrite(ref) && ref.Within(own)
	})
}

// formForget lets a teardown forget what it has released, so that it may be called
// again.
type formForget struct{}

func (formForget) Name() string { return "forget" }

func (formForget) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	handle := receiver(o.At).Inner(false)
	st := styleOf(s.f)
	m, declared := memberNamed(in.members, o.Handle.Field)
	optional := declared && (m.Node.HasToken("?") && !s.Project.TSConfigOf(s.f.Path).ExactOptional || hasNothing(syntax.Annotation(m.Node), "undefined"))
	if st.ts && !optional || declared && m.Node.HasToken("readonly") {
		return nil, refuse(TooEntangled, "%s is declared as if it were always there", o.Handle.Field)
	}
	if name, own := handle.ThisField(); !own || name != o.Handle.Field {
		return nil, refuse(TooEntangled, "it is released by another name")
	}
	stmt := o.At.Statement()
	var edits []patch.Edit
	src := string(s.f.Src())
	end := handle.Outer().End()
	if between := src[handle.End():end]; src[end] != '.' || between != "" && between != "!" {
		return nil, refuse(TooEntangled, "how it is released leaves no room for a question")
	}
	edits = append(edits, patch.Edit{Start: handle.End(), End: end, New: "?"})
	edits = append(edits, st.after(stmt, handle.Text()+" = undefined;"))
	return &Fix{
		Plan: p, Edits: edits,
		Notes:   []Note{{Unsafe, fmt.Sprintf("%s is gone after %s(): does anything use it then?", handle.Text(), in.teardown.name)}},
		Message: fmt.Sprintf("Let %s() of %s be called twice", in.teardown.name, p.Owner.Name),
	}, nil
}
