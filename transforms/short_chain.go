package transforms

import "github.com/unleak-dev/unleak/internal/syntax"

// chainGrace is how long, in milliseconds, a chain of one-shots may be pending that counts
// how often it has been tried.
const chainGrace = 5000

// mostTries bounds how often such a chain asks for itself.
const mostTries = 100

// isShortChain reports whether a function that asks for itself again by a one-shot counts
// its rounds by a parameter, up to a number that is written down, and is soon through with
// all of them.
//
//	const retry = (n) => { if (n < 8) setTimeout(() => retry(n + 1), 100 * n); };
func (o *Obligation) isShortChain(loop syntax.Node) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	name := functionName(loop)
	if !callback.IsFunction() || name == nil {
		return false
	}
	for i, counter := range parametersOf(loop) {
		if counter == nil || !o.countsBy(callback, name, counter, i) {
			continue
		}
		most, known := o.mostRounds(loop, counter)
		if !known {
			continue
		}
		total := 0.0
		for n := 0.0; n < most && total <= chainGrace; n++ {
			ms, ok := valueAt(o.Call.Field("arguments").Child(1), counter, n)
			if !ok {
				return false
			}
			total += ms
		}
		return total <= chainGrace
	}
	return false
}

// countsBy reports whether all that a callback calls a function with is one more than
// the counter.
func (o *Obligation) countsBy(callback syntax.Node, name, counter *syntax.Symbol, index int) bool {
	counts := false
	for n := range callback.Field("body").Descendants() {
		if !n.Is("call_expression") || n.Field("function").Inner(false).Symbol() != name {
			continue
		}
		next := n.Field("arguments").Child(index).Inner(false)
		counts = next.Is("binary_expression") && next.Field("operator").Text() == "+" &&
			next.Field("left").Inner(false).Symbol() == counter && next.Field("right").Inner(false).Is("number")
		if !counts {
			return false
		}
	}
	return counts
}

// mostRounds is the number below which the counter is where the one-shot is asked for.
func (o *Obligation) mostRounds(loop syntax.Node, counter *syntax.Symbol) (float64, bool) {
	for p := o.Call.Parent(); p.OK() && p != loop; p = p.Parent() {
		if !p.Is("if_statement") || !o.Call.Within(p.Field("consequence")) {
			continue
		}
		for c := range p.Field("condition").Descendants() {
			if !c.Is("binary_expression") || under(c, p, "||") || c.Field("left").Inner(false).Symbol() != counter {
				continue
			}
			operator := c.Field("operator").Text()
			most, ok := millis(c.Field("right"), 3)
			if operator == "<=" {
				most++
			}
			if ok && most <= mostTries && (operator == "<" || operator == "<=") {
				return most, true
			}
		}
	}
	return 0, false
}

// valueAt is what an expression comes to where a name is a number.
func valueAt(n syntax.Node, name *syntax.Symbol, value float64) (float64, bool) {
	return comesTo(n, func(part syntax.Node) (float64, bool) {
		if !part.Is("identifier") {
			return millis(part, 3)
		}
		if part.Symbol() == name {
			return value, true
		}
		if init := part.Symbol().Init(); init.OK() && part.Symbol().Constant() && init.Inner(true).Is("binary_expression") {
			return valueAt(init, name, value)
		}
		return millis(part, 3)
	})
}

// comesTo is what sums and products come to, whose parts have the values that a function
// knows; false where it does not know one.
func comesTo(n syntax.Node, valueOf func(syntax.Node) (float64, bool)) (float64, bool) {
	return workedOutBy(n, valueOf, func(operator string, a, b float64) (float64, bool) {
		switch operator {
		case "*":
			return a * b, true
		case "+":
			return a + b, true
		}
		return 0, false
	})
}

// workedOutBy is what an expression comes to, part by part: a function says what those are
// that have no operator, false for what it does not know, and another what one makes of two.
func workedOutBy(n syntax.Node, valueOf func(syntax.Node) (float64, bool), apply func(operator string, a, b float64) (float64, bool)) (float64, bool) {
	n = n.Inner(true)
	if !n.Is("binary_expression") {
		return valueOf(n)
	}
	a, first := workedOutBy(n.Field("left"), valueOf, apply)
	b, second := workedOutBy(n.Field("right"), valueOf, apply)
	if !first || !second {
		return 0, false
	}
	return apply(n.Field("operator").Text(), a, b)
}
