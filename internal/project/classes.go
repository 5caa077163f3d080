package project

import (
	"context"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Class is a class or interface declaration somewhere in the project.
type Class struct {
	File *syntax.File
	Node syntax.Node
}

// OK reports whether there is a class at all.
func (c Class) OK() bool { return c.Node.OK() }

// Name is the declared name, "" for an anonymous class.
func (c Class) Name() string { return c.Node.Field("name").Text() }

// Declaration follows an exported name to where it is declared, through
// re-exports, across files and packages.
func (p *Project) Declaration(ctx context.Context, rel, name string) (*syntax.File, syntax.Node) {
	key := rel + "\x00" + name
	if d, ok := p.declared.Get(key); ok {
		if d.rel == "" {
			return nil, syntax.Node{}
		}
		if f, err := p.Load(ctx, d.rel); err == nil {
			return f, f.Node(d.id)
		}
	}
	f, n := p.declaration(ctx, rel, name, map[string]bool{})
	if ctx.Err() == nil {
		d := declared{}
		if n.OK() {
			d = declared{f.Path, n.ID()}
		}
		p.declared.Add(key, d)
	}
	return f, n
}

// declared is where something is declared; rel is "" where nowhere.
type declared struct {
	rel string
	id  int32
}

func (p *Project) declaration(ctx context.Context, rel, name string, seen map[string]bool) (*syntax.File, syntax.Node) {
	key := rel + "\x00" + name
	if rel == "" || seen[key] || len(seen) > 400 {
		return nil, syntax.Node{}
	}
	seen[key] = true
	if !p.mayExport(rel, name) {
		return nil, syntax.Node{}
	}
	if b := p.outlineOf(rel).barrel; b != nil {
		if to, ok := b.named[name]; ok {
			return p.declaration(ctx, p.Resolve(rel, to.module), to.name, seen)
		}
		return p.ofStars(ctx, rel, b.stars, name, seen)
	}
	f, err := p.Load(ctx, rel)
	if err != nil {
		return nil, syntax.Node{}
	}
	var stars []string
	for stmt := range f.Root().Children() {
		if !stmt.Is("export_statement") {
			continue
		}
		source, hasSource := stmt.Field("source").StringValue()
		if name == "default" && stmt.HasToken("default") {
			if d := stmt.Field("declaration"); d.OK() {
				return f, d
			}
			return p.declarationOf(ctx, f, stmt.Field("value"), seen)
		}
		clause := stmt.Child(0)
		if hasSource && !clause.Is("export_clause") {
			if !clause.Is("namespace_export") {
				stars = append(stars, source)
			}
			continue
		}
		if clause.Is("export_clause") {
			for spec := range clause.Children() {
				exported := spec.Field("alias")
				if !exported.OK() {
					exported = spec.Field("name")
				}
				if exported.Text() != name {
					continue
				}
				if hasSource {
					return p.declaration(ctx, p.Resolve(rel, source), spec.Field("name").Text(), seen)
				}
				return p.declarationOf(ctx, f, spec.Field("name"), seen)
			}
		}
	}
	if sym := f.TopLevel(name); sym != nil && name != "default" {
		if _, imported := sym.Import(); !imported {
			if init := sym.Init(); init.IsClass() {
				return f, init
			}
			return f, sym.Decl
		}
	}
	if g, n := p.required(ctx, f, name, seen); n.OK() || name == "default" {
		return g, n // `export *` carries no default
	}
	return p.ofStars(ctx, rel, stars, name, seen)
}

// ofStars asks the modules of which a file hands on all; `export *` carries no default.
func (p *Project) ofStars(ctx context.Context, rel string, modules []string, name string, seen map[string]bool) (*syntax.File, syntax.Node) {
	for _, m := range modules {
		if name == "default" {
			break
		}
		if g, n := p.declaration(ctx, p.Resolve(rel, m), name, seen); n.OK() {
			return g, n
		}
	}
	return nil, syntax.Node{}
}

// declarationOf follows an identifier or class expression in f.
func (p *Project) declarationOf(ctx context.Context, f *syntax.File, n syntax.Node, seen map[string]bool) (*syntax.File, syntax.Node) {
	if n.IsClass() || n.IsFunction() {
		return f, n
	}
	if v := givenAtOnce(n); v.OK() {
		return p.declarationOf(ctx, f, v, seen)
	}
	if o, ok := n.Origin(); ok && o.Module != "" && n.Is("call_expression", "member_expression") { // require('./k').K
		name := "*"
		if len(o.Path) > 0 {
			name = o.Last()
		}
		return p.declaration(ctx, p.Resolve(f.Path, o.Module), name, seen)
	}
	sym := n.Symbol()
	if sym == nil {
		return nil, syntax.Node{}
	}
	if im, ok := sym.Import(); ok {
		return p.declaration(ctx, p.Resolve(f.Path, im.Module), im.Name, seen)
	}
	if init := last(sym.Init().Inner(false)); init.IsClass() || init.IsFunction() {
		return f, init
	}
	return f, sym.Decl
}

// givenAtOnce is what a function that is called where it is made gives at its end:
// (function () { .. return K })().
func givenAtOnce(call syntax.Node) syntax.Node {
	fn := call.Field("function").Inner(false)
	if !call.Is("call_expression") || !fn.IsFunction() || fn.IsAsync() || fn.IsGenerator() {
		return syntax.Node{}
	}
	body := fn.Field("body")
	if stmt := body.Child(body.Len() - 1); body.Is("statement_block") && stmt.Is("return_statement") {
		return stmt.Child(0).Inner(false)
	}
	return syntax.Node{}
}

// ClassOf resolves a light type that was found in the file from.
func (p *Project) ClassOf(ctx context.Context, from *syntax.File, t syntax.Type) (Class, bool) {
	if t.Decl.OK() {
		return Class{t.Decl.File(), t.Decl}, isClassLike(t.Decl)
	}
	if t.Module == "" || t.Derived {
		return Class{}, false
	}
	name := "default" // or all that is required of it
	if len(t.Path) > 0 {
		name = t.Path[len(t.Path)-1]
	}
	f, n := p.Declaration(ctx, p.Resolve(from.Path, t.Module), name)
	return Class{f, n}, isClassLike(n)
}

// isClassLike: a class, an interface, or a constructor function.
func isClassLike(n syntax.Node) bool {
	return n.IsClass() || n.Is("interface_declaration") || n.Is("function_declaration", "function_expression", "function") && n.IsConstructor()
}

// Base returns the class that c extends. known is false where c extends
// something that could not be found.
func (p *Project) Base(ctx context.Context, c Class) (base Class, known bool) {
	e := syntax.Extends(c.Node)
	if !e.OK() {
		return Class{}, true
	}
	e = e.Inner(false)
	if o, ok := e.Origin(); e.Is("call_expression") && (!ok || o.Module == "") { // a mixin: what it adds is unknown
		return Class{}, false
	}
	if e.IsClass() {
		return Class{c.File, e}, true
	}
	if isEmitter(e) || isStream(e) {
		return Class{}, true
	}
	t := syntax.Type{}
	if sym := e.Symbol(); sym != nil {
		if im, ok := sym.Import(); ok {
			t = syntax.Type{Module: im.Module, Path: []string{im.Name}}
		} else if sym.Kind == syntax.Class {
			t = syntax.Type{Decl: sym.Decl, Path: []string{sym.Name}}
		} else if sym.Kind == syntax.Function {
			return Class{c.File, sym.Decl}, true
		} else if init := last(sym.Init().Inner(false)); init.IsClass() || init.IsFunction() && !init.IsArrow() {
			return Class{c.File, init}, true
		}
	} else if o, ok := e.Origin(); ok && o.Module != "" {
		t = syntax.Type{Module: o.Module, Path: o.Path}
	}
	if t.Module == "" && !t.Decl.OK() && e.Is("member_expression") {
		if o, ok := e.Origin(); ok {
			t = syntax.Type{Module: o.Module, Path: o.Path}
		}
	}
	return p.ClassOf(ctx, c.File, t)
}

// isEmitter: Node's emitter, which has no end and no fields that could be meant.
func isEmitter(e syntax.Node) bool {
	o, ok := e.Origin()
	return ok && o.Module == "events" && (len(o.Path) == 0 || o.Last() == "EventEmitter")
}

// isStream: one of Node's streams, whose end is the class's own _destroy.
func isStream(e syntax.Node) bool {
	o, ok := e.Origin()
	if !ok || syntax.ModuleName(o.Module) != "stream" {
		return false
	}
	switch o.Last() {
	case "Readable", "Writable", "Duplex", "Transform", "PassThrough", "Stream":
		return true
	}
	return len(o.Path) == 0
}

// maxAncestors bounds how many classes above one are looked at.
const maxAncestors = 32

// Ancestors lists the classes above c, nearest first. whole is false where the
// chain leaves what can be seen.
func (p *Project) Ancestors(ctx context.Context, c Class) (chain []Class, whole bool) {
	seen := true
	for range maxAncestors {
		base, known := p.Base(ctx, c)
		if !base.OK() {
			return chain, seen && known && syntax.SeenWhole(c.Node)
		}
		seen = seen && syntax.SeenWhole(c.Node)
		chain = append(chain, base)
		c = base
	}
	return chain, false
}

// FindMember looks for an instance member of c or of a class above it.
func (p *Project) FindMember(ctx context.Context, c Class, name string) (Class, syntax.Member, bool) {
	for k, hops := c, 0; k.OK() && hops <= maxAncestors; hops++ { // those above are parsed only if it is not found before
		for _, m := range syntax.Members(k.Node) {
			if m.Name == name && !m.Static {
				return k, m, true
			}
		}
		if k.Node.Is("interface_declaration") {
			if d, m, ok := p.inheritedInterface(ctx, k, name); ok {
				return d, m, true
			}
		}
		k, _ = p.Base(ctx, k)
	}
	return Class{}, syntax.Member{}, false
}

// inheritedInterface looks into what an interface extends, one level.
func (p *Project) inheritedInterface(ctx context.Context, c Class, name string) (Class, syntax.Member, bool) {
	for h := range c.Node.Children() {
		if !strings.HasPrefix(h.Kind(), "extends") {
			continue
		}
		for t := range h.Children() {
			base, ok := p.ClassOf(ctx, c.File, syntax.TypeOfAnnotation(t))
			if !ok {
				continue
			}
			for _, m := range syntax.Members(base.Node) {
				if m.Name == name {
					return base, m, true
				}
			}
		}
	}
	return Class{}, syntax.Member{}, false
}
