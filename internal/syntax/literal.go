package syntax

import "slices"

// frameworkKeys are properties by which a framework's component is known: what
// becomes of it, and of `this` in it, only the framework knows.
var frameworkKeys = map[string]bool{
	"data": true, "props": true, "computed": true, "template": true, "components": true, "mixins": true, "watch": true, "methods": true,
	"setup": true, "render": true, "created": true, "mounted": true, "beforeMount": true, "beforeCreate": true, "beforeDestroy": true,
	"beforeUnmount": true, "unmounted": true, "directives": true, "filters": true, "controller": true, "templateUrl": true, "link": true,
	"getInitialState": true, "componentDidMount": true, "componentWillUnmount": true, "onLoad": true, "onUnload": true,
}

// addLiteral notes the methods of an object literal that owns what they acquire.
func (o *owners) addLiteral(object Node) {
	if IsOptions(object) {
		o.addOptions(object)
		return
	}
	if !isOwnerLiteral(object) {
		return
	}
	for c := range object.Children() {
		switch c.Kind() {
		case "pair", "method_definition":
			if FunctionOf(c).Within(c) {
				o.add(object, Member{Node: c})
			}
		}
	}
}

// isOwnerLiteral: an object with a method, which is kept under a name, exported
// or returned as it is, and belongs to no framework that can be told.
func isOwnerLiteral(object Node) bool {
	if !object.Is("object") {
		return false
	}
	if isSpecification(object) {
		return true
	}
	method := false
	for c := range object.Children() {
		if frameworkKeys[MemberName(c)] {
			return false
		}
		method = method || FunctionOf(c).OK() || c.Is("shorthand_property_identifier")
	}
	if !method {
		return false
	}
	v := object.Outer()
	switch p := v.Parent(); p.Kind() {
	case "variable_declarator":
		sym := p.Field("name").Symbol()
		return p.Field("name").Is("identifier") && sym != nil && sym.Constant()
	case "assignment_expression":
		return p.Field("right").i == v.i && isExport(p.Field("left"))
	case "return_statement":
		return true
	case "arrow_function":
		return p.Field("body").i == v.i
	case "export_statement":
		return true
	case "arguments":
		return IsPrototype(object)
	}
	return false
}

// IsPrototype reports whether an object literal holds the methods of a class that
// is made by a call: Base.extend({ .. }), Base.include({ .. }), Class(Base, { .. }),
// React.createClass({ .. }).
// What else it holds is shared by all instances.
func IsPrototype(object Node) bool {
	args := object.Outer().Parent()
	callee := args.Parent().Field("function").Inner(false)
	if !object.Is("object") || !args.Is("arguments") || IsOptions(object) {
		return false
	}
	name := callee.Text()
	if callee.Is("member_expression") {
		name = callee.Field("property").Text()
	}
	if isSpecification(object) {
		return true
	}
	switch name {
	case "extend", "include":
		return callee.Is("member_expression") && args.Len() == 1 && usesOwnThis(object)
	case "Class":
		return args.Child(args.Len()-1) == object.Outer() && usesOwnThis(object)
	}
	return false
}

// isSpecification: a framework makes a class of it, createClass({ .. }).
func isSpecification(object Node) bool {
	args := object.Outer().Parent()
	callee := args.Parent().Field("function").Inner(false)
	if !args.Is("arguments") || args.Len() != 1 || !object.Is("object") {
		return false
	}
	name := callee
	if callee.Is("member_expression") {
		name = callee.Field("property")
	}
	switch name.Text() {
	case "createClass", "createReactClass":
		return usesOwnThis(object)
	case "create":
		return isExtension(object) && usesOwnThis(object)
	}
	return false
}

// extensionParts are what an extension of an editor, and hardly another object, has.
var extensionParts = []string{"addOptions", "addStorage", "addCommands", "addProseMirrorPlugins", "addNodeView", "addGlobalAttributes", "addKeyboardShortcuts"}

// isExtension: an editor takes it as a part, Extension.create({ name, addStorage() {..} }).
func isExtension(object Node) bool {
	part := false
	for c := range object.Children() {
		part = part || slices.Contains(extensionParts, MemberName(c)) && FunctionOf(c).OK()
	}
	return part
}

// usesOwnThis reports whether a method of an object literal mentions its own
// `this`: a mere bag of options does not.
func usesOwnThis(object Node) bool {
	for c := range object.Children() {
		fn := FunctionOf(c)
		if !fn.OK() || !fn.Within(c) || fn.IsArrow() {
			continue
		}
		for d := range fn.Descendants() {
			if d.Is("this") {
				return true
			}
		}
	}
	return false
}

// isExport: module.exports, exports.name, module.exports.name
func isExport(n Node) bool {
	n = n.Inner(false)
	if !n.Is("member_expression") {
		return false
	}
	object := n.Field("object").Inner(false)
	if object.Is("identifier") && object.Symbol() == nil {
		return object.Text() == "exports" || object.Text() == "module" && n.Field("property").Text() == "exports"
	}
	return isExport(object) && !isExport(object.Field("object"))
}

// LiteralName is the constant that holds an object literal, or nil.
func LiteralName(object Node) *Symbol {
	p := object.Outer().Parent()
	if sym := p.Field("name").Symbol(); object.Is("object") && p.Is("variable_declarator") && p.Field("name").Is("identifier") && !IsOptions(object) {
		return sym
	}
	return nil
}
