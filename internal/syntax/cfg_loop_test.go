package syntax

import (
	"testing"
)

func TestGraphLoops(t *testing.T) {
	runGraphTests(t, []graphTest{
		{"while", "open(); while (a) { close(); }", []string{"exit a"}},
		{"while true", "open(); while (true) { safe(); }", nil},
		{"while true with break", "open(); while (true) { if (a) break; } close();", nil},
		{"break skips", "open(); while (true) { if (a) break; close(); }", []string{"exit break;"}},
		{"do runs once", "open(); do { close(); } while (a);", nil},
		{"do with continue", "open(); do { if (b) continue; close(); } while (a);", []string{"exit a"}},
		{"do while false", "open(); do { if (b) break; close(); } while (false);", []string{"exit break;"}},
		{"condition of do", "open(); do { safe(); } while (close());", nil},
		{"condition of while", "open(); while (close()) { safe(); }", nil},
		{"for", "open(); for (let i = 0; i < n; i++) { close(); }", []string{"exit i < n"}},
		{"initial value of for", "open(); for (close(); a; b) {}", nil},
		{"condition of for", "open(); for (; close();) {}", nil},
		{"increment of for", "open(); for (; a; close()) {}", []string{"exit a"}},
		{"increment runs after continue", "open(); for (;; close()) { if (a) continue; safe(); }", nil},
		{"increment does not run after break", "open(); for (;; close()) { if (a) break; }", []string{"exit break;"}},
		{"for without condition", "open(); for (;;) { if (a) { close(); return; } }", nil},
		{"for-of", "open(); for (const x of xs) { close(); }", []string{"exit for (const x of xs) { close(); }"}},
		{"for-in", "open(); for (const k in o) { close(); }", []string{"exit for (const k in o) { close(); }"}},
		{"right side of for-of", "open(); for (const x of close()) { }", nil},
		{"return in a loop", "open(); for (const x of xs) { if (x) return; } close();", []string{"exit return;"}},
		{"error in a loop", "open(); for (const x of xs) { work(x); } close();", []string{"throw work(x)"}},
		{"error caught in a loop", "open(); for (const x of xs) { try { work(x); } catch { continue; } } close();", nil},
		{"paid in the next round", "for (const x of xs) { close(); open(); } close();", nil},
		{"open in a loop", "while (a) { open(); if (b) continue; close(); }", []string{"exit a"}},
		{"open in a loop, paid behind it", "while (a) { open(); if (b) break; close(); } close();", nil},

		{"labelled break", "open(); a: for (;;) { for (;;) { break a; } } close();", nil},
		{"labelled break skips", "open(); a: for (;;) { for (;;) { break a; } close(); }", []string{"exit break a;"}},
		{"plain break stays inside", "open(); for (;;) { for (;;) { break; } close(); return; }", nil},
		{"labelled continue", "open(); a: while (x) { for (;;) { continue a; } } close();", nil},
		{"labelled continue skips", "open(); a: do { for (;;) { continue a; } close(); } while (x);", []string{"exit x"}},
		{"labelled continue of do", "open(); a: do { for (;;) { continue a; } } while (close());", nil},
		{"label of a while", "open(); a: while (true) { while (true) { if (x) break a; if (y) continue a; close(); return; } }", []string{"exit break a;"}},
		{"break of a switch in a loop", "open(); for (;;) { switch (x) { case 1: break; } close(); return; }", nil},
		{"continue of a loop in a switch", "open(); do { switch (x) { case 1: continue; } close(); } while (a);", []string{"exit a"}},
	})
}

func TestGraphSwitch(t *testing.T) {
	runGraphTests(t, []graphTest{
		{"no default", "open(); switch (x) { case 1: close(); }", []string{"exit switch (x) { case 1: close(); }"}},
		{"all cases", "open(); switch (x) { case 1: close(); break; default: close(); }", nil},
		{"falls through", "open(); switch (x) { case 1: case 2: safe(); default: close(); }", nil},
		{"break before the release", "open(); switch (x) { case 1: safe(); break; default: close(); }", []string{"exit break;"}},
		{"break goes on behind", "open(); switch (x) { case 1: safe(); break; case 2: return close(); } close();", nil},
		{"return", "open(); switch (x) { case 1: return; default: } close();", []string{"exit return;"}},
		{"default in the middle falls through", "open(); switch (x) { case 1: close(); break; default: safe(); case 2: close(); }", nil},
		{"default in the middle", "open(); switch (x) { case 1: close(); break; default: break; case 2: close(); }", []string{"exit break;"}},
		{"last case without a break", "open(); switch (x) { default: close(); break; case 1: safe(); }", []string{"exit safe()"}},
		{"value", "open(); switch (close()) { case 1: safe(); }", nil},
		{"error in a case", "open(); switch (x) { case 1: work(); } close();", []string{"throw work()"}},
		{"block in a case", "open(); switch (x) { case 1: { if (a) break; close(); break; } default: close(); }", []string{"exit break;"}},
		{"empty", "open(); switch (x) { } close();", nil},
		{"labelled", "open(); a: switch (x) { case 1: for (;;) { break a; } default: close(); }", []string{"exit break a;"}},
		{"through finally", "open(); switch (x) { case 1: try { break; } finally { close(); } default: close(); }", nil},
	})
}

// Other bodies than those of functions with statements.
func TestGraphBodies(t *testing.T) {
	tests := []struct {
		name, src, fn string
		exits, raises bool
	}{
		{"expression", "f = () => work()", "() => work()", true, true},
		{"expression that cannot throw", "f = () => x", "() => x", true, false},
		{"await as a body", "f = async () => await p", "async () => await p", true, true},
		{"method", "class C { m() { for (;;) {} } }", "m() { for (;;) {} }", false, false},
		{"empty", "function f() {}", "function f() {}", true, false},
		{"module", "work(); export const x = 1; function g() {}", "", true, true},
		{"only throws", "function f() { throw 1 }", "function f() { throw 1 }", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, "a.mts", tt.src)
			fn := f.Root()
			if tt.fn != "" {
				for fn = range f.Root().Descendants() {
					if fn.IsFunction() && fn.Text() == tt.fn {
						break
					}
				}
			}
			g := BuildGraph(fn, func(Node) bool { return true })
			never, always := func(int) bool { return false }, func(Edge) bool { return true }
			if got := g.Reaches([]int{Entry}, Exit, never, always); got != tt.exits {
				t.Errorf("the end is reached: %t", got)
			}
			if got := g.Reaches([]int{Entry}, Raise, never, always); got != tt.raises {
				t.Errorf("an error gets out: %t", got)
			}
		})
	}
}

func TestGraphAround(t *testing.T) {
	f := mustParse(t, "a.ts", "function f() { work(a + b); return () => c; }")
	fn := f.Root().Child(0)
	g := BuildGraph(fn, func(Node) bool { return true })
	call := nodeOf(t, f, "work(a + b)")
	at := g.At(call)
	if len(at) != 1 || g.Points[at[0]].Node != call {
		t.Fatalf("the call is evaluated at %v", at)
	}
	if got := g.Around(nodeOf(t, f, "a + b")); len(got) != 1 || got[0] != at[0] {
		t.Errorf("its argument is evaluated at %v, want %v", got, at)
	}
	closure := g.At(nodeOf(t, f, "() => c"))
	if got := g.Around(nodeOf(t, f, "c")); len(closure) != 1 || len(got) != 1 || got[0] != closure[0] {
		t.Errorf("what stands in a closure is around %v, want where the closure is made, %v", got, closure)
	}
	if got := g.At(nodeOf(t, f, "a + b")); len(got) != 0 {
		t.Errorf("a sum is a point of its own: %v", got)
	}
}

// A finally block is entered in several ways and appears once for each.
func TestGraphFinallyCopies(t *testing.T) {
	f := mustParse(t, "a.ts", "function f() { try { if (a) return; work(); } finally { close(); } }")
	g := BuildGraph(f.Root().Child(0), func(n Node) bool { return !isClose(n) })
	if got := len(g.At(nodeOf(t, f, "close()"))); got != 3 {
		t.Errorf("close() is evaluated at %d points, want 3: falling in, returning, throwing", got)
	}
}

// Deep and long code is built without blowing up.
func TestGraphSize(t *testing.T) {
	src := "function f() { open();"
	for range 2000 {
		src += " if (a) { work(); } else { b && c(); }"
	}
	f := mustParse(t, "a.ts", src+" }")
	g := BuildGraph(f.Root().Child(0), func(Node) bool { return true })
	if n := len(g.Points); n > 20_000 {
		t.Errorf("2,000 branches make %d points", n)
	}
}
