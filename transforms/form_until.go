package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formUntil ends what an instance subscribed to, and kept nothing of, by an operator
// that is told when the instance ends: in the way that the class has for it already,
// else in that of the host, else by a subject of its own.
type formUntil struct{}

func (formUntil) Name() string { return "until" }

// streamed reports whether it is a subscription that was found to be to what never ends.
func (s *scan) streamed(o *Obligation) bool {
	_, early := o.gist.(tooEarly)
	return o.Kind.Operator != "" && (early || s.subscriber(o.Call) != nil)
}

// judgeStreamed gives what nothing keeps a handle of to the form that needs none.
func (s *scan) judgeStreamed(o *Obligation) {
	_, keeps := o.Form.(formClass)
	if keeps && o.Status == Unmet && s.streamed(o) && s.pipes() && o.Handle.Place == Discarded && o.Handle.Value.Parent().Is("expression_statement") {
		o.Form = formUntil{}
	}
}

// streamWay is how the streams of a class end: by an operator, or by being put somewhere.
type streamWay struct {
	operator func(*Obligation) (string, *Refusal)
	bag      string
	work     work
	where    string
}

func (formUntil) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	how, no := e.streamWay(p)
	if no != nil {
		return nil, no
	}
	var mended []*Obligation
	for _, o := range p.Obligations {
		if how.bag != "" && o.Kind.Shares(o.Acquire) {
			o.Refusal = refuse(NoOwner, "there is no subscription of it to put into %s, and no signal of the end", how.bag)
			no = o.Refusal
			continue
		}
		if how.bag != "" {
			e.edits = append(e.edits,
				patch.Edit{Start: o.Call.Start(), End: o.Call.Start(), New: how.bag + ".add("},
				patch.Edit{Start: o.Call.End(), End: o.Call.End(), New: ")"})
			mended = append(mended, o)
			continue
		}
		operator, why := how.operator(o)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		switch {
		case operator == "":
		case o.Kind.Shares(o.Acquire):
			e.before(o, operator)
		default:
			e.pipe(o, operator)
		}
		mended = append(mended, o)
	}
	if len(mended) == 0 {
		return nil, no
	}
	if len(how.work.steps) > 0 {
		if no := e.tearDown(how.work); no != nil {
			return nil, no
		}
	}
	return &Fix{
		Plan: p.only(mended...), Edits: e.finish(), Notes: e.notes, Teardown: in.teardown.name,
		Message: fmt.Sprintf("End the %s of %s %s", plural(p.Obligations[0].Kind.Noun), p.Owner.Name, how.where),
	}, nil
}

// streamWay chooses how the streams of the class end.
func (e *classEdit) streamWay(p *Plan) (*streamWay, *Refusal) {
	kind := p.Obligations[0].Kind
	until := func(signal string) (*streamWay, *Refusal) {
		name, no := e.needs(e.operators(), kind.Operator, false)
		if no != nil {
			return nil, no
		}
		return &streamWay{where: "by " + signal, operator: func(o *Obligation) (string, *Refusal) {
			if !o.Call.Function().OK() {
				return "", refuse(TooEntangled, "it is made before %s may be there", signal)
			}
			return name + "(" + signal + ")", nil
		}}, nil
	}
	if field := e.signal(); field != "" {
		return until("this." + field)
	}
	if field := e.untold(); field != "" {
		return e.telling(field, until)
	}
	if field := e.container(); field != "" {
		return &streamWay{bag: "this." + field, where: "with " + "this." + field}, nil
	}
	if e.in.host == nil {
		return nil, refuse(NoOwner, "%s has no signal of its end", nameOf(e.in.class.Node))
	}
	if e.s.isNew(e.in.host) {
		return e.byHost()
	}
	subject, no := e.needs("rxjs", "Subject", false)
	if no != nil {
		return nil, no
	}
	typ := ""
	if e.st.ts {
		typ = "<void>"
	}
	field := e.addField("destroy$", "", "new "+subject+typ+"()")
	how, no := until(field)
	if no != nil {
		return nil, no
	}
	how.where = "in " + e.in.host.teardown + "()"
	how.work.add(field+".next();", field+".complete();")
	return how, nil
}

// byHost ends streams by the operator of the host.
func (e *classEdit) byHost() (*streamWay, *Refusal) {
	st, module := e.in.host.streams, e.in.host.from[0]
	name, no := e.needs(st.module, st.operator, false)
	if no != nil {
		return nil, no
	}
	ref := ""
	return &streamWay{where: "by " + st.operator + "()", operator: func(o *Obligation) (string, *Refusal) {
		if fn := o.Call.Function(); !fn.OK() || fn.IsConstructor() && fn.Parent() == e.body() {
			return name + "()", nil
		}
		if ref == "" {
			var no *Refusal
			if ref, no = e.refField(module, st.ref); no != nil {
				return "", no
			}
		}
		return name + "(" + ref + ")", nil
	}}, nil
}

// refField is the field that tells of the end, which is added if there is none.
func (e *classEdit) refField(module, ref string) (string, *Refusal) {
	q := stream{s: e.s, in: e.in}
	for _, m := range e.in.members {
		if t := q.typeOfMember(m); t.Module == module && t.Name() == ref && !m.Static && !m.Method {
			return "this." + m.Name, nil
		}
	}
	class, no := e.needs(module, ref, false)
	if no != nil {
		return "", no
	}
	inject, no := e.needs(module, e.in.host.inject, false)
	if no != nil {
		return "", no
	}
	return e.addField(strings.ToLower(ref[:1])+ref[1:], "", inject+"("+class+")"), nil
}

// isNew reports whether a file's host has the operator: by its version, else by what
// the file has of it.
func (s *scan) isNew(h *classHost) bool {
	if v, ok := s.Project.VersionOf(s.f.Path, h.from[0]); ok {
		return !v.Less(h.streams.since)
	}
	return slices.ContainsFunc(h.streams.newer, func(name string) bool {
		_, there := s.f.Imports().Local(h.from[0], name)
		return there
	})
}

// operators is the module of which the file has its operators.
func (e *classEdit) operators() string {
	if slices.Contains(e.s.f.Imports().Modules, "rxjs/operators") {
		return "rxjs/operators"
	}
	if v, ok := e.s.Project.VersionOf(e.s.f.Path, "rxjs"); ok && v.Less(project.Version{7, 2}) {
		return "rxjs/operators"
	}
	return "rxjs"
}

// signal is the field of the class that its teardown, and nothing else, tells that it is
// over: "" for none.
func (e *classEdit) signal() string {
	for _, m := range e.in.members {
		if m.Method || m.Static {
			continue
		}
		if t := (stream{s: e.s, in: e.in}).typeOfMember(m); !ofStreams(t.Module) || !hasObservers(t) {
			continue
		}
		if e.in.tellsOfEnd(m.Name) {
			return m.Name
		}
	}
	return ""
}

// tellsOfEnd reports whether a field is told something by the teardown, and by nothing else.
func (in *instance) tellsOfEnd(field string) bool {
	told := false
	for _, ref := range in.refs[field] {
		if methodOn(ref) == "next" {
			if !ref.Within(in.teardown.own) {
				return false
			}
			told = true
		}
	}
	return told
}

// container is the field of the class in which subscriptions are collected that its
// teardown ends: "" for none.
func (e *classEdit) container() string {
	for _, m := range e.in.members {
		value := m.Node.Field("value").Inner(false)
		if t := syntax.TypeOf(value); m.Static || !value.Is("new_expression") || !ofStreams(t.Module) || t.Name() != "Subscription" {
			continue
		}
		ended, other := false, false
		for _, ref := range e.in.refs[m.Name] {
			ended = ended || methodOn(ref) == "unsubscribe" && ref.Within(e.in.teardown.own)
			other = other || syntax.IsWrite(ref) || methodOn(ref) == "unsubscribe" && !ref.Within(e.in.teardown.own)
		}
		if ended && !other {
			return m.Name
		}
	}
	return ""
}

// methodOn is the method that is called on what an expression holds, "" for none.
func methodOn(n syntax.Node) string {
	m := n.Outer().Parent()
	if m.Is("member_expression") && m.Field("object").Inner(false) == n && m.Outer().Parent().Is("call_expression") {
		return m.Field("property").Text()
	}
	return ""
}

// pipe makes an operator the last of what is subscribed to.
func (e *classEdit) pipe(o *Obligation, operator string) {
	source := o.Call.Field("function").Inner(false).Field("object")
	for flat := source.Inner(false); flat.OK() && flat.Is("call_expression"); {
		callee := flat.Field("function").Inner(false)
		if callee.Field("property").Text() == "pipe" && slices.ContainsFunc(slices.Collect(flat.Field("arguments").Children()), isFlattening) {
			e.note(Unsafe, fmt.Sprintf("what is under way in line %d is given up when the instance ends: is it meant to come to its end?", e.line(o.Call)))
		}
		flat = callee.Field("object").Inner(false)
	}
	call := source.Inner(false)
	callee := call.Field("function").Inner(false)
	if call == source && call.Is("call_expression") && callee.Field("property").Text() == "pipe" && callee.Is("member_expression") {
		args := call.Field("arguments")
		var last syntax.Node
		for a := range args.Children() {
			if !a.Is("comment") {
				last = a
			}
		}
		switch {
		case !last.OK():
			e.edits = append(e.edits, patch.Edit{Start: args.Start() + 1, End: args.Start() + 1, New: operator})
		case e.s.f.LineStart(last.Start()) != e.s.f.LineStart(args.Start()):
			gap := e.st.eol + indentAt(e.s.f, last.Start())
			e.edits = append(e.edits, patch.Edit{Start: last.End(), End: last.End(), New: "," + gap + operator})
		default:
			e.edits = append(e.edits, patch.Edit{Start: last.End(), End: last.End(), New: ", " + operator})
		}
		return
	}
	member := o.Call.Field("function").Inner(false)
	dot := member.Token(".")
	if q := member.Field("optional_chain"); q.OK() {
		dot = q
	}
	if !dot.OK() {
		dot = member.Token("?.")
	}
	src := string(e.s.f.Src()[:dot.Start()])
	line := src[len(strings.TrimRight(src, " \t\r\n")):] // a line of its own
	e.edits = append(e.edits, patch.Edit{Start: dot.Start(), End: dot.Start(), New: dot.Text() + "pipe(" + operator + ")" + line})
}

func isFlattening(arg syntax.Node) bool {
	o, ok := arg.Field("function").Origin()
	return arg.Is("call_expression") && ok && flattening[o.Last()]
}

func (e *classEdit) line(n syntax.Node) int {
	line, _ := e.s.f.Position(n.Start())
	return line
}
