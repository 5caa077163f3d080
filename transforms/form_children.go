package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formChildren lets a parent know the children of its own class, end them
// before itself, and forget those that end first.
type formChildren struct{}

func (formChildren) Name() string { return "children" }

func (formChildren) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e := s.editClass(in)
	t := in.teardown
	class := nameOf(in.class.Node)
	if !t.own.OK() {
		return nil, refuse(TooEntangled, "the teardown of %s is inherited", class)
	}
	ret := o.Call.Outer().Parent()
	if !ret.Is("return_statement") || !inBlock(ret) {
		return nil, refuse(TooEntangled, "the child is not returned as it is made")
	}
	typ := ""
	if e.st.ts {
		typ = "<" + class + ">"
	}
	set := e.addField("children", "", "new Set"+typ+"()")
	name := freshName("child", nameTaken(o.Call.Function()))
	call := o.Call.Outer()
	e.edits = append(e.edits,
		patch.Edit{Start: ret.Start(), End: call.Start(), New: "const " + name + " = "},
	)
	e.edits = append(e.edits, e.st.after(ret, e.st.fit(set+".add("+name+");\nreturn "+name+";")))
	w := work{}
	release := name + memberSuffix(t.name) + "()"
	if t.async {
		release, w.async = "await "+release, true
	}
	field := strings.TrimPrefix(set, "this")
	parent := "this." + parentField(in.class.Node)
	w.steps = append(w.steps, step{
		plain:   fmt.Sprintf("for (const %s of [...%s]) %s;", name, set, release),
		guarded: fmt.Sprintf("for (const %s of [...%s]) {\n\ttry {\n\t\t%s;\n\t} catch (err) {\n\t\tfailed.push(err);\n\t}\n}", name, set, release),
		collect: true,
	})
	w.add(set+".clear();", fmt.Sprintf("if (%s instanceof %s) %s%s.delete(this);", parent, class, parent, field))
	if no := e.complete(t, w); no != nil {
		return nil, no
	}
	e.note(Unsafe, fmt.Sprintf("a child that nobody ends is held by its parent from now on: does everybody who makes one call %s()?", t.name))
	e.note(Unsafe, fmt.Sprintf("the parent's %s() ends children that somebody may still use", t.name))
	return &Fix{Plan: p, Edits: e.finish(), Notes: e.notes, Message: fmt.Sprintf("Let %s end its children", class)}, nil
}

// formRegistry gives a registry that only grows a way out and an end.
type formRegistry struct{}

func (formRegistry) Name() string { return "registry exit" }

func (formRegistry) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e := s.editClass(in)
	release := o.Kind.Release[0].Pattern
	key := o.Bindings[o.Kind.Keyed]
	name := release.Anchor
	if e.taken[name] {
		return nil, refuse(NameTaken, "%s is something else in this class", name)
	}
	param := key.Text()
	if typ := key.Symbol().Type(); typ.OK() {
		param += ": " + typ.Text()
	}
	returns := ""
	if e.st.ts {
		returns = ": void"
	}
	call := instantiate(release, o, "")
	e.methods = append(e.methods, method(fmt.Sprintf("%s%s(%s)%s", e.public(), name, param, returns), []string{call + ";"}))
	all := o.Bindings[o.Kind.Retainer].Text() + "?." + name + "()"
	if in.teardown == nil {
		e.note(Unsafe, fmt.Sprintf("%s has no teardown; what is never removed stays until the instance is collected", nameOf(in.class.Node)))
	} else if no := e.tearDown(work{steps: []step{{plain: all + ";"}}}); no != nil {
		return nil, no
	}
	e.note(Unsafe, fmt.Sprintf("the registry is bounded by the number of keys unless callers make up new ones: do they, and who will call %s()?", name))
	return &Fix{Plan: p, Edits: e.finish(), Notes: e.notes, Message: fmt.Sprintf("Give the registry of %s a way out", nameOf(in.class.Node))}, nil
}

// formShutdown waits for a release that tells by a callback when it is done,
// and makes the teardown reach it.
type formShutdown struct{}

func (formShutdown) Name() string { return "shutdown" }

func (formShutdown) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e := s.editClass(in)
	fn := o.gist.(syntax.Node)
	stmt := o.At.Statement()
	name := syntax.MemberName(fn)
	if fn.IsGenerator() || fn.HasToken("get") || fn.HasToken("set") || hasReturnedValue(fn) && !fn.IsAsync() {
		return nil, refuse(TooEntangled, "%s() returns something already", name)
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
	handle := o.At.Field("function").Field("object").Text()
	e.edits = append(e.edits, patch.Edit{Start: stmt.Start(), End: stmt.End(),
		New: strings.TrimLeft(e.st.lines(indentAt(s.f, stmt.Start()), e.st.fit(awaitDone(e.st.ts, handle, o)+";")), " \t")})
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
		if no := e.override(t, work{steps: []step{{plain: "await this." + name + "();"}}, async: true}); no != nil {
			return nil, no
		}
	}
	e.note(Unsafe, fmt.Sprintf("%s() waits until the last connection has ended: how long may that take?", name))
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

// awaitDone waits for a release that takes a node-style callback.
func awaitDone(ts bool, handle string, o *Obligation) string {
	typ := ""
	if ts {
		typ = "<void>"
	}
	method := o.Kind.Release[0].Pattern.Anchor
	done := fmt.Sprintf("%s.%s((err) => (err ? reject(err) : resolve()));", handle, method)
	if a := o.Kind.After; a != nil {
		done += "\n\t" + instantiate(a, o, handle) + ";"
	}
	return fmt.Sprintf("await new Promise%s((resolve, reject) => {\n\t%s\n})", typ, done)
}
