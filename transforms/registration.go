package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A registration is an acquisition without a handle: its release names again
// what it was made of, the target, the event and the function. Two of those are
// compared part by part, and a part that cannot be told may be any.

// handlerHole is the hole of a pattern that stands for a function.
const handlerHole = "F"

// likeness says whether two expressions denote the same thing.
type likeness int

const (
	different likeness = iota
	perhaps
	same
)

// target is what the registration is with.
func (o *Obligation) target() syntax.Node { return o.Bindings[o.Kind.Retainer] }

// handler is the function that is registered, as it is written.
func (o *Obligation) handler() syntax.Node { return o.Bindings[handlerHole] }

// handlerFunction is that function itself, where it stands in the same
// function or class; else the zero Node.
func (o *Obligation) handlerFunction() syntax.Node {
	n := o.handler().Inner(false)
	if n.IsFunction() {
		return n
	}
	if sym := n.Symbol(); sym != nil {
		if sym.Kind == syntax.Function {
			return sym.Decl
		}
		if init := sym.Init().Inner(false); init.IsFunction() {
			return init
		}
	}
	return syntax.Node{}
}

// evidenceOfRegistration asks whether a call has the shape of a registration: an
// event, or a signal, and something that can be a function.
func (s *scan) evidenceOfRegistration(c candidate, n syntax.Node, b syntax.Bindings) []string {
	f := b[handlerHole].Inner(false)
	if f.Is("string", "number", "object", "array", "template_string", "true", "false", "null", "undefined", "spread_element", "regex") {
		return nil
	}
	o := Obligation{Kind: c.kind, Bindings: b, Call: n}
	if o.target().Is("string", "number", "function", "arrow_function", "object") {
		return nil // .on('click', '.row', f)
	}
	if e := o.event().Inner(false); e.OK() && !e.Is("string", "identifier", "member_expression", "template_string") {
		return nil
	}
	if len(c.acquire.Types) == 0 {
		return []string{shorten(squeeze(n.Field("function")))}
	}
	t := syntax.TypeOf(o.target())
	if slices.Contains(c.acquire.Types, t.Name()) && t.Module == "" {
		return []string{"type " + t.Name()}
	}
	name := o.target().Inner(false)
	if name.Is("member_expression") {
		name = name.Field("property")
	}
	if (!t.OK() || t.Derived) && strings.HasSuffix(strings.ToLower(c.acquire.Types[0]), strings.ToLower(name.Text())) && name.Text() != "" {
		return []string{"the name " + name.Text() + ", as that of an " + c.acquire.Types[0]}
	}
	return nil
}

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

// ownMember is the member of the instance that a function is, by the name that only the
// function itself knows: release: function release() { off(release); }
func ownMember(sym *syntax.Symbol) string {
	if sym.Kind != syntax.Function || !sym.Decl.Is("function_expression") {
		return ""
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

// sameEvent compares what says which event it is.
func sameEvent(a, b syntax.Node) likeness {
	a, b = a.Inner(false), b.Inner(false)
	x, literal := a.StringValue()
	y, too := b.StringValue()
	switch {
	case literal && too && x == y, squeeze(a) == squeeze(b):
		return same
	case literal && too && strings.HasPrefix(y, "."): // all of a namespace: 'click.menu' by '.menu'
		if slices.ContainsFunc(strings.Fields(x), func(event string) bool { return !strings.HasSuffix(event, y) }) {
			return perhaps
		}
		return same
	case literal && too:
		return different
	case a.Is("member_expression") && b.Is("member_expression") && squeeze(a.Field("object")) == squeeze(b.Field("object")):
		return different // Events.ADD and Events.REMOVE
	}
	return perhaps
}

// event is what the registration is for: the argument before the function, a hole
// of the pattern or written in it.
func (o *Obligation) event() syntax.Node {
	if event, named := o.Bindings["EVENT"]; named && event.OK() {
		return event
	}
	var before syntax.Node
	for a := range o.Call.Field("arguments").Children() {
		if o.handler().Within(a) {
			return before
		}
		before = a
	}
	return syntax.Node{}
}

// options are the arguments behind the function.
func (o *Obligation) options() []syntax.Node {
	var out []syntax.Node
	for c := range o.Call.Field("arguments").Children() {
		if c.Start() > o.handler().Start() && !c.Is("comment") && !o.handler().Within(c) {
			out = append(out, c)
		}
	}
	return out
}

// firesOnce reports whether nothing is owed any more once it has fired.
func (o *Obligation) firesOnce() bool {
	if o.Kind.OneShot || !o.Kind.Registers() {
		return o.Kind.OneShot
	}
	for _, n := range o.options() {
		for c := range n.Inner(false).Children() {
			if c.Field("key").Text() == "once" && c.Field("value").Is("true") {
				return true
			}
		}
	}
	return false
}

// endedBySignal reports whether the options of a registration hold a signal, or
// cannot be seen.
func (o *Obligation) endedBySignal() bool {
	for _, n := range o.options() {
		if o.Kind.Acquire[0].Pattern.Anchor != "addEventListener" {
			return false
		}
		if slices.ContainsFunc(alternatives(n), func(v syntax.Node) bool { return mayHaveSignal(v) && !takenAwayWith(v) }) {
			return true
		}
	}
	return false
}

func mayHaveSignal(n syntax.Node) bool {
	if sym := n.Symbol(); sym != nil && sym.Init().OK() {
		n = sym.Init().Inner(false)
	}
	switch {
	case n.Is("true", "false", "undefined", "null"):
		return false
	case n.Is("object"):
		for c := range n.Children() {
			if c.Is("spread_element") || c.Field("key").Text() == "signal" || c.Is("shorthand_property_identifier") && c.Text() == "signal" {
				return true
			}
		}
		return false
	}
	return true
}

// takenAwayWith reports whether options of the whole file, that cannot be seen, are also
// given where a listener is taken away: with a signal nobody would do that.
func takenAwayWith(n syntax.Node) bool {
	sym := rootOf(n).Symbol()
	if sym == nil || n.File().TopLevel(sym.Name) != sym || !sym.Constant() {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		v := r.Outer()
		for v.Parent().Is("member_expression") {
			v = v.Parent().Outer()
		}
		call := v.Parent().Parent()
		return v.Parent().Is("arguments") && squeeze(v) == squeeze(n) && calleeName(call) == "removeEventListener"
	})
}

// swallows reports whether what is registered does nothing: it is there so that an
// error is not thrown, whenever it comes.
func (o *Obligation) swallows() bool {
	n := o.handler().Inner(false)
	if fn := o.handlerFunction(); fn.OK() {
		return fn.Field("body").Is("statement_block") && fn.Field("body").Len() == 0
	}
	return strings.HasSuffix(strings.ToLower(n.Text()), "noop")
}

// handlerKept reports whether the function that is registered is also put
// somewhere else, whence it may be taken to be removed.
func (o *Obligation) handlerKept() bool {
	n := o.handler().Inner(false)
	sym := n.Symbol()
	if sym == nil || n.File().TopLevel(sym.Name) == sym || sym.Kind == syntax.Parameter {
		return false
	}
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		p := r.Outer().Parent()
		switch p.Kind() {
		case "array":
			return !isDependencies(p)
		case "pair", "return_statement", "spread_element", "shorthand_property_identifier":
			return true
		case "assignment_expression":
			return p.Field("right").Inner(false) == r
		case "arguments":
			callee := p.Parent().Field("function").Inner(false)
			return adders[callee.Field("property").Text()]
		}
		return r.Is("shorthand_property_identifier")
	})
}
