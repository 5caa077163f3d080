package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A timer beside an operation that is under way (a guard, a ping, a kill by force)
// is released where something tells that it went well. What tells that it failed,
// or is over, has to release it, too: nothing else will come.

// missedEnd is a listener for the end of an operation that leaves its timer.
type missedEnd struct {
	listening
	fn    syntax.Node // the function that can release it; the zero Node: none is here
	field bool        // the timer is in a field, so that another operation may have its own there
}

// overEvents tell that something has failed or ended, with how final each is: what
// is more final comes after the others, whatever happened.
var overEvents = map[string]int{
	"error": 1, "end": 2, "abort": 2, "aborted": 2, "exit": 3, "disconnect": 3, "disconnected": 3,
	"close": 4, "closed": 4, "destroy": 4, "destroyed": 4,
	"loadend": 5, // of a request of a page, which comes behind load, error, abort and timeout
}

// judgeGuard looks at a timer that is released on some way: is there a target whose
// end leaves it?
func (s *scan) judgeGuard(o *Obligation) {
	if o.Status != Met || o.Standing != Leak || o.Kind.Registers() || o.Kind.Fails != Never || o.Kind.Retainer != "" || len(o.Kind.Over) > 0 ||
		o.Owner.Form == OwnerPromise || isImmediate(o) || o.Kind.OneShot && s.unreferenced(o) {
		return
	}
	g, ok := s.guardOf(o)
	if !ok {
		return
	}
	missed := g.missed()
	if len(missed) == 0 || o.Kind.OneShot && g.owner.OK() && g.in.inEnding(o.Call) {
		return
	}
	m := missed[0]
	o.releases = g.releases
	o.Form, o.gist = formTold{}, missed
	if g.owner.OK() {
		o.Owner = ownerOf(g.owner, o.Handle)
	} else {
		home := o.Handle.Symbol.Decl.Function()
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
	}
	at := m.fn
	if !at.OK() {
		at = m.given
	}
	for i := range o.Steps {
		o.Steps[i].Text = strings.TrimPrefix(o.Steps[i].Text, "met: ")
	}
	s.unmet(o, MissingPath, []ExitPlace{{at, "'" + m.event + "' of " + shorten(m.target.Text()) + " leaves it"}})
}

// guard is one timer, and what is told of the operation that it goes with.
type guard struct {
	s        *scan
	o        *Obligation
	in       *instance
	owner    syntax.Node // the instance that has it in a field; the zero Node: it is in a variable
	mentions []syntax.Node
	releases []syntax.Node // but for those that only make room for another
	well     []syntax.Node // those that are not told of an end
	names    []string      // under which functions that release are called elsewhere
	all      []listening
	callback *runs // what the timer runs
}

// guardOf collects what is known of a timer; not ok where that is too little.
func (s *scan) guardOf(o *Obligation) (*guard, bool) {
	g := &guard{s: s, o: o}
	var code []syntax.Node
	switch h := o.Handle; {
	case h.Place == InField:
		g.owner, g.in = h.Of, s.instance(h.Of)
		if len(g.in.computed) > 0 || len(g.in.taken[h.Field]) > 0 {
			return nil, false
		}
		for _, name := range g.in.names(h.Field) {
			g.mentions = append(g.mentions, g.in.refs[name]...)
		}
		for _, c := range g.in.ancestors {
			if len(refsOfThis(c.Node)[h.Field]) > 0 {
				return nil, false
			}
		}
		code = syntax.Code(h.Of)
	case h.Symbol != nil && h.Symbol.Kind == syntax.Variable && h.Symbol.Decl.Function().OK():
		g.mentions = h.Symbol.Refs
		owner, _, _ := o.Call.InstanceAt()
		if g.in = (&instance{}); owner.OK() {
			g.in = s.instance(owner)
		}
		code = []syntax.Node{h.Symbol.Decl.Function().Field("body")}
	default:
		return nil, false
	}
	g.callback = s.runsOf(g.in, true, s.runBy(g.in, o.Call.Field("arguments").Child(0))...)
	for _, ref := range g.mentions {
		call := s.releaseAt(o, ref)
		if !call.OK() {
			continue
		}
		if homeOf(call) == homeOf(o.Call) && call.End() <= o.Call.Start() {
			continue
		}
		if call.Within(o.Call) {
			continue
		}
		g.releases = append(g.releases, call)
		for fn := call.Function(); fn.OK(); fn = fn.Function() {
			if name := g.calledBy(fn); name != "" {
				g.names = append(g.names, name)
			}
		}
	}
	if len(g.releases) == 0 {
		return nil, false
	}
	if o.Kind.OneShot && !g.givesUp() {
		return nil, false
	}
	g.all = s.listeningIn(g.in, code)
	for _, r := range g.releases {
		if !slices.ContainsFunc(g.all, func(l listening) bool { return overEvents[l.event] > 0 && slices.Contains(l.roots, homeOf(r)) }) {
			g.well = append(g.well, r)
		}
	}
	return g, len(g.well) > 0
}

// givesUp reports whether a one-shot ends something or tells of a failure when it
// fires. What does its work then (a flush that was put off) is awaited all the same.
func (g *guard) givesUp() bool {
	for _, body := range g.callback.code {
		for n := range body.Own() {
			callee := n.Field("function").Inner(false)
			name := callee.Field("property").Text()
			switch {
			case n.Is("throw_statement"), isError(n) && n.Is("new_expression"):
				return true
			case n.Is("call_expression") && (isTeardown(name) || name == "abort" || name == "reject" || isSettle(callee)):
				return true
			case n.Is("call_expression") && emits[name]:
				event, _ := n.Field("arguments").Child(0).StringValue()
				if overEvents[strings.ToLower(event)] > 0 {
					return true
				}
			}
		}
	}
	return false
}

// calledBy is the property under which a function is called, where who calls it
// cannot be seen: { done() {} }, request.done = () => {}.
func (g *guard) calledBy(fn syntax.Node) string {
	p := fn.Outer().Parent()
	switch {
	case fn.Is("method_definition") && p.Is("object"):
		return syntax.MemberName(fn)
	case p.Is("pair"):
		return p.Field("key").Text()
	case p.Is("assignment_expression"):
		if _, own := p.Field("left").ThisField(); !own {
			return p.Field("left").Inner(false).Field("property").Text()
		}
	}
	return ""
}

// missed are the listeners that leave the timer, the most final first, of the targets
// that it goes with.
func (g *guard) missed() []missedEnd {
	var all []missedEnd
	var keys []string
	for _, l := range g.all {
		if overEvents[l.event] > 0 && !slices.Contains(keys, l.key) && !g.ofAnotherCall(l) {
			keys = append(keys, l.key)
			all = append(all, g.missedBy(l.key)...)
		}
	}
	slices.SortStableFunc(all, func(a, b missedEnd) int { return overEvents[b.event] - overEvents[a.event] })
	return all
}

// missedBy looks at one target. It is silent where something that it tells is heard
// by what cannot be seen, or arms the timer: that is a retry.
func (g *guard) missedBy(key string) []missedEnd {
	beside := false // another event of the target releases it
	byEvent := map[string][]listening{}
	var events []string // those by which it ends
	for _, l := range g.all {
		switch {
		case l.key != key:
		case overEvents[l.event] == 0:
			beside = beside || g.comesTo(g.s.runsOf(g.in, true, l.roots...), g.well)
		default:
			if byEvent[l.event] == nil {
				events = append(events, l.event)
			}
			byEvent[l.event] = append(byEvent[l.event], l)
		}
	}
	if g.handedWith(key) {
		return nil
	}
	paid := 0 // how final the events are that release it
	var target syntax.Node
	var found []missedEnd
	for _, event := range events {
		ls := byEvent[event]
		target = ls[0].target
		var roots []syntax.Node
		for _, l := range ls {
			if !l.seen {
				return nil
			}
			roots = append(roots, l.roots...)
		}
		now, later := g.s.runsOf(g.in, true, roots...), g.s.runsOf(g.in, false, roots...)
		switch {
		case g.comesTo(later, g.releases):
			paid = max(paid, overEvents[event])
			beside = beside || g.comesTo(later, g.well)
		case g.unsure(later, key) || g.mentionedBy(now):
			return nil
		case key == "this" && overEvents[event] < 3: // an error of it may be one of many
		case !g.behindRelease(ls) && g.isEnd(ls, now):
			found = append(found, g.leaving(ls))
		}
	}
	ends := g.endsTarget(key)
	found = slices.DeleteFunc(found, func(m missedEnd) bool {
		return overEvents[m.event] <= paid || !beside && (!ends || overEvents[m.event] < 3)
	})
	if paid > 0 && alwaysFails(target) {
		return nil
	}
	return found
}

// leaving is what can release the timer when an event is told.
func (g *guard) leaving(ls []listening) missedEnd {
	m := missedEnd{listening: ls[0], field: g.owner.OK()}
	for _, l := range ls {
		if fn := l.given.Inner(false); fn.IsFunction() {
			m.listening, m.fn = l, fn
			return m
		}
		for _, fn := range l.roots {
			if !m.fn.OK() && fn.File() == g.s.f && !isEcho(l.given) {
				m.listening, m.fn = l, fn
			}
		}
	}
	return m
}

// comesTo reports whether what runs comes to one of some releases.
func (g *guard) comesTo(r *runs, releases []syntax.Node) bool {
	if slices.ContainsFunc(releases, r.has) {
		return true
	}
	for _, body := range r.code {
		for n := range body.Descendants() {
			if n.Is("member_expression") && slices.Contains(g.names, n.Field("property").Text()) {
				return true
			}
		}
	}
	return false
}

// unsure reports whether something may be run, or told, whose listeners cannot be
// seen. What an instance tells of itself is heard by others, who may end it: to
// wait for that is the way of what goes on until then.
func (g *guard) unsure(r *runs, key string) bool {
	if r.opaque {
		return true
	}
	return slices.ContainsFunc(r.untold, func(told string) bool {
		return told != key && told != "this" || told == "this" && g.owner.OK() && !g.o.Kind.OneShot && g.in.teardown != nil
	})
}

// mentionedBy reports whether what runs knows of the timer, other than to arm it.
func (g *guard) mentionedBy(r *runs) bool {
	return slices.ContainsFunc(g.mentions, func(ref syntax.Node) bool { return r.has(ref) && !ref.Within(g.o.Call) })
}

// handedWith reports whether a function that releases is handed on together with the
// target: finished(socket, () => clearTimeout(guard)).
func (g *guard) handedWith(key string) bool {
	for _, r := range g.releases {
		for fn := r.Function(); fn.OK() && !g.o.Call.Within(fn); fn = fn.Function() {
			args := fn.Outer().Parent()
			if !args.Is("arguments") {
				continue
			}
			for d := range args.Parent().Own() {
				if d.Parent().Is("arguments") && !d.IsFunction() && g.s.placeKey(d, 6) == key {
					return true
				}
			}
		}
	}
	return false
}

// behindRelease reports whether the listeners are registered where the timer was
// released already.
func (g *guard) behindRelease(ls []listening) bool {
	return !slices.ContainsFunc(ls, func(l listening) bool {
		return !slices.ContainsFunc(g.releases, func(r syntax.Node) bool {
			return l.call.Within(r.Function()) && r.End() <= l.call.Start() && !g.o.Call.Within(r.Function())
		})
	})
}

// isEnd reports whether listeners show that the operation is over: they tell
// somebody, or end or reset something. Where the timer ends the very target, that it
// has ended is enough.
func (g *guard) isEnd(ls []listening, now *runs) bool {
	if overEvents[ls[0].event] > 1 && g.endsTarget(ls[0].key) || slices.ContainsFunc(ls, func(l listening) bool { return isEcho(l.given) }) {
		return true
	}
	for _, body := range now.code {
		for n := range body.Own() {
			if tellsEnd(n) {
				return true
			}
		}
	}
	return false
}

// tellsEnd reports whether an evaluation tells somebody of an end, or ends or resets
// something.
func tellsEnd(n syntax.Node) bool {
	switch n.Kind() {
	case "call_expression":
		callee := n.Field("function").Inner(false)
		name := callee.Field("property").Text()
		if callee.Is("identifier") {
			sym := callee.Symbol()
			return sym != nil && sym.Kind == syntax.Parameter
		}
		return emits[name] || isTeardown(name) || name == "abort" || name == "reject"
	case "assignment_expression":
		right := n.Field("right").Inner(false)
		if left := n.Field("left").Inner(false); left.Is("identifier") && left.Symbol() == nil {
			return false
		}
		return isNothing(right) || right.Is("true", "false")
	}
	return false
}

// endsTarget reports whether what the timer runs ends a target, or something of the
// instance where that is the target itself.
func (g *guard) endsTarget(key string) bool {
	for _, body := range g.callback.code {
		for n := range body.Own() {
			callee := n.Field("function").Inner(false)
			if name := callee.Field("property").Text(); !n.Is("call_expression") || !isTeardown(name) && name != "abort" {
				continue
			}
			ended := g.s.placeKey(callee.Field("object"), 6)
			if ended == key || key == "this" && strings.HasPrefix(ended, "this.") {
				return true
			}
		}
	}
	return false
}

// alwaysFails: a request that ends before its response tells an error, too.
func alwaysFails(target syntax.Node) bool {
	module := syntax.ModuleName(syntax.TypeOf(target).Module)
	return module == "http" || module == "https"
}
