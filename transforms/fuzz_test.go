package transforms

import (
	"bytes"
	"context"
	"maps"
	"math/rand"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// FuzzMend mutates the examples: whatever the text, the program must not panic,
// must not write what it cannot read back, and must have nothing more to do when
// it is run again. A fix that is dropped by verification is a failure here: it
// should have been refused.
func FuzzMend(f *testing.F) {
	kinds, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	for _, k := range kinds {
		for _, c := range k.Cases {
			for rel, text := range c.Files {
				if syntax.Supported(rel) {
					f.Add(rel, []byte(text))
				}
			}
		}
	}
	p, err := project.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	d := NewDetector(p, kinds, true)
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		if syntax.Supported(name) && len(src) <= 1<<14 {
			checkMend(t, d, name, src)
		}
	})
}

// FuzzShape mutates the trees of the examples instead of their bytes:
// statements are dropped, doubled, moved and wrapped, so that most results still
// are programs, with shapes that nobody thought of.
func FuzzShape(f *testing.F) {
	kinds, err := Builtin()
	if err != nil {
		f.Fatal(err)
	}
	var names, texts []string
	groups := [][]Case{}
	for _, k := range kinds {
		groups = append(groups, k.Cases)
	}
	for _, file := range []string{"hostile", "silent", "style", "wrong"} {
		data, err := os.ReadFile("testdata/" + file + ".txtar")
		if err != nil {
			f.Fatal(err)
		}
		cases, err := ParseCases(file, data)
		if err != nil {
			f.Fatal(err)
		}
		groups = append(groups, cases)
	}
	for _, cases := range groups {
		for _, c := range cases {
			for _, rel := range slices.Sorted(maps.Keys(c.Files)) {
				if syntax.Supported(rel) && rel != "drive.cjs" {
					names, texts = append(names, rel), append(texts, c.Files[rel])
				}
			}
		}
	}
	for i := range names {
		f.Add(uint16(i), int64(i))
	}
	p, err := project.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	d := NewDetector(p, kinds, true)
	f.Fuzz(func(t *testing.T, which uint16, seed int64) {
		i := int(which) % len(names)
		rng := rand.New(rand.NewSource(seed))
		src := []byte(texts[i])
		for range 1 + rng.Intn(4) {
			src = reshape(t, names[i], src, rng)
		}
		checkMend(t, d, names[i], src)
	})
}

// reshape makes one random change to the tree of a program.
func reshape(t *testing.T, name string, src []byte, rng *rand.Rand) []byte {
	f, err := syntax.Parse(context.Background(), name, src)
	if err != nil || f.Errors() > 0 {
		return src
	}
	var stmts, blocks []syntax.Node
	for n := range f.Root().Descendants() {
		switch {
		case n.IsStatement() && inBlock(n) && !n.Is("import_statement", "export_statement"):
			stmts = append(stmts, n)
		case n.Is("statement_block"):
			blocks = append(blocks, n)
		}
	}
	if len(stmts) == 0 || len(blocks) == 0 {
		return src
	}
	s := stmts[rng.Intn(len(stmts))]
	wrap := func(before, after string) []patch.Edit {
		return []patch.Edit{{Start: s.Start(), End: s.Start(), New: before}, {Start: s.End(), End: s.End(), New: after}}
	}
	insert := func(text string) []patch.Edit {
		return []patch.Edit{{Start: s.Start(), End: s.Start(), New: text + "\n"}}
	}
	var edits []patch.Edit
	switch rng.Intn(18) {
	case 0:
		edits = []patch.Edit{{Start: s.Start(), End: s.End()}}
	case 1:
		edits = insert(s.Text())
	case 2:
		edits = wrap("if (Math.random() > 0.5) {\n", "\n}")
	case 3:
		edits = wrap("try {\n", "\n} catch (e) {\n  console.log(e);\n}")
	case 4:
		edits = wrap("try {\n", "\n} finally {\n  work();\n}")
	case 5:
		edits = wrap("for (const item of [1, 2]) {\n", "\n}")
	case 6:
		edits = insert("if (Math.random() > 0.5) return;")
	case 7:
		edits = insert("work();")
	case 8:
		edits = wrap("(() => {\n", "\n})();")
	case 9:
		edits = wrap("queueMicrotask(() => {\n", "\n});")
	case 10:
		edits = wrap("{ ", " }")
	case 11: // move to another block
		b := blocks[rng.Intn(len(blocks))]
		if b.Within(s) {
			return src
		}
		edits = []patch.Edit{{Start: s.Start(), End: s.End()}, {Start: b.Start() + 1, End: b.Start() + 1, New: " " + s.Text() + " "}}
	case 12:
		return []byte(strings.ReplaceAll(string(src), "async ", ""))
	case 13:
		return []byte(strings.ReplaceAll(string(src), ";\n", "\n"))
	case 14:
		return []byte(strings.ReplaceAll(string(src), "\n", "\r\n"))
	case 15:
		return []byte(strings.ReplaceAll(string(src), "{\n", "{ "))
	case 16:
		edits = insert("// eslint-disable-next-line")
	case 17:
		edits = wrap("switch (Date.now()) {\n  case 1:\n", "\n    break;\n}")
	}
	out, err := patch.Apply(src, edits)
	if err != nil {
		return src
	}
	return out
}

func checkMend(t *testing.T, d *Detector, name string, src []byte) {
	if !d.IsCandidate(src) {
		return
	}
	ctx := context.Background()
	file, err := syntax.Parse(ctx, name, src)
	if err != nil {
		t.Fatal(err)
	}
	m, err := d.Mend(ctx, file, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Bugs) > 0 {
		t.Fatalf("%v\n%s\nbefore:\n%s", m.Bugs[0], m.Bugs[0].Mangled, src)
	}
	if m.New == nil {
		return
	}
	after, err := syntax.Parse(ctx, name, m.New)
	if err != nil {
		t.Fatal(err)
	}
	if after.Errors() > file.Errors() {
		t.Fatalf("parses worse:\n%s", m.New)
	}
	if msg := secondOpinion(name, src, m.New); msg != "" {
		t.Fatalf("esbuild: %s\n%s", msg, m.New)
	}
	again, err := d.Mend(ctx, after, func(*Fix) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if again.New != nil {
		t.Fatalf("a second run changes:\n%s\nto:\n%s", m.New, again.New)
	}
}

// FuzzKind reads any text as a kind: a kind or an error with a place, no panic.
func FuzzKind(f *testing.F) {
	files, err := builtin.ReadDir("kinds")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		data, err := builtin.ReadFile("kinds/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		head, _, _ := bytes.Cut(data, []byte("\n-- "))
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParseKind("kinds/x.txtar", data)
		if err != nil {
			if e, ok := err.(*KindError); !ok || e.Line < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if len(k.Acquire) == 0 || len(k.Release) == 0 {
			t.Fatal("a kind without a law")
		}
	})
}
