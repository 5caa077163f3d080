package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// An operator that shares a stream, and replays it, subscribes to what is before it, and stays
// so when all of its own subscribers have gone. What is said behind it about an end does not
// reach it.
//
//	user$ = this.store.select(user).pipe(shareReplay(1), takeUntilDestroyed());

// replaying is what such an operator subscribes to for an instance, if the stream outlives that
// and never ends; nil where that does not show. Other files are asked for it last.
func (s *scan) replaying(c candidate, n syntax.Node, b syntax.Bindings) *Obligation {
	args := n.Outer().Parent()
	piped := args.Parent()
	callee := piped.Field("function").Inner(false)
	in := s.subscriber(n)
	if !args.Is("arguments") || !keptByInstance(piped) || callee.Field("property").Text() != "pipe" || countsSubscribers(n) || in == nil || in.lasting || in.isRoot() || !s.pipes() {
		return nil
	}
	before := slices.Collect(args.Children())
	before = before[:slices.Index(before, n.Outer())]
	o := s.obligation(c, n, b)
	source := callee.Field("object")
	if why := (stream{s: s, in: in, near: true}).piped(source, before, streamHops); why != "" {
		o.acquired([]string{why})
		return o
	}
	o.unsure = func() []string {
		if why := (stream{s: s, in: in}).piped(source, before, streamHops); why != "" {
			return []string{why}
		}
		return nil
	}
	return o
}

// keptByInstance reports whether a stream is the instance's own: it is the value of one of its fields,
// or subscribed to at once.
func keptByInstance(piped syntax.Node) bool {
	for n := piped.Outer(); ; {
		p := n.Parent()
		call := p.Parent()
		switch {
		case p.Is("member_expression") && call.Field("function") == p && p.Field("property").Text() == "pipe":
			n = call.Outer()
			continue
		case p.Is("member_expression"):
			return call.Field("function") == p && p.Field("property").Text() == "subscribe"
		case p.Is("public_field_definition", "field_definition"):
			return !p.HasToken("static")
		}
		_, own := p.Field("left").ThisField()
		return p.Is("assignment_expression") && own && p.Field("right") == n
	}
}

// countsSubscribers reports whether a sharing operator may be told to leave with the last of its
// subscribers.
func countsSubscribers(operator syntax.Node) bool {
	options := operator.Field("arguments").Child(0).Inner(false)
	switch {
	case !options.OK(), options.Is("number", "undefined"):
		return false
	case !options.Is("object"):
		return true
	}
	for p := range options.Children() {
		if !p.Is("pair") || p.Field("key").Text() == "refCount" && !p.Field("value").Is("false") {
			return true
		}
	}
	return false
}

// judgeReplayed judges what such an operator subscribed to for an instance.
func (s *scan) judgeReplayed(o *Obligation) {
	o.Handle = Handle{Value: o.Call, Place: Discarded}
	class, _ := s.ownerAt(o.Call)
	s.judgeInstance(o, class)
	s.judgeLasting(o)
	s.judgeShared(o)
	if o.Status == Unmet && o.Standing == Leak {
		o.Form = formUntil{}
	}
}

// before ends a stream by an operator in front of one that shares it.
func (e *classEdit) before(o *Obligation, operator string) {
	at := o.Call.Outer()
	gap := " "
	if start := e.s.f.LineStart(at.Start()); start != e.s.f.LineStart(at.Parent().Start()) {
		gap = e.st.eol + indentAt(e.s.f, at.Start())
	}
	e.edits = append(e.edits, patch.Edit{Start: at.Start(), End: at.Start(), New: operator + "," + gap})
	e.note(Unsafe, "whoever subscribes to it when the instance has ended is given what was replayed, and nothing new: may anybody?")
}
