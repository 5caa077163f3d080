package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Owners that declare no fields get them by assignment: a constructor function
// in its body, an object literal as one more property.

// addAssigned is addField for them.
func (e *classEdit) addAssigned(name, typ, value string) string {
	if e.hosted() {
		return e.addOption(name, typ)
	}
	if e.hidesByUnderscore() {
		name = "_" + name
	}
	if e.taken[name] {
		bare := strings.TrimPrefix(name, "_")
		prefix := name[:len(name)-len(bare)]
		name = freshName(prefix+"own"+strings.ToUpper(bare[:1])+bare[1:], func(n string) bool { return e.taken[n] })
	}
	e.taken[name] = true
	literal := e.in.class.Node.Is("object")
	switch {
	case literal && value == "" && e.st.ts:
		value = "undefined as " + typ + " | undefined"
	case literal && value == "":
		value = "undefined"
	}
	switch {
	case literal:
		e.fields = append(e.fields, name+": "+value+",")
	case value != "": // else it is assigned where it is acquired
		e.fields = append(e.fields, "this."+name+" = "+value+";")
	}
	return "this." + name
}

// hidesByUnderscore: the owner has fields, and their names begin so.
func (e *classEdit) hidesByUnderscore() bool {
	with, without := 0, 0
	for name, refs := range e.in.refs {
		switch {
		case !slices.ContainsFunc(refs, syntax.IsWrite):
		case strings.HasPrefix(name, "_"):
			with++
		default:
			without++
		}
	}
	return with > without
}

// here writes an expression that begins with `this` for the place where a handle
// is acquired: in nested functions the instance has another name.
func (e *classEdit) here(o *Obligation, how string) string { return e.hereAt(o.Call, how) }

func (e *classEdit) hereAt(n syntax.Node, how string) string {
	owner, _, name := n.InstanceAt()
	rest, ok := strings.CutPrefix(how, "this.")
	if !ok || owner != e.in.class.Node {
		return how
	}
	if sym := syntax.LiteralName(owner); sym != nil && name == "this" && !usesThis(n.Function()) {
		name = sym.Name
	}
	return name + "." + rest
}

// usesThis reports whether a function relies on being called with its object.
func usesThis(fn syntax.Node) bool {
	for d := range fn.Field("body").Descendants() {
		if d.Is("this") {
			if owner, _ := d.ThisClass(); owner.OK() {
				return true
			}
		}
	}
	return false
}

// there is here for the teardown: where that may be called without its object,
// the object has a name.
func (e *classEdit) there(how string) string {
	rest, ok := strings.CutPrefix(how, "this.")
	t := e.in.teardown
	if !ok || t == nil || !t.own.OK() {
		return how
	}
	if usesThis(t.own) {
		return how
	}
	if sym := syntax.LiteralName(e.in.class.Node); sym != nil && t.own.Within(e.in.class.Node) && !nameTaken(t.own.Field("parameters"))(sym.Name) {
		return sym.Name + "." + rest
	}
	if name := e.alias(t.own); name != "" {
		return name + "." + rest
	}
	return how
}

// alias is a constant around a function that holds its instance.
func (e *classEdit) alias(fn syntax.Node) string {
	for d := range fn.Field("body").Descendants() {
		if !d.Is("identifier") || !d.IsThis() {
			continue
		}
		sym := d.Symbol()
		if owner, _ := sym.Decl.ThisClass(); owner == e.in.class.Node && !sym.Decl.Within(fn) {
			return sym.Name
		}
	}
	return ""
}

// finishAssigned turns what was collected into edits.
func (e *classEdit) finishAssigned() []patch.Edit {
	edits := slices.Clone(e.edits)
	if len(e.fields) > 0 {
		if e.in.class.Node.Is("object") {
			edits = append(edits, e.properties())
		} else {
			edits = append(edits, e.assignments())
		}
	}
	if len(e.methods) > 0 {
		last := e.lastOfPrototype()
		at, next := endOf(last), last.NextNamed()
		if at == last.End() {
			at = lineEndAfter(e.s.f, at)
		} else {
			next = syntax.Node{} // the semicolon on a later line guards it
		}
		text := ""
		for _, m := range e.methods {
			text += e.st.eol + e.st.eol + e.st.lines(indentAt(e.s.f, last.Start()), e.st.ended(m, at, next))
		}
		edits = append(edits, behind(last, at, text))
	}
	return edits
}

// properties puts the fields before all else in a literal.
func (e *classEdit) properties() patch.Edit {
	object := e.in.class.Node
	at := object.Start() + 1
	first := object.Child(0)
	if !strings.Contains(string(e.s.f.Src()[at:first.Start()]), "\n") { // { a, b }
		return patch.Edit{Start: at, End: at, New: " " + strings.Join(e.fields, " ")}
	}
	at = lineEndAfter(e.s.f, at)
	return patch.Edit{Start: at, End: at, New: e.st.eol + e.st.lines(indentAt(e.s.f, first.Start()), e.fields...)}
}

// assignments puts the fields before what the constructor function does, but
// behind what makes sure that it is one.
func (e *classEdit) assignments() patch.Edit {
	body := e.in.class.Node.Field("body")
	var last syntax.Node
	begins := true
	for stmt := range body.Children() {
		begins = begins && e.isPreamble(stmt)
		if begins || isGuard(stmt) {
			last = stmt
		}
	}
	first := notEmpty(body.Child(0))
	indent := indentAt(e.s.f, body.Parent().Start()) + e.st.unit
	code := strings.Join(e.fields, "\n")
	if last.OK() {
		at := lineEndAfter(e.s.f, last.End())
		return behind(last, at, e.st.eol+e.st.lines(indent, e.st.ended(code, at, last.NextNamed())))
	}
	at := lineEndAfter(e.s.f, body.Start()+1)
	text := e.st.eol + e.st.lines(indent, e.st.guarded(code, first))
	if rest := string(e.s.f.Src()[at : body.End()-1]); !first.OK() && !strings.Contains(rest, "\n") {
		return patch.Edit{Start: at, End: at + len(rest), New: text + e.st.eol + indentAt(e.s.f, body.Parent().Start())}
	}
	if first.OK() && !strings.Contains(string(e.s.f.Src()[at:first.Start()]), "\n") { // function Foo() { this.a = 1; }
		return patch.Edit{Start: at, End: first.Start(), New: text + e.st.eol + indent}
	}
	return patch.Edit{Start: at, End: at, New: text}
}

// isPreamble: a directive, a name for `this`, a test whether it was called with
// `new`, the call of a base that knows nothing of what comes below.
func (e *classEdit) isPreamble(stmt syntax.Node) bool {
	first := stmt.Child(0)
	switch stmt.Kind() {
	case "expression_statement":
		if first.Is("call_expression") && first.Field("arguments").Child(0).Is("this") {
			name := first.Field("function").Field("property").Text()
			return (name == "call" || name == "apply") && e.in.whole && len(e.in.ancestors) == 0
		}
		return first.Is("string")
	case "if_statement":
		return isGuard(stmt)
	case "lexical_declaration", "variable_declaration":
		return stmt.Len() == 1 && first.Field("name").IsThis()
	}
	return false
}

// isGuard: if (!(this instanceof Foo)) return new Foo()
func isGuard(stmt syntax.Node) bool {
	text := stmt.Field("condition").Text()
	return stmt.Is("if_statement") && (strings.Contains(text, "instanceof") && strings.Contains(text, "this") || strings.Contains(text, "new.target"))
}

// lastOfPrototype is the last statement beside a constructor function that gives
// it a method, or itself.
func (e *classEdit) lastOfPrototype() syntax.Node {
	last := e.in.class.Node.Statement()
	if last.Parent().Is("export_statement") {
		last = last.Parent()
	}
	for _, part := range syntax.PrototypeParts(e.in.class.Node) {
		stmt := part.Statement()
		if stmt.Parent() == last.Parent() && stmt.Start() > last.Start() {
			last = stmt
		}
	}
	return last
}

// prototypeName is the name by which methods can be added to a constructor
// function, "" for none.
func (e *classEdit) prototypeName() string {
	node := e.in.class.Node
	if name := node.Field("name"); node.Is("function_declaration") {
		return name.Text()
	}
	p := node.Outer().Parent()
	for p.Is("assignment_expression") {
		p = p.Outer().Parent()
	}
	return p.Field("name").Text()
}

// newMethod writes a method: as a member of a class, or one of a prototype.
func (e *classEdit) newMethod(access, name, returns string, async bool, statements []string) {
	word := ""
	if async {
		word = "async "
	}
	if e.in.class.Node.IsClass() {
		e.methods = append(e.methods, method(access+word+name+"()"+returns, statements))
		return
	}
	e.methods = append(e.methods, method(e.prototypeName()+".prototype"+memberSuffix(name)+" = "+word+"function ()", statements)+";")
}
