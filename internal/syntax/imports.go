package syntax

import (
	"maps"
	"slices"
	"strings"
)

// Import says where an imported local name comes from.
type Import struct {
	Module   string // the specifier as written
	Name     string // the exported name, "default", or "*" for the whole module
	TypeOnly bool
}

// Imports is what a file imports.
type Imports struct {
	byLocal map[string]Import
	Modules []string // every specifier, in order, also of re-exports and side-effect imports
}

// Import returns the import that a symbol stands for.
func (s *Symbol) Import() (Import, bool) {
	if s == nil || s.Node.f == nil || s.Kind != Imported && s.Kind != Variable {
		return Import{}, false
	}
	if s.Node.f.TopLevel(s.Name) != s {
		return Import{}, false
	}
	im, ok := s.Node.f.imports.byLocal[s.Name]
	return im, ok
}

// Local returns the local name of what a module exports under name, unless that is
// imported as a type only.
func (im *Imports) Local(module, name string) (string, bool) {
	locals := slices.Sorted(maps.Keys(im.byLocal))
	i := slices.IndexFunc(locals, func(l string) bool {
		from := im.byLocal[l]
		return !from.TypeOnly && from.Name == name && ModuleName(from.Module) == ModuleName(module)
	})
	if i < 0 {
		return "", false
	}
	return locals[i], true
}

// Imports returns the import table of the file.
func (f *File) Imports() *Imports {
	f.analyse()
	return f.imports
}

func buildImports(f *File) *Imports {
	im := &Imports{byLocal: map[string]Import{}}
	if len(f.nodes) == 0 {
		return im
	}
	for stmt := range f.Root().Children() {
		switch stmt.Kind() {
		case "import_statement":
			im.addStatement(stmt)
		case "export_statement":
			if module, ok := stmt.Field("source").StringValue(); ok {
				im.Modules = append(im.Modules, module)
			}
			im.addRequires(stmt.Field("declaration"))
		case "lexical_declaration", "variable_declaration":
			im.addRequires(stmt)
		}
	}
	return im
}

func (im *Imports) addStatement(stmt Node) {
	module, _ := stmt.Field("source").StringValue()
	typeOnly := stmt.HasToken("type")
	for c := range stmt.Children() {
		switch c.Kind() {
		case "import_require_clause":
			module, _ = c.Field("source").StringValue()
			im.byLocal[c.Child(0).Text()] = Import{module, "*", typeOnly}
		case "import_clause":
			for part := range c.Children() {
				switch part.Kind() {
				case "identifier":
					im.byLocal[part.Text()] = Import{module, "default", typeOnly}
				case "namespace_import":
					im.byLocal[part.Child(0).Text()] = Import{module, "*", typeOnly}
				case "named_imports":
					for spec := range part.Children() {
						name, local := spec.Field("name"), spec.Field("alias")
						if !local.OK() {
							local = name
						}
						im.byLocal[local.Text()] = Import{module, name.Text(), typeOnly || spec.HasToken("type")}
					}
				}
			}
		}
	}
	im.Modules = append(im.Modules, module)
}

// addRequires understands `const x = require('m')`, with members, destructured
// and as `await import('m')`.
func (im *Imports) addRequires(decl Node) {
	for d := range decl.Children() {
		if !d.Is("variable_declarator") {
			continue
		}
		value, member := d.Field("value").Inner(true), "*"
		if value.Is("member_expression") {
			member = value.Field("property").Text()
			value = value.Field("object").Inner(true)
		}
		module, ok := requiredModule(value)
		if !ok {
			continue
		}
		im.Modules = append(im.Modules, module)
		name := d.Field("name")
		if name.Is("identifier") {
			im.byLocal[name.Text()] = Import{module, member, false}
			continue
		}
		if !name.Is("object_pattern") || member != "*" {
			continue
		}
		for part := range name.Children() {
			switch part.Kind() {
			case "shorthand_property_identifier_pattern":
				im.byLocal[part.Text()] = Import{module, part.Text(), false}
			case "pair_pattern":
				if local := part.Field("value"); local.Is("identifier") {
					im.byLocal[local.Text()] = Import{module, part.Field("key").Text(), false}
				}
			}
		}
	}
}

// requiredModule returns the specifier of a `require` or dynamic `import` call.
func requiredModule(call Node) (string, bool) {
	if !call.Is("call_expression") {
		return "", false
	}
	fn := call.Field("function")
	if !(fn.Is("import") || fn.Is("identifier") && fn.Text() == "require") {
		return "", false
	}
	return call.Field("arguments").Child(0).StringValue()
}

// requiredUnless is the module that a `require` loads unless somebody sets another one, as
// in require(options.driver || 'pg').
func requiredUnless(call Node) (string, bool) {
	if !call.Field("function").Is("identifier") || call.Field("function").Text() != "require" {
		return "", false
	}
	n := call.Field("arguments").Child(0).Inner(false)
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Kind == Variable && sym.Init().OK() && sym.Constant() {
		n = sym.Init().Inner(false)
	}
	if op := n.Field("operator").Text(); n.Is("binary_expression") && (op == "||" || op == "??") {
		n = n.Field("right").Inner(false)
	}
	return n.StringValue()
}

// Origin says which export of which module, or which global, an expression
// denotes.
type Origin struct {
	Module string   // without "node:"; "" for a global
	Path   []string // e.g. ["chromium", "launch"]; "default" and "*" are left out
}

// Last is the last element of the path, "" for a module as a whole.
func (o Origin) Last() string {
	if len(o.Path) == 0 {
		return ""
	}
	return o.Path[len(o.Path)-1]
}

// ModuleName strips what two spellings of one module may differ in.
func ModuleName(specifier string) string { return strings.TrimPrefix(specifier, "node:") }

// Origin resolves n through imports, members of them and constants that stand
// for them. It fails for everything that is made in the file itself.
func (n Node) Origin() (Origin, bool) { return n.origin(8) }

func (n Node) origin(depth int) (Origin, bool) {
	n = n.Inner(true)
	if depth == 0 || !n.OK() {
		return Origin{}, false
	}
	switch n.Kind() {
	case "identifier", "type_identifier", "shorthand_property_identifier":
		return originOfName(n, depth)
	case "member_expression":
		if name, own := n.ThisField(); own {
			return originOfField(n, name, depth-1)
		}
		o, ok := n.Field("object").origin(depth - 1)
		if !ok {
			return Origin{}, false
		}
		property := n.Field("property").Text()
		if o.Module == "" && len(o.Path) == 1 && isGlobalObject(o.Path[0]) {
			return Origin{Path: []string{property}}, true
		}
		if property == "default" {
			return o, true
		}
		return Origin{o.Module, append(o.Path[:len(o.Path):len(o.Path)], property)}, true
	case "nested_type_identifier":
		o, ok := n.Field("module").origin(depth - 1)
		if !ok {
			return Origin{}, false
		}
		return Origin{o.Module, append(o.Path[:len(o.Path):len(o.Path)], n.Field("name").Text())}, true
	case "call_expression":
		if module, ok := requiredModule(n); ok {
			return Origin{Module: ModuleName(module)}, true
		}
		if module, ok := requiredUnless(n); ok {
			return Origin{Module: ModuleName(module)}, true
		}
		if o, ok := n.Field("function").origin(depth - 1); ok && o.Module != "" && len(o.Path) == 1 && givesItself[o.Module] == o.Path[0] {
			return Origin{Module: o.Module}, true
		} else if ok && len(o.Path) == 0 && givesLibrary[o.Module] != "" {
			return Origin{Module: o.Module, Path: []string{givesLibrary[o.Module]}}, true
		}
	case "ternary_expression": // (secure ? https : http).createServer()
		return originOfEither(n.Field("consequence"), n.Field("alternative"), depth-1)
	}
	return Origin{}, false
}

// originOfEither is that of one of two things that are the same of two modules, as
// a plain twin and a secure one.
func originOfEither(a, b Node, depth int) (Origin, bool) {
	one, ok := a.origin(depth)
	if !ok || one.Module == "" {
		return Origin{}, false
	}
	other, ok := b.origin(depth)
	if !ok || other.Module == "" {
		return Origin{}, false
	}
	if one.Module == other.Module { // native ? require('pg').native : require('pg')
		if len(one.Path) > len(other.Path) {
			one, other = other, one
		}
		return one, slices.Equal(one.Path, other.Path[:len(one.Path)]) || len(one.Path) == 0
	}
	return one, slices.Equal(one.Path, other.Path)
}

// originOfField is that of a module, or a part of one, which an instance keeps in a field
// that is given it once: this.pg = require('pg').
func originOfField(field Node, name string, depth int) (Origin, bool) {
	class, _ := field.FieldOwner()
	if !class.OK() {
		return Origin{}, false
	}
	var values []Node
	for _, value := range field.f.fieldValues(class)[name] {
		if !isRequiredByName(value) {
			values = append(values, value)
		}
	}
	if len(values) != 1 || !values[0].Is("call_expression", "ternary_expression", "member_expression", "identifier") {
		return Origin{}, false
	}
	o, ok := values[0].origin(depth)
	return o, ok && o.Module != ""
}

// isRequiredByName reports whether a value is a module that somebody names who sets up the
// program, and that stands in for the one which is meant: require(options.driver).verbose().
func isRequiredByName(n Node) bool {
	if callee := n.Field("function").Inner(true); callee.Is("member_expression") {
		return isRequiredByName(callee.Field("object").Inner(true))
	}
	_, known := requiredUnless(n)
	return n.Field("function").Is("identifier") && n.Field("function").Text() == "require" && n.Field("arguments").Len() == 1 && !known
}

// givesItself names for modules the function that sets them up and gives them back:
// require('sqlite3').verbose().
var givesItself = map[string]string{"sqlite3": "verbose"}

// givesLibrary names, for modules that are a function which makes the library, what
// everybody calls that: const pgp = require('pg-promise')(options).
var givesLibrary = map[string]string{"pg-promise": "pgp"}

// fieldValues are what the code of a class gives to its fields. They are asked for time and
// again, and found once.
func (f *File) fieldValues(class Node) map[string][]Node {
	f.foundMu.Lock()
	values, known := f.fieldsOf[class.ID()]
	f.foundMu.Unlock()
	if known {
		return values
	}
	values = map[string][]Node{}
	for _, code := range Code(class) {
		for d := range code.Descendants() {
			if !d.Is("assignment_expression") {
				continue
			}
			name, ok := d.Field("left").ThisField()
			if !ok {
				continue
			}
			values[name] = append(values[name], d.Field("right").Inner(true))
		}
	}
	f.foundMu.Lock()
	defer f.foundMu.Unlock()
	if f.fieldsOf == nil {
		f.fieldsOf = map[int32]map[string][]Node{}
	}
	f.fieldsOf[class.ID()] = values
	return values
}

func originOfName(n Node, depth int) (Origin, bool) {
	sym := n.Symbol()
	if sym == nil {
		return Origin{Path: []string{n.Text()}}, true
	}
	if im, ok := sym.Import(); ok {
		o := Origin{Module: ModuleName(im.Module)}
		if im.Name != "*" && im.Name != "default" {
			o.Path = []string{im.Name}
		}
		return o, true
	}
	if init := sym.Init(); init.OK() && sym.Constant() && init.Inner(true).Is("member_expression", "identifier", "ternary_expression", "call_expression") {
		return init.origin(depth - 1)
	}
	return originOfPart(sym, depth)
}

// originOfPart: const { Pool } = pg
func originOfPart(sym *Symbol, depth int) (Origin, bool) {
	pattern := sym.Decl.Field("name")
	if sym.Kind != Variable || !sym.Constant() || !pattern.Is("object_pattern") {
		return Origin{}, false
	}
	for part := range pattern.Children() {
		key, local := part, part
		if part.Is("pair_pattern") {
			key, local = part.Field("key"), part.Field("value")
		}
		if local.i != sym.Node.i {
			continue
		}
		o, ok := sym.Decl.Field("value").origin(depth - 1)
		if !ok || o.Module == "" {
			return Origin{}, false
		}
		return Origin{o.Module, append(o.Path[:len(o.Path):len(o.Path)], key.Text())}, true
	}
	return Origin{}, false
}

func isGlobalObject(name string) bool {
	switch name {
	case "window", "globalThis", "self", "global":
		return true
	}
	return false
}
