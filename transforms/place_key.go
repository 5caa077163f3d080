package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// placeKey writes down where a thing is found, so that two mentions of it can be
// compared: "this.bus", "global document", "module bus". An unstable one begins
// with "?": a parameter, or what a call returned.
func (s *scan) placeKey(n syntax.Node, depth int) string {
	n = n.Inner(false)
	if depth == 0 || !n.OK() {
		return "?"
	}
	if name, ok := n.ThisField(); ok {
		return "this." + name
	}
	switch n.Kind() {
	case "this":
		return "this"
	case "identifier":
		return s.nameKey(n, depth)
	case "member_expression":
		object := s.placeKey(n.Field("object"), depth-1)
		property := n.Field("property").Text()
		if object == "global window" || object == "global globalThis" || object == "global self" {
			return "global " + property
		}
		return object + "." + property
	case "call_expression":
		if field := s.accessed(n); field != "" {
			return "this." + field
		}
		if !looksUp(n) {
			return "?"
		}
		for a := range n.Field("arguments").Children() {
			if !a.Is("string", "identifier", "number") {
				return "?"
			}
		}
		callee := s.placeKey(n.Field("function"), depth-1)
		return callee + squeeze(n.Field("arguments"))
	case "subscript_expression":
		if index := n.Field("index"); index.Is("string", "number") {
			return s.placeKey(n.Field("object"), depth-1) + "[" + index.Text() + "]"
		}
	}
	return "?"
}

// accessed is the field that a method without arguments returns, and does nothing
// else: this.getBus()
func (s *scan) accessed(call syntax.Node) string {
	callee := call.Field("function").Inner(false)
	name, ok := callee.ThisField()
	if !ok {
		return ""
	}
	class, _ := callee.FieldOwner()
	if !class.OK() || call.Field("arguments").Len() > 0 {
		return ""
	}
	for _, m := range s.instance(class).members {
		body := m.Function().Field("body")
		if m.Name != name || !m.Method || body.Len() != 1 || !body.Child(0).Is("return_statement") {
			continue
		}
		if field, ok := body.Child(0).Child(0).ThisField(); ok {
			return field
		}
	}
	return ""
}

// looksUp reports whether a call is called like one that finds what is there
// already: it finds the same again.
func looksUp(call syntax.Node) bool {
	name := call.Field("function").Inner(false)
	if name.Is("member_expression") {
		name = name.Field("property")
	}
	for _, prefix := range []string{"get", "find", "query", "lookup", "$"} {
		if strings.HasPrefix(name.Text(), prefix) {
			return true
		}
	}
	return false
}

func (s *scan) nameKey(n syntax.Node, depth int) string {
	sym := n.Symbol()
	if sym == nil {
		return "global " + n.Text()
	}
	if _, imported := sym.Import(); imported || n.File().TopLevel(sym.Name) == sym {
		return "module " + sym.Name
	}
	if sym.Kind == syntax.Parameter {
		if field := keptIn(sym); field != "" {
			return "this." + field
		}
		if field := keptBefore(sym, n); field != "" {
			return "this." + field
		}
		if field := s.toldAgain(sym); field != "" {
			return "this." + field
		}
		return fmt.Sprintf("?parameter %d", sym.Node.ID())
	}
	if init := sym.Init().Inner(false); sym.Constant() && init.Is("member_expression", "identifier", "this", "subscript_expression", "call_expression") {
		if key := s.placeKey(init, depth-1); !strings.HasPrefix(key, "?") {
			return key
		}
	}
	if field := assignedTo(sym); field != "" {
		return "this." + field
	}
	if pattern := sym.Decl.Field("name"); pattern.Is("object_pattern") && sym.Decl.Field("value").IsThis() {
		for part := range pattern.Children() {
			if part == sym.Node {
				return "this." + sym.Name
			}
			if part.Is("pair_pattern") && part.Field("value") == sym.Node {
				return "this." + part.Field("key").Text()
			}
		}
	}
	return fmt.Sprintf("?local %d", sym.Node.ID())
}

// keptIn is the field in which a constructor keeps one of its parameters.
func keptIn(sym *syntax.Symbol) string {
	if syntax.Accessibility(sym.Decl) != "" || sym.Decl.HasToken("readonly") {
		return sym.Name
	}
	if !sym.Decl.Function().IsConstructor() {
		return ""
	}
	return assignedTo(sym)
}

// toldAgain is the field in which an instance keeps what a hook at its end is told
// once more, by the same name: onRemove(map) { .. } beside this._map.
func (s *scan) toldAgain(sym *syntax.Symbol) string {
	owner, member := sym.Decl.Function().ThisClass()
	if !owner.OK() || !hooks[syntax.MemberName(member)] || syntax.FunctionOf(member) != sym.Decl.Function() {
		return ""
	}
	refs := s.instance(owner).refs
	for _, name := range []string{sym.Name, "_" + sym.Name} {
		if len(refs[name]) > 0 {
			return name
		}
	}
	return ""
}

// keptBefore is the field in which a method has put a parameter by the time that it
// mentions it again, on whatever way.
func keptBefore(sym *syntax.Symbol, mention syntax.Node) string {
	fn := sym.Decl.Function()
	for _, r := range sym.Refs {
		p := r.Outer().Parent()
		stmt := p.Parent()
		if !p.Is("assignment_expression") || p.Field("right").Inner(false) != r || !stmt.Is("expression_statement") || stmt.Parent() != fn.Field("body") || stmt.End() > mention.Start() {
			continue
		}
		if field, ok := p.Field("left").ThisField(); ok {
			return field
		}
	}
	return ""
}

// assignedTo is the field of the instance that a variable is assigned to.
func assignedTo(sym *syntax.Symbol) string {
	for _, r := range sym.Refs {
		p := r.Outer().Parent()
		if p.Is("assignment_expression") && p.Field("right").Inner(false) == r {
			if field, ok := p.Field("left").ThisField(); ok {
				return field
			}
		}
	}
	return ""
}

// alike compares two keys of places.
func alike(a, b string) likeness {
	switch {
	case a == b && (strings.HasPrefix(a, "?local ") || strings.HasPrefix(a, "?parameter ")):
		return same
	case strings.Contains(a, "?"), strings.Contains(b, "?"):
		return perhaps
	case a == b:
		return same
	}
	return different
}

// handlerKey is placeKey for a function that is registered: one that is made on
// the spot is never another one.
func (s *scan) handlerKey(n syntax.Node) string {
	n = n.Inner(false)
	switch n.Kind() {
	case "assignment_expression":
		return s.handlerKey(n.Field("left"))
	case "call_expression":
		if isBind(n) {
			return fmt.Sprintf("made %d", n.ID())
		}
		return "?"
	case "identifier":
		sym := n.Symbol()
		if sym == nil || sym.Kind == syntax.Parameter {
			break
		}
		if given := givenLater(sym); given.OK() {
			return s.handlerKey(given)
		}
		if field := assignedTo(sym); field != "" {
			return "this." + field
		}
		if field := ownMember(sym); field != "" {
			return "this." + field
		}
		if sym.Kind == syntax.Function || sym.Init().Inner(false).IsFunction() || isBind(sym.Init().Inner(false)) || localFunction(n).OK() {
			return fmt.Sprintf("symbol %d", sym.Node.ID())
		}
	}
	if name := n.Field("name").Symbol(); n.IsFunction() && name != nil { // function once() { off(once); }
		return fmt.Sprintf("symbol %d", name.Node.ID())
	}
	if n.IsFunction() {
		return fmt.Sprintf("made %d", n.ID())
	}
	return s.placeKey(n, 6)
}

// givenLater is the other name that a variable, declared without a value, is given and nothing
// else: let done; new Promise((resolve) => { done = resolve; }). The zero Node for any other.
func givenLater(sym *syntax.Symbol) syntax.Node {
	if sym.Kind != syntax.Variable || sym.Init().OK() {
		return syntax.Node{}
	}
	values, known := valuesGiven(sym)
	if !known || len(values) != 1 {
		return syntax.Node{}
	}
	if other := values[0].Inner(true); other.Is("identifier") && other.Symbol() != nil && other.Symbol() != sym {
		return other
	}
	return syntax.Node{}
}

// valuesGiven are the values that a variable is given behind its declaration; false where it
// is given one otherwise than by a plain assignment.
func valuesGiven(sym *syntax.Symbol) ([]syntax.Node, bool) {
	var values []syntax.Node
	for _, r := range sym.Refs {
		if !syntax.IsWrite(r) || r == sym.Node {
			continue
		}
		p := r.Outer().Parent()
		if !p.Is("assignment_expression") {
			return nil, false
		}
		values = append(values, p.Field("right"))
	}
	return values, true
}

// ownMember is the member of the instance that a function is, by the name that only the
// function itself knows: release: function release() { off(release); }
func ownMember(sym *syntax.Symbol) string {
	if sym.Kind != syntax.Function || !sym.Decl.Is("function_expression") {
		return ""
	}
	if field := sym.Decl.Outer().Parent(); field.Is("field_definition", "public_field_definition") && !field.HasToken("static") {
		return syntax.MemberName(field)
	}
	owner, member := sym.Decl.ThisClass()
	if !owner.OK() || syntax.FunctionOf(member) != sym.Decl {
		return ""
	}
	return syntax.MemberName(member)
}

// isBind reports whether a call makes a new function of another.
func isBind(n syntax.Node) bool {
	return n.Is("call_expression") && n.Field("function").Field("property").Text() == "bind"
}
