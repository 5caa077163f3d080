package diffview

import (
	"context"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// source is one side of a change, parsed as a whole: only so is it known where a
// string or a comment of several lines begins.
type source struct {
	lines   []string // with their ends
	starts  []int    // by line: its first byte
	classes []Class  // by byte; nil: all of it is plain
}

func newSource(path string, src []byte) *source {
	s := &source{}
	at := 0
	for l := range strings.Lines(string(src)) {
		s.lines, s.starts = append(s.lines, l), append(s.starts, at)
		at += len(l)
	}
	if f, err := syntax.Parse(context.Background(), path, src); err == nil { // else it is no code
		s.classes = make([]Class, len(src))
		s.paint(f.Root())
	}
	return s
}

// line is a line's text without its end.
func (s *source) line(n int) string {
	l := strings.TrimSuffix(s.lines[n-1], "\n")
	return strings.TrimSuffix(l, "\r")
}

// spans cuts a line into pieces. changed says, by byte, what differs; nil: nothing.
func (s *source) spans(n int, changed []bool) []Span {
	text := s.line(n)
	start := s.starts[n-1]
	var out []Span
	for i := 0; i < len(text); {
		class, mark := Plain, changed != nil && changed[i]
		if s.classes != nil {
			class = s.classes[start+i]
		}
		end := i + character(text[i:])
		for end < len(text) && (s.classes == nil || s.classes[start+end] == class) && (changed != nil && changed[end]) == mark {
			end += character(text[end:])
		}
		out = appendVisible(out, text[i:end], class, mark)
		i = end
	}
	return out
}

// paint gives the bytes of a node their classes: the node as a whole, then what in
// it is something else.
func (s *source) paint(n syntax.Node) {
	class := classOf(n)
	if class != Plain || n.Kind() == "template_substitution" {
		for i := n.Start(); i < n.End(); i++ {
			s.classes[i] = class
		}
	}
	for c := range n.All() {
		s.paint(c)
	}
}

func classOf(n syntax.Node) Class {
	if !n.Named() { // the token string is no string
		return classOfToken(n)
	}
	switch n.Kind() {
	case "comment", "hash_bang_line", "html_comment":
		return Comment
	case "string", "string_fragment", "template_string", "regex", "escape_sequence":
		return String
	case "number":
		return Number
	case "this", "super", "true", "false", "null", "undefined", "accessibility_modifier", "override_modifier":
		return Keyword
	case "predefined_type", "type_identifier":
		return Type
	case "identifier", "property_identifier", "private_property_identifier", "nested_identifier":
		return classOfName(n)
	}
	return Plain
}

func classOfToken(n syntax.Node) Class {
	switch p := n.Parent(); {
	case p.Is("string", "regex", "template_string"):
		return String
	case p.Is("predefined_type"):
		return Type
	case isWord(n.Text()):
		return Keyword
	}
	return Plain
}

// classOfName tells what is named: what is called or declared, a type, an element.
func classOfName(n syntax.Node) Class {
	p := n.Parent()
	if n.Kind() != "identifier" && p.Is("member_expression") && p.Field("property") == n {
		n, p = p, p.Parent()
	}
	switch {
	case p.Is("jsx_opening_element", "jsx_closing_element", "jsx_self_closing_element") && p.Field("name") == n:
		return Tag
	case p.Is("call_expression") && p.Field("function") == n,
		p.Is("function_declaration", "function", "generator_function_declaration", "generator_function", "method_definition", "method_signature", "abstract_method_signature", "function_signature") && p.Field("name") == n,
		p.Is("decorator"):
		return Function
	case p.Is("new_expression") && p.Field("constructor") == n, p.Is("class", "class_declaration", "class_heritage", "extends_clause"):
		return Type
	}
	return Plain
}

func isWord(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return s != ""
}
