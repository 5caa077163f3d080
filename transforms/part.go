package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function may return what it acquired as a property of an object, beside other things:
// whoever calls it takes it out of that, and owes the release.
//
//	const { client } = connect(url)

// partOfResult is the property under which a function returns a handle that u makes part of
// an object; "" where the handle is used for anything else that matters: what is returned
// may release it itself, then.
func (s *scan) partOfResult(o *Obligation, u use, home syntax.Node) string {
	object, name := u.at.Parent(), u.at.Text()
	if u.at.Is("pair") {
		name = u.at.Field("key").Text()
	}
	result := object.Outer().Parent()
	returned := result.Is("return_statement") && result.Function() == home || result == home && home.IsArrow()
	if !u.at.Is("pair", "shorthand_property_identifier") || !object.Is("object") || !returned {
		return ""
	}
	if slices.ContainsFunc(s.usesOf(o, o.Handle.Symbol, maxHops), func(other use) bool { return other.effect != neutral && other.at != u.at }) {
		return ""
	}
	if slices.ContainsFunc(o.Handle.Symbol.Refs, func(r syntax.Node) bool { return r.Function() != home && !r.Within(o.Call) }) {
		return "" // what is returned beside it may see to it
	}
	return name
}

// locatePart finds where the property is kept that a call of such a function is taken
// apart for.
func (s *scan) locatePart(o *Obligation, h Handle, v syntax.Node) (Handle, string) {
	p := v.Parent()
	if p.Is("member_expression") && p.Field("property").Text() == o.taken {
		h.Value = widen(p)
		return s.sink(o, h, h.Value)
	}
	if pattern := p.Field("name"); p.Is("variable_declarator") && pattern.Is("object_pattern") {
		for part := range pattern.Children() {
			switch {
			case part.Is("shorthand_property_identifier_pattern") && part.Text() == o.taken:
				return s.bind(o, h, part)
			case part.Is("pair_pattern") && part.Field("key").Text() == o.taken:
				return s.bind(o, h, part.Field("value"))
			}
		}
	}
	return h, "part of an object"
}

// Given is the declaration, at the top of the file, of the function that hands the handle to
// its callers, and its name; the zero Node where it hands it to none, or has no name.
func (o *Obligation) Given() (decl syntax.Node, name string) {
	sym := functionName(o.gives)
	if !o.gives.OK() || sym == nil || o.File.TopLevel(sym.Name) != sym {
		return syntax.Node{}, ""
	}
	return sym.Decl, sym.Name
}
