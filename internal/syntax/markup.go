package syntax

import (
	"bytes"
	"slices"
	"strings"
)

// markup finds the scripts of a component file by the rules of its compiler: a script is
// an element at the root, not one in a comment, in a template, in an element or in a
// value, and it reaches to the first closing tag, whatever its text means as a program.
type markup struct {
	src    []byte
	svelte bool
	at     int
	open   []string // names of the elements and blocks around, innermost last
	blocks []Block
}

func (m *markup) scan() {
	for m.at < len(m.src) {
		rest := m.src[m.at:]
		switch {
		case bytes.HasPrefix(rest, []byte("<!--")):
			m.skipTo("-->", 4)
		case bytes.HasPrefix(rest, []byte("</")):
			m.close()
		case rest[0] == '<' && len(rest) > 1 && isLetter(rest[1]):
			m.element()
		case m.svelte && rest[0] == '{':
			m.mustache()
		case !m.svelte && len(m.open) > 0 && bytes.HasPrefix(rest, []byte("{{")):
			m.interpolation()
		default:
			m.at++
		}
	}
}

// skipTo goes behind the next mark, which is looked for after so many bytes.
func (m *markup) skipTo(mark string, after int) {
	from := min(len(m.src), m.at+after)
	if i := bytes.Index(m.src[from:], []byte(mark)); i >= 0 {
		m.at = from + i + len(mark)
	} else {
		m.at = len(m.src)
	}
}

// interpolation: what stands between {{ and }} is no tag.
func (m *markup) interpolation() {
	if bytes.Contains(m.src[m.at:], []byte("}}")) {
		m.skipTo("}}", 2)
	} else {
		m.at += 2
	}
}

// close ends an element, and those in it that were left open.
func (m *markup) close() {
	m.at += 2
	name := m.name()
	m.skipTo(">", 0)
	m.pop(name)
}

func (m *markup) pop(name string) {
	for i := len(m.open) - 1; i >= 0; i-- {
		if m.open[i] == name {
			m.open = m.open[:i]
			return
		}
	}
}

// element reads an opening tag, and what is text up to its closing tag.
func (m *markup) element() {
	m.at++
	e := element{name: m.name(), attrs: map[string]string{}}
	for m.at < len(m.src) && !e.closed {
		m.space()
		rest := m.src[m.at:]
		switch {
		case len(rest) == 0:
			return
		case rest[0] == '>':
			m.at++
			m.content(e)
			return
		case bytes.HasPrefix(rest, []byte("/>")):
			m.at += 2
			return // it has no content
		case m.svelte && rest[0] == '{':
			m.mustache()
		default:
			m.attribute(e)
		}
	}
}

func (m *markup) attribute(e element) {
	start := m.at
	for m.at < len(m.src) && !isSpace(m.src[m.at]) && m.src[m.at] != '>' && (m.src[m.at] != '=' || m.at == start) && !bytes.HasPrefix(m.src[m.at:], []byte("/>")) {
		m.at++
	}
	name := string(m.src[start:m.at])
	m.space()
	if m.at == len(m.src) || m.src[m.at] != '=' {
		if _, twice := e.attrs[name]; !twice {
			e.attrs[name] = ""
		}
		return
	}
	m.at++
	m.space()
	if value := m.value(); name != "" {
		e.attrs[name] = value
	}
}

// value is that of an attribute, without its quotes.
func (m *markup) value() string {
	if m.at == len(m.src) {
		return ""
	}
	start := m.at
	if quote := m.src[m.at]; quote == '"' || quote == '\'' {
		for m.at++; m.at < len(m.src) && m.src[m.at] != quote; {
			if m.svelte && m.src[m.at] == '{' {
				m.mustache()
			} else {
				m.at++
			}
		}
		value := string(m.src[start+1 : m.at])
		m.at = min(m.at+1, len(m.src))
		return value
	}
	for m.at < len(m.src) && !isSpace(m.src[m.at]) && m.src[m.at] != '>' && !(m.svelte && bytes.HasPrefix(m.src[m.at:], []byte("/>"))) {
		if m.svelte && m.src[m.at] == '{' {
			m.mustache()
		} else {
			m.at++
		}
	}
	return string(m.src[start:m.at])
}

// rawElements hold text, whatever it looks like.
var rawElements = []string{"script", "style", "textarea", "title"}

// voidElements have no content and no closing tag.
var voidElements = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}

// content goes on behind an opening tag.
func (m *markup) content(e element) {
	root := len(m.open) == 0
	raw := slices.Contains(rawElements, e.name)
	if !m.svelte && root { // all that stands at the root is text, but a template of HTML
		lang := e.attrs["lang"]
		raw = e.name != "template" || lang != "" && lang != "html"
	}
	switch {
	case raw && m.svelte && !root && (e.name == "textarea" || e.name == "title"), !raw:
		if !slices.Contains(voidElements, e.name) {
			m.open = append(m.open, e.name)
		}
		return
	}
	start := m.at
	end, behind := m.closing(e.name)
	m.at = behind
	if b, ok := m.block(e, start, end); ok && root && e.name == "script" && end < len(m.src) {
		m.blocks = append(m.blocks, b)
	}
}

// closing is where the closing tag of a text begins, and what stands behind it; the end
// of the file where there is none.
func (m *markup) closing(name string) (at, behind int) {
	for i := m.at; i < len(m.src); i++ {
		rest := m.src[i:]
		if rest[0] != '<' || len(rest) < len(name)+2 || rest[1] != '/' || !strings.EqualFold(string(rest[2:2+len(name)]), name) {
			continue
		}
		if after := rest[2+len(name):]; len(after) == 0 || after[0] == '>' || after[0] == '/' || isSpace(after[0]) {
			if end := bytes.IndexByte(rest, '>'); end >= 0 {
				return i, i + end + 1
			}
		}
	}
	return len(m.src), len(m.src)
}

// name reads that of a tag.
func (m *markup) name() string {
	start := m.at
	for m.at < len(m.src) && !isSpace(m.src[m.at]) && m.src[m.at] != '>' && m.src[m.at] != '/' {
		m.at++
	}
	return string(m.src[start:m.at])
}

func (m *markup) space() {
	for m.at < len(m.src) && isSpace(m.src[m.at]) {
		m.at++
	}
}

// mustache reads {expression}, {#block ..}, {/block}: what stands in it is code, in which
// a tag is a string or a comparison. A block keeps a script in it from the root.
func (m *markup) mustache() {
	m.at++
	m.space()
	sign := byte(0)
	if m.at < len(m.src) {
		sign = m.src[m.at]
	}
	if sign == '#' || sign == '/' && m.at+1 < len(m.src) && isLetter(m.src[m.at+1]) {
		m.at++
		start := m.at
		for m.at < len(m.src) && isLetter(m.src[m.at]) {
			m.at++
		}
		name := "{" + string(m.src[start:m.at])
		if sign == '#' {
			m.open = append(m.open, name)
		} else {
			m.pop(name)
		}
	}
	m.code()
}

// code goes behind the brace that ends an expression.
func (m *markup) code() {
	before := byte('{') // the last byte that was no space
	for m.at < len(m.src) {
		b := m.src[m.at]
		switch {
		case b == '}':
			m.at++
			return
		case b == '{':
			m.at++
			m.code()
			before = '}'
			continue
		case b == '\'' || b == '"':
			m.quoted(b)
			before = b
			continue
		case b == '`':
			m.template()
			before = b
			continue
		case bytes.HasPrefix(m.src[m.at:], []byte("//")):
			m.skipTo("\n", 2)
			continue
		case bytes.HasPrefix(m.src[m.at:], []byte("/*")):
			m.skipTo("*/", 2)
			continue
		case b == '/' && bytes.IndexByte([]byte("({[,;=:?!&|+-*%<>~^"), before) >= 0:
			m.expression()
			before = '/'
			continue
		}
		if !isSpace(b) {
			before = b
		}
		m.at++
	}
}

func (m *markup) quoted(quote byte) {
	for m.at++; m.at < len(m.src) && m.src[m.at] != quote; m.at++ {
		if m.src[m.at] == '\\' {
			m.at++
		}
	}
	m.at = min(m.at+1, len(m.src))
}

func (m *markup) template() {
	for m.at++; m.at < len(m.src) && m.src[m.at] != '`'; {
		switch {
		case m.src[m.at] == '\\':
			m.at += 2
		case bytes.HasPrefix(m.src[m.at:], []byte("${")):
			m.at += 2
			m.code()
		default:
			m.at++
		}
	}
	m.at = min(m.at+1, len(m.src))
}

// expression skips a regular expression, if it is one: it ends on its line.
func (m *markup) expression() {
	class := false
	for i := m.at + 1; i < len(m.src) && m.src[i] != '\n'; i++ {
		switch b := m.src[i]; {
		case b == '\\':
			i++
		case b == '[':
			class = true
		case b == ']':
			class = false
		case b == '/' && !class:
			m.at = i + 1
			return
		}
	}
	m.at++
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f' }

func isLetter(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' }
