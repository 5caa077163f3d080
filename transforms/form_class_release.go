package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// release adds the statements that release what `how` holds.
func (e *classEdit) release(w *work, o *Obligation, how, log string) {
	if o.Kind.Registers() {
		e.releaseRegistration(w, how)
		return
	}
	r, _ := e.s.chooseRelease(o) // fits has asked
	switch {
	case e.isSingle(o) && r.Done:
		e.releaseAndWait(w, o, how, log)
		return
	case e.isSingle(o):
		call, _ := e.s.qualified(o, r, instantiate(r.Pattern, o, how))
		e.releaseField(w, o, how, call, log)
		return
	}
	noun := o.Kind.Noun
	call, _ := e.s.qualified(o, r, instantiate(r.Pattern, o, noun))
	of, clear, key, _ := e.iteration(o, how)
	unawaited := e.unawaited(o)
	if unawaited {
		call = e.st.dropped(call)
	}
	if o.Kind.Fails == Never || unawaited {
		w.add(fmt.Sprintf("for (const %s of %s) %s;", noun, of, call), clear)
		return
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
	w.steps = append(w.steps, step{plain: plain, guarded: guarded, collect: log == ""}, step{plain: clear})
}

// failure is what becomes of an error of a release.
func failure(log string, o *Obligation, label string) string {
	if log != "" {
		return fmt.Sprintf("%s(`cannot release %s%s: ${err}`);", log, o.Kind.Noun, label)
	}
	return "failed.push(err);"
}

// isSingle: the handle has a field for itself, or gets one.
func (e *classEdit) isSingle(o *Obligation) bool {
	return o.Handle.Place == InField || e.hosted() && o.Handle.Place == InVariable || o.Handle.inClosure() || o.Handle.Place == Discarded && !o.Kind.OneShot && e.once(o)
}

func (e *classEdit) releaseField(w *work, o *Obligation, how, call, log string) {
	byMethod := o.isCallable() || o.Kind.Name != debouncedKind && (strings.Contains(call, how+".") || strings.Contains(call, how+"?.")) // what is debounced goes on to work
	asked := e.in.asks(o.Handle)
	// it may never have been acquired, or be released already
	perhaps := !e.alwaysSet(o.Handle) || mayHoldNothing(o) || (o.Kind.Fails != Never || byMethod || asked) && e.empties(o)
	if perhaps {
		call = strings.Replace(call, how+".", how+"?.", 1)
		if o.isCallable() {
			call = strings.Replace(call, how+"(", how+"?.(", 1)
		}
	}
	r, _ := e.s.chooseRelease(o)
	unsure := r.Pattern.Rooted() && !o.Kind.Lenient && perhaps
	if o.Kind.Fails == Never {
		if unsure {
			call = "if (" + how + " != null) " + call // 0 is a handle, too
		} else if e.mayBeNull(o) && !strings.Contains(call, how+"?.") {
			call = "if (" + how + ") " + call
		}
		w.add(call + ";")
		if byMethod || asked {
			e.empty(w, o, how)
		}
		if asked && e.nothingFor(o) == "" {
			e.note(Unsafe, fmt.Sprintf("the class asks whether %s holds one, and its type has no room for none: can it begin again?", how))
		}
		return
	}
	unawaited := e.unawaited(o)
	switch {
	case unawaited:
		call = e.st.dropped(call)
	case o.Kind.Fails == Rejects:
		call = "await " + call
		w.async = true
	}
	if unsure {
		call = "if (" + how + " != null) " + call
	}
	if unawaited {
		w.add(call + ";")
		e.empty(w, o, how)
		return
	}
	guarded := fmt.Sprintf("try {\n\t%s;\n} catch (err) {\n\t%s\n}", call, failure(log, o, ""))
	w.steps = append(w.steps, step{plain: call + ";", guarded: guarded, collect: log == ""})
	e.empty(w, o, how)
}

// unawaited reports whether a release that rejects is begun, and nothing waits for it: the
// host of the instance does not wait for its end.
func (e *classEdit) unawaited(o *Obligation) bool {
	t, h := e.in.teardown, e.in.host
	return o.Kind.Fails == Rejects && h != nil && !h.awaited && t != nil && !t.async && !t.own.IsAsync() && (t.hosted || t.name == h.teardown)
}

// empty leaves nothing in a field, so that a second teardown does not release it
// again, and a further start sees that there is none. What the teardown goes on to
// read stays.
func (e *classEdit) empty(w *work, o *Obligation, how string) {
	nothing := e.nothingFor(o)
	if nothing == "" {
		return
	}
	if read := e.readByTeardown(o); read.OK() {
		line, _ := e.s.f.Position(read.Start())
		e.note(Unsafe, fmt.Sprintf("line %d goes on with %s, which is released by then: does that still work?", line, how))
		return
	}
	w.steps = append(w.steps, step{plain: how + " = " + nothing + ";", tidies: true})
}

// empties reports whether a field is left with nothing, which cannot be released, once its handle is.
func (e *classEdit) empties(o *Obligation) bool {
	nothing := e.nothingFor(o)
	return nothing != "" && nothing != "0" && !e.readByTeardown(o).OK()
}

// readByTeardown is where the teardown that is there reads the field of a handle; the
// zero Node for nowhere.
func (e *classEdit) readByTeardown(o *Obligation) syntax.Node {
	t := e.in.teardown
	if e.again || t == nil || !t.own.OK() || o.Handle.Place != InField {
		return syntax.Node{}
	}
	for _, ref := range e.in.refs[o.Handle.Field] {
		p := ref.Outer().Parent()
		if ref.Within(t.own) && !(p.Is("assignment_expression") && p.Field("left").Inner(false) == ref) {
			return ref
		}
	}
	return syntax.Node{}
}

// releaseAndWait releases by a call that tells by a callback when it is done.
func (e *classEdit) releaseAndWait(w *work, o *Obligation, how, log string) {
	name := how
	call := ""
	if !e.alwaysSet(o.Handle) { // it may never have been acquired
		name = freshName(o.Kind.Noun, func(n string) bool { return e.locals[n] || e.in.teardown != nil && nameTaken(e.in.teardown.own)(n) })
		e.locals[name] = true
		call = "const " + name + " = " + how + ";\n"
	}
	wait := awaitDone(e.s.typing(), name, o, false)
	guarded := fmt.Sprintf("try {\n\t%s\n} catch (err) {\n\t%s\n}", strings.ReplaceAll(wait, "\n", "\n\t"), failure(log, o, ""))
	if name != how {
		wait = call + "if (" + name + ") {\n\t" + strings.ReplaceAll(wait, "\n", "\n\t") + "\n}"
		guarded = call + "if (" + name + ") {\n\t" + strings.ReplaceAll(guarded, "\n", "\n\t") + "\n}"
	}
	if name == how {
		e.note(Unsafe, fmt.Sprintf("the release of a %s that %s() was never called on fails: does that happen?", o.Kind.Noun, o.Acquire.Pattern.Anchor))
	}
	w.async = true
	w.steps = append(w.steps, step{plain: wait, guarded: guarded, collect: log == ""})
	e.empty(w, o, how)
	e.note(Unsafe, fmt.Sprintf("the teardown waits until the %s is released: how long may that take?", o.Kind.Noun))
}

// iteration says how to walk over a collection, how to empty it, and whether
// it has keys; not ok where that cannot be told.
func (e *classEdit) iteration(o *Obligation, how string) (of, clear string, key, ok bool) {
	if o.Handle.Place != InSet { // the form's own set
		return how, how + ".clear();", false, true
	}
	if refs := e.in.refs[o.Handle.Field]; len(refs) > 0 {
		switch syntax.TypeOf(refs[0]).Name() {
		case "Map":
			return how + ".values()", how + ".clear();", true, true
		case "Set":
			return how, how + ".clear();", false, true
		}
		if isCollection(refs[0]) {
			return how, how + ".length = 0;", false, true
		}
	}
	for _, m := range e.in.members {
		if m.Name == o.Handle.Field && !m.Node.HasToken("readonly") && (m.Node.Field("value").Is("object") || strings.HasPrefix(syntax.Annotation(m.Node).Text(), "Record<")) {
			return "Object.values(" + how + ")", how + " = {};", false, true
		}
	}
	return "", "", false, false
}
