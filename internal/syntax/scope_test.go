package syntax

import (
	"regexp"
	"strings"
	"testing"
)

// Names in TestScopes are marked by the comment right behind them: /*=1*/
// declares 1, /*1*/ refers to it, /*-*/ refers to a global.
var scopeMark = regexp.MustCompile(`/\*(=?)(\d+|-)\*/`)

var scopeTests = []struct{ name, path, src string }{
	{"shadowing by a block", "a.ts", `let a/*=1*/ = 1; { let a/*=2*/ = 2; a/*2*/; } a/*1*/;`},
	{"before the declaration", "a.ts", `a/*1*/(); function f/*=2*/() { return b/*3*/; } const b/*=3*/ = f/*2*/(); function a/*=1*/() {}`},
	{"var leaves blocks", "a.ts", `function f() { { var v/*=1*/ = 1; let l/*=2*/ = 2; } v/*1*/; l/*-*/; } v/*-*/;`},
	{"var stays in its function", "a.ts", `function f() { if (x) { var v/*=1*/ = 1; } return () => v/*1*/; } v/*-*/;`},
	{"var leaves loops, let does not", "a.js", `for (var i/*=1*/ = 0;;) {} i/*1*/; for (let j/*=2*/ = 0; j/*2*/ < 1; j/*2*/++) { j/*2*/; } j/*-*/;`},
	{"var in for-in and for-of", "a.js", `for (var k/*=1*/ in o) {} for (const v/*=2*/ of k/*1*/) { v/*2*/; } v/*-*/; k/*1*/;`},
	{"destructuring in for-of", "a.ts", `for (const [a/*=1*/, { b/*=2*/ }] of m) { a/*1*/; b/*2*/; } a/*-*/;`},
	{"for-of over the outer name", "a.ts", `const xs/*=1*/ = []; for (const x/*=2*/ of xs/*1*/) { const xs/*=3*/ = x/*2*/; xs/*3*/; }`},
	{"for-of assigns", "a.ts", `let x/*=1*/; for (x/*1*/ of xs) {} x/*1*/;`},
	{"parameters", "a.ts", `function f(a/*=1*/, b/*=2*/ = a/*1*/, ...c/*=3*/) { a/*1*/; b/*2*/; c/*3*/; } a/*-*/;`},
	{"parameters in JavaScript", "a.js", `function f(a/*=1*/, b/*=2*/ = a/*1*/, ...c/*=3*/) { a/*1*/; b/*2*/; c/*3*/; } a/*-*/;`},
	{"optional and typed parameters", "a.ts", `function f(a/*=1*/?: number, { b/*=2*/ }: { b: number } = {}) { return a/*1*/ + b/*2*/; }`},
	{"parameters of arrows", "a.ts", `const f/*=1*/ = a/*=2*/ => a/*2*/; const g = (a/*=3*/) => { return f/*1*/(a/*3*/); };`},
	{"parameters of function types", "a.ts", `function f(g/*=1*/: (s: string) => void, h: new (s: string) => X) { const s/*=2*/ = 1; g/*1*/(s/*2*/); } interface I { m(s: string): void }`},
	{"parameter shadows", "a.ts", `const h/*=1*/ = 1; function f(h/*=2*/) { return h/*2*/; } h/*1*/;`},
	{"var of a parameter's name", "a.js", `function f(h/*=1*/) { var h/*1*/; return h/*1*/; }`},
	{"parameters of methods", "a.ts", `class C { constructor(private x/*=1*/: X) { x/*1*/; } m(y/*=2*/) { y/*2*/; x/*-*/; } set z(v/*=3*/) { v/*3*/; } } ({ m(y/*=4*/) { y/*4*/; } });`},
	{"object destructuring", "a.ts", `const { a/*=1*/, b: c/*=2*/, d/*=3*/ = a/*1*/, ...e/*=4*/ } = o; a/*1*/; b/*-*/; c/*2*/; d/*3*/; e/*4*/;`},
	{"nested destructuring", "a.ts", `const { p: { q/*=1*/ }, r: [s/*=2*/, , t/*=3*/ = 1] } = o; p/*-*/; q/*1*/; r/*-*/; s/*2*/; t/*3*/;`},
	{"array destructuring", "a.js", `const [a/*=1*/, [b/*=2*/], ...c/*=3*/] = xs; a/*1*/; b/*2*/; c/*3*/;`},
	{"destructured parameters", "a.js", `f(({ a/*=1*/, b: [c/*=2*/] }) => a/*1*/ + c/*2*/); a/*-*/;`},
	{"destructuring assignment", "a.js", `let a/*=1*/, b/*=2*/; ({ a/*1*/, k: b/*2*/ } = o); [a/*1*/, b/*2*/] = p;`},
	{"catch", "a.ts", `try {} catch (e/*=1*/) { e/*1*/; } e/*-*/; try {} catch ({ code/*=2*/ }) { code/*2*/; } try {} catch { e/*-*/; }`},
	{"function declaration", "a.ts", `function f/*=1*/() { f/*1*/(); } { function g/*=2*/() {} g/*2*/(); } f/*1*/();`},
	{"function expression", "a.ts", `const f/*=1*/ = function g/*=2*/() { g/*2*/(); f/*1*/(); }; g/*-*/;`},
	{"generator", "a.js", `function* f/*=1*/(a/*=2*/) { yield a/*2*/; yield* f/*1*/(); } const g = function* h/*=3*/() { h/*3*/; };`},
	{"class declaration", "a.ts", `class C/*=1*/ extends B/*-*/ { m(): C/*1*/ { return new C/*1*/(); } } new C/*1*/();`},
	{"class expression", "a.ts", `const D/*=1*/ = class C/*=2*/ { m() { return C/*2*/; } }; C/*-*/; D/*1*/;`},
	{"class expression in JavaScript", "a.js", `module.exports = class C/*=1*/ { m() { return new C/*1*/(); } }; C/*-*/;`},
	{"class in a block", "a.ts", `{ class C/*=1*/ {} C/*1*/; } C/*-*/;`},
	{"interface, type, enum", "a.ts", `interface I/*=1*/ {} type T/*=2*/ = I/*1*/; enum E/*=3*/ { A } let x: T/*2*/ = E/*3*/.A;`},
	{"namespace", "a.ts", `namespace N { const a/*=1*/ = 1; a/*1*/; } a/*-*/;`},
	{"switch", "a.ts", `switch (v) { case 1: let a/*=1*/ = 1; break; default: a/*1*/; } a/*-*/;`},
	{"static block", "a.ts", `class C { static { let a/*=1*/ = 1; a/*1*/; } } a/*-*/;`},
	{"imports", "a.ts", `a/*1*/; import a/*=1*/, { b/*=2*/, c as d/*=3*/ } from 'm'; import * as e/*=4*/ from 'n'; b/*2*/; c/*-*/; d/*3*/; e/*4*/;`},
	{"import = require", "a.ts", `import fs/*=1*/ = require('fs'); fs/*1*/.x(); { const fs/*=2*/ = 1; fs/*2*/; }`},
	{"exports", "a.ts", `const a/*=1*/ = 1; const b/*=2*/ = 2; export { a/*1*/ as b }; export default b/*2*/;`},
	{"shorthand property", "a.ts", `const a/*=1*/ = 1; f({ a/*1*/, b: a/*1*/ });`},
	{"names that are none", "a.ts", `const a/*=1*/ = 1; o.a = { a: 2 }; a: for (;;) { break a; } class C { a = a/*1*/; }`},
	{"using", "a.ts", `{ using h/*=1*/ = open(); h/*1*/; } h/*-*/;`},
	{"using in JavaScript", "a.js", `{ using h/*=1*/ = open(); h/*1*/; } h/*-*/;`},
	{"await using", "a.ts", `async function f() { await using h/*=1*/ = open(); h/*1*/; } h/*-*/;`},
	{"using with a type", "a.ts", `{ using h/*=1*/: Handle = open(); h/*1*/; } h/*-*/;`},
	{"for using", "a.ts", `for (using h/*=1*/ of xs) { h/*1*/; } h/*-*/;`},
	{"closures", "a.ts", `let h/*=1*/; function on() { h/*1*/ = 1; return () => { function f() { h/*1*/; } }; }`},
	{"JSX", "a.tsx", `const A/*=1*/ = () => null; const b/*=2*/ = 1; const v = <A/*1*/ p={b/*2*/} />;`},
	{"template", "a.ts", "const a/*=1*/ = 1; `${a/*1*/}`;"},
}

func TestScopes(t *testing.T) {
	for _, tt := range scopeTests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, tt.path, tt.src)
			byEnd := map[int]Node{}
			for n := range f.Root().Descendants() {
				if n.Named() && n.First() == (Node{}) {
					byEnd[n.End()] = n
				}
			}
			declared := map[string]Node{}
			marks := scopeMark.FindAllStringSubmatchIndex(tt.src, -1)
			for _, m := range marks {
				if tt.src[m[2]:m[3]] == "=" {
					declared[tt.src[m[4]:m[5]]] = byEnd[m[0]]
				}
			}
			refs := map[string]int{}
			for _, m := range marks {
				n, id := byEnd[m[0]], tt.src[m[4]:m[5]]
				line := tt.src[max(0, m[0]-12):m[1]]
				if !n.OK() {
					t.Fatalf("no name before the mark in %q", line)
				}
				sym := n.Symbol()
				switch {
				case id == "-":
					if sym != nil {
						t.Errorf("...%s: want a global, is declared at byte %d", line, sym.Node.Start())
					}
				case sym == nil:
					t.Errorf("...%s: want declaration %s, got none", line, id)
				case sym.Node != declared[id]:
					t.Errorf("...%s: want declaration %s, got the one at byte %d", line, id, sym.Node.Start())
				case tt.src[m[2]:m[3]] != "=" && !isDeclarator(n):
					refs[id]++
				}
			}
			for id, n := range declared {
				sym := n.Symbol()
				if sym == nil {
					continue
				}
				if len(sym.Refs) != refs[id] {
					t.Errorf("declaration %s has %d references, want %d", id, len(sym.Refs), refs[id])
				}
				for i := 1; i < len(sym.Refs); i++ {
					if sym.Refs[i-1].Start() >= sym.Refs[i].Start() {
						t.Errorf("the references to %s are out of order", id)
					}
				}
			}
		})
	}
}

// isDeclarator tells a second declaration of one name from a reference to it.
func isDeclarator(n Node) bool {
	return n.Parent().Is("variable_declarator") && n.Role() == "name"
}

func TestSymbolKinds(t *testing.T) {
	f := mustParse(t, "a.ts", `
		import im from 'm';
		const variable = 1;
		function func(param) { try {} catch (caught) {} }
		class klass {}
		interface Iface {}
		type Alias = 1;
		enum Enum {}
		function overload(a: string): void;
		function overload(a: any) {}`)
	for name, want := range map[string]SymbolKind{
		"im": Imported, "variable": Variable, "func": Function, "param": Parameter, "caught": Caught, "klass": Class,
		"Iface": TypeName, "Alias": TypeName, "Enum": TypeName, "overload": Function,
	} {
		sym := lastOf(t, f, name).Symbol()
		if sym == nil || sym.Kind != want || sym.Name != name {
			t.Errorf("%s: symbol %+v, want kind %d", name, sym, want)
		}
	}
}

func TestTopLevel(t *testing.T) {
	f := mustParse(t, "a.ts", `const a = 1; { let b = 2; var c = 3; } function d() { var e; }`)
	for name, want := range map[string]bool{"a": true, "b": false, "c": true, "d": true, "e": false, "f": false} {
		if got := f.TopLevel(name) != nil; got != want {
			t.Errorf("TopLevel(%s) = %t, want %t", name, got, want)
		}
	}
}

func TestConstant(t *testing.T) {
	tests := []struct {
		src  string
		want bool
	}{
		{"const h = 1; f(h)", true},
		{"let h = 1; f(h); h.x = 2; h[0] = 3; delete h.x", true},
		{"let h; h = 1", false},
		{"let h = 1; h += 1", false},
		{"let h = 1; h ??= 1", false},
		{"let h = 1; h++", false},
		{"let h = 1; --h", false},
		{"let h = 1; function f() { h = 2 }", false},
		{"let h = 1; function f() { let h; h = 2 }", true},
		{"let h; for (h of xs) {}", false},
		{"let h; for (const x of h) {}", true},
		{"let h; for (h in o) {}", false},
		{"let h; [h] = xs", false},
		{"let h; [a, ...h] = xs", false},
		{"let h; ({ h } = o)", false},
		{"let h; ({ k: h } = o)", false},
		{"let h; ({ h: k } = o)", true},
		{"let h = 1; const o = { h }", true},
		{"let h = 1; const o = [h]", true},
	}
	for _, tt := range tests {
		for _, path := range []string{"a.ts", "a.js"} {
			f := mustParse(t, path, tt.src)
			if got := f.TopLevel("h").Constant(); got != tt.want {
				t.Errorf("%s: %s: constant %t, want %t", path, tt.src, got, tt.want)
			}
		}
	}
}

func TestUsing(t *testing.T) {
	for src, want := range map[string]bool{
		"const h = open()": false, "let h = open()": false, "var h = open()": false, "h = open(); let h": false, "const { h } = open()": false,
		"function h() {}": false, "const using = 1, h = 2": false, "const usingX = 1, h = usingX": false,
		"using h = open()": true, "await using h = open()": true,
	} {
		for _, path := range []string{"a.ts", "a.js", "a.tsx", "a.mjs"} {
			if got := mustParse(t, path, src).TopLevel("h").Using(); got != want {
				t.Errorf("%s: %s: declared by using %t, want %t", path, src, got, want)
			}
		}
	}
	for _, src := range []string{"using h: Handle = open()", "await using h: ns.Handle = await open()"} {
		sym := mustParse(t, "a.ts", src).TopLevel("h")
		if !sym.Using() || !sym.Constant() || !sym.Type().OK() || !strings.HasSuffix(sym.Init().Text(), "open()") {
			t.Errorf("%s: %t, of type %q, with %q", src, sym.Using(), sym.Type().Text(), sym.Init().Text())
		}
	}
	var none *Symbol
	if none.Using() {
		t.Error("no symbol is declared by using")
	}
}

func TestInit(t *testing.T) {
	tests := []struct{ src, want string }{
		{"const h = open(1)", "open(1)"},
		{"let h: Handle = open(2)", "open(2)"},
		{"var h", ""},
		{"const { h } = open(3)", ""},
		{"const [h] = open(4)", ""},
		{"const { k: h = open(5) } = o", ""},
		{"for (const h of open(6)) { use(h) }", ""},
		{"function h() {}", ""},
		{"import h from 'm'", ""},
		{"using h = open(7)", "open(7)"},
	}
	for _, tt := range tests {
		f := mustParse(t, "a.ts", tt.src)
		var sym *Symbol
		for n := range f.Root().Descendants() {
			if n.Named() && n.Text() == "h" && sym == nil {
				sym = n.Symbol()
			}
		}
		if got := sym.Init().Text(); sym == nil || got != tt.want {
			t.Errorf("%s: declared with %q, want %q", tt.src, got, tt.want)
		}
	}
	var none *Symbol
	if none.Init().OK() || none.Type().OK() {
		t.Error("no symbol has an initial value or a type")
	}
	f := mustParse(t, "a.ts", "function f(a?: Map<K, V>) {} let b: string; ")
	for name, want := range map[string]string{"a": "Map<K, V>", "b": "string"} {
		if got := strings.TrimSpace(nodeOf(t, f, name).Symbol().Type().Text()); got != want {
			t.Errorf("%s has the type %q, want %q", name, got, want)
		}
	}
}

// TestScope: where a variable can be mentioned.
func TestScope(t *testing.T) {
	f := mustParse(t, "a.js", `
		const a = 1;
		function home() {
			const b = 1;
			if (b) { const c = 1; var d = 1; }
			switch (b) { case 1: const e = 1; }
			for (let g = 1; g; g++) { use(g); }
			for (const h of b) use(h);
			return () => { const i = 1; };
		}
		class K { static { const j = 1; } }
	`)
	want := map[string]string{
		"a": "program", "b": "function_declaration", "c": "if_statement", "d": "function_declaration", "e": "switch_statement",
		"g": "for_statement", "h": "for_in_statement", "i": "arrow_function", "j": "class_static_block",
	}
	for n := range f.Root().Descendants() {
		sym := n.Symbol()
		if sym == nil || sym.Node != n || sym.Kind != Variable {
			continue
		}
		in := sym.Scope()
		if in.Is("statement_block", "switch_body") {
			in = in.Parent()
		}
		if in.Kind() != want[sym.Name] || sym.Name != "a" && sym.Visible(f.Root().Child(0)) {
			t.Errorf("%s can be mentioned in %s, want %s", sym.Name, in.Kind(), want[sym.Name])
		}
		delete(want, sym.Name)
	}
	if len(want) > 0 {
		t.Errorf("not seen: %v", want)
	}
}
