package syntax

import "slices"

// Member is one member of a class, interface, object type, constructor function
// or object literal.
type Member struct {
	Name     string
	Node     Node // method_definition, field, signature, property, or the assignment that makes it
	Static   bool
	Method   bool // a method, accessor or field that holds a function
	Getter   bool
	Param    bool // a constructor's parameter property
	Assigned bool // by the constructor function, to each instance
	Opaque   bool // may be a method: its value is not at hand
}

// MemberName returns the name of a member: "dispose", "#timer",
// "[Symbol.dispose]"; quotes are stripped. A constructor function is called
// "constructor".
func MemberName(n Node) string {
	name := n.Field("name")
	switch n.Kind() {
	case "assignment_expression":
		left := n.Field("left").Inner(false)
		if left.Is("subscript_expression") {
			return indexName(left.Field("index"))
		}
		name = left.Field("property")
	case "pair":
		name = n.Field("key")
	case "shorthand_property_identifier":
		name = n
	case "function_declaration", "function_expression", "function":
		if n.IsConstructor() {
			return "constructor"
		}
	}
	if !name.OK() {
		name = n.Field("property") // fields in the JavaScript grammar
	}
	if s, ok := name.StringValue(); ok {
		return s
	}
	return name.Text()
}

// indexName is the name in x['name'] and x[Symbol.dispose], "" where it is
// computed otherwise.
func indexName(index Node) string {
	if s, ok := index.StringValue(); ok {
		return s
	}
	if index.Is("member_expression") && index.Field("object").Text() == "Symbol" {
		return "[" + index.Text() + "]"
	}
	return ""
}

// Members lists the members of an owner of instances, or an interface, in source
// order, parameter properties included. They must not be changed.
func Members(class Node) []Member {
	switch class.Kind() {
	case "object":
		return literalMembers(class)
	case "function_declaration", "function_expression", "function":
		if ms := class.f.ownerIndex().members[class.i]; len(ms) > 0 {
			return ms
		}
		return []Member{{Name: "constructor", Node: class, Method: true}}
	}
	if !class.OK() {
		return nil
	}
	return class.f.membersOf(class)
}

// membersOf are the members of a class or interface, which are asked for time and again, and
// found once.
func (f *File) membersOf(class Node) []Member {
	f.foundMu.Lock()
	out, known := f.members[class.i]
	f.foundMu.Unlock()
	if known {
		return out
	}
	out = slices.Clip(findMembers(class))
	f.foundMu.Lock()
	defer f.foundMu.Unlock()
	if f.members == nil {
		f.members = map[int32][]Member{}
	}
	f.members[class.i] = out
	return out
}

func findMembers(class Node) []Member {
	var out []Member
	for m := range class.Field("body").Children() {
		member := Member{Name: MemberName(m), Node: m, Static: m.HasToken("static"), Getter: m.HasToken("get")}
		switch m.Kind() {
		case "method_definition":
			member.Method = true
			if member.Name == "constructor" {
				out = append(out, parameterProperties(m)...)
			}
		case "method_signature", "abstract_method_signature":
			member.Method = true
		case "public_field_definition", "field_definition":
			member.Method = m.Field("value").IsFunction()
		case "property_signature":
		default:
			continue
		}
		out = append(out, member)
	}
	return append(out, class.f.ownerIndex().members[class.i]...) // Class.prototype.x = ..
}

func parameterProperties(constructor Node) []Member {
	var out []Member
	for p := range constructor.Field("parameters").Children() {
		readonly := p.HasToken("readonly")
		for c := range p.Children() {
			readonly = readonly || c.Is("accessibility_modifier")
		}
		if name := p.Field("pattern"); readonly && name.Is("identifier") {
			out = append(out, Member{Name: name.Text(), Node: p, Param: true})
		}
	}
	return out
}

func literalMembers(object Node) []Member {
	var out []Member
	if IsOptions(object) {
		for _, c := range append(optionMembers(object), optionFields(object)...) {
			out = append(out, Member{Name: MemberName(c), Node: c, Method: FunctionOf(c).OK(), Getter: c.HasToken("get")})
		}
	}
	for c := range object.Children() {
		switch c.Kind() {
		case "pair", "method_definition", "shorthand_property_identifier":
			fn := FunctionOf(c)
			m := Member{Name: MemberName(c), Node: c, Method: fn.OK(), Getter: c.HasToken("get")}
			if v := c.Field("value").Inner(false); !fn.OK() {
				m.Opaque = v.Is("identifier", "member_expression", "call_expression") || c.Is("shorthand_property_identifier")
			}
			out = append(out, m)
		}
	}
	return out
}

// IsAbstract reports whether the member has no body to call.
func (m Member) IsAbstract() bool {
	return m.Node.Is("abstract_method_signature") || m.Node.HasToken("abstract")
}

// Function returns the function that the member runs, if it has one.
func (m Member) Function() Node { return FunctionOf(m.Node) }

// FunctionOf returns the function that a member's node stands for, if it is in
// the file.
func FunctionOf(member Node) Node {
	v := member
	switch member.Kind() {
	case "method_definition":
		return member
	case "assignment_expression":
		v = assigned(member)
	case "function_declaration", "function_expression", "function", "shorthand_property_identifier":
	case "pair", "public_field_definition", "field_definition":
		v = member.Field("value")
	default:
		return Node{}
	}
	if member.Is("assignment_expression", "pair", "shorthand_property_identifier") {
		v = v.Inner(false)
		if sym := v.Symbol(); sym != nil && sym.Constant() { // close: close
			if v = sym.Init().Inner(false); sym.Kind == Function {
				v = sym.Decl
			}
		}
	}
	if v.IsFunction() {
		return v
	}
	return Node{}
}

// Accessibility returns "private", "protected", "public" or "".
func Accessibility(n Node) string {
	for c := range n.Children() {
		if c.Is("accessibility_modifier") {
			return c.Text()
		}
	}
	return ""
}

// Extends returns the expression after `extends`, or what a constructor function
// inherits, or the zero Node.
func Extends(class Node) Node {
	if class.Is("function_declaration", "function_expression", "function") {
		return class.f.ownerIndex().bases[class.i]
	}
	for c := range class.Children() {
		if !c.Is("class_heritage") {
			continue
		}
		for h := range c.Children() {
			if h.Is("extends_clause") {
				return h.Field("value")
			}
			if !h.Is("implements_clause") {
				return h // JavaScript: the expression itself
			}
		}
	}
	return Node{}
}
