package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// onlyAborts reports whether all that a one-shot does is to abort what the function that
// arms it has begun by a controller of its own, and before long: where that has failed,
// there is nothing left to abort.
//
//	const timer = setTimeout(() => controller.abort(), 5000);
//	await fetch(url, { signal: controller.signal });
func (s *scan) onlyAborts(o *Obligation, home syntax.Node) bool {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	call := callback.Field("body")
	if call.Is("statement_block") && call.Len() == 1 {
		call = call.Child(0).Child(0)
	}
	call = call.Inner(true)
	abort := call.Field("function").Inner(false)
	sym := abort.Field("object").Inner(false).Symbol()
	if !callback.IsFunction() || !call.Is("call_expression") || abort.Field("property").Text() != "abort" || sym == nil || !sym.Constant() || sym.Decl.Function() != home || !s.isShort(o) {
		return false
	}
	made := sym.Init().Inner(false)
	if !made.Is("new_expression") || made.Field("constructor").Text() != "AbortController" {
		return false
	}
	return !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { // nobody else gets it
		return r != sym.Node && (!r.Outer().Parent().Is("member_expression") || homeOf(r) != home && !r.Within(callback))
	})
}

// onlyByErrors reports whether every way that leaves from some points without coming to a
// stop does so behind an error.
func onlyByErrors(g *syntax.Graph, starts []int, stop func(int) bool, feasible func(syntax.Edge) bool) bool {
	return len(g.Ways(starts, stop, func(e syntax.Edge) bool { return !e.Throw && feasible(e) })) == 0
}

// inOldPlatform reports whether some code is only come to where the platform lacks a
// property that all of today have: it stands where a test for that failed.
//
//	if ('srcObject' in video) video.srcObject = stream; else video.src = URL.createObjectURL(stream);
func inOldPlatform(n syntax.Node) bool {
	for p := n.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if !p.Is("if_statement", "ternary_expression") {
			continue
		}
		lacks := p.Field("alternative")
		test := p.Field("condition").Inner(false)
		if test.Is("unary_expression") && test.Field("operator").Text() == "!" {
			lacks, test = p.Field("consequence"), test.Field("argument").Inner(false)
		}
		name, literal := test.Field("left").Inner(false).StringValue()
		if !test.Is("binary_expression") || test.Field("operator").Text() != "in" || !literal || !lacks.OK() || !n.Within(lacks) {
			continue
		}
		for d := range p.Descendants() { // what is used there instead
			if d.Is("member_expression") && d.Field("property").Text() == name && !d.Within(lacks) {
				return true
			}
		}
	}
	return false
}

// waitsForItsEnd reports whether a promise around an acquisition settles where the handle
// tells that it has ended by itself: whoever waits for the promise waits for that.
//
//	await new Promise(done => { this.child = fork(file); this.child.on('close', done); });
func (s *scan) waitsForItsEnd(o *Obligation) bool {
	executor := o.Call.Function()
	put := o.Handle.Value.Parent().Field("left").Inner(false)
	if len(o.Kind.Over) == 0 || !isExecutor(executor) || !put.Is("member_expression") {
		return false
	}
	return slices.ContainsFunc(settles(executor), func(st settle) bool {
		for p := st.ref.Parent(); p.OK() && p != executor; p = p.Parent() {
			callee := p.Field("function").Inner(false)
			event, _ := p.Field("arguments").Child(0).StringValue()
			if p.Is("call_expression") && (calleeName(p) == "on" || calleeName(p) == "once") && slices.Contains(o.Kind.Over, event) && syntax.SameExpression(callee.Field("object").Inner(false), put) {
				return true
			}
		}
		return false
	})
}

// allTakenFrom reports whether the function that has made the target of a registration, or
// one in it, takes all listeners away from that.
func allTakenFrom(o *Obligation) bool {
	sym := o.target().Inner(false).Symbol()
	return o.target().Inner(false).Is("identifier") && sym != nil && sym.Kind == syntax.Variable && sym.Decl.Function().OK() && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		call := r.Outer().Parent().Parent()
		return calleeName(call) == "removeAllListeners" && call.Is("call_expression") && rootOf(call.Field("function")) == r
	})
}

// handedToCaller reports whether a function that releases is put, by the executor of a
// promise, into a variable that whoever made the promise returns together with it.
//
//	const promise = new Promise(done => { .. cancel = () => clearTimeout(id); });
//	return { promise, cancel };
func handedToCaller(executor syntax.Node, releases []syntax.Node) bool {
	home := executor.Function()
	for _, r := range releases {
		put := r.Function().Outer().Parent()
		sym := put.Field("left").Inner(false).Symbol()
		if !put.Is("assignment_expression") || put.Field("right").Inner(false) != r.Function() || sym == nil || sym.Decl.Function() != home {
			continue
		}
		for _, ref := range sym.Refs {
			if out := ref.Ancestor("return_statement"); out.OK() && out.Function() == home && ref.Function() == home && ref.Ancestor("object", "array").OK() {
				return true
			}
		}
	}
	return false
}

// forwards reports whether a removal is of a function that the method around it was given:
// it is there for what others register by way of the instance.
func (s *scan) forwards(o *Obligation, r removal) bool {
	sym := s.functionOf(o, r.call).Inner(false).Symbol()
	return sym != nil && sym.Kind == syntax.Parameter && sym.Decl.Function() == homeOf(r.call)
}

// readsToTheEnd reports whether a registration waits for the last that a stream tells of, or
// for its data, beside one that waits for the last: when the stream has been read, both are
// over.
func (s *scan) readsToTheEnd(o *Obligation) bool {
	event, _ := o.event().Inner(false).StringValue()
	if event != "data" {
		return comesAtLast[event]
	}
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		last, _ := x.event().Inner(false).StringValue()
		return x.Kind.Registers() && last == "end" && x.Call.Function() == o.Call.Function() && s.sameTarget(x, o.target()) == same
	})
}

// endsWithTarget reports whether the instance listens to the same target for the end of
// that, and ends itself then.
func (s *scan) endsWithTarget(o *Obligation, in *instance) bool {
	return slices.ContainsFunc(s.found, func(x *Obligation) bool {
		if !x.Kind.Registers() || !inOneOf([]syntax.Node{in.class.Node}, x.Call) && !inOneOf(syntax.Code(in.class.Node), x.Call) || s.sameTarget(x, o.target()) != same {
			return false
		}
		event, _ := x.event().Inner(false).StringValue()
		last := event[strings.LastIndexAny(event, ".:-_")+1:]
		return (isTeardown(last) || endEvents[strings.ToLower(last)] && comesAtLast[strings.ToLower(last)]) && in.callsTeardown(x)
	})
}

// isSaying reports whether a statement does nothing but write to a log.
func isSaying(stmt syntax.Node) bool {
	call := stmt.Child(0).Inner(true)
	fn := call.Field("function").Inner(false)
	o, known := fn.Origin()
	return stmt.Is("expression_statement") && call.Is("call_expression") && (isLogging(fn) || known && o.Module == "" && len(o.Path) == 2 && o.Path[0] == "console")
}

// removalsAtEnd are removals that work, by functions of the module that the teardown of an
// instance calls.
func (s *scan) removalsAtEnd(o *Obligation, in *instance) []removal {
	if in.teardown == nil || !in.teardown.own.OK() || in.teardown.own.File() != s.f {
		return nil
	}
	var out []removal
	for _, fn := range s.reachedFrom([]syntax.Node{in.teardown.own}) {
		if fn.File() == s.f && !fn.Within(in.class.Node) {
			out = append(out, s.removals(o, fn.Field("body").Descendants())...)
		}
	}
	return slices.DeleteFunc(out, func(r removal) bool { return !r.works() })
}

// askedBefore reports whether a condition is the one under which something was acquired: it
// asks a function of the same plain variables, or is one of them.
//
//	if (isTTY(stdin)) stdin.on('keypress', f); .. if (isTTY(stdin)) stdin.off('keypress', f);
func (o *Obligation) askedBefore(c syntax.Node) bool {
	if !c.Is("identifier") && !(c.Is("call_expression") && c.Field("arguments").Len() > 0) { // what asks about nothing in sight may change its mind
		return false
	}
	for d := range c.Descendants() {
		sym := d.Symbol()
		switch {
		case d.Is("identifier") && sym != nil && sym.Kind != syntax.Parameter && !sym.Constant() && sym.Kind != syntax.Function:
			if _, imported := sym.Import(); !imported {
				return false
			}
		case d.Is("identifier") && sym != nil && sym.Kind == syntax.Parameter && slices.ContainsFunc(sym.Refs, syntax.IsWrite):
			return false
		case d.Is("member_expression", "this", "await_expression") || d.IsFunction():
			return false
		}
	}
	for p := o.Call.Parent(); p.OK() && !p.IsFunction(); p = p.Parent() {
		if asked := p.Field("condition").Inner(false); p.Is("if_statement") && asked.OK() && asked != c && o.Call.Within(p.Field("consequence")) && squeeze(asked) == squeeze(c) {
			return true
		}
	}
	return false
}

// passedOn reports whether a method registers what it is given, for the event that it is
// told of: it is the counterpart of one that takes that away.
//
//	on(event, listener) { this.socket.on(event, listener); }
func (s *scan) passedOn(o *Obligation) bool {
	f, event := o.handler().Inner(false).Symbol(), o.event().Inner(false)
	home := o.Call.Function()
	_, member, _ := o.Call.InstanceAt()
	if f == nil || f.Kind != syntax.Parameter || f.Decl.Function() != home || syntax.FunctionOf(member) != home {
		return false
	}
	if chainable[syntax.MemberName(member)] {
		return true
	}
	told := event.Symbol()
	return told != nil && told.Kind == syntax.Parameter && told.Decl.Function() == home
}

// putHere reports whether the function that registers has put what it is registered with,
// which it makes, into a variable of the module: another one each time.
func (s *scan) putHere(o *Obligation) bool {
	sym := o.target().Inner(false).Symbol()
	home := o.Call.Function()
	return sym != nil && o.target().Inner(false).Is("identifier") && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		p := r.Outer().Parent()
		return p.Is("assignment_expression") && p.Field("left").Inner(false) == r && p.Field("right").Inner(true).Is("call_expression", "new_expression") &&
			r.Function() == home && p.End() <= o.Call.Start() && p.Statement().Parent() == home.Field("body")
	})
}

// putBeside reports whether the function that registers has put what it is registered with,
// which it makes, where it is found from then on: another one each time.
//
//	api.queue = new Queue(); api.queue.on('error', f);
func (s *scan) putBeside(o *Obligation) bool {
	target, home := o.target().Inner(false), o.Call.Function()
	if !target.Is("member_expression") || !home.OK() {
		return false
	}
	text := squeeze(target)
	for n := range home.Field("body").Own() {
		if n.End() <= o.Call.Start() && n.Is("assignment_expression") && n.Field("right").Inner(true).Is("new_expression") && squeeze(n.Field("left").Inner(false)) == text &&
			within(n, home) && o.Call.Within(n.Statement().Parent()) {
			return true
		}
		if n.End() <= o.Call.Start() && n.Is("assignment_expression") && n.Field("right").Is("object") && n.Field("right").Len() == 0 && n.Statement().Parent() == home.Field("body") &&
			squeeze(n.Field("left").Inner(false)) == squeeze(target.Field("object")) && fillsAnew(home, n.Field("left").Inner(false)) {
			return true
		}
	}
	return false
}

// fillsAnew reports whether a function puts what it makes into a table, under whatever key.
func fillsAnew(home, table syntax.Node) bool {
	for n := range home.Field("body").Own() {
		left := n.Field("left").Inner(false)
		if n.Is("assignment_expression") && left.Is("subscript_expression") && squeeze(left.Field("object")) == squeeze(table) && n.Field("right").Inner(true).Is("new_expression") {
			return true
		}
	}
	return false
}

// madeByConstructor reports whether the target of a registration is a field that only the
// constructor sets, once, to what it makes by a call that does not tell of the instance, and
// that is neither found somewhere nor handed on.
//
//	this.parser = protocol.parser(); this.parser.on('error', f);
func (s *scan) madeByConstructor(o *Obligation, in *instance) bool {
	field, own := o.target().Inner(false).ThisField()
	if !own {
		return false
	}
	made := false
	for _, r := range in.refs[field] {
		p := r.Outer().Parent()
		switch {
		case p.Is("member_expression") && p.Field("object").Inner(false) == r:
		case p.Is("assignment_expression") && p.Field("left").Inner(false) == r && r.Function().IsConstructor() && !made:
			value := p.Field("right").Inner(true)
			words := wordsOf(calleeName(value))
			if !value.Is("call_expression") || len(words) == 0 || words[0] == "get" || words[0] == "use" || words[0] == "find" {
				return false
			}
			for d := range value.Field("arguments").Descendants() {
				if d.IsThis() {
					return false
				}
			}
			made = true
		default:
			return false
		}
	}
	return made
}
