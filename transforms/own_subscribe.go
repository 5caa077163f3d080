package transforms

import (
	"bytes"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function of the project that is given a function, keeps it, and returns one that
// forgets it again, is a subscription for its callers. Who calls it in an effect, and drops
// what it returns, leaves the function with whoever keeps it.

// subscriptionKind is what such a call acquires.
const subscriptionKind = "subscription"

// subscribers are what such functions are called: whether one is, its code says.
var subscribers = map[string]bool{
	"subscribe": true, "listen": true, "observe": true, "watch": true, "onChange": true, "addListener": true, "on": true, "attach": true, "register": true,
}

// hasEffects reports whether a text mentions what runs effects, or memos.
func hasEffects(src []byte) bool {
	return bytes.Contains(src, []byte("Effect")) || bytes.Contains(src, []byte("useMemo"))
}

// ownHops bounds how far a function is followed to the one that it returns.
const ownHops = 3

// matchTold asks whether a call in an effect subscribes to something of the project that
// outlives the component.
func (s *scan) matchTold(n syntax.Node) *Obligation {
	callee := n.Field("function").Inner(false)
	if s.hops == 0 || !n.Is("call_expression") || !callee.Is("identifier", "member_expression") || !subscribers[calleeName(n)] || !takesFunction(n) {
		return nil
	}
	var component syntax.Node
	if e := s.effectAt(n); e != nil {
		component = e.within
	} else if memo := memoAt(n); memo.OK() {
		component = memo.Function()
	}
	if !component.OK() || !s.outlivesOwner(callee, component) {
		return nil
	}
	fn := s.calledAs(callee)
	if !fn.OK() || fn.Within(component) || !forgetsLater(fn, ownHops) {
		return nil
	}
	for _, k := range s.Kinds {
		if k.Name != subscriptionKind {
			continue
		}
		line, _ := fn.File().Position(fn.Start())
		o := &Obligation{
			Kind: k, Acquire: &k.Acquire[0], File: s.f, Call: n, At: n, Bindings: syntax.Bindings{}, Status: Moved, Standing: Leak,
			Evidence: []string{calleeName(n) + " returns what ends it"},
		}
		o.step(n, "acquired: %s of %s line %d returns what forgets it", calleeName(n), fn.File().Path, line)
		return o
	}
	return nil
}

// takesFunction reports whether a call is given a function, or a name that may be one.
func takesFunction(call syntax.Node) bool {
	for a := range call.Field("arguments").Children() {
		if a = a.Inner(false); a.IsFunction() || localFunction(a).OK() || setsState(a) {
			return true
		}
	}
	return false
}

// outlivesOwner reports whether what is subscribed to is there when the component is gone:
// the module's, or somebody else's who gave it to the component.
func (s *scan) outlivesOwner(callee, component syntax.Node) bool {
	sym := rootOf(callee).Symbol()
	if sym == nil {
		return false
	}
	if _, imported := sym.Import(); imported || s.f.TopLevel(sym.Name) == sym {
		return true
	}
	if sym.Kind == syntax.Parameter {
		return sym.Decl.Function() == component
	}
	value := sym.Decl.Field("value").Inner(false)
	if calleeName(value) == "useContext" {
		return true
	}
	given := value.Symbol() // const { store } = props
	return given != nil && given.Kind == syntax.Parameter && given.Decl.Function() == component
}

// calledAs is the function that a callee is, in this file or another; the zero Node where
// that cannot be seen.
func (s *scan) calledAs(callee syntax.Node) syntax.Node {
	if callee.Is("identifier") {
		if fn := localFunction(callee); fn.OK() {
			return fn
		}
		return functionIn(s.importedValue(callee))
	}
	object, name := callee.Field("object").Inner(true), callee.Field("property").Text()
	if value := s.importedValue(object); value.Is("object") {
		for c := range value.Children() {
			if syntax.MemberName(c) == name {
				return syntax.FunctionOf(c)
			}
		}
		return syntax.Node{}
	}
	t := syntax.TypeOf(object)
	if t.Module == "" && !t.Decl.OK() || t.Derived {
		t = s.typeElsewhere(object)
	}
	class, ok := s.Project.ClassOf(s.ctx, s.f, t)
	if !ok {
		return syntax.Node{}
	}
	_, m, _ := s.Project.FindMember(s.ctx, class, name)
	return m.Function()
}

// importedValue is what another file of the project exports by the name that n was
// imported by.
func (s *scan) importedValue(n syntax.Node) syntax.Node {
	im, ok := n.Symbol().Import()
	if !ok || im.TypeOnly || im.Name == "*" {
		return syntax.Node{}
	}
	_, decl := s.declarationOf(im)
	if decl.Is("variable_declarator") {
		return decl.Field("value").Inner(true)
	}
	return decl
}

func functionIn(n syntax.Node) syntax.Node {
	if n.IsFunction() {
		return n
	}
	return syntax.Node{}
}

// forgetsLater reports whether a function returns, wherever it returns something, a
// function that takes away what it was given.
func forgetsLater(fn syntax.Node, hops int) bool {
	if hops == 0 || fn.IsAsync() || fn.IsGenerator() {
		return false
	}
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return body.OK() && forgetter(body.Inner(true), hops)
	}
	found := false
	for n := range body.Own() {
		if !n.Is("return_statement") || n.Len() == 0 {
			continue
		}
		if v := n.Child(0).Inner(true); !forgetter(v, hops) {
			return false
		}
		found = true
	}
	return found
}

// forgetter reports whether a value is a function that takes something away.
func forgetter(v syntax.Node, hops int) bool {
	fn := functionIn(v)
	switch {
	case fn.OK():
	case v.Is("identifier"):
		fn = localFunction(v)
	case v.Is("call_expression") && takesFunctionOf(v): // return this.subscribeTo(set, f)
		callee := v.Field("function").Inner(false)
		if called := syntax.CalledFunction(v); called.OK() {
			return forgetsLater(called, hops-1)
		}
		name, own := callee.ThisField()
		class, _ := callee.ThisClass()
		if !own || !class.OK() {
			return false
		}
		return slices.ContainsFunc(syntax.Members(class), func(m syntax.Member) bool {
			return m.Name == name && m.Function().OK() && forgetsLater(m.Function(), hops-1)
		})
	}
	if !fn.OK() {
		return false
	}
	for n := range fn.Field("body").Descendants() {
		switch {
		case n.Is("call_expression") && forgets[calleeName(n)] && n.Field("arguments").Len() > 0:
			return true
		case n.Is("assignment_expression") && calleeName(n.Field("right").Inner(true)) == "filter":
			return true
		}
	}
	return false
}

// takesFunctionOf reports whether a call hands on a parameter of the function around it.
func takesFunctionOf(call syntax.Node) bool {
	for a := range call.Field("arguments").Children() {
		if sym := a.Inner(false).Symbol(); sym != nil && sym.Kind == syntax.Parameter {
			return true
		}
	}
	return false
}

// forgets are methods that take something out of a collection, or a function from what
// calls it.
var forgets = map[string]bool{"delete": true, "splice": true, "removeListener": true, "removeEventListener": true, "off": true, "unsubscribe": true}
