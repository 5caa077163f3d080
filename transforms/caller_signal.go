package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A caller's signal may live much longer than the call that it can stop. What a function
// has listen to it is over with what the function does, and stays on the signal: each call
// leaves one more.
//
//	async run(task, signal) {
//		const job = this.begin(task);
//		signal.addEventListener('abort', () => job.cancel(), { once: true });
//		return await job.done();
//	}

// judgeCallersSignal judges what listens to the signal of whoever calls a function. It says
// nothing (false) where it does not show that it is over with what the function does.
func (s *scan) judgeCallersSignal(o *Obligation, home syntax.Node) bool {
	if !o.Kind.Awaited || o.Kind.OneShot || home.IsGenerator() || home.IsConstructor() {
		return false
	}
	if s.judgeHelper(o, home) {
		return true
	}
	if !isToldSignal(o.target(), home) || s.signalMadeByCallers(o.target(), home) {
		return false
	}
	fn := functionGiven(o.handler())
	if !fn.OK() {
		return false
	}
	if p := settledLater(fn, home); p.OK() {
		o.Owner = Owner{OwnerBlock, nameOf(home), home}
		o.Evidence = append(o.Evidence, "what it does is over when the promise settles that is returned")
		s.unmet(o, NeverReleased, []ExitPlace{{p, "the promise settles"}})
		o.Refusal = refuse(NoOwner, "the promise of line %d is settled elsewhere: take the %s away there", lineOfNode(p), o.Kind.Noun)
		return true
	}
	if !isOverWith(home, fn, o.Call) {
		return false
	}
	g := s.graph(home)
	s.waysOut(o, home, g, s.points(g, home, o.Call.Outer()), nil, false)
	return true
}

// judgeHelper judges a registration of a function that is given both the signal and what is
// to listen to it, and that only this file calls: with functions that nobody has a name for.
func (s *scan) judgeHelper(o *Obligation, home syntax.Node) bool {
	name := functionName(home)
	f, target := o.handler().Inner(false).Symbol(), o.target().Inner(false).Symbol()
	if name == nil || !home.Is("function_declaration") || s.leaves(name) || f == nil || target == nil {
		return false
	}
	at, of := parameterIndex(home, f), parameterIndex(home, target)
	if at < 0 || of < 0 {
		return false
	}
	var lost syntax.Node
	for _, ref := range name.Refs {
		call := ref.Outer().Parent()
		in := call.Function()
		if ref == name.Node {
			continue
		}
		if call.Field("function") != ref.Outer() || !in.OK() || !call.Parent().Is("expression_statement") || !call.Field("arguments").Child(at).Inner(false).IsFunction() {
			return false
		}
		fn, signal := call.Field("arguments").Child(at).Inner(false), call.Field("arguments").Child(of).Inner(false)
		if isToldSignal(signal, in) && !s.signalMadeByCallers(signal, in) && (settledLater(fn, in).OK() || isOverWith(in, fn, call)) {
			lost = call
		}
	}
	if !lost.OK() {
		return false
	}
	o.Owner = Owner{OwnerBlock, nameOf(lost.Function()), lost.Function()}
	o.Evidence = append(o.Evidence, fmt.Sprintf("%s() gives nothing back to take it away with", name.Name))
	s.unmet(o, NeverReleased, []ExitPlace{{lost, "what is registered here has no name"}})
	o.Refusal = refuse(NoOwner, "%s() has to give back what takes the %s away, for line %d to call it in the end", name.Name, o.Kind.Noun, lineOfNode(lost))
	return true
}

// parameterIndex is which parameter of a function a symbol is; -1 for none.
func parameterIndex(fn syntax.Node, sym *syntax.Symbol) int {
	for i := range fn.Field("parameters").Len() {
		p := parameter(fn, i)
		if pattern := p.Field("pattern"); pattern.OK() {
			p = pattern
		}
		if p.Is("identifier") && p.Symbol() == sym && !slices.ContainsFunc(sym.Refs, syntax.IsWrite) {
			return i
		}
	}
	return -1
}

// isToldSignal reports whether a signal is a parameter of a function, a part of one, or a
// constant that has nothing else.
func isToldSignal(n, home syntax.Node) bool {
	sym := rootOf(n.Inner(true)).Symbol()
	for range maxHops {
		if sym == nil || slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return syntax.IsWrite(r) && r != sym.Node }) {
			return false
		}
		if sym.Kind == syntax.Parameter {
			return sym.Decl.Function() == home && !n.Inner(true).Is("call_expression")
		}
		value := sym.Init()
		if sym.Kind == syntax.Variable && !value.OK() && sym.Decl.Is("variable_declarator") {
			value = sym.Decl.Field("value") // const { signal } = options
		}
		found := slices.IndexFunc(alternatives(value), func(v syntax.Node) bool {
			return rootOf(v).Symbol() != nil && !v.Is("call_expression", "new_expression")
		})
		if found < 0 {
			return false
		}
		sym = rootOf(alternatives(value)[found]).Symbol()
	}
	return false
}

// signalMadeByCallers reports whether all that call a function of this file give it the
// signal of a controller that they make for that call.
func (s *scan) signalMadeByCallers(target, home syntax.Node) bool {
	name := functionName(home)
	i := -1
	if sym := target.Inner(true).Symbol(); sym != nil {
		i = parameterIndex(home, sym)
	}
	if name == nil || i < 0 || s.leaves(name) {
		return false
	}
	calls := 0
	for _, ref := range name.Refs {
		call := ref.Outer().Parent()
		if ref == name.Node || call.Field("function") != ref.Outer() {
			continue
		}
		made := rootOf(call.Field("arguments").Child(i)).Symbol()
		if made == nil || made.Decl.Function() != call.Function() || !made.Init().Inner(true).Is("new_expression") {
			return false
		}
		calls++
	}
	return calls > 0
}

// settledLater is the promise that a function returns, where fn settles it by what its
// executor has put into a variable, or what it was made with; the zero Node for none.
//
//	let reject; const done = new Promise((_, no) => { reject = no; }); .. return done;
func settledLater(fn, home syntax.Node) syntax.Node {
	for n := range fn.Descendants() {
		settle := n.Field("function").Inner(false).Symbol()
		if !n.Is("call_expression") || settle == nil || settle.Kind != syntax.Variable || settle.Decl.Function() != home {
			continue
		}
		for _, made := range promisesSettledBy(settle) {
			promise := made.Outer().Parent().Field("name")
			if made.Is("call_expression") { // const { promise, reject } = Promise.withResolvers()
				promise = partNamed(settle.Decl.Field("name"), "promise")
			}
			if sym := promise.Symbol(); sym != nil && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r.Function() == home && r.Outer().Parent().Is("return_statement") }) {
				return made
			}
		}
	}
	return syntax.Node{}
}

// promisesSettledBy are the promises that a variable settles when it is called.
func promisesSettledBy(settle *syntax.Symbol) []syntax.Node {
	if value := settle.Decl.Field("value").Inner(true); settle.Decl.Is("variable_declarator") && calleeText(value) == "Promise.withResolvers" {
		return []syntax.Node{value}
	}
	var out []syntax.Node
	for _, r := range settle.Refs {
		put := r.Outer().Parent()
		given := put.Field("right").Inner(true).Symbol()
		if !put.Is("assignment_expression") || put.Field("left").Inner(false) != r || given == nil || given.Kind != syntax.Parameter {
			continue
		}
		if executor := given.Decl.Function(); isExecutor(executor) {
			out = append(out, executor.Outer().Parent().Parent())
		}
	}
	return out
}

// partNamed is the name that a pattern gives to the part of an object of that name.
func partNamed(pattern syntax.Node, name string) syntax.Node {
	for p := range pattern.Children() {
		switch {
		case p.Is("shorthand_property_identifier_pattern") && p.Text() == name:
			return p
		case p.Is("pair_pattern") && p.Field("key").Text() == name:
			return p.Field("value")
		}
	}
	return syntax.Node{}
}

// isOverWith reports whether what fn is there for is over when the function around has been
// waited for, which registers it by a call.
func isOverWith(home, fn, call syntax.Node) bool {
	return home.IsAsync() && onlyWithin(fn, home) && awaitsBehind(home, call)
}

// onlyWithin reports whether fn acts on what the function around it has made for itself,
// and asks for: what is handed on, kept or returned may go on after its end, and with it
// what fn is there for.
func onlyWithin(fn, home syntax.Node) bool {
	acts := false
	for n := range fn.Descendants() {
		sym := n.Symbol()
		if n.IsThis() {
			return false
		}
		if !n.Is("identifier") || sym == nil || sym.Kind != syntax.Variable || sym.Decl.Function() != home || sym.Node == fn.Outer().Parent().Field("name") {
			continue
		}
		if !sym.Init().Inner(true).Is("new_expression", "call_expression") || !sym.Constant() {
			return false
		}
		for _, r := range sym.Refs {
			if !r.Within(fn) && r != sym.Node && !isAsked(r, home) {
				return false
			}
		}
		acts = true
	}
	return acts
}

// isAsked reports whether a mention only asks something for what it gives, which is waited
// for: await job.done(), await job.done. The signal of a controller may be handed to what is
// waited for, if only parts of that are asked for.
func isAsked(r, home syntax.Node) bool {
	m := r.Outer().Parent()
	if r.Function() != home || !isPartOf(m, r) {
		return false
	}
	v := m
	if call := m.Outer().Parent(); call.Is("call_expression") && call.Field("function").Inner(false) == m {
		v = call
	}
	if isAwaited(v) || v.Outer().Parent().Is("expression_statement") {
		return true
	}
	call := m.Ancestor("call_expression")
	if m.Field("property").Text() != "signal" || v != m || !m.Within(call.Field("arguments")) || !isAwaited(call) {
		return false
	}
	decl := call.Outer().Parent()
	sym := decl.Field("name").Symbol()
	if !decl.Is("variable_declarator") || sym == nil {
		return decl.Is("expression_statement")
	}
	return !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		part := r.Outer().Parent()
		return !isPartOf(part, r) || part.Field("property").Text() == "body" || r.Function() != home
	})
}

func isPartOf(m, of syntax.Node) bool {
	return m.Is("member_expression") && m.Field("object").Inner(false) == of.Inner(false)
}

// isAwaited reports whether the value of an expression is, by itself, what is awaited.
func isAwaited(n syntax.Node) bool {
	for whole := n.Outer(); n != whole; n = n.Parent() {
		if n.Parent().Is("await_expression") {
			return true
		}
	}
	return false
}

// awaitsBehind reports whether a function waits for something behind a call in it.
func awaitsBehind(home, call syntax.Node) bool {
	for n := range home.Field("body").Own() {
		if n.Is("await_expression") && n.Start() >= call.End() {
			return true
		}
	}
	return false
}
