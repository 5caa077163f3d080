package project

import (
	"context"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// required is declaration for what a file gives to `require`: the module as a
// whole ("*", and "default" for those who import it), or a property of it.
func (p *Project) required(ctx context.Context, f *syntax.File, name string, seen map[string]bool) (*syntax.File, syntax.Node) {
	whole := name == "*" || name == "default"
	var g *syntax.File
	var found, all syntax.Node
	for stmt := range f.Root().Children() {
		value := syntax.Node{}
		switch {
		case stmt.Is("export_statement") && stmt.HasToken("="): // export = K
			all = stmt.Child(0)
		case stmt.Is("expression_statement"):
			value = stmt.Child(0)
		case stmt.Is("lexical_declaration", "variable_declaration"):
			for d := range stmt.Children() { // const K = module.exports = ..
				if v := d.Field("value").Inner(false); v.Is("assignment_expression") {
					value = v
				}
			}
		}
		for a := value; a.Is("assignment_expression"); a = a.Field("right").Inner(false) {
			left := a.Field("left").Inner(false)
			switch left.Field("object").Text() {
			case "module":
				if left.Field("property").Text() == "exports" {
					all = last(a)
				}
			case "exports", "module.exports":
				if left.Field("property").Text() == name {
					g, found = p.declarationOf(ctx, f, last(a), seen)
				}
			}
		}
	}
	switch {
	case !all.OK():
		return g, found
	case whole:
		return p.declarationOf(ctx, f, all, seen)
	case found.OK():
		return g, found
	}
	for c := range all.Children() {
		if !all.Is("object") || syntax.MemberName(c) != name {
			continue
		}
		v := c
		if c.Is("pair") {
			v = c.Field("value").Inner(false)
		}
		if c.Is("pair", "shorthand_property_identifier") {
			return p.declarationOf(ctx, f, v, seen)
		}
	}
	return nil, syntax.Node{}
}

// last is the value of an assignment, behind others.
func last(a syntax.Node) syntax.Node {
	for a.Is("assignment_expression") {
		a = a.Field("right").Inner(false)
	}
	return a
}
