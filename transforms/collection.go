package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// collection is a place that holds one and the same collection of the language from
// the beginning on: a constant of the module, or a field that only its class knows.
type collection struct {
	name   string      // of the constant or the field
	made   syntax.Node // the value that it has from the beginning
	decl   syntax.Node // the declarator, the declaration of the field, or the assignment in the constructor
	class  syntax.Node // whose field it is; none for a constant
	static bool
	uses   []collectionUse
}

// collectionUse is one mention of a collection.
type collectionUse struct {
	at  syntax.Node // the expression that uses it, with the mention in it
	how collectionEffect
}

// collectionEffect is what a mention does.
type collectionEffect int

const (
	grows    collectionEffect = iota // files something
	inquires                         // asks for one under a key
	walks                            // goes over all of them
	measures                         // asks whether there is any
	shrinks                          // takes something out, may do so, or asks how many there are
)

// endures reports whether the collection lives as long as the process.
func (c *collection) endures() bool { return !c.class.OK() || c.static }

// collectionAt is the collection that an expression names, if all that is done with
// it can be seen; nil otherwise.
func (s *scan) collectionAt(n syntax.Node) *collection {
	n = n.Inner(false)
	var c *collection
	switch n.Kind() {
	case "identifier":
		c = s.constantCollection(n.Symbol())
	case "member_expression":
		c = s.fieldCollection(n)
	}
	if c == nil {
		return nil
	}
	if known, ok := s.collections[c.made.ID()]; ok {
		return known
	}
	if s.collections == nil {
		s.collections = map[int32]*collection{}
	}
	for _, ref := range s.mentionsOf(c) {
		c.uses = append(c.uses, useOfCollection(ref))
	}
	s.collections[c.made.ID()] = c
	return c
}

// constantCollection: a constant of the module that no other file is given.
func (s *scan) constantCollection(sym *syntax.Symbol) *collection {
	if sym == nil || sym.Kind != syntax.Variable || s.f.TopLevel(sym.Name) != sym || !sym.Constant() ||
		sym.Decl.Parent().Parent().Is("export_statement") {
		return nil
	}
	made := sym.Init().Inner(false)
	if collectionType(made) == "" {
		return nil
	}
	return &collection{name: sym.Name, made: made, decl: sym.Decl}
}

// fieldCollection: a field that is filled where it is declared, or once in the
// constructor, and hidden from others.
func (s *scan) fieldCollection(n syntax.Node) *collection {
	class, static := fieldHome(n)
	if !class.IsClass() {
		return nil
	}
	c := &collection{name: n.Field("property").Text(), class: class, static: static}
	hidden := strings.HasPrefix(c.name, "#") || strings.HasPrefix(c.name, "_")
	for _, m := range syntax.Members(class) {
		if m.Name != c.name {
			continue
		}
		if m.Static != static || m.Method || !m.Node.Is("public_field_definition", "field_definition") {
			return nil
		}
		hidden = hidden || syntax.Accessibility(m.Node) == "private"
		c.made, c.decl = m.Node.Field("value").Inner(false), m.Node
	}
	if !hidden {
		return nil
	}
	if !c.made.OK() && !static {
		c.made, c.decl = madeByConstructor(class, c.name)
	}
	if collectionType(c.made) == "" {
		return nil
	}
	return c
}

// fieldHome is the class whose field an expression names, and whether that is one of
// the class itself: this.x in a method, this.x in a static one, Class.x.
func fieldHome(n syntax.Node) (class syntax.Node, static bool) {
	object := n.Field("object").Inner(false)
	if sym := object.Symbol(); sym != nil {
		if sym.Kind == syntax.Class && sym.Decl.IsClass() {
			return sym.Decl, true
		}
		return syntax.Node{}, false
	}
	if !object.Is("this") {
		return syntax.Node{}, false
	}
	if class, _ := object.ThisClass(); class.OK() {
		return class, false
	}
	for p := object; p.OK(); p = p.Parent() {
		if q := p.Parent(); q.Is("class_body") {
			return q.Parent(), true
		}
		if p.IsFunction() && !p.IsArrow() && !p.Is("method_definition") {
			break
		}
	}
	return syntax.Node{}, false
}

// madeByConstructor: this.x = new Map(), once, as a statement of the constructor.
func madeByConstructor(class syntax.Node, name string) (made, decl syntax.Node) {
	for _, m := range syntax.Members(class) {
		if m.Name != "constructor" {
			continue
		}
		for stmt := range m.Node.Field("body").Children() {
			a := stmt.Child(0)
			if field, ok := a.Field("left").ThisField(); stmt.Is("expression_statement") && a.Is("assignment_expression") && ok && field == name {
				if made.OK() {
					return syntax.Node{}, syntax.Node{}
				}
				made, decl = a.Field("right").Inner(false), a
			}
		}
	}
	return made, decl
}

// collectionType says which collection an expression makes, "" for none.
func collectionType(n syntax.Node) string {
	switch n.Kind() {
	case "array":
		if n.Len() == 0 {
			return "Array"
		}
	case "object":
		if n.Len() == 0 {
			return "Object"
		}
	case "call_expression":
		if n.Field("function").Text() == "Object.create" && n.Field("arguments").Child(0).Is("null") {
			return "Object"
		}
	case "new_expression":
		o, ok := n.Field("constructor").Origin()
		if ok && o.Module == "" && len(o.Path) == 1 && slices.Contains([]string{"Map", "Set", "Array"}, o.Path[0]) && n.Field("constructor").Symbol() == nil {
			return o.Path[0]
		}
	}
	return ""
}

// mentionsOf are all mentions of a collection. What has the same name and may be
// it counts as one.
func (s *scan) mentionsOf(c *collection) []syntax.Node {
	if !c.class.OK() {
		return c.decl.Field("name").Symbol().Mentions()
	}
	var out []syntax.Node
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		switch n.Kind() {
		case "member_expression":
			if n.Field("property").Text() != c.name || n.Parent() == c.decl && n.Parent().Is("assignment_expression") {
				continue
			}
			if class, static := fieldHome(n); class.OK() && (class != c.class || static != c.static) {
				continue
			}
		case "subscript_expression":
			if name, ok := n.Field("index").StringValue(); n.Field("object").Is("this") && n.Within(c.class) {
				if ok && name != c.name {
					continue
				}
			} else if !ok || name != c.name {
				continue
			}
		case "shorthand_property_identifier_pattern":
			if n.Text() != c.name || !n.Within(c.class) {
				continue
			}
		case "pair_pattern":
			if n.Field("key").Text() != c.name || !n.Within(c.class) {
				continue
			}
		default:
			continue
		}
		out = append(out, n)
	}
	return out
}

// What the methods of the language's collections do; those that are in neither take
// something out, or are none of theirs.
var (
	filing    = map[string]bool{"set": true, "add": true, "push": true, "unshift": true}
	lookingUp = map[string]bool{"get": true, "has": true, "includes": true, "indexOf": true}
	walking   = map[string]bool{
		"forEach": true, "values": true, "keys": true, "entries": true, "map": true, "filter": true, "some": true, "every": true, "find": true, "findIndex": true,
		"reduce": true, "flatMap": true, "join": true, "slice": true, "concat": true, "at": true, "hasOwnProperty": true, "findLast": true,
	}
)

func useOfCollection(ref syntax.Node) collectionUse {
	v := ref.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "member_expression":
		if p.Field("object") != v {
			break
		}
		name, call := p.Field("property").Text(), p.Parent()
		if name == "size" || name == "length" {
			return collectionUse{p, measuring(p)}
		}
		if call.Field("function") != p {
			break
		}
		switch {
		case filing[name]:
			return collectionUse{call, grows}
		case lookingUp[name]:
			return collectionUse{call, inquires}
		case walking[name]:
			return collectionUse{call, walks}
		}
	case "subscript_expression":
		if p.Field("object") == v {
			how, at := useOfSlot(p), p
			if q := p.Outer().Parent(); how == grows && q.Is("assignment_expression") {
				at = q
			}
			return collectionUse{at, how}
		}
	case "binary_expression":
		if p.Field("operator").Text() == "in" && p.Field("right") == v {
			return collectionUse{p, inquires}
		}
	case "for_in_statement":
		if p.Field("right") == v {
			return collectionUse{p, walks}
		}
	case "spread_element":
		return collectionUse{p, walks}
	case "arguments":
		call := p.Parent()
		if readsOnly[calleeText(call)] || call.Is("new_expression") && slices.Contains([]string{"Map", "Set"}, calleeText(call)) || calleeText(call) == "JSON.stringify" || calleeText(call) == "Object.fromEntries" {
			return collectionUse{call, walks}
		}
	}
	return collectionUse{p, shrinks}
}

// measuring: a length that is compared with anything but nothing is a bound.
func measuring(n syntax.Node) collectionEffect {
	p := n.Outer().Parent()
	if p.Is("binary_expression") && !p.Field("left").Is("number") && p.Field("right").Text() != "0" || syntax.IsWrite(n) || p.Is("variable_declarator") {
		return shrinks
	}
	return measures
}

// useOfSlot is what is done with x[key].
func useOfSlot(n syntax.Node) collectionEffect {
	v := n.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "assignment_expression":
		if p.Field("left") == v {
			if isNothing(p.Field("right").Inner(false)) {
				return shrinks
			}
			return grows
		}
	case "augmented_assignment_expression", "update_expression":
		if p.Field("left") == v || p.Is("update_expression") {
			return grows
		}
	case "unary_expression":
		if p.Field("operator").Text() == "delete" {
			return shrinks
		}
	}
	return inquires
}

// does reports whether some use has one of the effects.
func (c *collection) does(effects ...collectionEffect) bool {
	return slices.ContainsFunc(c.uses, func(u collectionUse) bool { return slices.Contains(effects, u.how) })
}
