package project

import (
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func TestDeclaration(t *testing.T) {
	p := tree(t, map[string]string{
		"base.ts":      "export class Base {} class Hidden {} export { Hidden as Shown }; export function make() {} export interface Face {} export default class Main {}",
		"named.ts":     "export { Base } from './base'; export { Base as Other, default as First } from './base';",
		"star.ts":      "export * from './none'; export * from './named'; export * as ns from './base';",
		"deep.ts":      "export * from './star'",
		"through.ts":   "import { Base as B } from './star'; import Def from './base'; export { B as Again, Def }; export default B;",
		"value.ts":     "class V {} export default V;",
		"types.ts":     "export type { Face } from './base'; export type * from './base';",
		"circle-a.ts":  "export * from './circle-b'; export { Lost } from './circle-b'; export class A {}",
		"circle-b.ts":  "export * from './circle-a'; export { Lost } from './circle-a';",
		"self.ts":      "export * from './self'; export { Me } from './self';",
		"own-first.ts": "export * from './base'; export class Base { own() {} }",
		"broken.ts":    "export class Whole {} let = ;",
	})
	tests := []struct{ rel, name, file, text string }{
		{"base.ts", "Base", "base.ts", "class Base {}"}, {"base.ts", "Shown", "base.ts", "class Hidden {}"}, {"base.ts", "default", "base.ts", "class Main {}"}, {"base.ts", "make", "base.ts", "function make() {}"},
		{"base.ts", "Face", "base.ts", "interface Face {}"}, {"base.ts", "None", "", ""},
		{"named.ts", "Base", "base.ts", "class Base {}"}, {"named.ts", "Other", "base.ts", "class Base {}"}, {"named.ts", "First", "base.ts", "class Main {}"},
		{"star.ts", "Other", "base.ts", "class Base {}"}, {"deep.ts", "Base", "base.ts", "class Base {}"}, {"deep.ts", "None", "", ""}, {"deep.ts", "ns", "", ""},
		{"through.ts", "Again", "base.ts", "class Base {}"}, {"through.ts", "default", "base.ts", "class Base {}"}, {"through.ts", "Def", "base.ts", "class Main {}"},
		{"value.ts", "default", "value.ts", "class V {}"}, {"types.ts", "Face", "base.ts", "interface Face {}"}, {"types.ts", "Base", "base.ts", "class Base {}"},
		{"circle-a.ts", "A", "circle-a.ts", "class A {}"}, {"circle-b.ts", "A", "circle-a.ts", "class A {}"}, {"circle-a.ts", "Lost", "", ""}, {"circle-a.ts", "None", "", ""}, {"self.ts", "Me", "", ""},
		{"own-first.ts", "Base", "own-first.ts", "class Base { own() {} }"}, {"broken.ts", "Whole", "broken.ts", "class Whole {}"}, {"none.ts", "X", "", ""}, {"", "X", "", ""},
	}
	for _, tt := range tests {
		f, n := p.Declaration(t.Context(), tt.rel, tt.name)
		if n.Text() != tt.text {
			t.Errorf("%s of %s is %q, want %q", tt.name, tt.rel, n.Text(), tt.text)
		}
		if n.OK() && (f != n.File() || f.Path != tt.file) {
			t.Errorf("%s of %s is in %s, want %s", tt.name, tt.rel, f.Path, tt.file)
		}
	}
}

var classTree = map[string]string{
	"package.json":               `{"workspaces": ["packages/*"]}`,
	"packages/core/package.json": `{"name": "@x/core", "main": "dist/index.js"}`, "packages/core/tsconfig.json": `{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}`,
	"packages/core/src/index.ts":   "export * from './service.js'; export { Root as Renamed } from './root.js';",
	"packages/core/src/service.ts": "import { Root } from './root.js'; export abstract class Service extends Root { protected abstract stop(): void; dispose() {} static make() {} }",
	"packages/core/src/root.ts":    "export class Root { closed = false; close(): void {} }",
	"packages/app/package.json":    `{"name": "app"}`,
	"packages/app/src/a.ts": `
		import { Service } from '@x/core';
		import * as core from '@x/core';
		import type { Renamed } from '@x/core';
		import Mixed, { EventEmitter } from 'installed';
		export class Near extends Middle { own() {} }
		class Middle extends Service { stop() {} }
		class Namespaced extends core.Service {}
		class Event extends EventEmitter {}
		class Mix extends Mixin(Service) {}
		class Unknown extends Nowhere {}
		class Alone {}
		class Inline extends (class { inner() {} }) {}
		const Value = class { v() {} }; class OfValue extends Value {}
		class Loop1 extends Loop2 {} class Loop2 extends Loop1 {}
		interface Up { up(): void } interface Down extends Up { down(): void }
		class Global extends EventTarget {}`,
	"packages/app/src/loop-a.ts":          "import { B } from './loop-b'; export class A extends B {}",
	"packages/app/src/loop-b.ts":          "import { A } from './loop-a'; export class B extends A {}",
	"node_modules/installed/package.json": `{"name": "installed", "types": "index.d.ts"}`, "node_modules/installed/index.d.ts": "export declare class EventEmitter { on(): this; off(): this }",
}

// classAt finds a top-level class or interface by name.
func classAt(t *testing.T, p *Project, rel, name string) Class {
	t.Helper()
	f, err := p.Load(t.Context(), rel)
	if err != nil {
		t.Fatal(err)
	}
	sym := f.TopLevel(name)
	if sym == nil {
		t.Fatalf("%s has no %s", rel, name)
	}
	return Class{f, sym.Decl}
}

func TestAncestors(t *testing.T) {
	p := tree(t, classTree)
	tests := []struct {
		name, want string
		whole      bool
	}{
		{"Near", "Middle Service Root", true}, {"Middle", "Service Root", true}, {"Namespaced", "Service Root", true}, {"Event", "EventEmitter", true},
		{"Mix", "", false}, {"Unknown", "", false}, {"Global", "", false}, {"Alone", "", true}, {"Inline", "-", true}, {"OfValue", "-", true},
	}
	for _, tt := range tests {
		chain, whole := p.Ancestors(t.Context(), classAt(t, p, "packages/app/src/a.ts", tt.name))
		var names []string
		for _, c := range chain {
			name := c.Name()
			if name == "" {
				name = "-"
			}
			names = append(names, name)
		}
		if got := strings.Join(names, " "); got != tt.want || whole != tt.whole {
			t.Errorf("above %s are %q, whole %t, want %q, %t", tt.name, got, whole, tt.want, tt.whole)
		}
	}
	for _, loop := range [][2]string{{"a.ts", "Loop1"}, {"loop-a.ts", "A"}} {
		if chain, whole := p.Ancestors(t.Context(), classAt(t, p, "packages/app/src/"+loop[0], loop[1])); whole || len(chain) == 0 {
			t.Errorf("%s extends itself: %d classes, whole %t", loop[1], len(chain), whole)
		}
	}
}

func TestFindMember(t *testing.T) {
	p := tree(t, classTree)
	tests := []struct{ class, member, in string }{
		{"Near", "own", "Near"}, {"Near", "stop", "Middle"}, {"Near", "dispose", "Service"}, {"Near", "close", "Root"}, {"Near", "closed", "Root"}, {"Near", "make", ""}, {"Near", "none", ""},
		{"Event", "off", "EventEmitter"}, {"Down", "down", "Down"}, {"Down", "up", "Up"}, {"Down", "side", ""},
	}
	for _, tt := range tests {
		c, m, ok := p.FindMember(t.Context(), classAt(t, p, "packages/app/src/a.ts", tt.class), tt.member)
		if c.Name() != tt.in || ok != (tt.in != "") || ok && m.Name != tt.member {
			t.Errorf("%s of %s is in %q, %t, want %q", tt.member, tt.class, c.Name(), ok, tt.in)
		}
	}
}

func TestClassOf(t *testing.T) {
	p := tree(t, classTree)
	f, err := p.Load(t.Context(), "packages/app/src/a.ts")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		typ  syntax.Type
		want string
	}{
		{"here", syntax.Type{Path: []string{"Alone"}, Decl: f.TopLevel("Alone").Decl}, "Alone"}, {"a workspace", syntax.Type{Module: "@x/core", Path: []string{"Service"}}, "Service"},
		{"renamed", syntax.Type{Module: "@x/core", Path: []string{"Renamed"}}, "Root"}, {"installed", syntax.Type{Module: "installed", Path: []string{"EventEmitter"}}, "EventEmitter"},
		{"derived", syntax.Type{Module: "@x/core", Path: []string{"Service"}, Derived: true}, ""}, {"global", syntax.Type{Path: []string{"Service"}}, ""}, {"nothing", syntax.Type{}, ""},
		{"of no module", syntax.Type{Module: "none", Path: []string{"X"}}, ""}, {"not exported", syntax.Type{Module: "@x/core", Path: []string{"X"}}, ""},
	}
	for _, tt := range tests {
		c, ok := p.ClassOf(t.Context(), f, tt.typ)
		if c.Name() != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %t, want %q", tt.name, c.Name(), ok, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	p := tree(t, map[string]string{"a.ts": "let a", "x.json": "{}"})
	first, err := p.Load(t.Context(), "a.ts")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Load(t.Context(), "a.ts"); err != nil || again != first {
		t.Errorf("a second time it is another file, %v", err)
	}
	for _, rel := range []string{"none.ts", "x.json"} {
		if _, err := p.Load(t.Context(), rel); err == nil || !strings.Contains(err.Error(), rel) {
			t.Errorf("%s: %v", rel, err)
		}
	}
}
