package transforms

import (
	"fmt"
)

// formAnswer releases what a function acquired before it tells that it failed.
type formAnswer struct{}

func (formAnswer) Name() string { return "answer" }

func (formAnswer) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	if o.Kind.Fails == Rejects {
		return nil, refuse(NotAsync, "%s tells its result by a callback, and the release must be awaited", p.Owner.Name)
	}
	sym := o.Handle.Symbol
	release, no := s.writeRelease(o, sym.Name)
	if no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s before a failure is told", o.Kind.Noun)}
	for _, m := range o.gist.([]settle) {
		if !m.ref.Within(sym.Scope()) || shadowed(m.ref, p.Owner.Node, sym.Name, sym) {
			line, _ := s.f.Position(m.ref.Start())
			return nil, refuse(TooEntangled, "%s is not in scope in line %d, where the failure is told", sym.Name, line)
		}
		edits, no := s.releaseBeforeSettling(m, release)
		if no != nil {
			return nil, no
		}
		fix.Edits = append(fix.Edits, edits...)
	}
	if len(o.releases) == 0 {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("nothing releases the %s today where it fails: does something else still need it then?", o.Kind.Noun)})
	} else {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("can more than one of these be told for one %s? It must be legal to release it twice", o.Kind.Noun)})
	}
	return fix, nil
}
