package leaktest

import (
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// export is how a module gives a class away.
type export struct {
	name string // "default" for the default export, "" where the class is module.exports itself
	cjs  bool
}

// exportOf finds how the file of a class exports it.
func exportOf(c project.Class) (export, *Refusal) {
	local := c.Name()
	if d := c.Node.Parent(); d.Is("variable_declarator") {
		local = d.Field("name").Text()
	}
	is := func(n syntax.Node) bool {
		n = n.Inner(false)
		if n == c.Node {
			return true
		}
		sym := n.Symbol()
		return sym != nil && sym == c.File.TopLevel(local) && (sym.Decl == c.Node || sym.Init() == c.Node)
	}
	for stmt := range c.File.Root().Children() {
		if stmt.Is("export_statement") && !stmt.Field("source").OK() {
			if name := exportedBy(stmt, is); name != "" {
				return export{name: name}, nil
			}
		}
		if stmt.Is("expression_statement") {
			if name, ok := assignedExport(stmt.Child(0), is); ok {
				return export{name: name, cjs: true}, nil
			}
		}
	}
	return export{}, refuse(NotExported, "the file does not export it")
}

// exportedBy is the name under which an export statement gives away what is asks
// for, "" if it does not.
func exportedBy(stmt syntax.Node, is func(syntax.Node) bool) string {
	decl := stmt.Field("declaration")
	if stmt.HasToken("default") {
		if is(decl) || is(stmt.Field("value")) {
			return "default"
		}
		return ""
	}
	if decl.IsClass() && is(decl) {
		return decl.Field("name").Text()
	}
	for d := range decl.Children() {
		if d.Is("variable_declarator") && is(d.Field("value")) {
			return d.Field("name").Text()
		}
	}
	clause := stmt.Child(0)
	if !clause.Is("export_clause") || stmt.HasToken("type") {
		return ""
	}
	for spec := range clause.Children() {
		if name := spec.Field("name"); is(name) {
			if alias := spec.Field("alias"); alias.OK() {
				return alias.Text()
			}
			return name.Text()
		}
	}
	return ""
}

// assignedExport is the same for assignments to module.exports and its members.
func assignedExport(n syntax.Node, is func(syntax.Node) bool) (string, bool) {
	for ; n.Is("assignment_expression"); n = n.Field("right") { // exports = module.exports = K
		left, right := n.Field("left"), n.Field("right")
		if isModuleExports(left) {
			if is(right) {
				return "", true
			}
			for p := range right.Children() {
				value := p.Field("value")
				if p.Is("shorthand_property_identifier") {
					value = p
				}
				if right.Is("object") && is(value) {
					if key := p.Field("key"); key.OK() {
						return key.Text(), key.Is("property_identifier")
					}
					return p.Text(), true
				}
			}
		}
		if o := left.Field("object"); left.Is("member_expression") && is(right) &&
			(isModuleExports(o) || o.Is("identifier") && o.Text() == "exports" && o.Symbol() == nil) {
			return left.Field("property").Text(), true
		}
	}
	return "", false
}

func isModuleExports(n syntax.Node) bool {
	o := n.Field("object")
	return n.Is("member_expression") && o.Text() == "module" && o.Symbol() == nil && n.Field("property").Text() == "exports"
}
