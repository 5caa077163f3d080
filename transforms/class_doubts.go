package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// fits refuses what must not be released where a teardown begins.
func (e *classEdit) fits(o *Obligation) *Refusal {
	for _, c := range e.in.ancestors {
		if c.File != e.s.f && e.s.owes(c) {
			return refuse(TooEntangled, "its base class %s leaks, too: mend that first", c.Name())
		}
	}
	if syntax.IsPrototype(e.in.class.Node) && o.Handle.Place != InField && o.Handle.Place != InSet && !o.Kind.Registers() {
		return refuse(TooEntangled, "what stands beside its methods is shared by all instances, so that there is no place for the %s of each", plural(o.Kind.Noun))
	}
	if no := e.ownerDoubts(o); no != nil {
		return no
	}
	if o.Handle.Nameless && !madeOnTheSpot(o).OK() {
		return refuse(TooEntangled, "the %s is made where nothing can keep it; give it a name first", o.Kind.Noun)
	}
	if o.Kind.Promised && !o.Call.Outer().Is("await_expression") && o.Handle.Place != InVariable && !o.then.OK() {
		return refuse(TooEntangled, "what is kept is the promise of the %s", o.Kind.Noun)
	}
	if method := e.calledByBase(o); method != "" {
		return refuse(TooEntangled, "the constructor of the base class calls %s(), before a new field would be there", method)
	}
	if no := e.releasable(o); no != nil {
		return no
	}
	e.hostDoubts(o)
	t := e.in.teardown
	if t != nil && e.s.awaitsName(e.in) {
		return refuse(TooEntangled, "a method of the class is to be called %s() first, by its right name", t.name)
	}
	if t == nil || !t.own.OK() {
		return nil
	}
	if fn := o.Call.Function(); fn == t.own {
		return refuse(TooEntangled, "%s() itself acquires it", t.name)
	}
	if o.Kind.Fails != Never && o.Handle.Place == InField && e.usedBy(t.own, o.Handle.Field, 3) {
		return refuse(TooEntangled, "%s() still uses this.%s", t.name, o.Handle.Field)
	}
	e.doubts(o, t)
	if fn := o.Call.Function(); fn.IsConstructor() || !fn.OK() {
		for _, m := range e.in.members {
			if reopeners[m.Name] && m.Method {
				e.note(Unsafe, fmt.Sprintf("after %s() comes %s() again, perhaps, which does not acquire the %s anew: is %s() final?", t.name, m.Name, o.Kind.Noun, t.name))
				break
			}
		}
	}
	return nil
}

// releasable refuses what there is no way to write the release of.
func (e *classEdit) releasable(o *Obligation) *Refusal {
	if o.Kind.Registers() {
		return nil
	}
	r, ok := e.s.chooseRelease(o)
	if !ok {
		return e.s.unknownRelease(o)
	}
	if _, no := e.s.qualified(o, r, ""); no != nil {
		return no
	}
	if _, _, _, ok := e.iteration(o, "this."+o.Handle.Field); !ok {
		return refuse(TooEntangled, "this.%s is no collection that can be walked over for sure", o.Handle.Field)
	}
	if r.Done && !e.isSingle(o) {
		return refuse(TooEntangled, "its release tells by a callback when it is done; release it in a method that waits for that")
	}
	return nil
}

// owes reports whether a class of another file leaks itself: what is added to
// it would clash with what is added here.
func (s *scan) owes(c project.Class) bool {
	if s.hops == 0 || !s.IsCandidate(c.File.Src()) {
		return false
	}
	for _, o := range s.scan(s.ctx, c.File, s.hops-1).found {
		if o.Status == Unmet && o.Standing == Leak && o.Owner.Node == c.Node {
			return true
		}
	}
	return false
}

// doubts notes what in an existing teardown may rely on the resource, or on
// being left before its end.
func (e *classEdit) doubts(o *Obligation, t *teardown) {
	noun := o.Kind.Noun
	line := func(n syntax.Node) int {
		l, _ := e.s.f.Position(n.Start())
		return l
	}
	for n := range t.own.Field("body").Own() {
		switch {
		case n.Is("await_expression", "while_statement", "do_statement"):
			e.note(Unsafe, fmt.Sprintf("%s() waits for something in line %d: does that need the %s, which is released before?", t.name, line(n), noun))
			return
		case n.Is("return_statement", "throw_statement") && n.NextNamed().OK(), n.Is("return_statement", "throw_statement") && n.Parent().Parent() != t.own:
			e.note(Unsafe, fmt.Sprintf("%s() may leave in line %d without ending the instance: the %s is released all the same", t.name, line(n), noun))
			return
		}
	}
	for _, ref := range e.in.refs[t.name] {
		if _, member := ref.FieldOwner(); ref.Parent().Is("call_expression") && member.OK() && !isTeardown(syntax.MemberName(member)) {
			e.note(Unsafe, fmt.Sprintf("line %d calls %s() and goes on: is the %s needed after that?", line(ref), t.name, noun))
			return
		}
	}
}

// reopeners are methods that begin an instance's work again.
var reopeners = map[string]bool{"start": true, "open": true, "connect": true, "resume": true, "restart": true, "run": true, "init": true}

// usedBy reports whether a method, or those of the class that it calls, mentions
// a field.
func (e *classEdit) usedBy(method syntax.Node, field string, hops int) bool {
	for n := range method.Field("body").Descendants() {
		name, ok := n.ThisField()
		if !ok || !n.Is("member_expression") {
			continue
		}
		if name == field {
			return true
		}
		if hops == 0 || !n.Parent().Is("call_expression") {
			continue
		}
		for _, m := range e.in.members {
			if m.Name == name && m.Function().OK() && m.Function() != method && e.usedBy(m.Function(), field, hops-1) {
				return true
			}
		}
	}
	return false
}

// calledByBase names the method that acquires if a constructor above calls it,
// or one that calls it: a field that this class declares is not there yet.
func (e *classEdit) calledByBase(o *Obligation) string {
	if o.Handle.Place == InField || o.Handle.Place == InSet {
		return ""
	}
	_, member, _ := o.Call.InstanceAt()
	name := syntax.MemberName(member)
	callers := map[string]bool{name: true}
	for _, ref := range e.in.refs[name] {
		if _, m := ref.FieldOwner(); m.OK() {
			callers[syntax.MemberName(m)] = true
		}
	}
	delete(callers, "constructor")
	for _, c := range e.in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name != "constructor" {
				continue
			}
			for n := range m.Node.Descendants() {
				if called, ok := n.ThisField(); ok && n.Parent().Is("call_expression") && callers[called] {
					return called
				}
			}
		}
	}
	return ""
}

// borrows reports whether a field is assigned from more than one source: only
// one of them is known to be owed.
func (e *classEdit) borrows(o *Obligation) bool {
	sources := map[string]bool{}
	for _, ref := range e.in.refs[o.Handle.Field] {
		p := ref.Parent()
		if !p.Is("assignment_expression") || p.Field("left") != ref {
			continue
		}
		value := p.Field("right").Inner(true)
		if !isNothing(value) {
			sources[calleeOrText(value)] = true
		}
	}
	return len(sources) > 1
}

// once reports whether an acquisition runs at most once in an instance's life:
// in the constructor, in no loop and in no function that runs later. Only a
// sole acquisition of its kind gets a field.
func (e *classEdit) once(o *Obligation) bool {
	switch e.s.Style.Tracking {
	case "field":
		return true
	case "set":
		return false
	}
	fn := o.Call.Function()
	if e.hosted() {
		return e.s.oncePerInstance(e.in, fn, maxHops) && !repeats(o.Call, fn)
	}
	if !fn.IsConstructor() && !e.in.runsOnce(fn) {
		return false
	}
	for n := o.Call.Parent(); n.OK() && n != fn; n = n.Parent() {
		if n.Is("for_statement", "for_in_statement", "while_statement", "do_statement") {
			return false
		}
	}
	for _, other := range e.s.found {
		if other != o && other.Kind == o.Kind && other.Owner.Node == o.Owner.Node && other.Status == Unmet {
			return false
		}
	}
	return true
}

// alwaysSet reports whether a field holds a value from its declaration on, and
// its type says so.
func (e *classEdit) alwaysSet(h Handle) bool {
	if h.inClosure() {
		return h.Symbol == nil || h.Symbol.Decl.Parent().HasToken("const")
	}
	field := h.Field
	for _, m := range e.in.members {
		if m.Name == field {
			typ, v := declaredAs(m.Node)
			optional := m.Node.HasToken("?") || hasNothing(typ, "undefined", "null")
			return (v.OK() && !isNothing(v) && !optional || e.constructed(field)) && !e.reset(field)
		}
	}
	return e.constructed(field) && !e.reset(field)
}

// constructed reports whether the constructor gives a field its value whatever
// happens: in a statement of its own.
func (e *classEdit) constructed(field string) bool {
	for _, ref := range e.in.refs[field] {
		p := ref.Parent()
		_, member := ref.FieldOwner()
		if p.Is("assignment_expression") && p.Field("left") == ref && !isNothing(p.Field("right")) &&
			member.IsConstructor() && p.Parent().Is("expression_statement") && p.Parent().Parent() == member.Field("body") {
			return true
		}
	}
	return false
}

// reset reports whether a field is set to nothing somewhere.
func (e *classEdit) reset(field string) bool {
	for _, ref := range e.in.refs[field] {
		if p := ref.Parent(); p.Is("assignment_expression") && p.Field("left") == ref && isNothing(p.Field("right")) {
			return true
		}
	}
	return false
}

// mayBeNull reports whether a field is declared with room for null, which the
// functions that clear timers do not take.
func (e *classEdit) mayBeNull(o *Obligation) bool {
	if o.Handle.Place == InClosure {
		return e.st.ts && strings.Contains(o.Handle.Symbol.Type().Text(), "null")
	}
	if !e.st.ts || o.Handle.Place != InField {
		return false
	}
	for _, m := range e.in.members {
		if m.Name == o.Handle.Field {
			typ, _ := declaredAs(m.Node)
			return strings.Contains(typ.Text(), "null")
		}
	}
	return false
}

// declaredAs is the type and the first value of a member: timer: Timer | null = null, or,
// in an object, timer: null as Timer | null.
func declaredAs(member syntax.Node) (typ, value syntax.Node) {
	typ, value = syntax.Annotation(member), member.Field("value")
	if value.Is("as_expression") {
		typ, value = value.Child(1), value.Child(0)
	}
	return typ, value
}

// nothingFor is what a field of the class holds while it holds no handle;
// "" where its type has no room for that, or cannot be seen.
func (e *classEdit) nothingFor(o *Obligation) string {
	if o.Handle.Place == InClosure && e.in.makes(o) {
		return nothingIn(o.Handle.Symbol, e.s.typing())
	}
	if o.Handle.Place != InField || !e.in.makes(o) {
		return ""
	}
	for _, m := range e.in.members {
		if m.Name != o.Handle.Field || !m.Node.Is("public_field_definition", "field_definition", "pair") {
			continue
		}
		typ, value := declaredAs(m.Node)
		switch {
		case m.Node.HasToken("readonly"):
			return ""
		case value.Text() == "0": // as browsers number their timers
			return "0"
		case value.Is("null") && (!typ.OK() && !e.st.ts || hasNothing(typ, "null")):
			return "null"
		case m.Node.HasToken("?") && !e.s.Project.TSConfigOf(e.s.f.Path).ExactOptional, hasNothing(typ, "undefined"), !typ.OK() && e.s.typing() == untyped:
			return "undefined"
		case hasNothing(typ, "null"):
			return "null"
		}
		return ""
	}
	if e.st.ts {
		return ""
	}
	given := ""
	for _, ref := range e.in.refs[o.Handle.Field] {
		if p := ref.Parent(); p.Is("assignment_expression") && p.Field("left") == ref {
			switch right := p.Field("right"); {
			case right.Is("null"):
				return "null"
			case right.Is("undefined"):
				given = "undefined"
			}
		}
	}
	if e.s.typing() == documented { // its type is that of what it is given
		return given
	}
	return "undefined"
}

// nothingIn is what a variable holds while it holds no handle, "" for a constant
// or one whose type has no room for that.
func nothingIn(sym *syntax.Symbol, t typing) string {
	typ := sym.Type()
	switch {
	case sym.Decl.Parent().HasToken("const"):
		return ""
	case typ.OK() && hasNothing(typ, "undefined"), !typ.OK() && !sym.Decl.Field("value").OK():
		return "undefined"
	case typ.OK() && hasNothing(typ, "null"), !typ.OK() && sym.Decl.Field("value").Is("null"):
		return "null"
	case !typ.OK() && t == untyped:
		return "undefined"
	}
	return ""
}
