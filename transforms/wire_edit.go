package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// wirer collects what is written into one file, so that all that comes to stand
// behind one statement is one insertion.
type wirer struct {
	s       *scan
	st      style
	im      MonitorImport
	name    string // of the monitor in this file
	there   bool   // it is imported
	behinds map[int32][]string
	firsts  map[int32][]string
	order   []syntax.Node
	wrapped []syntax.Node // teardowns that get a try around their body

	releases []syntax.Node // of the place that is looked at
}

// newWirer finds a name for the monitor in a file.
func newWirer(s *scan, im MonitorImport) (*wirer, *Refusal) {
	w := &wirer{s: s, st: styleOf(s.f), im: im, behinds: map[int32][]string{}, firsts: map[int32][]string{}}
	for _, module := range s.f.Imports().Modules {
		base := module[strings.LastIndex(module, "/")+1:]
		stem, _, _ := strings.Cut(base, ".")
		if local, ok := s.f.Imports().Local(module, monitorName); ok && stem == MonitorModule {
			w.name, w.there = local, true
			return w, nil
		}
	}
	for _, name := range []string{monitorName, "unleakMonitor"} {
		if found, _ := s.mentioned(name); !found {
			w.name = name
			return w, nil
		}
	}
	return nil, refuse(NameTaken, "monitor and unleakMonitor are other things in this file")
}

func (w *wirer) quoted(s string) string { return w.st.quote + s + w.st.quote }

// class plans what one class tells, and reports whether it tells anything.
func (w *wirer) class(h *held, out *Wiring) bool {
	s := w.s
	line, _ := s.f.Position(h.class.Start())
	wired := Wired{Class: nameOf(h.class), Line: line}
	if h.class.HasError() {
		out.unwired(s, h.class, "it holds text that does not parse")
		return false
	}
	in := s.instance(h.class)
	end, no := w.teardown(in)
	if no != nil {
		out.unwired(s, h.class, "%s", no.Text)
		return false
	}
	var sites []site
	for _, p := range h.places {
		more, no := w.placeSites(in, p)
		if no != nil {
			out.unwired(s, p.found[0].Call, "%s: %s", p.found[0].Kind.Noun, no.Text)
			continue
		}
		sites = append(sites, more...)
		wired.Holds = append(wired.Holds, p.found[0].Kind.Name+" in "+p.name)
	}
	if len(wired.Holds) == 0 {
		return false
	}
	for _, x := range sites {
		wired.New = w.put(x) || wired.New
	}
	wired.New = w.end(end) || wired.New
	out.Wired = append(out.Wired, wired)
	return true
}

// put remembers what is to stand behind a statement, or first in a function. It
// reports whether that is not there yet.
func (w *wirer) put(x site) bool {
	at, lines := x.stmt, w.behinds
	if x.first.OK() {
		at, lines = x.first, w.firsts
	}
	if w.told(x) || slices.Contains(lines[at.ID()], x.line) {
		return false
	}
	if lines[at.ID()] == nil {
		w.order = append(w.order, at)
	}
	lines[at.ID()] = append(lines[at.ID()], x.line)
	return true
}

// told reports whether what is to be told is told there already: the same but for
// spaces and quotes.
func (w *wirer) told(x site) bool {
	plain := func(s string) string {
		return strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "", "'", "", `"`, "", ";", "", ",)", ")").Replace(s)
	}
	next := x.stmt.NextNamed()
	if x.first.OK() {
		next = x.first.Field("body").Child(0)
	}
	for ; next.OK(); next = next.NextNamed() {
		if next.Is("comment") {
			continue
		}
		if !next.Is("expression_statement") || !isMonitor(next.Child(0)) {
			return false
		}
		said := next.Child(0).Field("function").Field("property").Text()
		if plain(next.Text()) == plain(x.line) || x.first.Is("catch_clause") && said == "failed" {
			return true
		}
	}
	return false
}

// behind is the statement after which n has happened, whatever came of it. A
// condition is looked through that asks nothing but whether one of some fields holds
// something; without any fields, any condition is: what is told then is right either
// way.
func (w *wirer) behind(n syntax.Node, fields ...string) (syntax.Node, bool) {
	loosely := len(fields) == 0
	for fn := n.Function(); isExecutor(fn) && callAround(fn).Outer().Is("await_expression"); fn = n.Function() {
		n = callAround(fn)
	}
	stmt := n.Statement()
	if stmt.Function() != n.Function() || !stmt.Is("expression_statement", "lexical_declaration", "variable_declaration") {
		return stmt, false
	}
	for c := n; c != stmt && !loosely; c = c.Parent() {
		p := c.Parent()
		guarded := p.Is("binary_expression") && p.Field("right") == c && asksOnly(p.Field("left"), fields)
		if p.Is("ternary_expression") || p.Is("binary_expression") && !guarded && slices.Contains([]string{"&&", "||", "??"}, p.Field("operator").Text()) {
			return stmt, false
		}
	}
	for !inBlock(stmt) {
		p := stmt.Parent()
		if !p.Is("if_statement") || p.Field("alternative").OK() || !loosely && !asksOnly(p.Field("condition"), fields) {
			return stmt, isBody(stmt) // which gets braces
		}
		stmt = p
	}
	return stmt, true
}

// isBody reports whether a statement is all that another one does.
func isBody(stmt syntax.Node) bool {
	p := stmt.Parent()
	return p.Is("else_clause") || p.Is("if_statement") && p.Field("consequence") == stmt || p.Is("for_statement", "for_in_statement", "while_statement") && p.Field("body") == stmt
}

// asksOnly reports whether a condition asks for nothing but whether one of some fields
// holds something.
func asksOnly(n syntax.Node, fields []string) bool {
	n = n.Inner(false)
	if name, ok := n.ThisField(); ok {
		return slices.Contains(fields, name)
	}
	switch n.Kind() {
	case "unary_expression":
		return n.Field("operator").Text() == "!" && asksOnly(n.Field("argument"), fields)
	case "binary_expression":
		return slices.Contains([]string{"==", "===", "!=", "!=="}, n.Field("operator").Text()) && isNothing(n.Field("right")) && asksOnly(n.Field("left"), fields)
	}
	return false
}

// finish turns what was collected into edits.
func (w *wirer) finish() []patch.Edit {
	var edits []patch.Edit
	for _, n := range w.order {
		if lines := w.behinds[n.ID()]; len(lines) > 0 {
			if inBlock(n) {
				edits = append(edits, w.after(n, lines))
			} else {
				edits = append(edits, w.brace(n, lines)...)
			}
		}
		if lines := w.firsts[n.ID()]; len(lines) > 0 {
			edits = append(edits, w.first(n, lines)...)
		}
	}
	for _, fn := range w.wrapped {
		edits = append(edits, w.wrap(fn)...)
	}
	if len(edits) > 0 && !w.there {
		edits = append(edits, w.importEdit())
	}
	return edits
}

// deeper is how much further in code comes to stand by a try around it.
func (w *wirer) deeper(n syntax.Node) string {
	for _, fn := range w.wrapped {
		if n.Within(fn.Field("body")) && n != fn {
			return w.st.unit
		}
	}
	return ""
}

// after puts lines behind a statement: on lines of their own, or on the same line
// where something else follows on it.
func (w *wirer) after(stmt syntax.Node, lines []string) patch.Edit {
	src := string(w.s.f.Src())
	at := lineEndAfter(w.s.f, endOf(stmt))
	rest, _, _ := strings.Cut(src[at:], "\n")
	if strings.TrimSpace(rest) != "" {
		text := " " + strings.Join(lines, " ")
		if !strings.HasSuffix(strings.TrimRight(src[:at], " \t"), ";") && stmt.Is("expression_statement", "lexical_declaration", "variable_declaration") {
			text = ";" + text
		}
		return behind(stmt, at, text)
	}
	lines = slices.Clone(lines)
	for i := range lines {
		if i < len(lines)-1 {
			lines[i] = w.st.fit(lines[i])
		} else {
			lines[i] = w.st.ended(lines[i], at, stmt.NextNamed())
		}
	}
	return behind(stmt, at, w.st.eol+w.st.lines(indentAt(w.s.f, stmt.Start())+w.deeper(stmt), lines...))
}

// brace makes a block of a statement that is all that another one does, and puts lines
// behind it.
func (w *wirer) brace(stmt syntax.Node, lines []string) []patch.Edit {
	f, st := w.s.f, w.st
	src := string(f.Src())
	gap := len(strings.TrimRight(src[:stmt.Start()], " \t\r\n"))
	at := lineEndAfter(f, stmt.End())
	rest, _, _ := strings.Cut(src[at:], "\n")
	last := src[gap-1]
	if strings.TrimSpace(rest) != "" || last != ')' && !strings.HasSuffix(src[:gap], "else") {
		end := stmt.End()
		text := " " + strings.Join(lines, " ") + " }"
		if !strings.HasSuffix(src[:end], ";") {
			text = ";" + text
		}
		return []patch.Edit{{Start: stmt.Start(), End: stmt.Start(), New: "{ "}, {Start: end, End: end, New: text}}
	}
	outer := indentAt(f, stmt.Parent().Start()) + w.deeper(stmt)
	inner := outer + st.unit
	var edits []patch.Edit
	if strings.Contains(src[gap:stmt.Start()], "\n") {
		edits = []patch.Edit{{Start: gap, End: gap, New: " {"}}
	} else {
		edits = append([]patch.Edit{{Start: gap, End: stmt.Start(), New: " {" + st.eol + inner}}, st.reindent(f, f.LineStart(stmt.Start()), stmt.End(), 1)...)
		edits = slices.DeleteFunc(edits, func(e patch.Edit) bool { return e.End <= gap && e.Start == e.End })
	}
	fitted := make([]string, len(lines))
	for i, l := range lines {
		fitted[i] = st.fit(l)
	}
	return append(edits, behind(stmt, at, st.eol+st.lines(inner, fitted...)+st.eol+outer+"}"))
}

// first puts lines at the beginning of a function or a catch clause.
func (w *wirer) first(fn syntax.Node, lines []string) []patch.Edit {
	body := fn.Field("body")
	src := string(w.s.f.Src())
	begin := body.Child(0)
	if !body.Is("statement_block") {
		return []patch.Edit{
			{Start: body.Start(), End: body.Start(), New: "{ " + strings.Join(lines, " ") + " "},
			{Start: body.End(), End: body.End(), New: "; }"},
		}
	}
	at := body.Start() + 1
	if !begin.OK() && strings.Contains(body.Text(), "\n") { // nothing but comments
		at = lineEndAfter(w.s.f, at)
		indent := indentAt(w.s.f, body.Token("}").Start()) + w.deeper(body) + w.st.unit
		return []patch.Edit{{Start: at, End: at, New: w.st.eol + w.st.lines(indent, w.st.fit(strings.Join(lines, "\n")))}}
	}
	if !begin.OK() || !strings.Contains(src[at:begin.Start()], "\n") {
		text := " " + strings.Join(lines, " ")
		if !strings.HasPrefix(src[at:], " ") && !strings.HasPrefix(src[at:], "\n") && !strings.HasPrefix(src[at:], "\r") {
			text += " "
		}
		return []patch.Edit{{Start: at, End: at, New: text}}
	}
	at = lineEndAfter(w.s.f, at)
	text := ""
	for i, line := range lines {
		if i < len(lines)-1 {
			line = w.st.fit(line)
		} else {
			line = w.st.guarded(line, begin)
		}
		text += w.st.eol + indentAt(w.s.f, begin.Start()) + w.deeper(begin) + line
	}
	return []patch.Edit{{Start: at, End: at, New: text}}
}
