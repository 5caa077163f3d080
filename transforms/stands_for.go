package transforms

import (
	"maps"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// standsForSame are bindings with those arguments of a call in their place that are
// parameters of a local function which is only ever given the same.
func standsForSame(b syntax.Bindings, call syntax.Node) syntax.Bindings {
	var out syntax.Bindings
	for arg := range call.Field("arguments").Children() {
		arg = arg.Inner(false)
		sym := arg.Symbol()
		if arg.Is("identifier") && sym != nil && sym.Kind == syntax.Variable {
			for v, bound := range b {
				if v != "HANDLE" && isReadFrom(sym, bound.Inner(true)) {
					out = with(out, b, v, arg)
				}
			}
		}
		if !arg.Is("identifier") || sym == nil || sym.Kind != syntax.Parameter {
			continue
		}
		fn := sym.Node.Function()
		for v, bound := range b {
			if v != "HANDLE" && isOfSameList(fn, bound.Inner(false)) {
				out = with(out, b, v, arg)
			}
		}
		name := functionName(fn)
		index := slices.Index(parametersOf(fn), sym)
		if name == nil || index < 0 || fn.File().TopLevel(name.Name) == name {
			continue
		}
		for v, bound := range b {
			if v == "HANDLE" || !bound.Inner(false).Is("identifier") || bound.Inner(false).Symbol() == nil {
				continue
			}
			calls := 0
			same := !slices.ContainsFunc(name.Refs, func(r syntax.Node) bool {
				if r == name.Node {
					return false
				}
				calls++
				at := r.Parent()
				return !at.Is("call_expression") || at.Field("function") != r || at.Field("arguments").Child(index).Inner(false).Symbol() != bound.Inner(false).Symbol()
			})
			if same && calls > 0 {
				out = with(out, b, v, arg)
			}
		}
	}
	return out
}

// isReadFrom reports whether a constant is what was read, in the function around a place,
// from that very place before.
//
//	const element = box.current;
//	observer.observe(box.current);
//	return () => observer.unobserve(element);
func isReadFrom(sym *syntax.Symbol, place syntax.Node) bool {
	read, root := sym.Init().Inner(true), rootOf(place).Symbol()
	return place.Is("member_expression") && read.Is("member_expression") && sym.Constant() && sym.Decl.Function() == place.Function() && sym.Decl.End() < place.Start() &&
		squeeze(read) == squeeze(place) && root != nil && root == rootOf(read).Symbol() && !writtenBetween(sym.Decl, place)
}

// writtenBetween reports whether a function gives a place something else after a declaration
// and before it is read again.
func writtenBetween(decl, place syntax.Node) bool {
	for n := range place.Function().Field("body").Descendants() {
		if n.Is("assignment_expression") && n.Start() > decl.End() && n.Start() < place.Start() && squeeze(n.Field("left")) == squeeze(place) {
			return true
		}
	}
	return false
}

// with are bindings, those of b where there are none yet, in which a name is another value.
func with(out, b syntax.Bindings, name string, value syntax.Node) syntax.Bindings {
	if out == nil {
		out = maps.Clone(b)
	}
	out[name] = value
	return out
}

// isOfSameList reports whether a function, and the one of which something is the parameter,
// are called for each element of the same list.
//
//	all.forEach((a) => observer.observe(a));
//	all.forEach((b) => observer.unobserve(b));
func isOfSameList(fn, bound syntax.Node) bool {
	sym := bound.Symbol()
	if !bound.Is("identifier") || sym == nil || sym.Kind != syntax.Parameter {
		return false
	}
	list, other := eachOf(fn), eachOf(sym.Node.Function())
	root := rootOf(list).Symbol()
	return list.OK() && other.OK() && squeeze(list) == squeeze(other) && root != nil && root == rootOf(other).Symbol() && root.Constant()
}

// eachOf is the list for each element of which a function is called; the zero Node for none.
func eachOf(fn syntax.Node) syntax.Node {
	call := fn.Outer().Parent().Parent()
	callee := call.Field("function").Inner(false)
	if !fn.Outer().Parent().Is("arguments") || !callee.Is("member_expression") || callee.Field("property").Text() != "forEach" {
		return syntax.Node{}
	}
	return callee.Field("object").Inner(false)
}
