package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formPromise releases what a Promise executor acquired before each call that
// settles the promise.
type formPromise struct{}

func (formPromise) Name() string { return "promise executor" }

func (formPromise) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	fix := &Fix{Plan: p}
	o := p.Obligations[0]
	if len(o.gist.([]settle)) == 0 {
		return nil, refuse(NoOwner, "the promise never settles, so it has no end at which to release")
	}
	executor := o.Owner.Node
	how, no := s.promisedRelease(o)
	if no != nil {
		return nil, no
	}
	fix.Edits = append(fix.Edits, how.edits...)
	for _, m := range o.gist.([]settle) {
		if name := how.unknownAt(m.ref, executor); name != "" {
			line, _ := s.f.Position(m.ref.Start())
			return nil, refuse(TooEntangled, "%s is not in scope in line %d, where the promise settles", name, line)
		}
		edits, no := s.releaseBeforeSettling(m, how.release)
		if no != nil {
			return nil, no
		}
		fix.Edits = append(fix.Edits, edits...)
		if !m.call.OK() {
			continue
		}
		if m.ref.Within(o.Call) && o.Handle.Symbol != nil && !slices.Contains(o.Acquire.From, "global") &&
			!slices.ContainsFunc(o.releases, func(r syntax.Node) bool { return r.Within(o.Call) }) {
			line, _ := s.f.Position(m.call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("line %d uses %s, which is not there before %s() has returned: does it ever run before that?", line, how.names[0].name, o.Acquire.Pattern.Anchor)})
		}
		if m.call.Start() < how.declared && m.fn != executor && !runsLater(m.fn) {
			line, _ := s.f.Position(m.call.Start())
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("line %d stands before %s is declared: does it ever run before that line was reached?", line, how.names[0].name)})
		}
	}
	fix.Edits = insideOut(fix.Edits)
	fix.Message = fmt.Sprintf("Release the %s before the promise settles", o.Kind.Noun)
	if o.Way == NeverReleased && !o.Kind.Awaited {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("nothing releases the %s today: is it meant to go on after the promise has settled?", o.Kind.Noun)})
	}
	if event, _ := o.event().Inner(false).StringValue(); o.Kind.Registers() && event == "error" {
		fix.Notes = append(fix.Notes, Note{Unsafe, "an 'error' that comes later is thrown, and not swallowed, if nobody else listens: does anybody?"})
	}
	if o.Kind.OneShot && !o.Kind.Registers() {
		if callback := o.Call.Field("arguments").Child(0); !onlySettles(callback) {
			fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the callback of the %s does more than settle the promise; it does not run any more once the promise has settled", o.Kind.Noun)})
		}
	}
	return fix, nil
}

// insideOut makes one of insertions at one place: what ends an inner function, written
// last, stands before what goes on behind the outer one.
func insideOut(edits []patch.Edit) []patch.Edit {
	var out []patch.Edit
	for _, e := range edits {
		i := slices.IndexFunc(out, func(x patch.Edit) bool {
			return x.Start == x.End && e.Start == e.End && x.Start == e.Start
		})
		if i < 0 {
			out = append(out, e)
			continue
		}
		out[i].New = e.New + out[i].New
	}
	return out
}

// releaseBeforeSettling releases where a function settles, or tells what came of it.
func (s *scan) releaseBeforeSettling(m settle, release string) ([]patch.Edit, *Refusal) {
	if edit, ok := settledByListener(m, release); ok {
		if taken := takenAwayByName(m); taken.OK() {
			line, _ := s.f.Position(taken.Start())
			return nil, refuse(SettledByName, "line %d takes %s away by its name, so that nothing else can be registered in its place", line, m.ref.Text())
		}
		return []patch.Edit{edit}, nil
	}
	if !m.call.OK() {
		line, _ := s.f.Position(m.ref.Start())
		return nil, refuse(SettledByName, "line %d hands %s on, so that there is no place to release before it", line, m.ref.Text())
	}
	return styleOf(s.f).releaseBefore(m.call, release)
}

// settledByListener wraps a settle function that is handed on as the function of
// a registration, so that it releases first.
func settledByListener(m settle, release string) (patch.Edit, bool) {
	call := m.ref.Parent().Parent()
	name := call.Field("function").Inner(false).Field("property").Text()
	if m.call.OK() || !m.ref.Parent().Is("arguments") || !chainable[name] && name != "addEventListener" || call.Field("arguments").Child(1) != m.ref {
		return patch.Edit{}, false
	}
	given := "value"
	sym := m.ref.Symbol()
	executor := sym.Decl.Function()
	switch params := parametersOf(executor); {
	case len(params) > 1 && params[1] == sym:
		given = "err"
	case promisesNothing(executor):
		given = ""
	}
	if nameTaken(m.ref.Parent())(given) {
		return patch.Edit{}, false
	}
	return patch.Edit{Start: m.ref.Start(), End: m.ref.End(), New: fmt.Sprintf("(%s) => { %s; %s(%s); }", given, release, m.ref.Text(), given)}, true
}

// takenAwayByName is the call that takes away a settle function that is handed on
// as the function of a registration; the zero Node for none.
func takenAwayByName(m settle) syntax.Node {
	event := m.ref.Parent().Child(0)
	for _, r := range m.ref.Symbol().Refs {
		if call := r.Parent().Parent(); r.Parent().Is("arguments") && takesAway(call) && sameEvent(r.Parent().Child(0), event) != different {
			return call
		}
	}
	return syntax.Node{}
}

// promisesNothing reports whether an executor's promise is declared to be one of
// nothing.
func promisesNothing(executor syntax.Node) bool {
	made := executor.Parent().Parent()
	return made.Field("type_arguments").Text() == "<void>" || strings.HasSuffix(made.Function().Field("return_type").Text(), "Promise<void>")
}

// promisedRelease is how something is released within a promise.
type promisedRelease struct {
	release  string       // the call, without await
	edits    []patch.Edit // what gives names to what the call mentions
	names    []namedIn    // what it mentions
	declared int          // the offset before which the first of them is not there
}

// namedIn is a name with the block in which it can be mentioned; sym is nil for
// one that is yet to be declared.
type namedIn struct {
	name string
	sym  *syntax.Symbol
	in   syntax.Node
}

// unknownAt returns the first name that means nothing, or something else, at n.
func (r promisedRelease) unknownAt(n, executor syntax.Node) string {
	for _, x := range r.names {
		if !n.Within(x.in) || shadowed(n, executor, x.name, x.sym) {
			return x.name
		}
	}
	return ""
}

func (s *scan) promisedRelease(o *Obligation) (promisedRelease, *Refusal) {
	if o.Kind.Registers() {
		return s.promisedRemoval(o)
	}
	r := promisedRelease{declared: o.Call.Start()}
	block := o.Handle.Value.Statement().Parent()
	var name string
	switch {
	case o.Handle.Symbol != nil:
		name, block = o.Handle.Symbol.Name, o.Handle.Symbol.Scope()
	case o.Call.Function() != o.Owner.Node:
		var no *Refusal
		if name, r.edits, no = s.declareAround(o, o.Owner.Node, o.gist.([]settle)); no != nil {
			return r, no
		}
		r.declared, block = 0, o.Owner.Node.Field("body")
	case o.Handle.Value.Parent().Is("expression_statement") && inBlock(o.Handle.Value.Parent()) && o.Handle.Value == chain(o.Call):
		name = freshName(o.Kind.Noun, nameTaken(o.Owner.Node))
		at := o.Handle.Value.Start()
		r.edits = append(r.edits, patch.Edit{Start: at, End: at, New: "const " + name + " = "})
	default:
		return r, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	r.names = []namedIn{{name, o.Handle.Symbol, block}}
	var no *Refusal
	r.release, no = s.writeRelease(o, name)
	return r, no
}

// promisedRemoval is promisedRelease for a registration: what has to be in scope
// is the function, and the target.
func (s *scan) promisedRemoval(o *Obligation) (promisedRelease, *Refusal) {
	r := promisedRelease{}
	handler, edits, no := s.hoistHandler(o)
	if no != nil {
		return r, no
	}
	r.edits = edits
	switch sym := o.handler().Inner(false).Symbol(); {
	case !o.Kind.ByFunction():
	case sym != nil:
		if sym.Kind == syntax.Variable {
			r.declared = sym.Decl.Start()
		}
		r.names = append(r.names, namedIn{handler, sym, scopeAround(sym, sym.Decl.Function())})
		if sym.Kind == syntax.Function {
			r.names[0].in = sym.Decl.Parent()
		}
	default:
		r.declared = o.Call.Start()
		r.names = append(r.names, namedIn{handler, nil, o.Handle.Value.Statement().Parent()})
	}
	root := rootOf(o.target())
	switch sym := root.Symbol(); {
	case root.Is("this"):
		r.names = append(r.names, namedIn{"this", nil, thisScope(o.Call)})
	case sym != nil && s.f.TopLevel(sym.Name) != sym:
		r.names = append(r.names, namedIn{sym.Name, sym, scopeAround(sym, sym.Decl.Function())})
	}
	r.release = s.writeRemoval(o, o.targetText(), handler, syntax.Node{})
	return r, nil
}

// thisScope is the function in which `this` means what it means at n.
func thisScope(n syntax.Node) syntax.Node {
	fn := n.Function()
	for fn.IsArrow() {
		fn = fn.Function()
	}
	return fn
}

// hoistHandler gives a name to a function that is registered, in a statement
// before; one that has a name keeps it.
func (s *scan) hoistHandler(o *Obligation) (name string, edits []patch.Edit, no *Refusal) {
	n := o.handler().Inner(false)
	if !o.Kind.ByFunction() {
		return "", nil, nil
	}
	if !n.IsFunction() && !isBind(n) {
		if n.Is("identifier") || steady(s.f, n) {
			return o.handler().Text(), nil, nil
		}
		return "", nil, refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	stmt := o.Handle.Value.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) {
		return "", nil, refuse(TooEntangled, "there is no place before the registration")
	}
	if x := s.owedWithin(n, nil); x != nil {
		line, _ := s.f.Position(x.At.Start())
		return "", nil, refuse(TooEntangled, "the function that is registered owes something itself, in line %d", line)
	}
	name = freshName(handlerName(o), nameTaken(o.Call.Function()))
	edits, no = s.hoist(o, stmt, name)
	return name, edits, no
}

// hoist puts the function of a registration into a constant before stmt. What
// stands in the function is left where it is, for other edits.
func (s *scan) hoist(o *Obligation, stmt syntax.Node, name string) ([]patch.Edit, *Refusal) {
	if !o.Kind.ByFunction() {
		return nil, nil // nobody names it
	}
	st := styleOf(s.f)
	edits, no := s.annotated(o, st.ts)
	if no != nil {
		return nil, no
	}
	at := insertionPoint(stmt)
	if strings.TrimSpace(string(s.f.Src()[s.f.LineStart(at):at])) != "" {
		return nil, refuse(TooEntangled, "it shares its line with other code")
	}
	n := o.handler()
	return append(edits,
		patch.Edit{Start: at, End: n.Start(), New: "const " + name + " = "},
		patch.Edit{Start: n.End(), End: n.End(), New: st.semi + st.eol + indentAt(s.f, at) + string(s.f.Src()[at:n.Start()]) + name},
	), nil
}

// owedWithin is something owed in a function, other than what settled says; nil for
// nothing. A function that is given a name is another one for what tells findings
// apart, so nothing may be left owing in it.
func (s *scan) owedWithin(fn syntax.Node, settled []*Obligation) *Obligation {
	for _, x := range s.found {
		if x.Status == Unmet && x.At.Within(fn) && !slices.Contains(settled, x) {
			return x
		}
	}
	return nil
}

// runsLater reports whether a function is the callback of a timer or of a
// promise, and so never runs before the code around it is done.
func runsLater(fn syntax.Node) bool {
	callee := fn.Parent().Parent().Field("function").Inner(false)
	switch callee.Field("property").Text() {
	case "then", "catch", "finally":
		return true
	}
	o, ok := callee.Origin()
	return ok && o.Module == "" && (strings.HasPrefix(o.Last(), "set") && harmlessGlobals[o.Last()] || o.Last() == "queueMicrotask")
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
		return sym.Scope()
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
	return st.releaseBeforeStatement(stmt, release)
}

// releaseBeforeStatement gives a statement braces where it needs them.
func (st style) releaseBeforeStatement(stmt syntax.Node, release string) ([]patch.Edit, *Refusal) {
	if inBlock(stmt) {
		return []patch.Edit{st.before(stmt, release+";")}, nil
	}
	// if (x) resolve();
	indent := indentAt(stmt.File(), stmt.Start())
	if stmt.File().LineStart(stmt.Start()) != stmt.File().LineStart(stmt.Parent().Start()) {
		return nil, refuse(TooEntangled, "the statement that ends it has no braces around it")
	}
	return []patch.Edit{
		{Start: stmt.Start(), End: stmt.Start(), New: "{" + st.eol + st.lines(indent+st.unit, st.fit(release+";")) + st.eol + indent + st.unit},
		{Start: stmt.End(), End: stmt.End(), New: st.eol + indent + "}"},
	}, nil
}
