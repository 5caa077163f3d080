package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formCallback releases what a callback was given before each of its ends that
// does not, and before those of the callbacks that go on with it.
type formCallback struct{}

func (formCallback) Name() string { return "callback" }

func (formCallback) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	st := styleOf(s.f)
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s before every end of the callback", o.Kind.Noun)}
	release, name, no := s.releaseOfGiven(o)
	if no != nil {
		return nil, no
	}
	for _, x := range o.gist.([]lateExit) {
		line, _ := s.f.Position(x.at.Node.Start())
		if x.reason != "" {
			return nil, refuse(TooEntangled, "line %d ends the callback, and %s", line, x.reason)
		}
		if shadowed(x.at.Node, o.Owner.Node, name.Name, name) {
			return nil, refuse(TooEntangled, "%s is something else in line %d, where the callback ends", name.Name, line)
		}
		edits, no := st.releaseAtExit(x, o, release)
		if no != nil {
			return nil, no
		}
		fix.Edits = append(fix.Edits, edits...)
	}
	if o.Kind.Fails == Rejects {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("nothing waits for the release of the %s, or hears of its failure", o.Kind.Noun)})
	}
	if o.Way == NeverReleased {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("nothing releases the %s today: does anything still use it when the callback has ended?", o.Kind.Noun)})
	}
	return fix, nil
}

// releaseAtExit puts a release before the statement with which a callback ends.
func (st style) releaseAtExit(x lateExit, o *Obligation, release string) ([]patch.Edit, *Refusal) {
	n := x.at.Node
	f := n.File()
	line, _ := f.Position(n.Start())
	if n == x.fn {
		if body := n.Field("body"); body.Is("statement_block") && body.Len() == 0 {
			return st.beginWith(n, release), nil
		}
		return nil, refuse(TooEntangled, "there is no statement in line %d to release before", line)
	}
	outer := n.Outer()
	stmt := outer.Statement()
	if mentions(n, o.Handle.Symbol) {
		return nil, refuse(TooEntangled, "line %d still uses %s when it ends the callback", line, o.Handle.Symbol.Name)
	}
	switch {
	case x.fn.Field("body") == outer && !outer.Is("statement_block"), stmt.Is("expression_statement", "return_statement") && stmt.Child(0) == outer:
		return st.releaseBefore(n, release)
	case !stmt.Is("return_statement"):
		return nil, refuse(TooEntangled, "there is no statement in line %d to release before", line)
	}
	if told := before(stmt); stmt.Len() == 0 && told.Is("expression_statement") && told.Child(0).Is("call_expression") && !mentions(told, o.Handle.Symbol) {
		stmt = told // done(err); return;
	}
	return st.releaseBeforeStatement(stmt, release)
}

// before is the statement in front of another; the zero Node for the first.
func before(stmt syntax.Node) syntax.Node {
	var last syntax.Node
	for n := range stmt.Parent().Children() {
		if n == stmt {
			break
		}
		last = n
	}
	return last
}

// releaseOfGiven writes the release of what a callback is given, and says which
// name it mentions.
func (s *scan) releaseOfGiven(o *Obligation) (string, *syntax.Symbol, *Refusal) {
	sym := o.Handle.Symbol
	for _, r := range o.Kind.Release {
		giver := o.Bindings[r.Pattern.Callee()].Symbol()
		if giver != nil && (len(giver.Refs) > 0 || s.f.TypeScript()) {
			return giver.Name + "()", giver, nil
		}
	}
	r, ok := s.chooseRelease(o)
	if !ok {
		return "", nil, s.unknownRelease(o)
	}
	release := instantiate(r.Pattern, o, sym.Name)
	if r.Pattern.Rooted() {
		var no *Refusal
		if release, no = s.qualified(o, r, release); no != nil {
			return "", nil, no
		}
	} else if rest, ok := strings.CutPrefix(release, sym.Name+"."); ok && maybeNothing(sym) {
		release = sym.Name + "?." + rest
	}
	return release, sym, nil
}

// maybeNothing reports whether the code takes into account that a parameter holds
// nothing: conn?.query(..), conn!.query(..).
func maybeNothing(sym *syntax.Symbol) bool {
	for _, r := range sym.Refs {
		if p := r.Parent(); p.Is("non_null_expression") || p.Is("member_expression") && p.Field("object") == r && (p.HasToken("?.") || p.Field("optional_chain").OK()) {
			return true
		}
	}
	return false
}
