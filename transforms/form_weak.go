package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formWeak lets a collection under objects forget those that nobody else knows.
type formWeak struct{}

func (formWeak) Name() string { return "weak keys" }

func (formWeak) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	c := o.gist.(*growth).collection
	name := c.made.Field("constructor")
	edits := []patch.Edit{{Start: name.Start(), End: name.End(), New: o.Kind.Weak}}
	if t := syntax.Annotation(c.decl); t.OK() {
		if !t.Is("generic_type") || t.Field("name").Text() != name.Text() {
			return nil, refuse(TooEntangled, "%s is declared as a %s", c.name, shorten(t.Text()))
		}
		t = t.Field("name")
		edits = append(edits, patch.Edit{Start: t.Start(), End: t.End(), New: o.Kind.Weak})
	}
	return &Fix{
		Plan: p, Edits: edits,
		Notes:   []Note{{Unsafe, fmt.Sprintf("an entry of %s goes with its key: is every key an object, and does whoever asks for an entry ask with the very same one?", c.name)}},
		Message: fmt.Sprintf("Let %s forget what it has of objects that are gone", c.name),
	}, nil
}
