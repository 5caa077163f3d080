package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// classEdit collects what is to be added to one class, so that all that one
// plan adds at one place is one insertion.
type classEdit struct {
	s      *scan
	in     *instance
	st     style
	fields []string // declarations without indentation
	// methods to add at the end, without indentation
	methods []string
	edits   []patch.Edit
	notes   []Note
	taken   map[string]bool
	locals  map[string]bool // names given to local variables
}

func (s *scan) editClass(in *instance) *classEdit {
	e := &classEdit{s: s, in: in, st: styleOf(s.f), taken: map[string]bool{}, locals: map[string]bool{}}
	for _, m := range in.members {
		e.taken[m.Name] = true
	}
	for name := range in.refs {
		e.taken[name] = true
	}
	for _, c := range in.ancestors {
		for _, m := range syntax.Members(c.Node) {
			e.taken[m.Name] = true
		}
	}
	return e
}

func (e *classEdit) note(limit Applicability, text string) {
	e.notes = append(e.notes, Note{limit, text})
}

// addField declares a private member and returns how the class reads it.
func (e *classEdit) addField(name, typ, value string) string {
	hash := e.usesHash()
	taken := func(n string) bool { return e.taken[n] || e.taken["#"+n] }
	if taken(name) {
		name = freshName("own"+strings.ToUpper(name[:1])+name[1:], taken)
	}
	e.taken[name] = true
	decl := name
	switch {
	case hash:
		name = "#" + name
		decl = name
		if e.st.ts && value != "" {
			decl = "readonly " + name
		}
	case e.st.ts && value != "":
		decl = "private readonly " + name
	case e.st.ts:
		decl = "private " + name
	}
	if e.st.ts && value == "" {
		decl += "?: " + typ
	}
	if value != "" {
		decl += " = " + value
	}
	e.fields = append(e.fields, decl+";")
	return "this." + name
}

// has reports whether the class itself has a member of that name.
func (e *classEdit) has(name string) bool {
	return slices.ContainsFunc(e.in.members, func(m syntax.Member) bool { return m.Name == name })
}

// usesHash: the class hides its fields by #, and none by a modifier.
func (e *classEdit) usesHash() bool {
	switch e.s.Style.Private {
	case "hash":
		return true
	case "modifier":
		return false
	}
	hash := false
	for _, m := range e.in.members {
		if strings.HasPrefix(m.Name, "#") {
			hash = true
		}
		if syntax.Accessibility(m.Node) == "private" {
			return false
		}
	}
	return hash
}

// public is the modifier that the class writes before public methods.
func (e *classEdit) public() string {
	for _, m := range e.in.members {
		if m.Method && syntax.Accessibility(m.Node) == "public" {
			return "public "
		}
	}
	return ""
}

// body is where members go.
func (e *classEdit) body() syntax.Node { return e.in.class.Node.Field("body") }

func (e *classEdit) memberIndent() string {
	for m := range e.body().Children() {
		return indentAt(e.s.f, m.Start())
	}
	return indentAt(e.s.f, e.in.class.Node.Start()) + e.st.unit
}

// finish turns what was collected into edits.
func (e *classEdit) finish() []patch.Edit {
	var lastField, last syntax.Node
	methods := false
	for m := range e.body().Children() {
		last = m
		if m.Is("public_field_definition", "field_definition") && !m.Field("value").IsFunction() && !methods {
			lastField = m
		} else if !m.Is("decorator") {
			methods = true
		}
	}
	indent := e.memberIndent()
	text := map[int]string{}
	if len(e.fields) > 0 {
		block := e.st.lines(indent, e.st.fit(strings.Join(e.fields, "\n")))
		if e.st.semi == "" && e.memberWants(lastField) {
			block += ";"
		}
		if lastField.OK() {
			at := lineEndAfter(e.s.f, lastField.End())
			gap := e.st.eol
			if blankAfter(string(e.s.f.Src()[at:])) {
				gap += e.st.eol // the class has blank lines between its members
			}
			text[at] = gap + block
		} else {
			at := e.body().Start() + 1
			text[at] = e.st.eol + block
			if last.OK() {
				text[at] += e.st.eol
			}
		}
	}
	for _, m := range e.methods {
		at := e.body().Start() + 1
		gap := e.st.eol
		if last.OK() {
			at = lineEndAfter(e.s.f, last.End())
		}
		if last.OK() || text[at] != "" {
			gap += e.st.eol
		}
		text[at] += gap + e.st.lines(indent, e.st.fit(m))
	}
	edits := slices.Clone(e.edits)
	for at, t := range text {
		if strings.TrimSpace(string(e.s.f.Src()[at:e.body().End()])) == "}" && !strings.Contains(string(e.s.f.Src()[at:e.body().End()]), "\n") {
			t += e.st.eol + indentAt(e.s.f, e.in.class.Node.Start()) // class X {} on one line
		}
		edits = append(edits, patch.Edit{Start: at, End: at, New: t})
	}
	return edits
}

// blankAfter reports whether a text goes on with an empty line.
func blankAfter(s string) bool {
	_, s, ok := strings.Cut(s, "\n")
	line, _, _ := strings.Cut(s, "\n")
	return ok && strings.TrimSpace(line) == ""
}

// memberWants reports whether the member behind the new fields would go on with
// one that has no semicolon: *x(), [x]().
func (e *classEdit) memberWants(lastField syntax.Node) bool {
	at := e.body().Start() + 1
	if lastField.OK() {
		at = lineEndAfter(e.s.f, lastField.End())
	}
	rest := strings.TrimLeft(string(e.s.f.Src()[at:e.body().End()]), " \t\r\n")
	return rest != "" && strings.ContainsAny(rest[:1], "*[(")
}

// work is what a teardown has to do, in order.
type work struct {
	steps []step
	async bool // something is awaited
}

// step is one thing that a teardown does.
type step struct {
	plain   string // the statements; several lines, one tab a level
	guarded string // the same with failures taken care of; "": cannot fail
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
	sole := w.failing() == 1 && w.steps[len(w.steps)-1].guarded != "" && !strings.HasPrefix(w.steps[len(w.steps)-1].plain, "for ")
	if sole && last == "" {
		var out []string
		for _, s := range w.steps {
			out = append(out, s.plain)
		}
		return out
	}
	if sole && len(w.steps) == 1 {
		return []string{"try {\n\t" + w.steps[0].plain + "\n} finally {\n\t" + last + "\n}"}
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
	if body.HasError() {
		return refuse(SyntaxError, "%s() does not parse", t.name)
	}
	statements, collects := w.guarded()
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
	first := body.Child(0)
	at := lineEndAfter(e.s.f, body.Start()+1)
	if first.Is("expression_statement") && first.Child(0).Is("string") { // a directive comes first
		at = lineEndAfter(e.s.f, first.End())
		first = first.NextNamed()
	}
	src := string(e.s.f.Src())
	code := strings.Join(statements, "\n")
	text := e.st.eol + e.st.lines(indent, e.st.guarded(code, first))
	tail := ""
	if collects {
		tail = e.st.eol + e.st.lines(indent, e.st.fit(throwFirst))
	}
	if !first.OK() {
		inner := src[at : body.End()-1]
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
		end := body.End() - 1
		start := end
		for start > at && (src[start-1] == ' ' || src[start-1] == '\t') {
			start--
		}
		if strings.HasSuffix(src[:start], "\n") { // the brace stands on its own line
			if collects {
				e.edits = append(e.edits, patch.Edit{Start: start, End: start, New: strings.TrimPrefix(tail, e.st.eol) + e.st.eol})
			}
			return nil
		}
		e.edits = append(e.edits, patch.Edit{Start: start, End: end, New: tail + e.st.eol + outer})
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
	if !t.above.Node.Is("method_definition", "abstract_method_signature", "method_signature") {
		return refuse(TooEntangled, "%s is not a method in %s", t.name, t.aboveIn.Name())
	}
	if w.async && !t.async {
		return refuse(NotAsync, "the inherited %s() is not async, and the release must be awaited", t.name)
	}
	if t.above.Node.Field("parameters").Len() > 0 {
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
	head := access
	if e.st.ts && e.wantsOverride(t) {
		head += "override "
	}
	returns := ""
	if t.async {
		head += "async "
		returns = ": Promise<void>"
	} else {
		returns = ": void"
	}
	if !e.st.ts {
		returns = ""
	}
	call := ""
	if !t.abstract {
		call = "super" + memberSuffix(t.name) + "();"
		if t.async {
			call = "await " + call
		}
	}
	e.methods = append(e.methods, method(head+t.name+"()"+returns, e.followedBy(w, call)))
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
	head, returns := e.public(), ": void"
	if w.async {
		head, returns = head+"async ", ": Promise<void>"
	}
	if !e.st.ts {
		returns = ""
	}
	e.methods = append(e.methods, method(head+"dispose()"+returns, e.followedBy(w, "")))
	e.note(Unsafe, "nothing calls dispose() yet: call it where "+nameOf(e.in.class.Node)+" is released")
	return nil
}
