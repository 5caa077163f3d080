package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// writeRemoval writes the call that takes a registration away. like is another
// such call, whose method is used; the zero Node: none.
func (s *scan) writeRemoval(o *Obligation, target, handler string, like syntax.Node) string {
	r := s.removalPattern(o, like)
	options := ""
	for _, n := range o.options() {
		if capture, sure := captures(o.Call); strings.HasSuffix(r.Anchor, "EventListener") && sure && !capture {
			break // it makes no difference to the removal
		}
		options += ", " + n.Text()
	}
	var b strings.Builder
	root := r.Root()
	text := string(root.File().Src())
	at := root.Start()
	for n := range root.Descendants() {
		hole, ok := syntax.HoleName(n)
		if !ok {
			continue
		}
		between := text[at:n.Start()]
		value := o.Bindings[hole].Text()
		switch {
		case hole == o.Kind.Retainer:
			value = target
		case hole == handlerHole:
			value = handler
		case strings.HasPrefix(n.Text(), "$$$"):
			between, value = strings.TrimSuffix(between, ", "), options
		case value == "": // written in the pattern of the acquisition
			value = o.event().Text()
		}
		b.WriteString(between + value)
		at = n.End()
	}
	b.WriteString(text[at:root.End()])
	if call, no := s.qualified(o, Release{Pattern: r}, b.String()); no == nil {
		return call
	}
	return b.String()
}

// targetText is the target as the registration writes it, for another call of it:
// signal? of signal?.addEventListener('abort', stop).
func (o *Obligation) targetText() string {
	return o.target().Text() + o.mayBeMissing()
}

// mayBeMissing is the "?" of ?. where the registration writes that behind its target.
func (o *Obligation) mayBeMissing() string {
	callee := o.Call.Field("function").Inner(false)
	if callee.HasToken("?.") || callee.Field("optional_chain").OK() {
		return "?"
	}
	return ""
}

// removalPattern is the release that takes a registration away in this file
// already, else the first of the kind's.
func (s *scan) removalPattern(o *Obligation, like syntax.Node) *syntax.Pattern {
	named := func(call syntax.Node) *syntax.Pattern {
		name := call.Field("function").Inner(false).Field("property").Text()
		for _, r := range o.Kind.Release {
			if r.Pattern.Anchor == name && r.Pattern.Has(handlerHole) {
				return r.Pattern
			}
		}
		return nil
	}
	if p := named(like); p != nil {
		return p
	}
	for n := range s.f.Root().Descendants() {
		if n.Is("call_expression") {
			if p := named(n); p != nil {
				return p
			}
		}
	}
	return o.Kind.Release[0].Pattern
}

// namedHandler makes sure that the instance can name the function that is
// registered, and returns how, for code at the place at; guard says that it may not
// be there; it is "" where the event alone says which. single: one place is enough, however often it is registered.
func (e *classEdit) namedHandler(o *Obligation, at syntax.Node, single bool) (name string, guard bool, no *Refusal) {
	if ev := o.event(); ev.OK() && (!steady(e.s.f, ev) || !meansTheSame(ev, at)) {
		return "", false, refuse(TooEntangled, "the event is not known where it should be taken away")
	}
	if !o.Kind.ByFunction() {
		return "", false, nil
	}
	n := o.handler().Inner(false)
	if n.Is("this") { // an object that handles events itself
		return strings.TrimSuffix(e.hereAt(at, "this.x"), ".x"), false, nil
	}
	if field, ok := n.ThisField(); ok {
		return e.hereAt(at, "this."+field), !e.always(field), nil
	}
	if n.Is("assignment_expression") {
		if field, ok := n.Field("left").ThisField(); ok {
			return e.hereAt(at, "this."+field), !e.always(field), nil
		}
	}
	if steady(e.s.f, n) && !n.IsFunction() {
		if !meansTheSame(n, at) {
			return "", false, refuse(NameTaken, "%s is something else where it should be taken away", n.Text())
		}
		return n.Text(), false, nil
	}
	if n.Is("identifier") {
		if field := assignedTo(n.Symbol()); field != "" && n.Symbol().Kind != syntax.Parameter {
			return e.hereAt(at, "this."+field), !e.always(field), nil
		}
	}
	if !n.IsFunction() && !isBind(n) && !n.Is("identifier") {
		return "", false, refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	if !single && !e.once(o) {
		return "", false, refuse(TooEntangled, "it is registered again and again")
	}
	if !e.once(o) {
		e.note(Unsafe, fmt.Sprintf("if it is registered twice in a row, the first %s stays: can that happen?", o.Kind.Noun))
	}
	if e.hosted() { // what is written in data() may not tell its parameters
		edits, no := e.s.annotated(o, e.st.ts)
		if no != nil {
			return "", false, no
		}
		e.edits = append(e.edits, edits...)
	}
	field := e.addField(handlerName(o), e.handlerType(o), "")
	e.edits = append(e.edits, patch.Edit{Start: n.Start(), End: n.Start(), New: e.here(o, field) + " = "})
	return e.hereAt(at, field), true, nil
}

// always reports whether a member is there from the beginning: a method, or a
// field with a value.
func (e *classEdit) always(name string) bool {
	if e.hosted() && strings.HasPrefix(name, "$") {
		return true // Vue's own
	}
	for _, m := range e.in.members {
		if m.Name == name && (m.Method || m.Getter) {
			return true
		}
	}
	for _, c := range e.in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name == name && m.Method {
				return true
			}
		}
	}
	return e.alwaysSet(Handle{Place: InField, Field: name})
}

// meansTheSame reports whether no name of a steady expression is another one at n.
func meansTheSame(expr, n syntax.Node) bool {
	for d := range expr.Descendants() {
		if d.Is("identifier") && shadowed(n, n.File().Root(), d.Text(), d.Symbol()) {
			return false
		}
	}
	return true
}

// steady reports whether an expression means the same everywhere in the file: a
// literal, or a name of the module.
func steady(f *syntax.File, n syntax.Node) bool {
	n = n.Inner(false)
	switch n.Kind() {
	case "string", "number":
		return true
	case "identifier":
		sym := n.Symbol()
		return sym == nil || f.TopLevel(sym.Name) == sym && sym.Constant()
	case "member_expression":
		return n.Field("object").Is("this") || steady(f, n.Field("object"))
	case "template_string":
		for c := range n.Children() {
			if c.Is("template_substitution") && !steady(f, c.Child(0)) {
				return false
			}
		}
		return true
	}
	return false
}

// handlerName is what a function that is registered is called: onRow for 'row'.
func handlerName(o *Obligation) string {
	event, ok := o.event().Inner(false).StringValue()
	if !ok {
		event = o.Kind.Noun
		if e := o.event().Inner(false); e.Is("member_expression") { // Events.ROW_ADDED
			event = e.Field("property").Text()
		}
		if event == strings.ToUpper(event) {
			event = strings.ToLower(event)
		}
	}
	name := "on"
	upper := true
	for _, r := range event {
		switch {
		case r >= 'a' && r <= 'z' && upper:
			name += strings.ToUpper(string(r))
			upper = false
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			name += string(r)
			upper = false
		default:
			upper = true
		}
	}
	if name == "on" {
		return "onEvent"
	}
	return name
}

// handlerType writes the type of a function that is registered, for a field: as
// its parameters are annotated, as the page's events are, else any.
func (e *classEdit) handlerType(o *Obligation) string {
	fn := o.handlerFunction()
	params := fn.Field("parameters")
	typed, count := true, 0
	for p := range params.Children() {
		count++
		typed = typed && p.Is("required_parameter") && syntax.Annotation(p).OK() && !p.Field("value").OK()
	}
	switch {
	case fn.OK() && typed && !fn.Field("parameter").OK():
		return params.Text() + " => void"
	case fn.OK() && count <= 1 && o.pageEvents() != "":
		return "(event: " + o.pageEvents() + "[" + o.event().Text() + "]) => void"
	}
	return "(...args: any[]) => void"
}

// pageEvents is the type that lists the events of a target of the page.
func (o *Obligation) pageEvents() string {
	if _, literal := o.event().Inner(false).StringValue(); !literal || o.Acquire.Pattern.Anchor != "addEventListener" {
		return ""
	}
	if origin, ok := o.target().Origin(); ok && origin.Module == "" && len(origin.Path) == 1 {
		switch origin.Path[0] {
		case "window":
			return "WindowEventMap"
		case "document":
			return "DocumentEventMap"
		}
	}
	return ""
}

// annotated says what the parameters of the function that is registered are, so that
// it can stand away from the call that said it.
func (s *scan) annotated(o *Obligation, ts bool) ([]patch.Edit, *Refusal) {
	fn := o.handler().Inner(false)
	if !ts || !fn.IsFunction() {
		return nil, nil
	}
	if p := fn.Field("parameter"); p.OK() { // e => ..
		return []patch.Edit{{Start: p.Start(), End: p.End(), New: "(" + p.Text() + ": " + s.eventType(o) + ")"}}, nil
	}
	var edits []patch.Edit
	for p := range fn.Field("parameters").Children() {
		if syntax.Annotation(p).OK() || p.Field("value").OK() {
			continue
		}
		if p.Field("pattern").Is("rest_pattern") {
			return nil, refuse(TooEntangled, "the function takes whatever there is")
		}
		edits = append(edits, patch.Edit{Start: p.End(), End: p.End(), New: ": " + s.eventType(o)})
	}
	return edits, nil
}

func (s *scan) eventType(o *Obligation) string {
	if m := o.pageEvents(); m != "" {
		return m + "[" + o.event().Text() + "]"
	}
	return "any"
}
