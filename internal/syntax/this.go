package syntax

// IsConstructor reports whether n makes the instances of its owner: the
// constructor of a class, or a constructor function.
func (n Node) IsConstructor() bool {
	switch n.Kind() {
	case "method_definition":
		return n.Parent().Is("class_body") && n.Field("name").Text() == "constructor"
	case "function_declaration", "function_expression", "function":
		return n.Named() && len(n.f.ownerIndex().members[n.i]) > 0
	}
	return false
}

// IsOwner reports whether n has instances: a class, a constructor function, or
// an object literal that is its own instance.
func (n Node) IsOwner() bool {
	return n.IsClass() || n.Is("object") && (isOwnerLiteral(n) || IsOptions(n)) || !n.Is("method_definition") && n.IsConstructor()
}

// SeenWhole reports whether all members of an owner stand in its file: nothing
// else is mixed into it.
func SeenWhole(owner Node) bool {
	if owner.Is("object") {
		for c := range owner.Children() {
			if c.Is("spread_element") || c.Field("key").Is("computed_property_name") && !c.Field("key").Child(0).Is("member_expression") {
				return false
			}
		}
		return true
	}
	return !owner.OK() || !owner.f.ownerIndex().open[owner.i]
}

// PrototypeParts lists the assignments and calls that shape the prototype of a
// constructor function.
func PrototypeParts(fn Node) []Node { return fn.f.ownerIndex().parts[fn.i] }

// Code lists what holds the code of an owner: the body of a class, a constructor
// function with its methods, an object literal. What stands in one of them stands
// in no other.
func Code(owner Node) []Node {
	switch {
	case !owner.OK():
		return nil
	case owner.Is("object"):
		return []Node{owner}
	case owner.Is("interface_declaration"):
		return []Node{owner.Field("body")}
	}
	out := []Node{owner}
	if owner.IsClass() {
		out = []Node{owner.Field("body")}
	}
	for _, m := range Members(owner) {
		fn := m.Function()
		if !fn.OK() {
			continue
		}
		within := false
		for _, c := range out {
			within = within || fn.Within(c)
		}
		if !within {
			out = append(out, fn)
		}
	}
	return out
}

// ThisClass returns the owner whose instance `this` is at n: arrow functions
// are looked through, other functions are not. The second result is the member
// that n stands in.
func (n Node) ThisClass() (class, member Node) {
	for p := n; p.OK(); p = p.Parent() {
		if q := p.Parent(); q.Is("class_body") {
			if p.HasToken("static") || p.Is("class_static_block", "decorator") {
				return Node{}, Node{}
			}
			return q.Parent(), p
		}
		if !p.IsFunction() {
			continue
		}
		if own, ok := p.f.ownerIndex().methods[p.i]; ok {
			return own.owner, own.member
		}
		if !p.IsArrow() {
			return Node{}, Node{}
		}
	}
	return Node{}, Node{}
}

// InstanceAt returns the owner whose instance code at n can reach, the member
// that n stands in, and what the instance is called there: `this`, a constant
// that holds it, or the name of an object literal.
func (n Node) InstanceAt() (owner, member Node, name string) {
	if owner, member = n.ThisClass(); owner.OK() {
		return owner, member, "this"
	}
	if n.f == nil {
		return Node{}, Node{}, ""
	}
	var alias *Symbol
	for _, sym := range n.f.ownerIndex().aliases {
		if sym.Visible(n) && (alias == nil || sym.Node.i > alias.Node.i) {
			alias = sym
		}
	}
	if alias != nil {
		if owner, member = alias.Decl.ThisClass(); owner.OK() {
			return owner, member, alias.Name
		}
	}
	for p := n.Ancestor("object"); p.OK(); p = p.Ancestor("object") {
		if sym := LiteralName(p); sym != nil && isOwnerLiteral(p) && !sym.shadowed(n) {
			return p, n.memberIn(p), sym.Name
		}
	}
	return Node{}, Node{}, ""
}

// Visible reports whether n, which stands behind the declaration of a local
// variable, can read it.
func (s *Symbol) Visible(n Node) bool {
	return n.Within(s.Scope()) && n.i > s.Decl.i && !s.shadowed(n)
}

// shadowed reports whether the name means something else somewhere between its
// declaration and n.
func (s *Symbol) shadowed(n Node) bool {
	home := s.Decl.Function()
	for fn := n.Function(); fn.OK() && fn.i != home.i; fn = fn.Function() {
		for d := range fn.Own() {
			if d.Is("identifier") && d.Text() == s.Name && d.Symbol() != s {
				return true
			}
		}
	}
	return false
}

// memberIn is the child of an object literal, or of a class body, around n.
func (n Node) memberIn(owner Node) Node {
	for p := n; p.OK(); p = p.Parent() {
		if p.Parent().i == owner.i {
			return p
		}
	}
	return Node{}
}

// ThisField returns the name of the member that n reads or writes on its own
// instance: `this.x`, `this['x']`, `self.x` where `self` is this, `poller.x`
// where `poller` is an object literal with methods.
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

// FieldOwner returns the owner whose field n is, where ThisField says that it is
// one, and the member that n stands in, if it stands in the owner. Of the field of
// a global nobody is the owner.
func (n Node) FieldOwner() (owner, member Node) {
	n = n.Inner(false)
	object := n.Field("object").Inner(false)
	if !object.Is("identifier") {
		return n.ThisClass()
	}
	if object.Symbol() == nil {
		return Node{}, Node{} // a global
	}
	init := object.Symbol().Init().Inner(false)
	if init.Is("object") {
		if !isOwnerLiteral(init) {
			return Node{}, Node{}
		}
		if n.Within(init) {
			member = n.memberIn(init)
		}
		return init, member
	}
	owner, member = object.Symbol().Decl.ThisClass()
	if o, m := n.ThisClass(); o.OK() && o.i == owner.i {
		member = m
	}
	return owner, member
}

// IsThis reports whether n is `this`, a constant or a field that holds it, or a constant
// that holds an object literal with methods.
func (n Node) IsThis() bool {
	n = n.Inner(false)
	if n.Is("member_expression") {
		return n.isOwnSelf()
	}
	return n.isSelf() || n.Is("identifier") && isOwnerLiteral(n.Symbol().Init().Inner(false))
}

// isSelf reports whether n is `this` or a constant that holds it.
func (n Node) isSelf() bool {
	n = n.Inner(false)
	return n.Is("this") || n.Is("identifier") && isSelf(n.Symbol().Init())
}

// isOwnSelf reports whether n is a field that its class begins with the instance itself:
// this._self, of `_self = this`.
func (n Node) isOwnSelf() bool {
	selves := n.f.ownerIndex().selves
	name := n.Field("property").Text()
	if len(selves) == 0 || !selves[name] || !n.Field("object").Inner(false).Is("this") {
		return false
	}
	class, _ := n.ThisClass()
	for _, m := range Members(class) {
		if m.Name == name && !m.Static && m.Node.Field("value").Inner(false).Is("this") {
			return true
		}
	}
	return false
}
