package transforms

import (
	"bytes"
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What is meant to be filed in a table under a key is sometimes put in place of the table:
//
//	api.timers = {};
//	api.timers = setTimeout(..);      // api.timers[id] was meant
//	clearTimeout(api.timers[id]);
//
// Each takes the place of all the others, and what releases entries finds none.

// displaced is a handle that took the place of a table.
type displaced struct {
	table   syntax.Node // what the handle is put into
	release syntax.Node // of an entry
	key     syntax.Node // under which the same function files something else; the zero Node for none
}

// judgeTabled judges a handle that is put in place of a table whose entries are released.
// It says nothing (false) of all else.
func (s *scan) judgeTabled(o *Obligation) bool {
	p := o.Call.Outer().Parent()
	table := p.Field("left").Inner(false)
	if !p.Is("assignment_expression") || p.Field("right").Inner(true) != o.Call || !table.Is("identifier", "member_expression") || o.Kind.Registers() || o.Kind.Keyed != "" {
		return false
	}
	name := squeeze(table)
	if !bytes.Contains(s.f.Src(), []byte(lastName(table)+"[")) {
		return false
	}
	t := displaced{table: table}
	made := false
	for id := range s.f.NodeCount() {
		switch n := s.f.Node(int32(id)); n.Kind() {
		case "assignment_expression":
			left, right := n.Field("left").Inner(false), n.Field("right").Inner(true)
			if left.Is("subscript_expression") && squeeze(left.Field("object").Inner(false)) == name {
				return false // something is filed in it
			}
			made = made || squeeze(left) == name && right.Is("object") && right.Len() == 0
			if index := left.Field("index").Inner(false); left.Is("subscript_expression") && index.Is("identifier") && homeOf(n) == homeOf(o.Call) && n.Start() < o.Call.Start() {
				t.key = index
			}
		case "subscript_expression":
			if squeeze(n.Field("object").Inner(false)) == name && !t.release.OK() {
				t.release = s.releaseAt(o, n)
			}
		}
	}
	if !made || !t.release.OK() {
		return false
	}
	fn := o.Call.Function()
	o.Owner = Owner{OwnerFunction, nameOf(fn), fn}
	o.releases = []syntax.Node{t.release}
	s.unmet(o, WrongRelease, []ExitPlace{{t.release, fmt.Sprintf("it names an entry of %s, in whose place the %s was put", name, o.Kind.Noun)}})
	o.gist, o.Form = t, formTabled{}
	return true
}

// formTabled files the handle in the table.
type formTabled struct{}

func (formTabled) Name() string { return "file" }

func (formTabled) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	t := o.gist.(displaced)
	sym := t.key.Symbol()
	if !t.key.OK() || sym == nil || !sym.Constant() {
		return nil, refuse(TooEntangled, "nothing beside it says under which key it is to be filed")
	}
	return &Fix{
		Plan:    p,
		Edits:   []patch.Edit{{Start: t.table.End(), End: t.table.End(), New: "[" + t.key.Text() + "]"}},
		Notes:   []Note{{Unsafe, fmt.Sprintf("is %s the key under which the %s is looked for?", t.key.Text(), o.Kind.Noun)}},
		Message: fmt.Sprintf("File the %s in %s", o.Kind.Noun, squeeze(t.table)),
	}, nil
}
