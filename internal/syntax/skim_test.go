package syntax

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

func TestSkim(t *testing.T) {
	for _, tt := range []struct{ name, src, code, pairs string }{
		{"brackets", "f({ a: [1] })", "f({ a: [1] })", "(){}[]"},
		{"comments", "f(/* ( */ a) // }", "f(        a)     ", "()"},
		{"quotes", `f('(', "a\"}", b)`, `f(' ', "    ", b)`, "()"},
		{"a template", "f(`a ( ${ g(`}`) } )`)", "f(`    ${ g(` `) }  `)", "()${}()"},
		{"an expression", `x = /[/(]\/(/.test(y)`, `x = /       /.test(y)`, "()"},
		{"a division", "f(a / b, '/', c[0] / g(1) / 2)", "f(a / b, ' ', c[0] / g(1) / 2)", "()[]()"},
		{"a division by what is quoted", "x = `${n / 2}px` / '/'", "x = `${n / 2}  ` / ' '", "${}"},
		{"a division of a property", "x = a.in / b + '/('", "x = a.in / b + '  '", ""},
		{"an expression behind a word", "return /[(']/g.test(a)", "return /    /g.test(a)", "()"},
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
	for _, src := range []string{"f(", "f(]", "a)", "x = b) / c(", "x = (a! / (b) / c)", "} /'/.test(a)", "for (x of /'/g)", "await /'/", "'a\n'", "`${a", "/* a", "<p>it's</p>", "x = /a\n/", "`a", "if (a) /b/.test(c)"} {
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
	skimsAsParsed(t, s, mustParse(t, "a.ts", src))
}

// TestExamplesSkimmedAsParsed asks the same of every example there is of a leak.
func TestExamplesSkimmedAsParsed(t *testing.T) {
	kinds, err := filepath.Glob("../../transforms/kinds/*.txtar")
	if err != nil || len(kinds) == 0 {
		t.Fatalf("%d kinds: %v", len(kinds), err)
	}
	all, sure := 0, 0
	for _, path := range kinds {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range a.Files {
			if IsComponent(file.Name) || !Supported(file.Name) {
				continue
			}
			f := mustParse(t, file.Name, string(file.Data))
			if all++; f.Errors() > 0 {
				continue
			}
			if s := Skim(file.Data); s != nil {
				sure++
				t.Run(filepath.Base(path)+"/"+file.Name, func(t *testing.T) { skimsAsParsed(t, s, f) })
			}
		}
	}
	if sure*10 < all*8 {
		t.Errorf("of %d texts only %d are told for sure", all, sure)
	}
}

func skimsAsParsed(t *testing.T, s *Skimmed, f *File) {
	t.Helper()
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
		case "identifier", "property_identifier", "type_identifier":
			if s.Code[n.Start()] == ' ' {
				t.Errorf("%s at %d is taken for no code", n.Text(), n.Start())
			}
		case "comment":
			if s.Code[n.Start()] != ' ' {
				t.Errorf("the comment at %d is taken for code", n.Start())
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
