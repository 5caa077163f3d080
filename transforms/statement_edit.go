package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Edits of statements in a list of them: before one, behind it, instead of it, and
// at the beginning of a function.

// insertionPoint is where a statement can be put before stmt: before comments
// that are directives about it.
func insertionPoint(stmt syntax.Node) int {
	at := stmt.Start()
	var before []syntax.Node
	for c := range stmt.Parent().All() {
		if c == stmt {
			break
		}
		before = append(before, c)
	}
	for i := len(before) - 1; i >= 0 && before[i].Is("comment") && isDirective(before[i].Text()); i-- {
		at = before[i].Start()
	}
	return at
}

func isDirective(comment string) bool {
	for _, mark := range []string{"disable-next-line", "@ts-ignore", "@ts-expect-error", "prettier-ignore", "istanbul ignore", "c8 ignore", "v8 ignore", "unleak-ignore-next-line", "biome-ignore"} {
		if strings.Contains(comment, mark) {
			return true
		}
	}
	return false
}

// inBlock reports whether a statement stands in a list of statements, so that
// others can stand beside it.
func inBlock(stmt syntax.Node) bool {
	return stmt.Parent().Is("statement_block", "program", "switch_case", "switch_default")
}

// before puts lines of code, statements with their semicolons, before stmt, with
// its indentation.
func (st style) before(stmt syntax.Node, code ...string) patch.Edit {
	at := insertionPoint(stmt)
	indent := indentAt(stmt.File(), at)
	if strings.TrimSpace(string(stmt.File().Src()[stmt.File().LineStart(at):at])) != "" {
		one := "" // { a(); } on one line, where nothing but semicolons ends a statement
		for _, line := range code {
			one += strings.TrimLeft(line, "\t") + " "
		}
		return patch.Edit{Start: at, End: at, New: one}
	}
	last := len(code) - 1
	for i, line := range code[:last] {
		code[i] = st.fit(line)
	}
	code[last] = st.guarded(code[last], stmt)
	text := st.lines(indent, code...)
	return patch.Edit{Start: at, End: at, New: strings.TrimPrefix(text, indent) + st.eol + indent}
}

// after puts statements after stmt, behind a comment on its last line.
func (st style) after(stmt syntax.Node, code ...string) patch.Edit {
	at := lineEndAfter(stmt.File(), stmt.End())
	last := len(code) - 1
	code[last] = st.ended(code[last], at, stmt.NextNamed())
	return behind(stmt, at, st.eol+st.lines(indentAt(stmt.File(), stmt.Start()), code...))
}

// instead puts statements in the place of one, by so much further in.
func (st style) instead(stmt syntax.Node, deeper, code string) patch.Edit {
	indent := indentAt(stmt.File(), stmt.Start()) + deeper
	code = st.ended(code, stmt.End(), stmt.NextNamed())
	return patch.Edit{Start: stmt.Start(), End: stmt.End(), New: strings.TrimPrefix(st.lines(indent, code), indent)}
}

// behind inserts text at an offset that belongs to stmt. Where the next statement
// begins right there, others may insert before that one.
func behind(stmt syntax.Node, at int, text string) patch.Edit {
	if next := stmt.NextNamed(); next.OK() && next.Start() == at {
		return patch.Edit{Start: at - 1, End: at, New: string(stmt.File().Src()[at-1:at]) + text}
	}
	return patch.Edit{Start: at, End: at, New: text}
}

// ended is code that is put at an offset in front of next, with a semicolon where
// that shares its line, or would go on with it.
func (st style) ended(code string, at int, next syntax.Node) string {
	next = notEmpty(next)
	if next.OK() && at <= next.Start() && !strings.Contains(string(next.File().Src()[at:next.Start()]), "\n") {
		return strings.TrimSuffix(st.fit(code), ";") + ";"
	}
	return st.guarded(code, next)
}

// beginWith makes a function do something before all else.
func (st style) beginWith(fn syntax.Node, statements ...string) []patch.Edit {
	code := strings.Join(statements, "; ")
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return []patch.Edit{
			{Start: body.Start(), End: body.Start(), New: "{ " + code + "; "},
			{Start: body.End(), End: body.End(), New: "; }"},
		}
	}
	f := fn.File()
	src := string(f.Src())
	at := body.Start() + 1
	if first := body.Child(0); first.OK() && strings.Contains(src[at:first.Start()], "\n") {
		at = lineEndAfter(f, at)
		text := ""
		for i, code := range statements {
			line := st.fit(code + ";")
			if i == len(statements)-1 {
				line = st.guarded(code+";", first)
			}
			text += st.eol + indentAt(f, first.Start()) + line
		}
		return []patch.Edit{{Start: at, End: at, New: text}}
	}
	text := " " + code + ";"
	if strings.TrimLeft(src[at:at+1], " \t\r\n") != "" { // {}, {a()}
		text += " "
	}
	return []patch.Edit{{Start: at, End: at, New: text}}
}

// lineEndAfter is the end of the line of offset, if only white space and a
// comment follow on it; else offset itself, behind a semicolon.
func lineEndAfter(f *syntax.File, offset int) int {
	src := f.Src()
	i := offset
	for i < len(src) && (src[i] == ' ' || src[i] == '\t' || src[i] == ';') {
		i++
		if src[i-1] == ';' {
			offset = i
		}
	}
	if i+1 < len(src) && src[i] == '/' && src[i+1] == '/' {
		for i < len(src) && src[i] != '\n' && src[i] != '\r' {
			i++
		}
		return i
	}
	if i+1 < len(src) && src[i] == '/' && src[i+1] == '*' {
		if end := strings.Index(string(src[i:]), "*/"); end >= 0 && !strings.Contains(string(src[i:i+end]), "\n") {
			j := i + end + 2
			if j == len(src) || src[j] == '\n' || src[j] == '\r' {
				return j
			}
		}
	}
	return offset
}

// deletions take statements out, those that share a line together.
func deletions(stmts []syntax.Node) []patch.Edit {
	var out []patch.Edit
	for i := 0; i < len(stmts); i++ {
		first, last := stmts[i], stmts[i]
		for i+1 < len(stmts) && last.NextNamed() == stmts[i+1] && !strings.Contains(string(last.File().Src()[last.End():stmts[i+1].Start()]), "\n") {
			i++
			last = stmts[i]
		}
		start, end := wholeLines(first, last)
		out = append(out, patch.Edit{Start: start, End: end})
	}
	return out
}

// wholeLines widens statements that stand alone on their lines to those lines,
// for deleting it, with the blank lines before it where what follows is one,
// too, or the end of the block. Of a line that it shares, the space before it
// goes, or behind it where it comes first.
func wholeLines(first, last syntax.Node) (start, end int) {
	f := first.File()
	src := string(f.Src())
	start, end = first.Start(), endOf(last)
	ls := f.LineStart(start)
	if strings.TrimSpace(src[ls:start]) != "" {
		return ls + len(strings.TrimRight(src[ls:start], " \t")), end
	}
	e := lineEndAfter(f, end) // a remark on the release goes with it
	e += len(src[e:]) - len(strings.TrimLeft(src[e:], " \t"))
	if e < len(src) && src[e] != '\n' && src[e] != '\r' {
		return start, e
	}
	if strings.HasPrefix(src[e:], "\r") {
		e++
	}
	if e < len(src) {
		e++
	}
	next, _, _ := strings.Cut(src[e:], "\n")
	if next = strings.TrimSpace(next); next == "" || strings.HasPrefix(next, "}") {
		before := strings.TrimRight(src[:ls], " \t\r\n")
		if eol := strings.Index(src[len(before):ls], "\n"); eol >= 0 {
			ls = len(before) + eol + 1
		}
	}
	return ls, e
}

// notEmpty is stmt, or the first behind it that is more than a semicolon.
func notEmpty(stmt syntax.Node) syntax.Node {
	for stmt.Is("empty_statement", "comment") {
		stmt = stmt.NextNamed()
	}
	return stmt
}

// endOf is the end of a statement without a semicolon that stands on a later
// line: in files without semicolons that one guards the next statement.
func endOf(n syntax.Node) int {
	text := n.Text()
	if trimmed, ok := strings.CutSuffix(text, ";"); ok {
		if bare := strings.TrimRight(trimmed, " \t\r\n"); strings.Contains(trimmed[len(bare):], "\n") {
			return n.Start() + len(bare)
		}
	}
	return n.End()
}

// guarded keeps the semicolon at the end of inserted code, in a file that has
// none, where what follows would otherwise go on with it.
func (st style) guarded(code string, next syntax.Node) string {
	fitted := st.fit(code)
	for next.Is("comment") {
		next = next.NextNamed()
	}
	if st.semi == "" && next.OK() && strings.ContainsAny(next.Text()[:1], "([`/+-") {
		return fitted + ";"
	}
	return fitted
}

// reindent moves the lines from start to end by some levels, but for lines that
// begin inside a template literal.
func (st style) reindent(f *syntax.File, start, end, levels int) []patch.Edit {
	var edits []patch.Edit
	src := f.Src()
	for at := start; at < end; {
		next := end
		for i := at; i < end; i++ {
			if src[i] == '\n' {
				next = i + 1
				break
			}
		}
		line := strings.TrimSpace(string(src[at:next]))
		if line != "" && (at == start || src[at-1] == '\n') && !inTemplate(f, at) {
			edits = append(edits, patch.Edit{Start: at, End: at, New: strings.Repeat(st.unit, levels)})
		}
		at = next
	}
	return edits
}

func inTemplate(f *syntax.File, offset int) bool {
	n := f.NodeAt(offset, offset)
	for ; n.OK(); n = n.Parent() {
		if n.Is("template_string", "string", "jsx_text") && n.Start() < offset && offset < n.End() {
			return true
		}
		if n.IsStatement() {
			return false
		}
	}
	return false
}
