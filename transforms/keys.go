package transforms

import (
	"slices"
	"strings"
	"unicode"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// How many keys can there be? A collection whose keys are a finite set of the
// program is a table, however it is filled.

// keySpace is what is known of the values of an expression.
type keySpace int

const (
	fewKeys   keySpace = iota // a finite set, or nothing is known
	manyKeys                  // they come from outside
	freshKeys                 // another one each time
	objects                   // objects, by identity
)

// keysOf says how many values an expression can have, over the life of the process.
func (s *scan) keysOf(n syntax.Node) keySpace { return s.keys(n, 8) }

func (s *scan) keys(n syntax.Node, hops int) keySpace {
	if hops--; hops < 0 {
		return fewKeys
	}
	n = n.Inner(true)
	most := func(parts ...syntax.Node) keySpace {
		out := fewKeys
		for _, p := range parts {
			k := s.keys(p, hops)
			if k == objects {
				k = manyKeys // a part of it
			}
			out = max(out, k)
		}
		return out
	}
	switch n.Kind() {
	case "identifier", "shorthand_property_identifier":
		return s.keysOfName(n, hops)
	case "member_expression":
		switch n.Field("property").Text() {
		case "constructor", "prototype", "length":
			return fewKeys // as many as there are classes, or sizes
		}
		if n.Field("object").Inner(true).Is("this") {
			return fewKeys
		}
		return most(n.Field("object"))
	case "subscript_expression":
		return most(n.Field("object"))
	case "call_expression":
		if slices.Contains(whims, calleeText(n)) {
			return freshKeys
		}
		var parts []syntax.Node
		if fn := n.Field("function").Inner(false); fn.Is("member_expression") {
			parts = append(parts, fn.Field("object"))
		}
		for a := range n.Field("arguments").Children() {
			parts = append(parts, a)
		}
		return most(parts...)
	case "template_string", "template_substitution", "array", "object", "pair", "spread_element":
		var parts []syntax.Node
		for c := range n.Children() {
			parts = append(parts, c)
		}
		return most(parts...)
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "+", "??", "||", "&&":
			return most(n.Field("left"), n.Field("right"))
		}
	case "ternary_expression":
		return most(n.Field("consequence"), n.Field("alternative"))
	case "update_expression":
		return freshKeys
	}
	return fewKeys
}

func (s *scan) keysOfName(n syntax.Node, hops int) keySpace {
	sym := n.Symbol()
	if sym == nil {
		return fewKeys
	}
	switch sym.Kind {
	case syntax.Parameter:
		return s.keysOfParameter(sym, hops)
	case syntax.Variable:
		if s.f.TopLevel(sym.Name) == sym {
			return fewKeys
		}
		if t := sym.Type(); t.OK() {
			if k := s.keysOfType(s.f, t, hops); k == fewKeys {
				return fewKeys
			}
		}
		if sym.Decl.Is("for_in_statement") {
			return s.keys(sym.Decl.Field("right"), hops)
		}
		out := s.keys(sym.Decl.Field("value"), hops)
		if sym.Init() != sym.Decl.Field("value") {
			out = min(out, manyKeys) // a part of that
		}
		for _, r := range sym.Refs {
			if p := r.Parent(); p.Is("assignment_expression") && p.Field("left") == r {
				out = min(max(out, s.keys(p.Field("right"), hops)), manyKeys)
			}
		}
		return out
	}
	return fewKeys
}

// keysOfParameter: what a function is given comes from outside, unless its type, or
// the collection that it is called for each element of, is finite.
func (s *scan) keysOfParameter(sym *syntax.Symbol, hops int) keySpace {
	fn := sym.Decl.Function()
	if sym.Decl.IsFunction() {
		fn = sym.Decl
	}
	if p := fn.Parent(); p.Is("arguments") && isInline(fn) {
		if callee := p.Parent().Field("function").Inner(false); callee.Is("member_expression") {
			return s.keys(callee.Field("object"), hops)
		}
	}
	t := sym.Type()
	if !t.OK() {
		if s.f.TypeScript() && !fn.IsArrow() {
			return fewKeys
		}
		return manyKeys
	}
	if sym.Node != sym.Decl && sym.Decl.Field("pattern").Is("object_pattern", "array_pattern") {
		return manyKeys // a part of it
	}
	return s.keysOfType(s.f, t, hops)
}

// keysOfType says how many values a type has.
func (s *scan) keysOfType(f *syntax.File, t syntax.Node, hops int) keySpace {
	if hops--; hops < 0 {
		return fewKeys
	}
	switch t.Kind() {
	case "predefined_type":
		switch t.Text() {
		case "string", "number", "bigint", "any", "unknown":
			return manyKeys
		case "object":
			return objects
		}
	case "union_type":
		out := keySpace(-1)
		for c := range t.Children() {
			if isNothing(c) || isNothing(c.Child(0)) {
				continue
			}
			k := s.keysOfType(f, c, hops)
			if out >= 0 && out != k {
				return min(manyKeys, max(out, k))
			}
			out = k
		}
		return max(out, fewKeys)
	case "parenthesized_type", "readonly_type":
		return s.keysOfType(f, t.Child(0), hops)
	case "array_type", "object_type", "tuple_type":
		return objects
	case "template_literal_type":
		return manyKeys
	case "type_identifier", "generic_type":
		return s.keysOfNamedType(f, t, hops)
	}
	return fewKeys
}

// platformObjects are objects of the platform that come and go.
var platformObjects = []string{
	"HTMLElement", "Element", "Node", "Document", "Event", "Request", "Response", "WebSocket", "Socket", "Window", "Blob", "File", "URL", "Date",
	"Map", "Set", "Array", "ReadonlyArray", "Record", "ArrayBuffer", "Uint8Array", "Buffer", "AbortSignal", "EventTarget", "MessagePort",
}

func (s *scan) keysOfNamedType(f *syntax.File, t syntax.Node, hops int) keySpace {
	name := t
	if t.Is("generic_type") {
		name = t.Field("name")
	}
	if name.Symbol() == nil && slices.Contains(platformObjects, name.Text()) {
		return objects
	}
	in, decl := s.declaredAs(f, t)
	switch decl.Kind() {
	case "interface_declaration", "class_declaration", "abstract_class_declaration":
		return objects
	case "type_alias_declaration":
		return s.keysOfType(in, decl.Field("value"), hops)
	}
	return fewKeys
}

// declaredAs is the declaration of a named type, and the file that it stands in.
func (s *scan) declaredAs(f *syntax.File, t syntax.Node) (*syntax.File, syntax.Node) {
	if t.Is("generic_type") {
		t = t.Field("name")
	}
	sym := t.Symbol()
	if sym == nil {
		return f, syntax.Node{}
	}
	if im, ok := sym.Import(); ok {
		return s.Project.Declaration(s.ctx, s.Project.Resolve(f.Path, im.Module), im.Name)
	}
	return f, sym.Decl
}

// vocabulary are words for what a program, with what it is configured by, has so
// many of and no more.
var vocabulary = strings.Fields(`action attribute breakpoint category char character class collection color column command constructor ctor currency dependency domain driver
	encoding entity env event extender extension factory feature field font format handler hook icon kind label lang language length level library locale method
	mime mode model module namespace option package param parameter permission phase plugin prop property protocol provider region role route rule schema scheme
	service setting size status style symbol table tag template theme timezone type tz unit widget zone`)

// isVocabulary reports whether the name of a key says that it is a word of the
// program: event, pluginId, tableName, a name.
func isVocabulary(key syntax.Node) bool {
	words := wordsIn(lastName(key.Inner(true)))
	for len(words) > 0 && slices.Contains([]string{"id", "name", "key"}, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	return len(words) == 0 && lastName(key.Inner(true)) == "name" || len(words) > 0 && slices.Contains(vocabulary, words[len(words)-1])
}

// identifies reports whether the name of a key says that it is of one of many.
func identifies(key syntax.Node) bool {
	words := wordsIn(lastName(key.Inner(true)))
	return len(words) > 0 && slices.Contains([]string{"id", "uuid", "guid", "nonce", "token", "hash", "digest", "signature"}, words[len(words)-1])
}

// wordsIn cuts a name at its capitals and underscores; HTTPMethod has two words.
func wordsIn(name string) []string {
	var out []string
	runes := []rune(strings.Trim(name, "#$"))
	begin := 0
	cut := func(at int) {
		if word := strings.Trim(string(runes[begin:at]), "_$"); word != "" {
			out = append(out, strings.ToLower(word))
		}
		begin = at
	}
	for i := 1; i < len(runes); i++ {
		upper := unicode.IsUpper(runes[i])
		if runes[i] == '_' || runes[i] == '$' || upper && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			cut(i)
		}
	}
	cut(len(runes))
	return out
}
