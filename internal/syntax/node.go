package syntax

import (
	"iter"
	"strings"
)

// Node is one node of a parsed file. The zero Node stands for "no node": all
// its methods may be called and answer with zero values.
type Node struct {
	f *File
	i int32
}

// OK reports whether n is a node at all.
func (n Node) OK() bool { return n.f != nil }

// File returns the file that n belongs to, nil for the zero Node.
func (n Node) File() *File { return n.f }

// ID is n's index in its file in pre-order: ancestors have smaller ones.
func (n Node) ID() int32 { return n.i }

func (n Node) raw() *node { return &n.f.nodes[n.i] }

// Kind returns the grammar's name for n, or the token itself for punctuation;
// "" for the zero Node.
func (n Node) Kind() string {
	if n.f == nil {
		return ""
	}
	return n.f.lang.kind(n.raw().symbol)
}

// Is reports whether n is of one of the kinds.
func (n Node) Is(kinds ...string) bool {
	k := n.Kind()
	for _, want := range kinds {
		if k == want {
			return n.f != nil
		}
	}
	return false
}

// Named reports whether n is more than punctuation or a keyword.
func (n Node) Named() bool { return n.f != nil && n.raw().flags&flagNamed != 0 }

// HasError reports whether the parser had to skip or invent something in n.
func (n Node) HasError() bool { return n.f != nil && n.raw().flags&flagError != 0 }

// Start and End are byte offsets, half open.
func (n Node) Start() int {
	if n.f == nil {
		return 0
	}
	return int(n.raw().start)
}

// End is the offset of the first byte after n.
func (n Node) End() int {
	if n.f == nil {
		return 0
	}
	return int(n.raw().end)
}

// Text is n's source text.
func (n Node) Text() string {
	if n.f == nil {
		return ""
	}
	return n.f.text[n.raw().start:n.raw().end]
}

// end is the index of the first node that follows the subtree of the i-th, or all.
func (f *File) end(i int32) int32 {
	if i < 0 {
		return int32(len(f.nodes))
	}
	return f.nodes[i].after
}

// until is the i-th node of n's file, if it lies before end.
func (n Node) until(end, i int32) Node {
	if i >= end {
		return Node{}
	}
	return Node{n.f, i}
}

func (n Node) at(i int32) Node {
	if i < 0 {
		return Node{}
	}
	return Node{n.f, i}
}

// Parent returns the node around n, or the zero Node for the root.
func (n Node) Parent() Node {
	if n.f == nil {
		return Node{}
	}
	return n.at(n.raw().parent)
}

// Next returns the following sibling, punctuation included.
func (n Node) Next() Node {
	if n.f == nil {
		return Node{}
	}
	return n.until(n.f.end(n.raw().parent), n.after())
}

// NextNamed returns the following sibling that is not punctuation.
func (n Node) NextNamed() Node {
	for n = n.Next(); n.OK() && !n.Named(); n = n.Next() {
	}
	return n
}

// First returns the first child, punctuation included.
func (n Node) First() Node {
	if n.f == nil {
		return Node{}
	}
	return n.until(n.after(), n.i+1)
}

// All iterates over all children, punctuation included.
func (n Node) All() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.f == nil {
			return
		}
		for i, end := n.i+1, n.after(); i < end; i = n.f.nodes[i].after {
			if !yield(Node{n.f, i}) {
				return
			}
		}
	}
}

// Children iterates over the named children that are not comments.
func (n Node) Children() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		for c := range n.All() {
			if c.Named() && c.Kind() != "comment" && !yield(c) {
				return
			}
		}
	}
}

// Child returns the i-th named child that is not a comment, from 0.
func (n Node) Child(i int) Node {
	for c := range n.Children() {
		if i == 0 {
			return c
		}
		i--
	}
	return Node{}
}

// Len counts the named children that are not comments.
func (n Node) Len() int {
	count := 0
	for range n.Children() {
		count++
	}
	return count
}

// Field returns the child in the given role of the grammar ("body", "left").
func (n Node) Field(name string) Node {
	if n.f == nil {
		return Node{}
	}
	id := n.f.lang.field(name)
	if id == 0 {
		return Node{}
	}
	nodes := n.f.nodes
	for i, end := n.i+1, n.after(); i < end; i = nodes[i].after {
		if nodes[i].field == id {
			return Node{n.f, i}
		}
	}
	return Node{}
}

// Role returns the name of the field that n fills in its parent, or "".
func (n Node) Role() string {
	if n.f == nil {
		return ""
	}
	return n.f.lang.fieldName(n.raw().field)
}

// HasToken reports whether a direct child is the given punctuation or keyword.
func (n Node) HasToken(token string) bool { return n.Token(token).OK() }

// Token returns the first direct child that is the given punctuation or keyword.
func (n Node) Token(token string) Node {
	for c := range n.All() {
		if !c.Named() && c.Kind() == token {
			return c
		}
	}
	return Node{}
}

// Within reports whether n lies in outer or is it.
func (n Node) Within(outer Node) bool {
	return n.f == outer.f && n.f != nil && n.i >= outer.i && n.i < outer.after()
}

// after is the index of the first node that follows n's subtree.
func (n Node) after() int32 {
	return n.f.nodes[n.i].after
}

// Descendants iterates over n and everything in it, in source order.
func (n Node) Descendants() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.f == nil {
			return
		}
		for i, end := n.i, n.after(); i < end; i++ {
			if !yield(Node{n.f, i}) {
				return
			}
		}
	}
}

// Own iterates over n and everything in it that runs when n runs: the bodies
// of nested functions and classes are left out, the nested nodes themselves
// are not.
func (n Node) Own() iter.Seq[Node] {
	return func(yield func(Node) bool) {
		if n.f == nil {
			return
		}
		for i, end := n.i, n.after(); i < end; {
			m := Node{n.f, i}
			if !yield(m) {
				return
			}
			if i != n.i && (m.IsFunction() || m.IsClass()) {
				i = m.after()
				continue
			}
			i++
		}
	}
}

// Ancestor returns the innermost node around n that is of one of the kinds.
func (n Node) Ancestor(kinds ...string) Node {
	for p := n.Parent(); p.OK(); p = p.Parent() {
		if p.Is(kinds...) {
			return p
		}
	}
	return Node{}
}

// IsFunction reports whether n is a function, arrow or method with a body.
func (n Node) IsFunction() bool {
	switch n.Kind() {
	case "function_declaration", "function_expression", "function", "arrow_function", "method_definition",
		"generator_function", "generator_function_declaration":
		return n.Named() && n.Field("body").OK()
	}
	return false
}

// IsClass reports whether n is a class declaration or expression.
func (n Node) IsClass() bool {
	switch n.Kind() {
	case "class_declaration", "class", "abstract_class_declaration":
		return n.Named()
	}
	return false
}

// IsArrow reports whether n is an arrow function, whose `this` is the outer one.
func (n Node) IsArrow() bool { return n.Kind() == "arrow_function" }

// IsStatement reports whether n can stand alone in a block.
func (n Node) IsStatement() bool {
	switch n.Kind() {
	case "expression_statement", "lexical_declaration", "variable_declaration", "if_statement", "for_statement",
		"for_in_statement", "while_statement", "do_statement", "try_statement", "switch_statement", "return_statement",
		"throw_statement", "break_statement", "continue_statement", "labeled_statement", "statement_block",
		"empty_statement", "debugger_statement", "function_declaration", "class_declaration", "export_statement",
		"import_statement", "generator_function_declaration", "abstract_class_declaration", "using_declaration":
		return n.Named()
	}
	return false
}

// Statement returns the innermost statement around n, or n itself.
func (n Node) Statement() Node {
	for ; n.OK() && !n.IsStatement(); n = n.Parent() {
	}
	return n
}

// Function returns the innermost function around n (not n itself), or the
// zero Node at module level.
func (n Node) Function() Node {
	for p := n.Parent(); p.OK(); p = p.Parent() {
		if p.IsFunction() {
			return p
		}
	}
	return Node{}
}

// Class returns the innermost class around n, or the zero Node.
func (n Node) Class() Node {
	for p := n.Parent(); p.OK(); p = p.Parent() {
		if p.IsClass() {
			return p
		}
	}
	return Node{}
}

// Inner strips what does not change a value: parentheses, `as`, `satisfies`,
// `!`, type assertions and, if await is set, `await`.
func (n Node) Inner(await bool) Node {
	for n.OK() {
		switch n.Kind() {
		case "parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression":
			n = n.Child(0)
		case "type_assertion":
			n = n.Child(n.Len() - 1)
		case "await_expression":
			if !await {
				return n
			}
			n = n.Child(0)
		default:
			return n
		}
	}
	return n
}

// Outer is the reverse of Inner: the widest expression with n's value.
func (n Node) Outer() Node {
	for {
		p := n.Parent()
		if !p.Is("parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression",
			"type_assertion", "await_expression") || p.Inner(true).i != n.Inner(true).i {
			return n
		}
		n = p
	}
}

// IsAsync reports whether the function n is declared async. Where a line ends
// behind the word, by a mark that the grammar takes for a space, it is a name.
func (n Node) IsAsync() bool {
	word := n.Token("async")
	return word.OK() && !strings.ContainsAny(string(n.f.src[word.End():word.Next().Start()]), "\u2028\u2029")
}

// IsGenerator reports whether the function n is a generator.
func (n Node) IsGenerator() bool {
	return n.Is("generator_function", "generator_function_declaration") || n.HasToken("*")
}

// WantsArguments reports whether the function or signature n has a parameter
// that must be given: one with neither a default nor a question mark.
func (n Node) WantsArguments() bool {
	if n.Field("parameter").OK() { // id => ..
		return true
	}
	for p := range n.Field("parameters").Children() {
		if p.Is("required_parameter") && !p.Field("value").OK() && !p.Field("pattern").Is("rest_pattern") || p.Is("identifier", "object_pattern", "array_pattern") {
			return true
		}
	}
	return false
}

// StringValue returns the content of a string literal without its quotes.
func (n Node) StringValue() (string, bool) {
	if !n.Is("string") || n.End()-n.Start() < 2 {
		return "", false
	}
	t := n.Text()
	return t[1 : len(t)-1], true
}
