package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// lasts reports whether all instances of a class that the project makes are made
// once.
func (s *scan) lasts(class syntax.Node, hops int) bool {
	if hops <= 0 || !class.OK() {
		return false
	}
	if class.Is("object") {
		return !class.Function().OK() && !class.Class().OK()
	}
	made, known := s.makings(class, hops)
	return known && len(made) > 0 && !slices.ContainsFunc(made, func(n syntax.Node) bool {
		return !s.at(n).once(n, hops)
	})
}

// makings are the places where a class is instantiated, or one that extends it;
// known is false where it may be by others, too.
func (s *scan) makings(class syntax.Node, hops int) (made []syntax.Node, known bool) {
	name := className(class)
	if name == nil {
		if p := class.Outer().Parent(); p.Is("new_expression") {
			return []syntax.Node{p}, true
		}
		return nil, false
	}
	for _, r := range s.at(class).mentionsIn(class, name) {
		outer := r.Outer()
		p := outer.Parent()
		for p.Is("member_expression") && p.Field("property") == outer { // new whole.Name()
			outer = p.Outer()
			p = outer.Parent()
		}
		switch {
		case p.Is("new_expression") && p.Field("constructor").Inner(false) == outer.Inner(false):
			made = append(made, p)
		case p.Is("class_heritage", "extends_clause"), p.Parent().Is("class_heritage") && !p.Is("arguments"):
			if hops == 0 {
				return nil, false
			}
			below := r.Ancestor("class_declaration", "class", "abstract_class_declaration")
			more, ok := s.makings(below, hops-1)
			if !ok {
				return nil, false
			}
			made = append(made, more...)
		case p.Is("member_expression") && p.Field("object").Inner(false) == outer.Inner(false): // a static member
		case p.Is("binary_expression") && p.Field("operator").Text() == "instanceof":
		case isNaming(r), p.Is("implements_clause", "generic_type", "type_annotation", "as_expression", "union_type"):
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == outer.Inner(false):
		default:
			return nil, false // handed on: others may make some
		}
	}
	return made, true
}

// className is the symbol that a class, or a constructor function, is known by.
func className(class syntax.Node) *syntax.Symbol {
	if name := class.Field("name"); name.OK() && !class.Is("class") {
		if sym := name.Symbol(); sym != nil {
			return sym
		}
	}
	p := class.Outer().Parent()
	for p.Is("assignment_expression") {
		p = p.Outer().Parent()
	}
	if p.Is("variable_declarator") {
		return p.Field("name").Symbol()
	}
	return class.Field("name").Symbol()
}
