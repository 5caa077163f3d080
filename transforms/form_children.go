package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/patch"
)

// formChildren lets a parent know the children of its own class, end them
// before itself, and forget those that end first.
type formChildren struct{}

func (formChildren) Name() string { return "children" }

func (formChildren) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := s.instance(p.Owner.Node)
	e, no := s.editClass(in)
	if no != nil {
		return nil, no
	}
	t := in.teardown
	class := nameOf(in.class.Node)
	if in.class.Node.Field("type_parameters").OK() {
		return nil, refuse(TooEntangled, "%s is generic: the type of its children cannot be told", class)
	}
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
