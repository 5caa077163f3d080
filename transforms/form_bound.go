package transforms

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formBound gives a collection of what can be made again a bound: what was asked for
// least lately goes first. A collection that keeps the order in which entries were
// filed can tell, once a hit files its entry anew.
type formBound struct{}

func (formBound) Name() string { return "bound" }

// defaultCache is the bound where the settings name none.
const defaultCache = 1000

func (formBound) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	g := o.gist.(*growth)
	m, c := g.memo, g.collection
	if no := m.touchable(o); no != nil {
		return nil, no
	}
	size := defaultCache
	if s.Style.Cache > 0 {
		size = s.Style.Cache
	}
	st := styleOf(s.f)
	limit, edits, notes, no := s.declareLimit(o, c, st, strconv.Itoa(size))
	if no != nil {
		return nil, no
	}
	oldest := fill(o.Kind.Oldest, o, nil)
	if st.ts {
		oldest += "!"
	}
	evict := fmt.Sprintf("if (%s > %s) {\n\t%s;\n}", fill(o.Kind.Size, o, nil), limit, fill(o.Kind.Release[0].Pattern, o, map[string]string{o.Kind.Keyed: oldest}))
	touch := m.touch(o, st)
	for _, stmt := range m.filed {
		if inBlock(stmt) {
			edits = append(edits, st.after(stmt, st.fit(evict)))
		} else {
			edits = append(edits, st.braced(stmt, nil, []string{st.fit(evict)}))
		}
	}
	switch {
	case !m.hit.OK():
		edits = append(edits, st.otherwise(m.guard, touch))
	case m.hit.Is("statement_block"):
		edits = append(edits, st.before(m.hit.Child(0), touch...))
	default:
		edits = append(edits, st.braced(m.hit, touch, nil))
	}
	f := &Fix{Plan: p, Edits: edits, Notes: append(notes, m.doubts(o, size)...), Message: "Bound " + g.of(p.Owner)}
	if merged, err := patch.Merge(nil, f.Edits); err == nil {
		f.Edits = merged
	} else {
		return nil, refuse(TooEntangled, "what asks for an entry and what files it share a place")
	}
	return f, nil
}

// touchable: what is written twice must mean the same twice.
func (m *memo) touchable(o *Obligation) *Refusal {
	for n := range o.Bindings[o.Kind.Keyed].Descendants() {
		if n.Is("call_expression", "new_expression", "update_expression", "await_expression", "assignment_expression", "yield_expression") {
			return refuse(TooEntangled, "the key is computed anew each time it is needed: give it a name first")
		}
		if sym := n.Symbol(); n.Is("identifier") && sym != nil && !sym.Constant() {
			return refuse(TooEntangled, "%s, of which the key is made, is assigned to", sym.Name)
		}
	}
	if m.hit.Is("statement_block") && m.hit.Len() == 0 || m.hit.Is("if_statement") {
		return refuse(TooEntangled, "what runs where there is an entry is no plain branch")
	}
	if !m.hit.OK() && !inBlock(m.guard) {
		return refuse(TooEntangled, "the question for an entry is itself a branch")
	}
	fn := o.Call.Function()
	for n := range fn.Own() { // another call may evict what this one filed, while it waits
		if n.Is("await_expression") && n.Start() > o.Call.End() {
			return refuse(TooEntangled, "%s waits for something once the entry is filed", nameOf(fn))
		}
	}
	return nil
}

// touch are the statements that file an entry anew that is there.
func (m *memo) touch(o *Obligation, st style) []string {
	var out []string
	var value string
	if m.value != nil {
		value = m.value.Name
	} else {
		value = freshName(o.Kind.Noun, nameTaken(o.Call.Function()))
		get := fill(o.Kind.Lookup[0], o, nil)
		if st.ts {
			get += "!"
		}
		out = append(out, fmt.Sprintf("const %s = %s;", value, get))
	}
	return append(out,
		fill(o.Kind.Release[0].Pattern, o, nil)+";",
		fill(o.Acquire.Pattern, o, map[string]string{"VALUE": value})+";")
}

// declareLimit names the bound beside the collection.
func (s *scan) declareLimit(o *Obligation, c *collection, st style, size string) (name string, edits []patch.Edit, notes []Note, no *Refusal) {
	bare := strings.TrimPrefix(c.name, "#")
	if !c.class.OK() {
		name = strings.TrimRight(bare, "_") + "Limit"
		if strings.ToUpper(bare) == bare {
			name = bare + "_LIMIT"
		}
		name = freshName(name, nameTaken(s.f.Root()))
		decl := c.decl.Parent()
		if decl.Len() != 1 || !inBlock(decl) {
			return "", nil, nil, refuse(TooEntangled, "%s is declared together with others", c.name)
		}
		return name, []patch.Edit{st.after(decl, st.fit("const "+name+" = "+size+";"))}, nil, nil
	}
	e, no := s.editClass(s.instance(c.class))
	if no != nil {
		return "", nil, nil, no
	}
	if !c.static {
		return e.addField(bare+"Limit", "", size), e.finish(), e.notes, nil
	}
	hidden := bare + "Limit"
	if strings.HasPrefix(c.name, "#") {
		hidden = "#" + hidden
	}
	if e.taken[hidden] {
		return "", nil, nil, refuse(NameTaken, "%s is something else in this class", hidden)
	}
	decl := "static " + hidden + " = " + size + ";"
	if st.ts {
		decl = "static readonly " + hidden + " = " + size + ";"
		if !strings.HasPrefix(hidden, "#") {
			decl = "private " + decl
		}
	}
	e.fields = append(e.fields, decl)
	place := o.Bindings[o.Kind.Retainer].Inner(false).Field("object").Text()
	return place + "." + hidden, e.finish(), e.notes, nil
}

// doubts are what a reviewer has to know who takes a bound.
func (m *memo) doubts(o *Obligation, size int) []Note {
	notes := []Note{
		{Unsafe, fmt.Sprintf("what is evicted is made again when it is asked for: is a bound of %d more than what is in use at a time, and does it cost little enough to make one again?", size)},
		{Unsafe, "whoever kept a value from before has another one than who asks once it was evicted: does anything compare the two, or change one?"},
	}
	awaited, promise := false, false
	for _, n := range m.made {
		if n.Outer().Is("await_expression") {
			awaited = true
		} else if isAsync(syntax.CalledFunction(n)) {
			promise = true
		}
	}
	if promise {
		notes = append(notes, Note{Unsafe, "an entry is a promise: one that is evicted before it settled is made a second time beside it, and one that was rejected stays until it is evicted, or for good"})
	}
	if awaited {
		notes = append(notes, Note{Unsafe, "it is waited for what is filed: those who ask meanwhile make it, too, as before, and once more after it was evicted"})
	}
	return notes
}

// braced gives a statement that is all of a branch a block, with others before it
// and behind it.
func (st style) braced(branch syntax.Node, before, after []string) patch.Edit {
	stmt := branch.Parent()
	condition := stmt.Field("condition")
	start := condition.End()
	if stmt.Is("else_clause") {
		start, stmt = stmt.Start()+len("else"), stmt.Parent()
	}
	f := branch.File()
	indent := indentAt(f, stmt.Start())
	var lines []string
	for _, l := range before {
		lines = append(lines, st.fit(l))
	}
	lines = append(append(lines, branch.Text()), after...)
	text := " {" + st.eol + st.lines(indent+st.unit, lines...) + st.eol + indent + "}"
	return patch.Edit{Start: start, End: branch.End(), New: text}
}

// otherwise gives an if statement an else.
func (st style) otherwise(guard syntax.Node, statements []string) patch.Edit {
	f := guard.File()
	indent := indentAt(f, guard.Start())
	var lines []string
	for _, l := range statements {
		lines = append(lines, st.fit(l))
	}
	at := guard.End()
	return patch.Edit{Start: at, End: at, New: " else {" + st.eol + st.lines(indent+st.unit, lines...) + st.eol + indent + "}"}
}
