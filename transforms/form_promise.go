package transforms

import (
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formPromise releases what a Promise executor acquired before each call that
// settles the promise.
type formPromise struct{}

func (formPromise) Name() string { return "promise executor" }

func (formPromise) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	st := styleOf(s.f)
	fix := &Fix{Plan: p}
	o := p.Obligations[0]
	if len(o.gist.([]settle)) == 0 {
		return nil, refuse(NoOwner, "the promise never settles, so it has no end at which to release")
	}
	executor := o.Owner.Node
	var name string
	switch {
	case o.Handle.Symbol != nil:
		name = o.Handle.Symbol.Name
	case o.Handle.Value.Parent().Is("expression_statement") && inBlock(o.Handle.Value.Parent()) && o.Handle.Value == chain(o.Call):
		name = freshName(o.Kind.Noun, nameTaken(executor))
		at := o.Handle.Value.Start()
		fix.Edits = append(fix.Edits, patch.Edit{Start: at, End: at, New: "const " + name + " = "})
	default:
		return nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	block := o.Handle.Value.Statement().Parent()
	if o.Handle.Symbol != nil {
		block = scopeOf(o.Handle.Symbol)
	}
	for _, m := range o.gist.([]settle) {
		if !m.ref.Within(block) || shadowed(m.ref, executor, name, o.Handle.Symbol) {
			line, _ := s.f.Position(m.ref.Start())
			return nil, refuse(TooEntangled, "%s is not in scope in line %d, where the promise settles", name, line)
		}
		if !m.call.OK() {
			line, _ := s.f.Position(m.ref.Start())
			return nil, refuse(SettledByName, "line %d hands %s on, so that there is no place to release before it", line, m.ref.Text())
		}
		edits, no := st.releaseBefore(m.call, release)
		if no != nil {
			return nil, no
		}
		fix.Edits = append(fix.Edits, edits...)
		if m.ref.Within(o.Call) && o.Handle.Symbol != nil && !slices.Contains(o.Acquire.From, "global") &&
			!slices.ContainsFunc(o.releases, func(r syntax.Node) bool { return r.Within(o.Call) }) {
			line, _ := s.f.Position(m.call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("line %d uses %s, which is not there before %s() has returned: does it ever run before that?", line, name, o.Acquire.Pattern.Anchor)})
		}
		if m.call.Start() < o.Call.Start() && m.fn != executor {
			line, _ := s.f.Position(m.call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("line %d stands before %s is declared: does it ever run before that line was reached?", line, name)})
		}
	}
	fix.Message = fmt.Sprintf("Release the %s before the promise settles", o.Kind.Noun)
	if o.Way == NeverReleased {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("nothing releases the %s today: is it meant to go on after the promise has settled?", o.Kind.Noun)})
	}
	if o.Kind.OneShot {
		if callback := o.Call.Field("arguments").Child(0); !onlySettles(callback) {
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the callback of the %s does more than settle the promise; it does not run any more once the promise has settled", o.Kind.Noun)})
		}
	}
	return fix, nil
}

// scopeOf is the block in which a variable can be mentioned.
func scopeOf(sym *syntax.Symbol) syntax.Node {
	if sym.Decl.Parent().Is("variable_declaration") {
		if fn := sym.Decl.Function(); fn.OK() {
			return fn
		}
	}
	n := sym.Decl.Parent()
	for n.OK() && !n.Is("statement_block", "program", "switch_body", "for_statement", "for_in_statement") && !n.IsFunction() {
		n = n.Parent()
	}
	return n
}

// shadowed reports whether a name means something else at n than in outer.
func shadowed(n, outer syntax.Node, name string, sym *syntax.Symbol) bool {
	for d := range outer.Descendants() {
		if !d.Is("identifier") || d.Text() != name {
			continue
		}
		found := d.Symbol()
		if found != nil && found.Node == d && found != sym && n.Within(scopeAround(found, d.Function())) {
			return true
		}
	}
	return false
}

func scopeAround(sym *syntax.Symbol, fn syntax.Node) syntax.Node {
	if sym.Kind == syntax.Variable {
		return scopeOf(sym)
	}
	if sym.Kind == syntax.Caught {
		return sym.Decl
	}
	if f := sym.Decl.Function(); f.OK() {
		return f
	}
	return fn
}

// onlySettles reports whether a callback does nothing but settle.
func onlySettles(fn syntax.Node) bool {
	if fn.Is("identifier") {
		return isSettle(fn)
	}
	body := fn.Field("body")
	if body.Is("statement_block") {
		for stmt := range body.Children() {
			if !stmt.Is("expression_statement") || !isSettleCall(stmt.Child(0)) {
				return false
			}
		}
		return true
	}
	return isSettleCall(body)
}

func isSettleCall(n syntax.Node) bool {
	return n.Is("call_expression") && n.Field("function").Is("identifier") && isSettle(n.Field("function"))
}

// releaseBefore puts a release right before the statement of a call.
func (st style) releaseBefore(call syntax.Node, release string) ([]patch.Edit, *Refusal) {
	outer := call.Outer()
	if p := outer.Parent(); p.IsArrow() && p.Field("body") == outer {
		// err => reject(err): the value of a settle function is nothing.
		return []patch.Edit{
			{Start: outer.Start(), End: outer.Start(), New: "{ " + release + "; "},
			{Start: outer.End(), End: outer.End(), New: "; }"},
		}, nil
	}
	stmt := outer.Statement()
	if !(stmt.Is("expression_statement") && stmt.Child(0) == outer || stmt.Is("return_statement") && stmt.Child(0) == outer) {
		return nil, refuse(TooEntangled, "the promise settles inside of a larger expression")
	}
	if inBlock(stmt) {
		return []patch.Edit{st.before(stmt, st.fit(release+";"))}, nil
	}
	// if (x) resolve();
	indent := indentAt(stmt.File(), stmt.Start())
	if stmt.File().LineStart(stmt.Start()) != stmt.File().LineStart(stmt.Parent().Start()) {
		return nil, refuse(TooEntangled, "the statement that settles has no braces around it")
	}
	return []patch.Edit{
		{Start: stmt.Start(), End: stmt.Start(), New: "{" + st.eol + st.lines(indent+st.unit, st.fit(release+";")) + st.eol + indent + st.unit},
		{Start: stmt.End(), End: stmt.End(), New: st.eol + indent + "}"},
	}, nil
}
