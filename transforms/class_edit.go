package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// classEdit collects what is to be added to one class, so that all that one
// plan adds at one place is one insertion.
type classEdit struct {
	again  bool // the field is filled anew at once: no teardown
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
	named   []*Obligation   // registrations whose function was given a name
	wanted  []wanted        // names to import
}

// editClass begins to edit a class; it refuses one whose members share lines, as
// nobody writes them: there is no place beside them.
func (s *scan) editClass(in *instance) (*classEdit, *Refusal) {
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
	// Those below it in this file, too: names of theirs would clash with its own.
	for d := range s.f.Root().Descendants() {
		if !d.IsClass() && !d.IsConstructor() || d.Is("method_definition") || d == in.class.Node || !slices.ContainsFunc(s.instance(d).ancestors, func(c project.Class) bool { return c.Node == in.class.Node }) {
			continue
		}
		for _, m := range syntax.Members(d) {
			e.taken[m.Name] = true
		}
	}
	if !in.class.Node.IsClass() {
		return e, nil
	}
	before := e.body().Start() + 1
	for m := range e.body().Children() {
		if before > s.f.LineStart(m.Start()) {
			line, _ := s.f.Position(m.Start())
			return nil, refuse(TooEntangled, "the members of %s share line %d", nameOf(in.class.Node), line)
		}
		if !m.Is("decorator") {
			before = m.End()
		}
	}
	return e, nil
}

func (e *classEdit) note(limit Applicability, text string) {
	e.notes = append(e.notes, Note{limit, text})
}

// addField declares a private member and returns how the class reads it.
func (e *classEdit) addField(name, typ, value string) string {
	if !e.in.class.Node.IsClass() {
		return e.addAssigned(name, typ, value)
	}
	hash, lasts := e.usesHash(), value != "" && typ == ""
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
		if e.st.ts && lasts {
			decl = "readonly " + name
		}
	case e.st.ts && lasts:
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

// memberIndent is that of the first member: a class that acquires has one.
func (e *classEdit) memberIndent() string { return indentAt(e.s.f, e.body().Child(0).Start()) }

// finish turns what was collected into edits.
func (e *classEdit) finish() []patch.Edit {
	if !e.in.class.Node.IsClass() {
		return e.finishAssigned()
	}
	var lastField, last syntax.Node
	methods := false
	for m := range e.body().Children() {
		last = m
		if m.Is("public_field_definition", "field_definition") && !m.Field("value").IsFunction() && !methods {
			lastField = m
		} else {
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
			text[at] = e.st.eol + block + e.st.eol
		}
	}
	for _, m := range e.methods {
		at := lineEndAfter(e.s.f, last.End())
		text[at] += e.st.eol + e.st.eol + e.st.lines(indent, e.st.fit(m))
	}
	edits := append(slices.Clone(e.edits), e.imports()...)
	for at, t := range text {
		end := at
		if rest := string(e.s.f.Src()[at : e.body().End()-1]); !strings.Contains(rest, "\n") && strings.TrimSpace(rest) == "" {
			t += e.st.eol + indentAt(e.s.f, e.in.class.Node.Start()) // the brace stands on the last member's line
			end += len(rest)
		}
		edits = append(edits, patch.Edit{Start: at, End: end, New: t})
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
	return strings.ContainsAny(rest[:1], "*[(")
}
