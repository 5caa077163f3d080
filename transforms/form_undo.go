package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formUndo is for what ends in one way where all went well and in another where
// something failed, as a transaction does. What the code does where all goes well
// stays:
//
//	const trx = await db.transaction();
//	try {
//		..
//		await trx.commit();
//	} catch (err) {
//		try {
//			await trx.rollback();
//		} catch {
//			// the first error says more
//		}
//		throw err;
//	}
//
// Where a catch is there already that all errors come to, it is undone in that.
//
// What has failed to commit is over by then, and says so when it is undone: hence
// the inner catch.
type formUndo struct{}

func (formUndo) Name() string { return "undo" }

func (formUndo) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o, home := p.Obligations[0], p.Owner.Node
	if o.Way != MissingPath {
		return nil, refuse(TooEntangled, "how the %s is to end where nothing fails is for a person to say", o.Kind.Noun)
	}
	at, no := s.remainderOf(p, o)
	if no != nil {
		return nil, no
	}
	release, no := s.qualified(o, *o.Kind.Undo, instantiate(o.Kind.Undo.Pattern, o, o.Handle.Symbol.Name))
	if no != nil {
		return nil, no
	}
	if o.Kind.Fails == Rejects {
		release = "await " + release
	}
	undo := fmt.Sprintf("try {\n\t%s;\n} catch {\n\t// the first error says more\n}", release)
	st := styleOf(s.f)
	if body := catchOfAll(o, at.rest[0]); body.OK() {
		fix := &Fix{Plan: p, Notes: at.notes, Message: fmt.Sprintf("Undo the %s where something fails", o.Kind.Noun)}
		indent := indentAt(s.f, body.Child(0).Start())
		first := s.f.LineStart(firstLine(body.Child(0)))
		if first <= body.Start() {
			return nil, refuse(TooEntangled, "the catch stands on one line")
		}
		fix.Edits = []patch.Edit{{Start: first, End: first, New: st.lines(indent, st.fit(undo)) + st.eol}}
		return fix, nil
	}
	for _, x := range o.Exits {
		if x.How == "return" || x.How == "the end is reached" {
			line, _ := s.f.Position(x.Node.Start())
			return nil, refuse(TooEntangled, "how the %s is to end where line %d leaves is for a person to say", o.Kind.Noun, line)
		}
	}
	if no := inScope(at.rest); no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Notes: at.notes, Message: fmt.Sprintf("Undo the %s where something fails", o.Kind.Noun)}
	if no := s.awaitReturns(o, home, at.rest, fix); no != nil {
		return nil, no
	}
	indent := indentAt(s.f, at.stmt.Start())
	start, end := s.f.LineStart(firstLine(at.rest[0])), lineEndAfter(s.f, at.rest[len(at.rest)-1].End())
	if start <= s.f.LineStart(at.stmt.End()-1) {
		return nil, refuse(TooEntangled, "the acquisition shares its line with other code")
	}
	err := freshName("err", nameTaken(home))
	tail := fmt.Sprintf("} catch (%s) {\n\t%s\n\tthrow %s;\n}", err, strings.ReplaceAll(undo, "\n", "\n\t"), err)
	fix.Edits = append(fix.Edits, st.openTry(s.f, start, end, indent, 1)...)
	fix.Edits = appendAt(fix.Edits, patch.Edit{Start: end, End: end, New: st.eol + st.lines(indent, st.fit(tail))})
	return fix, nil
}

// catchOfAll is the body of the catch that follows an acquisition at once, if all
// ways without a release go through it; the zero Node otherwise.
func catchOfAll(o *Obligation, stmt syntax.Node) syntax.Node {
	body := stmt.Field("handler").Field("body")
	if !stmt.Is("try_statement") || body.Len() == 0 {
		return syntax.Node{}
	}
	for _, x := range o.Exits {
		if !x.Node.Within(body) {
			return syntax.Node{}
		}
	}
	return body
}
