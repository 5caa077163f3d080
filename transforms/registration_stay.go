package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// stayOf says how long the target of a registration in a class stays.
func (s *scan) stayOf(o *Obligation, in *instance) stay {
	key := s.placeKey(o.target(), 6)
	field, isField := strings.CutPrefix(key, "this.")
	if sym := rootOf(o.target()).Symbol(); isTold(sym) || isPartOfTold(o.target(), 3) {
		return unknownStay // how long what one call was told of stays
	}
	if from := foundIn(o.target(), 4); from.OK() && s.placeKey(from, 6) != "global document" {
		return unknownStay // a part of what was given goes with that, as a rule
	}
	switch {
	case in.host.isHostPart(key), isPageOf(o.target()):
		return lastingStay
	case s.keepsAbove(in, o.target()):
		return lastingStay
	case in.hosted && (strings.Contains(key, "(") || strings.HasPrefix(key, "this.$")):
		return lastsBeyond(key)
	case in.host != nil && in.host.view && foundInPage(key):
		return unknownStay // it may be a part of what the instance draws
	case key == "this", in.hostOfController(key), in.ofOwnElement(key):
		return ownStay
	case isField && o.endsWithSignal(in, field):
		return givenStay
	case isField:
		field, _, _ = strings.Cut(field, ".")
		if given, _ := sources(in, field); given && !adopted(in, field) {
			return givenStay
		}
		if len(in.refs[field]) > 0 && slices.ContainsFunc(in.refs[field], syntax.IsWrite) ||
			slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == field && m.Node.Field("value").OK() }) {
			return ownStay
		}
	case strings.HasPrefix(key, "?parameter ") && o.Call.Function().IsConstructor():
		return givenStay
	case in.host != nil && strings.Contains(key, "("):
		return unknownStay // what is looked up may be of its own template
	case strings.HasPrefix(key, "global "), strings.HasPrefix(key, "module "):
		return lastingStay
	}
	return unknownStay
}

// isTold reports whether a name is that of what one call was told of.
func isTold(sym *syntax.Symbol) bool {
	return sym != nil && sym.Kind == syntax.Parameter && !sym.Decl.Function().IsConstructor() && keptIn(sym) == ""
}

// isPartOfTold reports whether an expression, or a constant that is it, reads a part of
// what one call was told of by its name: Reflect.get(told, 'socket').
func isPartOfTold(n syntax.Node, hops int) bool {
	n = n.Inner(true)
	if sym := n.Symbol(); n.Is("identifier") && hops > 0 && sym != nil && sym.Constant() {
		return isPartOfTold(sym.Init(), hops-1)
	}
	return n.Is("call_expression") && calleeText(n) == "Reflect.get" && isTold(n.Field("arguments").Child(0).Inner(true).Symbol())
}

// endsWithSignal reports whether a registration waits for the signal in something that
// the instance keeps, other than a controller that it made: whoever gave the signal
// has the controller.
func (o *Obligation) endsWithSignal(in *instance, field string) bool {
	root, rest, more := strings.Cut(field, ".")
	if o.Kind.OneShot || !o.Kind.Awaited || !more || rest != "signal" {
		return false
	}
	controls := func(ref syntax.Node) bool { return syntax.TypeOf(ref).Name() == "AbortController" }
	return len(in.refs[root]) > 0 && !slices.ContainsFunc(in.refs[root], func(r syntax.Node) bool {
		return controls(r) || syntax.IsWrite(r) && controls(r.Outer().Parent().Field("right"))
	})
}

// isPageOf reports whether an expression gives the window or the document that an element
// is in.
func isPageOf(n syntax.Node) bool {
	n = n.Inner(true)
	name := n.Field("property").Text()
	return n.Is("member_expression") && (name == "defaultView" || name == "ownerDocument")
}

// sources says whether a field holds what the instance was given, by itself or as
// a part of something, and whether it holds what the instance made.
func sources(in *instance, field string) (given, made bool) {
	given = in.borrowed(field) && !in.onlyAwaited(field)
	for _, ref := range in.refs[field] {
		p := ref.Outer().Parent()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref {
			continue
		}
		for _, v := range alternatives(p.Field("right")) {
			sym := rootOf(v).Symbol()
			switch {
			case v.Is("new_expression", "call_expression", "object", "array"):
				made = true
			case v.Is("identifier") && sym != nil && sym.Kind == syntax.Parameter && isThen(sym.Decl.Function()):
				made = true // what was waited for
			case v.Is("member_expression", "identifier") && sym != nil && (sym.Kind == syntax.Parameter || isCopyOfParameter(sym)):
				given = true
			}
		}
	}
	return given, made
}

// adopted reports whether what is in a field, or what it was given as, is added to
// something of the instance, with which it may end.
func adopted(in *instance, field string) bool {
	given := map[string]bool{"this." + field: true}
	for _, ref := range in.refs[field] {
		if p := ref.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == ref {
			given[squeeze(p.Field("right"))] = true
		}
	}
	for n := range codeOf(in.class.Node) {
		if !n.Is("call_expression") {
			continue
		}
		name := n.Field("function").Inner(false).Field("property").Text()
		if !strings.HasPrefix(name, "add") && !strings.HasPrefix(name, "append") && !strings.HasPrefix(name, "attach") || strings.HasPrefix(name, "addEventListener") {
			continue
		}
		if given[squeeze(n.Field("arguments").Child(0))] {
			return true
		}
	}
	return false
}

// isCopyOfParameter: const options = given || {}
func isCopyOfParameter(sym *syntax.Symbol) bool {
	for _, v := range alternatives(sym.Init()) {
		if p := v.Symbol(); p != nil && p.Kind == syntax.Parameter {
			return true
		}
	}
	return false
}

// alternatives are the values that an expression may have: a and b of a || b.
func alternatives(n syntax.Node) []syntax.Node {
	n = n.Inner(true)
	switch n.Kind() {
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "??", "||", "&&":
			return append(alternatives(n.Field("left")), alternatives(n.Field("right"))...)
		}
	case "ternary_expression":
		return append(alternatives(n.Field("consequence")), alternatives(n.Field("alternative"))...)
	case "assignment_expression":
		return alternatives(n.Field("right"))
	}
	return []syntax.Node{n}
}

// emits reports whether the target is known to have the methods: by its type, as
// a global of the platform, or by an import whose class has both.
func (s *scan) emits(o *Obligation) bool {
	if a := o.Acquire.Pattern.Anchor; a == "addEventListener" || strings.HasPrefix(a, "$") || o.Acquire.Pattern.Rooted() || len(o.Acquire.From) > 0 {
		return true // nothing else is called that, or it is of a module that is known
	}
	if o.Acquire.Pattern.Receiver() != o.Kind.Retainer {
		return false // whoever registers for others may end it for them
	}
	if class, _ := s.ownerAt(o.Call); class.OK() && s.instance(class).host.isHostPart(s.placeKey(o.target(), 6)) {
		return true
	}
	if isKnownEmitter(o.target()) {
		return true
	}
	origin, ok := o.target().Origin()
	if ok && origin.Module == "" && len(origin.Path) == 1 {
		return origin.Path[0] == "process"
	}
	if event, _ := o.event().Inner(false).StringValue(); nodeEvents[event] && !s.f.TypeScript() {
		return true // as streams, sockets and servers name them
	}
	t := syntax.TypeOf(o.target())
	if t.Module == "" && !t.Decl.OK() || t.Derived {
		if e := s.typeElsewhere(o.target()); e.OK() {
			t = e
		}
	}
	if emitterMakers[syntax.ModuleName(t.Module)] {
		return true
	}
	if name := t.Name(); !t.Derived && (emitterTypes[name] || isEvents(t.Module, name)) {
		return true
	}
	class, ok := s.Project.ClassOf(s.ctx, s.f, t)
	if !ok || s.makes(class, o.Owner.Name) {
		return false
	}
	if _, _, ok := s.Project.FindMember(s.ctx, class, o.Acquire.Pattern.Anchor); ok {
		for _, r := range o.Kind.Release {
			if _, _, ok := s.Project.FindMember(s.ctx, class, r.Pattern.Anchor); ok {
				return true
			}
		}
	}
	chain, _ := s.Project.Ancestors(s.ctx, class)
	for _, c := range append([]project.Class{class}, chain...) {
		if o, ok := syntax.Extends(c.Node).Origin(); ok && (emitterTypes[o.Last()] || isEvents(o.Module, o.Last())) {
			return true
		}
	}
	return false
}

// isEvents: the module itself is the class, too.
func isEvents(module, name string) bool {
	return syntax.ModuleName(module) == "events" && (name == "" || name == "default" || name == "*")
}

// makes reports whether a class makes others of the name given and hands itself
// over: what it made ends with it.
func (s *scan) makes(class project.Class, name string) bool {
	for n := range codeOf(class.Node) {
		if !n.Is("new_expression") || n.Field("constructor").Text() != name {
			continue
		}
		for a := range n.Field("arguments").Descendants() {
			if a.Is("this") {
				return true
			}
		}
	}
	return false
}

// emitterTypes are types of Node whose values emit events.
var emitterTypes = map[string]bool{
	"EventEmitter": true, "EventEmitter2": true, "EventEmitter3": true, "Readable": true, "Writable": true, "Duplex": true, "Transform": true,
	"Socket": true, "Server": true, "ChildProcess": true, "Process": true, "ReadStream": true, "WriteStream": true, "TypedEmitter": true,
}

// emitterMakers are modules whose function makes emitters.
var emitterMakers = map[string]bool{"mitt": true, "tiny-emitter": true}

// nodeEvents are names of events that Node's own emitters have, and little else.
var nodeEvents = map[string]bool{
	"error": true, "close": true, "end": true, "finish": true, "drain": true, "data": true, "readable": true, "listening": true, "connection": true,
	"connect": true, "upgrade": true, "timeout": true, "lookup": true, "exit": true, "disconnect": true, "message": true, "secureConnect": true,
}

// endOfTarget is the call by which the class ends what the registration is with.
func (s *scan) endOfTarget(o *Obligation, in *instance) syntax.Node {
	key := s.placeKey(o.target(), 6)
	if sym := o.target().Inner(false).Symbol(); sym != nil && strings.HasPrefix(key, "?") {
		for _, r := range sym.Refs {
			if m := r.Outer().Parent(); m.Parent().Field("function") == m && (isTeardown(m.Field("property").Text()) || enders[m.Field("property").Text()]) {
				return m.Parent()
			}
		}
	}
	if !strings.HasPrefix(key, "this.") {
		return syntax.Node{}
	}
	root, _, _ := strings.Cut(strings.TrimPrefix(key, "this."), ".")
	given, made := sources(in, root)
	for n := range codeOf(in.class.Node) {
		if !n.Is("call_expression") {
			continue
		}
		fn := calledMember(n)
		if s.takesOutOfPage(n, key, in) {
			return n
		}
		if !endsItsOwner(fn) || n.Function().IsConstructor() && n.Function() == o.Call.Function() {
			continue // what is done where it is registered is no end
		}
		if given && made && n.Ancestor("if_statement", "try_statement").OK() && !asksItselfOnly(n, fn.Field("object").Inner(false)) {
			continue // it ends what it made, and not what it was given
		}
		for at := fn.Field("object").Inner(false); at.OK(); at = at.Field("object").Inner(false) {
			if s.placeKey(at, 6) == key || at.Is("identifier") && slices.ContainsFunc(alternatives(at.Symbol().Init()), func(v syntax.Node) bool { return s.placeKey(v, 6) == key }) {
				return n
			}
			if !at.Is("member_expression") {
				break
			}
		}
		if name, ok := fn.Field("object").ThisField(); ok && name == root && (!in.borrowed(root) || givesWay(n, in.refs[root])) {
			return n
		}
	}
	return syntax.Node{}
}

// takesOutOfPage reports whether a call takes what a field holds out of the page, which the instance
// made and is in no other place, or which is then forgotten: Dom.remove(this.icon); this.icon = null;
func (s *scan) takesOutOfPage(call syntax.Node, key string, in *instance) bool {
	name, args := calleeName(call), call.Field("arguments")
	if name != "remove" && name != "removeChild" && name != "removeNode" || args.Len() != 1 || s.placeKey(args.Child(0), 6) != key || strings.Contains(strings.TrimPrefix(key, "this."), ".") {
		return false
	}
	for next := call.Statement().NextNamed(); next.OK(); next = next.NextNamed() {
		put := next.Child(0)
		if put.Is("assignment_expression") && isNothing(put.Field("right").Inner(true)) && s.placeKey(put.Field("left"), 6) == key {
			return true
		}
	}
	return in.createsElement(strings.TrimPrefix(key, "this."))
}

// createsElement reports whether a field is filled with an element that is created there, and
// with nothing else.
func (in *instance) createsElement(field string) bool {
	created := false
	for _, ref := range in.refs[field] {
		if !syntax.IsWrite(ref) {
			continue
		}
		if created = calleeName(ref.Outer().Parent().Field("right").Inner(true)) == "createElement"; !created {
			return false
		}
	}
	return created
}

// enders are further methods that end what they are called on, or take it out of
// the page.
var enders = map[string]bool{"remove": true, "abort": true, "unref": true, "destroySoon": true, "complete": true, "empty": true}

// isThen reports whether a function is called with what a promise resolves to.
func isThen(fn syntax.Node) bool {
	args := fn.Outer().Parent()
	return args.Is("arguments") && calleeName(args.Parent()) == "then"
}

// onlyAwaited reports whether all that a field is filled with by its name is what some
// promise resolved to.
func (in *instance) onlyAwaited(field string) bool {
	if slices.ContainsFunc(in.members, func(m syntax.Member) bool { return m.Name == field && m.Param }) {
		return false
	}
	return !slices.ContainsFunc(in.refs[field], func(ref syntax.Node) bool {
		p := ref.Outer().Parent()
		sym := p.Field("right").Inner(false).Symbol()
		return p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && sym != nil && sym.Kind == syntax.Parameter && !isThen(sym.Decl.Function())
	})
}

// pageEvents are what parts of a page tell of.
var pageEvents = map[string]bool{
	"click": true, "dblclick": true, "contextmenu": true, "keydown": true, "keyup": true, "keypress": true, "input": true, "change": true,
	"submit": true, "focus": true, "blur": true, "focusin": true, "focusout": true, "scroll": true, "wheel": true, "drop": true,
	"mousedown": true, "mouseup": true, "mousemove": true, "mouseover": true, "mouseout": true, "mouseenter": true, "mouseleave": true,
	"pointerdown": true, "pointerup": true, "pointermove": true, "pointercancel": true, "touchstart": true, "touchmove": true, "touchend": true,
	"dragstart": true, "dragover": true, "dragend": true, "transitionend": true, "animationend": true,
}
