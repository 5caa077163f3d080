package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// An operator that is told of the end ends what is before it. What a later one has under way by
// then goes on:
//
//	this.changes.pipe(takeUntil(this.closed), switchMap(() => interval(1000))).subscribe(..);
//
// Of the classes that a framework ends, that is a part of whether a stream ends at all
// (stream.piped). Of others too little is known for that, but this.

// tooEarly marks a subscription whose operator is told of the end too early.
type tooEarly struct{}

// endedTooEarly is such a subscription of a class that ends itself, nil where that does not show.
func (s *scan) endedTooEarly(c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	piped := b[c.acquire.Pattern.Receiver()].Inner(false)
	callee := piped.Field("function").Inner(false)
	class, _ := s.ownerAt(n)
	if !piped.Is("call_expression") || callee.Field("property").Text() != "pipe" || !class.IsClass() || !n.Outer().Parent().Is("expression_statement") || !s.pipes() {
		return nil
	}
	in := s.instance(class)
	operators := slices.Collect(piped.Field("arguments").Children())
	if in.host != nil || in.teardown == nil || !in.teardown.own.OK() || !slices.ContainsFunc(operators, in.untilEnd) {
		return nil
	}
	why := stream{s: s, in: in, near: true}.piped(callee.Field("object"), operators, streamHops)
	if why == "" {
		return nil
	}
	o := s.obligation(c, n, b)
	o.gist = tooEarly{}
	o.acquired([]string{why + ", behind takeUntil"})
	return o
}

// untilEnd reports whether an operator is told by a signal of the instance that its teardown tells.
func (in *instance) untilEnd(operator syntax.Node) bool {
	name, known := operatorName(operator)
	field, own := operator.Field("arguments").Child(0).ThisField()
	return known && name == "takeUntil" && own && in.tellsOfEnd(field)
}
