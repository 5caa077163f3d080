package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A teardown that only names a release ends nothing:
//
//	this.client.close;
//	this.client.close.bind(this.client);
//
// Whoever wrote it meant to call it.

// judgeNamed judges what is kept in a field and whose release the teardown names without
// calling it. It says nothing (false) where none is.
func (s *scan) judgeNamed(o *Obligation, in *instance, field string) bool {
	t := in.teardown
	if t == nil || !t.own.OK() {
		return false
	}
	for _, ref := range in.refs[field] {
		method := ref.Outer().Parent()
		if !method.Is("member_expression") || method.Field("object").Inner(false) != ref || !s.isReleaseName(o.Kind, method.Field("property").Text()) ||
			method.Parent().Field("function") == method || !onlyNamed(method) || !s.reached(in).runs(ref) {
			continue
		}
		s.unmet(o, WrongRelease, []ExitPlace{{method, "its release is named, and not called"}})
		o.Form, o.gist = formNamed{}, method
		return true
	}
	return false
}

// formNamed calls a release that is only named.
type formNamed struct{}

func (formNamed) Name() string { return "call" }

func (formNamed) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	method := o.gist.(syntax.Node)
	stmt := method.Statement()
	if !stmt.Is("expression_statement") || !stmt.Child(0).OK() {
		return nil, refuse(TooEntangled, "what names the release is no statement of its own")
	}
	code := method.Text() + "()" // as whoever wrote it meant
	fn := method.Function()
	f := &Fix{Plan: p, Message: fmt.Sprintf("Call the release of the %s of %s", o.Kind.Noun, p.Owner.Name)}
	f.Notes = append(f.Notes, Note{Unsafe, fmt.Sprintf("the %s was never released here, and is now: does anything rely on it?", o.Kind.Noun)})
	switch {
	case o.Kind.Fails == Rejects && fn.IsAsync():
		code = "await " + code
	case o.Kind.Fails == Rejects:
		f.Notes = append(f.Notes, Note{Unsafe, fmt.Sprintf("%s does not wait for the release, and is not told where that fails", nameOf(fn))})
	}
	f.Edits = []patch.Edit{{Start: stmt.Child(0).Start(), End: stmt.Child(0).End(), New: code}}
	return f, nil
}
