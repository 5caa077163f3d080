package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What is piped is read to its end only as long as the other side takes it. A response
// closes as soon as the client leaves; the source is told to pause then, and keeps what
// it has open for good.

// sinkNames are the names that handlers of requests give to what they answer with.
var sinkNames = []string{"res", "response", "resp", "reply"}

// askedNames are those of what they were asked.
var askedNames = []string{"req", "request", "_req", "_request", "_"}

// piping is a source that one sink is given, and nobody else.
type piping struct {
	call  syntax.Node // source.pipe(gzip), if need be with .pipe(response) behind it
	sink  *syntax.Symbol
	doubt string
}

// judgePiped looks at a source that is piped into a response, or a file, whose end nobody hears
// who would end the source.
func (s *scan) judgePiped(o *Obligation) {
	if !o.Kind.Readable || o.Status == Unmet || o.Standing != Leak || o.Call.Function() == (syntax.Node{}) {
		return
	}
	pipe := s.onlyPiped(o)
	last := lastPipe(pipe)
	end := widen(last) // .on('finish', done)
	if !pipe.OK() || !end.Parent().Is("expression_statement", "arrow_function", "return_statement") {
		return
	}
	sink := last.Field("arguments").Child(0).Inner(false).Symbol()
	g := piping{call: pipe, sink: sink, doubt: fmt.Sprintf("a client that leaves ends the %s: does anything else read it, or wait for its end?", o.Kind.Noun)}
	var exit ExitPlace
	if fn := handlerOf(sink); fn.OK() && end == last.Outer() && !s.hearsEnd(sink, fn) {
		exit = ExitPlace{last, fmt.Sprintf("%s closes before it took all of it", sink.Name)}
	} else if failure := s.failsAlone(o, sink, last, end); failure.OK() {
		exit = ExitPlace{failure, fmt.Sprintf("%s cannot be written", sink.Name)}
		g.doubt = fmt.Sprintf("where %s fails, the %s is ended: does anything else read it, or wait for its end?", sink.Name, o.Kind.Noun)
	} else {
		return
	}
	o.Owner = Owner{OwnerBlock, nameOf(o.Call.Function()), o.Call.Function()}
	s.unmet(o, MissingPath, []ExitPlace{exit})
	o.Form, o.gist, o.Refusal = formPiped{}, g, nil
}

// lastPipe is the last of the calls that pipe one into the next: a.pipe(b).pipe(c).
func lastPipe(pipe syntax.Node) syntax.Node {
	for pipe.OK() {
		m := pipe.Outer().Parent()
		next := m.Parent()
		if !m.Is("member_expression") || m.Field("property").Text() != "pipe" || next.Field("function") != m || next.Field("arguments").Len() != 1 {
			break
		}
		pipe = next
	}
	return pipe
}

// failsAlone is the listener for the errors of a sink that was acquired here, and that ends by
// one of them, where the listener leaves the source alone; the zero Node where that does not
// show. An error that nobody listens for ends the process, and the source with it. listened
// goes from the last pipe to the last method on what it returns.
func (s *scan) failsAlone(o *Obligation, sink *syntax.Symbol, last, listened syntax.Node) syntax.Node {
	acquired := slices.ContainsFunc(s.found, func(p *Obligation) bool {
		return p != o && slices.Contains(p.Kind.Over, "error") && slices.Contains(p.Kind.Over, "close") && sink != nil && widen(p.Call) == sink.Init().Outer()
	})
	if !acquired || !sink.Constant() {
		return syntax.Node{}
	}
	var calls []syntax.Node
	for n := last; n.Outer() != listened; {
		n = n.Outer().Parent().Parent()
		calls = append(calls, n)
	}
	for _, r := range sink.Refs {
		m := r.Outer().Parent()
		switch call := m.Outer().Parent(); {
		case r == sink.Node, r == last.Field("arguments").Child(0).Inner(false), m.Is("member_expression") && call.Field("function") != m.Outer() && !syntax.IsWrite(m):
		case m.Is("member_expression") && call.Is("call_expression") && m.Field("property").Text() != "destroy" && m.Field("property").Text() != "close":
			calls = append(calls, call)
		default:
			return syntax.Node{} // somebody else's, too
		}
	}
	var failure syntax.Node
	for _, call := range calls {
		event, _ := call.Field("arguments").Child(0).StringValue()
		handler := call.Field("arguments").Child(1).Inner(false)
		switch event {
		case "close", "unpipe":
			return syntax.Node{}
		case "error":
			if fn := functionGiven(handler); fn.OK() && s.mayEnd(o, fn) {
				return syntax.Node{}
			}
			failure = call
		}
	}
	return failure
}

// mayEnd reports whether a listener may end the source: by its name, by a signal, or with the process.
func (s *scan) mayEnd(o *Obligation, listener syntax.Node) bool {
	for d := range listener.Descendants() {
		name := calleeName(d)
		if d.Is("throw_statement") || d.Is("call_expression") && (name == "exit" || name == "abort" || isTeardown(name)) ||
			d.Is("identifier") && (d.Text() == "process" || o.Handle.Symbol != nil && d.Symbol() == o.Handle.Symbol) {
			return true
		}
	}
	return false
}

// onlyPiped is the call that pipes a source, where it is only listened to, and looked at, otherwise.
func (s *scan) onlyPiped(o *Obligation) syntax.Node {
	piped := func(n syntax.Node) syntax.Node {
		m := n.Outer().Parent()
		call := m.Outer().Parent()
		if m.Is("member_expression") && m.Field("object").Inner(false) == n.Inner(false) && m.Field("property").Text() == "pipe" && call.Is("call_expression") && call.Field("arguments").Len() == 1 {
			return call
		}
		return syntax.Node{}
	}
	sym := o.Bindings["HANDLE"].Symbol()
	home := o.Call.Function()
	if sym != nil {
		home = sym.Decl.Function()
	} else {
		v := widen(o.Call)
		d := v.Parent()
		if !d.Is("variable_declarator") {
			return piped(v)
		}
		sym = d.Field("name").Symbol()
	}
	if sym == nil || sym.Kind == syntax.Variable && !sym.Constant() {
		return syntax.Node{}
	}
	var found syntax.Node
	for _, r := range sym.Refs {
		if r == sym.Node {
			continue
		}
		m := r.Outer().Parent()
		name := m.Field("property").Text()
		switch call := piped(r); {
		case call.OK() && !found.OK() && r.Function() == home:
			found = call
		case m.Is("member_expression") && m.Outer().Parent().Field("function") != m.Outer() && !syntax.IsWrite(m):
			// its status, its headers
		case m.Is("member_expression") && (name == "on" || name == "once" || name == "setEncoding"):
		default:
			return syntax.Node{}
		}
	}
	return found
}

// handlerOf is the function that a response is given to, with the request before it.
func handlerOf(sink *syntax.Symbol) syntax.Node {
	if sink == nil || sink.Kind != syntax.Parameter || !slices.Contains(sinkNames, sink.Name) {
		return syntax.Node{}
	}
	fn := sink.Node.Ancestor("arrow_function", "function_expression", "function_declaration", "method_definition", "function")
	params := fn.Field("parameters")
	for i := 1; i < params.Len(); i++ {
		if sink.Node.Within(params.Child(i)) {
			if before := nameOfParameter(params.Child(i - 1)); slices.Contains(askedNames, before) {
				return fn
			}
		}
	}
	return syntax.Node{}
}

// nameOfParameter is what a parameter is called, "" where it is taken apart.
func nameOfParameter(p syntax.Node) string {
	if pattern := p.Field("pattern"); pattern.OK() {
		p = pattern
	}
	if !p.Is("identifier") {
		return ""
	}
	return p.Text()
}

// endsTold are functions of libraries that tell of the end of a stream.
var endsTold = []string{"finished", "onFinished", "eos", "endOfStream", "pipeline", "pump", "onClose"}

// hearsEnd reports whether a handler hears, of the response or the request, that the
// client has left, or hands either to somebody who may.
func (s *scan) hearsEnd(sink *syntax.Symbol, fn syntax.Node) bool {
	for p := range fn.Field("parameters").Children() {
		name := p
		if pattern := p.Field("pattern"); pattern.OK() {
			name = pattern
		}
		sym := name.Symbol()
		if sym == nil {
			continue
		}
		for _, r := range sym.Refs {
			m := r.Outer().Parent()
			call := m.Outer().Parent()
			switch {
			case m.Is("arguments") && slices.Contains(endsTold, calleeName(m.Parent())):
				return true
			case m.Is("member_expression") && call.Is("call_expression") && (m.Field("property").Text() == "on" || m.Field("property").Text() == "once"):
				event, _ := call.Field("arguments").Child(0).StringValue()
				if event == "close" || event == "aborted" || event == "finish" && sym == sink || event == "unpipe" {
					return true
				}
			case m.Is("member_expression") && (m.Field("property").Text() == "socket" || m.Field("property").Text() == "connection" || m.Field("property").Text() == "signal"):
				return true
			}
		}
	}
	return false
}

// atOnce is the release that does not read what is left.
func atOnce(k *Kind) Release {
	for _, r := range k.Release {
		if r.Pattern.Anchor == "destroy" && r.Pattern.Receiver() == "HANDLE" {
			return r
		}
	}
	return k.Release[0]
}

// formPiped releases a source when what it is piped into closes.
type formPiped struct{}

func (formPiped) Name() string { return "piped" }

func (formPiped) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	g := o.gist.(piping)
	stmt := g.call.Statement()
	if !inBlock(stmt) || !widen(lastPipe(g.call)).Parent().Is("expression_statement", "return_statement") {
		return nil, refuse(TooEntangled, "no statement can stand before the one that pipes")
	}
	st := styleOf(s.f)
	source := g.call.Field("function").Inner(false).Field("object").Inner(false)
	name := source.Text()
	var code []string
	var edits []patch.Edit
	if !source.Is("identifier") {
		name = freshName(o.Kind.Noun, nameTaken(g.call.Function()))
		code = append(code, "const "+name+" = "+source.Text()+";")
		edits = append(edits, patch.Edit{Start: source.Start(), End: source.End(), New: name})
	}
	release := instantiate(atOnce(o.Kind).Pattern, o, name)
	code = append(code, fmt.Sprintf("%s.once(%sclose%[2]s, () => %[3]s);", g.sink.Name, st.quote, release))
	return &Fix{
		Plan: p, Edits: append(edits, st.before(stmt, code...)),
		Notes:   []Note{{Unsafe, g.doubt}},
		Message: fmt.Sprintf("Release the %s when %s closes", o.Kind.Noun, g.sink.Name),
	}, nil
}
