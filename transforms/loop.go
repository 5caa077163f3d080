package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A one-shot whose callback asks for it again never ends by itself: it is a loop.

// loopOf returns the function that the callback of a one-shot runs and in which it
// is asked for; the zero Node if it is not asked for again.
func (s *scan) loopOf(o *Obligation) syntax.Node {
	if !o.Kind.OneShot || o.Kind.Registers() {
		return syntax.Node{}
	}
	fields, names := calledBack(o.Call.Field("arguments").Child(0).Inner(false))
	for fn := o.Call.Function(); fn.OK(); fn = fn.Function() {
		if name := functionName(fn); name != nil && slices.Contains(names, name) {
			return fn
		}
		class, member := fn.ThisClass()
		if class.OK() && syntax.FunctionOf(member) == fn && slices.Contains(fields, syntax.MemberName(member)) {
			return fn
		}
	}
	return syntax.Node{}
}

// calledBack lists the methods of the instance, and the functions by their names, that a
// callback is or calls.
func calledBack(callback syntax.Node) (fields []string, names []*syntax.Symbol) {
	add := func(n syntax.Node) {
		n = n.Inner(false)
		if isBind(n) {
			n = n.Field("function").Inner(false).Field("object").Inner(false)
		}
		if name, ok := n.ThisField(); ok {
			fields = append(fields, name)
		} else if sym := n.Symbol(); n.Is("identifier") && sym != nil {
			names = append(names, sym)
		}
	}
	if !callback.IsFunction() {
		add(callback)
		return fields, names
	}
	for n := range callback.Field("body").Own() {
		if n.Is("call_expression") {
			add(n.Field("function"))
		}
	}
	return fields, names
}

// isEndless reports whether a loop has no way of its own to end: every way through
// its function asks for the next round.
func (s *scan) isEndless(o *Obligation, loop syntax.Node) bool {
	if o.Call.Function() != loop {
		return false
	}
	g := s.graph(loop)
	next := g.Around(o.Call)
	ways := g.Ways([]int{syntax.Entry}, func(p int) bool { return slices.Contains(next, p) }, func(syntax.Edge) bool { return true })
	return len(next) > 0 && !slices.ContainsFunc(ways, func(w syntax.Path) bool { return !w.Raised })
}

// waits reports whether a round of a loop waits for something before it asks for
// the next: there is none to cancel then.
func waits(o *Obligation, loop syntax.Node) bool {
	if o.Call.Function() != loop {
		return true
	}
	for n := range loop.Field("body").Own() {
		if n.Is("await_expression") && n.Start() < o.Call.Start() {
			return true
		}
	}
	return false
}

// finalTeardowns are those after which an instance does not begin again. What React ends in
// strict mode does.
var finalTeardowns = []string{"dispose", "destroy", "ngOnDestroy", "onModuleDestroy", "onDestroy", "[Symbol.dispose]", "[Symbol.asyncDispose]"}

// endLoop makes a loop that waits between its rounds ask for no other once the
// teardown was called, whatever it is at. It reports whether that is seen to.
func (e *classEdit) endLoop(o *Obligation, w *work) bool {
	loop := e.s.loopOf(o)
	if !loop.OK() || !waits(o, loop) {
		return false
	}
	name := "dispose"
	if e.in.teardown != nil {
		name = e.in.teardown.name
	}
	stmt := o.Call.Statement()
	next := stmt.NextNamed()
	for next.Is("comment") {
		next = next.NextNamed()
	}
	last := !next.OK() && stmt.Parent() == o.Call.Function().Field("body")
	single := o.Handle.Place == InField && stmt.Is("expression_statement")
	if !slices.Contains(finalTeardowns, name) || !inBlock(stmt) || !last && !single || !e.in.class.Node.IsClass() {
		if !e.waitsFirst(o) { // else guardLate sees to it
			e.note(Unsafe, fmt.Sprintf("a round that is still at work when %s() is called asks for another %s: is it told to stop?", name, o.Kind.Noun))
		}
		return false
	}
	ended := e.in.flag()
	switch {
	case ended != "" && slices.ContainsFunc(e.in.refs[ended], func(ref syntax.Node) bool { return ref.Within(loop) }):
		return true // it asks already
	case ended != "":
		ended = "this." + ended
	case w.ended == "":
		w.ended = e.addField("disposed", "boolean", "")
		fallthrough
	default:
		ended = w.ended
	}
	guard := "if (!" + e.here(o, ended) + ") "
	at := stmt.Start()
	if !single {
		guard = "if (" + e.here(o, ended) + ") return" + e.st.semi
		if src := string(e.s.f.Src()); strings.TrimSpace(src[e.s.f.LineStart(at):at]) == "" {
			guard += e.st.eol + indentAt(e.s.f, at)
		} else {
			guard = strings.TrimSuffix(guard, ";") + "; "
		}
	}
	for i, old := range e.edits {
		if old.Start == at && old.End == at {
			e.edits[i].New = guard + old.New
			return false
		}
	}
	e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: guard})
	return true
}

// flag is the field that the teardown sets to true, "" if there is none, or
// several.
func (in *instance) flag() string {
	if in.teardown == nil || !in.teardown.own.OK() {
		return ""
	}
	found := ""
	for n := range in.teardown.own.Field("body").Own() {
		if name, ok := n.Field("left").ThisField(); ok && n.Is("assignment_expression") && n.Field("right").Is("true") {
			if found != "" && found != name {
				return ""
			}
			found = name
		}
	}
	return found
}

// loopsByItself reports whether the rounds of a loop follow each other with nothing that
// happens between them: what a listener asks for, when it is told, is no round.
func (s *scan) loopsByItself(o *Obligation, loop syntax.Node) bool {
	for fn := o.Call.Function(); fn.OK() && fn != loop; fn = fn.Function() {
		args := fn.Outer().Parent()
		if name := calleeName(args.Parent()); args.Is("arguments") && (chainable[name] || name == "addEventListener") {
			return false
		}
	}
	return true
}
