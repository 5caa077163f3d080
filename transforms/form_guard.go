package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formGuard asks, before something is acquired, whether the instance has ended
// while an answer was waited for:
//
//	if (this.closed) return;
type formGuard struct{}

func (formGuard) Name() string { return "guard" }

func (formGuard) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(o.Owner.Node)
	fn := o.Call.Function()
	flag := in.endFlag(o.Handle.Field)
	stmt := o.Call.Statement()
	switch {
	case flag == "":
		return nil, refuse(TooEntangled, "%s() sets nothing that would tell that it was called", in.teardown.name)
	case o.Call.Outer().Is("await_expression"):
		return nil, refuse(TooEntangled, "what is to become of the %s that comes too late is for a person to say", o.Kind.Noun)
	case isExecutor(fn) || givesValue(fn):
		return nil, refuse(TooEntangled, "what %s is to give its caller then is for a person to say", nameOf(fn))
	case !inBlock(stmt):
		return nil, refuse(TooEntangled, "there is no place before the acquisition")
	}
	if of, _ := o.Call.ThisClass(); of != o.Owner.Node {
		return nil, refuse(TooEntangled, "this is something else where the %s is acquired", o.Kind.Noun)
	}
	return &Fix{
		Plan:    p,
		Edits:   []patch.Edit{styleOf(s.f).before(stmt, "if (this."+flag+") return;")},
		Notes:   []Note{{Unsafe, fmt.Sprintf("whoever waits for the %s hears nothing if %s() was called meanwhile: is anybody told in another way?", o.Kind.Noun, in.teardown.name)}},
		Message: fmt.Sprintf("Acquire no %s once %s() was called", o.Kind.Noun, in.teardown.name),
	}, nil
}

// endFlag is a field that the teardown itself sets to true, whatever happens.
func (in *instance) endFlag(handle string) string {
	for stmt := range in.teardown.own.Field("body").Children() {
		a := stmt.Child(0)
		if !stmt.Is("expression_statement") || !a.Is("assignment_expression") || !a.Field("right").Inner(false).Is("true") {
			continue
		}
		if name, ok := a.Field("left").Inner(false).ThisField(); ok && name != handle && a.Field("left").Field("object").Is("this") {
			return name
		}
	}
	return ""
}

// givesValue reports whether a function returns anything.
func givesValue(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return true
	}
	for n := range body.Own() {
		if n.Is("return_statement") && n.Child(0).OK() && !n.Child(0).Is("comment") {
			return true
		}
	}
	return false
}
