package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// callback is how often a function runs that is handed on, or a method.
type callback struct {
	at      syntax.Node // the call that it is given to, or the assignment; the zero Node: nobody knows
	how     string
	repeats bool
	ends    bool // it runs when something is over, or has failed
}

// callbackOf looks at what a function expression is given to.
func callbackOf(fn syntax.Node) callback {
	v := fn.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "arguments":
		return given(p.Parent(), v)
	case "assignment_expression":
		left := p.Field("left").Inner(false)
		if event, ok := strings.CutPrefix(left.Field("property").Text(), "on"); ok && p.Field("right") == v && event != "" {
			return onEvent(p, event)
		}
	}
	return callback{}
}

// given: a function is an argument of a call.
func given(call, fn syntax.Node) callback {
	callee := call.Field("function").Inner(false)
	args := call.Field("arguments")
	name := callee.Field("property").Text()
	if !callee.Is("member_expression") {
		name = callee.Text()
	}
	switch name {
	case "on", "addListener", "prependListener", "addEventListener", "attachEvent", "$on":
		event, ok := args.Child(0).StringValue()
		if !ok || strings.Contains(args.Child(2).Text(), "once") {
			return callback{at: call}
		}
		return onEvent(call, event)
	case "once", "prependOnceListener":
		event, _ := args.Child(0).StringValue()
		return callback{at: call, ends: endEvents[strings.ToLower(event)]}
	case "then", "finally", "setTimeout", "setImmediate", "nextTick", "queueMicrotask", "subscribe", "requestAnimationFrame":
		return callback{at: call}
	case "setInterval":
		return callback{at: call, how: "in the callback of an interval", repeats: true}
	case "catch":
		return callback{at: call, ends: true}
	case "connect":
		if signal := callee.Field("object").Field("property").Text(); strings.HasSuffix(strings.ToLower(signal), "changed") {
			return callback{at: call, how: "whenever " + signal + " is told", repeats: true}
		}
	}
	if rest, ok := strings.CutPrefix(name, "onDid"); ok && rest != "" && !endEvents[strings.ToLower(rest)] {
		return callback{at: call, how: "whenever " + name + " is told", repeats: true}
	}
	if isOnce(call) {
		return callback{at: call}
	}
	return callback{}
}

// isOnce: a function that is given its answer, as those of node are, calls back
// once.
func isOnce(call syntax.Node) bool {
	last := call.Field("arguments").Child(call.Field("arguments").Len() - 1)
	return answerNames[last.Text()]
}

func onEvent(at syntax.Node, event string) callback {
	switch name := strings.ToLower(event); {
	case endEvents[name]:
		return callback{at: at, ends: true}
	case onceEvents[name], onlyOnceEvents[event]:
		return callback{at: at}
	}
	return callback{at: at, how: "on every " + event, repeats: true}
}

// endEvents tell that something is over, and what it had with it.
var endEvents = map[string]bool{
	"close": true, "closed": true, "end": true, "ended": true, "error": true, "exit": true, "disconnect": true, "disconnected": true,
	"finish": true, "abort": true, "aborted": true, "timeout": true, "destroy": true, "destroyed": true, "dispose": true, "disposed": true,
	"stop": true, "stopped": true, "failed": true, "fail": true, "connect_error": true, "unload": true, "beforeunload": true, "pagehide": true,
}

// onceEvents happen once in the life of what tells them, or not before it ended.
var onceEvents = map[string]bool{
	"open": true, "load": true, "loaded": true, "loadend": true, "ready": true, "listening": true, "connect": true, "connected": true,
	"connection_open": true, "spawn": true, "online": true, "start": true, "started": true, "init": true, "initialized": true,
	"domcontentloaded": true, "upgrade": true, "secureconnect": true, "response": true, "readystatechange": true,
}

// takesItselfAway: a listener that ends its own registration.
func takesItselfAway(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		name := callee.Field("property").Text()
		if !callee.Is("member_expression") {
			name = callee.Text()
		}
		switch name {
		case "off", "removeListener", "removeEventListener", "removeAllListeners", "unsubscribe", "clearInterval", "disconnect", "un":
			return true
		}
	}
	return false
}

// inFailure reports whether n runs where something has failed: in a catch
// clause of its function.
func inFailure(n, fn syntax.Node) bool {
	for p := n; p.OK() && p != fn; p = p.Parent() {
		if p.Is("catch_clause") {
			return true
		}
	}
	return false
}

// inCondition reports whether a part of an expression decides which way is
// taken.
func inCondition(n syntax.Node) bool {
	for p := n; p.OK() && !p.IsFunction(); p = p.Parent() {
		q := p.Parent()
		switch {
		case q.Field("condition") == p, q.Is("switch_statement") && q.Field("value") == p:
			return true
		case q.Is("binary_expression") && q.Field("left") == p && (q.HasToken("&&") || q.HasToken("||") || q.HasToken("??")):
			return true
		case p.IsStatement():
			return false
		}
	}
	return false
}

// repeatedHooks are called by frameworks again and again in an instance's life.
var repeatedHooks = map[string]bool{
	"componentDidUpdate": true, "componentWillReceiveProps": true, "UNSAFE_componentWillReceiveProps": true, "ngOnChanges": true, "ngDoCheck": true, "ngAfterViewChecked": true, "ngAfterContentChecked": true,
	"attributeChangedCallback": true,
}

// onceHooks are called once, or not again before the hook that ends it.
var onceHooks = map[string]bool{
	"constructor": true, "connectedCallback": true, "componentDidMount": true, "componentWillMount": true, "UNSAFE_componentWillMount": true,
	"ngOnInit": true, "ngAfterViewInit": true, "ngAfterContentInit": true, "onModuleInit": true, "onApplicationBootstrap": true,
	"created": true, "mounted": true, "beforeMount": true, "beforeCreate": true, "onload": true, "onLoad": true, "onAdd": true,
	"addHooks": true, "firstUpdated": true, "activate": true, "didInsertElement": true, "enterDocument": true, "onAttach": true,
	"onAfterAttach": true, "beforeEach": true, "setUp": true, "setup": true,
}

// startsAgain: a name that says that it was done before.
func startsAgain(name string) bool {
	name = strings.TrimLeft(name, "_#")
	for _, verb := range []string{"restart", "reload", "reset", "rearm", "reschedule", "refresh", "reinit"} {
		if strings.HasPrefix(strings.ToLower(name), verb) {
			return true
		}
	}
	return false
}
