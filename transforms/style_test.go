package transforms

import (
	"context"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func TestIndentUnit(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "  ",
		"a\n b\n":                         "  ",
		"a\n  b\n    c\nd\n":              "  ",
		"a\n    b\n        c\nd\n":        "    ",
		"a\n   b\n      c\n":              "   ",
		"a\n        b\n":                  "        ",
		"a\n\tb\n\t\tc\n":                 "\t",
		"a\n\tb\nc\n d\n":                 "\t",
		"a\n    b\n\n    c\nd\n    e\n":   "    ",
		"/*\n * a\n * b\n */\na\n    b\n": "    ",
		"a\n  b\nc\n    d\n":              "  ",
		"a\n  b\nc\n    d\ne\n    f\n":    "    ",
		"a\n  \t\n    b\n":                "    ",
		"a\n b\n  c\n   d\n\te\n":         "  ",
		"a\n b\nc\n d\ne\n f\ng\n\th\n":   "  ",
	} {
		if got := indentUnit([]byte(text)); got != want {
			t.Errorf("%q is indented by %q, want %q", text, got, want)
		}
	}
}

func TestPlural(t *testing.T) {
	for noun, want := range map[string]string{
		"page": "pages", "address": "addresses", "box": "boxes", "watch": "watches", "brush": "brushes", "entry": "entries", "key": "keys", "relay": "relays",
	} {
		if got := plural(noun); got != want {
			t.Errorf("many of %s are %s, want %s", noun, got, want)
		}
	}
}

func TestFreshName(t *testing.T) {
	used := map[string]bool{}
	var got []string
	for range 12 {
		name := freshName("page", func(n string) bool { return used[n] })
		if used[name] {
			t.Fatalf("%s is taken", name)
		}
		used[name] = true
		got = append(got, name)
	}
	if got[0] != "page" || got[1] != "page2" || got[8] != "page9" {
		t.Errorf("got %v", got)
	}
}

// TestLineEndAfter: what is inserted behind a statement goes behind its
// semicolon, and behind a remark that ends its line.
func TestLineEndAfter(t *testing.T) {
	for text, want := range map[string]string{
		"a|":                "a|",
		"a|;\nb":            "a;|\nb",
		"a| ; b":            "a ;| b",
		"a| // x\nb":        "a // x|\nb",
		"a|; // x\r\nb":     "a; // x|\r\nb",
		"a| // x":           "a // x|",
		"a| /* x */\nb":     "a /* x */|\nb",
		"a| /* x */\r\nb":   "a /* x */|\r\nb",
		"a| /* x */":        "a /* x */|",
		"a| /* x */ b":      "a| /* x */ b",
		"a| /* x\n y */\nb": "a| /* x\n y */\nb",
		"a| / b":            "a| / b",
		"a|\t;\t// x\nb":    "a\t;\t// x|\nb",
		"a| /":              "a| /",
	} {
		before, after, _ := strings.Cut(text, "|")
		f, err := syntax.Parse(context.Background(), "a.js", []byte(before+after))
		if err != nil {
			t.Fatal(err)
		}
		at := lineEndAfter(f, len(before))
		if got := (before + after)[:at] + "|" + (before + after)[at:]; got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestStyleOf(t *testing.T) {
	for text, want := range map[string]style{
		"f('a');\r\n":            {"  ", "\r\n", ";", "'", false},
		"f()\ng()\n":             {"  ", "\n", "", "'", false},
		"f();\ng()\n":            {"  ", "\n", ";", "'", false},
		"f(\"a\", \"b\", 'c')\n": {"  ", "\n", "", `"`, false},
		"f(\"a\", 'c')\n":        {"  ", "\n", "", "'", false},
		"const a = 1\nfunction f() { return 1 }\ng();\n": {"  ", "\n", "", "'", false},
	} {
		f, err := syntax.Parse(context.Background(), "a.js", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := styleOf(f); got != want {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	if f, err := syntax.Parse(context.Background(), "a.mts", []byte("f();\n")); err != nil || !styleOf(f).ts {
		t.Error("a.mts is TypeScript", err)
	}
}

// TestQuotes: the type `string` is no string.
func TestQuotes(t *testing.T) {
	for text, want := range map[string]string{
		"const a = 'x';": "'", `const a = "x";`: `"`, `let a: string, b: string, c: string; f("x");`: `"`, "": "'",
	} {
		f, err := syntax.Parse(context.Background(), "a.ts", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if got := MannerOf(f).Quote; got != want {
			t.Errorf("%s is quoted by %s, want %s", text, got, want)
		}
	}
}
