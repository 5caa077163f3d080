package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function of the project that returns another, which arms a one-shot, and that gives it
// a method which cancels that, debounces as those of libraries do.

// debouncers are what such functions are called: whether one is, its code says.
var debouncers = map[string]bool{"debounce": true, "throttle": true, "debounced": true, "throttled": true, "debounceFn": true, "throttleFn": true}

// cancelsBy are the names of the methods that cancel, the first in the kind first.
var cancelsBy = []string{"cancel", "clear"}

// matchDebounced asks whether a call makes a debounced function by one of the project.
func (s *scan) matchDebounced(n syntax.Node) *Obligation {
	callee := n.Field("function").Inner(false)
	if s.hops == 0 || !n.Is("call_expression") || !callee.Is("identifier") || n.Field("arguments").Len() == 0 {
		return nil
	}
	name := callee.Text()
	if im, ok := callee.Symbol().Import(); ok {
		if im.TypeOnly || im.Name == "*" {
			return nil
		}
		if im.Name != "default" {
			name = im.Name
		}
	}
	if !debouncers[name] {
		return nil
	}
	if ms, known := milliseconds(n.Field("arguments").Child(1)); known && ms <= longKept {
		return nil // soon over
	}
	fn := s.calledAs(callee)
	if !fn.OK() || n.Within(fn) && fn.File() == s.f {
		return nil
	}
	by := s.cancelOf(fn)
	if by == "" {
		return nil
	}
	for _, k := range s.Kinds {
		if k.Name != debouncedKind {
			continue
		}
		own := *k
		own.Release = slices.DeleteFunc(slices.Clone(k.Release), func(r Release) bool { return r.Pattern.Anchor != by })
		if len(own.Release) == 0 {
			return nil
		}
		o := &Obligation{
			Kind: &own, Acquire: &k.Acquire[0], File: s.f, Call: n, At: n, Bindings: syntax.Bindings{}, Status: Moved, Standing: Leak,
			Evidence: []string{name + " returns a function with " + by + "()"},
		}
		o.step(n, "acquired: %s of %s line %d returns a function that keeps a timer, and %s()", name, fn.File().Path, lineOfNode(fn), by)
		return o
	}
	return nil
}

// cancelOf is the name of the method that a function gives to the debounced function that
// it returns; "" for a function that returns none.
func (s *scan) cancelOf(fn syntax.Node) string {
	var back *syntax.Symbol
	for n := range fn.Field("body").Own() {
		if n.Is("return_statement") && n.Child(0).Inner(true).Is("identifier") {
			back = n.Child(0).Inner(true).Symbol()
		}
	}
	if back == nil || back.Decl.Function() != fn {
		return ""
	}
	debounced := back.Decl
	if !debounced.IsFunction() {
		if debounced = back.Init().Inner(true); !debounced.IsFunction() {
			return ""
		}
	}
	timer := armedBy(s.reachedFrom([]syntax.Node{debounced}), fn)
	if timer == nil {
		return ""
	}
	for _, r := range back.Refs {
		p := r.Outer().Parent()
		a := p.Parent()
		if !p.Is("member_expression") || !a.Is("assignment_expression") || a.Field("left").Inner(false) != p || !slices.Contains(cancelsBy, p.Field("property").Text()) {
			continue
		}
		value := a.Field("right").Inner(true)
		if !value.IsFunction() {
			value = localFunction(value)
		}
		if slices.ContainsFunc(s.reachedFrom([]syntax.Node{value}), func(f syntax.Node) bool { return clears(f, timer) }) {
			return p.Field("property").Text()
		}
	}
	return ""
}

// armedBy is the variable of maker into which some functions put a one-shot; nil for none.
func armedBy(fns []syntax.Node, maker syntax.Node) *syntax.Symbol {
	for _, fn := range fns {
		for n := range fn.Field("body").Descendants() {
			sym := n.Field("left").Inner(false).Symbol()
			if n.Is("assignment_expression") && calleeName(n.Field("right").Inner(true)) == "setTimeout" && sym != nil && sym.Decl.Function() == maker {
				return sym
			}
		}
	}
	return nil
}

// clears reports whether a function cancels what a variable holds.
func clears(fn syntax.Node, timer *syntax.Symbol) bool {
	for n := range fn.Field("body").Descendants() {
		if n.Is("call_expression") && calleeName(n) == "clearTimeout" && n.Field("arguments").Child(0).Inner(true).Symbol() == timer {
			return true
		}
	}
	return false
}
