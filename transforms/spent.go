package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A one-shot that is left pending fires for nothing. Where that shows, because it can only
// settle what has settled, or asks first whether all is over, nobody is harmed by it, if it
// does not wait for long.

// spentGrace is how long, in milliseconds, such a one-shot may be pending.
const spentGrace = 20000

// isShort reports whether a one-shot is written down to fire within that time.
func (s *scan) isShort(o *Obligation) bool {
	if !slices.Contains(o.Acquire.From, "global") {
		return false
	}
	if isFrame(o) {
		return true
	}
	time, known := s.longestWait(o)
	return known && (time <= spentGrace || time <= appGrace && s.isMobile())
}

// appGrace is spentGrace for an application of a phone, which no timer keeps up.
const appGrace = 60000

// isMobile reports whether a file is of an application of a phone.
func (s *scan) isMobile() bool {
	_, native := s.Project.VersionOf(s.f.Path, "react-native")
	return native
}

// onlySettles reports whether all that the callback of a one-shot does is to settle the
// promise of an executor, and to take away what waits for that: once it has settled, that
// does nothing.
func (o *Obligation) onlySettles(executor syntax.Node) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	params := parametersOf(executor)
	if slices.Contains(params, callback.Symbol()) && callback.Is("identifier") {
		return true
	}
	if fn := localFunction(callback); fn.OK() && fn.Within(executor) {
		callback = fn
	}
	body := callback.Field("body")
	if !callback.IsFunction() || !body.OK() {
		return false
	}
	if !body.Is("statement_block") {
		return settlesAlone(body, params)
	}
	for stmt := range body.Children() {
		if !stmt.Is("comment") && !notesSettled(stmt, executor) && (!stmt.Is("expression_statement", "return_statement") || !settlesAlone(stmt.Child(0), params) && !onlyUnhears(stmt.Child(0))) {
			return false
		}
	}
	return body.Len() > 0
}

// notesSettled reports whether a statement asks whether a promise has settled, by a variable
// of its executor, and turns back then, or writes down that it has.
func notesSettled(stmt, executor syntax.Node) bool {
	flag := stmt.Field("condition").Inner(false)
	if note := stmt.Child(0).Inner(false); note.Is("assignment_expression") && note.Field("right").Is("true") {
		flag = note.Field("left").Inner(false)
	} else if !stmt.Is("if_statement") || !endsInReturn(stmt.Field("consequence")) {
		return false
	}
	sym := flag.Symbol()
	return flag.Is("identifier") && sym != nil && sym.Kind == syntax.Variable && sym.Decl.Function() == executor
}

// onlyUnhears reports whether an expression is a call that does nothing but end a registration
// or a timer.
func onlyUnhears(call syntax.Node) bool {
	call = call.Inner(true)
	if !call.Is("call_expression") {
		return false
	}
	switch calleeName(call) {
	case "clearTimeout", "clearInterval", "clearImmediate", "cancelAnimationFrame", "cancelIdleCallback", "unsubscribe", "disconnect", "unobserve":
		return true
	}
	return takesAway(call)
}

// settlesAlone reports whether an expression is a call of one of some functions that is
// given nothing for which something else has to be done, but for an error that is made.
func settlesAlone(n syntax.Node, params []*syntax.Symbol) bool {
	n = n.Inner(true)
	sym := n.Field("function").Symbol()
	if !n.Is("call_expression") || sym == nil || !slices.Contains(params, sym) {
		return false
	}
	for d := range n.Field("arguments").Descendants() {
		if d.Is("call_expression") && !strings.HasSuffix(d.Field("function").Field("object").Text(), "Error") || d.Is("assignment_expression", "update_expression", "await_expression") {
			return false
		}
	}
	return true
}

// onlyDropsOwn reports whether the callback of a one-shot does nothing but take out of a
// collection of the instance what the call has put there.
func onlyDropsOwn(o *Obligation) bool {
	body := o.Call.Field("arguments").Child(0).Inner(false).Field("body")
	if body.Is("statement_block") {
		if body.Len() != 1 {
			return false
		}
		body = body.Child(0).Child(0)
	}
	if asked := o.Call.Field("arguments").Child(0).Inner(false).Field("body").Child(0); asked.Is("if_statement") && !asked.Field("alternative").OK() { // if it is still that one
		body = asked.Field("consequence")
		if body.Is("statement_block") && body.Len() == 1 {
			body = body.Child(0)
		}
		body = body.Child(0)
	}
	n := body.Inner(false)
	key := n.Field("arguments").Child(0)
	place := n.Field("function").Inner(false).Field("object")
	switch {
	case n.Is("unary_expression") && n.Field("operator").Text() == "delete" && n.Field("argument").Inner(false).Is("subscript_expression"):
		n = n.Field("argument").Inner(false)
		place, key = n.Field("object"), n.Field("index")
	case !n.Is("call_expression") || n.Field("function").Inner(false).Field("property").Text() != "delete":
		return false
	}
	sym := key.Inner(true).Symbol()
	_, own := place.ThisField()
	return own && sym != nil && sym.Decl.Function() == o.Call.Function()
}

// onlyEmits reports whether all that the callback of a one-shot does is to emit events, or signals, of
// an instance whose end takes all listeners away, and to note it: nobody hears of it then.
func (s *scan) onlyEmits(o *Obligation, in *instance) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if isBind(callback) {
		callback = callback.Field("function").Inner(false).Field("object")
	}
	fn := functionGiven(callback)
	if ms, known := s.waitingTime(o); known && ms > longOwn {
		return false // it holds the process up
	}
	if t := in.teardown; t == nil || !t.own.OK() || !fn.OK() || fn.IsAsync() {
		return false
	}
	emits := false
	for n := range fn.Field("body").Descendants() {
		callee := n.Field("function").Inner(false)
		switch {
		case n.Is("assignment_expression", "augmented_assignment_expression", "update_expression", "new_expression"):
			return false
		case !n.Is("call_expression"):
		case isEmitting(callee), isOwnSignal(callee):
			emits = true
		case forgetsOwn(n):
		case !plainOfLists[callee.Field("property").Text()]:
			return false
		}
	}
	return emits && slices.ContainsFunc(slices.Collect(in.teardown.own.Field("body").Own()), func(n syntax.Node) bool {
		callee := n.Field("function").Inner(false)
		if callee.Field("property").Text() == "clearData" { // Signal.clearData(this)
			return callee.Field("object").Text() == "Signal" && n.Field("arguments").Child(0).IsThis()
		}
		name, own := callee.ThisField()
		return own && name == "removeAllListeners" && n.Field("arguments").Len() == 0
	})
}

// isOwnSignal: this.changed.emit
func isOwnSignal(callee syntax.Node) bool {
	_, own := callee.Field("object").Inner(false).ThisField()
	return own && callee.Is("member_expression") && callee.Field("property").Text() == "emit"
}

// forgetsOwn reports whether a call takes something out of a collection of the instance.
func forgetsOwn(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	_, own := callee.Field("object").Inner(false).ThisField()
	name := callee.Field("property").Text()
	return own && (name == "delete" || name == "clear")
}

// isEmitting: this.emit, or this.emit.apply
func isEmitting(callee syntax.Node) bool {
	if name := callee.Field("property").Text(); name == "apply" || name == "call" {
		callee = callee.Field("object").Inner(false)
	}
	return callee.Field("object").Inner(false).Is("this") && callee.Field("property").Text() == "emit"
}

// plainOfLists are methods that go over a list, or make another of it.
var plainOfLists = map[string]bool{"keys": true, "values": true, "entries": true, "forEach": true, "concat": true, "bind": true, "slice": true, "map": true}

// onlyToldOf reports whether the callback of a one-shot is about nothing but what a
// function that is told of something was given: the instance has no part in it.
func onlyToldOf(o *Obligation) bool {
	fn := o.Call.Field("arguments").Child(0).Inner(false)
	teller := o.Call.Function()
	if !fn.IsFunction() || !teller.Parent().Is("arguments") {
		return false
	}
	told := false
	for d := range fn.Field("body").Descendants() {
		if d.Is("this") || d.IsThis() {
			return false
		}
		sym := d.Symbol()
		if !d.Is("identifier", "shorthand_property_identifier") || sym == nil || sym.Decl.Within(fn) {
			continue
		}
		_, imported := sym.Import()
		switch {
		case sym.Kind == syntax.Parameter && sym.Node.Function() == teller:
			told = true
		case !imported && fn.File().TopLevel(sym.Name) != sym:
			return false
		}
	}
	return told
}

// isSetByFiring reports whether a variable is only ever set by the callback of a one-shot:
// where it is set, that has fired.
func (o *Obligation) isSetByFiring(n syntax.Node) bool {
	if !o.Kind.OneShot || !n.Is("identifier") {
		return false
	}
	sym := n.Symbol()
	if sym == nil || sym.Kind != syntax.Variable || !sym.Init().Inner(false).Is("false") {
		return false
	}
	callback := o.Call.Field("arguments").Child(0)
	set := false
	for _, r := range sym.Refs {
		if !syntax.IsWrite(r) || r == sym.Node {
			continue
		}
		if !r.Within(callback) {
			return false
		}
		set = true
	}
	return set
}

// isBesidePromise reports whether a one-shot that is dropped in the executor of a promise
// does not settle it, and calls nothing there that could, but asks whether something has
// to be done then: it has its own time.
func (s *scan) isBesidePromise(o *Obligation, executor syntax.Node) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if !o.Kind.OneShot || o.Kind.Registers() || o.Handle.Place != Discarded || !callback.IsFunction() {
		return false
	}
	asks := false
	for stmt := range callback.Field("body").Children() {
		if !stmt.Is("comment", "lexical_declaration", "if_statement") || stmt.Field("alternative").OK() {
			return false
		}
		asks = asks || stmt.Is("if_statement")
	}
	if !asks || !callback.Field("body").Is("statement_block") {
		return false
	}
	for d := range callback.Field("body").Descendants() {
		sym := d.Symbol()
		if d.Is("identifier", "shorthand_property_identifier") && sym != nil && sym.Decl.Within(executor) && !sym.Decl.Within(callback) && maySettle(sym, executor, 3) {
			return false
		}
	}
	return true
}

// maySettle reports whether a name of an executor is one of its parameters, or of a function
// or a value of it that mentions one.
func maySettle(sym *syntax.Symbol, executor syntax.Node, hops int) bool {
	if hops == 0 || sym.Kind == syntax.Parameter && sym.Node.Function() == executor {
		return true
	}
	code := sym.Init()
	if sym.Decl.IsFunction() {
		code = sym.Decl
	}
	for d := range code.Descendants() {
		next := d.Symbol()
		if d.Is("identifier", "shorthand_property_identifier") && next != nil && next != sym && next.Decl.Within(executor) && !next.Decl.Within(code) && maySettle(next, executor, hops-1) {
			return true
		}
	}
	return false
}

// beginsSoonAgain reports whether a one-shot is armed by a method that has just ended the
// instance, in order to begin it again, soon.
func (s *scan) beginsSoonAgain(o *Obligation, in *instance) bool {
	if in.teardown == nil || !s.isBrief(o) || o.Handle.Place != Discarded {
		return false
	}
	for n := range o.Call.Function().Field("body").Own() {
		name, own := n.Field("function").Inner(false).ThisField()
		if n.Is("call_expression") && own && name == in.teardown.name && n.End() < o.Call.Start() {
			return true
		}
	}
	return false
}
