package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formClass keeps what an instance acquires in fields of the instance and
// releases it in the instance's teardown.
type formClass struct{}

func (formClass) Name() string { return "class" }

func (f formClass) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	in := s.instance(p.Owner.Node)
	if in.host != nil && in.host.apart {
		return nil, refuse(TooEntangled, "each of its methods has an instance of its own: keep it in what they share, and release it in %s()", in.host.teardown)
	}
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	sets := map[string]string{} // kind -> the set that this plan adds
	var w work
	obligations := slices.Clone(p.Obligations)
	slices.Reverse(obligations) // released in reverse order of acquisition
	done := map[string]bool{}
	var what []string
	// Tracked in source order, released in the reverse.
	tracked := map[*Obligation]string{}
	var mended []*Obligation
	handed := 0
	for _, o := range p.Obligations {
		how, notes := "", len(e.notes)
		if e.handOver(o) {
			mended, handed = append(mended, o), handed+1
			if noun := plural(o.Kind.Noun); !slices.Contains(what, noun) {
				what = append(what, noun)
			}
			continue
		}
		why := e.fits(o)
		if why == nil {
			how, why = e.track(o, sets)
		}
		if why != nil {
			o.Refusal, no = why, why
			e.notes = e.notes[:notes]
			continue
		}
		mended = append(mended, o)
		tracked[o] = how
		if !e.endLoop(o, &w) {
			e.guardLate(o, &w)
		}
		if noun := plural(o.Kind.Noun); !slices.Contains(what, noun) {
			what = append(what, noun)
		}
	}
	for _, o := range e.named {
		if x := s.owedWithin(o.handler(), mended); x != nil {
			line, _ := s.f.Position(x.At.Start())
			o.Refusal = refuse(TooEntangled, "the function that is registered owes something itself, in line %d", line)
			if len(mended) == 1 {
				return nil, o.Refusal
			}
			return f.fix(s, p.only(slices.DeleteFunc(mended, func(m *Obligation) bool { return m == o })...))
		}
	}
	if len(mended) == 0 {
		return nil, no
	}
	p = p.only(mended...)
	if handed == len(mended) {
		return &Fix{Plan: p, Edits: e.finish(), Notes: e.notes, Message: fmt.Sprintf("Hand over the %s of %s, to end with it", strings.Join(what, " and "), p.Owner.Name)}, nil
	}
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
		e.release(&w, o, e.there(how), log)
		for _, removal := range e.gestureRemovals(o) {
			if !done[removal] {
				done[removal] = true
				w.add(removal)
			}
		}
	}
	if w.counts != "" {
		w.steps = slices.Insert(w.steps, 0, step{plain: e.there(w.counts) + "++;"})
	}
	if w.ended != "" {
		w.steps = slices.Insert(w.steps, 0, step{plain: e.there(w.ended) + " = true;"})
	}
	if no := e.tearDown(w); no != nil {
		return nil, no
	}
	e.uncalled(in.teardown)
	name := "dispose"
	if t := in.teardown; t != nil {
		name = t.name
	}
	tested := name // by whoever writes tests of classes
	if !in.class.Node.IsClass() {
		tested = ""
	}
	for _, o := range p.Obligations {
		if len(o.Kind.Within) > 0 && o.Standing == Offer {
			e.note(Safe, fmt.Sprintf("the release of the %s settles them, too; released before it, each is said goodbye and nothing is left in the collection", strings.Join(o.Kind.Within, " or ")))
			break
		}
	}
	return &Fix{
		Plan: p, Edits: e.finish(), Notes: e.notes, Teardown: tested,
		Message: fmt.Sprintf("Release the %s of %s in %s()", strings.Join(what, " and "), p.Owner.Name, name),
	}, nil
}

// track makes sure that the handle is kept, and returns the expression that
// holds it: a field, or a collection.
func (e *classEdit) track(o *Obligation, sets map[string]string) (string, *Refusal) {
	if o.Kind.Registers() {
		return e.trackRegistration(o, sets)
	}
	if o.then.OK() && o.Handle.Place == InVariable {
		return e.trackThen(o, sets)
	}
	switch o.Handle.Place {
	case InField:
		if o.Kind.OneShot {
			e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when the instance ends: does anything rely on its callback running all the same?", o.Kind.Noun))
		}
		if o.Kind.Begins == Called {
			e.note(Unsafe, fmt.Sprintf("is it legal to release the %s when %s() was never called, or twice?", o.Kind.Noun, o.Acquire.Pattern.Anchor))
		}
		if o.Way == MissingPath && len(o.releases) > 0 && o.Kind.Fails != Never {
			line, _ := e.s.f.Position(o.releases[0].Start())
			e.note(Unsafe, fmt.Sprintf("line %d releases the %s, too: does it leave nothing behind that would be released twice?", line, o.Kind.Noun))
		}
		if e.in.borrowed(o.Handle.Field) || e.borrows(o) {
			return "", refuse(Borrowed, "this.%s may also hold one that belongs to somebody else, which must not be released here", o.Handle.Field)
		}
		return "this." + o.Handle.Field, nil
	case InSet:
		if o.Kind.OneShot && len(o.Kind.Over) == 0 {
			e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when the instance ends: does anything rely on its callback running all the same?", o.Kind.Noun))
		}
		return "this." + o.Handle.Field, nil
	case InClosure:
		return e.trackClosure(o)
	case InVariable:
		stmt := o.Handle.Value.Statement()
		if !inBlock(stmt) || o.Handle.Value != chain(o.Call) {
			return "", refuse(TooEntangled, "there is no place to keep the handle")
		}
		if o.Kind.OneShot {
			return e.trackOneShot(o, stmt, o.Handle.Symbol.Name, sets)
		}
		if e.hosted() {
			field := e.addField(o.Kind.Noun, e.handleType(o), "")
			e.edits = append(e.edits, e.st.after(stmt, e.st.fit(e.here(o, field)+" = "+o.Handle.Symbol.Name+";")))
			return field, nil
		}
		set := e.set(o, sets)
		e.edits = append(e.edits, e.st.after(stmt, e.st.fit(e.here(o, set)+".add("+o.Handle.Symbol.Name+");")))
		return set, nil
	}
	if o.Handle.inClosure() {
		return e.nameDropped(o)
	}
	if made := madeOnTheSpot(o); made.OK() {
		return e.trackMade(o, made, sets), nil
	}
	if stmt := o.Handle.Value.Parent(); o.Kind.OneShot {
		if !stmt.Is("expression_statement") || !inBlock(stmt) || o.Handle.Value != chain(o.Call) {
			return "", refuse(TooEntangled, "the handle is made where no name can be given to it")
		}
		return e.trackOneShot(o, stmt, "", sets)
	}
	v := chain(o.Call) // x && setInterval(..): the handle alone
	if e.isSingle(o) {
		field := e.addField(o.Kind.Noun, e.handleType(o), "")
		e.edits = append(e.edits, patch.Edit{Start: v.Start(), End: v.Start(), New: e.here(o, field) + " = "})
		return field, nil
	}
	set := e.set(o, sets)
	e.edits = append(e.edits,
		patch.Edit{Start: v.Start(), End: v.Start(), New: e.here(o, set) + ".add("},
		patch.Edit{Start: v.End(), End: v.End(), New: ")"})
	return set, nil
}

func calleeOrText(n syntax.Node) string {
	if n.Is("call_expression", "new_expression") {
		return calleeText(n)
	}
	return n.Text()
}

func (e *classEdit) set(o *Obligation, sets map[string]string) string {
	value := "new Set()"
	if e.st.ts {
		value = "new Set<" + e.handleType(o) + ">()"
	}
	key := o.Kind.Name + " " + value // one library's handles are not another's
	if sets[key] == "" {
		sets[key] = e.addField(plural(o.Kind.Noun), "", value)
	}
	return sets[key]
}

// handleType writes the type of a handle: what the acquiring function returns,
// where it has a name that a type can mention, else the one method that the
// release needs.
func (e *classEdit) handleType(o *Obligation) string { return e.s.handleType(o, e.st) }

func (s *scan) handleType(o *Obligation, st style) string {
	callee := o.Call.Field("function")
	call := o.Call
	if made := madeOnTheSpot(o); made.OK() {
		call = made
	}
	if call.Is("new_expression") {
		callee = call.Field("constructor")
	}
	if im, ok := callee.Symbol().Import(); ok && im.Name == "default" && o.Acquire.Pattern.New && len(o.Acquire.Types) > 0 {
		return callee.Text() + "." + o.Acquire.Types[0]
	}
	root := callee
	if callee.Is("member_expression") {
		root = callee.Field("object")
	}
	for root.Is("member_expression") && o.Acquire.Pattern.Rooted() && slices.Contains(o.Acquire.From, "global") {
		root = root.Field("object") // navigator.mediaDevices.getUserMedia
	}
	if sym := root.Symbol(); root.Is("identifier") && !o.Acquire.Pattern.Picks() && (sym == nil || s.f.TopLevel(sym.Name) == sym) {
		if call.Is("new_expression") {
			return callee.Text()
		}
		t := "ReturnType<typeof " + callee.Text() + ">"
		if sym == nil && (root.Text() == "window" || root.Text() == "self") { // also typeof globalThis, whose may differ
			t = "ReturnType<Window[" + st.quote + callee.Field("property").Text() + st.quote + "]>"
		}
		if o.Call.Outer().Is("await_expression") || o.then.OK() {
			t = "Awaited<" + t + ">"
		}
		return t
	}
	r := o.Kind.Release[0].Pattern
	if r.Receiver() == "HANDLE" {
		return "{ " + r.Anchor + "(): unknown }"
	}
	first := r.Root().Field("function").Field("object").Field("function") // $HANDLE.cancel().catch(..)
	if hole, ok := syntax.HoleName(first.Field("object")); ok && hole == "HANDLE" {
		return "{ " + first.Field("property").Text() + "(): Promise<unknown> }"
	}
	if o.isCallable() {
		return "() => void"
	}
	return "unknown"
}

// trackThen keeps what the function of a then is given in a set.
func (e *classEdit) trackThen(o *Obligation, sets map[string]string) (string, *Refusal) {
	if !o.then.IsArrow() {
		return "", refuse(TooEntangled, "the function that is given the %s is not an arrow function, which could keep it", o.Kind.Noun)
	}
	set := e.set(o, sets)
	keep := e.here(o, set) + ".add(" + o.Handle.Symbol.Name + ")"
	if body := o.then.Field("body"); !body.Is("statement_block") {
		e.edits = append(e.edits,
			patch.Edit{Start: body.Start(), End: body.Start(), New: "{ " + keep + "; return "}, patch.Edit{Start: body.End(), End: body.End(), New: "; }"})
		return set, nil
	}
	e.edits = append(e.edits, e.st.beginWith(o.then, keep)...)
	return set, nil
}

// trackOneShot keeps a one-shot in a set that it leaves when it fires. name is
// the variable that holds it; "": none yet.
func (e *classEdit) trackOneShot(o *Obligation, stmt syntax.Node, name string, sets map[string]string) (string, *Refusal) {
	callback := o.Call.Field("arguments").Child(0)
	if name != "" && !o.Handle.Symbol.Constant() {
		return "", refuse(TooEntangled, "%s may hold another when it fires", name)
	}
	if !callback.IsArrow() {
		return "", refuse(TooEntangled, "the callback is not an arrow function, which could leave the set when it fires")
	}
	set := e.set(o, sets)
	if name == "" {
		used := nameTaken(o.Call.Function())
		name = freshName(o.Kind.Noun, func(n string) bool { return used(n) || e.locals[n] })
		e.locals[name] = true
		e.edits = append(e.edits, patch.Edit{Start: stmt.Start(), End: stmt.Start(), New: "const " + name + " = "})
	}
	leave := e.here(o, set) + ".delete(" + name + ")"
	e.edits = append(e.edits, e.st.beginWith(callback, leave)...)
	e.edits = append(e.edits, e.st.after(stmt, e.st.fit(e.here(o, set)+".add("+name+");")))
	e.note(Unsafe, fmt.Sprintf("a pending %s is cancelled when the instance ends: does anything rely on its callback running all the same?", o.Kind.Noun))
	return set, nil
}
