package transforms

import (
	"fmt"
	"slices"
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
		if event, _ := o.event().Inner(false).StringValue(); event == "error" && o.Acquire.Pattern.Anchor != "addEventListener" {
			e.note(Unsafe, "an 'error' that nobody listens to is thrown: does anybody else listen?")
		}
		if stmts[stmt.ID()] = stmt; behind[stmt.ID()] == nil {
			order = append(order, stmt.ID())
		}
		if line := e.st.fit(code + ";"); !slices.Contains(behind[stmt.ID()], line) {
			behind[stmt.ID()] = append(behind[stmt.ID()], line)
		}
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
	if m, right := s.misspelt(e.in); right != "" && wrong.Within(m.Node) {
		return nil, refuse(TooEntangled, "nothing calls %s() either: the framework calls %s()", m.Name, right)
	}
	if n := o.handler().Inner(false); (n.IsFunction() || isBind(n)) && o.eachOwn() {
		return nil, refuse(TooEntangled, "each is given a function of its own there, and one field would hold the last of them")
	}
	handler, guard, no := e.namedHandler(o, wrong, true)
	if no != nil {
		return nil, no
	}
	target := s.targetOf(o, wrong)
	if partOfPage(target) != "" && partOfPage(o.target()) != "" {
		target = o.target()
	}
	code := s.writeRemoval(o, target.Text(), handler, wrong)
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

// eachOwn reports whether a registration is made for each of several targets.
func (o *Obligation) eachOwn() bool {
	fn := o.Call.Function()
	root := rootOf(o.target()).Symbol()
	if inLoop(o.Call, fn) {
		return true
	}
	return fn.Outer().Parent().Is("arguments") && root != nil && root.Kind == syntax.Parameter && root.Decl.Function() == fn
}

// trackRegistration makes sure that the teardown can take a registration away,
// and returns the statement that does; or the set of functions that do.
func (e *classEdit) trackRegistration(o *Obligation, sets map[string]string) (string, *Refusal) {
	event, _ := o.event().Inner(false).StringValue()
	if event == "error" && o.Acquire.Pattern.Anchor != "addEventListener" {
		e.note(Unsafe, "an 'error' that nobody listens to is thrown: does anybody else listen?")
	}
	target, durable := e.lastingTarget(o)
	anew := !e.once(o) && (o.handlerFunction().OK() && !steady(e.s.f, o.handler()) || isBind(o.handler().Inner(false)))
	if !o.Kind.ByFunction() {
		anew = !steady(e.s.f, o.event())
	}
	if anew || !durable {
		return e.trackRemover(o, sets)
	}
	handler, guard, no := e.namedHandler(o, e.in.teardown.own.Field("body"), false)
	if no != nil {
		return "", no
	}
	if !e.once(o) && o.Acquire.Pattern.Anchor != "addEventListener" && o.Kind.ByFunction() {
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
	if isPageOf(o.target()) && strings.HasSuffix(key, ".defaultView") {
		return "", false // the view of a page that is gone is none
	}
	if field, ok := strings.CutPrefix(key, "this."); ok && !strings.ContainsAny(key, "?(") {
		if root, _, _ := strings.Cut(field, "."); e.always(root) || e.in.borrowed(root) && !e.reset(root) {
			return e.there(key) + o.mayBeMissing(), true
		}
		if o.Call.Field("function").Inner(false).Field("object").Inner(false) != o.target().Inner(false) {
			return "", false // api.on(target, ..): of a target that may not be there nothing can be taken away
		}
		root, rest, more := strings.Cut(field, ".")
		if more {
			return e.there("this." + root + "?." + rest), true
		}
		return e.there(key) + "?", true
	}
	if steady(e.s.f, o.target()) && meansTheSame(o.target(), e.in.teardown.own.Field("body")) {
		return o.target().Text(), true
	}
	return "", false
}

// trackRemover keeps, beside each registration, a function that takes it away.
func (e *classEdit) trackRemover(o *Obligation, sets map[string]string) (string, *Refusal) {
	if e.hosted() {
		return "", refuse(TooEntangled, "what it is registered with, or the function, may be another one each time")
	}
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
	if isPageOf(o.target()) {
		return "", refuse(TooEntangled, "the page that it is registered with is asked for anew each time: keep that, too")
	}
	handler := o.handler().Text()
	if n := o.handler().Inner(false); o.Kind.ByFunction() && (n.IsFunction() || isBind(n)) {
		used := nameTaken(o.Call.Function())
		handler = freshName(handlerName(o), func(n string) bool { return used(n) || e.locals[n] })
		e.locals[handler] = true
		edits, no := e.s.hoist(o, stmt, handler)
		if no != nil {
			return "", no
		}
		e.edits = append(e.edits, edits...)
		e.named = append(e.named, o)
	}
	set := e.removers(sets)
	target, lines := o.targetText(), []string{}
	if field, ok := o.target().Inner(false).ThisField(); ok && e.mayChange(field) { // the one of then
		used := nameTaken(o.Call.Function())
		target = freshName(strings.TrimLeft(field, "_#"), func(n string) bool { return used(n) || e.locals[n] })
		e.locals[target] = true
		lines = append(lines, e.st.fit("const "+target+" = "+o.target().Text()+";"))
		target += o.mayBeMissing()
	}
	code := e.s.writeRemoval(o, target, handler, syntax.Node{})
	e.edits = append(e.edits, e.st.after(stmt, append(lines, e.st.fit(e.here(o, set)+".add(() => "+code+");"))...))
	return set, nil
}

// mayChange reports whether anything but the constructor puts something into a field.
func (e *classEdit) mayChange(field string) bool {
	return slices.ContainsFunc(e.in.refs[field], func(ref syntax.Node) bool {
		return syntax.IsWrite(ref) && !ref.Function().IsConstructor()
	})
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
