package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A handler of a function component may make something there and then that goes on for the
// component, and keep it nowhere:
//
//	const follow = () => {
//		const observer = new ResizeObserver(() => setWidth(document.body.offsetWidth));
//		observer.observe(document.body);
//	};
//
// Each call leaves one, which tells a component of sizes that is long gone. As there may be
// several, they are kept in a set, in a ref.

// onSpot is what a handler made and keeps nowhere.
type onSpot struct{ component syntax.Node }

// judgeOnSpot judges what a handler of a component makes by `new`, keeps nowhere, and has
// work for the component. It says nothing (false) of all else: what does not touch the
// component may be meant to stay.
func (s *scan) judgeOnSpot(o *Obligation, component syntax.Node) bool {
	made := madeFor(o)
	if !o.Kind.Alone || o.Kind.OneShot || !slices.Contains(o.Acquire.From, "global") || !made.Is("new_expression") || made.Function() != o.Call.Function() || made.Start() > o.Call.Start() {
		return false
	}
	if !s.runsByHandler(o.Call, component) || !s.worksFor(o, component, made) || !s.keptBeyond(o, component) || isRefPlace(o.Bindings[o.Kind.Retainer].Inner(true)) {
		return false
	}
	if sym := o.Handle.Symbol; sym != nil {
		if sym.Kind != syntax.Variable || !sym.Constant() || slices.ContainsFunc(s.usesOf(o, sym, maxHops), func(u use) bool { return u.effect != neutral }) {
			return false
		}
	} else if made != o.Call && !madeOnTheSpot(o).OK() || s.takenAway(o).OK() {
		return false
	}
	s.leftBy(o, component)
	return true
}

// leftBy says that a handler of a component leaves something that outlives the component.
func (s *scan) leftBy(o *Obligation, component syntax.Node) {
	o.Owner = Owner{OwnerComponent, nameOf(component), component}
	s.unmet(o, NeverReleased, []ExitPlace{{nameNode(component), "the component goes"}})
	o.gist, o.Form = onSpot{component}, formComponent{}
}

// leftByHandler says so of what a handler of a component leaves. It says nothing (false) of
// what others leave.
func (s *scan) leftByHandler(o *Obligation) bool {
	component := s.componentAt(o.Call)
	if !component.OK() || !s.runsByHandler(o.Call, component) {
		return false
	}
	s.leftBy(o, component)
	return true
}

// isOnSpot reports whether something is made by each call of a handler, and kept nowhere.
func (o *Obligation) isOnSpot() bool {
	_, ok := o.gist.(onSpot)
	return ok
}

// madeFor is what makes a handle: the acquisition itself, or, where that begins to use what
// is there, the value of its variable.
func madeFor(o *Obligation) syntax.Node {
	if made := madeOnTheSpot(o); made.OK() {
		return made
	}
	if handle, bound := o.Bindings["HANDLE"]; bound && handle.OK() {
		return handle.Inner(false).Symbol().Init().Inner(true)
	}
	return o.Call
}

// runsByHandler reports whether n runs in a function of a component that somebody calls
// later on, and not while the component is drawn; and whether hooks of React are at hand.
func (s *scan) runsByHandler(n, component syntax.Node) bool {
	later := false
	for fn := n.Function(); fn != component; fn = fn.Function() {
		if !fn.OK() || isExecutor(fn) {
			return false
		}
		hook := fn.Outer().Parent().Parent()
		origin, _ := hook.Field("function").Origin()
		drawn := fn.Outer().Parent().Is("arguments") && slices.Contains(react, origin.Module) && slices.Contains(keepingHooks, origin.Last())
		later = later || !isInline(fn) && !drawn
	}
	return later && aHook(component).OK()
}

// worksFor reports whether what is made calls a function that is seen, and uses something of
// the component: its state, what it was given. None of them may end by what it is called.
func (s *scan) worksFor(o *Obligation, component, made syntax.Node) bool {
	var fns []syntax.Node
	for given := range made.Field("arguments").Children() {
		if fn := functionGiven(given); fn.OK() {
			fns = append(fns, fn)
		}
	}
	if o.Handle.Symbol != nil {
		for _, ref := range o.Handle.Symbol.Refs {
			fns = append(fns, toldBy(ref)...)
		}
	}
	uses := false
	for _, fn := range fns {
		if isToldWhich(fn) {
			return false
		}
		for _, f := range s.reachedFrom([]syntax.Node{fn}) {
			for n := range f.Field("body").Descendants() {
				if n.Is("call_expression") && s.isReleaseName(o.Kind, n.Field("function").Inner(false).Field("property").Text()) {
					return false
				}
			}
			uses = uses || usesOfComponent(f, component)
		}
	}
	return uses
}

// toldBy are the functions that a handle is given at a mention, to call them: by
// handle.onmessage = f, or handle.addEventListener(event, f).
func toldBy(ref syntax.Node) []syntax.Node {
	m := ref.Outer().Parent()
	if !m.Is("member_expression") || m.Field("object").Inner(false) != ref {
		return nil
	}
	given := m.Parent().Field("right")
	if call := m.Parent(); call.Field("function") == m && m.Field("property").Text() == "addEventListener" {
		given = call.Field("arguments").Child(1)
	} else if m.Parent().Field("left") != m {
		return nil
	}
	if fn := functionGiven(given); fn.OK() {
		return []syntax.Node{fn}
	}
	return nil
}

// usesOfComponent reports whether a function mentions what is declared by a component itself,
// other than itself.
func usesOfComponent(fn, component syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		sym := n.Symbol()
		if n.Is("identifier", "shorthand_property_identifier") && sym != nil && sym.Decl.OK() && sym.Decl != fn && (sym.Decl.Function() == component || sym.Kind == syntax.Parameter && sym.Decl == component) {
			return true
		}
	}
	return false
}

// ofSpot keeps what a handler makes in a set, in a ref, writes how all in it are released,
// and says behind which statement of the component that can stand.
func (w *effectEdit) ofSpot(o *Obligation, component syntax.Node) (owed, syntax.Node, *Refusal) {
	none := syntax.Node{}
	place := lastHook(component, o.Call.Start())
	if !place.OK() {
		place = lastHook(component, component.End())
	}
	if !place.OK() {
		return owed{}, none, refuse(TooEntangled, "there is no place for an effect in %s", nameOf(component))
	}
	stmt := o.Handle.Value.Statement()
	made := madeOnTheSpot(o)
	switch {
	case o.Handle.Symbol != nil:
		if stmt = declaredAt(o, stmt); !stmt.Is("lexical_declaration", "variable_declaration", "expression_statement") || !inBlock(stmt) {
			return owed{}, none, refuse(TooEntangled, "there is no place behind the %s to keep it", o.Kind.Noun)
		}
	case !made.OK() && (!stmt.Is("expression_statement") || stmt.Child(0) != o.Handle.Value || o.Handle.Value != o.Call):
		return owed{}, none, refuse(TooEntangled, "the %s is made where no name can be given to it", o.Kind.Noun)
	}
	set, no := w.setInRef(o, component)
	if no != nil {
		return owed{}, none, no
	}
	switch sym := o.Handle.Symbol; {
	case sym != nil:
		if line := set + ".add(" + sym.Name + ")"; !w.kept[sym] {
			w.edits = append(w.edits, w.st.behindIt(stmt, w.st.fit(line+";")))
			w.kept[sym] = true
		}
	case made.OK():
		name := freshName(o.Kind.Noun, nameTaken(o.Call.Function()))
		w.edits = append(w.edits, w.st.keptAs(o, made, "const "+name, name, set+".add("+name+")")...)
	default:
		w.edits = append(w.edits, patch.Edit{Start: o.Call.Start(), End: o.Call.Start(), New: set + ".add("}, patch.Edit{Start: o.Call.End(), End: o.Call.End(), New: ")"})
	}
	one := freshName(o.Kind.Noun, func(name string) bool { return declares(component, name) || w.names[name] })
	release, no := w.s.writeRelease(o, one)
	if no != nil {
		return owed{}, none, no
	}
	if o.Kind.Fails == Rejects {
		release = w.st.dropped(release)
	}
	return owed{o: o, release: fmt.Sprintf("for (const %s of %s) %s\n%s.clear()", one, set, release, set)}, place, nil
}

// behindIt puts a statement behind another, on its line where that goes on.
func (st style) behindIt(stmt syntax.Node, code string) patch.Edit {
	next := stmt.NextNamed()
	if next.OK() && !next.Is("comment") && !strings.Contains(string(stmt.File().Src()[stmt.End():next.Start()]), "\n") {
		return patch.Edit{Start: stmt.End(), End: stmt.End(), New: " " + strings.TrimSuffix(code, ";") + ";"}
	}
	return st.after(stmt, code)
}

// declaredAt is the statement that gives a variable what a handler made.
func declaredAt(o *Obligation, stmt syntax.Node) syntax.Node {
	if handle, bound := o.Bindings["HANDLE"]; bound && handle.OK() {
		return o.Handle.Symbol.Decl.Statement()
	}
	return stmt
}

// setInRef is how a component names the set that keeps what its handlers make of a kind;
// it is declared, in front of the effect, when it is asked for first.
func (w *effectEdit) setInRef(o *Obligation, component syntax.Node) (string, *Refusal) {
	typ := ""
	if w.st.ts {
		typ = "<" + w.s.handleType(o, w.st) + ">"
		if made := madeFor(o); made.Is("new_expression") {
			typ = "<" + made.Field("constructor").Text() + ">"
		}
	}
	key := o.Kind.Noun + typ
	if set := w.sets[key]; set != "" {
		return set, nil
	}
	if w.useRef == "" {
		var no *Refusal
		if w.useRef, no = w.imported(aHook(component), "useRef"); no != nil {
			return "", no
		}
	}
	name := w.fresh(plural(o.Kind.Noun))
	w.declared = append(w.declared, "const "+name+" = "+w.useRef+"(new Set"+typ+"());\n")
	w.sets[key] = name + ".current"
	return w.sets[key], nil
}

// declares reports whether a name stands for something in a component outside of the
// functions in it, or in the module.
func declares(component syntax.Node, name string) bool {
	if component.File().TopLevel(name) != nil {
		return true
	}
	for n := range component.Own() {
		if n.Is("identifier", "shorthand_property_identifier_pattern") && n.Text() == name {
			return true
		}
	}
	return false
}

// lastHook is the last statement of a component that gives what a hook gives a name and ends
// before an offset, else the first that calls one; the zero Node for none.
func lastHook(component syntax.Node, before int) syntax.Node {
	var named, called syntax.Node
	for stmt := range component.Field("body").Children() {
		switch {
		case stmt.End() > before:
		case stmt.Is("lexical_declaration", "variable_declaration") && isHookName(calleeName(stmt.Child(0).Field("value").Inner(false))):
			named = stmt
		case !called.OK() && stmt.Is("expression_statement") && isHookName(calleeName(stmt.Child(0).Inner(false))):
			called = stmt
		}
	}
	if named.OK() {
		return named
	}
	return called
}
