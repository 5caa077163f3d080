package transforms

import (
	"bytes"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// style is how a file is written, as far as inserted code must follow it.
type style struct {
	unit  string // one level of indentation
	eol   string
	semi  string // ";" or ""
	quote string
	ts    bool
}

func styleOf(f *syntax.File) style {
	src := f.Src()
	st := style{eol: "\n", semi: ";", quote: "'", ts: f.TypeScript()}
	if bytes.Contains(src, []byte("\r\n")) {
		st.eol = "\r\n"
	}
	with, without := 0, 0
	single, double := 0, 0
	for id := range f.NodeCount() {
		n := f.Node(int32(id))
		switch n.Kind() {
		case "expression_statement", "lexical_declaration", "return_statement":
			if n.Named() && strings.HasSuffix(n.Text(), ";") {
				with++
			} else {
				without++
			}
		case "string":
			switch {
			case !n.Named(): // the type of that name
			case strings.HasPrefix(n.Text(), `"`):
				double++
			default:
				single++
			}
		}
	}
	if without > with {
		st.semi = ""
	}
	if double > single {
		st.quote = `"`
	}
	st.unit = indentUnit(f.Code())
	return st
}

// Manner is how a file is written, for whoever writes another beside it.
type Manner struct {
	Indent    string // one level
	EOL       string
	Semicolon string // ";" or ""
	Quote     string
}

// MannerOf reads the manner off a file.
func MannerOf(f *syntax.File) Manner {
	st := styleOf(f)
	return Manner{Indent: st.unit, EOL: st.eol, Semicolon: st.semi, Quote: st.quote}
}

// indentUnit is the smallest step by which a line is indented more than the
// one before it, or the commonest among small ones.
func indentUnit(src []byte) string {
	counts := map[int]int{}
	tabs, last := 0, 0
	for line := range bytes.Lines(src) {
		trimmed := bytes.TrimLeft(line, " \t")
		if len(bytes.TrimSpace(line)) == 0 || bytes.HasPrefix(trimmed, []byte("*")) {
			continue
		}
		width := len(line) - len(trimmed)
		if width > 0 && line[0] == '\t' {
			tabs++
		}
		if width > last {
			counts[width-last]++
		}
		last = width
	}
	if tabs > 0 && tabs*2 >= counts[1] {
		return "\t"
	}
	best := 2
	for _, w := range []int{4, 8, 3} {
		if counts[w] > counts[best] {
			best = w
		}
	}
	return strings.Repeat(" ", best)
}

// indentAt is the white space before the first character of the line that
// holds offset.
func indentAt(f *syntax.File, offset int) string {
	start := f.LineStart(offset)
	end := start
	src := f.Src()
	for end < len(src) && (src[end] == ' ' || src[end] == '\t') {
		end++
	}
	return string(src[start:end])
}

// lines joins statements, each on a line with the given indentation; statements
// may hold several lines, whose own indentation uses one tab a level.
func (st style) lines(indent string, statements ...string) string {
	var b strings.Builder
	for i, s := range statements {
		for j, l := range strings.Split(s, "\n") {
			if i > 0 || j > 0 {
				b.WriteString(st.eol)
			}
			if l == "" {
				continue
			}
			depth := len(l) - len(strings.TrimLeft(l, "\t"))
			b.WriteString(indent)
			b.WriteString(strings.Repeat(st.unit, depth))
			b.WriteString(l[depth:])
		}
	}
	return b.String()
}

// fit writes code of ours, which ends its statements by semicolons and uses
// single quotes, as the file does.
func (st style) fit(code string) string {
	if st.semi == "" {
		lines := strings.Split(code, "\n")
		for i, l := range lines {
			lines[i] = strings.TrimSuffix(l, ";")
		}
		code = strings.Join(lines, "\n")
	}
	return code
}

// freshName returns base, or base with a number, such that taken is false.
func freshName(base string, taken func(string) bool) string {
	name := base
	for i := 2; taken(name); i++ {
		name = base + string(rune('0'+i%10))
		if i > 9 {
			name += "_"
		}
	}
	return name
}

// nameTaken reports whether a name occurs as an identifier anywhere in n.
func nameTaken(n syntax.Node) func(string) bool {
	names := map[string]bool{}
	for d := range n.Descendants() {
		if d.Is("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern") {
			names[d.Text()] = true
		}
	}
	return func(s string) bool { return names[s] }
}

func plural(noun string) string {
	switch {
	case strings.HasSuffix(noun, "s"), strings.HasSuffix(noun, "x"), strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "sh"):
		return noun + "es"
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") && !strings.HasSuffix(noun, "ey"):
		return noun[:len(noun)-1] + "ies"
	}
	return noun + "s"
}

// dropped is a call whose promise nobody waits for, said in words where a type says that
// there is one.
func (st style) dropped(call string) string {
	if st.ts {
		return "void " + call
	}
	return call
}
