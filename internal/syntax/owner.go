package syntax

import "unicode"

// An owner of instances is a class, a constructor function with what is put on
// its prototype, or an object literal that has methods and stands for itself.
// Members, Code, Extends, ThisClass and FieldOwner answer for all three.

// owners is what a file says about owners that are no classes.
type owners struct {
	members map[int32][]Member  // of a constructor function
	methods map[int32]ownMethod // by the ID of a function
	bases   map[int32]Node      // of a constructor function: what it inherits
	open    map[int32]bool      // owners that get members that cannot be seen
	parts   map[int32][]Node    // of a constructor function: what shapes its prototype
	aliases []*Symbol           // constants that hold `this`
	selves  map[string]bool     // names of fields that hold the instance itself
}

type ownMethod struct{ owner, member Node }

// owners returns the index, which is made when it is asked for first.
func (f *File) ownerIndex() *owners {
	f.analyse()
	f.ownersOnce.Do(func() { f.owners = buildOwners(f) })
	return f.owners
}

func buildOwners(f *File) *owners {
	o := &owners{members: map[int32][]Member{}, methods: map[int32]ownMethod{}, bases: map[int32]Node{}, open: map[int32]bool{}, parts: map[int32][]Node{}, selves: map[string]bool{}}
	for i := range f.nodes {
		n := Node{f, int32(i)}
		switch n.Kind() {
		case "object":
			o.addLiteral(n)
		case "variable_declarator":
			if sym := n.Field("name").Symbol(); sym != nil && isSelf(n.Field("value")) && sym.Constant() {
				o.aliases = append(o.aliases, sym)
			}
		case "public_field_definition", "field_definition":
			if n.Field("value").Inner(false).Is("this") {
				o.selves[MemberName(n)] = true
			}
		case "function_declaration", "function_expression", "function":
			if !f.TypeScript() && n.IsFunction() && isCapital(n) {
				o.addAssigned(n)
			}
		case "assignment_expression":
			if !f.TypeScript() {
				o.addPrototype(n)
			}
		case "call_expression":
			if !f.TypeScript() {
				o.addCall(n)
			}
		}
	}
	return o
}

// isSelf: `this`, or what a base's constructor gives for it: Base.call(this) || this.
func isSelf(n Node) bool {
	n = n.Inner(false)
	if n.Is("binary_expression") && n.Field("operator").Text() == "||" {
		n = n.Field("right").Inner(false)
	}
	return n.Is("this")
}

// isCapital: a function that is named as what is called with `new`.
func isCapital(fn Node) bool {
	names := []Node{fn.Field("name")}
	p := fn.Outer().Parent()
	for ; p.Is("assignment_expression"); p = p.Outer().Parent() {
		names = append(names, p.Field("left").Field("property"))
	}
	for _, name := range append(names, p.Field("name")) {
		if text := name.Text(); text != "" && unicode.IsUpper([]rune(text)[0]) {
			return true
		}
	}
	return false
}

// addAssigned finds the methods that a constructor gives its instance: it is
// one if it gives it any.
func (o *owners) addAssigned(fn Node) {
	for n := range fn.Field("body").Own() {
		if !n.Is("assignment_expression") {
			continue
		}
		if !n.Field("left").Field("object").isSelf() {
			continue
		}
		if _, ok := n.Field("left").ThisField(); ok && FunctionOf(n).OK() && FunctionOf(n).Within(n) {
			o.add(fn, Member{Node: n, Assigned: true})
		}
	}
}

// add notes a member of a constructor function, or of an object literal.
func (o *owners) add(owner Node, m Member) {
	m.Name = MemberName(m.Node)
	fn := FunctionOf(m.Node)
	m.Method = fn.OK()
	m.Getter = m.Node.HasToken("get")
	if fn.OK() {
		if old, ok := o.methods[fn.i]; ok && old.owner.i != owner.i {
			delete(o.methods, fn.i) // one function for two: whose instance it runs on cannot be told
		} else if !fn.IsArrow() || m.Assigned {
			o.methods[fn.i] = ownMethod{owner, m.Node}
		}
	}
	if owner.Is("object") {
		return
	}
	if !m.Method {
		v := assigned(m.Node)
		if v.Is("member_expression") && prototypeOf(v.Field("object").Inner(false)).i == owner.i && prototypeOf(v.Field("object").Inner(false)).OK() {
			o.begin(owner)
			return // another name of a method that is seen
		}
		switch v.Kind() {
		case "null", "undefined", "number", "string", "true", "false", "array", "object":
		default:
			m.Opaque = true
		}
	}
	o.begin(owner)
	o.members[owner.i] = append(o.members[owner.i], m)
}

// begin makes fn a constructor function.
func (o *owners) begin(fn Node) {
	if len(o.members[fn.i]) == 0 && !fn.IsClass() {
		o.members[fn.i] = []Member{{Name: "constructor", Node: fn, Method: true}}
		o.methods[fn.i] = ownMethod{fn, fn}
	}
}

// addPrototype: Foo.prototype.x = .., Foo.prototype = ..
func (o *owners) addPrototype(n Node) {
	left, right := n.Field("left").Inner(false), assigned(n)
	if fn := prototypeOf(left); fn.OK() { // the prototype as a whole
		o.parts[fn.i] = append(o.parts[fn.i], n)
		if len(o.members[fn.i]) > 1 || o.bases[fn.i].OK() {
			o.open[fn.i] = true // what was there before is gone
		}
		switch {
		case right.Is("object"):
			o.begin(fn)
			o.addObject(fn, right)
		case baseOf(right).OK():
			o.inherit(fn, baseOf(right))
			if right.Field("arguments").Len() > 1 {
				o.addDescriptors(fn, right.Field("arguments").Child(1))
			}
		default:
			o.begin(fn)
			o.open[fn.i] = true
		}
		return
	}
	if !left.Is("member_expression", "subscript_expression") {
		return
	}
	fn := prototypeOf(left.Field("object").Inner(false))
	if fn.OK() {
		o.parts[fn.i] = append(o.parts[fn.i], n)
	}
	switch {
	case !fn.OK():
	case left.Is("member_expression") && left.Field("property").Text() == "__proto__":
		if base := ofPrototype(right); base.OK() {
			o.inherit(fn, base)
		} else {
			o.begin(fn)
			o.open[fn.i] = true
		}
	case MemberName(n) == "":
		o.begin(fn)
		o.open[fn.i] = true // Foo.prototype[name]
	case MemberName(n) != "constructor":
		o.add(fn, Member{Node: n})
	}
}

// addObject adds the properties of a literal to a prototype.
func (o *owners) addObject(fn, object Node) {
	for c := range object.Children() {
		switch c.Kind() {
		case "pair", "method_definition", "shorthand_property_identifier":
			if MemberName(c) != "constructor" {
				o.add(fn, Member{Node: c})
			}
		default:
			o.open[fn.i] = true
		}
	}
}

// addDescriptors: Object.create(Base.prototype, { constructor: { value: Foo } })
func (o *owners) addDescriptors(fn, object Node) {
	for c := range object.Children() {
		if MemberName(c) != "constructor" {
			o.open[fn.i] = true
		}
	}
}

func (o *owners) inherit(fn, base Node) {
	o.begin(fn)
	if old := o.bases[fn.i]; old.OK() && old.Text() != base.Text() {
		o.open[fn.i] = true
	}
	o.bases[fn.i] = base
}

// addCall: inherits(Foo, Base), Object.assign(Foo.prototype, ..), mixin(Foo.prototype).
func (o *owners) addCall(n Node) {
	callee, args := n.Field("function").Inner(false), n.Field("arguments")
	name := callee.Text()
	if callee.Is("member_expression") {
		name = callee.Field("property").Text()
	}
	first, second := args.Child(0).Inner(false), args.Child(1).Inner(false)
	if name == "inherits" && args.Len() == 2 {
		if fn := constructorOf(first); fn.OK() {
			o.inherit(fn, second)
			o.parts[fn.i] = append(o.parts[fn.i], n)
		}
		return
	}
	for a := range args.Children() {
		fn := prototypeOf(a.Inner(false))
		if !fn.OK() {
			continue
		}
		if a.i != args.Child(0).i {
			continue // it is read: Object.create(Foo.prototype), Object.assign(x, Foo.prototype)
		}
		o.parts[fn.i] = append(o.parts[fn.i], n)
		switch name {
		case "create", "getPrototypeOf", "keys", "getOwnPropertyNames", "freeze", "hasOwnProperty", "call", "apply":
		case "setPrototypeOf":
			o.begin(fn)
			if base := ofPrototype(second); base.OK() {
				o.inherit(fn, base)
			} else {
				o.open[fn.i] = true
			}
		case "assign", "extend", "defineProperties", "mixin", "merge":
			o.begin(fn)
			if args.Len() == 1 { // it knows what it adds
				o.open[fn.i] = true
			}
			for b := range args.Children() {
				switch {
				case b.i == a.i || isEmitter(ofPrototype(b.Inner(false))):
				case b.Inner(false).Is("object") && name != "defineProperties":
					o.addObject(fn, b.Inner(false))
				case args.Len() == 2 && ofPrototype(b.Inner(false)).OK(): // what another prototype has is copied
					o.inherit(fn, ofPrototype(b.Inner(false)))
				default:
					o.open[fn.i] = true
				}
			}
		case "defineProperty":
			if key, ok := second.StringValue(); !ok || key != "constructor" {
				o.open[fn.i] = true
			}
		default:
			o.begin(fn)
			o.open[fn.i] = true
		}
	}
}

// isEmitter: Node's emitter, which brings no end.
func isEmitter(n Node) bool {
	o, ok := n.Origin()
	return ok && o.Module == "events"
}

// baseOf: Object.create(Base.prototype), new Base()
func baseOf(n Node) Node {
	if n.Is("new_expression") {
		return n.Field("constructor").Inner(false)
	}
	callee := n.Field("function").Inner(false)
	if n.Is("call_expression") && callee.Field("property").Text() == "create" {
		return ofPrototype(n.Field("arguments").Child(0).Inner(false))
	}
	return Node{}
}

// ofPrototype is X in X.prototype.
func ofPrototype(n Node) Node {
	if n.Is("member_expression") && n.Field("property").Text() == "prototype" {
		return n.Field("object").Inner(false)
	}
	return Node{}
}

// prototypeOf returns the constructor function of the file whose prototype n
// is: Foo.prototype, or a constant that holds it.
func prototypeOf(n Node) Node {
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Constant() {
		return constructorOf(ofPrototype(sym.Init().Inner(false)))
	}
	return constructorOf(ofPrototype(n))
}

// constructorOf is the function, or the class, that a name stands for, if it can
// be called with `new` and nothing else is ever called so.
func constructorOf(n Node) Node {
	sym := n.Symbol()
	if sym == nil || !n.Is("identifier") {
		return Node{}
	}
	if sym.Kind == Class && sym.Constant() {
		return sym.Decl
	}
	fn := sym.Decl
	if sym.Kind == Variable {
		fn = sym.Init().Inner(false)
		for fn.Is("assignment_expression") { // var Foo = module.exports = function () {}
			fn = fn.Field("right").Inner(false)
		}
	}
	if fn.Is("function_declaration", "function_expression", "function") && fn.IsFunction() && !fn.IsAsync() && sym.Constant() {
		return fn
	}
	return Node{}
}

// assigned is the value of an assignment, behind others: a = b = value.
func assigned(n Node) Node {
	for n.Is("assignment_expression") {
		n = n.Field("right").Inner(false)
	}
	return n
}
