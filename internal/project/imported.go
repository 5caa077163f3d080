package project

import "bytes"

// mayImport reports whether a file can mean, by a name that it has, what another one
// declares under it. Many classes of a large project share a name: who asks for one of them
// need not have the files parsed that import another. In doubt it says yes.
func (p *Project) mayImport(rel, name, from string) bool {
	if p.parsed.contains(rel) {
		return true
	}
	src, err := p.text(rel)
	if err != nil {
		return true
	}
	imports, ok := importsOf(src, name)
	for _, im := range imports {
		hit := false
		told := p.sources(p.Resolve(rel, im.module), im.name, func(rel string, _ []byte) { hit = hit || rel == from })
		ok = ok && told && !hit
	}
	return !ok
}

// importsOf lists what a text imports under a name. ok is false where it may do so in
// another way than by an import statement, or has the name as a part of something.
func importsOf(src []byte, name string) (imports []handedOn, ok bool) {
	if bytes.Contains(src, []byte("."+name)) {
		return nil, false
	}
	return importedAs(src, name)
}

// Imported tells what a text imports under a name: the module, "" for nothing, and the name
// there, "default" for its default. ok is false where it may import it in several ways, or in
// another one than by an import statement.
func Imported(src []byte, name string) (module, as string, ok bool) {
	imports, ok := importedAs(src, name)
	if !ok || len(imports) != 1 {
		return "", "", ok && len(imports) == 0
	}
	return imports[0].module, imports[0].name, true
}

func importedAs(src []byte, name string) (imports []handedOn, ok bool) {
	if bytes.Contains(src, []byte(`\u`)) || stands(src, "require", "") {
		return nil, false
	}
	ok = true
	eachWord(src, "import", func(at int) {
		t := tokens{src[at+len("import"):]}
		im, understood := t.imported(name)
		ok = ok && understood
		if im.module != "" {
			imports = append(imports, im)
		}
	})
	return imports, ok
}

// imported reads what stands behind `import`: what the statement imports under a name, if
// anything. ok is false for what is no statement that it knows: what import() gives may be
// taken apart.
func (t *tokens) imported(name string) (im handedOn, ok bool) {
	word := t.next()
	if _, alone := text(word); alone || word == "." { // import 'm', import.meta
		return im, true
	}
	if word == "type" {
		if ahead := *t; ahead.next() != "from" {
			word = t.next()
		}
	}
	of := ""
	if isName(word) {
		if word == name {
			of = "default"
		}
		if word = t.next(); word == "," {
			word = t.next()
		}
	}
	switch word {
	case "*":
		if t.next() != "as" || t.next() == name {
			return im, false
		}
		word = t.next()
	case "{":
		names, read := t.names()
		if !read {
			return im, false
		}
		if inside, there := names[name]; there {
			of = inside
		}
		word = t.next()
	}
	module, quoted := text(t.next())
	if of != "" {
		im = handedOn{module, of}
	}
	return im, quoted && word == "from"
}
