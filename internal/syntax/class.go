package syntax

// Member is one member of a class, interface or object type.
type Member struct {
	Name   string
	Node   Node // method_definition, field or signature
	Static bool
	Method bool // a method, accessor or field that holds a function
	Getter bool
	Param  bool // a constructor's parameter property
}

// MemberName returns the name of a class member: "dispose", "#timer",
// "[Symbol.dispose]"; quotes are stripped.
func MemberName(n Node) string {
	name := n.Field("name")
	if !name.OK() {
		name = n.Field("property") // fields in the JavaScript grammar
	}
	if s, ok := name.StringValue(); ok {
		return s
	}
	return name.Text()
}

// Members lists the members of a class or interface in source order, parameter
// properties included.
func Members(class Node) []Member {
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
	return out
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

// IsAbstract reports whether the member has no body to call.
func (m Member) IsAbstract() bool {
	return m.Node.Is("abstract_method_signature") || m.Node.HasToken("abstract")
}

// Function returns the function that the member runs, if it has one.
func (m Member) Function() Node {
	if m.Node.Is("method_definition") {
		return m.Node
	}
	if v := m.Node.Field("value"); v.IsFunction() {
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

// Extends returns the expression after `extends`, or the zero Node.
func Extends(class Node) Node {
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

// ThisClass returns the class whose instance `this` is at n: arrow functions
// are looked through, other functions are not. The second result is the member
// of the class body that n stands in.
func (n Node) ThisClass() (class, member Node) {
	for p := n; p.OK(); p = p.Parent() {
		if q := p.Parent(); q.Is("class_body") {
			if p.HasToken("static") || p.Is("class_static_block", "decorator") {
				return Node{}, Node{}
			}
			return q.Parent(), p
		}
		if p.IsFunction() && !p.IsArrow() && !p.Is("method_definition") {
			return Node{}, Node{}
		}
		if p.Is("method_definition") { // of an object literal
			if !p.Parent().Is("class_body") {
				return Node{}, Node{}
			}
		}
	}
	return Node{}, Node{}
}

// ThisField returns the name of the member that n reads or writes on its own
// instance: `this.x`, `this['x']`, `self.x` where `self` is this.
func (n Node) ThisField() (string, bool) {
	n = n.Inner(false)
	switch n.Kind() {
	case "member_expression":
		if n.Field("object").IsThis() {
			return n.Field("property").Text(), true
		}
	case "subscript_expression":
		if s, ok := n.Field("index").StringValue(); ok && n.Field("object").IsThis() {
			return s, true
		}
	}
	return "", false
}

// IsThis reports whether n is `this` or a constant that holds it.
func (n Node) IsThis() bool {
	n = n.Inner(false)
	if n.Is("this") {
		return true
	}
	if n.Is("identifier") {
		if sym := n.Symbol(); sym != nil && sym.Init().Is("this") {
			return true
		}
	}
	return false
}
