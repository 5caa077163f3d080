package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formClass keeps what an instance acquires in fields of the instance and
// releases it in the instance's teardown.
type formClass struct{}

func (formClass) Name() string { return "class" }

func (formClass) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	e := s.editClass(in)
	sets := map[string]string{} // kind -> the set that this plan adds
	var w work
	obligations := slices.Clone(p.Obligations)
	slices.Reverse(obligations) // released in reverse order of acquisition
	done := map[string]bool{}
	var what []string
	// Tracked in source order, released in the reverse.
	tracked := map[*Obligation]string{}
	var mended []*Obligation
	var no *Refusal
	for _, o := range p.Obligations {
		before := len(e.edits)
		how, why := e.track(o, sets)
		if why == nil {
			why = e.fits(o)
		}
		if why != nil {
			o.Refusal, no = why, why
			e.edits = e.edits[:before]
			continue
		}
		mended = append(mended, o)
		tracked[o] = how
		if noun := plural(o.Kind.Noun); !slices.Contains(what, noun) {
			what = append(what, noun)
		}
	}
	if len(mended) == 0 {
		return nil, no
	}
	p = p.only(mended...)
	log := logger(in.class.Node)
	for _, o := range obligations {
		how, ok := tracked[o]
		if !ok {
			continue
		}
		if done[how] {
			continue
		}
		done[how] = true
		if no := e.release(&w, o, how, log); no != nil {
			return nil, no
		}
	}
	if no := e.tearDown(w); no != nil {
		return nil, no
	}
	name := "dispose"
	if t := in.teardown; t != nil {
		name = t.name
	}
	for _, o := range p.Obligations {
		if o.Kind.Within != "" && o.Standing == Offer {
			e.note(Safe, fmt.Sprintf("the release of the %s settles them, too; released before it, each is said goodbye and nothing is left in the collection", o.Kind.Within))
			break
		}
	}
	return &Fix{
		Plan: p, Edits: e.finish(), Notes: e.notes,
		Message: fmt.Sprintf("Release the %s of %s in %s()", strings.Join(what, " and "), p.Owner.Name, name),
	}, nil
}

// fits refuses what must not be released where a teardown begins.
func (e *classEdit) fits(o *Obligation) *Refusal {
	for _, c := range e.in.ancestors {
		if c.File != e.s.f && e.s.owes(c) {
			return refuse(TooEntangled, "its base class %s leaks, too: mend that first", c.Name())
		}
	}
	if o.Kind.Promised && !o.Call.Outer().Is("await_expression") && o.Handle.Place != InVariable {
		return refuse(TooEntangled, "what is kept is the promise of the %s", o.Kind.Noun)
	}
	if method := e.calledByBase(o); method != "" {
		return refuse(TooEntangled, "the constructor of the base class calls %s(), before a new field would be there", method)
	}
	t := e.in.teardown
	if t == nil || !t.own.OK() {
		return nil
	}
	if fn := o.Call.Function(); fn == t.own {
		return refuse(TooEntangled, "%s() itself acquires it", t.name)
	}
	if o.Kind.Fails != Never && o.Handle.Place == InField && e.usedBy(t.own, o.Handle.Field, 3) {
		return refuse(TooEntangled, "%s() still uses this.%s", t.name, o.Handle.Field)
	}
	e.doubts(o, t)
	if fn := o.Call.Function(); syntax.MemberName(fn) == "constructor" || !fn.OK() {
		for _, m := range e.in.members {
			if reopeners[m.Name] && m.Method {
				e.note(Unsafe, fmt.Sprintf("after %s() comes %s() again, perhaps, which does not acquire the %s anew: is %s() final?", t.name, m.Name, o.Kind.Noun, t.name))
				break
			}
		}
	}
	return nil
}

// owes reports whether a class of another file leaks itself: what is added to
// it would clash with what is added here.
func (s *scan) owes(c project.Class) bool {
	if s.hops == 0 || !s.IsCandidate(c.File.Src()) {
		return false
	}
	for _, o := range s.detect(s.ctx, c.File, s.hops-1) {
		if o.Status == Unmet && o.Standing == Leak && o.Owner.Node == c.Node {
			return true
		}
	}
	return false
}

// doubts notes what in an existing teardown may rely on the resource, or on
// being left before its end.
func (e *classEdit) doubts(o *Obligation, t *teardown) {
	noun := o.Kind.Noun
	line := func(n syntax.Node) int {
		l, _ := e.s.f.Position(n.Start())
		return l
	}
	for n := range t.own.Field("body").Own() {
		switch {
		case n.Is("await_expression", "while_statement", "do_statement"):
			e.note(Unsafe, fmt.Sprintf("%s() waits for something in line %d: does that need the %s, which is released before?", t.name, line(n), noun))
			return
		case n.Is("return_statement", "throw_statement") && n.NextNamed().OK(), n.Is("return_statement", "throw_statement") && n.Parent().Parent() != t.own:
			e.note(Unsafe, fmt.Sprintf("%s() may leave in line %d without ending the instance: the %s is released all the same", t.name, line(n), noun))
			return
		}
	}
	for _, ref := range e.in.refs[t.name] {
		if _, member := ref.ThisClass(); ref.Parent().Is("call_expression") && member.OK() && !isTeardown(syntax.MemberName(member)) {
			e.note(Unsafe, fmt.Sprintf("line %d calls %s() and goes on: is the %s needed after that?", line(ref), t.name, noun))
			return
		}
	}
}

// reopeners are methods that begin an instance's work again.
var reopeners = map[string]bool{"start": true, "open": true, "connect": true, "resume": true, "restart": true, "run": true, "init": true}

// usedBy reports whether a method, or those of the class that it calls, mentions
// a field.
func (e *classEdit) usedBy(method syntax.Node, field string, hops int) bool {
	for n := range method.Field("body").Descendants() {
		name, ok := n.ThisField()
		if !ok || !n.Is("member_expression") {
			continue
		}
		if name == field {
			return true
		}
		if hops == 0 || !n.Parent().Is("call_expression") {
			continue
		}
		for _, m := range e.in.members {
			if m.Name == name && m.Function().OK() && m.Function() != method && e.usedBy(m.Function(), field, hops-1) {
				return true
			}
		}
	}
	return false
}

// calledByBase names the method that acquires if a constructor above calls it,
// or one that calls it: a field that this class declares is not there yet.
func (e *classEdit) calledByBase(o *Obligation) string {
	if o.Handle.Place == InField || o.Handle.Place == InSet {
		return ""
	}
	_, member := o.Call.ThisClass()
	name := syntax.MemberName(member)
	callers := map[string]bool{name: true}
	for _, ref := range e.in.refs[name] {
		if _, m := ref.ThisClass(); m.OK() {
			callers[syntax.MemberName(m)] = true
		}
	}
	delete(callers, "constructor")
	for _, c := range e.in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			if m.Name != "constructor" {
				continue
			}
			for n := range m.Node.Descendants() {
				if called, ok := n.ThisField(); ok && n.Parent().Is("call_expression") && callers[called] {
					return called
				}
			}
		}
	}
	return ""
}

// track makes sure that the handle is kept, and returns the expression that
// holds it: a field, or a collection.
func (e *classEdit) track(o *Obligation, sets map[string]string) (string, *Refusal) {
	switch o.Handle.Place {
	case InField:
		if o.Kind.OneShot {
			e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when the instance ends: does anything rely on its callback running all the same?", o.Kind.Noun))
		}
		if o.Kind.Begins == Called {
			e.note(Unsafe, fmt.Sprintf("is it legal to release the %s when %s() was never called, or twice?", o.Kind.Noun, o.Acquire.Pattern.Anchor))
		}
		if e.in.borrowed(o.Handle.Field) || e.borrows(o) {
			return "", refuse(Borrowed, "this.%s may also hold one that belongs to somebody else, which must not be released here", o.Handle.Field)
		}
		return "this." + o.Handle.Field, nil
	case InSet:
		return "this." + o.Handle.Field, nil
	case InVariable:
		stmt := o.Handle.Value.Statement()
		if !inBlock(stmt) {
			return "", refuse(TooEntangled, "there is no place to keep the handle")
		}
		set := e.set(o, sets)
		e.edits = append(e.edits, e.st.after(stmt, e.st.fit(set+".add("+o.Handle.Symbol.Name+");")))
		return set, nil
	}
	if o.Kind.OneShot {
		return e.trackOneShot(o, sets)
	}
	v := chain(o.Call) // x && setInterval(..): the handle alone
	if e.once(o) {
		field := e.addField(o.Kind.Noun, e.handleType(o), "")
		e.edits = append(e.edits, patch.Edit{Start: v.Start(), End: v.Start(), New: field + " = "})
		return field, nil
	}
	set := e.set(o, sets)
	e.edits = append(e.edits,
		patch.Edit{Start: v.Start(), End: v.Start(), New: set + ".add("},
		patch.Edit{Start: v.End(), End: v.End(), New: ")"})
	return set, nil
}

// borrows reports whether a field is assigned from more than one source: only
// one of them is known to be owed.
func (e *classEdit) borrows(o *Obligation) bool {
	sources := map[string]bool{}
	for _, ref := range e.in.refs[o.Handle.Field] {
		p := ref.Parent()
		if !p.Is("assignment_expression") || p.Field("left") != ref {
			continue
		}
		value := p.Field("right").Inner(true)
		if !isNothing(value) {
			sources[calleeOrText(value)] = true
		}
	}
	return len(sources) > 1
}

func calleeOrText(n syntax.Node) string {
	if n.Is("call_expression", "new_expression") {
		return calleeText(n)
	}
	return n.Text()
}

// once reports whether an acquisition runs at most once in an instance's life:
// in the constructor, in no loop and in no function that runs later. Only a
// sole acquisition of its kind gets a field.
func (e *classEdit) once(o *Obligation) bool {
	switch e.s.Style.Tracking {
	case "field":
		return true
	case "set":
		return false
	}
	fn := o.Call.Function()
	if !fn.Is("method_definition") || syntax.MemberName(fn) != "constructor" {
		return false
	}
	for n := o.Call.Parent(); n.OK() && n != fn; n = n.Parent() {
		if n.Is("for_statement", "for_in_statement", "while_statement", "do_statement") {
			return false
		}
	}
	for _, other := range e.s.found {
		if other != o && other.Kind == o.Kind && other.Owner.Node == o.Owner.Node && other.Status == Unmet {
			return false
		}
	}
	return true
}

func (e *classEdit) set(o *Obligation, sets map[string]string) string {
	if set, ok := sets[o.Kind.Name]; ok {
		return set
	}
	value := "new Set()"
	if e.st.ts {
		value = "new Set<" + e.handleType(o) + ">()"
	}
	sets[o.Kind.Name] = e.addField(plural(o.Kind.Noun), "", value)
	return sets[o.Kind.Name]
}

// handleType writes the type of a handle: what the acquiring function returns,
// where it has a name that a type can mention, else the one method that the
// release needs.
func (e *classEdit) handleType(o *Obligation) string {
	callee := o.Call.Field("function")
	root := callee
	if callee.Is("member_expression") {
		root = callee.Field("object")
	}
	if sym := root.Symbol(); root.Is("identifier") && (sym == nil || e.s.f.TopLevel(sym.Name) == sym) {
		t := "ReturnType<typeof " + callee.Text() + ">"
		if o.Call.Outer().Is("await_expression") {
			t = "Awaited<" + t + ">"
		}
		return t
	}
	r := o.Kind.Release[0].Pattern
	if r.Receiver() == "HANDLE" {
		return "{ " + r.Anchor + "(): unknown }"
	}
	return "unknown"
}

// trackOneShot keeps a one-shot in a set that it leaves when it fires.
func (e *classEdit) trackOneShot(o *Obligation, sets map[string]string) (string, *Refusal) {
	v := o.Handle.Value
	stmt := v.Parent()
	callback := o.Call.Field("arguments").Child(0)
	if !stmt.Is("expression_statement") || !inBlock(stmt) {
		return "", refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	if !callback.IsArrow() {
		return "", refuse(TooEntangled, "the callback is not an arrow function, which could leave the set when it fires")
	}
	set := e.set(o, sets)
	used := nameTaken(o.Call.Function())
	name := freshName(o.Kind.Noun, func(n string) bool { return used(n) || e.locals[n] })
	e.locals[name] = true
	leave := set + ".delete(" + name + ")"
	e.edits = append(e.edits, patch.Edit{Start: v.Start(), End: v.Start(), New: "const " + name + " = "})
	body := callback.Field("body")
	if body.Is("statement_block") {
		at := body.Start() + 1
		first := body.Child(0)
		if first.OK() && strings.Contains(string(e.s.f.Src()[at:first.Start()]), "\n") {
			indent := indentAt(e.s.f, first.Start())
			at = lineEndAfter(e.s.f, at)
			e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: e.st.eol + indent + e.st.fit(leave+";")})
		} else {
			e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: " " + leave + ";"})
		}
	} else {
		e.edits = append(e.edits,
			patch.Edit{Start: body.Start(), End: body.Start(), New: "{ " + leave + "; "},
			patch.Edit{Start: body.End(), End: body.End(), New: "; }"})
	}
	e.edits = append(e.edits, e.st.after(stmt, e.st.fit(set+".add("+name+");")))
	e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when the instance ends: does anything rely on its callback running all the same?", o.Kind.Noun))
	return set, nil
}

// release adds the statements that release what `how` holds.
func (e *classEdit) release(w *work, o *Obligation, how, log string) *Refusal {
	single := o.Handle.Place == InField || !strings.HasPrefix(how, "this.") || e.isPlainField(o, how)
	if single {
		return e.releaseField(w, o, how, log)
	}
	if r, _ := e.s.chooseRelease(o); r.Done {
		return refuse(TooEntangled, "its release tells by a callback when it is done; release it in a method that waits for that")
	}
	noun := freshName(o.Kind.Noun, func(n string) bool { return "this."+n == how })
	call, no := e.s.writeRelease(o, noun)
	if no != nil {
		return no
	}
	of, clear, key, no := e.iteration(o, how)
	if no != nil {
		return no
	}
	if o.Kind.Fails == Never {
		w.add(fmt.Sprintf("for (const %s of %s) %s;", noun, of, call), clear)
		return nil
	}
	binding, label := noun, ""
	if key && log != "" {
		binding, of, label = "[key, "+noun+"]", how, " ${key}"
	}
	if o.Kind.Fails == Rejects {
		call = "await " + call
		w.async = true
	}
	plain := fmt.Sprintf("for (const %s of %s) %s;", binding, of, call)
	guarded := fmt.Sprintf("for (const %s of %s) {\n\ttry {\n\t\t%s;\n\t} catch (err) {\n\t\t%s\n\t}\n}", binding, of, call, failure(log, o, label))
	w.steps = append(w.steps, step{plain, guarded, log == ""}, step{plain: clear})
	return nil
}

// failure is what becomes of an error of a release.
func failure(log string, o *Obligation, label string) string {
	if log != "" {
		return fmt.Sprintf("%s(`cannot release %s%s: ${err}`);", log, o.Kind.Noun, label)
	}
	return "failed.push(err);"
}

func (e *classEdit) isPlainField(o *Obligation, how string) bool {
	return o.Handle.Place == Discarded && !o.Kind.OneShot && e.once(o)
}

func (e *classEdit) releaseField(w *work, o *Obligation, how, log string) *Refusal {
	if r, _ := e.s.chooseRelease(o); r.Done {
		return refuse(TooEntangled, "its release tells by a callback when it is done; release it in a method that waits for that")
	}
	call, no := e.s.writeRelease(o, how)
	if no != nil {
		return no
	}
	if o.Kind.Fails == Never {
		if e.mayBeNull(o) {
			call = "if (" + how + ") " + call
		}
		w.add(call + ";")
		return nil
	}
	if !e.alwaysSet(o.Handle.Field) {
		call = strings.Replace(call, how+".", how+"?.", 1) // it may never have been acquired
	}
	if o.Kind.Fails == Rejects {
		call = "await " + call
		w.async = true
	}
	guarded := fmt.Sprintf("try {\n\t%s;\n} catch (err) {\n\t%s\n}", call, failure(log, o, ""))
	w.steps = append(w.steps, step{call + ";", guarded, log == ""})
	return nil
}

// alwaysSet reports whether a field holds a value from its declaration on.
func (e *classEdit) alwaysSet(field string) bool {
	for _, m := range e.in.members {
		if m.Name == field {
			v := m.Node.Field("value")
			return v.OK() && !isNothing(v) && !e.reset(field)
		}
	}
	return false
}

// reset reports whether a field is set to nothing somewhere.
func (e *classEdit) reset(field string) bool {
	for _, ref := range e.in.refs[field] {
		if p := ref.Parent(); p.Is("assignment_expression") && p.Field("left") == ref && isNothing(p.Field("right")) {
			return true
		}
	}
	return false
}

// mayBeNull reports whether a field is declared with room for null, which the
// functions that clear timers do not take.
func (e *classEdit) mayBeNull(o *Obligation) bool {
	if !e.st.ts || o.Handle.Place != InField {
		return false
	}
	for _, m := range e.in.members {
		if m.Name == o.Handle.Field {
			return strings.Contains(syntax.Annotation(m.Node).Text(), "null")
		}
	}
	return false
}

// iteration says how to walk over a collection, how to empty it, and whether
// it has keys.
func (e *classEdit) iteration(o *Obligation, how string) (of, clear string, key bool, no *Refusal) {
	if o.Handle.Place != InSet {
		return how, how + ".clear();", false, nil
	}
	if refs := e.in.refs[o.Handle.Field]; len(refs) > 0 {
		switch syntax.TypeOf(refs[0]).Name() {
		case "Map":
			return how + ".values()", how + ".clear();", true, nil
		case "Set":
			return how, how + ".clear();", false, nil
		}
		if isCollection(refs[0]) {
			return how, how + ".length = 0;", false, nil
		}
	}
	for _, m := range e.in.members {
		if m.Name == o.Handle.Field && !m.Node.HasToken("readonly") && (m.Node.Field("value").Is("object") || strings.HasPrefix(syntax.Annotation(m.Node).Text(), "Record<")) {
			return "Object.values(" + how + ")", how + " = {};", false, nil
		}
	}
	return "", "", false, refuse(TooEntangled, "%s is no collection that can be walked over for sure", how)
}
