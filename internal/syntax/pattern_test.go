package syntax

import (
	"slices"
	"sort"
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	tests := []struct{ name, pattern, src, want string }{
		{"no hole", "f()", "f()", ""},
		{"one argument", "clearInterval($H)", "clearInterval(timer)", "H=timer"},
		{"any argument", "clearInterval($H)", "clearInterval(this.a[i].b)", "H=this.a[i].b"},
		{"too few", "f($A, $B)", "f(1)", "no"},
		{"too many", "f($A)", "f(1, 2)", "no"},
		{"rest", "setInterval($$$ARGS)", "setInterval(() => {}, 10, x)", ""},
		{"rest of none", "setInterval($$$ARGS)", "setInterval()", ""},
		{"rest behind one", "f($A, $$$B)", "f(1)", "A=1"},
		{"rest behind one, none there", "f($A, $$$B)", "f()", "no"},
		{"method", "$T.addEventListener($N, $F)", "window.addEventListener('a', on)", "F=on N='a' T=window"},
		{"other method", "$T.addEventListener($N, $F)", "window.removeEventListener('a', on)", "no"},
		{"deep receiver", "$T.close()", "a.b().c.close()", "T=a.b().c"},
		{"receiver named", "process.on($N, $F)", "process.on('exit', f)", "F=f N='exit'"},
		{"receiver of another name", "process.on($N, $F)", "emitter.on('exit', f)", "no"},
		{"callback", "$P.take(($E, $H) => $$$B)", "p.take((err, h) => { h.x(); })", "E=err H=h P=p"},
		{"callback, a function", "$P.take(($E, $H) => $$$B)", "p.take(function (err: Error, h?: H) {})", "E=err H=h P=p"},
		{"callback, async with more", "$P.take(($E, $H) => $$$B)", "p.take(async (err, h, done) => done())", "E=err H=h P=p"},
		{"callback with fewer", "$P.take(($E, $H) => $$$B)", "p.take(err => {})", "no"},
		{"callback that takes it apart", "$P.take(($E, $H) => $$$B)", "p.take((err, { id }) => id)", "no"},
		{"callback by name", "$P.take(($E, $H) => $$$B)", "p.take(taken)", "no"},
		{"callback, a generator", "$P.take(($E, $H) => $$$B)", "p.take(function* (err, h) {})", "no"},
		{"callback behind a rest", "open($$$A, ($E, $H) => $$$B)", "open(path, 'r', (err, fd) => {})", "E=err H=fd"},
		{"callback behind a rest of none", "open($$$A, ($E, $H) => $$$B)", "open((err, fd) => {})", "E=err H=fd"},
		{"no callback behind a rest", "open($$$A, ($E, $H) => $$$B)", "open(path, 'r')", "no"},
		{"nothing behind a rest", "open($$$A, ($E, $H) => $$$B)", "open()", "no"},
		{"method as a hole", "$T.$M($A)", "t.subscribe(f)", "A=f M=subscribe T=t"},
		{"chain", "$A.b($B).c($C)", "x.b(1).c(2)", "A=x B=1 C=2"},
		{"chain, other", "$A.b($B).c($C)", "x.d(1).c(2)", "no"},
		{"new", "new WebSocket($$$A)", "new WebSocket(url)", ""},
		{"new is no call", "new WebSocket($$$A)", "WebSocket(url)", "no"},
		{"call is no new", "open($A)", "new open(x)", "no"},
		{"new of a member", "new $M.Server($O)", "new http.Server(o)", "M=http O=o"},
		{"new of another member", "new $M.Server($O)", "new http.Agent(o)", "no"},
		{"repeated hole", "$T.on($F, $F)", "t.on(a.b, a.b)", "F=a.b T=t"},
		{"repeated hole, other", "$T.on($F, $F)", "t.on(a.b, a.c)", "no"},
		{"repeated as receiver", "$T.pipe($T)", "x.pipe((x as any)!)", "T=x"},
		{"string", "$T.on('close', $F)", "t.on('close', f)", "F=f T=t"},
		{"string in other quotes", "$T.on('close', $F)", `t.on("close", f)`, "F=f T=t"},
		{"other string", "$T.on('close', $F)", "t.on('closed', f)", "no"},
		{"number", "f(0, $A)", "f(0, 1)", "A=1"},
		{"other number", "f(0, $A)", "f(1, 1)", "no"},
		{"object", "f($A, { once: true })", "f(1, { once: true })", "A=1"},
		{"other object", "f($A, { once: true })", "f(1, { once: false })", "no"},
		{"more in the object", "f($A, { once: true })", "f(1, { passive: true, once: true })", "A=1"},
		{"shorthand in the object", "f({ signal: $S })", "f({ deep: 1, signal })", "S=signal"},
		{"not in the object", "f({ signal: $S })", "f({ deep: 1, ...rest })", "no"},
		{"hole in an object", "f({ signal: $S })", "f({ signal: c.signal })", "S=c.signal"},
		{"hole in an array", "f([$A, $$$B])", "f([1, 2, 3])", "A=1"},
		{"nested call", "f(g($A))", "f(g(1))", "A=1"},
		{"nested call, other", "f(g($A))", "f(h(1))", "no"},
		{"await around", "open($A)", "await open(1)", "A=1"},
		{"parentheses around", "open($A)", "((open(1)))", "A=1"},
		{"as around", "open($A)", "open(1) as Handle", "A=1"},
		{"satisfies around", "open($A)", "open(1) satisfies Handle", "A=1"},
		{"bang around", "open($A)", "open(1)!", "A=1"},
		{"all around", "open($A)", "((await (open(1) as any))!)", "A=1"},
		{"optional call", "$T.close()", "t?.close()", "T=t"},
		{"optional method", "$T.close()", "t.close?.()", "T=t"},
		{"bang receiver", "$T.close()", "t!.close()", "T=t"},
		{"cast receiver", "$T.close()", "(t as Socket).close()", "T=t"},
		{"awaited receiver", "$T.close()", "(await open()).close()", "T=open()"},
		{"cast argument", "clearInterval($H)", "clearInterval(h as number)", "H=h"},
		{"comment between", "f($A, $B)", "f(/* one */ 1, // two\n 2)", "A=1 B=2"},
		{"type arguments", "f($A)", "f<string>(1)", "A=1"},
		{"arrow", "$P.get(($E, $C) => $$$BODY)", "p.get((err, conn) => { use(conn) })", "C=conn E=err P=p"},
		{"spread is not one", "f(1, 2)", "f(...xs)", "no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := CompilePattern(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{"a.mts", "a.tsx"} {
				f := mustParse(t, path, tt.src)
				b, ok := p.Match(f.Root().Child(0).Child(0), nil)
				if got := bindings(b, ok); got != tt.want {
					t.Errorf("%s: %q on %q gives %q, want %q", path, tt.pattern, tt.src, got, tt.want)
				}
			}
		})
	}
}

// bindings prints what was bound, but for the body of a function.
func bindings(b Bindings, ok bool) string {
	if !ok {
		return "no"
	}
	var out []string
	for k, n := range b {
		if k != "BODY" {
			out = append(out, k+"="+oneLine(n.Text()))
		}
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

func TestMatchGiven(t *testing.T) {
	f := mustParse(t, "a.ts", `
		function f() { const h = open(); h; close(h); { const h = 2; close(h); } }
		class C { m() { const self = this; this.h; close(self.h); close(this['h']); close(this.other); } }`)
	p, err := CompilePattern("close($HANDLE)")
	if err != nil {
		t.Fatal(err)
	}
	var calls []Node
	for n := range f.Root().Descendants() {
		if n.Is("call_expression") && n.Field("function").Text() == "close" {
			calls = append(calls, n)
		}
	}
	variable, field := nodeOf(t, f, "h"), nodeOf(t, f, "this.h")
	for i, want := range []struct{ variable, field bool }{{true, false}, {false, false}, {false, true}, {false, true}, {false, false}} {
		given := Bindings{"HANDLE": variable}
		if _, ok := p.Match(calls[i], given); ok != want.variable {
			t.Errorf("call %d closes the variable: %t, want %t", i, ok, want.variable)
		}
		if _, ok := p.Match(calls[i], Bindings{"HANDLE": field}); ok != want.field {
			t.Errorf("call %d closes the field: %t, want %t", i, ok, want.field)
		}
		if len(given) != 1 || given["HANDLE"] != variable {
			t.Error("Match changed what it was given")
		}
	}
}

func TestCompilePattern(t *testing.T) {
	tests := []struct {
		text, anchor, vars, names, receiver string
		isNew, rooted                       bool
	}{
		{text: "setInterval($$$ARGS)", anchor: "setInterval", vars: "ARGS", names: "setInterval", rooted: true},
		{text: "clearInterval($HANDLE)", anchor: "clearInterval", vars: "HANDLE", names: "clearInterval", rooted: true},
		{text: "$T.on($N, $F)", anchor: "on", vars: "T N F", names: "on", receiver: "T"},
		{text: "$T.$M()", vars: "T M", receiver: "T"},
		{text: "$F()", vars: "F"},
		{text: "new Worker($$$A)", anchor: "Worker", vars: "A", names: "Worker", isNew: true, rooted: true},
		{text: "new $M.Worker()", anchor: "Worker", vars: "M", names: "Worker", isNew: true},
		{text: "process.on($N, $F)", anchor: "on", vars: "N F", names: "process on", rooted: true},
		{text: "process.$M($F)", vars: "M F", names: "process"},
		{text: "$A.b().c($A)", anchor: "c", vars: "A A", names: "b c"},
	}
	for _, tt := range tests {
		p, err := CompilePattern(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if p.Text != tt.text || p.Anchor != tt.anchor || p.New != tt.isNew || p.Rooted() != tt.rooted || p.Receiver() != tt.receiver ||
			strings.Join(p.Vars, " ") != tt.vars || strings.Join(p.Names, " ") != tt.names {
			t.Errorf("%s: %+v, rooted %t, receiver %q", tt.text, *p, p.Rooted(), p.Receiver())
		}
		for _, v := range p.Vars {
			if !p.Has(v) {
				t.Errorf("%s has no %s", tt.text, v)
			}
		}
		if p.Has("OTHER") || p.Root().Text() != tt.text {
			t.Errorf("%s: has what it has not, or its root is %q", tt.text, p.Root().Text())
		}
	}
}

// TestPatternsOfProperties: the filing and deleting of a property, and what may be
// looked for beside that.
func TestPatternsOfProperties(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		does, matches bool // it can be what is done; it matches
	}{
		{"$T[$K] = $V", "t[k] = f(v)", true, true},
		{"$T[$K] = $V", "(this.t)[k] = v as X", true, true},
		{"$T[$K] = $V", "t[k] += v", true, false},
		{"$T[$K] = $V", "t.k = v", true, false},
		{"$T[$K] = $V", "t[k]", true, false},
		{"delete $T[$K]", "delete t[k]", true, true},
		{"delete $T[$K]", "void t[k]", true, false},
		{"$T[$K]", "t[k]", false, true},
		{"$K in $T", "k in t", false, true},
		{"$K in $T", "k < t", false, false},
		{"$T.size", "this.t.size", false, true},
		{"$T.size", "t.length", false, false},
	} {
		p, err := CompileExpression(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := CompilePattern(tt.pattern); (err == nil) != tt.does {
			t.Errorf("%s as a pattern: %v", tt.pattern, err)
		}
		f := mustParse(t, "a.ts", tt.text)
		if b, ok := p.Match(f.Root().Child(0).Child(0), nil); ok != tt.matches {
			t.Errorf("%s in %s: %t, %v", tt.pattern, tt.text, ok, b)
		}
		if p.Files() != strings.Contains(tt.pattern, "] =") {
			t.Errorf("%s files: %t", tt.pattern, p.Files())
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for _, text := range []string{
		"", " ", "$", "$A", "f", "a.b", "1", "f(); g()", "f(", "f()) ", "if (x) f()", "const $H = f()", "await f()", "f() + g()", "class {}", "// f()", "a = f()", "() => f()",
	} {
		p, err := CompilePattern(text)
		if err == nil {
			t.Errorf("%q is a pattern: %+v", text, p)
		} else if !strings.HasPrefix(err.Error(), "a pattern is ") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestHoleName(t *testing.T) {
	f := mustParse(t, "a.ts", "f($A, $$$B, c, $, x.$D)")
	var got []string
	for n := range f.Root().Descendants() {
		if name, ok := HoleName(n); ok {
			got = append(got, name)
		}
	}
	if want := []string{"A", "B", "D"}; !slices.Equal(got, want) {
		t.Errorf("the holes are %q, want %q", got, want)
	}
}

func TestMatchCallee(t *testing.T) {
	tests := []struct {
		pattern, src, of string
		want             bool
	}{
		{"$H.close($DONE)", "h.close()", "h.close()", true},
		{"$H.close($DONE)", "h.close(1, 2, 3)", "h.close(1, 2, 3)", true},
		{"$H.close($DONE)", "h.open(1)", "h.open(1)", false},
		{"$H.close($DONE)", "close(h)", "close(h)", false},
		{"clearInterval($H)", "clearInterval()", "clearInterval()", true},
		{"clearInterval($H)", "window.clearInterval(x)", "window.clearInterval(x)", true},
		{"clearInterval($H)", "import { clearInterval as stop } from 'timers'; stop(x)", "stop(x)", true},
		{"clearInterval($H)", "function clearInterval() {} ; clearInterval(1)", "clearInterval(1)", false},
		{"clearInterval($H)", "clearTimeout(x)", "clearTimeout(x)", false},
	}
	for _, tt := range tests {
		p, err := CompilePattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		f := mustParse(t, "a.ts", tt.src)
		n := nodeOf(t, f, tt.of)
		if n.Is("expression_statement") {
			n = n.Child(0)
		}
		if _, got := p.MatchCallee(n, nil); got != tt.want {
			t.Errorf("%q on %q: %t, want %t", tt.pattern, tt.of, got, tt.want)
		}
	}
}

func TestSameExpression(t *testing.T) {
	f := mustParse(t, "a.ts", `
		const a = 1; class C { m() { const self = this; f(
			a, a!, (a as any), await a, b, a.x, a?.x, a['x'], this.h, self.h, this['h'], this.i, o.p.q, (o.p).q, g(1), g(2), 'x') } }`)
	args := nodeOf(t, f, "f").Parent().Field("arguments")
	class := []int{0, 0, 0, 0, 1, 2, 2, 3, 4, 4, 4, 5, 6, 6, 7, 8, 9}
	for i := range class {
		for j := range class {
			got := SameExpression(args.Child(i), args.Child(j))
			if want := class[i] == class[j]; got != want {
				t.Errorf("%s and %s: %t, want %t", args.Child(i).Text(), args.Child(j).Text(), got, want)
			}
		}
	}
}
