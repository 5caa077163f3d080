package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// chainable methods return what they are called on, in every library that has
// them.
var chainable = map[string]bool{
	"on": true, "once": true, "addListener": true, "prependListener": true, "setMaxListeners": true, "unref": true, "ref": true,
}

// widen climbs from an acquisition to the widest expression that still has the
// handle as its value.
func widen(n syntax.Node) syntax.Node {
	for {
		n = n.Outer()
		p := n.Parent()
		switch p.Kind() {
		case "member_expression":
			call := p.Parent()
			if !chainable[p.Field("property").Text()] || call.Field("function") != p {
				return n
			}
			n = call
		case "ternary_expression":
			if p.Field("condition") == n {
				return n
			}
			n = p
		case "binary_expression":
			switch p.Field("operator").Text() {
			case "??", "||", "&&":
				n = p
			default:
				return n
			}
		default:
			return n
		}
	}
}

// chain climbs from an acquisition over the methods that return what they are
// called on.
func chain(n syntax.Node) syntax.Node {
	for {
		n = n.Outer()
		m := n.Parent()
		call := m.Parent()
		if !chainable[m.Field("property").Text()] || call.Field("function") != m {
			return n
		}
		n = call
	}
}

// unchained goes back over the methods that return what they are called on:
// client.on(..).connect() connects the client.
func unchained(n syntax.Node) syntax.Node {
	for {
		n = n.Inner(true)
		fn := n.Field("function")
		if !n.Is("call_expression") || !fn.Is("member_expression") || !chainable[fn.Field("property").Text()] {
			return n
		}
		n = fn.Field("object")
	}
}

// locate finds where the handle of an acquisition is kept. moved is a sentence
// where it is somebody else's from the start.
func (s *scan) locate(o *Obligation) (h Handle, moved string) {
	if b, ok := o.Bindings["HANDLE"]; ok {
		return s.locateReceiver(o, b)
	}
	v := widen(o.Call)
	for called := v.Parent().Parent(); len(o.Kind.Chained) > 0 && receiver(called) == v && slices.Contains(o.Kind.Chained, calleeName(called)); called = v.Parent().Parent() {
		v = widen(called)
	}
	h.Value = v
	if o.taken != "" {
		return s.locatePart(o, h, v)
	}
	if fn, value := thenOf(v); value != nil && o.Kind.Promised {
		h.Place, h.Symbol = InVariable, value
		o.then = fn
		return h, ""
	}
	return s.sink(o, h, v)
}

// sink looks at what is done with the value v.
func (s *scan) sink(o *Obligation, h Handle, v syntax.Node) (Handle, string) {
	p := v.Parent()
	switch p.Kind() { // h.Place is Discarded, as long as nothing else is found
	case "expression_statement":
		return h, ""
	case "unary_expression":
		if p.Field("operator").Text() == "void" {
			return h, ""
		}
	case "variable_declarator":
		return s.bind(o, h, p.Field("name"))
	case "assignment_expression", "augmented_assignment_expression":
		return s.bind(o, h, p.Field("left"))
	case "public_field_definition", "field_definition":
		if p.HasToken("static") {
			return h, "kept in a static field, which lives as long as the process"
		}
		h.Place, h.Field = InField, syntax.MemberName(p)
		h.Of, _ = p.ThisClass()
		return h, ""
	case "arguments":
		call := p.Parent()
		if field, of, ok := collectionOf(call); ok {
			h.Place, h.Field, h.Of = InSet, field, of
			return h, ""
		}
		return h, "handed to " + calleeText(call)
	case "return_statement":
		return h, returnedText
	case "arrow_function":
		if isExecutor(p) || isVoidCallback(p) {
			return h, ""
		}
		return h, returnedText
	}
	return h, "part of another value"
}

// keptElsewhere marks the move into a property of something else.
const keptElsewhere = "kept in another object"

func (s *scan) bind(o *Obligation, h Handle, target syntax.Node) (Handle, string) {
	target = target.Inner(false)
	if sym := target.Symbol(); sym != nil {
		if b, in := s.f.BlockAt(sym.Decl.Start(), sym.Decl.End()); s.f.TopLevel(sym.Name) == sym && !(in && b.Instance) {
			return h, keptInModule
		}
		if sym.Kind == syntax.Parameter {
			return h, "kept in a parameter"
		}
		h.Place, h.Symbol = InVariable, sym
		return h, ""
	}
	if name, ok := target.ThisField(); ok {
		if of, _ := target.FieldOwner(); s.ends(of) {
			h.Place, h.Field, h.Of = InField, name, of
			return h, ""
		}
		return h, "kept in a field of an object that cannot be seen whole"
	}
	if target.Is("subscript_expression") {
		if name, ok := target.Field("object").ThisField(); ok {
			h.Place, h.Field = InSet, name
			h.Of, _ = target.Field("object").FieldOwner()
			return h, ""
		}
	}
	if s.merelyShown(o, target) {
		return h, "" // dropped, but for that
	}
	return h, keptElsewhere
}

// merelyShown: a copy of the handle is a property of something else, and nobody
// in the file releases what may be that.
func (s *scan) merelyShown(o *Obligation, target syntax.Node) bool {
	if !o.Kind.Copied || !target.Is("member_expression") {
		return false
	}
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		if !n.Is("call_expression") {
			continue
		}
		for _, r := range o.Kind.Release {
			if _, ok := r.Pattern.MatchCallee(n, nil); ok {
				return false
			}
		}
	}
	return true
}

// locateReceiver is locate for acquisitions that are methods of the handle
// itself: the handle was somewhere before.
func (s *scan) locateReceiver(o *Obligation, n syntax.Node) (Handle, string) {
	n = unchained(n)
	h := Handle{Value: n}
	if name, ok := n.ThisField(); ok {
		if of, _ := n.FieldOwner(); s.ends(of) {
			h.Place, h.Field, h.Of = InField, name, of
			return h, ""
		}
		return h, "belongs to an object that cannot be seen whole"
	}
	if n.Is("identifier") {
		sym := n.Symbol()
		if sym == nil {
			return h, "global"
		}
		if _, imported := sym.Import(); imported || s.f.TopLevel(sym.Name) == sym {
			return h, "belongs to the module, which lives as long as the process"
		}
		if sym.Kind != syntax.Variable {
			return h, "belongs to the caller"
		}
		if init := sym.Init().Inner(false); init.Is("member_expression") && (sym.Constant() || onlyStandsFor(sym)) { // const con = this.con
			return s.locateReceiver(o, init)
		}
		if init := sym.Init().Inner(false); init.Is("assignment_expression") && sym.Constant() { // const con = this.con = ..
			if _, own := init.Field("left").ThisField(); own {
				return s.locateReceiver(o, init.Field("left").Inner(false))
			}
		}
		h.Place, h.Symbol = InVariable, sym
		return h, ""
	}
	if n.Is("call_expression", "new_expression") {
		if !o.Kind.Chains { // await new Driver().connect()
			h.Place, h.Nameless = Discarded, true
			return h, ""
		}
		h.Value = widen(o.Call) // createServer().listen()
		return s.sink(o, h, h.Value)
	}
	return h, "belongs to something else"
}

var adders = map[string]bool{"add": true, "push": true, "set": true, "unshift": true}

// collectionOf returns the field, and whose it is, when call adds to a collection
// of the instance: this.x.add(..), .push(..), .set(k, ..).
func collectionOf(call syntax.Node) (field string, of syntax.Node, ok bool) {
	fn := call.Field("function").Inner(false)
	if !fn.Is("member_expression") || !adders[fn.Field("property").Text()] {
		return "", syntax.Node{}, false
	}
	field, ok = fn.Field("object").ThisField()
	of, _ = fn.Field("object").FieldOwner()
	return field, of, ok && isCollection(fn.Field("object"))
}

var iterators = map[string]bool{
	"forEach": true, "map": true, "filter": true, "some": true, "every": true, "find": true, "reduce": true, "flatMap": true,
}

// isInline reports whether a function runs, once or more, before the
// expression around it is done: executors, iterators' callbacks, functions
// called on the spot.
func isInline(fn syntax.Node) bool {
	p := fn.Parent()
	if p.Is("arguments") {
		if isExecutor(fn) {
			return true
		}
		callee := p.Parent().Field("function").Inner(false)
		return callee.Is("member_expression") && iterators[callee.Field("property").Text()] && p.Child(0) == fn
	}
	call := fn.Outer().Parent()
	return call.Field("function").Inner(false) == fn
}

// isVoidCallback: an arrow whose value nobody looks at.
func isVoidCallback(fn syntax.Node) bool {
	callee := fn.Parent().Parent().Field("function").Inner(false)
	if callee.Is("member_expression") {
		name := callee.Field("property").Text()
		return name == "forEach" || chainable[name] || name == "addEventListener"
	}
	o, ok := callee.Origin()
	return ok && o.Module == "" && harmlessGlobals[o.Last()]
}

func calleeText(call syntax.Node) string {
	n := call.Field("function")
	if !n.OK() {
		n = call.Field("constructor")
	}
	return shorten(n.Text())
}

// onlyStandsFor reports whether a variable has the value of one field of the instance,
// whenever it is given any: let o = this.o; if (!o) { this.make(); o = this.o; }
func onlyStandsFor(sym *syntax.Symbol) bool {
	field, ok := sym.Init().Inner(false).ThisField()
	values, known := valuesGiven(sym)
	return ok && known && !slices.ContainsFunc(values, func(v syntax.Node) bool {
		again, same := v.Inner(false).ThisField()
		return !same || again != field
	})
}
