package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// An instance may be ended while it waits for an answer. What it acquires when the
// answer comes is then nobody's: the teardown has been, and comes no more. A class
// that knows of that keeps a flag, which the teardown sets and others ask; where
// one continuation does not ask it, it was forgotten.

// late asks that about one acquisition of an instance.
type late struct {
	s     *scan
	in    *instance
	reach *reach
	ended map[string]bool // fields that the end of the instance sets
	seen  map[int32]bool
}

// judgeLate looks at what the teardown of an instance releases: may it be acquired
// after that?
func (s *scan) judgeLate(o *Obligation) {
	if o.Status != Met || o.Standing != Leak || o.Kind.OneShot || o.Kind.Registers() || !o.Owner.isInstance() || len(o.releases) == 0 ||
		o.Handle.Place != InField && o.Handle.Place != InSet {
		return
	}
	in := s.instance(o.Owner.Node)
	t := in.teardown
	if t == nil || !t.own.OK() {
		return
	}
	l := &late{s: s, in: in, reach: s.reached(in), seen: map[int32]bool{}}
	if o.Call.Within(t.own) || !l.flags(o.Handle.Field) {
		return
	}
	if place, ok := l.continues(o.Call, 4); ok {
		s.unmet(o, MissingPath, []ExitPlace{{place, t.name + "() may have been called before"}})
		o.Form, o.gist = formGuard{}, place
	}
}

// flags collects what the end of the instance sets, and reports whether there is a
// flag among it, which code other than the end asks before it goes on.
func (l *late) flags(handle string) bool {
	l.ended = map[string]bool{}
	asked := false
	for name, refs := range l.in.refs {
		if name == handle {
			continue
		}
		set, flag, back := false, false, false
		for _, ref := range refs {
			p := ref.Outer().Parent()
			if p.Is("assignment_expression") && p.Field("left").Inner(false) == ref && l.reach.runs(ref) {
				set = true
				flag = flag || p.Field("right").Inner(false).Is("true")
				back = back || p.Field("right").Inner(false).Is("false")
			}
		}
		if set {
			l.ended[name] = true
		}
		asked = asked || flag && !back && slices.ContainsFunc(refs, func(ref syntax.Node) bool {
			return turnsBack(ref) && !ref.Within(l.in.teardown.own)
		})
	}
	return asked
}

// turnsBack reports whether a mention is asked by an if that leaves the function.
func turnsBack(ref syntax.Node) bool {
	if !inCondition(ref) {
		return false
	}
	branch := ref.Ancestor("if_statement")
	if !branch.OK() || !ref.Within(branch.Field("condition")) {
		return false
	}
	body := branch.Field("consequence")
	for n := range body.Own() {
		if n.Is("return_statement", "throw_statement") {
			return true
		}
	}
	return body.Is("return_statement", "throw_statement")
}

// continues reports whether n is evaluated when something has been waited for, with
// nobody asking after that whether the instance has ended; with the place where it
// went on.
func (l *late) continues(n syntax.Node, hops int) (syntax.Node, bool) {
	fn := n.Function()
	for fn.OK() && isInline(fn) {
		n = callAround(fn)
		fn = n.Function()
	}
	if !fn.OK() || hops == 0 || l.seen[n.ID()] || n.Within(l.in.teardown.own) || l.asks(fn) {
		return syntax.Node{}, false
	}
	l.seen[n.ID()] = true
	if waitedBefore(fn, n) {
		return n, true
	}
	owner, member := fn.ThisClass()
	if owner != l.in.class.Node || syntax.FunctionOf(member) != fn {
		return fn, l.answers(fn, 3)
	}
	if isPrivate(member) && l.inMaking(fn, 3) {
		return syntax.Node{}, false
	}
	for _, ref := range l.in.refs[syntax.MemberName(member)] {
		use := ref.Outer()
		if call := use.Parent(); call.Field("function") == use {
			if _, ok := l.continues(call, hops-1); ok {
				return n, true
			}
		}
	}
	return syntax.Node{}, false
}

// inMaking reports whether a private method is called by nothing but static ones of its class,
// of an instance that these have just made and wait for: nobody else has it yet.
//
//	static async open() { const line = new Line(); await line.#dial(); return line; }
func (l *late) inMaking(fn syntax.Node, hops int) bool {
	class, member := fn.ThisClass()
	name := syntax.MemberName(member)
	calls := 0
	for n := range class.Descendants() {
		if !n.Is("member_expression") || n.Field("property").Text() != name || n.Field("property") == member.Field("name") {
			continue
		}
		calls++
		call := n.Outer().Parent()
		if !call.Is("call_expression") || !call.Outer().Is("await_expression") && !call.Parent().Is("await_expression") {
			return false
		}
		if n.Field("object").Inner(false).IsThis() {
			by := n.Function()
			_, other := by.ThisClass()
			if by == fn || hops == 0 || !isPrivate(other) || syntax.FunctionOf(other) != by || !l.inMaking(by, hops-1) {
				return false
			}
			continue
		}
		made := n.Field("object").Inner(false).Symbol().Init().Inner(true)
		if !made.Is("new_expression") || made.Function() != n.Function() || !n.Function().HasToken("static") {
			return false
		}
	}
	return calls > 0
}

// waitedBefore reports whether a function has awaited something when it comes to n,
// or awaits n itself.
func waitedBefore(fn, n syntax.Node) bool {
	if n.Outer().Is("await_expression") {
		return true
	}
	stmt := n.Statement()
	for stmt.OK() && stmt.Parent().OK() && stmt.Function() == fn {
		for c := range stmt.Parent().Children() {
			if c == stmt {
				break
			}
			for d := range c.Own() {
				if d.Is("await_expression") && d.Function() == fn {
					return true
				}
			}
		}
		stmt = stmt.Parent()
	}
	return false
}

// answers reports whether a function is given to something that calls it later,
// with an answer: to then(), as a callback that is told of errors first, or to a
// method of the class that calls it from one of those.
func (l *late) answers(fn syntax.Node, hops int) bool {
	args := fn.Outer().Parent()
	call := args.Parent()
	if hops == 0 || !args.Is("arguments") || !call.Is("call_expression") {
		return false
	}
	callee := call.Field("function").Inner(false)
	name := callee.Field("property").Text()
	if name == "then" {
		return true
	}
	if chainable[name] || name == "addEventListener" || iterators[name] {
		return false
	}
	if params := parametersOf(fn); len(params) > 0 && isErrorName(params[0].Name) {
		return true
	}
	method, ok := callee.ThisField()
	if !ok {
		return false
	}
	for _, m := range l.in.members {
		if m.Name != method || !m.Function().OK() {
			continue
		}
		param := parameter(m.Function(), argumentIndex(fn.Outer()))
		if pattern := param.Field("pattern"); pattern.OK() {
			param = pattern
		}
		sym := param.Symbol()
		return sym != nil && slices.ContainsFunc(sym.Refs, func(ref syntax.Node) bool {
			in := ref.Function()
			return in != m.Function() && in.OK() && l.answers(in, hops-1)
		})
	}
	return false
}

// asks reports whether a function asks for something that the end of the instance
// sets, itself or by a method.
func (l *late) asks(fn syntax.Node) bool {
	for n := range fn.Field("body").Descendants() {
		name, ok := n.ThisField()
		if !ok || !n.Is("member_expression", "subscript_expression") || !inCondition(n) {
			continue
		}
		if l.ended[name] {
			return true
		}
		for _, m := range l.in.members {
			if m.Name != name || !m.Function().OK() && !m.Getter {
				continue
			}
			for d := range m.Node.Descendants() {
				if read, ok := d.ThisField(); ok && l.ended[read] {
					return true
				}
			}
		}
	}
	return false
}
