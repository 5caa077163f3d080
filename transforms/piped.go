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

// piping is a source that one response is given, and nobody else.
type piping struct {
	call syntax.Node // source.pipe(response)
	sink *syntax.Symbol
}

// judgePiped looks at a source that is piped into a response whose end nobody hears.
func (s *scan) judgePiped(o *Obligation) {
	if !o.Kind.Readable || o.Status == Unmet || o.Standing != Leak || o.Call.Function() == (syntax.Node{}) {
		return
	}
	pipe := s.onlyPiped(o)
	if !pipe.OK() || !pipe.Outer().Parent().Is("expression_statement", "arrow_function", "return_statement") {
		return
	}
	sink := pipe.Field("arguments").Child(0).Inner(false).Symbol()
	fn := handlerOf(sink)
	if !fn.OK() || s.hearsEnd(sink, fn) {
		return
	}
	o.Owner = Owner{OwnerBlock, nameOf(o.Call.Function()), o.Call.Function()}
	s.unmet(o, MissingPath, []ExitPlace{{pipe, fmt.Sprintf("%s closes before it took all of it", sink.Name)}})
	o.Form, o.gist, o.Refusal = formPiped{}, piping{pipe, sink}, nil
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
	if !inBlock(stmt) || !g.call.Outer().Parent().Is("expression_statement", "return_statement") {
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
		Notes:   []Note{{Unsafe, fmt.Sprintf("a client that leaves ends the %s: does anything else read it, or wait for its end?", o.Kind.Noun)}},
		Message: fmt.Sprintf("Release the %s when %s closes", o.Kind.Noun, g.sink.Name),
	}, nil
}
