package transforms

import (
	"fmt"
)

// formAnswer releases what a function acquired before it tells that it failed.
type formAnswer struct{}

func (formAnswer) Name() string { return "answer" }

func (formAnswer) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	st := styleOf(s.f)
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
		line, _ := s.f.Position(m.ref.Start())
		if !m.ref.Within(scopeOf(sym)) || shadowed(m.ref, p.Owner.Node, sym.Name, sym) {
			return nil, refuse(TooEntangled, "%s is not in scope in line %d, where the failure is told", sym.Name, line)
		}
		if edit, ok := settledByListener(m, release); ok {
			fix.Edits = append(fix.Edits, edit)
			continue
		}
		if !m.call.OK() {
			return nil, refuse(SettledByName, "line %d hands %s on, so that there is no place to release before it", line, m.ref.Text())
		}
		edits, no := st.releaseBefore(m.call, release)
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
