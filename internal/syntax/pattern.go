package syntax

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Pattern is an expression with holes: $NAME stands for one expression, or one
// property name, and is the same text wherever it is repeated; $$$NAME stands
// for any number of arguments. Both are legal identifiers, so the ordinary
// parser reads patterns.
type Pattern struct {
	Text   string
	root   Node
	Anchor string   // the name that is called or constructed; "" if that is a hole
	Names  []string // every identifier that is not a hole: all occur in a matching text
	New    bool     // a construction, not a call
	Vars   []string // the holes, without dollars, in order of appearance
	given  []string // those of them that are parameters of a callback
	rooted bool
	method bool
	path   []string // the names of a rooted callee: one, or more as in URL.createObjectURL
}

// Bindings maps the names of holes to what they matched. Lists of arguments
// are not kept.
type Bindings map[string]Node

// CompilePattern parses a pattern of something that is done: a call, a
// construction, or the filing or deleting of a property under a key. It fails if
// and only if text is no such expression that the TypeScript grammar knows.
func CompilePattern(text string) (*Pattern, error) {
	p, err := CompileExpression(text)
	if err != nil {
		return nil, err
	}
	if !p.root.Is("call_expression", "new_expression") && !p.Files() && !p.root.HasToken("delete") {
		return nil, fmt.Errorf("a pattern is a call or a construction, not a %s", strings.ReplaceAll(p.root.Kind(), "_", " "))
	}
	return p, nil
}

// CompileExpression parses a pattern of any expression, for those who look for it
// beside what is done, or write it.
func CompileExpression(text string) (*Pattern, error) {
	f, err := Parse(context.Background(), "pattern.ts", []byte(text))
	if err != nil {
		return nil, err
	}
	stmt := f.Root().Child(0)
	if f.Errors() > 0 || f.Root().Len() != 1 || !stmt.Is("expression_statement") {
		return nil, errors.New("a pattern is one expression")
	}
	p := &Pattern{Text: text, root: stmt.Child(0)}
	var callee Node
	switch p.root.Kind() {
	case "call_expression":
		callee = p.root.Field("function")
	case "new_expression":
		callee, p.New = p.root.Field("constructor"), true
	}
	name := callee
	if callee.Is("member_expression") {
		name = callee.Field("property")
	}
	if _, hole := holeName(name); !hole {
		p.Anchor = name.Text()
	}
	p.path = plainPath(callee)
	p.rooted = len(p.path) > 0
	p.method = callee.Is("member_expression") && !p.New && !p.rooted
	for n := range p.root.Descendants() {
		if n.Is("identifier", "property_identifier", "this") {
			if v, ok := holeName(n); ok {
				p.Vars = append(p.Vars, v)
			} else {
				p.Names = append(p.Names, n.Text())
			}
		}
		if n.IsArrow() {
			for _, param := range parameterNames(n) {
				if name, ok := holeName(param); ok {
					p.given = append(p.given, name)
				}
			}
		}
	}
	return p, nil
}

// Rooted reports whether the callee is a plain name, or one behind others, which
// has to be resolved by its origin: in a file it may stand under an alias or behind
// a namespace.
func (p *Pattern) Rooted() bool { return p.rooted }

// Method reports whether the pattern is a call of something's member, which stands
// behind a dot under its own name.
func (p *Pattern) Method() bool { return p.method }

// Files reports whether the pattern is the filing of something under a key:
// $TABLE[$KEY] = $VALUE.
func (p *Pattern) Files() bool {
	return p.root.Is("assignment_expression") && p.root.Field("left").Is("subscript_expression")
}

// plainPath are the names of a callee without holes; nil for any other.
func plainPath(n Node) []string {
	if _, hole := holeName(n); hole {
		return nil
	}
	switch n.Kind() {
	case "identifier":
		return []string{n.Text()}
	case "member_expression":
		if _, hole := holeName(n.Field("property")); hole {
			return nil
		}
		if path := plainPath(n.Field("object")); path != nil {
			return append(path, n.Field("property").Text())
		}
	}
	return nil
}

// endsPath reports whether the resolved name of a callee ends in a rooted pattern's.
func (p *Pattern) endsPath(callee Node) bool {
	o, ok := callee.Origin()
	first := len(o.Path) - len(p.path)
	return ok && first >= 0 && slices.Equal(o.Path[first:], p.path)
}

// IsAt reports whether a rooted pattern's callee is what has that origin.
func (p *Pattern) IsAt(o Origin) bool {
	first := len(o.Path) - len(p.path)
	return first >= 0 && (first == 0 || o.Module != "") && slices.Equal(o.Path[first:], p.path)
}

// Has reports whether the pattern has the hole $name.
func (p *Pattern) Has(name string) bool {
	for _, v := range p.Vars {
		if v == name {
			return true
		}
	}
	return false
}

// Receiver returns the name of the hole that the method is called on, or "".
func (p *Pattern) Receiver() string {
	if fn := p.root.Field("function"); fn.Is("member_expression") {
		name, _ := holeName(fn.Field("object"))
		return name
	}
	return ""
}

// Maker is the name of the function whose result the method is called on, as in
// open($$$ARGS).watch(), or "".
func (p *Pattern) Maker() string {
	made := p.root.Field("function").Field("object")
	if maker := made.Field("function"); made.Is("call_expression") && maker.Is("identifier") {
		if _, hole := holeName(maker); !hole {
			return maker.Text()
		}
	}
	return ""
}

// Root is the pattern's own expression, for those who instantiate it.
func (p *Pattern) Root() Node { return p.root }

func holeName(n Node) (string, bool) {
	t := n.Text()
	if !n.Is("identifier", "property_identifier") || !strings.HasPrefix(t, "$") {
		return "", false
	}
	name := strings.TrimLeft(t, "$")
	return name, len(t) > 1 && (name == "" || name != strings.ToLower(name)) // $on is a method
}

// HoleName returns the name of the hole that a node of a pattern is.
func HoleName(n Node) (string, bool) { return holeName(n) }

func isRest(n Node) bool { return n.Is("identifier") && strings.HasPrefix(n.Text(), "$$$") }

// Match tries the pattern on n, looking through await, parentheses, `as`, `!`
// and `?.`. A rooted callee of one name matches any callee: ask Origin which one it
// is, and IsAt.
// given holds what holes are known to be beforehand; it is not changed.
func (p *Pattern) Match(n Node, given Bindings) (Bindings, bool) {
	n = n.Inner(true)
	if n.Kind() != p.root.Kind() {
		return nil, false
	}
	b := make(Bindings, len(given)+len(p.Vars))
	for k, v := range given {
		b[k] = v
	}
	if !p.root.Is("call_expression", "new_expression") {
		return b, match(p.root, n, b)
	}
	role := "function"
	if p.New {
		role = "constructor"
	}
	if !p.rooted && !match(p.root.Field(role), n.Field(role), b) {
		return nil, false
	}
	if len(p.path) > 1 && !p.endsPath(n.Field(role)) {
		return nil, false
	}
	if !matchList(p.root.Field("arguments"), n.Field("arguments"), b) {
		return nil, false
	}
	return b, true
}

func match(p, n Node, b Bindings) bool {
	if hole, ok := holeName(p); ok {
		n = n.Inner(true)
		if old, bound := b[hole]; bound {
			return SameExpression(old, n)
		}
		b[hole] = n
		return true
	}
	n = n.Inner(true)
	p = p.Inner(true)
	if p.IsArrow() {
		return matchCallback(p, n, b)
	}
	if p.Kind() != n.Kind() {
		return false
	}
	if op := p.Field("operator"); op.OK() && op.Text() != n.Field("operator").Text() {
		return false
	}
	if p.Is("string") {
		a, _ := p.StringValue()
		c, _ := n.StringValue()
		return a == c
	}
	if p.Is("object") {
		return matchObject(p, n, b)
	}
	if p.Len() == 0 {
		return p.Text() == n.Text()
	}
	if p.Is("call_expression", "new_expression", "member_expression") {
		for _, role := range []string{"function", "constructor", "object", "property", "arguments"} {
			q := p.Field(role)
			if !q.OK() {
				continue
			}
			if role == "arguments" {
				if !matchList(q, n.Field(role), b) {
					return false
				}
			} else if !match(q, n.Field(role), b) {
				return false
			}
		}
		return true
	}
	return matchList(p, n, b)
}

// matchObject: an object in a pattern names the properties that must be there,
// in whatever order; there may be more.
func matchObject(p, n Node, b Bindings) bool {
	for q := range p.Children() {
		found := false
		for c := range n.Children() {
			key, value := c.Field("key"), c.Field("value")
			if c.Is("shorthand_property_identifier") {
				key, value = c, c
			}
			if key.Text() == q.Field("key").Text() && match(q.Field("value"), value, b) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// matchList matches children in order; a $$$ hole takes whatever is left, but for
// one last that is named behind it.
func matchList(p, n Node, b Bindings) bool {
	var items []Node
	for c := range n.Children() {
		items = append(items, c)
	}
	i := 0
	for q := range p.Children() {
		if isRest(q) {
			last := q.NextNamed()
			return !last.OK() || i < len(items) && match(last, items[len(items)-1], b)
		}
		if i == len(items) || !match(q, items[i], b) {
			return false
		}
		i++
	}
	return i == len(items)
}

// SameExpression reports whether a and b denote the same thing: the same
// variable, the same member of the same thing, or the same text otherwise.
func SameExpression(a, b Node) bool {
	a, b = a.Inner(true), b.Inner(true)
	if a.f == b.f && a.i == b.i {
		return true
	}
	if a.Is("identifier", "shorthand_property_identifier") && b.Is("identifier", "shorthand_property_identifier") {
		return a.Text() == b.Text() && (a.f != b.f || a.Symbol() == b.Symbol())
	}
	if fa, ok := a.ThisField(); ok {
		fb, ok := b.ThisField()
		return ok && fa == fb && sameOwner(a, b)
	}
	if a.Kind() != b.Kind() {
		return false
	}
	if a.Is("member_expression") {
		return a.Field("property").Text() == b.Field("property").Text() &&
			SameExpression(a.Field("object"), b.Field("object"))
	}
	return a.Text() == b.Text()
}

// sameOwner: two fields of one name are of one instance, unless it can be told
// that they are not.
func sameOwner(a, b Node) bool {
	x, _ := a.FieldOwner()
	y, _ := b.FieldOwner()
	return !x.OK() || !y.OK() || x.f != y.f || x.i == y.i
}

// MatchCallee tries only what is called: `$HANDLE.close` of the pattern
// `$HANDLE.close($DONE)`. A rooted callee matches if and only if the called
// name, resolved, ends in the pattern's.
func (p *Pattern) MatchCallee(n Node, given Bindings) (Bindings, bool) {
	n = n.Inner(true)
	if n.Kind() != p.root.Kind() {
		return nil, false
	}
	b := make(Bindings, len(given)+1)
	for k, v := range given {
		b[k] = v
	}
	role := "function"
	if p.New {
		role = "constructor"
	}
	if p.rooted {
		return b, p.endsPath(n.Field(role))
	}
	return b, match(p.root.Field(role), n.Field(role), b)
}
