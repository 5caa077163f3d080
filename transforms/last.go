package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What is read piece by piece ends by itself where a piece tells that it was the last. Left
// before that, it stays: a cursor on its server, the request behind a reader.
//
//	for (;;) {
//	  const { done, value } = await reader.read();
//	  if (done) return;
//	  if (isEnough(value)) return value; // with the rest of the answer still to come
//	}

// lastHops bounds over how many variables an answer is followed.
const lastHops = 4

// asked is how a call that asks the handle for more tells that there is nothing; "" for any
// other call.
func (k *Kind) asked(call, handle syntax.Node) Telling {
	for _, l := range k.Last {
		if _, ok := l.Pattern.MatchCallee(call, syntax.Bindings{"HANDLE": handle}); ok {
			return l.How
		}
	}
	return ""
}

// drains reports whether a call of a method of the handle comes to the end of it.
func (k *Kind) drains(call, handle syntax.Node) bool { return k.asked(call, handle) == All }

// asks is the same of any call, for the handle of an obligation.
func (o *Obligation) asks(call syntax.Node) Telling {
	call = call.Inner(true)
	handle := receiver(call)
	if !call.Is("call_expression") || !isHandle(handle, o.Handle) {
		return ""
	}
	return o.Kind.asked(call, handle)
}

// asksForMore reports whether a call asks the handle for more.
func (o *Obligation) asksForMore(call syntax.Node) bool {
	return len(o.Kind.Last) > 0 && o.asks(call) != ""
}

// isToldLast reports whether a loop of a function that asks the handle for more has a condition
// which tells that it has ended: what is asked once may well have nothing more.
func (o *Obligation) isToldLast(g *syntax.Graph) bool {
	return slices.ContainsFunc(g.Points, func(p syntax.Point) bool {
		return slices.ContainsFunc(p.Next, func(e syntax.Edge) bool {
			loop := e.Cond.Ancestor("while_statement", "for_statement", "do_statement")
			return loop.OK() && o.tellsLast(e.Cond, e.When, lastHops) && slices.ContainsFunc(slices.Collect(loop.Descendants()), o.asksForMore)
		})
	})
}

// isEndedElsewhere reports whether the end of a handle may come without a condition that tells of it:
// a function within another reads it, its `closed` is asked or waited for, or what it comes from is aborted.
func (o *Obligation) isEndedElsewhere(home syntax.Node) bool {
	aborted := slices.ContainsFunc(slices.Collect(home.Field("body").Descendants()), func(n syntax.Node) bool {
		return n.Is("call_expression") && calleeName(n) == "abort"
	})
	return aborted || slices.ContainsFunc(o.Handle.Symbol.Refs, func(r syntax.Node) bool {
		fn := r.Function()
		for fn.OK() && fn != home && isInline(fn) {
			fn = fn.Function()
		}
		m := r.Outer().Parent()
		return m.Field("property").Text() == "closed" || fn != home && o.asksForMore(m.Parent())
	})
}

// readInLoop reports whether what a field holds is asked for more by the instance, in a loop: whether
// that came to the end does not show where the instance ends.
func (o *Obligation) readInLoop(in *instance) bool {
	return slices.ContainsFunc(in.refs[o.Handle.Field], func(r syntax.Node) bool {
		call := r.Outer().Parent().Parent()
		return call.Is("call_expression") && o.Kind.asked(call, r) != "" && loopAround(call)
	})
}

// tellsLast reports whether a condition that is so, or not, tells that the handle has ended.
func (o *Obligation) tellsLast(c syntax.Node, when bool, hops int) bool {
	c = c.Inner(true)
	switch {
	case c.Is("binary_expression"):
		return o.comparesLast(c, when, hops)
	case c.Is("assignment_expression"):
		return o.tellsLast(c.Field("right"), when, hops)
	case endsLoop(c, when):
		return true
	case when:
		return o.isPart(c, "done", hops)
	}
	return o.isCounted(c) || o.isAnswer(c, Falsy, hops) || o.isAnswer(c, Done, hops) || o.isPart(c, "value", hops)
}

// endsLoop reports whether a loop is left where its condition, a variable that changes, is so or
// not. It may be set where the end was told.
//
//	while (running) { const { done } = await reader.read(); running = !done; }
func endsLoop(c syntax.Node, when bool) bool {
	sym := c.Symbol()
	if !c.Is("identifier") || sym == nil || sym.Kind != syntax.Variable || sym.Constant() {
		return false
	}
	goesOn := true
	for n := c; ; n = n.Parent() {
		p := n.Parent()
		switch {
		case p.Is("unary_expression") && p.Field("operator").Text() == "!":
			goesOn = !goesOn
		case p.Is("while_statement", "for_statement", "do_statement"):
			return p.Field("condition") == n && when != goesOn
		case !p.Is("parenthesized_expression", "binary_expression", "expression_statement"):
			return false
		}
	}
}

// comparesLast is tellsLast of a comparison. A list that is not as long as was asked for is the
// last, too.
func (o *Obligation) comparesLast(c syntax.Node, when bool, hops int) bool {
	left, right := c.Field("left").Inner(true), c.Field("right").Inner(true)
	op := c.Field("operator").Text()
	equal := when == (op == "===" || op == "==")
	if isNothing(left) || right.Is("member_expression") && o.isCounted(right) {
		left, right = right, left
		op = strings.NewReplacer("<", ">", ">", "<").Replace(op)
	}
	switch op {
	case "<", "<=":
		return when && o.isCounted(left)
	case ">", ">=":
		return !when && o.isCounted(left)
	case "===", "==", "!==", "!=":
	default:
		return false
	}
	switch {
	case o.isCounted(left):
		return equal == (right.Text() == "0")
	case isNothing(right):
		return equal && o.tellsLast(left, false, hops)
	case right.Is("true", "false"):
		return o.tellsLast(left, equal == right.Is("true"), hops)
	}
	return false
}

// isCounted: the length of a list that the handle gave.
func (o *Obligation) isCounted(n syntax.Node) bool {
	return n.Is("member_expression") && n.Field("property").Text() == "length" && o.isAnswer(n.Field("object"), Empty, lastHops)
}

// isAnswer reports whether an expression has nothing but answers of the handle for values.
func (o *Obligation) isAnswer(n syntax.Node, how Telling, hops int) bool {
	n = n.Inner(true)
	switch n.Kind() {
	case "call_expression":
		return o.asks(n) == how
	case "assignment_expression":
		return o.isAnswer(n.Field("right"), how, hops)
	case "identifier":
		return hops > 0 && onlyGiven(n.Symbol(), func(v syntax.Node, part string) bool {
			return part == "" && o.isAnswer(v, how, hops-1)
		})
	}
	return false
}

// isPart reports whether an expression has nothing but the property of an answer that tells
// by its `done` for values.
func (o *Obligation) isPart(n syntax.Node, name string, hops int) bool {
	n = n.Inner(true)
	switch n.Kind() {
	case "member_expression":
		return n.Field("property").Text() == name && o.isAnswer(n.Field("object"), Done, hops)
	case "assignment_expression":
		return o.isPart(n.Field("right"), name, hops)
	case "identifier":
		return hops > 0 && onlyGiven(n.Symbol(), func(v syntax.Node, part string) bool {
			return part == "" && o.isPart(v, name, hops-1) || part == name && o.isAnswer(v, Done, hops-1)
		})
	}
	return false
}

// onlyGiven reports whether a variable is given something, and all of it fits, but for what
// stands for nothing: null, false. Of what is taken apart fits is told the whole, and the
// name of the part.
func onlyGiven(sym *syntax.Symbol, fits func(value syntax.Node, part string) bool) bool {
	if sym == nil || sym.Kind != syntax.Variable {
		return false
	}
	given := false
	names := []syntax.Node{sym.Node}
	for _, r := range sym.Refs {
		if r != sym.Node && syntax.IsWrite(r) {
			names = append(names, r)
		}
	}
	for _, name := range names {
		value, part := givenTo(name)
		switch {
		case !value.OK() && name == sym.Node, isNothing(value.Inner(false)), value.Inner(false).Is("false"):
		case !value.OK() || !fits(value, part):
			return false
		default:
			given = true
		}
	}
	return given
}

// givenTo is what a mention of a variable is given where it is declared or assigned to, with
// the name of the property that is taken out of it, "" for the whole.
func givenTo(name syntax.Node) (value syntax.Node, part string) {
	n := name.Outer()
	switch p := n.Parent(); {
	case p.Is("pair_pattern"):
		n, part = p.Parent(), p.Field("key").Text()
	case p.Is("object_pattern"):
		n, part = p, name.Text()
	}
	switch p := n.Outer().Parent(); {
	case p.Is("variable_declarator") && p.Field("name") == n:
		return p.Field("value"), part
	case p.Is("assignment_expression") && p.Field("left").Inner(false) == n.Inner(false):
		return p.Field("right"), part
	}
	return syntax.Node{}, ""
}

// keepToReleaseAtOnce leaves nothing but the release that the code uses already, where that is
// one that need not be waited for, as the others need, and gives back what the handle was taken from.
// It refuses where that is used beside others, or where somebody goes on with what was given back.
func (o *Obligation) keepToReleaseAtOnce(home syntax.Node) *Refusal {
	i := slices.IndexFunc(o.Kind.Release, func(r Release) bool { return r.AtOnce })
	if i < 0 {
		return nil
	}
	r := o.Kind.Release[i]
	var back []syntax.Node
	for _, call := range o.releases {
		if _, ok := r.Pattern.MatchCallee(call, nil); ok {
			back = append(back, call)
		}
	}
	switch {
	case len(back) == 0:
		return nil
	case len(back) < len(o.releases):
		return refuse(TooEntangled, "on some ways what the %s was taken from is given back, on others it is ended", o.Kind.Noun)
	}
	for _, source := range sourcesOf(o.Bindings[o.Acquire.Pattern.Receiver()], maxHops) {
		for _, ref := range source.Symbol().Mentions() {
			if ref.Within(home) && ref.Start() > back[0].End() {
				line, _ := ref.File().Position(ref.Start())
				return refuse(TooEntangled, "line %d goes on with %s, which is given back before", line, ref.Text())
			}
		}
	}
	own := *o.Kind
	own.Release, own.Fails = []Release{r}, Never
	o.Kind = &own
	return nil
}
