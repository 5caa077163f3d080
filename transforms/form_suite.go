package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formSuite releases after tests what is acquired before them: in the function that is
// there for that, else in a new one behind.
type formSuite struct{}

func (formSuite) Name() string { return "suite" }

func (formSuite) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	h, st := p.Obligations[0].gist.(suiteHook), styleOf(s.f)
	stmt := h.call.Parent()
	if !inBlock(stmt) {
		return nil, refuse(TooEntangled, "there is no place behind %s()", calleeName(h.call))
	}
	var code []string
	var mended []*Obligation
	var no *Refusal
	async := false
	for _, o := range slices.Backward(p.Obligations) {
		release, waits, why := s.releaseAfter(o)
		if why != nil {
			o.Refusal, no = why, why
			continue
		}
		async = async || waits
		code, mended = append(code, release), append(mended, o)
	}
	if len(mended) == 0 {
		return nil, no
	}
	slices.Reverse(mended)
	after := strings.TrimSuffix(h.call.Field("function").Text(), calleeName(h.call)) + h.after
	fix := &Fix{Plan: p.only(mended...), Message: fmt.Sprintf("Release in %s() what %s() acquires", h.after, calleeName(h.call))}
	if fn := h.there(stmt); fn.OK() {
		if async && !fn.IsAsync() {
			fix.Edits = append(fix.Edits, patch.Edit{Start: fn.Start(), End: fn.Start(), New: "async "})
		}
		first := fn.Field("body").Child(0)
		if !first.OK() {
			return nil, refuse(TooEntangled, "the function that %s() is given does nothing", h.after)
		}
		for i := range code {
			code[i] += ";"
		}
		fix.Edits = append(fix.Edits, st.before(first, code...))
		return fix, nil
	}
	if why := s.nameAfter(fix, h); why != nil {
		return nil, why
	}
	head := after + "(() => {\n"
	if async {
		head = after + "(async () => {\n"
	}
	for _, c := range code {
		head += "\t" + strings.ReplaceAll(c, "\n", "\n\t") + ";\n"
	}
	fix.Edits = append(fix.Edits, st.after(stmt, st.fit("\n"+head+"});")))
	return fix, nil
}

// releaseAfter writes a release for the time after the test, which may find that nothing
// was acquired; waits says that it has to be waited for.
func (s *scan) releaseAfter(o *Obligation) (code string, waits bool, no *Refusal) {
	if o.Kind.Registers() {
		if ev := o.event(); ev.OK() && !steady(s.f, ev) {
			return "", false, refuse(TooEntangled, "the event is computed")
		}
		sym := o.handler().Inner(false).Symbol()
		h := o.gist.(suiteHook)
		if sym.Decl.Within(h.fn) || sym.Kind == syntax.Variable && !sym.Constant() {
			return "", false, refuse(TooEntangled, "%s may be another function by then", sym.Name)
		}
		return s.writeRemoval(o, o.targetText(), sym.Name, syntax.Node{}), false, nil
	}
	name := o.Handle.Symbol.Name
	r, ok := s.chooseRelease(o)
	if !ok {
		return "", false, s.unknownRelease(o)
	}
	if r.Done {
		return strings.TrimSuffix(awaitDone(s.typing(), name, o, false), ";"), true, nil
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return "", false, no
	}
	switch {
	case strings.HasPrefix(release, name+"."):
		release = name + "?" + strings.TrimPrefix(release, name)
	case r.Pattern.Rooted() && !o.Kind.Lenient:
		release = "if (" + name + ") " + release
	}
	if o.Kind.Fails == Rejects {
		return "await " + release, true, nil
	}
	return release, false, nil
}

// there is the function of the same suite that runs after tests already.
func (h suiteHook) there(stmt syntax.Node) syntax.Node {
	for other := range stmt.Parent().Children() {
		call := other.Child(0).Inner(false)
		if !other.Is("expression_statement") || !call.Is("call_expression") || calleeName(call) != h.after || !isOfRunner(call) {
			continue
		}
		args := call.Field("arguments")
		if fn := args.Child(args.Len() - 1).Inner(false); fn.IsFunction() && fn.Field("body").Is("statement_block") && !fn.WantsArguments() && other.Start() > stmt.Start() {
			return fn
		}
	}
	return syntax.Node{}
}

// nameAfter makes sure that the file has the name of what runs after tests.
func (s *scan) nameAfter(fix *Fix, h suiteHook) *Refusal {
	callee := h.call.Field("function").Inner(false)
	if !callee.Is("identifier") {
		return nil
	}
	im, imported := callee.Symbol().Import()
	if !imported {
		if _, other := s.mentioned(h.after); other {
			return refuse(NameTaken, "%s is something else in this file", h.after)
		}
		return nil
	}
	if local, there := s.f.Imports().Local(im.Module, h.after); there {
		if local != h.after {
			return refuse(NameTaken, "%s is imported under another name", h.after)
		}
		return nil
	}
	at := specifier(callee)
	if _, other := s.mentioned(h.after); other || !at.OK() {
		return refuse(NameTaken, "%s is not imported from %s", h.after, im.Module)
	}
	fix.Edits = appendAt(fix.Edits, patch.Edit{Start: at.End(), End: at.End(), New: ", " + h.after})
	return nil
}
