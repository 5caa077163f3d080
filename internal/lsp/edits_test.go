package lsp

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// TestEdits: of every example of every kind, with all its fixes made, the edits that
// an editor is given make of the one text the other, byte for byte, whatever the line
// ends are. An editor is the model here: it makes one after the other, from the last.
func TestEdits(t *testing.T) {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, true)
	mended, several := 0, 0
	for i, k := range kinds {
		if testing.Short() && i%4 != 0 {
			continue
		}
		for _, c := range k.Cases {
			for name, text := range c.Files {
				if !syntax.Supported(name) {
					continue
				}
				for _, end := range []string{"\n", "\r\n"} {
					src := []byte(strings.ReplaceAll(text, "\n", end))
					f, err := syntax.Parse(t.Context(), name, src)
					if err != nil {
						t.Fatal(err)
					}
					m, err := d.Mend(t.Context(), f, func(fix *transforms.Fix) bool { return fix.Applicability != transforms.Display })
					if err != nil {
						t.Fatal(err)
					}
					if m.New == nil {
						continue
					}
					mended++
					if len(m.Fixes) > 1 {
						several++
					}
					checkEdits(t, k.Name+" "+name, m.Old, m.New, editsOf(m))
					checkEdits(t, k.Name+" "+name+" by lines", m.Old, m.New, minimal(m.Old, byLines(m.Old, m.New)))
				}
			}
		}
	}
	if mended < 40 || several < 4 {
		t.Errorf("%d files were mended, %d by several fixes", mended, several)
	}
}

func checkEdits(t *testing.T, what string, old, new []byte, edits []patch.Edit) {
	t.Helper()
	for _, units := range []encoding{utf16Units, utf8Units} {
		made := newLines(old, units).textEdits(edits)
		var changes []change
		for i := range made {
			e := made[len(made)-1-i]
			changes = append(changes, change{&e.Range, e.NewText})
		}
		got, err := units.apply(old, changes)
		if err != nil || !bytes.Equal(got, new) {
			t.Errorf("%s, %s: %v, got\n%s\nwant\n%s", what, units, err, got, new)
		}
	}
}

func TestMinimal(t *testing.T) {
	for name, c := range map[string]struct {
		src  string
		edit patch.Edit
		want []patch.Edit
	}{
		"what is the same on both sides":  {"abc", patch.Edit{Start: 0, End: 3, New: "axc"}, []patch.Edit{{Start: 1, End: 2, New: "x"}}},
		"nothing":                         {"abc", patch.Edit{Start: 0, End: 3, New: "abc"}, nil},
		"an insertion":                    {"ab", patch.Edit{Start: 0, End: 2, New: "aab"}, []patch.Edit{{Start: 1, End: 1, New: "a"}}},
		"half of a character":             {"ä", patch.Edit{Start: 0, End: 2, New: "å"}, []patch.Edit{{Start: 0, End: 2, New: "å"}}},
		"behind \\r of a line end":        {"a\r\nb", patch.Edit{Start: 2, End: 2, New: "x"}, []patch.Edit{{Start: 1, End: 3, New: "\rx\n"}}},
		"a line end that becomes another": {"a\r\nb", patch.Edit{Start: 1, End: 3, New: "\n"}, []patch.Edit{{Start: 1, End: 3, New: "\n"}}},
	} {
		got := minimal([]byte(c.src), []patch.Edit{c.edit})
		if len(got) != len(c.want) || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.ts", "with space.ts", "ä 名前😀.ts", "100%.ts", "a+b#c?.ts", "[id].ts", `back\slash.ts`} {
		file := filepath.Join(dir, name)
		if got := pathOf(uriOf(file)); got != file {
			t.Errorf("%q becomes %s, and that %q", file, uriOf(file), got)
		}
	}
	for uri, want := range map[string]string{
		"file:///a/b%20c.ts": "/a/b c.ts", "file://localhost/a.ts": "/a.ts", "file:///a/../b.ts": "/b.ts",
		"untitled:Untitled-1": "", "git:/a.ts": "", "file://host/a.ts": "", "file:a.ts": "", "": "", "%%%": "", "file:///a%00.ts": "", "/a.ts": "",
	} {
		if got := pathOf(uri); got != want && os.PathSeparator == '/' {
			t.Errorf("%q: got %q, want %q", uri, got, want)
		}
	}
}

func TestFrames(t *testing.T) {
	for in, want := range map[string]string{
		"Content-Length: 2\r\n\r\n{}":                                 "{}",
		"content-length:2\r\nContent-Type: x; charset=utf8\r\n\r\n{}": "{}",
		"Content-Length: 2\n\n{}":                                     "{}",
		"":                                                            "EOF",
		"\r\n\r\n":                                                    "no Content-Length",
		"Content-Length: 5\r\n\r\n{}":                                 "after 2 of 5 bytes",
		"Content-Length: 2\r\n":                                       "within the header",
		"Content-Length: -2\r\n\r\n{}":                                `Content-Length of a message is "-2"`,
		"Content-Length: 1e3\r\n\r\n{}":                               `Content-Length of a message is "1e3"`,
		"Content-Length: 999999999999\r\n\r\n":                        "is more than",
		"Content-Length: 99999999999999999999999\r\n\r\n":             "Content-Length of a message is",
		"nonsense\r\n\r\n":                                            "want the header",
		strings.Repeat("x", 9000):                                     "the header of a message has more",
		strings.Repeat("a: b\r\n", 3000):                              "the header of a message has more",
	} {
		got, err := newFrames(strings.NewReader(in), nil, nil).Recv()
		text := string(got)
		if err != nil {
			text = err.Error()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%.40q: got %q, want %q", in, text, want)
		}
	}
}
