package syntax

import "slices"

// expr adds the evaluations of an expression in the order in which they run.
func (b *graphBuilder) expr(n Node, in flow) flow {
	if !n.OK() || len(in) == 0 {
		return in
	}
	switch n.Kind() {
	case "call_expression":
		if !b.inChain(n) {
			return b.chain(n, in)
		}
		in = b.expr(n.Field("function"), in)
		if hasChain(n) { // f?.(x)
			in = b.optional(n.Field("function"), in)
		}
		in = b.expr(n.Field("arguments"), in)
		return b.point(n, in, b.throws(n))
	case "member_expression", "subscript_expression":
		if !b.inChain(n) {
			return b.chain(n, in)
		}
		in = b.expr(n.Field("object"), in)
		if hasChain(n) { // x?.y, x?.[y]
			in = b.optional(n.Field("object"), in)
		}
		return b.expr(n.Field("index"), in)
	case "new_expression":
		in = b.expr(n.Field("arguments"), b.expr(n.Field("constructor"), in))
		return b.point(n, in, b.throws(n))
	case "await_expression", "yield_expression":
		return b.point(n, b.expr(n.Child(0), in), b.throws(n))
	case "variable_declarator":
		if !n.Field("value").OK() {
			return in
		}
		return b.point(n, b.expr(n.Field("value"), in), false)
	case "assignment_expression":
		in = b.expr(n.Field("right"), b.target(n.Field("left"), in))
		return b.point(n, in, false)
	case "augmented_assignment_expression":
		switch n.Field("operator").Text() {
		case "&&=", "||=", "??=":
			t, f := b.branch(n.Field("left"), b.target(n.Field("left"), in))
			if n.Field("operator").Text() != "&&=" {
				t, f = f, t
			}
			return append(b.point(n, b.expr(n.Field("right"), t), false), f...)
		}
		return b.point(n, b.expr(n.Field("right"), b.target(n.Field("left"), in)), false)
	case "ternary_expression":
		t, f := b.cond(n.Field("condition"), in)
		return append(b.expr(n.Field("consequence"), t), b.expr(n.Field("alternative"), f)...)
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "&&":
			t, f := b.cond(n.Field("left"), in)
			return append(b.expr(n.Field("right"), t), f...)
		case "||":
			t, f := b.cond(n.Field("left"), in)
			return append(t, b.expr(n.Field("right"), f)...)
		case "??":
			in = b.expr(n.Field("left"), in)
			t, f := b.branch(n.Field("left"), in)
			return append(t, b.expr(n.Field("right"), f)...)
		}
	case "class", "type_annotation", "type_arguments":
		return in
	}
	if n.IsFunction() {
		return b.point(n, in, false)
	}
	for c := range n.Children() {
		in = b.expr(c, in)
	}
	return in
}

// chain evaluates a?.b.c(): one nullish link skips all that follows it.
func (b *graphBuilder) chain(n Node, in flow) flow {
	outer := b.skipped
	b.skipped, b.chained = nil, append(b.chained, n.i)
	out := b.expr(n, in)
	b.chained = b.chained[:len(b.chained)-1]
	out = append(out, b.skipped...)
	b.skipped = outer
	return out
}

// inChain reports whether n is a link of the chain that is being evaluated, or
// is its outermost one.
func (b *graphBuilder) inChain(n Node) bool {
	if len(b.chained) == 0 {
		return false
	}
	top := b.chained[len(b.chained)-1]
	for m := n; m.OK(); m = m.Parent() {
		if m.i == top {
			return true
		}
		p := m.Parent()
		link := p.Is("member_expression", "subscript_expression") && p.Field("object") == m ||
			p.Is("call_expression") && p.Field("function") == m || p.Is("non_null_expression")
		if !link {
			return false
		}
	}
	return false
}

// optional adds the decision whether a link is there.
func (b *graphBuilder) optional(n Node, in flow) flow {
	yes, no := b.branch(n, in)
	b.skipped = append(b.skipped, no...)
	return yes
}

func hasChain(n Node) bool {
	return n.Field("optional_chain").OK() || n.HasToken("?.") || n.HasToken("optional_chain")
}

// target evaluates what stands left of an assignment: the object, not the member.
func (b *graphBuilder) target(n Node, in flow) flow {
	if n.Is("member_expression", "subscript_expression") {
		return b.expr(n.Field("index"), b.expr(n.Field("object"), in))
	}
	return in
}

// branch adds a decision on the value of an expression that was evaluated.
func (b *graphBuilder) branch(n Node, in flow) (yes, no flow) {
	p := b.point(n, in, false)
	if len(p) == 0 {
		return nil, nil
	}
	from := p[0].from
	return flow{{from: from, cond: n, when: true}}, flow{{from: from, cond: n}}
}

// cond evaluates a condition, one decision for each of its parts.
func (b *graphBuilder) cond(n Node, in flow) (yes, no flow) {
	switch n.Kind() {
	case "parenthesized_expression":
		return b.cond(n.Child(0), in)
	case "true":
		return in, nil
	case "number":
		if n.Text() == "1" { // while (1)
			return in, nil
		}
	case "as_expression", "non_null_expression", "satisfies_expression":
		return b.cond(n.Child(0), in)
	case "false":
		return nil, in
	case "unary_expression":
		if n.Field("operator").Text() == "!" {
			yes, no = b.cond(n.Field("argument"), in)
			return no, yes
		}
	case "binary_expression":
		switch n.Field("operator").Text() {
		case "&&":
			t, f := b.cond(n.Field("left"), in)
			t2, f2 := b.cond(n.Field("right"), t)
			return t2, append(f, f2...)
		case "||":
			t, f := b.cond(n.Field("left"), in)
			t2, f2 := b.cond(n.Field("right"), f)
			return append(t, t2...), f2
		}
	}
	return b.branch(n, b.expr(n, in))
}

// Path is one way out of a function, as the points passed, the last before the
// exit at the end.
type Path struct {
	Points  []int
	Raised  bool // left by an error
	Resumed bool // that error is from before the finally block in which the last point stands
}

// maxWays bounds how many ways out are told apart: nobody reads more, and in a
// long function they take most of the time.
const maxWays = 64

// Ways finds, for each edge that leaves the function, up to maxWays of them, a shortest way from the
// starts to it that passes no point for which stop is true and takes only
// edges for which feasible is true.
func (g *Graph) Ways(starts []int, stop func(point int) bool, feasible func(Edge) bool) []Path {
	from := make([]int, len(g.Points))
	for i := range from {
		from[i] = -2
	}
	queue := make([]int, 0, len(starts))
	for _, s := range starts {
		if from[s] == -2 {
			from[s] = -1
			queue = append(queue, s)
		}
	}
	var out []Path
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if p == Exit || p == Raise {
			continue
		}
		if stop(p) {
			continue
		}
		for _, e := range g.Points[p].Next {
			if !feasible(e) {
				continue
			}
			if e.To == Exit || e.To == Raise {
				path := Path{Raised: e.To == Raise, Resumed: e.Resumed}
				for q := p; q >= 0; q = from[q] {
					path.Points = append(path.Points, q)
				}
				slices.Reverse(path.Points)
				out = append(out, path)
				if len(out) == maxWays {
					return out
				}
				continue
			}
			if from[e.To] == -2 {
				from[e.To] = p
				queue = append(queue, e.To)
			}
		}
	}
	return out
}

// Reaches reports whether a way leads from the starts to the target.
func (g *Graph) Reaches(starts []int, target int, stop func(point int) bool, feasible func(Edge) bool) bool {
	seen := make([]bool, len(g.Points))
	queue := append([]int(nil), starts...)
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		if p == target {
			return true
		}
		if seen[p] || p == Exit || p == Raise || stop(p) {
			continue
		}
		seen[p] = true
		for _, e := range g.Points[p].Next {
			if feasible(e) {
				queue = append(queue, e.To)
			}
		}
	}
	return false
}
