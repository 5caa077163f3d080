package transforms

import (
	"github.com/unleak-dev/unleak/internal/syntax"
)

// elementUse is a use of the elements of a collection.
type elementUse struct {
	use
	whole bool // of all elements, not of one under a key
}

// elementUses finds what a class, and the classes above it, do with the
// elements of the collection in a field: releases and moves only.
func (s *scan) elementUses(o *Obligation, in *instance) []elementUse {
	out := s.elementUsesIn(o, in.class.Node, o.Handle.Field)
	for _, c := range in.ancestors {
		above := newScan(s.ctx, s.Detector, c.File)
		out = append(out, above.elementUsesIn(o, c.Node, o.Handle.Field)...)
	}
	return out
}

func (s *scan) elementUsesIn(o *Obligation, class syntax.Node, field string) []elementUse {
	var out []elementUse
	add := func(us []use, whole bool) {
		for _, u := range us {
			if u.effect != neutral {
				out = append(out, elementUse{u, whole})
			}
		}
	}
	refs := refsOfThis(class)[field]
	taken, _ := otherMentions(class)
	for _, sym := range taken[field] { // const { x } = this
		refs = append(refs, sym.Refs...)
	}
	for _, ref := range refs {
		// The collection as a whole handed to somebody: f(this.x), f(...this.x), f([...this.x])
		v := ref.Outer()
		for v.Parent().Is("spread_element", "array") {
			v = v.Parent().Outer()
		}
		if call := v.Parent().Parent(); v.Parent().Is("arguments") && !onlyLooks(call) && !readsOnly[calleeText(call)] {
			out = append(out, elementUse{use{moved, ref, call, "handed to " + calleeText(call)}, true})
			continue
		}
		s.follow(o, ref, true, 8, add)
	}
	return out
}

// readsOnly are functions that hand the elements back.
var readsOnly = map[string]bool{
	"Object.values": true, "Object.entries": true, "Object.keys": true, "Array.from": true, "Promise.all": true,
}

// follow looks at what happens to an expression that holds elements.
func (s *scan) follow(o *Obligation, v syntax.Node, whole bool, hops int, add func([]use, bool)) {
	if hops == 0 {
		return
	}
	hops--
	v = v.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "member_expression":
		if call := p.Parent(); call.Field("function") == p {
			s.followMethod(o, call, p.Field("property").Text(), whole, hops, add)
		}
	case "subscript_expression":
		if p.Field("object") == v {
			s.element(o, p, whole && walked(p.Field("index"), o.Handle.Field, maxHops), hops, add)
		}
	case "for_in_statement":
		for _, sym := range boundBy(p.Field("left")) {
			add(s.usesOf(o, sym, maxHops), whole)
		}
	case "spread_element", "array":
		s.follow(o, p, whole, hops, add)
	case "arguments":
		if call := p.Parent(); readsOnly[calleeText(call)] {
			s.follow(o, call, whole, hops, add)
		}
	case "variable_declarator":
		for _, sym := range boundBy(p.Field("name")) {
			for _, r := range sym.Refs {
				s.follow(o, r, whole, hops, add)
				s.element(o, r, whole, hops, add)
			}
		}
	}
}

// followMethod: this.x.METHOD(..)
func (s *scan) followMethod(o *Obligation, call syntax.Node, method string, whole bool, hops int, add func([]use, bool)) {
	switch method {
	case "values", "entries", "filter", "slice", "concat", "reverse", "toReversed", "splice", "map", "flat":
		s.follow(o, call, whole, hops, add)
	case "get", "at", "find", "delete":
		s.element(o, call, whole && walked(call.Field("arguments").Child(0), o.Handle.Field, maxHops), hops, add)
	case "pop", "shift":
		s.element(o, call, whole, hops, add)
	}
	callback := call.Field("arguments").Child(0)
	if callback.IsFunction() {
		at := 0 // the key, the index and the collection come after the element
		if method == "reduce" {
			at = 1
		}
		for _, sym := range boundBy(parameter(callback, at)) {
			add(s.usesOf(o, sym, maxHops), whole)
		}
		return
	}
	// this.x.forEach(clearInterval)
	origin, _ := callback.Origin()
	for _, r := range o.Kind.Release {
		if r.Pattern.Rooted() && origin.Last() == r.Pattern.Anchor {
			add([]use{{released, callback, call, "released by " + shorten(call.Text())}}, whole)
		}
	}
}

// element: the expression v is one element, or a variable that may hold one.
func (s *scan) element(o *Obligation, v syntax.Node, whole bool, hops int, add func([]use, bool)) {
	if call := s.releaseAt(o, v); call.OK() {
		add([]use{{released, v, call, "released by " + shorten(call.Text())}}, whole)
		return
	}
	var holders []*syntax.Symbol
	switch p := v.Outer().Parent(); p.Kind() {
	case "assignment_expression":
		if sym := p.Field("left").Symbol(); sym != nil {
			holders = []*syntax.Symbol{sym}
		}
	case "variable_declarator":
		holders = boundBy(p.Field("name"))
	}
	for _, sym := range holders {
		for _, u := range s.usesOf(o, sym, maxHops) {
			if u.effect == released {
				add([]use{u}, whole)
			}
		}
	}
}

// walked reports whether an index or key runs over the whole collection in a
// field: the variable of a loop over it, or of an iterator's callback. A method
// that is called with such a key releases all, too; one may call itself with it.
func walked(index syntax.Node, field string, hops int) bool {
	sym := index.Inner(false).Symbol()
	if sym == nil || hops == 0 {
		return false
	}
	if sym.Decl.Is("for_in_statement") {
		return mentionsField(sym.Decl.Field("right"), field) || isFixed(sym.Decl.Field("right"))
	}
	if loop := sym.Decl.Parent().Parent(); loop.Is("for_statement") {
		return mentionsField(loop.Field("condition"), field)
	}
	if sym.Kind != syntax.Parameter {
		return false
	}
	fn := sym.Node.Function() // a parameter stands within its function
	if isInline(fn) {
		return mentionsField(callAround(fn).Field("function"), field)
	}
	class, member := fn.ThisClass()
	if syntax.FunctionOf(member) != fn {
		return false
	}
	for _, ref := range refsOfThis(class)[syntax.MemberName(member)] {
		if call := ref.Parent(); call.Is("call_expression") && walked(call.Field("arguments").Child(argumentIndex(sym.Decl)), field, hops-1) {
			return true
		}
	}
	return false
}

// isFixed reports whether what a loop goes over is a list of the module, or of another:
// all the keys that there are.
func isFixed(n syntax.Node) bool {
	sym := n.Inner(false).Symbol()
	if !n.Inner(false).Is("identifier") || sym == nil {
		return false
	}
	if _, imported := sym.Import(); imported {
		return true
	}
	return sym.Constant() && n.File().TopLevel(sym.Name) == sym && sym.Init().Inner(true).Is("array")
}

func mentionsField(n syntax.Node, field string) bool {
	for d := range n.Descendants() {
		if name, ok := d.ThisField(); ok && name == field {
			return true
		}
	}
	return false
}

// boundBy lists the names that a pattern binds.
func boundBy(pattern syntax.Node) []*syntax.Symbol {
	var out []*syntax.Symbol
	for n := range pattern.Descendants() {
		if n.Is("identifier", "shorthand_property_identifier_pattern") {
			if sym := n.Symbol(); sym != nil && sym.Node == n {
				out = append(out, sym)
			}
		}
	}
	return out
}

// parameter is the i-th parameter of a function, as it is written.
func parameter(fn syntax.Node, i int) syntax.Node {
	if p := fn.Field("parameter"); p.OK() && i == 0 { // x => ..
		return p
	}
	return fn.Field("parameters").Child(i)
}

func parametersOf(fn syntax.Node) []*syntax.Symbol {
	if p := fn.Field("parameter"); p.OK() {
		return boundBy(p)
	}
	return boundBy(fn.Field("parameters"))
}
