package syntax

// Type is what can be told about a value without a type checker: a class or
// interface of some project file, an export of a module, or something that
// came out of a module by calls.
type Type struct {
	Module  string   // the specifier as written, "" for a name of the file itself or a global
	Path    []string // the name, qualified: ["http", "Server"] is {Module: "http", Path: ["Server"]}
	Derived bool     // came out of a call or property of Module: Path is unknown
	Decl    Node     // the class or interface in the same file, where it is there
	Args    []Node   // type arguments
	Node    Node     // the type annotation, where there is one
}

// OK reports whether anything is known.
func (t Type) OK() bool { return t.Module != "" || len(t.Path) > 0 || t.Decl.OK() }

// Name is the unqualified name, "" where unknown.
func (t Type) Name() string {
	if len(t.Path) == 0 {
		return ""
	}
	return t.Path[len(t.Path)-1]
}

// TypeOfAnnotation reads a type annotation; null and undefined in a union are
// dropped, Promise is looked through.
func TypeOfAnnotation(n Node) Type {
	switch n.Kind() {
	case "type_identifier", "identifier":
		t := Type{Path: []string{n.Text()}, Node: n}
		sym := n.Symbol()
		if sym == nil {
			return t
		}
		if im, ok := sym.Import(); ok {
			t.Module, t.Path = im.Module, []string{im.Name}
		} else if sym.Kind == Class || sym.Kind == TypeName {
			t.Decl = sym.Decl
		}
		return t
	case "nested_type_identifier":
		if o, ok := n.Origin(); ok && o.Module != "" {
			return Type{Module: o.Module, Path: o.Path, Node: n}
		}
		return Type{Path: []string{n.Text()}, Node: n}
	case "generic_type":
		t := TypeOfAnnotation(n.Field("name"))
		for a := range n.Field("type_arguments").Children() {
			t.Args = append(t.Args, a)
		}
		if t.Module == "" && !t.Decl.OK() && len(t.Args) == 1 {
			switch t.Name() {
			case "Promise", "Awaited", "NonNullable", "Readonly":
				return TypeOfAnnotation(t.Args[0])
			case "ReturnType": // of typeof createClient
				if o, ok := t.Args[0].Child(0).Origin(); ok && t.Args[0].Is("type_query") && o.Module != "" {
					return Type{Module: o.Module, Derived: true, Node: n}
				}
			}
		}
		t.Node = n
		return t
	case "union_type":
		var found Type
		for c := range n.Children() {
			if t := TypeOfAnnotation(c); t.OK() && !found.OK() {
				found = t
			}
		}
		return found
	case "parenthesized_type", "readonly_type":
		return TypeOfAnnotation(n.Child(0))
	}
	return Type{}
}

// TypeOf infers the light type of an expression within its file.
func TypeOf(n Node) Type { return typeOf(n, 12) }

func typeOf(n Node, depth int) Type {
	if depth == 0 || !n.OK() {
		return Type{}
	}
	depth--
	switch n.Kind() {
	case "parenthesized_expression", "non_null_expression", "await_expression":
		return typeOf(n.Child(0), depth)
	case "as_expression", "satisfies_expression":
		if t := TypeOfAnnotation(n.Child(1)); t.OK() {
			return t
		}
		return typeOf(n.Child(0), depth)
	case "this":
		if class, _ := n.ThisClass(); class.OK() {
			return Type{Path: []string{class.Field("name").Text()}, Decl: class}
		}
	case "identifier":
		return typeOfName(n, depth)
	case "new_expression":
		return typeOfConstructed(n.Field("constructor"))
	case "ternary_expression":
		if t := typeOf(n.Field("consequence"), depth); t.OK() {
			return t
		}
		return typeOf(n.Field("alternative"), depth)
	case "binary_expression":
		if t := typeOf(n.Field("left"), depth); t.OK() {
			return t
		}
		return typeOf(n.Field("right"), depth)
	case "assignment_expression":
		return typeOf(n.Field("right"), depth)
	case "member_expression", "subscript_expression":
		return typeOfMember(n, depth)
	case "call_expression":
		return typeOfCall(n, depth)
	}
	return Type{}
}

func typeOfName(n Node, depth int) Type {
	sym := n.Symbol()
	if sym == nil {
		return Type{}
	}
	if im, ok := sym.Import(); ok {
		return Type{Module: im.Module, Derived: true}
	}
	if t := TypeOfAnnotation(sym.Type()); t.OK() {
		return t
	}
	if t := jsdocType(sym); t.OK() {
		return t
	}
	if init := sym.Init(); init.OK() && !init.Is("null", "undefined") {
		return typeOf(init, depth)
	}
	for _, r := range sym.Refs { // let x; x = new Y()
		if p := r.Parent(); p.Is("assignment_expression") && p.Field("left").i == r.i {
			if t := typeOf(p.Field("right"), depth); t.OK() {
				return t
			}
		}
	}
	return Type{}
}

func typeOfConstructed(constructor Node) Type {
	if sym := constructor.Symbol(); sym != nil && sym.Kind == Class {
		return Type{Path: []string{sym.Name}, Decl: sym.Decl}
	}
	if fn := constructorOf(constructor); fn.OK() && fn.IsConstructor() {
		return Type{Path: []string{constructor.Text()}, Decl: fn}
	}
	if o, ok := constructor.Origin(); ok {
		return Type{Module: o.Module, Path: o.Path}
	}
	return Type{}
}

func typeOfMember(n Node, depth int) Type {
	if name, ok := n.ThisField(); ok {
		if class, _ := n.FieldOwner(); class.OK() {
			if t := typeOfField(class, name, depth); t.OK() {
				return t
			}
			return Type{}
		}
	}
	if t, ok := typeOfBoxed(n, depth); ok {
		return t
	}
	return typeThrough(n, depth)
}

// typeThrough is the type of what a member gives by the type of what it is a member of.
func typeThrough(member Node, depth int) Type {
	t := typeOf(member.Field("object"), depth)
	switch {
	case t.Module != "":
		return Type{Module: t.Module, Derived: true}
	case t.OK():
		return fromPlatform(t, member.Field("property").Text())
	}
	return Type{}
}

// boxes are functions that make an object for one value, and the member that has it.
var boxes = map[string]string{
	"useRef": "current", "createRef": "current", "ref": "value", "shallowRef": "value", "signal": "value", "useSignal": "value",
}

// typeOfBoxed is the type of what a box holds: as it says where it is made, or as what is
// put into it. ok says that n is such a member.
func typeOfBoxed(n Node, depth int) (t Type, ok bool) {
	box := n.Field("object").Inner(false).Symbol()
	maker := box.Init().Inner(false)
	name := maker.Field("function").Inner(false)
	if name.Is("member_expression") { // React.useRef
		name = name.Field("property")
	}
	if !maker.Is("call_expression") || !box.Constant() || boxes[name.Text()] == "" || boxes[name.Text()] != n.Field("property").Text() {
		return Type{}, false
	}
	if args := maker.Field("type_arguments"); args.Len() == 1 {
		return TypeOfAnnotation(args.Child(0)), true
	}
	if t := typeOf(maker.Field("arguments").Child(0), depth); t.OK() {
		return t, true
	}
	for _, r := range box.Refs {
		m := r.Outer().Parent()
		if p := m.Outer().Parent(); m.Field("property").Text() == n.Field("property").Text() && p.Is("assignment_expression") && p.Field("left").Inner(false) == m {
			if t := typeOf(p.Field("right"), depth); t.OK() {
				return t, true
			}
		}
	}
	return Type{}, true
}

// typeOfField looks at the declaration, then at every assignment in the class.
func typeOfField(class Node, name string, depth int) Type {
	for _, m := range Members(class) {
		if m.Name != name {
			continue
		}
		if m.Getter {
			if t := TypeOfAnnotation(returnAnnotation(m.Node)); t.OK() {
				return t
			}
			continue
		}
		if t := TypeOfAnnotation(Annotation(m.Node)); t.OK() {
			return t
		}
		if t := typeOf(m.Node.Field("value"), depth); t.OK() {
			return t
		}
	}
	for _, code := range Code(class) {
		for d := range code.Descendants() {
			if d.Is("assignment_expression") {
				if f, ok := d.Field("left").ThisField(); ok && f == name {
					if t := typeOf(d.Field("right"), depth); t.OK() {
						return t
					}
				}
			}
		}
	}
	return Type{}
}

func typeOfCall(n Node, depth int) Type {
	fn := n.Field("function").Inner(false)
	if decl := calledFunction(fn); decl.OK() {
		if t := TypeOfAnnotation(returnAnnotation(decl)); t.OK() && !isTypeParameter(decl, t) {
			return t
		}
	}
	if args := n.Field("type_arguments"); args.Len() == 1 {
		return TypeOfAnnotation(args.Child(0)) // resolve<Driver>(...): the one type that is named
	}
	if o, ok := fn.Origin(); ok && o.Module != "" {
		return Type{Module: o.Module, Derived: true}
	} else if ok && len(o.Path) == 1 {
		return fromPlatform(Type{}, o.Last())
	}
	if fn.Is("member_expression") {
		return typeThrough(fn, depth)
	}
	return Type{}
}

func isTypeParameter(fn Node, t Type) bool {
	for p := range fn.Field("type_parameters").Children() {
		if t.Module == "" && p.Field("name").Text() == t.Name() {
			return true
		}
	}
	return false
}

func returnAnnotation(fn Node) Node {
	if r := fn.Field("return_type"); r.OK() {
		return r.Child(0)
	}
	return Node{}
}

// calledFunction finds the function of the same file that a callee names: a
// declaration, a constant, or a method of the same class.
func calledFunction(callee Node) Node {
	if callee.Is("identifier") {
		sym := callee.Symbol()
		if sym == nil {
			return Node{}
		}
		if sym.Kind == Function {
			return sym.Decl
		}
		if init := sym.Init().Inner(false); init.IsFunction() && sym.Constant() {
			return init
		}
		return Node{}
	}
	if name, ok := callee.ThisField(); ok {
		if class, _ := callee.FieldOwner(); class.OK() {
			for _, m := range Members(class) {
				if m.Name == name && m.Function().OK() && !m.Static {
					return m.Function()
				}
			}
		}
	}
	return Node{}
}

// CalledFunction returns the function of the same file that a call runs, or
// the zero Node.
func CalledFunction(call Node) Node {
	return calledFunction(call.Field("function").Inner(false))
}
