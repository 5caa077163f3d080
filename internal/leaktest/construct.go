package leaktest

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// construction is how a test makes an instance.
type construction struct {
	args    string     // as written, without the parentheses
	imports []imported // what the arguments mention
	from    string     // the test that makes one like that, "" where no arguments are needed
}

// imported is a name that a test imports.
type imported struct {
	module, name, local string
}

// construction finds out how to make an instance: without arguments, or with
// those that a test of the project gives.
func (w *writer) construction(c project.Class, ex export) (construction, *Refusal) {
	chain, whole := w.p.Ancestors(w.ctx, c)
	if c.Node.Is("abstract_class_declaration") || c.Node.HasToken("abstract") {
		return construction{}, refuse(Abstract, "it is abstract")
	}
	for _, k := range append([]project.Class{c}, chain...) {
		if decorated(k.Node) {
			return construction{}, refuse(Injected, "%s has decorators: something else may make and fill its instances", k.Name())
		}
	}
	var constructor syntax.Node
	for _, k := range append([]project.Class{c}, chain...) {
		for _, m := range syntax.Members(k.Node) {
			if m.Name == "constructor" && m.Node.Is("method_definition") {
				constructor = m.Node
			}
		}
		if constructor.OK() {
			break
		}
	}
	switch {
	case constructor.OK() && syntax.Accessibility(constructor) != "" && syntax.Accessibility(constructor) != "public":
		return construction{}, refuse(NotExported, "its constructor is %s", syntax.Accessibility(constructor))
	case constructor.OK() && !constructor.WantsArguments(), !constructor.OK() && (whole || w.plainBase(c, chain)):
		return construction{}, nil
	}
	made, seen := w.copied(c, ex)
	switch {
	case made != nil:
		return *made, nil
	case seen != "":
		return construction{}, refuse(WantsArguments, "its constructor wants arguments, and those in %s cannot be copied on their own", seen)
	case !constructor.OK():
		return construction{}, refuse(UnknownBase, "what the constructor of its base wants cannot be seen")
	}
	return construction{}, refuse(WantsArguments, "its constructor wants arguments, and no test of the project makes one")
}

// plainBase: the chain of classes ends at Node's emitter, which wants nothing.
func (w *writer) plainBase(c project.Class, chain []project.Class) bool {
	if len(chain) > 0 {
		c = chain[len(chain)-1]
	}
	o, ok := syntax.Extends(c.Node).Inner(false).Origin()
	return ok && syntax.ModuleName(o.Module) == "events" && (o.Last() == "EventEmitter" || o.Last() == "default" || len(o.Path) == 0)
}

// decorated reports whether a class or a member of it has a decorator.
func decorated(class syntax.Node) bool {
	for c := range class.Parent().Children() {
		if c.Is("decorator") && class.Parent().Is("export_statement") {
			return true
		}
	}
	for d := range class.Descendants() {
		if d.Is("decorator") {
			return true
		}
	}
	return false
}

// copied looks for a test that makes an instance by arguments that mean the same
// in another file of the same folder. seen names a test that makes one at all.
func (w *writer) copied(c project.Class, ex export) (made *construction, seen string) {
	pkg := w.p.PackageOf(c.File.Path)
	for _, t := range w.existing() {
		if w.p.PackageOf(t.path) != pkg || !strings.Contains(string(t.src), "new ") {
			continue
		}
		f, err := w.p.Load(w.ctx, t.path)
		if err != nil {
			continue
		}
		for n := range f.Root().Descendants() {
			if !n.Is("new_expression") || !w.isClass(f, n.Field("constructor"), c, ex) {
				continue
			}
			seen = t.path
			if args, imports, ok := selfContained(n); ok {
				return &construction{args: args, imports: imports, from: t.path}, seen
			}
		}
	}
	return nil, seen
}

// isClass reports whether a name in a test is the class, imported.
func (w *writer) isClass(f *syntax.File, n syntax.Node, c project.Class, ex export) bool {
	im, ok := n.Symbol().Import()
	if !ok {
		return false
	}
	to := w.p.Resolve(f.Path, im.Module)
	name := ex.name
	if name == "" {
		name = "default"
	}
	if to == c.File.Path {
		return im.Name == name || ex.cjs && ex.name == "" && im.Name == "*"
	}
	g, decl := w.p.Declaration(w.ctx, to, im.Name) // through a file that passes it on
	return g != nil && g.Path == c.File.Path && decl.Field("name").Text() == c.Name() && c.Name() != ""
}

// globals are what arguments may mention without importing it; the runners'
// own among them.
var globals = []string{
	"undefined", "NaN", "Infinity", "Math", "Date", "Number", "String", "Boolean", "Symbol", "BigInt", "Object", "Array", "Map", "Set", "WeakMap",
	"Promise", "Error", "RegExp", "URL", "Buffer", "JSON", "console", "process", "globalThis", "AbortController", "EventTarget", "Uint8Array", "jest",
}

// selfContained returns the arguments of a construction and what they import, if
// they mean the same wherever they stand in that folder.
func selfContained(made syntax.Node) (args string, imports []imported, ok bool) {
	list := made.Field("arguments")
	for n := range list.Descendants() {
		switch {
		case n.Is("this", "super", "await_expression", "yield_expression", "type_identifier", "meta_property", "import"), n.HasError():
			return "", nil, false
		case n.Is("template_string") && strings.Contains(n.Text(), "\n"):
			return "", nil, false // its text would move with the indentation
		case !n.Is("identifier", "shorthand_property_identifier"):
			continue
		}
		sym := n.Symbol()
		if sym == nil {
			if !slices.Contains(globals, n.Text()) {
				return "", nil, false
			}
			continue
		}
		if sym.Node.Within(list) {
			continue
		}
		im, isImport := sym.Import()
		if !isImport || im.TypeOnly || ours(sym.Name) {
			return "", nil, false
		}
		if i := (imported{im.Module, im.Name, sym.Name}); !slices.Contains(imports, i) {
			imports = append(imports, i)
		}
	}
	text := strings.TrimSuffix(strings.TrimPrefix(list.Text(), "("), ")")
	return undent(text, made), imports, true
}

// undent takes the indentation of the line that a construction begins in from
// the other lines of its arguments.
func undent(text string, at syntax.Node) string {
	f := at.File()
	start := f.LineStart(at.Start())
	line := string(f.Src()[start:at.Start()])
	indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := range lines[1:] {
		lines[i+1] = strings.TrimPrefix(lines[i+1], indent)
	}
	return strings.Join(lines, "\n")
}

// existing is a test of the project.
type existing struct {
	path string
	src  []byte
}

// existing lists the project's unit tests, read once.
func (w *writer) existing() []existing {
	if w.looked {
		return w.known
	}
	w.looked = true
	_ = w.p.Discover(w.ctx, nil, func(rel string) { // a ctx that ends finds fewer
		if project.RoleOf(rel) != project.Test || supports(rel) {
			return
		}
		src, err := w.p.Read(rel)
		if err == nil && callsTest(string(src)) {
			w.known = append(w.known, existing{rel, src})
		}
	}, func(error) {})
	return w.known
}

// supports: what stands in such a folder, or has such a name, helps tests or is
// of another sort.
func supports(rel string) bool {
	for _, part := range strings.Split(path.Dir(rel), "/") {
		if slices.Contains([]string{"fixtures", "__fixtures__", "__mocks__", "e2e", "cypress", "playwright", "bench", "benchmark", "benchmarks"}, part) {
			return true
		}
	}
	stem := stemOf(rel)
	return slices.Contains([]string{".e2e", ".bench", ".stories", ".cy"}, path.Ext(stem))
}

func stemOf(rel string) string { return strings.TrimSuffix(path.Base(rel), path.Ext(rel)) }

// callsTest reports whether a text can hold tests at all.
func callsTest(src string) bool {
	return strings.Contains(src, "test(") || strings.Contains(src, "it(") || strings.Contains(src, "@test")
}
