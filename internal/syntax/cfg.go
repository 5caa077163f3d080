package syntax

import "slices"

// Graph is the control flow of one function: its evaluations in order, with
// an edge to the handler from everything that can throw. A finally block
// appears once for each way of entering it (falling in, returning, throwing,
// jumping), so that a path through it knows where it goes on.
type Graph struct {
	Points []Point
	byNode map[int32][]int
}

// The three points that every graph has.
const (
	Entry = 0
	Exit  = 1 // left by return or by reaching the end
	Raise = 2 // left by an error
)

// Point is one evaluation.
type Point struct {
	Node Node // a call, new, await, yield, assignment, declarator, closure, return, throw, loop or condition
	Next []Edge
}

// Edge leads to the point that comes next.
type Edge struct {
	To    int
	Throw bool // taken when the evaluation throws or rejects
	// Resumed: the evaluation is the last of a finally block, and what goes on
	// is an error from before it.
	Resumed bool
	Cond    Node // taken if and only if Cond, evaluated at the origin, is When; the zero Node: always
	When    bool
}

// Raising is the same graph without the edges by which evaluations throw that cannot
// be reckoned with: those of which may is false.
func (g *Graph) Raising(may func(Node) bool) *Graph {
	out := &Graph{Points: slices.Clone(g.Points), byNode: g.byNode}
	for i, p := range out.Points {
		throws := func(e Edge) bool { return e.Throw && !e.Resumed }
		if slices.ContainsFunc(p.Next, throws) && !may(p.Node) {
			out.Points[i].Next = slices.DeleteFunc(slices.Clone(p.Next), throws)
		}
	}
	return out
}

// At returns the points at which n itself is evaluated.
func (g *Graph) At(n Node) []int { return g.byNode[n.i] }

// Around returns the points at which n, or the innermost evaluation around it,
// happens; none for what is never reached.
func (g *Graph) Around(n Node) []int {
	for ; n.OK(); n = n.Parent() {
		if ps := g.byNode[n.i]; len(ps) > 0 {
			return ps
		}
		if n.IsFunction() || n.Role() == "body" && n.Parent().Is("for_statement", "for_in_statement", "while_statement", "do_statement", "switch_statement", "catch_clause") {
			return nil // what stands in the body of a loop is no part of its head
		}
	}
	return nil
}

// BuildGraph builds the graph of a function's body, of an expression body, or
// of a module. throws says whether a call, new, await or yield can throw.
func BuildGraph(fn Node, throws func(Node) bool) *Graph {
	b := &graphBuilder{g: &Graph{byNode: map[int32][]int{}}, throws: throws}
	b.g.Points = make([]Point, 3, 64)
	b.g.Points[Entry].Node = fn
	body := fn
	if fn.IsFunction() {
		body = fn.Field("body")
	}
	in := flow{{from: Entry}}
	if body.Is("statement_block", "program") {
		b.jump(jumpReturn, "", b.block(body, in))
	} else {
		out := b.point(body, b.expr(body, in), false)
		b.jump(jumpReturn, "", out)
	}
	return b.g
}

// flow is a set of edges that do not know yet where they lead.
type flow []loose

type loose struct {
	from  int
	throw bool
	again bool // resumes an error after a finally block
	cond  Node
	when  bool
}

type jumpKind int

const (
	jumpReturn jumpKind = iota
	jumpThrow
	jumpBreak
	jumpContinue
)

type jumpKey struct {
	kind  jumpKind
	label string
}

// construct is what stands around the current statement that jumps can stop at.
type construct struct {
	parent  *construct
	catches bool // a try with a catch: stops throws
	finally bool // stops everything
	loop    bool
	breaks  bool // loop or switch
	labels  []string
	held    map[jumpKey]flow
	order   []jumpKey
}

func (c *construct) hold(k jumpKey, f flow) {
	if c.held == nil {
		c.held = map[jumpKey]flow{}
	}
	if _, ok := c.held[k]; !ok {
		c.order = append(c.order, k)
	}
	c.held[k] = append(c.held[k], f...)
}

func (c *construct) labelled(l string) bool {
	for _, x := range c.labels {
		if x == l {
			return true
		}
	}
	return false
}

type graphBuilder struct {
	g       *Graph
	throws  func(Node) bool
	top     *construct
	labels  []string // of the statement that comes
	skipped flow     // from nullish links of the chain that is being evaluated
	chained []int32  // the chains that are being evaluated, outermost link each
}

func (b *graphBuilder) connect(f flow, to int) {
	for _, l := range f {
		p := &b.g.Points[l.from]
		p.Next = append(p.Next, Edge{To: to, Throw: l.throw, Resumed: l.again, Cond: l.cond, When: l.when})
	}
}

// point adds an evaluation of n after in. Nothing is added where in is empty:
// the code cannot be reached.
func (b *graphBuilder) point(n Node, in flow, throws bool) flow {
	if len(in) == 0 {
		return nil
	}
	id := len(b.g.Points)
	b.g.Points = append(b.g.Points, Point{Node: n})
	b.g.byNode[n.i] = append(b.g.byNode[n.i], id)
	b.connect(in, id)
	if throws {
		b.jump(jumpThrow, "", flow{{from: id, throw: true}})
	}
	return flow{{from: id}}
}

// jump sends f to wherever a jump of that kind goes from here.
func (b *graphBuilder) jump(kind jumpKind, label string, f flow) {
	if len(f) == 0 {
		return
	}
	for c := b.top; c != nil; c = c.parent {
		switch {
		case c.finally,
			c.catches && kind == jumpThrow,
			kind == jumpBreak && (label == "" && c.breaks || label != "" && c.labelled(label)),
			kind == jumpContinue && c.loop && (label == "" || c.labelled(label)):
			c.hold(jumpKey{kind, label}, f)
			return
		}
	}
	if kind == jumpThrow {
		b.connect(f, Raise)
	} else {
		b.connect(f, Exit)
	}
}

func (b *graphBuilder) push(c *construct) *construct {
	c.parent = b.top
	b.top = c
	return c
}

func (b *graphBuilder) pop() { b.top = b.top.parent }

func (b *graphBuilder) block(n Node, in flow) flow {
	for c := range n.Children() {
		in = b.stmt(c, in)
	}
	return in
}

func (b *graphBuilder) stmt(n Node, in flow) flow {
	labels := b.labels
	b.labels = nil
	if len(labels) > 0 && !n.Is("while_statement", "do_statement", "for_statement", "for_in_statement", "switch_statement", "labeled_statement") {
		c := b.push(&construct{labels: labels})
		out := b.stmt(n, in)
		b.pop()
		for _, k := range c.order {
			out = append(out, c.held[k]...)
		}
		return out
	}
	switch n.Kind() {
	case "statement_block":
		return b.block(n, in)
	case "function_declaration", "generator_function_declaration", "class_declaration", "abstract_class_declaration",
		"interface_declaration", "type_alias_declaration", "import_statement", "enum_declaration", "empty_statement",
		"function_signature", "ambient_declaration":
		return in
	case "if_statement":
		t, f := b.cond(n.Field("condition"), in)
		out := b.stmt(n.Field("consequence"), t)
		if alt := n.Field("alternative"); alt.OK() {
			return append(out, b.stmt(alt.Child(0), f)...)
		}
		return append(out, f...)
	case "while_statement", "do_statement", "for_statement", "for_in_statement":
		return b.loop(n, in, labels)
	case "switch_statement":
		return b.switches(n, in, labels)
	case "labeled_statement":
		b.labels = append(labels, n.Field("label").Text())
		return b.stmt(n.Field("body"), in)
	case "try_statement":
		return b.try(n, in)
	case "return_statement":
		b.jump(jumpReturn, "", b.point(n, b.expr(n.Child(0), in), false))
		return nil
	case "throw_statement":
		b.point(n, b.expr(n.Child(0), in), true)
		return nil
	case "break_statement":
		b.jump(jumpBreak, n.Field("label").Text(), b.point(n, in, false))
		return nil
	case "continue_statement":
		b.jump(jumpContinue, n.Field("label").Text(), b.point(n, in, false))
		return nil
	case "export_statement":
		if d := n.Field("declaration"); d.OK() {
			return b.stmt(d, in)
		}
		return b.expr(n.Field("value"), in)
	}
	return b.expr(n, in)
}

// loop builds all loops: a head that the body comes back to.
func (b *graphBuilder) loop(n Node, in flow, labels []string) flow {
	if init := n.Field("initializer"); init.OK() {
		in = b.stmt(init, in)
	}
	isFor := n.Is("for_in_statement")
	if isFor {
		in = b.expr(n.Field("right"), in)
	}
	if len(in) == 0 {
		return nil
	}
	head := b.point(n, in, isFor && n.HasToken("await"))
	headID := head[0].from
	c := b.push(&construct{loop: true, breaks: true, labels: labels})
	var done flow
	next := head
	if cond := n.Field("condition"); cond.OK() && !n.Is("do_statement") && !cond.Is("empty_statement") {
		if cond.Is("expression_statement") {
			cond = cond.Child(0)
		}
		next, done = b.cond(cond, head)
	} else if isFor {
		done = head
	}
	out := b.stmt(n.Field("body"), next)
	b.pop()
	for _, k := range c.order {
		if k.kind == jumpContinue {
			out = append(out, c.held[k]...)
		} else {
			done = append(done, c.held[k]...)
		}
	}
	if n.Is("do_statement") {
		t, f := b.cond(n.Field("condition"), out)
		out, done = t, append(done, f...)
	}
	if inc := n.Field("increment"); inc.OK() {
		out = b.expr(inc, out)
	}
	b.connect(out, headID)
	return done
}

func (b *graphBuilder) switches(n Node, in flow, labels []string) flow {
	in = b.point(n, b.expr(n.Field("value"), in), false)
	for k := range n.Field("body").Children() {
		if k.Is("switch_case") { // tests are tried in order; that a match ends this is left out
			in = b.expr(k.Field("value"), in)
		}
	}
	c := b.push(&construct{breaks: true, labels: labels})
	var through flow
	hasDefault := false
	for k := range n.Field("body").Children() {
		start := append(append(flow(nil), in...), through...)
		if k.Is("switch_default") {
			hasDefault = true
		}
		skip := k.Field("value")
		for s := range k.Children() {
			if s.i != skip.i {
				start = b.stmt(s, start)
			}
		}
		through = start
	}
	b.pop()
	out := through
	if !hasDefault {
		out = append(out, in...)
	}
	for _, k := range c.order {
		out = append(out, c.held[k]...)
	}
	return out
}

func (b *graphBuilder) try(n Node, in flow) flow {
	handler, finalizer := n.Field("handler"), n.Field("finalizer")
	var fin *construct
	if finalizer.OK() {
		fin = b.push(&construct{finally: true})
	}
	var catch *construct
	if handler.OK() {
		catch = b.push(&construct{catches: true})
	}
	out := b.block(n.Field("body"), in)
	if catch != nil {
		b.pop()
		caught := b.point(handler, catch.held[jumpKey{jumpThrow, ""}], false)
		out = append(out, b.block(handler.Field("body"), caught)...)
	}
	if fin == nil {
		return out
	}
	b.pop()
	body := finalizer.Field("body")
	out = b.block(body, out)
	for _, k := range fin.order {
		after := b.block(body, fin.held[k])
		if k.kind == jumpThrow {
			for i := range after {
				after[i].throw, after[i].again = true, true
			}
		}
		b.jump(k.kind, k.label, after)
	}
	return out
}
