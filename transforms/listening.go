package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// listening is a function that is told of an event: target.on('close', f).
type listening struct {
	target syntax.Node
	key    string // of the target, as placeKey has it
	event  string // in lower case
	call   syntax.Node
	given  syntax.Node   // what is registered, as it is written
	roots  []syntax.Node // the functions that it runs
	seen   bool          // those are all
}

// listeningIn finds what is registered in some code with targets that can be told
// apart.
func (s *scan) listeningIn(in *instance, code []syntax.Node) []listening {
	if len(code) == 0 {
		return nil
	}
	id := code[0].ID()
	if known, ok := s.heard[id]; ok {
		return known
	}
	var out []listening
	add := func(l listening) {
		if l.key = s.placeKey(l.target, 6); l.key == "?" || strings.HasPrefix(l.key, "?.") || strings.HasPrefix(l.key, "global ") {
			return
		}
		l.event = strings.ToLower(l.event)
		l.roots = s.runBy(in, l.given)
		l.seen = len(l.roots) > 0 || isNoop(l.given) || isEcho(l.given)
		out = append(out, l)
	}
	for _, part := range code {
		for n := range part.Descendants() {
			switch {
			case n.Is("call_expression"):
				callee, args := n.Field("function").Inner(false), n.Field("arguments")
				name := callee.Field("property").Text()
				event, ok := args.Child(0).StringValue()
				if !ok || args.Len() < 2 || !listens[name] {
					continue
				}
				target := callee.Field("object").Inner(false)
				for target.Is("call_expression") && chainable[target.Field("function").Field("property").Text()] {
					target = target.Field("function").Field("object").Inner(false)
				}
				add(listening{target: target, event: event, call: n, given: args.Child(1)})
			case n.Is("assignment_expression"): // socket.onclose = () => {}
				left := n.Field("left").Inner(false)
				event, ok := strings.CutPrefix(left.Field("property").Text(), "on")
				if ok && left.Is("member_expression") && n.Field("right").Inner(false).IsFunction() && event == strings.ToLower(event) {
					add(listening{target: left.Field("object").Inner(false), event: event, call: n, given: n.Field("right")})
				}
			}
		}
	}
	s.heard[id] = out
	return out
}

// listens are the methods that register a function for an event.
var listens = map[string]bool{
	"on": true, "once": true, "addListener": true, "prependListener": true, "prependOnceListener": true, "addEventListener": true,
}

// runBy are the functions that an expression runs when it is called, as far as the
// file shows: itself, one that it names, binds or wraps, the listeners for an event
// that it tells.
func (s *scan) runBy(in *instance, value syntax.Node) []syntax.Node {
	value = value.Inner(false)
	if isEcho(value) {
		event, _ := value.Field("arguments").Child(1).StringValue()
		return s.listeners(in, event)
	}
	if sym := value.Symbol(); value.Is("identifier") && sym != nil {
		if sym.Kind == syntax.Function {
			return []syntax.Node{sym.Decl}
		}
		return s.valuesOf(in, sym)
	}
	if value.IsFunction() {
		return []syntax.Node{value}
	}
	if value.Is("member_expression") || value.Is("call_expression") {
		return slices.DeleteFunc(s.functionsIn(in, value), func(fn syntax.Node) bool { return !fn.OK() })
	}
	return nil
}

// isEcho: this.emit.bind(this, 'close')
func isEcho(value syntax.Node) bool {
	value = value.Inner(false)
	b := value.Field("function").Inner(false)
	_, literal := value.Field("arguments").Child(1).StringValue()
	return b.Field("property").Text() == "bind" && emits[b.Field("object").Inner(false).Field("property").Text()] && literal
}

// isNoop: a listener that does nothing, called so.
func isNoop(n syntax.Node) bool {
	switch strings.ToLower(strings.Trim(n.Text(), "_")) {
	case "noop", "nop":
		return true
	}
	return false
}

// valuesOf are the functions that a variable is given, or that wrap themselves in
// what it is given: const done = once(() => {}).
func (s *scan) valuesOf(in *instance, sym *syntax.Symbol) []syntax.Node {
	var out []syntax.Node
	if init := sym.Init(); init.OK() {
		out = s.functionsIn(in, init)
	}
	for _, r := range sym.Refs {
		if p := r.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == r {
			out = append(out, s.functionsIn(in, p.Field("right"))...)
		}
	}
	return slices.DeleteFunc(out, func(fn syntax.Node) bool { return !fn.OK() })
}

// runs is what some functions run: now, or also later.
type runs struct {
	reach
	code   []syntax.Node // their bodies, and those of what they run
	untold []string      // the keys of the targets that tell something which nobody hears here
}

// runsOf follows what functions run. With now, only what runs before they return
// is followed; without, also what they hand on or make, other than to a timer.
func (s *scan) runsOf(in *instance, now bool, roots ...syntax.Node) *runs {
	r := &runs{reach: reach{functions: map[int32]bool{}}}
	var queue []syntax.Node
	push := func(fn syntax.Node) {
		if fn.OK() && (fn.File() != s.f || !r.functions[fn.ID()]) {
			if fn.File() == s.f {
				r.functions[fn.ID()] = true
			}
			queue = append(queue, fn)
		}
	}
	for _, fn := range roots {
		push(fn)
	}
	for budget := 400; len(queue) > 0; budget-- {
		if budget == 0 {
			r.opaque = true
			break
		}
		fn := queue[0]
		queue = queue[1:]
		if body := fn.Field("body"); fn.File() == s.f {
			r.code = append(r.code, body)
		}
		for n := range fn.Field("body").Own() {
			if n.IsFunction() && n.File() == s.f && (isInline(n) || !now && !muchLater(n)) {
				push(n)
			}
			if !now && muchLater(n) {
				continue
			}
			called := n.Is("call_expression") || n.Outer().Parent().Field("function").Inner(false) == n
			if now && !called || isLookedAt(n) {
				continue
			}
			if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Kind == syntax.Variable && !isTakenAway(n) {
				for _, next := range s.valuesOf(in, sym) {
					push(next)
				}
			}
			if called {
				for _, next := range s.handedAs(in, n) {
					push(next)
				}
			}
			if heard, key := s.toldBy(in, n); key != "" { // else whoever listens for it
				if len(heard) == 0 {
					r.untold = append(r.untold, key)
				}
				for _, next := range heard {
					push(next)
				}
				continue
			}
			for _, next := range s.leadsTo(in, &r.reach, n) {
				push(next)
			}
		}
	}
	return r
}

// toldBy are the functions that listen, to the same target, for what an evaluation
// tells, and the key of the target; "" where that is not to be seen.
func (s *scan) toldBy(in *instance, n syntax.Node) (heard []syntax.Node, key string) {
	callee := n.Field("function").Inner(false)
	event, literal := n.Field("arguments").Child(0).StringValue()
	if !n.Is("call_expression") || !literal || !emits[callee.Field("property").Text()] {
		return nil, ""
	}
	if key = s.placeKey(callee.Field("object"), 6); key == "?" || strings.HasPrefix(key, "?parameter") {
		return nil, ""
	}
	for _, l := range s.listeningIn(in, s.aroundOf(in, n)) {
		if l.key == key && l.event == strings.ToLower(event) {
			heard = append(heard, l.roots...)
		}
	}
	return heard, key
}

// aroundOf is the code that can share what n mentions: of the instance, else of the
// outermost function.
func (s *scan) aroundOf(in *instance, n syntax.Node) []syntax.Node {
	if code := syntax.Code(in.class.Node); len(code) > 0 {
		return code
	}
	fn := n.Function()
	for fn.Function().OK() {
		fn = fn.Function()
	}
	return []syntax.Node{fn}
}

// handedAs are the functions that the callers of a local function give it for the
// parameter that is called at n.
func (s *scan) handedAs(in *instance, n syntax.Node) []syntax.Node {
	sym := n.Symbol()
	if !n.Is("identifier") || sym == nil || sym.Kind != syntax.Parameter {
		return nil
	}
	fn := sym.Decl.Function()
	index := slices.Index(parametersOf(fn), sym)
	if index < 0 {
		return nil
	}
	var out []syntax.Node
	for _, call := range s.callsOf(fn) {
		if arg := call.Field("arguments").Child(index); arg.OK() {
			out = append(out, s.runBy(in, arg)...)
		}
	}
	return out
}

// isLookedAt: an expression whose value is not run where it stands, but asked, or
// something of it: this.timer.ref(), !this.timer.
func isLookedAt(n syntax.Node) bool {
	v := n.Outer()
	switch p := v.Parent(); p.Kind() {
	case "member_expression":
		switch p.Field("property").Text() {
		case "call", "apply", "bind":
			return false
		}
		return p.Field("object") == v
	case "unary_expression", "binary_expression":
		return p.Field("operator").Text() != "||" && p.Field("operator").Text() != "&&" && p.Field("operator").Text() != "??"
	case "if_statement":
		return true
	}
	return syntax.IsWrite(n)
}

// muchLater: a timer runs it, which is not of what is over but of what begins anew.
func muchLater(fn syntax.Node) bool {
	args := fn.Outer().Parent()
	origin, ok := args.Parent().Field("function").Origin()
	return args.Is("arguments") && ok && (origin.Last() == "setTimeout" || origin.Last() == "setInterval")
}

// has reports whether some code is in what runs, itself and not only a function
// around it.
func (r *runs) has(n syntax.Node) bool {
	fn := n.Function()
	return fn.OK() && fn.File() == n.File() && r.functions[fn.ID()]
}
