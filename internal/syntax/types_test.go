package syntax

import (
	"strings"
	"testing"
)

// describe prints a light type: "module:Name", "module:..." for what came out of
// a module, "here:Name" for a class of the file.
func describe(typ Type) string {
	switch {
	case !typ.OK():
		return "unknown"
	case typ.Derived:
		return typ.Module + ":..."
	case typ.Decl.OK():
		return "here:" + typ.Name()
	}
	return typ.Module + ":" + strings.Join(typ.Path, ".")
}

func TestTypeOf(t *testing.T) {
	const head = `import { Server, connect } from 'net'; import * as http from 'http'; import def from 'pg';
		class Own { stop() {} } interface Face { stop(): void }
		function make(): Own { return new Own() } async function later(): Promise<Own> { return new Own() }
		const arrow = (): Server => connect(); function same<T>(x: T): T { return x }
`
	tests := []struct{ name, src, want string }{
		{"annotation", "let x: Own; x", "here:Own"},
		{"interface", "let x: Face; x", "here:Face"},
		{"imported", "let x: Server; x", "net:Server"},
		{"qualified", "let x: http.Server; x", "http:Server"},
		{"global", "let x: AbortController; x", ":AbortController"},
		{"union with null", "let x: null | Own | undefined; x", "here:Own"},
		{"union, other order", "let x: undefined | Server; x", "net:Server"},
		{"optional parameter", "function f(x?: Own) { x }", "here:Own"},
		{"parameter", "function f(x: Server) { return () => x }", "net:Server"},
		{"promise", "let x: Promise<Own>; x", "here:Own"},
		{"promise of a union", "let x: Promise<Own | null>; x", "here:Own"},
		{"generic", "let x: Map<string, Own>; x", ":Map"},
		{"parenthesised type", "let x: (Own); x", "here:Own"},
		{"primitive", "let x: string; x", "unknown"},
		{"new", "const x = new Own(); x", "here:Own"},
		{"new of an import", "const x = new Server(); x", "net:Server"},
		{"new of a namespace", "const x = new http.Server(); x", "http:Server"},
		{"new of a default", "const x = new def.Pool(); x", "pg:Pool"},
		{"new of a global", "const x = new WebSocket(url); x", ":WebSocket"},
		{"new of window", "const x = new window.WebSocket(url); x", ":WebSocket"},
		{"given by the platform", "async function f() { const x = (await fetch(url)).body!.pipeThrough(to); x }", ":ReadableStream"},
		{"given by another of that name", "function fetch() {} const x = fetch(url).body; x", "unknown"},
		{"a member that the platform does not have", "let x: Blob; const y = x.arrayBuffer(); y", "unknown"},
		{"annotation wins", "const x: Face = new Own(); x", "here:Face"},
		{"assigned later", "let x; x = new Own(); x", "here:Own"},
		{"null, then assigned", "let x = null; x = new Own(); x", "here:Own"},
		{"held by a ref", "const b = useRef<Own | null>(null); b.current", "here:Own"},
		{"made for a ref", "const b = ref(new Own()); b.value", "here:Own"},
		{"put into a ref", "const b = React.useRef(null); b.current = new Own(); b.current", "here:Own"},
		{"another member of a ref", "const b = useRef(new Own()); b.value", "unknown"},
		{"cast", "const x = get() as Own; x", "here:Own"},
		{"satisfies", "const x = get() satisfies Server; x", "net:Server"},
		{"cast that says nothing", "const x = new Own() as any; x", "here:Own"},
		{"bang", "const x = new Own()!; x", "here:Own"},
		{"await", "const x = await later(); x", "here:Own"},
		{"not awaited", "const x = later(); x", "here:Own"},
		{"function here", "const x = make(); x", "here:Own"},
		{"arrow here", "const x = arrow(); x", "net:Server"},
		{"its own type parameter", "const x = same(1); x", "unknown"},
		{"type argument", "const x = container.resolve<Own>('own'); x", "here:Own"},
		{"out of a module", "const x = connect(1); x", "net:..."},
		{"further out of a module", "const x = connect(1).child().other; x", "net:..."},
		{"namespace call", "const x = http.createServer(); x", "http:..."},
		{"conditional", "const x = c ? null : new Own(); x", "here:Own"},
		{"or", "const x = given || new Own(); x", "here:Own"},
		{"nullish", "const x = given ?? new Own(); x", "here:Own"},
		{"assignment value", "const x = (y = new Own()); x", "here:Own"},
		{"alias", "const a = new Own(); const b = a; const x = b; x", "here:Own"},
		{"circle", "const a = b; const b = a; const x = a; x", "unknown"},
		{"nothing known", "const x = whatever(); x", "unknown"},
		{"destructured", "const { x } = new Own(); x", "unknown"},
		{"shadowed class", "function f() { class Own {} ; const y: Own = g(); }; let x: Own; x", "here:Own"},

		{"field by annotation", "class C { f: Own; m() { this.f } }", "here:Own"},
		{"field by value", "class C { f = new Server(); m() { this.f } }", "net:Server"},
		{"field by assignment", "class C { f; constructor() { this.f = new Server() } m() { this.f } }", "net:Server"},
		{"field assigned in an arrow", "class C { f = null; m() { g(() => { this.f = new Own() }); this.f } }", "here:Own"},
		{"private field", "class C { #f = new Own(); m() { this.#f } }", "here:Own"},
		{"parameter property", "class C { constructor(private readonly f: Server) {} m() { this.f } }", "net:Server"},
		{"getter", "class C { get f(): Server { return g() } m() { this.f } }", "net:Server"},
		{"method of the class", "class C { g(): Own { return make() } m() { const x = this.g(); x } }", "here:Own"},
		{"unknown field", "class C { f = g(); m() { this.f } }", "unknown"},
		{"this", "class C { m() { this } }", "here:C"},
		{"this in a function", "class C { m() { return function () { this } } }", "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, "a.mts", head+tt.src)
			var expr Node // the last name, member or `this` that is a statement or what an arrow returns
			for n := range f.Root().Descendants() {
				if n.Is("expression_statement") || n.Is("arrow_function") && n.Field("body").Is("identifier") {
					if e := n.Child(0); n.Is("arrow_function") {
						expr = n.Field("body")
					} else if e.Is("identifier", "this", "member_expression") {
						expr = e
					}
				}
			}
			if !expr.OK() {
				t.Fatal("no expression to ask for")
			}
			if got := describe(TypeOf(expr)); got != tt.want {
				t.Errorf("%s is %s, want %s", expr.Text(), got, tt.want)
			}
		})
	}
}

func TestTypeArguments(t *testing.T) {
	f := mustParse(t, "a.ts", "let x: Map<string, Set<Own>>;")
	typ := TypeOf(lastOf(t, f, "x"))
	if typ.Name() != "Map" || len(typ.Args) != 2 || typ.Args[1].Text() != "Set<Own>" || typ.Node.Text() != "Map<string, Set<Own>>" {
		t.Errorf("the type is %+v", typ)
	}
	if (Type{}).OK() || (Type{}).Name() != "" {
		t.Error("the zero type is known")
	}
	if TypeOf(Node{}).OK() || TypeOfAnnotation(Node{}).OK() {
		t.Error("no node has a type")
	}
}

func TestJSDoc(t *testing.T) {
	const head = "import { Server } from 'net'; import * as http from 'http'; const tls = require('tls'); class Own {}\n"
	tests := []struct{ name, src, want string }{
		{"variable", "/** @type {Own} */ let x; x;", "here:Own"},
		{"imported", "/** @type {Server} */ const x = f(); x;", "net:Server"},
		{"qualified", "/** @type {http.Server} */ const x = f(); x;", "http:Server"},
		{"required", "/** @type {tls.Server} */ const x = f(); x;", "tls:Server"},
		{"import type", "/** @type {import('ws').WebSocket} */ let x; x;", "ws:WebSocket"},
		{"global", "/** @type {AbortController} */ let x; x;", ":AbortController"},
		{"lines", "/**\n * What it is.\n * @type {Own}\n */\nlet x; x;", "here:Own"},
		{"exported", "/** @type {Own} */ export const x = f(); x;", "here:Own"},
		{"parameter", "/**\n * @param {Server} y the other\n * @param {Own} x this one\n */\nfunction f(y, x) { x; }", "here:Own"},
		{"optional parameter", "/** @param {Own} [x] */\nfunction f(x) { x; }", "here:Own"},
		{"parameter of an arrow", "/** @param {Own} x */\nconst f = (x) => { x; };", "here:Own"},
		{"parameter of a method", "class C { /** @param {Own} x */ m(x) { x; } }", "here:Own"},
		{"another parameter", "/** @param {Own} other */\nfunction f(x) { x; }", "unknown"},
		{"a comment further off", "/** @type {Own} */ let y; let x; x;", "unknown"},
		{"no tag", "/** Own */ let x; x;", "unknown"},
		{"open brace", "/** @type {Own */ let x; x;", "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, "a.js", head+tt.src)
			if got := describe(TypeOf(lastOf(t, f, "x"))); got != tt.want {
				t.Errorf("x is %s, want %s", got, tt.want)
			}
		})
	}
}

func TestCalledFunction(t *testing.T) {
	f := mustParse(t, "a.ts", `
		function decl() {} const arrow = () => {}; const expr = function () {}; let changed = () => {}; changed = g;
		class C { method() {} field = () => {}; static s() {} m() { this.method(); this.field(); this.s(); this.none(); decl(); arrow(); expr(); changed(); g(); other.method(); } }`)
	tests := map[string]string{
		"this.method()": "method() {}", "this.field()": "() => {}", "this.s()": "", "this.none()": "", "decl()": "function decl() {}",
		"arrow()": "() => {}", "expr()": "function () {}", "changed()": "", "g()": "", "other.method()": "",
	}
	for n := range f.Root().Descendants() {
		if n.Is("call_expression") {
			want, ok := tests[n.Text()]
			if got := CalledFunction(n).Text(); !ok || got != want {
				t.Errorf("%s runs %q, want %q", n.Text(), got, want)
			}
			delete(tests, n.Text())
		}
	}
	if len(tests) > 0 {
		t.Errorf("not asked: %v", tests)
	}
}
