package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/patch"
)

// formUnsubscribe lets a method that takes a function to call return another that
// ends that.
type formUnsubscribe struct{}

func (formUnsubscribe) Name() string { return "unsubscribe" }

func (formUnsubscribe) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	fn := o.Call.Function()
	stmt := o.Call.Outer().Parent()
	body := fn.Field("body")
	switch {
	case !stmt.Is("expression_statement") || stmt.Parent() != body || notEmpty(stmt.NextNamed()).OK():
		return nil, refuse(TooEntangled, "%s does more once it has filed the function", nameOf(fn))
	case fn.IsAsync(), fn.IsGenerator(), fn.Field("name").Text() == "constructor", fn.HasToken("set"):
		return nil, refuse(TooEntangled, "what %s returns cannot be another function", nameOf(fn))
	}
	st := styleOf(s.f)
	var edits []patch.Edit
	if t := fn.Field("return_type").Child(0); t.OK() {
		if t.Text() != "void" {
			return nil, refuse(TooEntangled, "%s returns something already", nameOf(fn))
		}
		edits = append(edits, patch.Edit{Start: t.Start(), End: t.End(), New: "() => void"})
	}
	release := fill(o.Kind.Release[0].Pattern, o, nil) + ";"
	if !o.Kind.Lenient {
		release = fmt.Sprintf("if (%s) {\n\t\t%s\n\t}", fill(o.Kind.Lookup[0], o, nil), release)
	}
	edits = append(edits, st.after(stmt, st.fit("return () => {\n\t"+release+"\n};")))
	return &Fix{
		Plan: p, Edits: edits,
		Notes: []Note{
			{Unsafe, fmt.Sprintf("who calls %s has to keep what it returns now, and to call it in the end; until they do, nothing is gained", nameOf(fn))},
			{Unsafe, "a function that is filed twice is taken away once, or for both; one that is taken away while all are called may let the next be left out"},
		},
		Message: fmt.Sprintf("Let %s return what ends it", nameOf(fn)),
	}, nil
}
