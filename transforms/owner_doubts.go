package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// ownerDoubts refuses what cannot be added to an owner that is no class, or not
// be read in its teardown.
func (e *classEdit) ownerDoubts(o *Obligation) *Refusal {
	owner := e.in.class.Node
	if owner.IsClass() {
		return nil
	}
	newField := !o.Handle.inClosure() && (o.Handle.Place == Discarded || o.Handle.Place == InVariable)
	if t := e.in.teardown; t != nil && t.own.OK() && o.Owner.Form != OwnerClosure {
		if of, _ := t.own.ThisClass(); owner.IsConstructor() && of != owner || owner.Is("object") && !t.own.Within(owner) {
			return refuse(TooEntangled, "%s() is not of %s alone", t.name, nameOf(owner))
		}
	}
	switch {
	case owner.Is("object") && o.Owner.Form != OwnerClosure:
		return e.literalDoubts(o, newField)
	case owner.IsConstructor() && newField:
		return e.constructorDoubts(owner)
	}
	return nil
}

// literalDoubts: an object that others inherit or copy would share a new field
// with them; a method may be called without its object.
func (e *classEdit) literalDoubts(o *Obligation, newField bool) *Refusal {
	object := e.in.class.Node
	if e.hosted() {
		return e.optionsDoubts(o, newField)
	}
	sym := syntax.LiteralName(object)
	if sym == nil {
		if newField && !usesThis(o.Call.Function()) {
			return refuse(TooEntangled, "the object has no name, and the method that acquires does not use this")
		}
		if t := e.in.teardown; e.in.host == nil && !usesThis(t.own) {
			e.note(Unsafe, fmt.Sprintf("is %s() always called on its object?", t.name))
		}
		return nil
	}
	if !newField {
		return nil
	}
	for _, r := range sym.Refs {
		p := r.Outer().Parent()
		if p.Is("spread_element") || p.Is("arguments") && slices.Contains(copiers, calleeText(p.Parent())) {
			return refuse(TooEntangled, "%s is copied or inherited, and what is added to it would be shared", sym.Name)
		}
	}
	return nil
}

var copiers = []string{"Object.create", "Object.assign", "Object.setPrototypeOf", "Object.freeze", "Object.seal", "structuredClone"}

// constructorDoubts: a field is assigned by the constructor function, so that has
// to run for each instance, and on it.
func (e *classEdit) constructorDoubts(fn syntax.Node) *Refusal {
	name := e.prototypeName()
	for n := range fn.Field("body").Own() {
		switch {
		case n.Is("return_statement") && n.Len() > 0 && !n.Child(0).Inner(false).Is("new_expression", "this"):
			return refuse(TooEntangled, "%s() returns something else than its instance", nameOf(fn))
		case n.Is("ternary_expression") && strings.Contains(n.Field("condition").Text(), "instanceof"):
			return refuse(TooEntangled, "%s() chooses its instance", nameOf(fn))
		}
	}
	for d := range e.s.f.Root().Descendants() {
		switch {
		case d.Is("new_expression") && name != "" && d.Field("constructor").Text() == name:
			if p := d.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Field("property").Text() == "prototype" {
				return refuse(TooEntangled, "an instance of %s is a prototype, whose fields others share", name)
			}
		case d.IsConstructor() && !d.Is("method_definition") && d != fn:
			above := slices.ContainsFunc(e.s.instance(d).ancestors, func(c project.Class) bool { return c.Node == fn })
			if above && !callsBase(d, syntax.Extends(d).Text()) {
				return refuse(TooEntangled, "%s() does not call the constructor of what it inherits", nameOf(d))
			}
		}
	}
	return nil
}

// callsBase reports whether a constructor function calls that of its base.
func callsBase(fn syntax.Node, base string) bool {
	for n := range fn.Field("body").Own() {
		callee := n.Field("function")
		if n.Is("call_expression") && callee.Is("member_expression") && n.Field("arguments").Child(0).IsThis() &&
			(callee.Field("object").Text() == base || strings.HasSuffix(callee.Field("object").Text(), "super_")) {
			return true
		}
	}
	return false
}
