package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a component finds above itself in the page is there when it has gone: the element
// that it stands in, the one that scrolls.

// upHops bounds how far functions are followed that look upwards.
const upHops = 8

// upward are properties of an element that hold one above it.
var upward = map[string]bool{"parentNode": true, "parentElement": true, "offsetParent": true}

// isUp reports whether an expression gives an element above another one: its parent, or
// what a function of the project returns that goes from parent to parent.
func (s *scan) isUp(n syntax.Node, hops int) bool {
	if n = n.Inner(true); hops == 0 || !n.OK() {
		return false
	}
	switch n.Kind() {
	case "member_expression":
		return upward[n.Field("property").Text()]
	case "identifier":
		sym := n.Symbol()
		if sym == nil || sym.Kind != syntax.Variable && sym.Kind != syntax.Parameter || n.File().TopLevel(sym.Name) == sym {
			return false
		}
		return slices.ContainsFunc(append(valuesIn(sym.Refs), sym.Init()), func(v syntax.Node) bool { return s.anyUp(v, hops-1) })
	case "call_expression":
		return s.goesUp(n, hops-1)
	}
	return false
}

func (s *scan) anyUp(n syntax.Node, hops int) bool {
	return slices.ContainsFunc(alternatives(n), func(v syntax.Node) bool { return s.isUp(v, hops) })
}

// goesUp reports whether a call gives back what is above what it was given, or is given
// that.
func (s *scan) goesUp(call syntax.Node, hops int) bool {
	callee := call.Field("function").Inner(false)
	if callee.Field("property").Text() == "closest" && call.Field("arguments").Len() == 1 {
		return true
	}
	fn := syntax.CalledFunction(call)
	if !fn.OK() && callee.Is("identifier") {
		value := s.importedValue(callee)
		if im, ok := callee.Symbol().Import(); ok && !value.OK() && im.Name == "default" {
			value = s.defaultValue(im.Module)
		}
		fn = functionIn(value)
	}
	if hops == 0 || !fn.OK() || fn.IsAsync() || fn.IsGenerator() {
		return false
	}
	up := slices.ContainsFunc(slices.Collect(call.Field("arguments").Children()), func(a syntax.Node) bool { return s.anyUp(a, hops-1) })
	in := s.at(fn)
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return in.anyUp(body, hops-1)
	}
	for n := range body.Own() {
		if !n.Is("return_statement") || n.Len() == 0 {
			continue
		}
		for _, v := range alternatives(n.Child(0)) {
			if sym := v.Symbol(); up && sym != nil && sym.Kind == syntax.Parameter && sym.Decl.Function() == fn {
				return true // it is handed back
			}
			if in.isUp(v, hops-1) {
				return true
			}
		}
	}
	return false
}

// keepsAbove reports whether a component of Vue or Angular keeps in a field what it finds
// above the element that it stands at.
func (s *scan) keepsAbove(in *instance, n syntax.Node) bool {
	name, ok := n.Inner(true).ThisField()
	if !ok || !in.hosted && in.host == nil {
		return false
	}
	return slices.ContainsFunc(valuesIn(in.refs[name]), func(v syntax.Node) bool {
		return slices.ContainsFunc(alternatives(v), func(v syntax.Node) bool { return s.isAboveOwn(in, v) })
	})
}

// isAboveOwn reports whether an expression goes upwards from the element of a component.
func (s *scan) isAboveOwn(in *instance, n syntax.Node) bool {
	if n.Is("identifier") || !s.isUp(n, upHops) {
		return false
	}
	for part := range n.Descendants() {
		if part.Is("member_expression") {
			if key := s.placeKey(part, 3); key == "this.$el" || in.ofOwnElement(key) {
				return true
			}
		}
	}
	return false
}
