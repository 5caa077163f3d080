package transforms

import (
	"cmp"
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// plans groups what is unmet by owner and form, in source order.
func plans(found []*Obligation) []*Plan {
	type key struct {
		form  string
		owner int32
		extra int32
	}
	byKey := map[key]*Plan{}
	var out []*Plan
	for _, o := range found {
		if o.Status != Unmet || o.Form == nil || o.Refusal != nil {
			continue
		}
		if other := givenInstead(o); other.OK() {
			o.Refusal = refuse(Borrowed, "it may be %s, which is not this code's to release", shorten(other.Text()))
			continue
		}
		k := key{form: o.Form.Name(), owner: o.Owner.Node.ID()}
		switch o.Form.(type) {
		case formClass, formUntil, formSetup, formBlock, formBeside, formLeftRunning, formHook, formEffect, formUnreturned, formComponent, formEnding, formSuite:
		case formCounterpart:
			k.extra = o.gist.(syntax.Member).Node.ID()
		default:
			k.extra = o.At.ID() // these settle one place each
		}
		p := byKey[k]
		if p == nil {
			p = &Plan{Form: o.Form, Owner: o.Owner}
			byKey[k] = p
			out = append(out, p)
		}
		p.Obligations = append(p.Obligations, o)
	}
	slices.SortStableFunc(out, func(a, b *Plan) int {
		return cmp.Compare(a.Obligations[0].At.Start(), b.Obligations[0].At.Start())
	})
	return out
}

// mend makes the fix of a plan, or refuses all of its obligations.
func (s *scan) mend(p *Plan) *Fix {
	if brokenOwner(p.Owner.Node) {
		return p.refuse(refuse(SyntaxError, "%s holds text that does not parse", p.Owner.Name))
	}
	if _, undoes := p.Form.(formUndo); p.Obligations[0].Kind.Undo != nil && !undoes {
		return p.refuse(refuse(TooEntangled, "how the %s is to end there is for a person to say", p.Obligations[0].Kind.Noun))
	}
	fix, no := p.Form.fix(s, p)
	if no != nil {
		return p.refuse(no)
	}
	s.importReleases(fix)
	fix.Notes = distinct(fix.Notes)
	fix.Applicability = fix.cap()
	return fix
}

func distinct(notes []Note) []Note {
	var out []Note
	for _, n := range notes {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (p *Plan) refuse(no *Refusal) *Fix {
	for _, o := range p.Obligations {
		if o.Refusal == nil { // a form may have said why of each
			o.Refusal = no
		}
	}
	return nil
}

// only is the same plan for some of its obligations: the rest waits for the
// next round.
func (p *Plan) only(obligations ...*Obligation) *Plan {
	return &Plan{Form: p.Form, Owner: p.Owner, Obligations: obligations}
}

func brokenOwner(n syntax.Node) bool { return n.OK() && n.HasError() }
