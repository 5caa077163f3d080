package patch

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestUnified(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"nothing", "a\n", "a\n", ""},
		{"nothing in nothing", "", "", ""},
		{"one line", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"},
		{"only line", "a\n", "b\n", "@@ -1 +1 @@\n-a\n+b\n"},
		{"insert at the start", "a\n", "x\na\n", "@@ -1 +1,2 @@\n+x\n a\n"},
		{"append", "a\n", "a\nx\n", "@@ -1 +1,2 @@\n a\n+x\n"},
		{"delete", "a\nb\n", "b\n", "@@ -1,2 +1 @@\n-a\n b\n"},
		{"into an empty file", "", "a\n", "@@ -0,0 +1 @@\n+a\n"},
		{"empty a file", "a\nb\n", "", "@@ -1,2 +0,0 @@\n-a\n-b\n"},
		{"lose the final newline", "a\n", "a", "@@ -1 +1 @@\n-a\n+a\n\\ No newline at end of file\n"},
		{"gain the final newline", "a", "a\n", "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n"},
		{"no final newline, kept", "a\nb", "x\na\nb", "@@ -1,2 +1,3 @@\n+x\n a\n b\n\\ No newline at end of file\n"},
		{"CRLF", "a\r\nb\r\n", "a\r\nc\r\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n"},
		{"three lines of context", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n", "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
		{"six lines between: one hunk", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n", "@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n"},
		{"seven lines between: two", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n", "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n"},
		{"deletions before insertions", "a\nb\nc\nd\n", "x\ny\nc\nd\n", "@@ -1,4 +1,4 @@\n-a\n-b\n+x\n+y\n c\n d\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want != "" {
				want = "diff --git a/src/x.ts b/src/x.ts\n--- a/src/x.ts\n+++ b/src/x.ts\n" + want
			}
			if got := (Change{"src/x.ts", []byte(tt.old), []byte(tt.new)}).Unified(); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestStat(t *testing.T) {
	tests := []struct {
		old, new          string
		inserted, deleted int
	}{
		{"", "", 0, 0}, {"a\n", "a\n", 0, 0}, {"", "a\nb", 2, 0}, {"a\nb\n", "", 0, 2}, {"a\nb\nc\n", "a\nc\n", 0, 1}, {"a\nb\n", "x\na\ny\nb\nz\n", 3, 0},
		{"a", "a\n", 1, 1},
	}
	for _, tt := range tests {
		inserted, deleted := Change{"x", []byte(tt.old), []byte(tt.new)}.Stat()
		if inserted != tt.inserted || deleted != tt.deleted {
			t.Errorf("%q to %q: +%d -%d, want +%d -%d", tt.old, tt.new, inserted, deleted, tt.inserted, tt.deleted)
		}
	}
}

// checkHunks rebuilds both sides from the hunks and the lines between them.
func checkHunks(t *testing.T, old, new string, context int) {
	t.Helper()
	lines := strings.SplitAfter(old, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	var before, after strings.Builder
	oldAt, newAt := 1, 1
	copyTo := func(line int) {
		for ; oldAt < line; oldAt, newAt = oldAt+1, newAt+1 {
			before.WriteString(lines[oldAt-1])
			after.WriteString(lines[oldAt-1])
		}
	}
	for _, h := range (Change{"x", []byte(old), []byte(new)}).Hunks(context) {
		oldStart, newStart := h.OldStart, h.NewStart
		if h.OldLines == 0 {
			oldStart++
		}
		if h.NewLines == 0 {
			newStart++
		}
		if oldStart < oldAt || oldStart > len(lines)+1 {
			t.Fatalf("%q to %q: a hunk starts at line %d", old, new, h.OldStart)
		}
		copyTo(oldStart)
		if newStart != newAt {
			t.Errorf("%q to %q: a hunk starts at new line %d, want %d", old, new, newStart, newAt)
		}
		counts := map[Op]int{}
		for _, l := range h.Lines {
			counts[l.Op]++
			if l.Op != Insert {
				before.WriteString(l.Text)
				oldAt++
			}
			if l.Op != Delete {
				after.WriteString(l.Text)
				newAt++
			}
		}
		if h.OldLines != counts[Keep]+counts[Delete] || h.NewLines != counts[Keep]+counts[Insert] {
			t.Errorf("%q to %q: a hunk says -%d +%d and holds %v", old, new, h.OldLines, h.NewLines, counts)
		}
		if counts[Delete]+counts[Insert] == 0 {
			t.Errorf("%q to %q: a hunk changes nothing", old, new)
		}
	}
	copyTo(len(lines) + 1)
	if before.String() != old || after.String() != new {
		t.Errorf("%q to %q, context %d: the hunks turn %q into %q", old, new, context, before.String(), after.String())
	}
}

func FuzzHunks(f *testing.F) {
	f.Add("a\nb\nc\n", "a\nx\nc\n", 3)
	f.Add("", "a", 0)
	f.Add("a\r\nb", "b\r\n", 1)
	f.Add("a\na\na\nb\na\na\n", "a\na\nb\na\na\na\n", 2)
	f.Add("1\n2\n3\n4\n5\n6\n7\n8\n9", "x\n2\n3\n4\n5\n6\n7\n8\ny", 3)
	f.Fuzz(func(t *testing.T, old, new string, context int) {
		if len(old)+len(new) > 4000 {
			return
		}
		checkHunks(t, old, new, max(0, context%6))
	})
}

// randomChange returns two related texts.
func randomChange(rng *rand.Rand) (old, new string) {
	end := []string{"\n", "\r\n"}[rng.IntN(2)]
	var a, b []string
	for range rng.IntN(40) {
		line := []string{"x", "y", "", "\tz", "-minus", "+plus", "\\ back", "@@ -1 +1 @@", "é", fmt.Sprint(rng.IntN(9))}[rng.IntN(10)]
		switch rng.IntN(8) {
		case 0:
			a = append(a, line)
		case 1:
			b = append(b, line)
		default:
			a, b = append(a, line), append(b, line)
		}
	}
	finish := func(lines []string) string {
		s := strings.Join(lines, end)
		if len(lines) > 0 && rng.IntN(4) > 0 {
			s += end
		}
		return s
	}
	return finish(a), finish(b)
}

func TestHunksRandom(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		old, new := randomChange(rng)
		checkHunks(t, old, new, rng.IntN(5))
	}
}

// More different lines than a rune has room for below the surrogates.
func TestHunksManyLines(t *testing.T) {
	var b strings.Builder
	for i := range 70_000 {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	old := b.String()
	checkHunks(t, old, strings.Replace(old, "line 60000\n", "changed\nand more\n", 1), 3)
}
