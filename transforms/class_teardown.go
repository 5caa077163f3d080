package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// work is what a teardown has to do, in order.
type work struct {
	steps []step
	async bool   // something is awaited
	ended string // the field that says so from then on, "" where there is none

	counts string                // the field that counts the ends of the instance, "" where there is none
	guards map[int32]syntax.Node // the last statement of each function before which it is asked for
}

// step is one thing that a teardown does.
type step struct {
	plain   string // the statements; several lines, one tab a level
	guarded string // the same with failures taken care of; "": cannot fail
	tidies  bool   // it is worth nothing if the step before failed
	collect bool   // guarded puts failures into `failed`, to be thrown at the end
}

func (w *work) add(statements ...string) {
	for _, s := range statements {
		w.steps = append(w.steps, step{plain: s})
	}
}

// failing counts the steps that can fail.
func (w work) failing() int {
	n := 0
	for _, s := range w.steps {
		if s.guarded != "" {
			n++
		}
	}
	return n
}

// guarded lists the statements of which no failure stops another.
func (w work) guarded() (statements []string, collects bool) {
	for _, s := range w.steps {
		if s.guarded != "" {
			statements = append(statements, s.guarded)
			collects = collects || s.collect
		} else {
			statements = append(statements, s.plain)
		}
	}
	return statements, collects
}

// followedBy lists the statements of a method that does the work and then last,
// which is run whatever fails; "" for nothing.
func (e *classEdit) followedBy(w work, last string) []string {
	n := len(w.steps)
	for n > 0 && w.steps[n-1].tidies {
		n--
	}
	sole := n > 0 && w.failing() == 1 && w.steps[n-1].guarded != "" && !strings.HasPrefix(w.steps[n-1].plain, "for ")
	var plain []string
	for _, s := range w.steps {
		plain = append(plain, s.plain)
	}
	if sole && last == "" {
		return plain
	}
	if sole && n == 1 {
		return []string{"try {\n\t" + strings.ReplaceAll(strings.Join(plain, "\n"), "\n", "\n\t") + "\n} finally {\n\t" + last + "\n}"}
	}
	statements, collects := w.guarded()
	if last != "" {
		statements = append(statements, last)
	}
	if collects {
		statements = append(append([]string{e.failedDecl()}, statements...), throwFirst)
	}
	return statements
}

// tearDown adds the work to the teardown that the class has, or gives it one.
func (e *classEdit) tearDown(w work) *Refusal {
	t := e.in.teardown
	switch {
	case t != nil && t.own.OK():
		return e.complete(t, w)
	case e.hosted():
		return e.createHook(w)
	case t != nil && t.hosted:
		return e.createHosted(t, w)
	case t != nil:
		return e.override(t, w)
	}
	return e.create(w)
}

// complete puts the work before the existing body.
func (e *classEdit) complete(t *teardown, w work) *Refusal {
	if w.async && !t.own.IsAsync() {
		if !t.async {
			return refuse(NotAsync, "%s() is not async, and the release must be awaited", t.name)
		}
		return refuse(NotAsync, "%s() returns a promise but is not async: there is nowhere to wait for the release", t.name)
	}
	body := t.own.Field("body")
	statements, collects := w.guarded()
	if !body.Is("statement_block") {
		return e.completeExpression(t, statements, collects)
	}
	if body.Len() == 0 {
		statements, collects = e.followedBy(w, ""), false
	}
	if collects {
		if nameTaken(t.own)("failed") {
			return refuse(NameTaken, "failed is something else in %s()", t.name)
		}
		if hasReturn(t.own) {
			return refuse(TooEntangled, "%s() returns early, so that errors of the releases could not be thrown after it", t.name)
		}
		statements = append([]string{e.failedDecl()}, statements...)
	}
	indent := indentAt(e.s.f, t.own.Start()) + e.st.unit
	outer := indentAt(e.s.f, t.own.Start())
	first := notEmpty(body.Child(0))
	at := lineEndAfter(e.s.f, body.Start()+1)
	if first.Is("expression_statement") && first.Child(0).Is("string") { // a directive comes first
		at = lineEndAfter(e.s.f, first.End())
		first = notEmpty(first.NextNamed())
	}
	src := string(e.s.f.Src())
	brace := body.Token("}").Start() // a remark behind it may count as the block's
	code := strings.Join(statements, "\n")
	text := e.st.eol + e.st.lines(indent, e.st.guarded(code, first))
	tail := ""
	if collects {
		tail = e.st.eol + e.st.lines(indent, e.st.fit(throwFirst))
	}
	if !first.OK() {
		inner := src[at:brace]
		if strings.Contains(inner, "\n") {
			e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: text + tail})
			return nil
		}
		if remark := strings.TrimSpace(inner); remark != "" { // dispose() { /* nothing */ }
			text = e.st.eol + indent + remark + text
		}
		e.edits = append(e.edits, patch.Edit{Start: at, End: at + len(inner), New: text + tail + e.st.eol + outer})
		return nil
	}
	if !strings.Contains(src[at:first.Start()], "\n") {
		// dispose() { this.x(); } on one line
		e.edits = append(e.edits, patch.Edit{Start: at, End: first.Start(), New: text + e.st.eol + indent})
		start := len(strings.TrimRight(src[:brace], " \t"))
		if strings.HasSuffix(src[:start], "\n") { // the brace stands on its own line
			if collects {
				e.edits = append(e.edits, patch.Edit{Start: start, End: start, New: strings.TrimPrefix(tail, e.st.eol) + e.st.eol})
			}
			return nil
		}
		e.edits = append(e.edits, patch.Edit{Start: start, End: brace, New: tail + e.st.eol + outer})
		return nil
	}
	e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: text + e.st.eol})
	if collects {
		var last syntax.Node
		for c := range body.Children() {
			last = c
		}
		end := lineEndAfter(e.s.f, last.End())
		e.edits = append(e.edits, patch.Edit{Start: end, End: end, New: tail})
	}
	return nil
}

// completeExpression gives a block to a teardown that is a mere expression:
// close: () => server.close()
func (e *classEdit) completeExpression(t *teardown, statements []string, collects bool) *Refusal {
	if collects {
		return refuse(TooEntangled, "%s() is a mere expression, after which errors of the releases could not be thrown", t.name)
	}
	body := t.own.Field("body")
	outer := indentAt(e.s.f, t.own.Start())
	text := "{" + e.st.eol + e.st.lines(outer+e.st.unit, e.st.fit(strings.Join(statements, "\n"))) + e.st.eol + outer + e.st.unit + "return "
	e.edits = append(e.edits,
		patch.Edit{Start: body.Start(), End: body.Start(), New: text},
		patch.Edit{Start: body.End(), End: body.End(), New: e.st.semi + e.st.eol + outer + "}"})
	return nil
}

const throwFirst = "if (failed.length > 0) throw failed[0];"

func (e *classEdit) failedDecl() string {
	if e.st.ts {
		return "const failed: unknown[] = [];"
	}
	return "const failed = [];"
}

func hasReturn(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if n.Is("return_statement", "throw_statement") {
			return true
		}
	}
	return false
}

// override writes a teardown that does the work and then calls the inherited one.
func (e *classEdit) override(t *teardown, w work) *Refusal {
	if e.has(t.name) {
		return refuse(NameTaken, "%s is something else in this class", t.name)
	}
	ofPrototype := t.above.Method && !t.above.Assigned && t.aboveIn.Node.IsConstructor()
	if !ofPrototype && !t.above.Node.Is("method_definition", "abstract_method_signature", "method_signature") {
		return refuse(TooEntangled, "%s is not a method in %s", t.name, t.aboveIn.Name())
	}
	if no := e.unnamed(); no != nil {
		return no
	}
	if w.async && !t.async {
		return refuse(NotAsync, "the inherited %s() is not async, and the release must be awaited", t.name)
	}
	if declaration(t.above).Field("parameters").Len() > 0 {
		return refuse(TooEntangled, "the inherited %s() takes arguments", t.name)
	}
	if r := t.above.Node.Field("return_type").Child(0); r.OK() && r.Text() != "void" && r.Text() != "Promise<void>" {
		return refuse(TooEntangled, "the inherited %s() is declared to return %s", t.name, r.Text())
	}
	access := e.public()
	switch syntax.Accessibility(t.above.Node) {
	case "private":
		return refuse(NameTaken, "%s() is private in %s", t.name, t.aboveIn.Name())
	case "protected":
		access = "protected "
	}
	if e.st.ts && e.wantsOverride(t) {
		access += "override "
	}
	returns := ": void"
	if t.async {
		returns = ": Promise<void>"
	}
	if !e.st.ts {
		returns = ""
	}
	call := ""
	if !t.abstract {
		call = e.inherited(t.name)
		switch {
		case t.async:
			call = "await " + call
		case hasReturnedValue(declaration(t.above)) && w.failing() > 0:
			return refuse(TooEntangled, "the inherited %s() returns something, which must not be lost when a release fails", t.name)
		case hasReturnedValue(declaration(t.above)):
			call = "return " + call
		}
	}
	e.newMethod(access, t.name, returns, t.async, e.followedBy(w, call))
	return nil
}

// inherited calls what stands above.
func (e *classEdit) inherited(name string) string {
	if e.in.class.Node.IsClass() {
		return "super" + memberSuffix(name) + "();"
	}
	return syntax.Extends(e.in.class.Node).Text() + ".prototype" + memberSuffix(name) + ".call(this);"
}

// declaration is what declares the parameters of a method.
func declaration(m syntax.Member) syntax.Node {
	if fn := m.Function(); fn.OK() {
		return fn
	}
	return m.Node
}

// unnamed refuses what no method can be added to.
func (e *classEdit) unnamed() *Refusal {
	if node := e.in.class.Node; !node.IsClass() && (!node.IsConstructor() || e.prototypeName() == "") {
		return refuse(NoOwner, "%s has no name by which a method could be added to it", nameOf(node))
	}
	return nil
}

func memberSuffix(name string) string {
	if strings.HasPrefix(name, "[") {
		return name
	}
	return "." + name
}

func method(head string, statements []string) string {
	var b strings.Builder
	b.WriteString(head + " {\n")
	for _, s := range statements {
		for _, l := range strings.Split(s, "\n") {
			b.WriteString("\t" + l + "\n")
		}
	}
	b.WriteString("}")
	return b.String()
}

// wantsOverride: the settings demand the word, or the class writes it.
func (e *classEdit) wantsOverride(t *teardown) bool {
	if e.s.Project.TSConfigOf(e.s.f.Path).NoImplicitOverride {
		return true
	}
	for _, m := range e.in.members {
		for c := range m.Node.All() {
			if c.Kind() == "override" || c.Is("override_modifier") {
				return true
			}
		}
	}
	return false
}

// create gives the class a teardown of its own. Nobody calls it yet.
func (e *classEdit) create(w work) *Refusal {
	if !e.in.whole {
		return refuse(UnknownBase, "%s extends something that cannot be seen: it may have a teardown of its own", nameOf(e.in.class.Node))
	}
	if e.taken["dispose"] {
		return refuse(NameTaken, "dispose is something else in this class")
	}
	if no := e.unnamed(); no != nil {
		return no
	}
	returns := ": void"
	if w.async {
		returns = ": Promise<void>"
	}
	if !e.st.ts {
		returns = ""
	}
	e.newMethod(e.public(), "dispose", returns, w.async, e.followedBy(w, ""))
	e.note(Unsafe, "nothing calls dispose() yet: call it where "+nameOf(e.in.class.Node)+" is released")
	return nil
}
