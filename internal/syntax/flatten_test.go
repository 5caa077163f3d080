package syntax

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	sitter "github.com/smacker/go-tree-sitter"
)

var flattenSources = []struct{ path, src string }{
	{"empty.ts", ""},
	{"blank.ts", "\n \n"},
	{"comment.ts", "// nothing but this"},
	{"class.ts", `
		import { EventEmitter as E } from 'node:events'; // comment
		export class Poller<T extends object> extends E implements Disposable {
			private timer?: ReturnType<typeof setInterval>;
			static #count = 0;
			constructor(private readonly url: string) { super(); this.timer = setInterval(() => this.tick(), 1_000); }
			get running(): boolean { return this.timer !== undefined; }
			async *pages(): AsyncGenerator<T> { for await (const p of this) yield* p as any; }
			[Symbol.dispose]() { clearInterval(this.timer!); }
		}`},
	{"view.tsx", "export const View = () => { useEffect(() => () => undefined, []); return <ul>{xs.map(x => <li key={x}>é {x}</li>)}</ul>; };"},
	{"old.js", "var self = this, fs = require('fs');\nfunction F() { try { fs.x(); } catch (e) { throw e } finally { `a${b}c` } }\nlabel: for (;;) { break label }"},
	{"broken.ts", "class { ( => \n function f( { let = ; } ) @@ 'open"},
	{"missing.ts", "function f() { return (1 + ; }"},
	{"deep.ts", "x = " + strings.Repeat("(", 400) + "1" + strings.Repeat(")", 400)},
	{"wide.ts", strings.Repeat("f(1, 'two');\n", 500)},
}

// TestFlatten holds the flat tree against the walk that the binding offers: a
// change in the layout of its nodes must not go unnoticed.
func TestFlatten(t *testing.T) {
	for _, tt := range flattenSources {
		t.Run(tt.path, func(t *testing.T) {
			l := languagesFor(filepath.Ext(tt.path))[0]
			p := sitter.NewParser()
			defer p.Close()
			p.SetLanguage(l.grammar)
			tree, err := p.ParseCtx(context.Background(), nil, []byte(tt.src))
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			f := &File{Path: tt.path, src: []byte(tt.src), nodes: flatten(tree.RootNode()), lang: l}
			if f.NodeCount() == 0 {
				t.Fatal("no nodes at all")
			}
			w := flatWalk{t: t, f: f}
			w.compare(tree.RootNode(), "", -1)
			if w.next != f.NodeCount() {
				t.Errorf("the flat tree has %d nodes, the binding's %d", f.NodeCount(), w.next)
			}
		})
	}
}

type flatWalk struct {
	t    *testing.T
	f    *File
	next int
}

// compare visits the binding's nodes in pre-order and the flat ones by number.
func (w *flatWalk) compare(want *sitter.Node, role string, parent int32) {
	if w.next >= w.f.NodeCount() {
		w.t.Fatalf("the flat tree ends after %d nodes", w.next)
	}
	got := w.f.Node(int32(w.next))
	w.next++
	raw := got.raw()
	if got.Start() != int(want.StartByte()) || got.End() != int(want.EndByte()) {
		w.t.Errorf("node %d: bytes %d to %d, want %d to %d", got.ID(), got.Start(), got.End(), want.StartByte(), want.EndByte())
	}
	if got.Kind() != want.Type() {
		w.t.Errorf("node %d: kind %q, want %q", got.ID(), got.Kind(), want.Type())
	}
	if got.Role() != role {
		w.t.Errorf("node %d: role %q, want %q", got.ID(), got.Role(), role)
	}
	if raw.parent != parent {
		w.t.Errorf("node %d: parent %d, want %d", got.ID(), raw.parent, parent)
	}
	if got.Named() != want.IsNamed() || got.HasError() != want.HasError() || raw.flags&flagMissing != 0 != want.IsMissing() {
		w.t.Errorf("node %d: flags %b, want named %t, error %t, missing %t",
			got.ID(), raw.flags, want.IsNamed(), want.HasError(), want.IsMissing())
	}
	child := got.First()
	for i := range int(want.ChildCount()) {
		if !child.OK() {
			w.t.Fatalf("node %d: has %d children, want %d", got.ID(), i, want.ChildCount())
		}
		if int(child.ID()) != w.next {
			w.t.Fatalf("node %d: child %d has the number %d, want %d", got.ID(), i, child.ID(), w.next)
		}
		w.compare(want.Child(i), want.FieldNameForChild(i), got.ID())
		child = child.Next()
	}
	if child.OK() {
		w.t.Errorf("node %d: more than %d children", got.ID(), want.ChildCount())
	}
}

// Every subtree is a run of consecutive numbers, which Within, Descendants and
// Own build on.
func TestSubtrees(t *testing.T) {
	for _, tt := range flattenSources {
		f, err := Parse(context.Background(), tt.path, []byte(tt.src))
		if err != nil {
			t.Fatal(err)
		}
		for i := range f.NodeCount() {
			n := f.Node(int32(i))
			next := n.ID()
			for d := range n.Descendants() {
				if d.ID() != next {
					t.Fatalf("%s: descendants of node %d jump to %d, want %d", tt.path, n.ID(), d.ID(), next)
				}
				inside := false
				for a := d; a.OK(); a = a.Parent() {
					inside = inside || a.ID() == n.ID()
				}
				if !inside || !d.Within(n) {
					t.Fatalf("%s: node %d: in %d by its parents %t, by Within %t", tt.path, d.ID(), n.ID(), inside, d.Within(n))
				}
				next++
			}
			if p := n.Parent(); p.OK() && p.Within(n) {
				t.Fatalf("%s: node %d lies within its own child %d", tt.path, p.ID(), n.ID())
			}
		}
	}
}

func TestOwn(t *testing.T) {
	f := mustParse(t, "a.ts", `function outer() { a(); const g = () => { b(); }; class C { m() { c(); } } d(function () { e(); }); }`)
	var got []string
	for n := range nodeOf(t, f, string(f.Src())).Own() {
		if n.Is("call_expression") {
			got = append(got, n.Field("function").Text())
		}
	}
	if s := strings.Join(got, " "); s != "a d" {
		t.Errorf("own calls are %q, want %q", s, "a d")
	}
}

func TestZeroNode(t *testing.T) {
	var n Node
	if n.OK() || n.Kind() != "" || n.Text() != "" || n.Is("") || n.Named() || n.HasError() || n.Start() != 0 || n.End() != 0 {
		t.Error("the zero node claims to be something")
	}
	for name, m := range map[string]Node{
		"Parent": n.Parent(), "Next": n.Next(), "NextNamed": n.NextNamed(), "First": n.First(), "Child": n.Child(0), "Field": n.Field("body"),
		"Token": n.Token("("), "Inner": n.Inner(true), "Outer": n.Outer(), "Statement": n.Statement(), "Function": n.Function(), "Class": n.Class(),
		"Ancestor": n.Ancestor("program"),
	} {
		if m.OK() {
			t.Errorf("%s of the zero node is %q", name, m.Kind())
		}
	}
	if n.Len() != 0 || n.Symbol() != nil || n.Role() != "" || n.Within(n) || n.IsFunction() || n.IsClass() {
		t.Error("the zero node has parts")
	}
	if _, ok := n.StringValue(); ok {
		t.Error("the zero node is a string")
	}
}
