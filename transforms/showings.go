package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// showingsOf are the elements that show a component, or the calls of a hook, in all files;
// the zero Node among them stands for others that cannot be seen.
func (s *scan) showingsOf(component syntax.Node, hops int) []syntax.Node {
	name := className(component)
	if !component.IsClass() {
		name = functionName(component)
	}
	if name != nil {
		return s.showingsBy(component, name, hops)
	}
	return s.showingsOfValue(component, hops)
}

// showingsBy are those of what a name stands for.
func (s *scan) showingsBy(decl syntax.Node, name *syntax.Symbol, hops int) []syntax.Node {
	if hops == 0 {
		return []syntax.Node{{}}
	}
	var out []syntax.Node
	for r := range s.mentions(decl, name, "") {
		if slices.Contains(out, syntax.Node{}) {
			break // no further file need be parsed
		}
		outer := r.Outer()
		p := outer.Parent()
		in := s.at(r)
		switch {
		case r == name.Node, isNaming(r), p.Is("jsx_closing_element"), p.Is("member_expression") && syntax.IsWrite(p):
		case p.Is("jsx_self_closing_element", "jsx_opening_element"):
			if isKeyed(p) {
				p = syntax.Node{}
			}
			out = append(out, p)
		case p.Is("call_expression") && p.Field("function").Inner(false) == r.Inner(false) && isHookName(r.Text()):
			out = append(out, p)
		case p.Is("arguments") && p.Child(0) == outer:
			out = append(out, in.showingsOfValue(r, hops-1)...)
		case r.Is("shorthand_property_identifier") && r.Parent().Outer().Parent().Is("variable_declarator"):
			out = append(out, in.showingsOfMember(r.Parent().Outer().Parent().Field("name").Symbol(), r.Text())...)
		default:
			out = append(out, syntax.Node{})
		}
	}
	return out
}

// showingsOfMember are those of what an object of that name has under a key. It must be
// handed to nobody.
func (s *scan) showingsOfMember(object *syntax.Symbol, key string) []syntax.Node {
	if object == nil || s.leaves(object) {
		return []syntax.Node{{}}
	}
	var out []syntax.Node
	for _, r := range object.Refs {
		if r == object.Node {
			continue
		}
		whole := r.Parent()
		text := squeeze(whole)
		if !strings.HasPrefix(text, object.Name+".") {
			return []syntax.Node{{}}
		}
		if text != object.Name+"."+key {
			continue
		}
		switch p := whole.Parent(); {
		case p.Is("jsx_self_closing_element", "jsx_opening_element"):
			out = append(out, p)
		case !p.Is("jsx_closing_element"):
			return []syntax.Node{{}}
		}
	}
	return out
}

// showingsOfValue are those of a component that is wrapped: memo(X), or that has no name
// but that of its file.
func (s *scan) showingsOfValue(n syntax.Node, hops int) []syntax.Node {
	v := n.Outer()
	for v.Parent().Is("arguments") {
		if call := v.Parent().Parent(); calleeName(call) == "createElement" {
			if call.Field("arguments").Len() > 1 { // perhaps with a key
				return []syntax.Node{{}}
			}
			return []syntax.Node{call}
		}
		v = v.Parent().Parent().Outer()
	}
	switch p := v.Parent(); {
	case p.Is("variable_declarator") && p.Field("name").Symbol() != nil:
		return s.showingsBy(p, p.Field("name").Symbol(), hops)
	case p.Is("export_statement") && p.HasToken("default"):
		names := []string{strings.TrimSuffix(path.Base(s.f.Path), path.Ext(s.f.Path))}
		for d := range v.Descendants() {
			if sym := d.Symbol(); d.Is("identifier") && sym != nil && !slices.Contains(names, sym.Name) {
				names = append(names, sym.Name)
			}
		}
		var out []syntax.Node
		for _, by := range s.Project.DefaultImportsOf(s.ctx, s.f.Path, names) {
			out = append(out, s.at(by.Node).showingsBy(by.Node, by, hops-1)...)
		}
		return out
	}
	return []syntax.Node{{}}
}
