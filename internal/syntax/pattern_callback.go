package syntax

import "slices"

// Given reports whether $name is a parameter of a callback in the pattern, as in
// `$P.take(($ERR, $HANDLE) => $$$B)`: what it stands for is there once that is
// called.
func (p *Pattern) Given(name string) bool { return slices.Contains(p.given, name) }

// Callee returns the hole that is called as it is, `$F` of `$F($$$ARGS)`, or "".
func (p *Pattern) Callee() string {
	name, _ := holeName(p.root.Field("function"))
	return name
}

// Picks reports whether the pattern demands a certain value of an argument's
// property: where the function is overloaded, that picks one of its types.
func (p *Pattern) Picks() bool {
	for n := range p.root.Descendants() {
		if n.Is("pair") && n.Field("value").Is("true", "false", "string", "number") {
			return true
		}
	}
	return false
}

// matchCallback: a function in a pattern stands for any that is written on the
// spot and takes at least those parameters, each by a plain name: what a hole is
// bound to, and whatever it is called where there is none. Its body is not looked
// at.
func matchCallback(p, n Node, b Bindings) bool {
	if !n.IsFunction() || n.IsGenerator() {
		return false
	}
	names := parameterNames(n)
	for i, hole := range parameterNames(p) {
		if i == len(names) || !names[i].Is("identifier") {
			return false
		}
		if _, bound := holeName(hole); bound && !match(hole, names[i], b) {
			return false
		}
	}
	return true
}

// parameterNames are a function's parameters, without types and defaults.
func parameterNames(fn Node) []Node {
	if p := fn.Field("parameter"); p.OK() { // x => ..
		return []Node{p}
	}
	var out []Node
	for p := range fn.Field("parameters").Children() {
		if p.Is("comment") {
			continue
		}
		if pattern := p.Field("pattern"); pattern.OK() {
			p = pattern
		}
		out = append(out, p)
	}
	return out
}
