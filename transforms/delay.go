package transforms

import (
	"slices"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// resetGrace is how long, in milliseconds, a one-shot may be pending that only puts back
// what it finds.
const resetGrace = 60000

// millis is the number of milliseconds that is written down: as a number, a sum or a
// product of such, or as a constant that is one.
func millis(n syntax.Node, hops int) (float64, bool) {
	n = n.Inner(true)
	switch n.Kind() {
	case "number":
		v, err := strconv.ParseFloat(strings.ReplaceAll(n.Text(), "_", ""), 64)
		return v, err == nil
	case "identifier":
		sym := n.Symbol()
		switch {
		case hops == 0 || sym == nil:
		case sym.Decl.Is("for_in_statement") && sym.Decl.Field("right").Inner(false).Is("array"): // for (const ms of [1, 10])
			longest := 0.0
			for each := range sym.Decl.Field("right").Inner(false).Children() {
				v, ok := millis(each, hops-1)
				if !ok {
					return 0, false
				}
				longest = max(longest, v)
			}
			return longest, sym.Decl.Field("right").Inner(false).Len() > 0
		case sym.Kind == syntax.Variable && sym.Constant():
			return millis(sym.Init(), hops-1)
		case sym.Kind == syntax.Parameter: // (ms = 100), as a rule
			return millis(defaultOf(sym), hops-1)
		}
	case "ternary_expression":
		a, first := millis(n.Field("consequence"), hops)
		b, second := millis(n.Field("alternative"), hops)
		return max(a, b), first && second
	case "call_expression": // Math.max(0, 32 - gone)
		switch squeeze(n.Field("function")) {
		case "Math.max":
			longest, known := 0.0, n.Field("arguments").Len() > 0
			for arg := range n.Field("arguments").Children() {
				v, ok := millis(arg, hops)
				longest, known = max(longest, v), known && ok
			}
			return longest, known
		case "Math.min":
			shortest, known := 0.0, false
			for arg := range n.Field("arguments").Children() {
				if v, ok := millis(arg, hops); ok && (!known || v < shortest) {
					shortest, known = v, true
				}
			}
			return shortest, known
		}
	case "binary_expression":
		a, first := millis(n.Field("left"), hops)
		b, second := millis(n.Field("right"), hops)
		switch operator := n.Field("operator").Text(); {
		case operator == "-" && first && !second: // at most, if what has gone is taken from it
			return a, true
		case !first || !second:
		case operator == "*":
			return a * b, true
		case operator == "+":
			return a + b, true
		}
	}
	return 0, false
}

// waitingTime is how long a one-shot waits, as it is written down.
func (s *scan) waitingTime(o *Obligation) (float64, bool) {
	return s.timeWritten(o.Call.Field("arguments").Child(1))
}

// timeWritten is millis, also where that is a constant of another file, a static field, a
// member of a constant, or what a field of the instance is made as.
func (s *scan) timeWritten(delay syntax.Node) (float64, bool) {
	delay = delay.Inner(true)
	if delay.Is("ternary_expression") {
		a, first := s.timeWritten(delay.Field("consequence"))
		b, second := s.timeWritten(delay.Field("alternative"))
		return max(a, b), first && second
	}
	if v, ok := millis(delay, 3); ok {
		return v, true
	}
	if v, ok := s.staticNumber(delay); ok {
		return v, true
	}
	if v, ok := numberOfField(delay); ok {
		return v, true
	}
	if by, known := millis(delay.Field("right"), 3); delay.Is("binary_expression") && delay.Field("operator").Text() == "/" && known && by > 0 { // a part of another one
		whole, ok := s.timeWritten(delay.Field("left"))
		return whole / by, ok
	}
	im, ok := delay.Symbol().Import()
	if !delay.Is("identifier") || !ok {
		return 0, false
	}
	_, decl := s.declarationOf(im)
	if !decl.Is("variable_declarator") {
		return 0, false
	}
	return millis(decl.Field("value"), 3)
}

// numberOfField is the number that a field of an instance is made as: by its declaration, or
// in the constructor. It is that as a rule, whoever may give another one; not where the class
// itself gives it something else.
func numberOfField(n syntax.Node) (float64, bool) {
	name, own := n.ThisField()
	class, _ := n.ThisClass()
	if !own || !class.IsClass() {
		return 0, false
	}
	longest, known := 0.0, false
	take := func(value syntax.Node) bool {
		v, ok := millis(value, 3)
		longest, known = max(longest, v), true
		return ok
	}
	for _, m := range syntax.Members(class) {
		switch value := m.Node.Field("value"); {
		case m.Name != name || m.Static:
		case m.Method, value.OK() && !take(value):
			return 0, false
		}
	}
	for _, ref := range refsOfThis(class)[name] {
		if p := ref.Outer().Parent(); syntax.IsWrite(ref) || syntax.IsWrite(ref.Outer()) {
			if !p.Is("assignment_expression") || !take(p.Field("right")) {
				return 0, false
			}
		}
	}
	return longest, known
}

// longestWait is waitingTime, or the longest time that callers write down for it.
func (s *scan) longestWait(o *Obligation) (float64, bool) {
	if ms, known := s.waitingTime(o); known {
		return ms, true
	}
	return s.timeGiven(o.Call.Field("arguments").Child(1), 3)
}

// timeGiven is the longest time that a function, or a method of its instance alone, is given
// for one of its parameters, where all that call it write it down, or hand on what they were
// given so; false where one of them does not, or where they are not all known.
func (s *scan) timeGiven(delay syntax.Node, hops int) (float64, bool) {
	sym := delay.Inner(true).Symbol()
	if hops == 0 || sym == nil || sym.Kind != syntax.Parameter {
		return 0, false
	}
	fn := sym.Node.Function()
	index := slices.Index(parametersOf(fn), sym)
	if index < 0 {
		return 0, false
	}
	refs := slices.Values[[]syntax.Node](nil)
	name := functionName(fn)
	if name != nil {
		refs = s.mentions(fn, name, "") // until one does not tell
	} else if owner, member := fn.ThisClass(); owner.OK() && syntax.FunctionOf(member) == fn && isPrivate(member) {
		refs = slices.Values(s.at(owner).refsIn(owner)[syntax.MemberName(member)])
	}
	longest, called := 0.0, false
	for r := range refs {
		call := r.Outer().Parent()
		if isNaming(r) || name != nil && r == name.Node {
			continue
		}
		given := call.Field("arguments").Child(index)
		time, known := millis(given, 3)
		if !known {
			time, known = s.timeGiven(given, hops-1)
		}
		if !call.Is("call_expression") || call.Field("function").Inner(false) != r.Inner(false) || !known {
			return 0, false
		}
		longest, called = max(longest, time), true
	}
	return longest, called
}

// onlyPutsBack reports whether the callback of a one-shot that fires before long does
// nothing but forget what was kept, or put something back as it was: whoever outlives
// the instance finds nothing of that.
func (s *scan) onlyPutsBack(o *Obligation) bool {
	if time, known := s.waitingTime(o); !known || time > resetGrace {
		return false
	}
	body := o.Call.Field("arguments").Child(0).Inner(false).Field("body")
	if body.Is("statement_block") {
		return body.Len() > 0 && putsBackEach(body)
	}
	return putsBack(body)
}

func putsBackEach(block syntax.Node) bool {
	for stmt := range block.Children() {
		switch stmt.Kind() {
		case "comment":
		case "if_statement":
			if stmt.Field("alternative").OK() || !putsBackEach(stmt.Field("consequence")) {
				return false
			}
		case "expression_statement":
			if !putsBack(stmt.Child(0)) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// putsBack: this.cached = null, delete this.asked[id], this.asked.delete(id),
// row.classList.remove('new').
func putsBack(n syntax.Node) bool {
	n = n.Inner(false)
	switch n.Kind() {
	case "assignment_expression":
		value := n.Field("right").Inner(false)
		return n.Field("left").Is("member_expression", "subscript_expression") && (isNothing(value) || value.Is("false", "true", "number", "string") || collectionType(value) != "")
	case "unary_expression":
		return n.Field("operator").Text() == "delete"
	case "call_expression":
		callee := n.Field("function").Inner(false)
		switch object := callee.Field("object").Inner(false); callee.Field("property").Text() {
		case "delete":
			return object.Is("member_expression")
		case "removeClass", "removeAttribute":
			return true
		case "tooltip", "popover", "collapse":
			return n.Field("arguments").Child(0).Is("string")
		case "remove":
			return lastName(object) == "classList"
		}
	}
	return false
}

// constantIn is the number that a constant of a namespace is.
func constantIn(namespace syntax.Node, name string) (float64, bool) {
	for n := range namespace.Field("body").Descendants() {
		if n.Is("variable_declarator") && n.Field("name").Text() == name && n.Ancestor("internal_module", "module") == namespace && n.Field("name").Symbol().Constant() {
			return millis(n.Field("value"), 3)
		}
	}
	return 0, false
}

// staticNumber is the number that a static field of a class begins with, Client.retryDelay,
// or that a constant of a namespace or a constant object has: DURATIONS.fade.
func (s *scan) staticNumber(n syntax.Node) (float64, bool) {
	sym := n.Field("object").Inner(false).Symbol()
	if !n.Is("member_expression") || sym == nil {
		return 0, false
	}
	decl, name := sym.Decl, n.Field("property").Text()
	if im, ok := sym.Import(); ok {
		_, decl = s.declarationOf(im)
	} else if sym.Kind == syntax.Variable && !sym.Constant() {
		return 0, false
	}
	if decl.Is("variable_declarator") {
		return millis(optionIn(decl.Field("value").Inner(true), name), 3)
	}
	if decl.Is("internal_module", "module") {
		return constantIn(decl, name)
	}
	if !decl.IsClass() {
		return 0, false
	}
	for _, m := range syntax.Members(decl) {
		if m.Static && m.Name == name {
			return millis(m.Node.Field("value"), 3)
		}
	}
	return 0, false
}

// defaultOf is the value that a parameter has where it is not given.
func defaultOf(param *syntax.Symbol) syntax.Node {
	p := param.Node.Parent()
	if p.Is("assignment_pattern") {
		return p.Field("right")
	}
	return p.Field("value")
}
