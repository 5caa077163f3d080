package transforms

import (
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// isRoot reports whether a component, by its function or class, is the root of a page: its
// own file renders it into the page, and nothing else there mentions it.
//
//	ReactDOM.render(<Root/>, document.getElementById('app'));
func (s *scan) isRoot(component syntax.Node) bool {
	name := className(component)
	if !component.IsClass() {
		name = functionName(component)
	}
	if name == nil {
		return false
	}
	if decorator, _ := decoratorOf(component); decorator.OK() { // only such are bootstrapped
		for r := range s.at(component).mentions(component, name, project.Bootstrap) {
			if isBootstrapped(r) {
				return true
			}
		}
	}
	rendered := false
	for _, r := range name.Refs {
		if r == name.Node || isNaming(r) {
			continue
		}
		element := r.Ancestor("jsx_self_closing_element", "jsx_opening_element")
		call := element.Ancestor("call_expression")
		if rendered = element.OK() && (calleeName(call) == "render" || calleeName(call) == "hydrate"); !rendered {
			return false
		}
	}
	return rendered
}

// isBootstrapped reports whether a mention of a class has a page of Angular begin with it.
//
//	@NgModule({ bootstrap: [Root] })
//	bootstrapApplication(Root, settings);
func isBootstrapped(r syntax.Node) bool {
	switch p := r.Outer().Parent(); {
	case p.Is("array") && p.Parent().Is("pair"):
		return p.Parent().Field("key").Text() == "bootstrap" && r.Ancestor("decorator").OK()
	case p.Is("arguments"):
		return calleeName(p.Parent()) == "bootstrapApplication" && p.Child(0) == r.Outer()
	}
	return false
}
