package diffview

import (
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/patch"
)

// FuzzRows: whatever the texts are, every line is shown once, in order, as what it
// is, on its side; nothing that a terminal obeys is left, and no line is too wide.
func FuzzRows(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n", 20)
	f.Add("const a = `\n${b}\n`;\n", "const a = `\n${b('\x1b')}\n\u202e`;", 7)
	f.Add("\t港湾 👩\u200d🚀\r\n", "\t港湾\u0301 👩🏽\xff\r\n", 4)
	f.Add("x\n", "", 2)
	f.Add("``\u200d港", "\t港 👩🏽\xff\r\n", 52)
	f.Add("\u200d\xf0\x9f88", "x", 12)
	f.Add("\u200d\xf0\x9f88", "\u200d\xf0\x9f\x9a\x80", 12)
	f.Fuzz(func(t *testing.T, before, after string, width int) {
		if len(before)+len(after) > 4000 {
			return
		}
		width = 8 + max(0, width)%100
		c := patch.Change{Path: "a.tsx", Old: []byte(before), New: []byte(after)}
		var olds, news []string
		for _, h := range Hunks(c, everything) {
			for _, r := range h.Rows {
				if r.Op != patch.Insert {
					olds = append(olds, r.Text())
				}
				if r.Op != patch.Delete {
					news = append(news, r.Text())
				}
				if i := strings.IndexFunc(r.Text(), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }); i >= 0 {
					t.Errorf("%q", r.Text())
				}
				for _, line := range Wrap(r.Spans, width) {
					if w := Width(line); w > width {
						t.Errorf("%d columns of %d: %v", w, width, line)
					}
				}
			}
			seen := map[*Row]int{}
			last := [2]*Row{}
			for _, p := range Pairs(h) {
				if p.Left == nil && p.Right == nil {
					t.Error("an empty pair")
				}
				for side, r := range []*Row{p.Left, p.Right} {
					if r == nil {
						continue
					}
					if l := last[side]; l != nil && (side == 0 && r.Old <= l.Old || side == 1 && r.New <= l.New) {
						t.Errorf("%v comes after %v", r, l)
					}
					last[side] = r
					seen[r]++
				}
			}
			for i := range h.Rows {
				if n := seen[&h.Rows[i]]; n != 1 && !(h.Rows[i].Op == patch.Keep && n == 2) {
					t.Errorf("row %d stands in %d pairs", i, n)
				}
			}
		}
		if before == after || c.Old == nil {
			return
		}
		if want := shownLines(before); !slices.Equal(olds, want) {
			t.Errorf("old: %q, want %q", olds, want)
		}
		if want := shownLines(after); !slices.Equal(news, want) {
			t.Errorf("new: %q, want %q", news, want)
		}
	})
}

func shownLines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		out = append(out, Visible(strings.TrimSuffix(strings.TrimSuffix(l, "\n"), "\r")))
	}
	return out
}
