package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formRace cancels the timer of a promise that takes part in a race once the race
// is over, whoever won.
type formRace struct{}

func (formRace) Name() string { return "race" }

// raceOf returns the Promise.race in which the promise of an executor takes part,
// directly or by a constant that nothing else mentions, and the statement, or the
// body of an arrow function, before which neither is there. ok is false if there is
// none.
func raceOf(executor syntax.Node) (race, first syntax.Node, ok bool) {
	made := executor.Parent().Parent().Outer()
	first = made
	if d := made.Parent(); d.Is("variable_declarator") {
		sym := d.Field("name").Symbol()
		if sym == nil || !sym.Constant() || len(sym.Refs) != 1 {
			return race, first, false
		}
		made = sym.Refs[0].Outer()
	}
	list := made.Parent()
	race = list.Parent().Parent()
	if !list.Is("array") || list.Len() < 2 || !list.Parent().Is("arguments") {
		return race, first, false
	}
	if o, known := race.Field("function").Origin(); !known || o.Module != "" || strings.Join(o.Path, ".") != "Promise.race" {
		return race, first, false
	}
	fn := race.Function()
	if !fn.OK() || first.Function() != fn {
		return race, first, false
	}
	if body := fn.Field("body"); race.Within(body) && !body.Is("statement_block") {
		return race, body, true
	}
	first = first.Statement()
	return race, first, inBlock(first) && first.Parent() == race.Statement().Parent()
}

// judgeRace: a one-shot that settles a promise by firing, which is raced with
// others: if one of those wins, it stays until it fires, with whatever it mentions.
func (s *scan) judgeRace(o *Obligation, executor syntax.Node) bool {
	race, first, ok := raceOf(executor)
	if !ok || o.Handle.Place != Discarded || s.unreferenced(o) || isImmediate(o) {
		return false
	}
	o.Owner = Owner{OwnerPromise, nameOf(race.Function()), race.Function()}
	s.unmet(o, NeverReleased, []ExitPlace{{race, "another promise wins"}})
	o.Form, o.gist = formRace{}, [2]syntax.Node{race, first}
	return true
}

func (formRace) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	places := o.gist.([2]syntax.Node)
	race, first := places[0], places[1]
	st := styleOf(s.f)
	name := freshName("timer", nameTaken(race.Function()))
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	declared := "let " + name
	callee := o.Call.Field("function")
	switch {
	case st.ts && callee.Is("identifier"):
		declared += ": ReturnType<typeof " + callee.Text() + "> | undefined"
	case st.ts:
		declared += ": ReturnType<Window[" + st.quote + o.Acquire.Pattern.Anchor + st.quote + "]> | undefined"
	}
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Cancel the %s when the race is over", o.Kind.Noun)}
	add := func(start, end int, text string) {
		fix.Edits = appendAt(fix.Edits, patch.Edit{Start: start, End: end, New: text})
	}
	v := o.Handle.Value
	switch {
	case v.Parent().Is("expression_statement"):
		add(v.Start(), v.Start(), name+" = ")
	case v.Parent().IsArrow():
		add(v.Start(), v.Start(), "{ "+name+" = ")
		add(v.End(), v.End(), "; }")
	default:
		return nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	if !onlySettles(o.Call.Field("arguments").Child(0)) {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the callback of the %s does more than settle the promise; it does not run any more once another has won the race", o.Kind.Noun)})
	}
	over := ".finally(() => " + release + ")"
	if !first.Parent().IsArrow() {
		fix.Edits = append(fix.Edits, st.before(first, declared+";"))
		add(race.End(), race.End(), over)
		return fix, nil
	}
	if strings.HasPrefix(first.Text(), "(") {
		return nil, refuse(TooEntangled, "the race is inside of a larger expression")
	}
	arrow := first.Parent().Token("=>")
	indent := indentAt(s.f, arrow.Start())
	inner := st.eol + indent + st.unit
	add(arrow.End(), first.Start(), " {"+inner+st.fit(declared+";")+inner+"return ")
	add(race.End(), race.End(), over)
	add(first.End(), first.End(), st.semi+st.eol+indent+"}")
	return fix, nil
}
