package syntax

import (
	"fmt"
	"strings"
	"testing"
)

func TestSkim(t *testing.T) {
	for _, tt := range []struct{ name, src, code, pairs string }{
		{"brackets", "f({ a: [1] })", "f({ a: [1] })", "(){}[]"},
		{"comments", "f(/* ( */ a) // }", "f(        a)     ", "()"},
		{"quotes", `f('(', "a\"}", b)`, `f(' ', "    ", b)`, "()"},
		{"a template", "f(`a ( ${ g(`}`) } )`)", "f(`    ${ g(` `) }  `)", "()${}()"},
		{"an expression", `x = /[/(]\/(/.test(y)`, `x = /       /.test(y)`, "()"},
		{"a class", "class A { m() {} }", "class A { m() {} }", "class{}(){}"},
		{"heads of classes", "class A<T extends { a: Array<() => void> }> extends f({}) implements B<{}> { } if (a) { }", "", "{}()(){}{}class{}(){}"},
		{"a class in a class", "class A { b = class { } } { }", "", "class{}class{}{}"},
		{"properties of that name", "a.class = { class: 1, b: {} }", "", "{}{}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Skim([]byte(tt.src))
			if s == nil {
				t.Fatal("it is not sure")
			}
			if got := string(s.Code); tt.code != "" && got != tt.code {
				t.Errorf("code:\n%q, want\n%q", got, tt.code)
			}
			pairs := ""
			for _, b := range s.Brackets {
				if b.Class {
					pairs += "class"
				}
				if b.Close > b.Open {
					pairs += strings.TrimSpace(tt.src[b.Open:b.Open+1]) + tt.src[b.Close:b.Close+1]
				}
			}
			if want := strings.ReplaceAll(tt.pairs, "${", "$"); pairs != want {
				t.Errorf("pairs %s, want %s", pairs, want)
			}
		})
	}
}

// TestSkimUnsure: where a slash or a quote may be several things, nothing is said.
func TestSkimUnsure(t *testing.T) {
	for _, src := range []string{"f(", "f(]", "a)", "a / b", "x = b) / c(", "'a\n'", "`${a", "/* a", "<p>it's</p>", "x = /a\n/", "`a", "if (a) /b/.test(c)"} {
		if Skim([]byte(src)) != nil {
			t.Errorf("%q is told for sure", src)
		}
	}
}

// TestSkimmedAsParsed: a text's brackets are those of its tree, and so are the bodies of its
// classes.
func TestSkimmedAsParsed(t *testing.T) {
	src := `
import { a } from 'b'; // it's
@Part({ html: '<p>{{ (x }}</p>' })
export class A<T = (x: Map<string, () => void>) => void> extends mix(class { m() { return [1] } }) implements B<{ c: D }> {
	#x = { class: 'no', f() { return ` + "`${this.y.map((z) => `{${z}`)}`" + ` } };
	get y() { return (/[)\]]/).test(';') ? [] : [(function () { for (;;) { break } })()] }
}
function f({ p = {} }, q = class {}) { if (q) { return a } else { try { f() } catch (e) { } } }
`
	s := Skim([]byte(src))
	if s == nil {
		t.Fatal("it is not sure")
	}
	f := mustParse(t, "a.ts", src)
	want := map[int]string{}
	for id := range f.NodeCount() {
		n := f.Node(int32(id))
		switch n.Kind() {
		case "(", "[", "{", "${":
			for c := n.Next(); c.OK(); c = c.Next() {
				if k := c.Kind(); k == ")" || k == "]" || k == "}" {
					want[n.Start()] = fmt.Sprint(c.Start(), n.Parent().Is("class_body"))
				}
			}
		}
	}
	for _, b := range s.Brackets {
		if got := fmt.Sprint(b.Close, b.Class); got != want[b.Open] {
			t.Errorf("the pair at %d: closed at and of a class %s, want %s", b.Open, got, want[b.Open])
		}
		if in := s.In(b.Open + 1); in < 0 || s.Brackets[in].Open != b.Open {
			t.Errorf("what stands in the pair at %d is in another", b.Open)
		}
		if s.OpenedAt(b.Open).Close != b.Close || s.ClosedAt(b.Close).Open != b.Open {
			t.Errorf("the pair at %d is not found by its ends", b.Open)
		}
		delete(want, b.Open)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
