package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// renamed: every class, field and method that the tree declares gets another
// name, everywhere. Names that the kinds' patterns, the teardowns and the
// language itself use have to stay: they are the law, not the project's choice.
func (c *checker) renamed() error {
	before, err := c.scan()
	if err != nil {
		return err
	}
	files, err := c.sources()
	if err != nil {
		return err
	}
	keep, err := reserved()
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, f := range files {
		for n := range f.Root().Descendants() {
			if n.IsClass() || n.Is("interface_declaration") {
				add(names, keep, n.Field("name").Text())
				for _, m := range syntax.Members(n) {
					add(names, keep, m.Name)
				}
			}
		}
	}
	old := map[string][]byte{}
	for _, f := range files {
		edits := c.renames(f, names)
		if len(edits) == 0 {
			continue
		}
		out, err := patch.Apply(f.Src(), edits)
		if err != nil {
			return err
		}
		old[f.Path] = f.Src()
		if err := os.WriteFile(filepath.Join(c.dir, f.Path), out, 0o644); err != nil {
			return err
		}
	}
	after, err := c.scan()
	for path, src := range old {
		if err := os.WriteFile(filepath.Join(c.dir, path), src, 0o644); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	same := slices.Equal(before, after)
	c.check(same, "%d names changed in %d files", len(names), len(old))
	for _, f := range before {
		if !slices.Contains(after, f) {
			fmt.Printf("       gone: %s\n", f)
		}
	}
	for _, f := range after {
		if !slices.Contains(before, f) {
			fmt.Printf("       new:  %s\n", f)
		}
	}
	return nil
}

func add(names map[string]string, keep map[string]bool, name string) {
	if name == "" || keep[strings.TrimPrefix(name, "#")] || strings.ContainsAny(name, "[]'\" -.") {
		return
	}
	if _, ok := names[name]; !ok {
		hash := ""
		if rest, private := strings.CutPrefix(name, "#"); private {
			hash, name = "#", rest
		}
		names[hash+name] = fmt.Sprintf("%sq%d", hash, len(names))
	}
}

// renames finds the mentions: of classes by name, of members behind a dot and
// where they are declared. Text in strings and import paths stays.
func (c *checker) renames(f *syntax.File, names map[string]string) []patch.Edit {
	var edits []patch.Edit
	for n := range f.Root().Descendants() {
		to, ok := names[n.Text()]
		if !ok || n.Len() > 0 {
			continue
		}
		switch n.Kind() {
		case "property_identifier", "private_property_identifier", "type_identifier":
		case "shorthand_property_identifier", "shorthand_property_identifier_pattern":
			// { name } stands for a member and a variable: name: variable
			edits = append(edits, patch.Edit{Start: n.Start(), End: n.Start(), New: to + ": "})
			if sym := n.Symbol(); sym == nil || !isTypeLike(sym) {
				continue
			}
		case "identifier":
			parent := n.Parent()
			if !(parent.Is("import_specifier", "export_specifier") || parent.Is("required_parameter") && isParameterProperty(parent)) {
				if sym := n.Symbol(); sym == nil || !isTypeLike(sym) && !parameterProperty(sym) {
					continue
				}
			} else if parent.Is("import_specifier") && c.external(parent) {
				continue
			}
		default:
			continue
		}
		edits = append(edits, patch.Edit{Start: n.Start(), End: n.End(), New: to})
	}
	return merged(edits)
}

// merged joins an insertion and a replacement at one place.
func merged(edits []patch.Edit) []patch.Edit {
	var out []patch.Edit
	for _, e := range edits {
		if last := len(out) - 1; last >= 0 && out[last].Start == e.Start && out[last].Start == out[last].End {
			out[last] = patch.Edit{Start: e.Start, End: e.End, New: out[last].New + e.New}
			continue
		}
		out = append(out, e)
	}
	return out
}

func isTypeLike(sym *syntax.Symbol) bool {
	if im, ok := sym.Import(); ok {
		return im.Name == sym.Name
	}
	return sym.Kind == syntax.Class || sym.Kind == syntax.TypeName
}

func isParameterProperty(p syntax.Node) bool {
	return syntax.Accessibility(p) != "" || p.HasToken("readonly")
}

func parameterProperty(sym *syntax.Symbol) bool {
	return sym.Kind == syntax.Parameter && isParameterProperty(sym.Decl)
}

// external reports whether an import leaves the tree: relative paths and the
// names that the table maps to sources stay inside.
func (c *checker) external(specifier syntax.Node) bool {
	module, _ := specifier.Ancestor("import_statement").Field("source").StringValue()
	for name := range c.table.Typecheck.Paths {
		if prefix, _, _ := strings.Cut(name, "*"); strings.HasPrefix(module, prefix) {
			return false
		}
	}
	return !strings.HasPrefix(module, ".")
}

func (c *checker) sources() ([]*syntax.File, error) {
	p, err := project.Open(c.dir)
	if err != nil {
		return nil, err
	}
	var out []*syntax.File
	var failed error
	err = p.Discover(c.ctx, nil, func(rel string) {
		if failed != nil {
			return
		}
		f, err := p.Load(c.ctx, rel)
		if err != nil {
			failed = err
			return
		}
		out = append(out, f)
	}, func(err error) { failed = err })
	if failed != nil {
		return nil, failed
	}
	return out, err
}

// reserved collects the names that mean something outside of the tree: those
// of the kinds, the teardowns, and what JavaScript and node give their objects.
func reserved() (map[string]bool, error) {
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	keep := map[string]bool{"constructor": true}
	for _, n := range transforms.Vocabulary(kinds) {
		keep[n] = true
	}
	const script = `const s = new Set();
for (const o of [Object, Function, Array, Map, Set, WeakMap, Promise, String, Number, Date, RegExp, Error, JSON, Math, Reflect, Symbol, Buffer,
  require('events'), require('stream').Readable, require('stream').Writable, require('http').Server, require('http').IncomingMessage, require('http').ServerResponse, globalThis, process, console])
  for (const p of [o, o.prototype]) for (let q = p; q; q = Object.getPrototypeOf(q)) for (const n of Object.getOwnPropertyNames(q)) s.add(n);
for (const m of ['fs', 'path', 'crypto', 'util', 'child_process']) for (const n of Object.keys(require(m))) s.add(n);
console.log(JSON.stringify([...s]))`
	out, err := exec.Command("node", "-e", script).Output()
	if err != nil {
		return nil, fmt.Errorf("node is needed for the names of the language: %w", err)
	}
	var names []string
	if err := json.Unmarshal(out, &names); err != nil {
		return nil, err
	}
	for _, n := range names {
		keep[n] = true
	}
	return keep, nil
}
