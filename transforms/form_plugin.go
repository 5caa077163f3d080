package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/patch"
)

// formPlugin releases what a plugin acquires in a hook of its application, which it asks
// for right behind the acquisition: if what follows fails, the hook is there.
type formPlugin struct{}

func (formPlugin) Name() string { return "plugin" }

func (formPlugin) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	in := o.gist.(*plugin)
	st := styleOf(s.f)
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s when the application closes", o.Kind.Noun)}
	stmt := o.Handle.Value.Statement()
	if !inBlock(stmt) || stmt.Function() != in.fn {
		return nil, refuse(TooEntangled, "there is no place for a hook behind it")
	}
	name := ""
	if o.Handle.Place == InVariable {
		name = o.Handle.Symbol.Name
		if list := o.Handle.Symbol.Decl.Parent(); list == stmt && list.Len() != 1 {
			return nil, refuse(TooEntangled, "several variables are declared in one statement")
		}
	} else {
		if !stmt.Is("expression_statement") || stmt.Child(0) != o.Handle.Value.Outer() {
			return nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
		}
		name = freshName(o.Kind.Noun, nameTaken(in.fn))
		fix.Edits = append(fix.Edits, patch.Edit{Start: stmt.Start(), End: stmt.Start(), New: "const " + name + " = "})
	}
	if shadowed(stmt, in.fn, in.of.Name, in.of) {
		return nil, refuse(NameTaken, "%s is something else there", in.of.Name)
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	if r, _ := s.chooseRelease(o); r.Done {
		return nil, refuse(NotAsync, "the release tells by a callback when it is done")
	}
	fix.Edits = append(fix.Edits, st.after(stmt, in.hook(st, release, o.Kind.Fails == Rejects)))
	if in.app.event == "" && in.fn.Parent().Is("program", "export_statement") && nameOf(in.fn) != "activate" {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("is %s() called once? What it is given ends with the application", nameOf(in.fn))})
	}
	return fix, nil
}

// hook is the statement that asks to be told of the end.
func (p *plugin) hook(st style, release string, awaited bool) string {
	of := p.of.Name
	if p.app.through != "" {
		of += "." + p.app.through
	}
	if p.app.object != "" {
		return fmt.Sprintf("%s.%s({ %s: () => %s });", of, p.app.hook, p.app.object, release)
	}
	if awaited {
		release = "await " + release
	}
	return fmt.Sprintf("%s.%s(%s%s%s, async () => {\n\t%s;\n});", of, p.app.hook, st.quote, p.app.event, st.quote, release)
}
