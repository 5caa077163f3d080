package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A host ends an instance whenever it likes, also while a method of it waits for
// something. What that acquires afterwards comes too late for the teardown:
//
//	async componentDidMount() {
//	  const ends = this.ends;
//	  const stream = await open();
//	  if (ends !== this.ends) {
//	    stream.close();
//	    return;
//	  }
//	  this.stream = stream;
//	}
//
// The ends are counted, as a host may begin the same instance again: strict mode does.

// waitsFirst reports whether what an instance of a host acquires in an async method
// may come when the instance has ended, and nothing there asks for that.
func (e *classEdit) waitsFirst(o *Obligation) bool {
	fn := o.Call.Function()
	_, member, _ := o.Call.InstanceAt()
	t := e.in.teardown
	h := e.in.host
	if h == nil || !h.view && (h.streams == nil || h.shared) || !e.in.class.Node.IsClass() || o.Kind.Registers() || t == nil || !fn.IsAsync() || fn.IsGenerator() || syntax.FunctionOf(member) != fn ||
		fn == t.own || !waitedBefore(fn, o.Call) {
		return false
	}
	asked := false
	for n := range fn.Field("body").Own() {
		if n.Is("if_statement") && n.End() <= o.Call.Start() && waitedBefore(fn, n) {
			for d := range n.Field("condition").Descendants() {
				_, own := d.ThisField()
				asked = asked || own && turnsBack(d)
			}
		}
	}
	return !asked
}

// guardLate has a method give up, when it has waited, if the instance has ended since.
// Where that cannot be written, it is noted.
func (e *classEdit) guardLate(o *Obligation, w *work) {
	if !e.waitsFirst(o) {
		return
	}
	fn := o.Call.Function()
	stmt := o.Call.Statement()
	awaited := o.Call.Outer().Is("await_expression")
	own := o.Handle.Place == InField && stmt.Is("expression_statement") && stmt.Child(0).Is("assignment_expression") && stmt.Child(0).Field("right") == o.Call.Outer()
	gives := slices.ContainsFunc(slices.Collect(fn.Field("body").Own()), func(n syntax.Node) bool { return n.Is("return_statement") && n.Child(0).OK() })
	if gives || !inBlock(stmt) || !stmt.Parent().Is("statement_block") || awaited && !own || stmt.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement").Within(fn) {
		e.note(Unsafe, fmt.Sprintf("the instance may have ended while something is waited for before the %s is there: then it stays", o.Kind.Noun))
		return
	}
	next := stmt.NextNamed()
	for next.Is("comment") {
		next = next.NextNamed()
	}
	if next.OK() || stmt.Parent() != fn.Field("body") {
		e.note(Unsafe, fmt.Sprintf("%s() gives up when the instance has ended while it waited: is any of the rest to be done all the same?", syntax.MemberName(memberOf(fn))))
	}
	taken := nameTaken(fn)
	if w.counts == "" {
		w.counts, w.guards = e.addField("ends", "number", "0"), map[int32]syntax.Node{}
	}
	last := w.guards[fn.ID()]
	ends := freshName("ends", taken)
	if !last.OK() {
		e.edits = append(e.edits, e.st.beginWith(fn, "const "+ends+" = "+w.counts)...)
	}
	w.guards[fn.ID()] = stmt
	ask := "if (" + ends + " !== " + w.counts + ")"
	if !awaited {
		if !last.OK() || last.Parent() != stmt.Parent() || waitsBetween(last, stmt) {
			e.putBefore(stmt, ask+" return;")
		}
		return
	}
	name := freshName(o.Kind.Noun, func(n string) bool { return taken(n) || e.locals[n] })
	e.locals[name] = true
	release, _ := e.s.writeRelease(o, name)
	if o.Kind.Fails == Rejects {
		release = "await " + release
	}
	left := stmt.Child(0).Field("left")
	e.edits = append(e.edits,
		patch.Edit{Start: stmt.Start(), End: left.End(), New: "const " + name},
		e.st.after(stmt, ask+" {", "\t"+release+";", "\treturn;", "}", left.Text()+" = "+name+";"))
}

// putBefore puts a statement before another, and before what else begins with that.
func (e *classEdit) putBefore(stmt syntax.Node, code string) {
	edit := e.st.before(stmt, code)
	for i, x := range e.edits {
		if x.Start == edit.Start {
			e.edits[i].New = edit.New + x.New
			return
		}
	}
	e.edits = append(e.edits, edit)
}

// waitsBetween reports whether something is waited for from one statement of a block to
// another behind it.
func waitsBetween(from, to syntax.Node) bool {
	for ; from.OK() && from != to; from = from.NextNamed() {
		for n := range from.Own() {
			if n.Is("await_expression") {
				return true
			}
		}
	}
	return false
}

func memberOf(fn syntax.Node) syntax.Node {
	_, member, _ := fn.Field("body").InstanceAt()
	return member
}
