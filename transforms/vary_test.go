package transforms

import (
	"bytes"
	"context"
	"math/rand"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// shape changes the tree of an example instead of its bytes: statements are
// dropped, doubled, moved and wrapped, so that most results still are programs,
// with shapes that nobody thought of.
func shape(e example, rng *rand.Rand) []byte {
	src := []byte(e.text)
	for range 1 + rng.Intn(4) {
		src = reshape(e.rel, src, rng)
	}
	return src
}

// reshape makes one random change to the tree of a program.
func reshape(name string, src []byte, rng *rand.Rand) []byte {
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
	switch rng.Intn(28) {
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
	case 18:
		edits = insert(";")
	case 19:
		edits = insert("if (Math.random() > 0.5) throw new Error('no');")
	case 20:
		edits = wrap("const later = () => {\n", "\n};\nlater();")
	case 21:
		edits = wrap("while (Math.random() > 0.5) {\n", "\n  if (Math.random() > 0.5) break;\n}")
	case 22:
		edits = wrap("setTimeout(async () => {\n", "\n}, 10);")
	case 23:
		edits = wrap("[1, 2].forEach(() => {\n", "\n});")
	case 24:
		edits = wrap("/* before */ ", " /* after */")
	case 25:
		edits = []patch.Edit{{Start: s.Start(), End: s.Start(), New: s.Text() + " "}}
	case 26:
		edits = wrap("await (async () => {\n", "\n})();")
	case 27: // on the line of what comes next
		edits = []patch.Edit{{Start: s.End(), End: s.End() + len(src[s.End():]) - len(bytes.TrimLeft(src[s.End():], " \r\n")), New: " "}}
	}
	out, err := patch.Apply(src, edits)
	if err != nil {
		return src
	}
	return out
}

// mangle changes the bytes of an example: pieces are dropped, doubled, moved and
// overwritten, mostly where a token begins or ends, so that what parses and what
// does not are both common.
func mangle(e example, rng *rand.Rand) []byte {
	src := []byte(e.text)
	for range 1 + rng.Intn(3) {
		if len(src) < 2 {
			break
		}
		a := rng.Intn(len(src))
		b := min(len(src), a+1+rng.Intn(1+min(len(src), 1<<rng.Intn(10))))
		piece := slices.Clone(src[a:b])
		switch rng.Intn(6) {
		case 0:
			src = slices.Delete(src, a, b)
		case 1:
			src = slices.Insert(src, b, piece...)
		case 2: // move
			src = slices.Delete(src, a, b)
			src = slices.Insert(src, rng.Intn(len(src)+1), piece...)
		case 3:
			src[a] = byte(rng.Intn(256))
		case 4:
			src = slices.Insert(src, a, []byte(tokens[rng.Intn(len(tokens))])...)
		case 5:
			src = slices.Replace(src, a, b, []byte(tokens[rng.Intn(len(tokens))])...)
		}
	}
	return src
}

// tokens are what parsers stumble over.
var tokens = []string{
	"{", "}", "(", ")", "[", "]", "<", ">", ";", ",", ".", "?.", "=>", "=", "`", "${", "'", "\"", "/", "//", "/*", "*/", "\n", "\r\n", "\\", "#", "@", "!",
	"async ", "await ", "return ", "class ", "this.", "static ", "try {", "} finally {", "=> {", "\x00", "\xff", "\u2028", "é", "export ", "if (", "else ",
}
