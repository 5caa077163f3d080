package syntax

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseExtensions(t *testing.T) {
	tests := []struct {
		path, src  string
		typeScript bool
	}{
		{"a.ts", "let x = <T>y; let z: number = 1", true},
		{"a.mts", "let x = <T>y; export {}", true},
		{"a.cts", "import fs = require('fs')", true},
		{"a.tsx", "let x: JSX.Element = <b>hi</b>", true},
		{"a.js", "let x = <b>hi</b>", false},
		{"a.jsx", "let x = <b>hi</b>", false},
		{"a.mjs", "export default await import('m')", false},
		{"a.cjs", "module.exports = require('m')", false},
	}
	if len(tests) != len(Extensions)-len(ComponentExtensions) {
		t.Errorf("%d extensions are tested, there are %d", len(tests), len(Extensions))
	}
	for _, tt := range tests {
		if !Supported("some/folder.x/" + tt.path) {
			t.Errorf("%s is not supported", tt.path)
		}
		f := mustParse(t, tt.path, tt.src)
		if f.TypeScript() != tt.typeScript {
			t.Errorf("%s: TypeScript() = %t", tt.path, f.TypeScript())
		}
		if f.Path != tt.path || string(f.Src()) != tt.src || f.Root().Text() != tt.src {
			t.Errorf("%s: path or text changed", tt.path)
		}
	}
	for _, path := range []string{"a.go", "a", "ts", "a.ts.bak", "a.json", "a.vuex", "a.TS~", ""} {
		if Supported(path) {
			t.Errorf("%q is said to be supported", path)
		}
		if _, err := Parse(context.Background(), path, []byte("x")); err == nil {
			t.Errorf("%q was parsed", path)
		}
	}
}

// What is exported may stand in another line than the word that says so.
func TestParseExportAlone(t *testing.T) {
	const src = "export\nclass A {}\n\nexport\r\n\nconst b = `\nexport\nx`;\nconst exporter = 1;\n"
	for _, path := range []string{"a.ts", "a.tsx", "a.js", "a.vue"} {
		text := src
		if path == "a.vue" {
			text = "<script lang=\"ts\">\n" + src + "</script>\n"
		}
		f := mustParse(t, path, text)
		var exported []string
		for n := range f.Root().Descendants() {
			if n.Is("export_statement") {
				exported = append(exported, n.Text())
			}
		}
		want := []string{"export\nclass A {}", "export\r\n\nconst b = `\nexport\nx`;"}
		if f.Errors() > 0 || string(f.Src()) != text || !slices.Equal(exported, want) {
			t.Errorf("%s: %d errors, exported: %q", path, f.Errors(), exported)
		}
	}
}

// JavaScript that only the TSX grammar can read.
func TestParseFallback(t *testing.T) {
	for _, src := range []string{
		"using h = open();",
		"async function f() { await using h = open(); }",
		"function f(a: number): void {}", // Flow and the like
	} {
		f := mustParse(t, "a.js", src)
		if f.Src()[0] != src[0] || f.TypeScript() {
			t.Errorf("%s: the file is not JavaScript any more", src)
		}
	}
}

// TestGaps lists what the grammar does not know by itself. The text and all
// offsets stay those of the file.
func TestGaps(t *testing.T) {
	tests := []struct{ name, path, src string }{
		{"export type star", "a.ts", "export type * from './m';"},
		{"export type star as", "a.ts", "export type * as ns from './m';"},
		{"export default abstract class", "a.ts", "export default abstract class Base { abstract stop(): void; }"},
		{"in variance", "a.ts", "interface Sink<in T> { put(x: T): void }"},
		{"out variance", "a.ts", "interface Source<out T> { get(): T }"},
		{"in out variance", "a.ts", "class Box<in out T, out U = T> { v!: T; u!: U }"},
		{"variance behind another type's", "a.ts", "interface Box<in T extends Set<Map<string, U>>, out U = () => void, in out V> { put(x: T): U }"},
		{"what may be missing, in Flow", "a.js", "function f(done: ?() => void, all: Array<?string>): ?Box { return open(all, done); }"},
		{"import defer", "a.ts", "import defer * as ns from './m';"},
		{"import defer in JavaScript", "a.mjs", "import defer * as ns from './m';"},
		{"for using", "a.ts", "for (using h of open()) { use(h); }"},
		{"for await using outside", "a.ts", "async function f() { for await (using h of open()) { use(h); } }"},
		{"for using in JavaScript", "a.js", "for (using h of open()) { use(h); }"},
		{"assert", "a.ts", "import data from './d.json' assert { type: 'json' };"},
		{"assert in JavaScript", "a.js", "import data from './d.json' assert { type: \"json\" };"},
		{"with", "a.ts", "import data from './d.json' with { type: 'json' };"},
		{"with in JavaScript", "a.js", "import data from './d.json' with { type: 'json' };"},
		{"using", "a.ts", "{ using h = open(); use(h); }"},
		{"using in JavaScript", "a.js", "{ using h = open(); use(h); }"},
		{"await using", "a.ts", "async function f() { await using h = open(); use(h); }"},
		{"using with a type", "a.ts", "{ using h: ns.Handle<T> = open(); use(h); }"},
		{"await using with a type", "a.tsx", "async function f() { await using h: Handle | undefined = await open(); use(h); }"},
		{"await using in JavaScript", "a.js", "async function f() { await using h = open(); use(h); }"},
		{"a function called using", "a.ts", "import { using } from 'rxjs';\nconst shared = using(() => open(), (h) => use(h));"},
		{"a function called using, with types", "a.tsx", "function f() { return using<Handle, T>(() => open(), (h) => use(h)).pipe(using); }"},
		{"a function called using in JavaScript", "a.js", "const { using } = require('rxjs');\nmodule.exports = using(() => open(), (h) => use(h));"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// Letters of two and four bytes before and after: offsets are bytes.
			src := "// é😀 \"before\"\n" + tt.src + "\nconst after = 'é😀'; // after\n"
			f := mustParse(t, tt.path, src)
			if string(f.Src()) != src {
				t.Errorf("the text became\n%s", f.Src())
			}
			after := nodeOf(t, f, "after")
			if want := strings.Index(src, "after ="); after.Start() != want {
				t.Errorf("the declaration after it is at %d, want %d", after.Start(), want)
			}
			if sym := f.TopLevel("after"); sym == nil || sym.Init().Text() != "'é😀'" {
				t.Error("the declaration after it is lost")
			}
		})
	}
}

// Several gaps in one file, and words that only look like them.
func TestGapsTogether(t *testing.T) {
	src := `export type * from './a';
import defer * as ns from './b';
const type = 1, defer = 3, abstract = 4, out = 5;
const s = "export type * from 'x'", r = { type: 'in out T', assert: 1, using: 2, out };
// for (using x of xs)
for (using x of ns.all(type, out, defer, abstract)) { x.type(s, r); }
export default abstract class K<in out T> { abstract v: T }
`
	f := mustParse(t, "a.ts", src)
	if string(f.Src()) != src {
		t.Error("the text changed")
	}
	for _, name := range []string{"type", "defer", "abstract", "out", "s", "r"} {
		sym := f.TopLevel(name)
		if sym == nil || sym.Node.Text() != name {
			t.Errorf("%s is not declared", name)
		}
	}
	sym := f.TopLevel("K")
	if sym == nil || sym.Kind != Class {
		t.Fatal("the class is not declared")
	}
	if got := f.Root().HasError(); got {
		t.Error("the root has an error")
	}
	if im, ok := f.TopLevel("ns").Import(); !ok || im.Module != "./b" || im.Name != "*" {
		t.Errorf("ns is imported as %+v, %t", im, ok)
	}
}

func TestParseErrors(t *testing.T) {
	for _, src := range []string{"function f( {", "let = ;", "class { x", "a b c d", "f(1,, 2))"} {
		for _, path := range []string{"a.ts", "a.tsx", "a.js"} {
			f, err := Parse(context.Background(), path, []byte(src))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if f.Errors() == 0 || !f.Root().HasError() {
				t.Errorf("%s: %q holds no error", path, src)
			}
			if string(f.Src()) != src {
				t.Errorf("%s: the text changed to %q", path, f.Src())
			}
		}
	}
	// What is whole around an error can still be asked.
	f, err := Parse(context.Background(), "a.ts", []byte("function good() { return 1 }\nfunction bad() { let = ; }\nfunction fine() {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]bool{"good": false, "bad": true, "fine": false} {
		sym := f.TopLevel(name)
		if sym == nil || sym.Decl.HasError() != bad {
			t.Errorf("%s: not declared, or HasError is not %t", name, bad)
		}
	}
}

func TestParseCancelled(t *testing.T) {
	why := errors.New("somebody pressed a key")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	big := []byte(strings.Repeat("function f(a, b) { return [a, b, { c: a + b }]; }\n", 40000))
	if _, err := Parse(ctx, "a.ts", big); !errors.Is(err, why) {
		t.Fatalf("parsing ended with %v, want %v", err, why)
	}
	// A parser that was stopped half-way must not go on with that text.
	for _, after := range []time.Duration{time.Millisecond, 3 * time.Millisecond, 9 * time.Millisecond} {
		ctx, cancel := context.WithTimeoutCause(context.Background(), after, why)
		_, err := Parse(ctx, "a.ts", big)
		cancel()
		if err != nil && !errors.Is(err, why) {
			t.Fatalf("parsing ended with %v, want %v", err, why)
		}
		f := mustParse(t, "a.ts", "let next = 1")
		if f.Root().Text() != "let next = 1" || f.TopLevel("next") == nil {
			t.Fatal("the parse after a stopped one is wrong")
		}
	}
}

func TestNodeAt(t *testing.T) {
	src := "const x = f(ab, 'c');"
	f := mustParse(t, "a.ts", src)
	at := strings.Index(src, "ab")
	if n := f.NodeAt(at, at+2); n.Kind() != "identifier" || n.Text() != "ab" {
		t.Errorf("around ab is %s %q", n.Kind(), n.Text())
	}
	if n := f.NodeAt(at, at+4); n.Kind() != "arguments" {
		t.Errorf("around `ab, ` is %s", n.Kind())
	}
	if n := f.NodeAt(0, len(src)); n.Text() != src {
		t.Errorf("around everything is %q", n.Text())
	}
}
