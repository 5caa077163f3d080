package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What is made on the spot and begins to work there, a statement that keeps nothing of it:
//
//	new ResizeObserver(() => draw()).observe(document.body);
//
// To be released it needs a name.

// madeOnTheSpot is what such a statement makes; the zero Node for none, and for what may
// end itself: the function that it calls is told which one calls it.
func madeOnTheSpot(o *Obligation) syntax.Node {
	made := o.Bindings["HANDLE"].Inner(false)
	stmt := o.Call.Parent()
	if !o.Kind.Alone || o.Kind.Registers() || !made.Is("new_expression") || !made.Within(o.Call) || !stmt.Is("expression_statement") || !inBlock(stmt) ||
		o.Call.Field("function").Inner(false).Field("object").Inner(false) != made || !o.Call.Field("function").Inner(false).HasToken(".") {
		return syntax.Node{}
	}
	for given := range made.Field("arguments").Children() {
		if fn := functionGiven(given); fn.OK() && isToldWhich(fn) {
			return syntax.Node{}
		}
	}
	return made
}

// isToldWhich reports whether a function can see by what it is called: an observer is the
// second thing that it is told, and what a function calls `this`.
func isToldWhich(fn syntax.Node) bool {
	params := fn.Field("parameters")
	if params.Len() > 1 {
		return true
	}
	for p := range params.Descendants() {
		if p.Is("rest_pattern") && p.Parent().Kind() != "array_pattern" && p.Parent().Kind() != "object_pattern" {
			return true
		}
	}
	for n := range fn.Field("body").Descendants() {
		if !fn.IsArrow() && (n.IsThis() || n.Is("identifier") && n.Text() == "arguments") {
			return true
		}
	}
	return false
}

// keptBeyond reports whether what keeps a resource alive is there when a component is
// gone, as far as can be seen: the page, a thing of a module, or what the component was
// given. An element that it asks for may be its own.
func (s *scan) keptBeyond(o *Obligation, component syntax.Node) bool {
	n, bound := o.Bindings[o.Kind.Retainer]
	if o.Kind.Retainer == "" || !bound {
		return o.Kind.Retainer == ""
	}
	key := s.placeKey(n, 6)
	root := rootOf(n)
	sym := root.Symbol()
	switch {
	case strings.Contains(key, "("), n.Inner(true).Is("call_expression"):
		return false
	case strings.HasPrefix(key, "global "):
		return true
	case sym == nil:
		return false
	case sym.Kind == syntax.Parameter:
		return component.OK() && sym.Decl.Function() == component
	}
	return sym.Kind == syntax.Imported
}

// named gives a name to what is made on the spot, in a statement before.
func (st style) named(o *Obligation, made syntax.Node, name string) []patch.Edit {
	return st.keptAs(o, made, "const "+name, name)
}

// keptAs keeps what is made on the spot, in statements before: it is assigned to a place,
// and more may be done. name is what has it from then on.
func (st style) keptAs(o *Obligation, made syntax.Node, place, name string, more ...string) []patch.Edit {
	stmt := o.Call.Parent()
	src := string(made.File().Src())
	dot := o.Call.Field("function").Inner(false).Token(".").Start()
	comment := strings.TrimLeft(strings.TrimSpace(src[made.End():dot]), ") \t\r\n") // in a chain of lines
	if comment != "" {
		comment = " " + comment
	}
	line := st.eol + indentAt(made.File(), stmt.Start())
	between := st.semi + line
	if comment == "" && strings.TrimSpace(src[made.File().LineStart(stmt.Start()):stmt.Start()]) != "" { // { a(); b(); } on one line
		between, line = "; ", " "
	}
	after := strings.Join(append(more, name), between)
	return []patch.Edit{
		{Start: stmt.Start(), End: made.Start(), New: place + " = "},
		{Start: made.End(), End: dot, New: strings.TrimSuffix(between, line) + comment + line + after},
	}
}

// trackMade keeps what is made on the spot in a field of the instance, or in a set.
func (e *classEdit) trackMade(o *Obligation, made syntax.Node, sets map[string]string) string {
	if e.isSingle(o) {
		field := e.addField(o.Kind.Noun, e.handleType(o), "")
		place := e.here(o, field)
		e.edits = append(e.edits, e.st.keptAs(o, made, place, place)...)
		return field
	}
	set := e.set(o, sets)
	name := freshName(o.Kind.Noun, nameTaken(o.Call.Function()))
	e.edits = append(e.edits, e.st.keptAs(o, made, "const "+name, name, e.here(o, set)+".add("+name+")")...)
	return set
}
