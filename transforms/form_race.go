package transforms

import (
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formRace releases what one promise of a race waits for when the race is over:
//
//	let timer;
//	Promise.race([work, new Promise((_, no) => { timer = setTimeout(no, 10); })]).finally(() => clearTimeout(timer))
type formRace struct{}

func (formRace) Name() string { return "race" }

func (formRace) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	r := o.gist.(race)
	st := styleOf(s.f)
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s once the race is over", o.Kind.Noun)}
	if loopBetween(r.call, r.made) {
		return nil, refuse(TooEntangled, "the promise takes part in more than one race")
	}
	if line := s.leftBefore(r); line > 0 {
		return nil, refuse(TooEntangled, "line %d leaves before the race has begun", line)
	}
	if !o.Kind.OneShot || o.Kind.Fails != Never {
		return nil, refuse(TooEntangled, "its release may fail, which nothing in the race deals with")
	}
	name, edits, no := s.nameRaced(o, r, st)
	if no != nil {
		return nil, no
	}
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	fix.Edits = []patch.Edit{{Start: r.call.End(), End: r.call.End(), New: ".finally(() => " + release + ")"}}
	for _, e := range edits {
		fix.Edits = appendAt(fix.Edits, e)
	}
	if !onlySettles(o.Call.Field("arguments").Child(0)) {
		fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("the callback of the %s does more than settle the promise; it does not run any more once the race is over", o.Kind.Noun)})
	}
	return fix, nil
}

// leftBefore is a line in which the function returns between making the promise
// and racing it; 0 for none.
func (s *scan) leftBefore(r race) int {
	home := r.call.Function()
	g := s.graph(home)
	stops := map[int]bool{}
	for _, p := range s.points(g, home, r.call) {
		stops[p] = true
	}
	well := func(e syntax.Edge) bool { return !e.Throw }
	for _, way := range g.Ways(s.points(g, home, r.made), func(p int) bool { return stops[p] }, well) {
		line, _ := s.f.Position(exitOf(g, way).Node.Start())
		return line
	}
	return 0
}

// loopBetween: the race is run again, or elsewhere, while the promise is made once.
func loopBetween(call, made syntax.Node) bool {
	for n := call; n.OK() && !made.Within(n); n = n.Parent() {
		if n.Is("for_statement", "for_in_statement", "while_statement", "do_statement") || n.IsFunction() {
			return true
		}
	}
	return false
}

// nameRaced gives the handle a name that both the executor and the end of the race
// can see.
func (s *scan) nameRaced(o *Obligation, r race, st style) (string, []patch.Edit, *Refusal) {
	if sym := o.Handle.Symbol; sym != nil {
		if !sym.Visible(r.call) || sym.Decl.Within(r.made) {
			return "", nil, refuse(TooEntangled, "%s cannot be seen where the race ends", sym.Name)
		}
		return sym.Name, nil, nil
	}
	if o.Handle.Place != Discarded || o.Handle.Value != o.Call.Outer() {
		return "", nil, refuse(TooEntangled, "the handle is made where no name can be given to it")
	}
	name := freshName(o.Kind.Noun, nameTaken(o.Owner.Node))
	declare := "let " + name
	if st.ts {
		declare += ": ReturnType<typeof " + o.Acquire.Pattern.Anchor + ">"
		if !o.Call.Field("arguments").Child(0).Inner(true).IsFunction() {
			declare += " | number" // beside Node's the browser's declaration may be the one that fits
		}
		declare += " | undefined"
	}
	declare += ";"
	v := o.Handle.Value
	var edits []patch.Edit
	if fn := v.Parent(); fn.IsArrow() { // (resolve) => setTimeout(resolve, ms)
		edits = append(edits, patch.Edit{Start: v.Start(), End: v.Start(), New: "{ " + name + " = "}, patch.Edit{Start: v.End(), End: v.End(), New: "; }"})
	} else {
		edits = append(edits, patch.Edit{Start: v.Start(), End: v.Start(), New: name + " = "})
	}
	home := o.Owner.Node
	if body := home.Field("body"); home.IsArrow() && !body.Is("statement_block") { // (work) => Promise.race([work, ..])
		arrow := home.Token("=>")
		if strings.TrimSpace(string(s.f.Src()[arrow.End():body.Start()])) != "" {
			return "", nil, refuse(TooEntangled, "something stands between the arrow and the race")
		}
		indent := indentAt(s.f, arrow.Start())
		inner := st.eol + indent + st.unit
		return name, append(edits,
			patch.Edit{Start: arrow.End(), End: body.Start(), New: " {" + inner + st.fit(declare) + inner + "return "},
			patch.Edit{Start: body.End(), End: body.End(), New: st.semi + st.eol + indent + "}"}), nil
	}
	stmt := r.made.Statement()
	for stmt.OK() && stmt.Function() != home {
		stmt = stmt.Function().Statement()
	}
	if !inBlock(stmt) {
		return "", nil, refuse(TooEntangled, "there is no place before it for the name of the %s", o.Kind.Noun)
	}
	return name, append(edits, st.before(stmt, declare)), nil
}
