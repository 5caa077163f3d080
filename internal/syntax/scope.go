package syntax

import "strings"

// SymbolKind says how a name was declared.
type SymbolKind int

// The ways to declare a name.
const (
	Variable SymbolKind = iota // const, let, var, using
	Parameter
	Function
	Class
	TypeName // interface, type alias, enum, namespace
	Imported
	Caught // catch (name)
)

// Symbol is one declared name and everything that refers to it.
type Symbol struct {
	Name string
	Kind SymbolKind
	Node Node   // the identifier that declares it
	Decl Node   // the declarator, parameter, function, class or import around it
	Refs []Node // every other mention, reads and writes, in source order

	id int32 // 1 + its index in its file
}

// Init returns the value that a variable is declared with, if the variable is
// that value and not a part of it.
func (s *Symbol) Init() Node {
	if s == nil || s.Kind != Variable {
		return Node{}
	}
	switch {
	case s.Decl.Is("variable_declarator") && s.Decl.Field("name").i == s.Node.i:
		return s.Decl.Field("value")
	case s.Decl.Is("assignment_expression"): // using, in the TypeScript grammar
		return s.Decl.Field("right")
	}
	return Node{}
}

// Mentions are the references to a symbol; none to a nil one.
func (s *Symbol) Mentions() []Node {
	if s == nil {
		return nil
	}
	return s.Refs
}

// Type returns the type annotation of the declaration, without its colon.
func (s *Symbol) Type() Node {
	if s == nil {
		return Node{}
	}
	return Annotation(s.Decl)
}

// Constant reports whether the name is never assigned after its declaration.
func (s *Symbol) Constant() bool {
	for _, r := range s.Refs {
		if IsWrite(r) {
			return false
		}
	}
	return true
}

// Using reports whether a name is declared by `using` or `await using`.
func (s *Symbol) Using() bool {
	if s == nil || s.Kind != Variable {
		return false
	}
	list := s.Decl.Parent()
	// Where a grammar does not know it, it was read as a `const`: the text says it.
	return s.Decl.Is("assignment_expression") && s.Decl.HasToken("using") ||
		s.Decl.Is("variable_declarator") && list.Is("lexical_declaration") && strings.HasPrefix(list.Text(), "using")
}

// Scope returns the block, function or module in which a variable can be mentioned.
func (s *Symbol) Scope() Node {
	if s.Decl.Parent().Is("variable_declaration") {
		if fn := s.Decl.Function(); fn.OK() {
			return fn
		}
	}
	n := s.Decl
	for n.OK() && !n.Is("statement_block", "program", "switch_body", "for_statement", "for_in_statement", "class_static_block") && !n.IsFunction() {
		n = n.Parent()
	}
	return n
}

// Annotation returns the type in n's `type` field, without its colon.
func Annotation(n Node) Node {
	if t := n.Field("type"); t.OK() {
		return t.Child(0)
	}
	return Node{}
}

// IsWrite reports whether the reference n is assigned to.
func IsWrite(n Node) bool {
	p := n.Parent()
	switch p.Kind() {
	case "assignment_expression", "augmented_assignment_expression":
		return p.Field("left").i == n.i
	case "update_expression":
		return true
	case "for_in_statement":
		return p.Field("left").i == n.i
	case "array_pattern", "object_pattern", "rest_pattern", "pair_pattern":
		return true
	case "assignment_pattern", "object_assignment_pattern":
		return p.Field("left").i == n.i
	case "variable_declarator": // var x twice
		return p.Field("name").i == n.i && p.Field("value").OK()
	}
	return false
}

type scope struct {
	parent   *scope
	function bool
	names    map[string]*Symbol
}

func (s *scope) declare(kind SymbolKind, name, decl Node) *Symbol {
	text := name.Text()
	if old, ok := s.names[text]; ok {
		if name.i != old.Node.i && kind == Variable && decl.Field("value").OK() { // var twice: the second is one more mention
			old.Refs = append(old.Refs, name)
		}
		if old.Kind == TypeName && kind != TypeName { // type X and const X: values are what matters here
			old.Kind, old.Node, old.Decl = kind, name, decl
		}
		return old // overloads, merged declarations
	}
	if s.names == nil {
		s.names = map[string]*Symbol{}
	}
	sym := &Symbol{Name: text, Kind: kind, Node: name, Decl: decl}
	s.names[text] = sym
	return sym
}

type scopes struct {
	symbols []*Symbol
	of      []int32 // by the ID of an identifier, declaring or referring: 1 + the index of its symbol
	module  *scope
	pending []mention
}

type mention struct {
	node  int32
	scope *scope
}

// Symbol returns what the identifier n refers to or declares; nil for a global
// and for what is not an identifier.
func (n Node) Symbol() *Symbol {
	if n.f == nil {
		return nil
	}
	n.f.analyse()
	return n.f.scopes.symbol(n.i)
}

// TopLevel returns the module-level symbol of that name, or nil.
func (f *File) TopLevel(name string) *Symbol {
	f.analyse()
	return f.scopes.module.names[name]
}

// symbol is that of an identifier, nil for none.
func (s *scopes) symbol(i int32) *Symbol {
	if s.of[i] == 0 {
		return nil
	}
	return s.symbols[s.of[i]-1]
}

func buildScopes(f *File) *scopes {
	s := &scopes{of: make([]int32, len(f.nodes)), module: &scope{function: true}}
	if len(f.nodes) > 0 {
		s.walk(f.Root(), s.module)
	}
	for _, m := range s.pending {
		if s.of[m.node] != 0 {
			continue
		}
		name := f.Node(m.node).Text()
		for sc := m.scope; sc != nil; sc = sc.parent {
			if sym, ok := sc.names[name]; ok {
				s.of[m.node] = sym.id
				sym.Refs = append(sym.Refs, f.Node(m.node))
				break
			}
		}
	}
	s.pending = nil
	return s
}

func (s *scopes) declare(sc *scope, kind SymbolKind, name, decl Node) {
	if name.OK() {
		sym := sc.declare(kind, name, decl)
		if sym.id == 0 {
			s.symbols = append(s.symbols, sym)
			sym.id = int32(len(s.symbols))
		}
		s.of[name.i] = sym.id
	}
}

func (sc *scope) hoist() *scope {
	for !sc.function {
		sc = sc.parent
	}
	return sc
}

func (s *scopes) walk(n Node, sc *scope) {
	switch n.Kind() {
	case "identifier", "type_identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern":
		s.pending = append(s.pending, mention{n.i, sc})
		return
	case "function_declaration", "generator_function_declaration", "function_signature":
		s.declare(sc, Function, n.Field("name"), n)
		sc = &scope{parent: sc, function: true}
		s.parameters(n, sc)
	case "function_expression", "function", "generator_function", "arrow_function", "method_definition":
		if n.Named() {
			sc = &scope{parent: sc, function: true}
			if n.Is("function_expression", "function", "generator_function") {
				s.declare(sc, Function, n.Field("name"), n)
			}
			s.parameters(n, sc)
		}
	case "function_type", "constructor_type", "call_signature", "construct_signature", "method_signature", "abstract_method_signature":
		sc = &scope{parent: sc, function: true} // its parameters' names mean nothing outside
		s.parameters(n, sc)
	case "class_declaration", "abstract_class_declaration":
		s.declare(sc, Class, n.Field("name"), n)
	case "class":
		if n.Named() {
			sc = &scope{parent: sc}
			s.declare(sc, Class, n.Field("name"), n)
		}
	case "interface_declaration", "type_alias_declaration", "enum_declaration", "internal_module", "module":
		s.declare(sc, TypeName, n.Field("name"), n)
		if n.Is("internal_module", "module") {
			sc = &scope{parent: sc, function: true}
		}
	case "statement_block":
		if !n.Parent().IsFunction() {
			sc = &scope{parent: sc}
		}
	case "for_statement", "switch_body", "class_static_block":
		sc = &scope{parent: sc}
	case "for_in_statement":
		s.walk(n.Field("right"), sc) // in the outer scope: `for (const a of a)` is an error anyway
		sc = &scope{parent: sc}
		if kind := n.Field("kind"); kind.OK() {
			target := sc
			if kind.Text() == "var" {
				target = sc.hoist()
			}
			s.pattern(n.Field("left"), target, Variable, n)
		}
		for c := range n.All() {
			if c.Role() != "right" {
				s.walk(c, sc)
			}
		}
		return
	case "catch_clause":
		sc = &scope{parent: sc}
		s.pattern(n.Field("parameter"), sc, Caught, n)
	case "variable_declarator":
		target := sc
		if n.Parent().Is("variable_declaration") {
			target = sc.hoist()
		}
		s.pattern(n.Field("name"), target, Variable, n)
	case "assignment_expression":
		if n.HasToken("using") {
			s.pattern(n.Field("left"), sc, Variable, n)
		}
	case "import_clause", "import_specifier", "namespace_import", "import_require_clause":
		s.importNames(n, sc)
	case "export_specifier":
		// The alias is a name for others, not one of this file.
		s.walk(n.Field("name"), sc)
		return
	}
	for c := range n.All() {
		if c.Named() || c.First().OK() { // a sign or a keyword by itself declares nothing
			s.walk(c, sc)
		}
	}
}

func (s *scopes) importNames(n Node, sc *scope) {
	if n.Is("import_specifier") {
		name := n.Field("alias")
		if !name.OK() {
			name = n.Field("name")
		}
		s.declare(sc, Imported, name, n)
		return
	}
	for c := range n.Children() {
		if c.Is("identifier") {
			s.declare(sc, Imported, c, n)
		}
	}
}

func (s *scopes) parameters(fn Node, sc *scope) {
	if p := fn.Field("parameter"); p.OK() { // x => ...
		s.declare(sc, Parameter, p, p)
		return
	}
	for p := range fn.Field("parameters").Children() {
		pattern := p
		if p.Is("required_parameter", "optional_parameter") {
			pattern = p.Field("pattern")
		}
		s.pattern(pattern, sc, Parameter, p)
	}
}

// pattern declares every name that a binding pattern introduces.
func (s *scopes) pattern(n Node, sc *scope, kind SymbolKind, decl Node) {
	switch n.Kind() {
	case "identifier", "shorthand_property_identifier_pattern":
		s.declare(sc, kind, n, decl)
	case "pair_pattern":
		s.pattern(n.Field("value"), sc, kind, decl)
	case "assignment_pattern", "object_assignment_pattern":
		s.pattern(n.Field("left"), sc, kind, decl)
	case "object_pattern", "array_pattern", "rest_pattern":
		for c := range n.Children() {
			s.pattern(c, sc, kind, decl)
		}
	}
}
