package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formShutdown waits for a release that tells by a callback, or a promise, when it is
// done, and makes the teardown reach it.
type formShutdown struct{}

func (formShutdown) Name() string { return "shutdown" }

func (formShutdown) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	fn := o.gist.(syntax.Node)
	stmt := o.At.Statement()
	name := syntax.MemberName(fn)
	if fn.IsGenerator() || fn.HasToken("get") || fn.HasToken("set") || hasReturnedValue(fn) && !fn.IsAsync() {
		return nil, refuse(TooEntangled, "%s() returns something already", name)
	}
	for d := range o.At.Descendants() {
		if d.Is("optional_chain") && o.Kind.Release[0].Done {
			return nil, refuse(TooEntangled, "it is called by ?., and may not be there")
		}
	}
	for next := stmt.NextNamed(); next.OK(); next = next.NextNamed() {
		if a := next.Child(0); a.Is("assignment_expression") && syntax.SameExpression(a.Field("left"), o.At.Field("function").Field("object")) {
			return nil, refuse(TooEntangled, "%s is given another value right after", a.Field("left").Text())
		}
	}
	if r := fn.Field("return_type").Child(0); r.OK() && r.Text() != "void" && !returnsPromise(fn) {
		return nil, refuse(TooEntangled, "%s() is declared to return %s", name, r.Text())
	}
	for _, other := range in.ancestors {
		for _, m := range syntax.Members(other.Node) {
			if m.Name == name && !fn.IsAsync() && !returnsPromise(m.Node) {
				return nil, refuse(NotAsync, "%s() is inherited as a method that returns nothing", name)
			}
		}
	}
	handle := o.At.Field("function").Field("object")
	if !inBlock(stmt) {
		return nil, refuse(TooEntangled, "the release shares its statement with other code")
	}
	if o.Kind.Release[0].Done {
		e.edits = append(e.edits, e.st.instead(stmt, "", awaitNarrowed(e.s.typing(), handle, o, false, nameTaken(fn))))
	} else {
		e.edits = append(e.edits, patch.Edit{Start: stmt.Start(), End: stmt.Start(), New: "await "})
	}
	if !fn.IsAsync() {
		at := fn.Field("name").Start()
		e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: "async "})
		if r := fn.Field("return_type"); r.OK() && r.Child(0).Text() == "void" {
			e.edits = append(e.edits, patch.Edit{Start: r.Child(0).Start(), End: r.Child(0).End(), New: "Promise<void>"})
		} else if !r.OK() && e.st.ts {
			end := fn.Field("parameters").End()
			e.edits = append(e.edits, patch.Edit{Start: end, End: end, New: ": Promise<void>"})
		}
		e.note(Unsafe, fmt.Sprintf("%s() returns a promise now: callers that went on at once, and classes that override it, want a look", name))
	}
	if t := in.inherited; t != nil && rank(t.name) < rank(name) && !e.has(t.name) {
		call := "await this" + memberSuffix(name) + "();"
		guarded := "try {\n\t" + call + "\n} catch (err) {\n\tfailed.push(err);\n}"
		if no := e.override(t, work{steps: []step{{plain: call, guarded: guarded, collect: true}}, async: true}); no != nil {
			return nil, no
		}
	}
	if o.Kind.Release[0].Done {
		e.note(Unsafe, fmt.Sprintf("%s() waits until the last connection has ended: how long may that take?", name))
	} else {
		e.note(Unsafe, fmt.Sprintf("%s() waits for the %s, and fails where that cannot be released: what stands behind it does not run then", name, o.Kind.Noun))
	}
	return &Fix{Plan: p, Edits: e.finish(), Notes: e.notes, Message: fmt.Sprintf("Wait in %s.%s() until the %s is released", nameOf(in.class.Node), name, o.Kind.Noun)}, nil
}

func hasReturnedValue(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if n.Is("return_statement") && n.Len() > 0 {
			return true
		}
	}
	return false
}

// awaitNarrowed is awaitDone for an expression of the code. A type that is
// narrowed by a condition around does not hold inside of the callback, so what
// may be undefined is kept in a constant first.
func awaitNarrowed(t typing, handle syntax.Node, o *Obligation, forgiving bool, taken func(string) bool) string {
	name, before := handle.Text(), ""
	if t == annotated && mayBeUndefined(handle) {
		name = freshName("closing", taken)
		before = "const " + name + " = " + handle.Text() + ";\n"
	}
	return before + awaitDone(t, name, o, forgiving)
}

// awaitDone writes the statements that release by a call that takes a
// node-style callback, and wait for it. Forgiving, it hides no earlier error
// behind one of the release.
func awaitDone(t typing, handle string, o *Obligation, forgiving bool) string {
	typ, resolve := "", "resolve()"
	switch t {
	case annotated:
		typ = "<void>"
	case documented: // nothing says of what it is a promise
		resolve = "resolve(undefined)"
	}
	settle, callback := "(resolve, reject)", "(err) => (err ? reject(err) : "+resolve+")"
	if forgiving {
		settle, callback = "(resolve)", "() => "+resolve
	}
	done := fmt.Sprintf("%s.%s(%s);", handle, o.Kind.Release[0].Pattern.Anchor, callback)
	if a := o.Kind.After; a != nil {
		done += "\n\t" + instantiate(a, o, handle) + ";"
	}
	return fmt.Sprintf("await new Promise%s(%s => {\n\t%s\n});", typ, settle, done)
}

// mayBeUndefined reports whether the declared type of a variable or field has
// room for nothing, or cannot be seen.
func mayBeUndefined(n syntax.Node) bool {
	n = n.Inner(false)
	if field, ok := n.ThisField(); ok {
		class, _ := n.FieldOwner()
		for _, m := range syntax.Members(class) {
			if m.Name == field {
				return m.Node.HasToken("?") || hasNothing(syntax.Annotation(m.Node), "undefined", "null") || m.Getter && hasNothing(m.Node.Field("return_type").Child(0), "undefined", "null")
			}
		}
		return true
	}
	if sym := n.Symbol(); sym != nil && sym.Kind == syntax.Variable {
		return !sym.Decl.Parent().HasToken("const")
	}
	return true
}

// hasNothing reports whether a type has room for one of the words: undefined, null.
func hasNothing(typ syntax.Node, words ...string) bool {
	for d := range typ.Descendants() {
		if d.Is("undefined", "null", "literal_type", "predefined_type") && slices.Contains(words, d.Text()) {
			return true
		}
	}
	return false
}
