package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a component of Vue is mixed with runs as its own: the hooks of both at each end,
// and the methods of both by one name. A mixin often calls at its end what the component
// is to have.

// mixinHops bounds how far a mixin of a mixin is followed.
const mixinHops = 3

// mixinsOf are the options objects that a component names as those it is mixed with, or
// extends, and theirs, as far as the project has them.
func (s *scan) mixinsOf(object syntax.Node, hops int) []syntax.Node {
	var out []syntax.Node
	if hops == 0 {
		return nil
	}
	add := func(n syntax.Node) {
		if m := s.at(object).optionsAs(n); m.OK() && m != object {
			out = append(append(out, m), s.mixinsOf(m, hops-1)...)
		}
	}
	for c := range object.Children() {
		switch value := c.Field("value").Inner(true); syntax.MemberName(c) {
		case "extends":
			add(value)
		case "mixins":
			if value.Is("array") {
				for e := range value.Children() {
					add(e.Inner(true))
				}
			}
		}
	}
	return out
}

// optionsAs is the options object that an expression of this file stands for; the zero
// Node where that is not of the project.
func (s *scan) optionsAs(n syntax.Node) syntax.Node {
	if n.Is("call_expression") { // Vue.extend({..})
		args := n.Field("arguments")
		n = args.Child(args.Len() - 1).Inner(true)
	}
	if n.Is("object") {
		return n
	}
	if !n.Is("identifier") {
		return syntax.Node{}
	}
	sym := n.Symbol()
	im, imported := sym.Import()
	if !imported {
		if init := sym.Init().Inner(true); init.OK() && !init.Is("identifier") {
			return s.optionsAs(init)
		}
		return syntax.Node{}
	}
	if im.TypeOnly {
		return syntax.Node{}
	}
	value := s.importedValue(n)
	if !value.OK() && im.Name == "default" {
		value = s.defaultValue(im.Module)
	}
	if !value.OK() || value.Is("identifier") {
		return syntax.Node{}
	}
	return s.at(value).optionsAs(value)
}

// defaultValue is the value that a module of the project exports by default, where it
// stands there.
func (s *scan) defaultValue(module string) syntax.Node {
	f, err := s.Project.Load(s.ctx, s.Project.Resolve(s.f.Path, module))
	if err != nil {
		return syntax.Node{}
	}
	for stmt := range f.Root().Children() {
		if stmt.Is("export_statement") && stmt.HasToken("default") {
			return stmt.Field("value").Inner(true)
		}
	}
	return syntax.Node{}
}

// mixedIn are the methods that a component has of its mixins by a name.
func (in *instance) mixedIn(name string) []syntax.Node {
	var out []syntax.Node
	for _, m := range in.mixins {
		for part := range m.Children() {
			if syntax.MemberName(part) == "methods" {
				out = append(out, functionsNamed(part.Field("value").Inner(true), name)...)
			}
		}
	}
	return out
}

// functionsNamed are the functions that an object has by some names.
func functionsNamed(object syntax.Node, names ...string) []syntax.Node {
	var out []syntax.Node
	if !object.Is("object") {
		return nil
	}
	for c := range object.Children() {
		if fn := syntax.FunctionOf(c); fn.OK() && slices.Contains(names, syntax.MemberName(c)) {
			out = append(out, fn)
		}
	}
	return out
}
