package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// lasts reports whether all instances of a class that the project makes are made
// once.
func (s *scan) lasts(class syntax.Node, hops int) bool {
	if hops <= 0 || !class.OK() {
		return false
	}
	if class.Is("object") {
		return !class.Function().OK() && !class.Class().OK()
	}
	made := false
	return s.eachMaking(class, hops, func(n syntax.Node) bool {
		made = true
		return s.at(n).once(n, hops)
	}) && made
}

// makings are the places where a class is instantiated, or one that extends it;
// known is false where it may be by others, too.
func (s *scan) makings(class syntax.Node, hops int) (made []syntax.Node, known bool) {
	if !s.eachMaking(class, hops, func(n syntax.Node) bool { made = append(made, n); return true }) {
		return nil, false
	}
	return made, true
}

// eachMaking tells the makings as they are found, and stops where fits says no, or where
// others may make some: no further file is parsed then, and it is false.
func (s *scan) eachMaking(class syntax.Node, hops int, fits func(syntax.Node) bool) bool {
	name := className(class)
	if name == nil {
		if p := class.Outer().Parent(); p.Is("new_expression") {
			return fits(p)
		}
		return false
	}
	for r := range s.at(class).mentions(class, name, "") {
		outer := r.Outer()
		p := outer.Parent()
		for p.Is("member_expression") && p.Field("property") == outer { // new whole.Name()
			outer = p.Outer()
			p = outer.Parent()
		}
		switch {
		case p.Is("new_expression") && p.Field("constructor").Inner(false) == outer.Inner(false):
			if !fits(p) {
				return false
			}
		case p.Is("class_heritage", "extends_clause"), p.Parent().Is("class_heritage") && !p.Is("arguments"):
			if hops == 0 {
				return false
			}
			below := r.Ancestor("class_declaration", "class", "abstract_class_declaration")
			if !s.eachMaking(below, hops-1, fits) {
				return false
			}
		case p.Is("member_expression") && p.Field("object").Inner(false) == outer.Inner(false): // a static member
		case p.Is("binary_expression") && p.Field("operator").Text() == "instanceof":
		case isNaming(r), p.Is("implements_clause", "generic_type", "type_annotation", "as_expression", "union_type"):
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == outer.Inner(false):
		default:
			return false // handed on: others may make some
		}
	}
	return true
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
