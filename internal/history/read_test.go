package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRead: readers judged every row of the first table, and no other.
func TestRead(t *testing.T) {
	rows, err := readRows("commits.tsv")
	if err != nil {
		t.Fatal(err)
	}
	of, err := readVerdicts("read.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if of[r.place()] == "" {
			t.Errorf("%s: nobody read it", r.place())
		}
	}
	if len(of) != len(rows) {
		t.Errorf("%d verdicts on %d rows", len(of), len(rows))
	}
}

// TestReadTotals: what a reader called no leak counts among all, and not among leaks.
func TestReadTotals(t *testing.T) {
	row := func(path, read string) Row {
		return Row{Repository: "o/n", Path: path, Line: 1, Resource: "timer", Way: "overwritten", Table: "commits.tsv", Read: read}
	}
	page := markdown([]Verdict{{Row: row("a.js", "real"), Reported: true}, {Row: row("b.js", "not")}, {Row: row("c.js", "")}})
	for _, want := range []string{"| **all** | 3 | 0 | 1 (33 %) |", "| a reader called it a leak | 1 | 0 | 1 (100 %) |", "| overwritten | not | no |"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
}

func TestBadVerdicts(t *testing.T) {
	head := strings.Join(readColumns, "\t") + "\n"
	for name, text := range map[string]string{
		"want the columns":         "a\tb\tc\td\te\tf\n",
		"read.tsv:2: want real":    head + "o/n\tabc\ta.js\t1\tperhaps\tWhy.\n",
		"read.tsv:2: says not why": head + "o/n\tabc\ta.js\t1\tnot\t\n",
		"stands there twice":       head + strings.Repeat("o/n\tabc\ta.js\t1\tnot\tWhy.\n", 2),
	} {
		file := filepath.Join(t.TempDir(), "read.tsv")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readVerdicts(file); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q, got %v", name, err)
		}
	}
}
