package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formBeside takes a registration away where its siblings are taken away: behind
// the removal of another from the same target.
type formBeside struct{}

func (formBeside) Name() string { return "beside" }

func (formBeside) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	e, no := s.editClass(s.instance(p.Owner.Node))
	if no != nil {
		return nil, no
	}
	behind := map[int32][]string{} // statement -> what is put behind it
	stmts := map[int32]syntax.Node{}
	var order []int32
	var mended []*Obligation
	for _, o := range p.Obligations {
		sibling, conditional := bestSibling(o.gist.([]removal))
		stmt := sibling.call.Statement()
		if !stmt.OK() || !stmt.Is("expression_statement") || !inBlock(stmt) {
			o.Refusal = refuse(TooEntangled, "the others are taken away inside of a larger expression")
			no = o.Refusal
			continue
		}
		receiver := s.targetOf(o, sibling.call)
		handler, guard, why := e.namedHandler(o, sibling.call, true)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		code := s.writeRemoval(o, receiver.Text(), handler, sibling.call)
		if strings.Contains(sibling.call.Field("function").Text(), receiver.Text()+"?.") {
			code = strings.Replace(code, receiver.Text()+".", receiver.Text()+"?.", 1)
		}
		if guard {
			code = "if (" + handler + ") " + code
		}
		if conditional {
			line, _ := s.f.Position(sibling.call.Start())
			e.note(Unsafe, fmt.Sprintf("line %d takes its sibling away under a condition: does that hold for this one, too?", line))
		}
		if stmts[stmt.ID()] = stmt; behind[stmt.ID()] == nil {
			order = append(order, stmt.ID())
		}
		behind[stmt.ID()] = append(behind[stmt.ID()], e.st.fit(code+";"))
		mended = append(mended, o)
	}
	if len(mended) == 0 {
		return nil, no
	}
	for _, id := range order {
		e.edits = append(e.edits, e.st.after(stmts[id], behind[id]...))
	}
	where := "where the others are"
	if _, member, _ := mended[0].gist.([]removal)[0].call.InstanceAt(); syntax.MemberName(member) != "" {
		where = "in " + syntax.MemberName(member) + "(), as the others are"
	}
	return &Fix{
		Plan: p.only(mended...), Edits: e.finish(), Notes: e.notes,
		Message: fmt.Sprintf("Take the %s of %s away %s", plural(mended[0].Kind.Noun), p.Owner.Name, where),
	}, nil
}

// targetOf is the target in another call of the sort, as it is written there.
func (s *scan) targetOf(o *Obligation, call syntax.Node) syntax.Node {
	for _, r := range o.Kind.Release {
		if b, ok := r.Pattern.Match(call, nil); ok {
			return b[o.Kind.Retainer]
		}
	}
	b, _ := o.Acquire.Pattern.Match(call, nil) // .on where .off was meant
	return b[o.Kind.Retainer]
}

// bestSibling is the last removal that hangs on no condition, else the last.
func bestSibling(all []removal) (best removal, conditional bool) {
	conditional = true
	for _, r := range all {
		free := r.call.Statement().Parent() == r.call.Function().Field("body")
		if best.call.OK() && !free && !conditional {
			continue
		}
		_, member, _ := r.call.InstanceAt()
		_, before, _ := best.call.InstanceAt()
		if best.call.OK() && free == !conditional && isTeardown(syntax.MemberName(before)) && !isTeardown(syntax.MemberName(member)) {
			continue
		}
		best, conditional = r, !free
	}
	return best, conditional
}

// formCorrection rewrites a call that was meant to take a registration away, and
// cannot.
type formCorrection struct{}

func (formCorrection) Name() string { return "correction" }

func (formCorrection) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	e, no := s.editClass(s.instance(p.Owner.Node))
	if no != nil {
		return nil, no
	}
	o := p.Obligations[0]
	wrong := o.gist.(removal).call
	handler, guard, no := e.namedHandler(o, wrong, true)
	if no != nil {
		return nil, no
	}
	code := s.writeRemoval(o, s.targetOf(o, wrong).Text(), handler, wrong)
	stmt := wrong.Statement()
	if guard && (!stmt.Is("expression_statement") || stmt.Child(0) != wrong) {
		return nil, refuse(TooEntangled, "the call stands inside of a larger expression")
	}
	if guard {
		code = "if (" + handler + ") " + code
	}
	e.edits = append(e.edits, patch.Edit{Start: wrong.Start(), End: wrong.End(), New: code})
	line, _ := s.f.Position(wrong.Start())
	e.note(Unsafe, fmt.Sprintf("line %d did nothing until now: does anything rely on the %s still being there after it?", line, o.Kind.Noun))
	return &Fix{
		Plan: p, Edits: e.finish(), Notes: e.notes,
		Message: fmt.Sprintf("Take the %s of %s away that was registered", o.Kind.Noun, p.Owner.Name),
	}, nil
}

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
	return b.String()
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
// be there. single: one place is enough, however often it is registered.
func (e *classEdit) namedHandler(o *Obligation, at syntax.Node, single bool) (name string, guard bool, no *Refusal) {
	if ev := o.event(); ev.OK() && !steady(e.s.f, ev) {
		return "", false, refuse(TooEntangled, "the event is not known where it should be taken away")
	}
	n := o.handler().Inner(false)
	if field, ok := n.ThisField(); ok {
		return e.hereAt(at, "this."+field), !e.always(field), nil
	}
	if n.Is("assignment_expression") {
		if field, ok := n.Field("left").ThisField(); ok {
			return e.hereAt(at, "this."+field), !e.always(field), nil
		}
	}
	if steady(e.s.f, n) && !n.IsFunction() {
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
	field := e.addField(handlerName(o), e.handlerType(o), "")
	e.edits = append(e.edits, patch.Edit{Start: n.Start(), End: n.Start(), New: e.here(o, field) + " = "})
	return e.hereAt(at, field), true, nil
}

// always reports whether a member is there from the beginning: a method, or a
// field with a value.
func (e *classEdit) always(name string) bool {
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

// trackRegistration makes sure that the teardown can take a registration away,
// and returns the statement that does; or the set of functions that do.
func (e *classEdit) trackRegistration(o *Obligation, sets map[string]string) (string, *Refusal) {
	event, _ := o.event().Inner(false).StringValue()
	if event == "error" && o.Acquire.Pattern.Anchor != "addEventListener" {
		e.note(Unsafe, "an 'error' that nobody listens to is thrown: does anybody else listen?")
	}
	target, durable := e.lastingTarget(o)
	if !e.once(o) && (o.handlerFunction().OK() && !steady(e.s.f, o.handler()) || isBind(o.handler().Inner(false))) || !durable {
		return e.trackRemover(o, sets)
	}
	handler, guard, no := e.namedHandler(o, e.in.teardown.own.Field("body"), false)
	if no != nil {
		return "", no
	}
	if !e.once(o) && o.Acquire.Pattern.Anchor != "addEventListener" {
		e.note(Unsafe, fmt.Sprintf("where it was registered twice in a row, one %s stays: can that happen?", o.Kind.Noun))
	}
	code := e.s.writeRemoval(o, target, handler, syntax.Node{})
	if guard {
		code = "if (" + handler + ") " + code
	}
	return code + ";", nil
}

// lastingTarget writes the target of a registration for the teardown, where the
// same expression means the same there.
func (e *classEdit) lastingTarget(o *Obligation) (string, bool) {
	key := e.s.placeKey(o.target(), 6)
	if field, ok := strings.CutPrefix(key, "this."); ok && !strings.ContainsAny(key, "?(") {
		if root, _, _ := strings.Cut(field, "."); e.always(root) || e.in.borrowed(root) && !e.reset(root) {
			return e.there(key), true
		}
		root, rest, more := strings.Cut(field, ".")
		if more {
			return e.there("this." + root + "?." + rest), true
		}
		return e.there(key) + "?", true
	}
	if steady(e.s.f, o.target()) {
		return o.target().Text(), true
	}
	return "", false
}

// trackRemover keeps, beside each registration, a function that takes it away.
func (e *classEdit) trackRemover(o *Obligation, sets map[string]string) (string, *Refusal) {
	if syntax.IsPrototype(e.in.class.Node) {
		return "", refuse(TooEntangled, "what stands beside its methods is shared by all instances")
	}
	stmt := o.Handle.Value.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) || stmt.Child(0) != o.Handle.Value || o.Handle.Value != o.Call {
		return "", refuse(TooEntangled, "there is no place beside the registration")
	}
	if ev := o.event(); ev.OK() && !steady(e.s.f, ev) && !ev.Inner(false).Is("identifier") {
		return "", refuse(TooEntangled, "the event is computed")
	}
	handler := o.handler().Text()
	if n := o.handler().Inner(false); n.IsFunction() || isBind(n) {
		used := nameTaken(o.Call.Function())
		handler = freshName(handlerName(o), func(n string) bool { return used(n) || e.locals[n] })
		e.locals[handler] = true
		edits, no := e.s.hoist(o, stmt, handler)
		if no != nil {
			return "", no
		}
		e.edits = append(e.edits, edits...)
	}
	set := e.removers(sets)
	code := e.s.writeRemoval(o, o.target().Text(), handler, syntax.Node{})
	e.edits = append(e.edits, e.st.after(stmt, e.st.fit(e.here(o, set)+".add(() => "+code+");")))
	return set, nil
}

// removers is the set of functions that take registrations away.
func (e *classEdit) removers(sets map[string]string) string {
	value := "new Set()"
	if e.st.ts {
		value = "new Set<() => unknown>()"
	}
	if sets["removers"] == "" {
		sets["removers"] = e.addField("removers", "", value)
	}
	return sets["removers"]
}

// releaseRegistration writes what trackRegistration returned into a teardown.
func (e *classEdit) releaseRegistration(w *work, how string) {
	if strings.HasSuffix(how, ";") {
		w.add(how)
		return
	}
	w.add("for (const remove of "+how+") remove();", how+".clear();")
}

// freestanding writes the function that is registered so that it can stand away
// from the call that said what its parameters are.
func (s *scan) freestanding(o *Obligation, ts bool) (string, *Refusal) {
	n := o.handler()
	fn := n.Inner(false)
	if !ts || !fn.IsFunction() {
		return n.Text(), nil
	}
	if p := fn.Field("parameter"); p.OK() { // e => ..
		at := p.Start() - n.Start()
		return n.Text()[:at] + "(" + p.Text() + ": " + s.eventType(o) + ")" + n.Text()[at+len(p.Text()):], nil
	}
	var b strings.Builder
	at := n.Start()
	for p := range fn.Field("parameters").Children() {
		if syntax.Annotation(p).OK() || p.Field("value").OK() {
			continue
		}
		if p.Field("pattern").Is("rest_pattern") {
			return "", refuse(TooEntangled, "the function takes whatever there is")
		}
		b.WriteString(string(s.f.Src()[at:p.End()]))
		b.WriteString(": " + s.eventType(o))
		at = p.End()
	}
	b.WriteString(string(s.f.Src()[at:n.End()]))
	return b.String(), nil
}

func (s *scan) eventType(o *Obligation) string {
	if m := o.pageEvents(); m != "" {
		return m + "[" + o.event().Text() + "]"
	}
	return "any"
}
