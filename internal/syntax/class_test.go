package syntax

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

const classSource = `class C<T> extends Base implements I, J {
	field = 1;
	private typed?: string;
	static count = 0;
	handler = () => {};
	#secret = 2;
	'quoted' = 3;
	constructor(private readonly dep: Dep, plain: number, public open = 1) { super(); }
	method(): void {}
	async later() {}
	static make() {}
	get size(): number { return 0; }
	set size(n) {}
	#hidden() {}
	[Symbol.dispose]() {}
}`

func TestMembers(t *testing.T) {
	f := mustParse(t, "a.ts", classSource)
	var got []string
	for _, m := range Members(f.Root().Child(0)) {
		flags := ""
		for _, x := range []struct {
			name string
			is   bool
		}{{" static", m.Static}, {" method", m.Method}, {" getter", m.Getter}, {" param", m.Param}, {" runs", m.Function().OK()}, {" abstract", m.IsAbstract()}} {
			if x.is {
				flags += x.name
			}
		}
		got = append(got, m.Name+flags)
	}
	want := []string{
		"field", "typed", "count static", "handler method runs", "#secret", "quoted", "dep param", "open param", "constructor method runs",
		"method method runs", "later method runs", "make static method runs", "size method getter runs", "size method runs", "#hidden method runs",
		"[Symbol.dispose] method runs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("members are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAbstractMembers(t *testing.T) {
	f := mustParse(t, "a.ts", "abstract class A { abstract stop(): void; protected abstract n: number; run() {} }\ninterface I { stop(): void; n: number; readonly f: () => void }")
	for i, want := range []string{"stop true true, n false true, run true false", "stop true false, n false false, f false false"} {
		var got []string
		for _, m := range Members(f.Root().Child(i)) {
			got = append(got, fmt.Sprintf("%s %t %t", m.Name, m.Method, m.IsAbstract()))
		}
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("members, method, abstract: %q, want %q", s, want)
		}
	}
}

func TestAccessibility(t *testing.T) {
	f := mustParse(t, "a.ts", "class C { private a() {} protected b = 1; public c() {} d() {} }")
	want := []string{"private", "protected", "public", ""}
	for i, m := range Members(f.Root().Child(0)) {
		if got := Accessibility(m.Node); got != want[i] {
			t.Errorf("%s is %q, want %q", m.Name, got, want[i])
		}
	}
}

func TestExtends(t *testing.T) {
	tests := []struct{ path, src, want string }{
		{"a.ts", "class C extends B {}", "B"},
		{"a.ts", "class C extends B<T> implements I {}", "B"},
		{"a.ts", "class C extends ns.B {}", "ns.B"},
		{"a.ts", "class C implements I {}", ""},
		{"a.ts", "class C {}", ""},
		{"a.ts", "class C extends Mixin(B) {}", "Mixin(B)"},
		{"a.ts", "abstract class C extends B {}", "B"},
		{"a.js", "class C extends B {}", "B"},
		{"a.js", "class C extends require('m').B {}", "require('m').B"},
		{"a.js", "class C {}", ""},
	}
	for _, tt := range tests {
		f := mustParse(t, tt.path, tt.src)
		if got := Extends(f.Root().Child(0)).Text(); got != tt.want {
			t.Errorf("%s: %s extends %q, want %q", tt.path, tt.src, got, tt.want)
		}
	}
}

func TestThisClass(t *testing.T) {
	f := mustParse(t, "a.ts", `
		class Outer {
			field = hereField;
			method() { hereMethod; const f = () => { hereArrow; }; f2(function () { notFunction; }); const o = { m() { notClass; }, a: () => hereLiteral }; }
			static s() { notStatic; }
			static { notBlock; }
			inner() { return class Inner { m() { hereInner; } }; }
		}
		notOutside; `)
	for n := range f.Root().Descendants() {
		if !n.Is("identifier") || !strings.HasPrefix(n.Text(), "here") && !strings.HasPrefix(n.Text(), "not") {
			continue
		}
		class, member := n.ThisClass()
		want := ""
		switch {
		case n.Text() == "hereInner":
			want = "Inner"
		case strings.HasPrefix(n.Text(), "here"):
			want = "Outer"
		}
		if got := class.Field("name").Text(); got != want {
			t.Errorf("`this` at %s belongs to %q, want %q", n.Text(), got, want)
		}
		if class.IsClass() && member.Parent() != class.Field("body") {
			t.Errorf("the member around %s is %q", n.Text(), member.Text())
		}
	}
}

func TestThisField(t *testing.T) {
	tests := []struct{ expr, want string }{
		{"this.x", "x"}, {"this['x']", "x"}, {"this!.x", "x"}, {"(this as any).x", "x"}, {"this.#x", "#x"}, {"self.x", "x"}, {"this.x!", "x"},
		{"this", ""}, {"other.x", ""}, {"this[x]", ""}, {"this.x.y", ""}, {"this.x()", ""}, {"x", ""},
	}
	for _, tt := range tests {
		f := mustParse(t, "a.ts", "class C { #x; m(x) { const self = this; f("+tt.expr+"); } }")
		got, ok := nodeOf(t, f, "f").Parent().Field("arguments").Child(0).ThisField()
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s is the field %q, %t, want %q", tt.expr, got, ok, tt.want)
		}
	}
}

func TestInnerOuter(t *testing.T) {
	f := mustParse(t, "a.ts", "f(((await x)! as A) satisfies B); f(<T>x); f(y + x);")
	for i, want := range []struct{ outer, inner string }{{"((await x)! as A) satisfies B", "await x"}, {"<T>x", "x"}, {"y + x", "y + x"}} {
		arg := f.Root().Child(i).Child(0).Field("arguments").Child(0)
		if got := arg.Inner(false).Text(); got != want.inner {
			t.Errorf("%s: inside is %q, want %q", arg.Text(), got, want.inner)
		}
		if i == 2 {
			continue
		}
		x := arg.Inner(true)
		if x.Text() != "x" {
			t.Errorf("%s: innermost is %q", arg.Text(), x.Text())
		}
		if got := x.Outer().Text(); got != want.outer {
			t.Errorf("around x is %q, want %q", got, want.outer)
		}
	}
}

func TestFunctionKinds(t *testing.T) {
	tests := []struct {
		src              string
		async, generator bool
	}{
		{"function f() {}", false, false}, {"async function f() {}", true, false}, {"function* f() {}", false, true},
		{"async function* f() {}", true, true}, {"x = () => 1", false, false}, {"x = async () => 1", true, false},
		{"x = { *m() {} }", false, true}, {"x = { async m() {} }", true, false}, {"x = { async *m() {} }", true, true},
		{"x = function* () {}", false, true}, {"x = async function () {}", true, false},
	}
	for _, tt := range tests {
		for _, path := range []string{"a.ts", "a.js"} {
			f := mustParse(t, path, tt.src)
			var fn Node
			for n := range f.Root().Descendants() {
				if n.IsFunction() {
					fn = n
				}
			}
			if !fn.OK() || fn.IsAsync() != tt.async || fn.IsGenerator() != tt.generator {
				t.Errorf("%s: %s: async %t, generator %t", path, tt.src, fn.IsAsync(), fn.IsGenerator())
			}
		}
	}
	f := mustParse(t, "a.ts", "declare function f(): void; class C { abstract m(): void; } type F = () => void")
	for n := range f.Root().Descendants() {
		if n.IsFunction() {
			t.Errorf("%q is a function", n.Text())
		}
	}
}
