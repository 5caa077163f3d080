package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A time, or how often something is tried again, is often kept in a field that the
// constructor fills with what it was given, or with a number where that was left out.

// fieldNumber is the number that a field of the instance has as a rule: the constructor
// alone fills it, with a number, or with what it was given, for which a number stands where
// that is left out. False where that cannot be told.
func (s *scan) fieldNumber(n syntax.Node) (float64, bool) {
	n = n.Inner(true)
	field, own := n.ThisField()
	class, _ := n.FieldOwner()
	if !own || !class.OK() || class.File() != s.f {
		return 0, false
	}
	number, filled := 0.0, false
	for _, r := range s.refsIn(class)[field] {
		p := r.Outer().Parent()
		if !syntax.IsWrite(r) {
			continue
		}
		v, known := numberGiven(p.Field("right"), 3)
		if filled || !known || !p.Is("assignment_expression") || !homeOf(r).IsConstructor() {
			return 0, false
		}
		number, filled = v, true
	}
	return number, filled
}

// numberGiven is millis, or what stands for a number that was left out:
// options.tries || 5, options.tries !== undefined ? options.tries : 5, options.tries where
// options is { tries: 5, ...given }.
func numberGiven(n syntax.Node, hops int) (float64, bool) {
	n = n.Inner(true)
	if v, known := millis(n, hops); known {
		return v, true
	}
	switch n.Kind() {
	case "binary_expression":
		if op := n.Field("operator").Text(); op == "||" || op == "??" {
			return millis(n.Field("right"), hops)
		}
	case "ternary_expression": // one of the two is what is asked for
		yes, no := n.Field("consequence"), n.Field("alternative")
		if isAskedFor(yes, n.Field("condition")) {
			return millis(no, hops)
		}
		if isAskedFor(no, n.Field("condition")) {
			return millis(yes, hops)
		}
	case "member_expression":
		sym := n.Field("object").Inner(false).Symbol()
		if sym == nil || hops == 0 {
			return 0, false
		}
		return millis(optionIn(defaultsOf(sym, n.Start()), n.Field("property").Text()), hops-1)
	}
	return 0, false
}

// isAskedFor reports whether a condition asks for the very variable or part of something that
// a value is.
func isAskedFor(value, condition syntax.Node) bool {
	value = value.Inner(true)
	for n := range condition.Descendants() {
		if n.Kind() == value.Kind() && value.Is("identifier", "member_expression") && squeeze(n) == squeeze(value) {
			return true
		}
	}
	return false
}

// defaultsOf is the object literal whose properties a variable or parameter of a function has
// where nothing else was given: options = { a: 1, ...options }, options = Object.assign({ a: 1 },
// options), options = _.extend({ a: 1 }, options). The zero Node for none.
func defaultsOf(sym *syntax.Symbol, before int) syntax.Node {
	var value syntax.Node
	for _, r := range sym.Refs {
		if p := r.Outer().Parent(); syntax.IsWrite(r) && p.Is("assignment_expression") && p.Field("left").Inner(false) == r && p.End() < before {
			if value.OK() {
				return syntax.Node{}
			}
			value = p.Field("right").Inner(true)
		}
	}
	if !value.OK() {
		value = sym.Init().Inner(true)
	}
	if value.Is("call_expression") && slices.Contains([]string{"assign", "extend", "defaults"}, calleeName(value)) {
		for arg := range value.Field("arguments").Children() {
			if arg.Is("object") && arg.Len() > 0 {
				return arg
			}
		}
	}
	if value.Is("object") {
		return value
	}
	return syntax.Node{}
}

// isImmediateByDefault is isImmediate for a time in a field of the instance.
func (s *scan) isImmediateByDefault(o *Obligation) bool {
	ms, known := s.fieldNumber(o.Call.Field("arguments").Child(1))
	return known && ms <= oneFrame && slices.Contains(o.Acquire.From, "global")
}

// isBriefByDefault is isBrief for a time in a field of the instance, or what is left of that
// when a part has gone: Math.max(this.pause - (now - begun), 0)
func (s *scan) isBriefByDefault(o *Obligation) bool {
	ms, known := s.timeByDefault(o.Call.Field("arguments").Child(1), 3)
	return known && ms <= shortGrace && slices.Contains(o.Acquire.From, "global")
}

// timeByDefault is fieldNumber, and the longest that is made of such times.
func (s *scan) timeByDefault(n syntax.Node, hops int) (float64, bool) {
	n = n.Inner(true)
	if v, known := millis(n, hops); known {
		return v, true
	}
	switch sym := n.Symbol(); {
	case n.Is("identifier") && hops > 0 && sym != nil && sym.Kind == syntax.Variable && sym.Constant():
		return s.timeByDefault(sym.Init(), hops-1)
	case n.Is("binary_expression") && n.Field("operator").Text() == "-": // at most, if nothing has gone
		return s.timeByDefault(n.Field("left"), hops)
	case n.Is("call_expression") && squeeze(n.Field("function")) == "Math.max":
		longest, known := 0.0, true
		for arg := range n.Field("arguments").Children() {
			v, ok := s.timeByDefault(arg, hops)
			longest, known = max(longest, v), known && ok
		}
		return longest, known && longest > 0
	}
	return s.fieldNumber(n)
}

// isCountedRetry reports whether a one-shot tries again what has failed, counts that in a field
// up to a number, and is soon through with all of it:
//
//	if (this.tries < this.most) { this.tries += 1; setTimeout(() => this.read(), 100 * this.tries); }
func (s *scan) isCountedRetry(o *Obligation) bool {
	asked := o.Call.Ancestor("if_statement")
	if !asked.OK() || !o.Call.Within(asked.Field("consequence")) || asked.Function() != o.Call.Function() {
		return false
	}
	for c := range asked.Field("condition").Descendants() {
		counter, own := c.Field("left").Inner(false).ThisField()
		if !c.Is("binary_expression") || c.Field("operator").Text() != "<" || !own || under(c, asked, "||") || !countsUp(asked.Field("consequence"), counter, o.Call) {
			continue
		}
		most, known := millis(c.Field("right"), 3)
		if !known {
			most, known = s.fieldNumber(c.Field("right"))
		}
		total := 0.0
		for n := 1.0; known && n <= most && n <= mostTries && total <= chainGrace; n++ {
			ms, ok := timeAt(o.Call.Field("arguments").Child(1), counter, n)
			if !ok {
				return false
			}
			total += ms
		}
		return known && most <= mostTries && total <= chainGrace
	}
	return false
}

// countsUp reports whether some code raises a field by one before a call.
func countsUp(code syntax.Node, field string, call syntax.Node) bool {
	for n := range code.Own() {
		left := n.Field("left")
		switch {
		case n.Is("augmented_assignment_expression") && n.Field("operator").Text() == "+=" && n.Field("right").Text() == "1":
		case n.Is("update_expression") && n.Field("operator").Text() == "++":
			left = n.Field("argument")
		default:
			continue
		}
		if name, own := left.Inner(false).ThisField(); own && name == field && n.End() <= call.Start() {
			return true
		}
	}
	return false
}

// timeAt is the time that an expression comes to where a field is a number.
func timeAt(n syntax.Node, field string, value float64) (float64, bool) {
	return comesTo(n, func(part syntax.Node) (float64, bool) {
		if name, own := part.ThisField(); own && name == field {
			return value, true
		}
		return millis(part, 3)
	})
}
