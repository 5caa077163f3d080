package baseline

import (
	"bytes"
	"strings"
	"testing"
)

func sketch(hashes ...uint32) Sketch { return hashes }

func finding(kind, print, shape, gist string) Finding {
	return Finding{Kind: kind, Fingerprint: print, Shape: shape, Gist: gist}
}

func TestEncode(t *testing.T) {
	b := &Baseline{Files: []File{
		{Path: "b<&>.ts", Sketch: sketch(1, 0xfffffffe), Findings: []Finding{finding("interval", "2", "s", "g"), finding("browser", "3", "s", "g"), finding("interval", "1", "s", "g")}},
		{Path: "a.ts"},
	}}
	b.Sort()
	text := b.Encode()
	if !bytes.Contains(text, []byte(`"path": "b<&>.ts"`)) || bytes.Index(text, []byte("a.ts")) > bytes.Index(text, []byte("b<&>.ts")) {
		t.Errorf("got\n%s", text)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Encode(); !bytes.Equal(got, text) {
		t.Errorf("read and written again:\n%s\nwant\n%s", got, text)
	}
	if f := again.Files[1].Findings; f[0].Kind != "browser" || f[1].Fingerprint != "1" {
		t.Errorf("the order is %v", f)
	}
	if got := string((&Baseline{}).Encode()); got != "{\n  \"version\": 1,\n  \"files\": []\n}\n" {
		t.Errorf("nothing is written as %q", got)
	}
}

func TestDecodeErrors(t *testing.T) {
	for text, want := range map[string]string{
		``: "is no baseline", `[]`: "is no baseline", `{}`: "no version", "{\n\"version\": 1,\n}": "line 3: ",
		`{"version": 2}`: "version 2", `{"version": 1, "files": [{"path": "a", "sketch": "xyz"}]}`: "not a sketch",
		`{"version": 1, "files": [{"path": "a", "findings": [{}]}]}`: "no fingerprint",
	} {
		_, err := Decode([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// TestKnown: a saved finding makes one known, and a new one never hides.
func TestKnown(t *testing.T) {
	a, b, c, d := sketch(1, 2, 3, 4, 5, 6), sketch(1, 2, 3, 4, 7, 8), sketch(11, 12, 13, 14, 15, 16), sketch(1, 2, 3, 4, 5, 9)
	now := func(path string, s Sketch, f ...Finding) Now {
		n := Now{File: File{path, s, f}, Shapes: map[string]bool{"met": true}}
		for _, x := range f {
			n.Shapes[x.Shape] = true
		}
		return n
	}
	saved := func(path string, s Sketch, f ...Finding) File { return File{path, s, f} }
	i := func(print, shape, gist string) Finding { return finding("interval", print, shape, gist) }
	tests := []struct {
		name  string
		saved []File
		now   []Now
		gone  string
		want  string
	}{
		{"the same", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("a", a, i("1", "s1", "x"))}, "", "1"},
		{"its text was edited", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("a", a, i("1", "s1", "y"))}, "", "1"},
		{"an equal one before it", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("a", a, i("1", "s1", "new"), i("2", "s2", "x"))}, "", "2"},
		{"the same text twice", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("a", a, i("1", "s1", "x"), i("2", "s2", "x"))}, "", "1"},
		{"another kind with the same text", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("a", a, finding("timeout", "2", "s2", "x"))}, "", ""},
		{"renamed", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", b, i("2", "s1", "x"))}, "a", "2"},
		{"renamed and edited", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", b, i("2", "s1", "y"))}, "a", "2"},
		{"renamed, and one more", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", b, i("2", "s1", "x"), i("3", "s2", "x"))}, "a", "2"},
		{"the old one is still there", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", a, i("2", "s1", "x"))}, "", ""},
		{"another text", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", c, i("2", "s1", "x"))}, "a", ""},
		{"lacks what the old one had", []File{saved("a", a, i("1", "s1", "x"), i("2", "s2", "y"))}, []Now{now("b", a, i("3", "s1", "x"))}, "a", ""},
		{"one was mended on the way", []File{saved("a", a, i("1", "s1", "x"), i("2", "met", "y"))}, []Now{now("b", a, i("3", "s1", "x"))}, "a", "3"},
		{"the most alike", []File{saved("a", a, i("1", "s1", "x"))}, []Now{now("b", b, i("2", "s1", "x")), now("d", d, i("3", "s1", "x"))}, "a", "3"},
		{"a file that was known", []File{saved("a", a, i("1", "s1", "x")), saved("b", a, i("5", "s5", "z"))}, []Now{now("b", a, i("2", "s1", "x"))}, "a", ""},
		{"joined by hand", []File{saved("a", a, i("1", "s1", "x")), saved("a", a, i("2", "s2", "y"))}, []Now{now("a", a, i("1", "s1", "x"), i("2", "s2", "y"))}, "", "1 2"},
	}
	for _, tt := range tests {
		known := (&Baseline{Files: tt.saved}).Known(tt.now, func(path string) bool { return path == tt.gone })
		var got []string
		for _, n := range tt.now {
			for _, f := range n.Findings {
				if known[f.Fingerprint] {
					got = append(got, f.Fingerprint)
				}
			}
		}
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("%s: known are %q, want %q", tt.name, s, tt.want)
		}
	}
}
