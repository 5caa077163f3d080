package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// reach is the code that runs when an instance ends: its teardown, what that
// calls or hands on, and the listeners for what comes of it.
type reach struct {
	functions map[int32]bool
	opaque    bool   // something unseen may run, too
	told      truths // what the function is told whose code is looked at
}

// reached is the code that the teardown of an instance runs.
func (s *scan) reached(in *instance) *reach {
	if in.reach == nil {
		in.reach = s.reachOf(in, slices.Concat(s.atTheEnd(in), in.ends, []syntax.Node{in.teardown.own})...)
	}
	return in.reach
}

// reachOf is the code that some functions run, of the class or the file.
func (s *scan) reachOf(in *instance, roots ...syntax.Node) *reach {
	r := &reach{functions: map[int32]bool{}}
	type visit struct {
		fn   syntax.Node
		told truths
	}
	var queue []visit
	seen := map[syntax.Node]bool{} // whatever they are told
	parts := map[string]bool{}     // as far as they are told something
	push := func(fn syntax.Node, t truths) {
		key := t.key(fn)
		if !fn.OK() || seen[fn] || key != "" && parts[key] {
			return
		}
		if key == "" {
			seen[fn] = true
		}
		parts[key] = true
		if fn.File() == s.f {
			r.functions[fn.ID()] = true
		}
		queue = append(queue, visit{fn, t})
	}
	for _, fn := range roots {
		push(fn, nil)
	}
	for budget := 400; len(queue) > 0; budget-- {
		if budget == 0 {
			r.opaque = true
			break
		}
		fn := queue[0].fn
		r.told, queue = queue[0].told, queue[1:]
		for n := range fn.Field("body").Descendants() {
			if r.told.skips(n, fn) {
				continue
			}
			if n.IsFunction() && n.File() == s.f {
				r.functions[n.ID()] = true // what it makes may run
				seen[n] = seen[n] || len(r.told) == 0
			}
			for _, next := range s.leadsTo(in, r, n) {
				push(next, r.told.toldBy(in.callOf(n, next), next))
			}
		}
	}
	r.told = nil
	return r
}

// leadsTo lists the functions that the code n may run, of the class or the file.
func (s *scan) leadsTo(in *instance, r *reach, n syntax.Node) []syntax.Node {
	var out []syntax.Node
	switch n.Kind() {
	case "member_expression", "subscript_expression":
		name, ok := n.ThisField()
		if ok && r.isTakenAway(n) {
			return nil
		}
		if !ok {
			r.opaque = r.opaque || n.Is("subscript_expression") && n.Field("object").IsThis()
			return nil
		}
		for _, m := range in.members {
			if m.Name == name && m.Method {
				out = append(out, m.Function())
			} else if m.Name == name && !onlyLetsGo(n) {
				out = append(out, s.functionsIn(in, m.Node.Field("value"))...)
			}
		}
		for _, ref := range in.refs[name] { // this.onClose = this.onClose.bind(this)
			if p := ref.Outer().Parent(); p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && !onlyLetsGo(n) {
				out = append(out, s.functionsIn(in, p.Field("right"))...)
			}
		}
		out = append(out, in.mixedIn(name)...)
		if len(out) == 0 {
			for _, c := range in.ancestors {
				for _, m := range syntax.Members(c.Node) {
					if m.Name == name && m.Function().OK() {
						return []syntax.Node{m.Function()}
					}
				}
			}
			if n.Parent().Field("function") == n && !in.isSeen() && !onEmitter[name] {
				r.opaque = true
			}
		}
	case "call_expression":
		callee := n.Field("function").Inner(false)
		if event, ok := n.Field("arguments").Child(0).StringValue(); emits[callee.Field("property").Text()] {
			r.opaque = r.opaque || !ok
			return s.listeners(in, event)
		}
		if callee.Field("object").Is("super") || callee.Is("super") {
			return s.above(in, r, callee)
		}
		for a := range n.Field("arguments").Children() {
			if a.Inner(false).IsThis() && !isMonitor(n) && !onEmitter[callee.Field("property").Text()] && !r.told.takesAway(n) {
				r.opaque = true // cleanUp(this)
			}
		}
		if fn := syntax.CalledFunction(n); fn.OK() {
			out = append(out, fn)
		}
	case "identifier":
		sym := n.Symbol()
		if sym == nil || sym.Node == n || r.isTakenAway(n) {
			break
		}
		if sym.Kind == syntax.Function {
			out = append(out, sym.Decl)
		}
		out = append(out, in.takenAs(sym)...)
	}
	return out
}

// takenAs are the methods that a variable was bound to: const { suspend } = this
func (in *instance) takenAs(sym *syntax.Symbol) []syntax.Node {
	var out []syntax.Node
	for _, m := range in.members {
		if m.Function().OK() && slices.Contains(in.taken[m.Name], sym) {
			out = append(out, m.Function())
		}
	}
	return out
}

// isTakenAway reports whether a function is named to be taken away from what it
// listened to: it does not run there.
func isTakenAway(n syntax.Node) bool {
	args := n.Outer().Parent()
	return args.Is("arguments") && takesAway(args.Parent())
}

// above is the inherited method that a call of super runs.
func (s *scan) above(in *instance, r *reach, callee syntax.Node) []syntax.Node {
	name := callee.Field("property").Text()
	for _, c := range in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name == name && m.Function().OK() {
				return []syntax.Node{m.Function()}
			}
		}
	}
	if !in.isSeen() && !frameworkHook(name) {
		r.opaque = true
	}
	return nil
}

var (
	emits     = map[string]bool{"emit": true, "dispatchEvent": true, "trigger": true, "fire": true, "dispatch": true}
	onEmitter = map[string]bool{
		"on": true, "once": true, "off": true, "addListener": true, "removeListener": true, "addEventListener": true,
		"removeEventListener": true, "removeAllListeners": true, "disconnect": true, "clearData": true, "is": true, "has": true,
	}
)

// frameworkHook: a teardown that only frameworks call, and that does nothing
// above.
func frameworkHook(name string) bool { return rank(name) >= 0 && rank(name) < rank("onunload") }

// listeners are the functions of an owner that are told of an event.
func (s *scan) listeners(in *instance, event string) []syntax.Node {
	var out []syntax.Node
	for n := range codeOf(in.class.Node) {
		if !n.Is("call_expression") {
			continue
		}
		args := n.Field("arguments")
		name, ok := args.Child(0).StringValue()
		if !ok || name != event || args.Len() < 2 {
			continue
		}
		out = append(out, s.functionsIn(in, args.Child(1))...)
	}
	return out
}

// atTheEnd are the functions of an owner that are told when something is over:
// what a teardown ends may tell them.
func (s *scan) atTheEnd(in *instance) []syntax.Node {
	var out []syntax.Node
	for n := range codeOf(in.class.Node) {
		switch {
		case n.IsFunction():
			if callbackOf(n).ends {
				out = append(out, n)
			}
		case n.Is("member_expression"):
			use := n.Outer()
			if b := use.Parent(); b.Field("property").Text() == "bind" {
				use = b.Parent()
			}
			if callbackOf(use).ends {
				out = append(out, s.functionsIn(in, use)...)
			}
		case n.Is("identifier"):
			if callbackOf(n).ends {
				out = append(out, s.functionsIn(in, n)...)
			}
		}
	}
	return out
}

// functionsIn are the functions that an expression is, binds or names.
func (s *scan) functionsIn(in *instance, value syntax.Node) []syntax.Node {
	var out []syntax.Node
	for d := range value.Descendants() {
		switch {
		case d.IsFunction():
			out = append(out, d)
		case d.Is("member_expression"):
			if name, ok := d.ThisField(); ok {
				for _, m := range in.members {
					if m.Name == name {
						out = append(out, m.Function())
					}
				}
			}
		case d.Is("identifier"):
			if sym := d.Symbol(); sym != nil {
				if fn := sym.Init().Inner(false); fn.IsFunction() {
					out = append(out, fn)
				} else if sym.Kind == syntax.Function {
					out = append(out, sym.Decl)
				}
			}
		}
	}
	return out
}

// beside reports whether a release of a field is one that the end of the instance
// does not come to: another way of closing has it, and the most final has not.
func (s *scan) beside(o *Obligation, in *instance, at syntax.Node, field string) bool {
	t := in.teardown
	if !in.ended() && (!in.endsHosted() || in.lasting) || rank(t.name) > rank("tearDown") && !in.endsForGood() || at.Within(o.Call) {
		return false
	}
	if !in.isSeen() && !frameworkHook(t.name) && !hooks[t.name] {
		return false
	}
	if keeper(at) == keeper(o.Call) {
		return false // it lives for the time of one call
	}
	if in.host != nil && endsByName(at) {
		return false // whoever wrote it may call it
	}
	if in.isInHigherEnd(at) {
		return false
	}
	r := s.reached(in)
	if r.opaque || s.calledByOthers(in, at) {
		return false
	}
	if s.onlyWhere(o, in, at) {
		return !slices.ContainsFunc(in.refs[field], func(ref syntax.Node) bool { return ref.Within(in.teardown.own) })
	}
	if r.runs(at) || s.reachOf(in, s.functionsIn(in, o.Call.Field("arguments"))...).runs(at) && !o.cancelledBy(in, at) {
		return false
	}
	// The teardown may know of it, somehow.
	return !slices.ContainsFunc(in.refs[field], r.runs)
}

// isInHigherEnd reports whether something is done by a method that is named as a teardown,
// too, and has the instance's teardown do the rest: it is the more final of the two.
//
//	stop() { clearInterval(this.tick); this.destroy(); }
func (in *instance) isInHigherEnd(at syntax.Node) bool {
	_, member := at.ThisClass()
	fn := syntax.FunctionOf(member)
	if !fn.OK() || !isTeardown(syntax.MemberName(member)) || syntax.MemberName(member) == in.teardown.name {
		return false
	}
	return slices.ContainsFunc(in.refs[in.teardown.name], func(r syntax.Node) bool {
		call := r.Outer().Parent()
		return call.Is("call_expression") && call.Statement().Parent() == fn.Field("body")
	})
}

// cancelledBy reports whether the method around a release does nothing but take
// away and reset, and is called by more than the one-shot itself: what it is there
// for is to cancel, and not to do at once what the one-shot would do.
func (o *Obligation) cancelledBy(in *instance, at syntax.Node) bool {
	_, member := at.ThisClass()
	fn := syntax.FunctionOf(member)
	if !o.Kind.OneShot || fn != at.Function() {
		return false
	}
	for stmt := range fn.Field("body").Children() {
		n := stmt.Child(0).Inner(false)
		reset := n.Is("assignment_expression") && (isNothing(n.Field("right")) || n.Field("right").Is("false"))
		if !stmt.Is("comment") && (!stmt.Is("expression_statement") || n != at && !takesAway(n) && !reset) {
			return false
		}
	}
	return slices.ContainsFunc(in.refs[syntax.MemberName(member)], func(r syntax.Node) bool {
		return !r.Within(o.Call) && !isTakenAway(r)
	})
}

// runs reports whether some code is in what is reached.
func (r *reach) runs(n syntax.Node) bool {
	for fn := n.Function(); fn.OK(); fn = fn.Function() {
		if r.functions[fn.ID()] {
			return true
		}
	}
	return false
}

// keeper is the method around some code.
func keeper(n syntax.Node) syntax.Node {
	_, member := n.ThisClass()
	return member
}

// endsByName reports whether the method around a release is, by its name, there to end
// the instance.
func endsByName(at syntax.Node) bool {
	_, member, _ := at.InstanceAt()
	name := strings.ToLower(syntax.MemberName(member))
	return strings.Contains(name, "destroy") || strings.Contains(name, "dispose")
}

// calledByOthers reports whether other code of the file calls the method around a
// release: whoever wrote that knows when the instance ends.
func (s *scan) calledByOthers(in *instance, at syntax.Node) bool {
	_, member, _ := at.InstanceAt()
	name := syntax.MemberName(member)
	if name == "" || name == in.teardown.name {
		return false
	}
	for id := range s.f.NodeCount() {
		n := s.f.Node(int32(id))
		callee := n.Field("function").Inner(false)
		if !n.Is("call_expression") || callee.Field("property").Text() != name || !callee.Field("object").Inner(false).Is("this") || n.Within(in.class.Node) {
			continue
		}
		if owner, _, _ := callee.InstanceAt(); !owner.OK() { // function () { this.off(); }, put on an instance
			return true
		}
	}
	return false
}
