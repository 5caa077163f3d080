package syntax

import (
	"path/filepath"
	"slices"
)

// An options object tells Vue what a component is: { data() {..}, methods: {..},
// mounted() {..} }. Its methods, also those in the objects within, have the component's
// instance for `this`, and Vue calls its hooks. It is an owner as a class is.

// optionHooks are the functions of an options object that Vue calls, in the order of a
// component's life.
var optionHooks = []string{
	"beforeCreate", "created", "beforeMount", "mounted", "beforeUpdate", "updated", "activated", "deactivated",
	"beforeDestroy", "beforeUnmount", "destroyed", "unmounted",
}

// optionParts are what else such an object, and hardly another, has.
var optionParts = []string{"data", "props", "computed", "watch", "methods", "components", "mixins", "template", "render", "setup", "directives", "filters", "emits"}

// optionBags are the parts that hold functions of the instance.
var optionBags = []string{"methods", "computed", "watch"}

// withoutThis are functions of an options object that no instance calls.
var withoutThis = []string{"setup", "beforeRouteEnter", "asyncData", "validate", "beforeCreateApp", "preFetch"}

// IsOptions reports whether n is an options object of a component that is made many
// times. That of a root, of `new Vue` or createApp, lives as long as the page.
func IsOptions(n Node) bool {
	if !n.Is("object") {
		return false
	}
	v := n.Outer()
	switch p := v.Parent(); p.Kind() {
	case "export_statement":
		return filepath.Ext(n.f.Path) == ".vue" && p.HasToken("default") || hasOptions(n)
	case "variable_declarator":
		return p.Field("name").Is("identifier") && hasOptions(n)
	case "assignment_expression":
		return isExport(p.Field("left")) && hasOptions(n)
	case "arguments":
		return takesOptions(p.Parent(), v)
	}
	return false
}

// takesOptions reports whether a call makes a component of an argument:
// defineComponent({..}), Vue.extend({..}), Vue.component('name', {..}), Vue.mixin({..}).
func takesOptions(call, object Node) bool {
	args := call.Field("arguments")
	if !call.Is("call_expression") || args.Child(args.Len()-1).i != object.i {
		return false
	}
	if args.Len() == 1 && hasSetup(object.Inner(false)) { // by a function of the project's own
		return true
	}
	callee := call.Field("function").Inner(false)
	switch callee.Kind() {
	case "identifier":
		return args.Len() == 1 && (callee.Text() == "defineComponent" || callee.Text() == "defineNuxtComponent")
	case "member_expression":
		switch callee.Field("property").Text() {
		case "extend", "mixin":
			return args.Len() == 1 && hasOptions(object.Inner(false))
		case "component":
			return args.Len() == 2 && (hasOptions(object.Inner(false)) || callee.Field("object").Text() == "Vue")
		}
	}
	return false
}

// hasOptions: a hook, and a part, or a setup.
func hasOptions(object Node) bool {
	hook, part := false, false
	for c := range object.Children() {
		name := MemberName(c)
		hook = hook || slices.Contains(optionHooks, name) && FunctionOf(c).OK()
		part = part || slices.Contains(optionParts, name)
	}
	return hook && part || hasSetup(object)
}

// hasSetup: a setup, and what it is told of.
func hasSetup(object Node) bool {
	setup, told := false, false
	for c := range object.Children() {
		switch MemberName(c) {
		case "setup":
			setup = FunctionOf(c).OK()
		case "props", "emits":
			told = true
		}
	}
	return setup && told
}

// addOptions notes the functions of an options object: the instance is theirs.
func (o *owners) addOptions(object Node) {
	for c := range object.Children() {
		if slices.Contains(withoutThis, MemberName(c)) {
			continue
		}
		if FunctionOf(c).Within(c) {
			o.add(object, Member{Node: c})
		}
	}
	for _, c := range optionMembers(object) {
		for _, fn := range functionsOf(c) {
			if !fn.IsArrow() {
				o.methods[fn.i] = ownMethod{object, c}
			}
		}
	}
}

// functionsOf are the functions of one entry of a bag: itself, the get and set or the
// handler of an object, what a call wraps.
func functionsOf(entry Node) []Node {
	if fn := FunctionOf(entry); fn.OK() {
		if !fn.Within(entry) {
			return nil
		}
		return []Node{fn}
	}
	var out []Node
	v := entry.Field("value").Inner(false)
	switch v.Kind() {
	case "object":
		for c := range v.Children() {
			out = append(out, functionsOf(c)...)
		}
	case "call_expression":
		for a := range v.Field("arguments").Children() {
			if a.Inner(false).IsFunction() {
				out = append(out, a.Inner(false))
			}
		}
	}
	return out
}

// optionMembers are the entries of the bags of an options object.
func optionMembers(object Node) []Node {
	var out []Node
	for c := range object.Children() {
		if !slices.Contains(optionBags, MemberName(c)) {
			continue
		}
		for m := range c.Field("value").Inner(false).Children() {
			if m.Is("pair", "method_definition", "shorthand_property_identifier") {
				out = append(out, m)
			}
		}
	}
	return out
}

// optionFields are the properties of what data() returns, and the props.
func optionFields(object Node) []Node {
	var out []Node
	fields := func(n Node) {
		for m := range n.Inner(false).Children() {
			if m.Is("pair", "shorthand_property_identifier") {
				out = append(out, m)
			}
		}
	}
	for c := range object.Children() {
		switch MemberName(c) {
		case "data":
			if d := DataOf(c); d.OK() {
				fields(d)
			}
		case "props":
			fields(c.Field("value"))
		}
	}
	return out
}

// DataOf is the object that the data function of an options object returns, given as the
// member; the zero Node where it cannot be told.
func DataOf(member Node) Node {
	fn := FunctionOf(member)
	if v := member.Field("value").Inner(false); v.Is("object") { // of a root, or long ago
		return v
	}
	body := fn.Field("body")
	if v := body.Inner(false); v.Is("object") {
		return v
	}
	for n := range body.Children() {
		if v := n.Child(0).Inner(false); n.Is("return_statement") && v.Is("object") {
			return v
		}
	}
	return Node{}
}

// InRoot reports whether n stands in the options of a root component, which lives as long
// as the page: new Vue({..}), createApp({..}).
func InRoot(n Node) bool {
	for p := n.Ancestor("object"); p.OK(); p = p.Ancestor("object") {
		args := p.Outer().Parent()
		call := args.Parent()
		if !args.Is("arguments") || args.Child(0).Inner(false).i != p.i {
			continue
		}
		switch callee := call.Field("function").Inner(false); {
		case call.Is("new_expression") && call.Field("constructor").Text() == "Vue",
			call.Is("call_expression") && (callee.Text() == "createApp" || callee.Text() == "Vue.createApp"):
			return true
		}
	}
	return false
}
