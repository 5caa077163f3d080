package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What files things under the very object that it is given finds them again only where
// it is given the same one. Code that makes the object anew at each call has it file
// another each time, and nothing takes those out.

// since reads the key of a kind whose debt came with a release of its module.
func (h *header) since(n int, value string) error {
	var at string
	h.kind.Since, at, _ = strings.Cut(value, " ")
	v, ok := project.ParseVersion(at)
	if h.kind.SinceV = v; !ok {
		return h.fail(n, "since: want a module and a release, got %q", value)
	}
	return nil
}

// judgeAnew looks at what a function files, in something that outlives its calls, under
// an object that it makes each time.
func (s *scan) judgeAnew(o *Obligation) {
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	switch {
	case !s.Offers, !fn.OK(), s.runsOnce(fn):
		o.step(o.Call, "moved: filed once")
		return
	case !s.filesInLasting(o):
		o.step(o.Call, "moved: what it is filed in may end with the call")
		return
	case !s.madeAnew(o).OK():
		o.step(o.Call, "moved: filed under what may be the same each time")
		return
	case !s.usedUp(o):
		o.step(o.Call, "moved: what is made of it may be kept")
		return
	}
	o.Standing = Offer
	s.unmet(o, NeverReleased, nil)
	o.Form = formHoist{}
}

// filesInLasting reports whether what something is filed in is there before the call
// and behind it: a constant of the module, or a field that the constructor fills.
func (s *scan) filesInLasting(o *Obligation) bool {
	registry := o.Bindings[o.Kind.Retainer].Inner(false)
	if sym := registry.Symbol(); registry.Is("identifier") && sym != nil {
		return s.f.TopLevel(sym.Name) == sym && (sym.Constant() || sym.Kind == syntax.Imported)
	}
	field, own := registry.ThisField()
	class, _ := o.Call.ThisClass()
	if !own || !class.IsClass() || isInMaking(o) {
		return false
	}
	return !slices.ContainsFunc(s.refsIn(class)[field], func(ref syntax.Node) bool {
		return syntax.IsWrite(ref) && !ref.Function().IsConstructor()
	})
}

// madeAnew is the literal that the object under which something is filed is made by, in
// the same call; the zero Node where it may be another.
func (s *scan) madeAnew(o *Obligation) syntax.Node {
	key := o.Bindings[o.Kind.Keyed].Inner(true)
	if sym := key.Symbol(); key.Is("identifier") && sym != nil {
		if sym.Kind != syntax.Variable || !sym.Constant() || sym.Decl.Function() != o.Call.Function() || !sym.Decl.Field("name").Is("identifier") {
			return syntax.Node{}
		}
		for _, r := range sym.Refs {
			if !syntax.IsWrite(r) && !r.Outer().Parent().Is("arguments") {
				return syntax.Node{}
			}
		}
		key = sym.Init().Inner(true)
	}
	if key.Is("object") {
		return key
	}
	return syntax.Node{}
}

// usedUp reports whether what is made of it is called, or asked something, and goes
// nowhere: whoever keeps it need not make it again.
func (s *scan) usedUp(o *Obligation) bool {
	if o.Call.Field("arguments").Len() > 1 { // it is asked about something on the spot
		return true
	}
	called := func(n syntax.Node) bool {
		p := n.Outer().Parent()
		return p.Is("call_expression") && p.Field("function").Inner(true) == n.Inner(true) || p.Is("member_expression") && p.Field("object").Inner(true) == n.Inner(true)
	}
	v := widen(o.Call)
	if called(v) {
		return true
	}
	d := v.Parent()
	sym := d.Field("name").Symbol()
	if !d.Is("variable_declarator") || sym == nil || !sym.Constant() {
		return false
	}
	for _, r := range sym.Refs {
		if !syntax.IsWrite(r) && (!called(r) || r.Function() != o.Call.Function()) {
			return false
		}
	}
	return len(sym.Refs) > 0
}
