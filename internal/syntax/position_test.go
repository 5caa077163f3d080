package syntax

import (
	"strings"
	"testing"
	"unicode/utf16"
)

func TestPosition(t *testing.T) {
	tests := []struct {
		name, src, at string
		line, column  int
	}{
		{"first", "x;", "x", 1, 1},
		{"ASCII", "a;\n  xyz;", "xyz", 2, 3},
		{"tab is one", "\tx;", "x", 1, 2},
		{"two bytes", "'é'; x", "x", 1, 6},
		{"three bytes", "'€'; x", "x", 1, 6},
		{"surrogate pair", "'😀'; x", "x", 1, 7},
		{"pairs and more", "'😀é😀'; x", "x", 1, 10},
		{"combining letters", "'e\u0301'; x", "x", 1, 7},
		{"pair on another line", "'😀';\nx", "x", 2, 1},
		{"CRLF", "a;\r\nb;\r\n x", "x", 3, 2},
		{"byte order mark", "\ufeffx;", "x", 1, 1},
		{"byte order mark, later line", "\ufeff// a\n  x;", "x", 2, 3},
		{"byte order mark and CRLF", "\ufeff'é';\r\n'😀'; x", "x", 2, 7},
		{"empty lines", "\n\n\nx", "x", 4, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := mustParse(t, "a.ts", tt.src)
			line, column := f.Position(strings.LastIndex(tt.src, tt.at))
			if line != tt.line || column != tt.column {
				t.Errorf("%q is at %d:%d, want %d:%d", tt.at, line, column, tt.line, tt.column)
			}
		})
	}
}

// TestPositionModel asks for every letter of a text and counts slowly.
func TestPositionModel(t *testing.T) {
	src := "// é😀\r\nconst 名 = '😀😀';\n\n\tf(`a\r\nb😀`);\n"
	f := mustParse(t, "a.ts", src)
	for at := range src {
		before := src[:at]
		line := 1 + strings.Count(before, "\n")
		column := 1 + len(utf16.Encode([]rune(before[strings.LastIndexByte(before, '\n')+1:])))
		if l, c := f.Position(at); l != line || c != column {
			t.Errorf("byte %d is at %d:%d, want %d:%d", at, l, c, line, column)
		}
		if got, want := f.LineStart(at), strings.LastIndexByte(before, '\n')+1; got != want {
			t.Errorf("the line of byte %d starts at %d, want %d", at, got, want)
		}
	}
	if l, c := f.Position(len(src)); l != 6 || c != 1 {
		t.Errorf("the end is at %d:%d, want 6:1", l, c)
	}
}

func TestLine(t *testing.T) {
	f := mustParse(t, "a.ts", "a;\r\n  b;\n\nlast")
	for i, want := range []string{"", "a;", "  b;", "", "last", ""} {
		if got := f.Line(i); got != want {
			t.Errorf("line %d is %q, want %q", i, got, want)
		}
	}
	if got := f.Line(-1); got != "" {
		t.Errorf("line -1 is %q", got)
	}
}

// Nodes begin after the byte order mark, and lines ends are no part of them.
func TestOffsetsWithMark(t *testing.T) {
	src := "\ufefflet a = 1;\r\nlet b = 2;\r\n"
	f := mustParse(t, "a.ts", src)
	for name, want := range map[string]string{"a": "let a = 1;", "b": "let b = 2;"} {
		s := f.TopLevel(name).Node.Statement()
		if s.Text() != want || src[s.Start():s.End()] != want {
			t.Errorf("the statement of %s is %q", name, s.Text())
		}
	}
}
