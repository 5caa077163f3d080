package syntax

import (
	"slices"
	"sort"
	"strings"
	"testing"
)

// A graphTest is the body of a function that calls open() and close(). want
// lists the ways on which the function is left after open() and without
// close(): by what evaluation, and whether by an error.
//
//	exit X   left normally, X being the last evaluation
//	throw X  left by an error
//
// open, close and names that start with "safe" do not throw; other calls, and
// every await, do.
type graphTest struct {
	name, body string
	want       []string
}

func TestGraphBranches(t *testing.T) {
	runGraphTests(t, []graphTest{
		{"met", "open(); close();", nil},
		{"never", "open();", []string{"exit open()"}},
		{"nothing behind can throw", "open(); x = 1; close();", nil},
		{"before does not count", "work(); open(); close();", nil},
		{"error between", "open(); work(); close();", []string{"throw work()"}},
		{"error of a new", "open(); new Work(); close();", []string{"throw new Work()"}},
		{"arguments come first", "open(); close(work());", []string{"throw work()"}},
		{"arguments of open", "open(work()); close();", nil},
		{"if", "open(); if (safe()) close();", []string{"exit safe()"}},
		{"if and else", "open(); if (safe()) close(); else close();", nil},
		{"if and else in blocks", "open(); if (safe()) { close(); } else { safe2(); }", []string{"exit safe2()"}},
		{"else if", "open(); if (a) close(); else if (b) close(); else safe();", []string{"exit safe()"}},
		{"early return", "open(); if (a) return; close();", []string{"exit return;"}},
		{"early return pays", "open(); if (a) { close(); return; } close();", nil},
		{"value of a return", "open(); return close();", nil},
		{"error in a return", "open(); return work();", []string{"exit return work();", "throw work()"}},
		{"throw", "open(); if (a) throw e; close();", []string{"throw throw e;"}},
		{"nothing behind a throw", "open(); throw e; close();", []string{"throw throw e;"}},
		{"nothing behind a return", "open(); return; close();", []string{"exit return;"}},
		{"condition that is known", "open(); if (true) close();", nil},
		{"condition that never holds", "open(); if (false) return; close();", nil},
		{"negated", "open(); if (!true) { safe(); return; } close();", nil},
		{"conditional expression", "open(); a ? close() : safe();", []string{"exit safe()"}},
		{"conditional on both sides", "open(); a ? close() : close();", nil},
		{"and", "open(); a && close();", []string{"exit a"}},
		{"or", "open(); a || close();", []string{"exit a"}},
		{"nullish", "open(); a ?? close();", []string{"exit a"}},
		{"and in a condition", "open(); if (a && close()) {}", []string{"exit a"}},
		{"or in a condition", "open(); if (a || close()) {}", []string{"exit a"}},
		{"left side always runs", "open(); close() && a; ", nil},
		{"left side of nullish always runs", "open(); close() ?? a;", nil},
		{"chain of and", "open(); a && b && close();", []string{"exit a", "exit b"}},
		{"and or", "open(); (a && b) || close();", []string{"exit b"}},
		{"logical assignment", "open(); a ??= close();", []string{"exit a"}},
		{"or assignment", "open(); a ||= close();", []string{"exit a"}},
		{"and assignment", "open(); a &&= close();", []string{"exit a"}},
		{"assignment", "open(); a = close();", nil},
		{"declaration", "const h = open(); const r = close();", nil},
		{"optional call", "open(); h?.close();", []string{"exit h"}},
		{"optional chain around", "open(); a?.b(close());", []string{"exit a"}},
		{"optional function", "open(); f?.(close());", []string{"exit f"}},
		{"closure does not run", "open(); f = () => close();", []string{"exit f = () => close()"}},
		{"function does not run", "open(); function f() { close(); } safe();", []string{"exit safe()"}},
		{"class does not run", "open(); class C { m() { close(); } }", []string{"exit open()"}},
		{"error in a closure", "open(); f = () => { throw e; }; close();", nil},
		{"template", "open(); `${close()}`;", nil},
		{"array and object", "open(); f = [1, { a: close() }];", nil},
		{"sequence", "open(), close();", nil},
		{"block", "open(); { { close(); } }", nil},
		{"labelled block", "open(); a: { if (x) break a; close(); }", []string{"exit break a;"}},
		{"labelled block goes on", "open(); a: { if (x) break a; safe(); } close();", nil},
	})
}

func TestGraphAwait(t *testing.T) {
	runGraphTests(t, []graphTest{
		{"rejection", "open(); await p; close();", []string{"throw await p"}},
		{"call and rejection", "open(); await work(); close();", []string{"throw await work()", "throw work()"}},
		{"awaited acquisition", "await open(); close();", []string{"throw await open()"}},
		{"awaited release", "open(); await close();", nil},
		{"rejection is caught", "open(); try { await p; } catch { } close();", nil},
		{"rejection is let through", "open(); try { await p; } finally { close(); }", nil},
		{"for await", "open(); for await (const x of xs) {} close();", []string{"throw for await (const x of xs) {}"}},
		{"returned promise", "open(); return p;", []string{"exit return p;"}},
	})
	runGraphTestsIn(t, "function* f() {\n", []graphTest{
		{"yield", "open(); yield 1; close();", []string{"throw yield 1"}},
		{"yield in try", "open(); try { yield 1; } finally { close(); }", nil},
	})
}

// Conditions that are known to hold cut ways off: a test of the handle is true
// after the acquisition.
func TestGraphConditions(t *testing.T) {
	tests := []graphTest{
		{"if", "open(); if (h) close();", nil},
		{"if not", "open(); if (!h) return; close();", nil},
		{"and", "open(); h && close();", nil},
		{"optional", "open(); h?.f(close());", nil},
		{"conditional", "open(); h ? close() : safe();", nil},
		{"parenthesised", "open(); if ((h)) close();", nil},
		{"with another", "open(); if (h && a) close();", []string{"exit a"}},
		{"nullish", "open(); h ?? close();", []string{"exit h"}},
		{"another", "open(); if (g) close();", []string{"exit g"}},
		{"while", "open(); while (h) { close(); }", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			compareWays(t, tt, waysOf(t, "async function f() {\n", tt.body, func(e Edge) bool {
				return e.Cond.Text() != "h" || e.When
			}))
		})
	}
}

func runGraphTests(t *testing.T, tests []graphTest) {
	runGraphTestsIn(t, "async function f() {\n", tests)
}

func runGraphTestsIn(t *testing.T, head string, tests []graphTest) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			compareWays(t, tt, waysOf(t, head, tt.body, func(Edge) bool { return true }))
		})
	}
}

func compareWays(t *testing.T, tt graphTest, got []string) {
	t.Helper()
	if !slices.Equal(got, tt.want) {
		t.Errorf("%s\nis left by %q\nwant       %q", tt.body, got, tt.want)
	}
}

// waysOf runs Ways from the evaluation of open() on.
func waysOf(t *testing.T, head, body string, feasible func(Edge) bool) []string {
	t.Helper()
	f := mustParse(t, "a.mts", head+body+"\n}")
	fn := f.Root().Child(0)
	g := BuildGraph(fn, func(n Node) bool {
		name := n.Field("function").Text()
		return name != "open" && !strings.HasPrefix(name, "safe") && !isClose(n)
	})
	var starts []int
	for n := range fn.Descendants() {
		if n.Is("call_expression") && n.Field("function").Text() == "open" {
			starts = append(starts, g.At(n)...)
		}
	}
	if len(starts) == 0 {
		t.Fatalf("open() is not reached in\n%s", body)
	}
	stop := func(p int) bool { return isClose(g.Points[p].Node) }
	out := []string{}
	for _, way := range g.Ways(starts, stop, feasible) {
		checkWay(t, g, way, starts, stop, feasible)
		word := "exit "
		if way.Raised {
			word = "throw "
		}
		out = append(out, word+oneLine(g.Points[way.Points[len(way.Points)-1]].Node.Text()))
	}
	sort.Strings(out)
	out = slices.Compact(out)
	if len(out) == 0 {
		return nil
	}
	return out
}

func isClose(n Node) bool {
	name := n.Field("function")
	return n.Is("call_expression") && (name.Text() == "close" || name.Field("property").Text() == "close")
}

// checkWay makes sure that a way is one: it begins at a start, each point leads
// to the next, none but the exit is missing.
func checkWay(t *testing.T, g *Graph, way Path, starts []int, stop func(int) bool, feasible func(Edge) bool) {
	t.Helper()
	if !slices.Contains(starts, way.Points[0]) {
		t.Errorf("a way begins at point %d", way.Points[0])
	}
	end := Exit
	if way.Raised {
		end = Raise
	}
	for i, p := range way.Points {
		next := end
		if i+1 < len(way.Points) {
			next = way.Points[i+1]
		}
		if stop(p) {
			t.Errorf("a way passes the point %d, where it should stop", p)
		}
		if !slices.ContainsFunc(g.Points[p].Next, func(e Edge) bool { return e.To == next && feasible(e) }) {
			t.Errorf("no edge leads from point %d to %d", p, next)
		}
	}
	if !g.Reaches(starts, end, stop, feasible) {
		t.Errorf("a way leads to point %d, which cannot be reached", end)
	}
}
