package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// uncalled notes that nobody calls the teardown that a fix relies on, where that
// can be seen: the class stays in its file, and so do its instances.
func (e *classEdit) uncalled(t *teardown) {
	if t == nil || !t.own.OK() || rank(t.name) < rank("dispose") || !e.in.class.Node.IsClass() {
		return // frameworks call it, or it is new, or inherited
	}
	name := e.in.class.Node.Field("name").Symbol()
	if name == nil || !e.in.whole || len(e.in.ancestors) > 0 || e.s.exported(name) || mentionsMember(e.s.f, t.name, e.in.class.Node) || len(e.in.refs[t.name]) > 0 {
		return
	}
	made := 0
	for _, ref := range name.Refs {
		call := ref.Parent()
		if call.Field("constructor") != ref || !e.s.staysHere(call) {
			return
		}
		made++
	}
	if made > 0 {
		e.note(Unsafe, fmt.Sprintf("nothing calls %s()", t.name))
	}
}

// exported reports whether a name leaves its file.
func (s *scan) exported(name *syntax.Symbol) bool {
	decl := name.Decl
	if decl.Parent().Is("export_statement") || decl.Parent().Parent().Is("export_statement") {
		return true
	}
	for _, ref := range name.Refs {
		if ref.Ancestor("export_statement", "export_specifier", "export_clause").OK() && !ref.Function().OK() {
			return true
		}
	}
	return false
}

// staysHere reports whether a new instance is dropped, or kept in a constant on
// which only methods are called.
func (s *scan) staysHere(call syntax.Node) bool {
	v := call.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "expression_statement":
		return true
	case "member_expression":
		return p.Parent().Field("function") == p && p.Parent().Parent().Is("expression_statement")
	case "variable_declarator":
		sym := p.Field("name").Symbol()
		if sym == nil || s.exported(sym) {
			return false
		}
		for _, r := range sym.Refs {
			m := r.Outer().Parent()
			if !m.Is("member_expression") || m.Field("object").Inner(false) != r || m.Outer().Parent().Is("arguments") {
				return false
			}
		}
		return true
	}
	return false
}

// mentionsMember reports whether code outside of a class names a member so.
func mentionsMember(f *syntax.File, name string, class syntax.Node) bool {
	for id := range f.NodeCount() {
		n := f.Node(int32(id))
		if n.Within(class) {
			continue
		}
		if n.Is("member_expression") && n.Field("property").Text() == name ||
			n.Is("property_identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern", "string_fragment") && n.Text() == name {
			return true
		}
	}
	return false
}
