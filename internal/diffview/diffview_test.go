package diffview

import (
	"fmt"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/patch"
)

// marked writes a row with its changed pieces in brackets.
func marked(r Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%c%d:%d ", r.Op, r.Old, r.New)
	open := false
	for _, s := range r.Spans {
		if s.Changed != open {
			b.WriteString(map[bool]string{true: "[", false: "]"}[s.Changed])
			open = s.Changed
		}
		b.WriteString(s.Text)
	}
	if open {
		b.WriteString("]")
	}
	return b.String()
}

func change(old, new string) patch.Change {
	return patch.Change{Path: "a.ts", Old: []byte(old), New: []byte(new)}
}

func TestHunks(t *testing.T) {
	c := change("a();\nconst timer = setInterval(f, 10);\nwork(timer);\nb();\n", "a();\nthis.timer = setInterval(f, 10);\ntry {\n  work(timer);\n} finally {\n  clearInterval(timer);\n}\nb();\n")
	hunks := Hunks(c, 1)
	if len(hunks) != 1 {
		t.Fatalf("%d hunks", len(hunks))
	}
	h := hunks[0]
	var got []string
	for _, r := range h.Rows {
		got = append(got, marked(r))
	}
	want := []string{
		" 1:1 a();", "-2:0 [const ]timer = setInterval(f, 10);", "-3:0 work(timer);",
		"+0:2 [this.]timer = setInterval(f, 10);", "+0:3 try {", "+0:4   work(timer);", "+0:5 } finally {", "+0:6   clearInterval(timer);", "+0:7 }",
		" 4:8 b();",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if h.Header() != "@@ -1,4 +1,8 @@" {
		t.Errorf("header %s", h.Header())
	}
	var pairs []string
	for _, p := range Pairs(h) {
		l, r := "", ""
		if p.Left != nil {
			l = p.Left.Text()
		}
		if p.Right != nil {
			r = p.Right.Text()
		}
		pairs = append(pairs, l+" | "+r)
	}
	want = []string{
		"a(); | a();", "const timer = setInterval(f, 10); | this.timer = setInterval(f, 10);", " | try {", "work(timer); |   work(timer);",
		" | } finally {", " |   clearInterval(timer);", " | }", "b(); | b();",
	}
	if strings.Join(pairs, "\n") != strings.Join(want, "\n") {
		t.Errorf("pairs\n%s", strings.Join(pairs, "\n"))
	}
}

// TestLoose: what has nothing in common stands side by side without marks.
func TestLoose(t *testing.T) {
	h := Hunks(change("alpha();\nbeta();\n", "one(1);\ntwo(2);\nthree(3);\n"), 3)[0]
	for _, r := range h.Rows {
		if strings.Contains(marked(r), "[") {
			t.Errorf("marked: %s", marked(r))
		}
	}
	pairs := Pairs(h)
	if len(pairs) != 3 || pairs[0].Left.Text() != "alpha();" || pairs[0].Right.Text() != "one(1);" || pairs[2].Left != nil || pairs[2].Right.Text() != "three(3);" {
		t.Errorf("got %d pairs: %v", len(pairs), pairs)
	}
}

func TestNumbers(t *testing.T) {
	made := Hunks(patch.Change{Path: "a.ts", New: []byte("a\nb")}, 3)[0]
	if got := marked(made.Rows[0]) + marked(made.Rows[1]); got != "+0:1 a+0:2 b" || made.Rows[0].NoEnd || !made.Rows[1].NoEnd {
		t.Errorf("a new file: %s %v", got, made.Rows)
	}
	if made.Header() != "@@ -0,0 +1,2 @@" {
		t.Error(made.Header())
	}
	put := Hunks(change("a\nb\n", "a\nx\nb\n"), 0)[0]
	if got := marked(put.Rows[0]); got != "+0:2 x" || put.Header() != "@@ -1,0 +2 @@" {
		t.Errorf("%s %s", got, put.Header())
	}
	if got := Hunks(change("a\n", "a\n"), 3); got != nil {
		t.Errorf("no change: %v", got)
	}
}

// TestMarks: words, blanks between them, and lines that are only moved in.
func TestMarks(t *testing.T) {
	for _, c := range []struct{ old, new, a, b string }{
		{"setInterval(async () => {", "this.all.add(setInterval(async () => {", "setInterval(async () => {", "[this.all.add(]setInterval(async () => {"},
		{"  await link.close();", "    await link.close();", "  await link.close();", "    await link.close();"},
		{"await one two three;", "await one zwei drei three;", "await one [two] three;", "await one [zwei drei] three;"},
		{"return löschen(büro, 1);", "return löschen(büro, 2);", "return löschen(büro, [1]);", "return löschen(büro, [2]);"},
		{"tell('👍🏽', 'é');", "tell('👍', 'e');", "tell('[👍🏽]', '[é]');", "tell('[👍]', '[e]');"},
		{"f(a b c, same, same);", "f(x y z, same, same);", "f([a b c], same, same);", "f([x y z], same, same);"},
	} {
		h := Hunks(change(c.old+"\n", c.new+"\n"), 0)[0]
		a, b := marked(h.Rows[0])[5:], marked(h.Rows[1])[5:]
		if a != c.a || b != c.b {
			t.Errorf("got\n%s\n%s", a, b)
		}
	}
}

// classes writes a line with the class of each piece that has one.
func classes(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		if s.Class == Plain {
			b.WriteString(s.Text)
		} else {
			fmt.Fprintf(&b, "%s‹%s›", s.Class, s.Text)
		}
	}
	return b.String()
}

func TestClasses(t *testing.T) {
	src := "// it's a remark\n" +
		"for (let i=0;i<n;i++) { f(/re'gex/, `a ${b + 'c'}\n" +
		"const d`); } /* over\n" +
		"class lines */ export class Foo<T> extends Bar { private x?: string = null;\n" +
		"async stop(): Promise<void> { await this.#y.close(12); } }\n"
	want := []string{
		"comment‹// it's a remark›",
		"keyword‹for› (keyword‹let› i=number‹0›;i<n;i++) { function‹f›(string‹/re'gex/›, string‹`a ›${b + string‹'c'›}",
		"string‹const d`›); } comment‹/* over›",
		"comment‹class lines */› keyword‹export› keyword‹class› type‹Foo›<type‹T›> keyword‹extends› type‹Bar› { keyword‹private› x?: type‹string› = keyword‹null›;",
		"keyword‹async› function‹stop›(): type‹Promise›<type‹void›> { keyword‹await› keyword‹this›.#y.function‹close›(number‹12›); } }",
	}
	for i, l := range Lines("a.ts", []byte(src)) {
		if got := classes(l); got != want[i] {
			t.Errorf("got\n%s\nwant\n%s", got, want[i])
		}
	}
	jsx := Lines("a.tsx", []byte("const e = <Box.Lid name=\"x\">it's open</Box.Lid>;\n"))[0]
	if got := classes(jsx); !strings.Contains(got, "string‹\"x\"›>it's open</") || !strings.Contains(got, "‹Lid›") && !strings.Contains(got, "tag‹Box.Lid›") {
		t.Error(got)
	}
	if got := classes(Lines("notes.txt", []byte("const a = 'b'\n"))[0]); got != "const a = 'b'" {
		t.Error(got)
	}
}

// TestVisible: nothing in a file can play with a terminal, or with the reader.
func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb":                      "a\tb",
		"\x1b[31mred\x1b[0m":        "<U+001B>[31mred<U+001B>[0m",
		"x\u202ey\u2066z":           "x<U+202E>y<U+2066>z",
		"a\u2028b\u200bc\x85\u0085": "a<U+2028>b<U+200B>c<85><U+0085>",
		"\ufeffimport":              "<U+FEFF>import",
		"👩\u200d🚀 a\u200db":         "👩\u200d🚀 a<U+200D>b",
		"e\u0301 港":                 "e\u0301 港",
		"`\u200d港 ♪\u200d♪ 👩🏽\u200d🚀": "`<U+200D>港 ♪<U+200D>♪ 👩🏽\u200d🚀",
		"a\u200d":    "a<U+200D>",
		"\u200d\xf0": "<U+200D><F0>", // U+FFFD is a symbol, what is cut off none
	} {
		if got := Visible(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	h := Hunks(change("f('a');\r\n", "f('\x1b[2J');\r\n"), 0)[0]
	if got := h.Rows[1]; got.Text() != "f('<U+001B>[2J');" || got.Spans[3].Class != Hidden {
		t.Errorf("%v", got.Spans)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"", 10, ""}, {"abcdef", 6, "abcdef"}, {"abcdef", 4, "abcd|ef"},
		{"\ta\tb", 20, "    a   b"}, {"ab\tc", 3, "ab |c"}, {"港湾abc", 5, "港湾a|bc"}, {"a港湾", 4, "a港|湾"},
		{"abc👩\u200d🚀x", 4, "abc|👩\u200d🚀x"}, {"e\u0301e\u0301e", 2, "e\u0301e\u0301|e"},
		{"abcd\x1b", 8, "abcd|<U+001B>"}, {"ab\x1b", 4, "ab<U|+001|B>"},
		{"await this.tell(name, more)", 12, "await this.t|ell(name, |more)"}, {"const a = 1;", 7, "const |a = 1;"}, {"a aaaaaaaaaaaa", 6, "a aaaa|aaaaaa|aa"},
	} {
		var lines []string
		for _, l := range Wrap(appendVisible(nil, c.text, Plain, false), c.width) {
			lines = append(lines, Row{Spans: l}.Text())
			if w := Width(l); w > c.width {
				t.Errorf("%q at %d: a line of %d", c.text, c.width, w)
			}
		}
		if got := strings.Join(lines, "|"); got != c.want {
			t.Errorf("%q at %d: got %q, want %q", c.text, c.width, got, c.want)
		}
	}
	if got := Width([]Span{{Text: "a\t"}, {Text: "港"}}); got != 6 {
		t.Errorf("width %d", got)
	}
	if got := (Row{Spans: Expand([]Span{{Text: "a"}, {Text: "\tb"}})}).Text(); got != "a   b" {
		t.Errorf("%q", got)
	}
}

// TestLong: a line that nobody reads, and a block that is all new, take no time to speak of.
func TestLong(t *testing.T) {
	long := strings.Repeat("a + b * ", 100_000)
	h := Hunks(change("x = "+long+";\n", "y = "+long+";\n"), 3)[0]
	if len(h.Rows) != 2 || h.Rows[0].match == 0 {
		t.Errorf("%d rows", len(h.Rows))
	}
	var old, new strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&old, "one(%d);\n", i)
		fmt.Fprintf(&new, "other(%d, x);\n", i)
	}
	if h := Hunks(change(old.String(), new.String()), 3)[0]; len(Pairs(h)) != 3000 {
		t.Errorf("%d pairs", len(Pairs(h)))
	}
}

// TestAround: what is far from the change is shown, too, and what is shown is what
// Hunks shows.
func TestAround(t *testing.T) {
	var old strings.Builder
	for i := 1; i <= 30; i++ {
		fmt.Fprintf(&old, "line%d();\n", i)
	}
	c := change(old.String(), strings.Replace(old.String(), "line20();\n", "line20(1);\nmore();\n", 1))
	got := Around(c, 2, []int{3, 21})
	if len(got) != 2 || got[0].Header() != "@@ -2,3 +2,3 @@" || got[1].Header() != "@@ -18,5 +18,6 @@" {
		t.Fatalf("%v", got)
	}
	if p := Pairs(got[1]); len(p) != 6 || p[2].Left.Text() != "line20();" || p[2].Right.Text() != "line20(1);" || p[3].Left != nil {
		t.Errorf("pairs %v", p)
	}
	for _, context := range []int{0, 1, 3} {
		a, b := Around(c, context, nil), Hunks(c, context)
		if len(a) != 1 || len(b) != 1 || a[0].Header() != b[0].Header() || len(a[0].Rows) != len(b[0].Rows) {
			t.Errorf("context %d: %s, %s", context, a[0].Header(), b[0].Header())
		}
	}
	if got := Around(change("a\nb\nc\nd\n", "a\nb\nc\nd\n"), 3, []int{1}); len(got) != 1 || got[0].Header() != "@@ -1,2 +1,2 @@" {
		t.Errorf("nothing changed: %v", got)
	}
}
