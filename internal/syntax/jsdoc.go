package syntax

import "strings"

// jsdocType reads `@type {X}` before a declaration and `@param {X} name`
// before its function. Only plain and import("m").X types are understood.
func jsdocType(sym *Symbol) Type {
	var tag, text string
	switch sym.Kind {
	case Variable:
		tag, text = "@type", commentBefore(sym.Decl.Parent())
	case Parameter:
		tag, text = "@param", commentBefore(sym.Decl.Ancestor("formal_parameters").Parent())
	}
	if text == "" {
		return Type{}
	}
	for line := range strings.Lines(text) {
		_, rest, ok := strings.Cut(line, tag+" {")
		if !ok {
			continue
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok || tag == "@param" && firstWord(after) != sym.Name {
			continue
		}
		return typeOfJSDoc(sym.Node.f, strings.TrimSpace(name))
	}
	return Type{}
}

func typeOfJSDoc(f *File, name string) Type {
	if rest, ok := strings.CutPrefix(name, "import("); ok {
		spec, member, _ := strings.Cut(rest, ")")
		return Type{Module: strings.Trim(spec, `'"`), Path: strings.Split(strings.TrimPrefix(member, "."), ".")}
	}
	head, rest, qualified := strings.Cut(name, ".")
	sym := f.TopLevel(head)
	if sym == nil {
		return Type{Path: []string{name}}
	}
	if im, ok := sym.Import(); ok {
		t := Type{Module: im.Module, Path: []string{im.Name}}
		if qualified {
			t.Path = strings.Split(rest, ".")
		}
		return t
	}
	if sym.Kind == Class {
		return Type{Path: []string{name}, Decl: sym.Decl}
	}
	return Type{}
}

func firstWord(s string) string {
	if f := strings.Fields(s); len(f) > 0 {
		return strings.Trim(f[0], "[]")
	}
	return ""
}

// commentBefore returns the text of the comment right before n, or before the
// export around it.
func commentBefore(n Node) string {
	if !n.OK() {
		return ""
	}
	if n.Parent().Is("export_statement") || n.Parent().Is("variable_declarator") {
		return commentBefore(n.Parent())
	}
	if n.Is("variable_declarator") {
		return commentBefore(n.Parent())
	}
	var previous Node
	for c := range n.Parent().All() {
		if c.i == n.i {
			break
		}
		previous = c
	}
	if previous.Is("comment") {
		return previous.Text()
	}
	return ""
}
