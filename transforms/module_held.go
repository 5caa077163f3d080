package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What a module begins when it is imported runs until the program ends: nobody can stop
// it who only wanted what the module exports, and in Node it keeps the program from
// ending. Nothing leaks by the definition; to let the program end is an offer.

// keptInModule is where a handle goes that a variable of the module has.
const keptInModule = "kept in a variable of the module, which lives as long as the process"

// judgeModuleHeld looks at a timer that a module of others starts at its top.
func (s *scan) judgeModuleHeld(o *Obligation) {
	if !s.Offers || o.Kind.OneShot || !o.Kind.Alone || o.Kind.Family != Timers || !slices.Contains(o.Acquire.From, "global") {
		return
	}
	if v := o.Handle.Value.Parent(); o.Handle.Symbol == nil && v.Is("variable_declarator") {
		o.Handle.Symbol = v.Field("name").Symbol()
	}
	stmt := o.Call.Statement()
	if s.unreferenced(o) || !stmt.Parent().Is("program") || !s.exportsSomething() {
		return // a program of its own, or begun under a condition
	}
	if sym := o.Handle.Symbol; sym != nil {
		if slices.ContainsFunc(s.usesOf(o, sym, maxHops), func(u use) bool { return u.effect != neutral }) {
			return
		}
	}
	o.Owner = Owner{OwnerModule, nameOf(syntax.Node{}), s.f.Root()}
	o.Standing = Offer
	s.unmet(o, NeverReleased, nil)
	o.Form = formUnref{}
}

// exportsSomething reports whether a file is there for others.
func (s *scan) exportsSomething() bool {
	for n := range s.f.Root().Children() {
		if n.Is("export_statement") {
			return true
		}
		left := n.Child(0).Field("left")
		for left.Is("member_expression") {
			if left.Text() == "module.exports" || left.Field("object").Text() == "exports" {
				return true
			}
			left = left.Field("object")
		}
	}
	return false
}

// formUnref lets the program end though a timer of a module still runs.
type formUnref struct{}

func (formUnref) Name() string { return "unref" }

func (formUnref) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	if !s.isOfNode() || strings.HasPrefix(o.Call.Field("function").Text(), "window.") {
		return nil, refuse(NoOwner, "a module has no end; start it in a function that others call, and that gives back what ends it")
	}
	if d := o.Handle.Value.Parent(); d.Is("variable_declarator") && syntax.Annotation(d).OK() && strings.Contains(syntax.Annotation(d).Text(), "number") {
		return nil, refuse(ReleaseUnknown, "%s is declared as a number, which has no unref()", d.Field("name").Text())
	}
	end := o.Call.End()
	return &Fix{
		Plan: p, Edits: []patch.Edit{{Start: end, End: end, New: ".unref()"}},
		Notes:   []Note{{Unsafe, "the program may end while it runs: is there anything that only this " + o.Kind.Noun + " keeps it alive for?"}},
		Message: "Let the program end though the " + o.Kind.Noun + " of the module runs",
	}, nil
}

// nodeOnly are modules that are there in Node, and that bundlers do not replace.
var nodeOnly = strings.Fields(`async_hooks child_process cluster dgram dns fs http http2 https net os readline tls vm worker_threads`)

// isOfNode reports whether a file can run in Node only.
func (s *scan) isOfNode() bool {
	for n := range s.f.Root().Descendants() {
		if !n.Is("string") {
			continue
		}
		p := n.Parent()
		call := p.Parent()
		if p.Is("import_statement") || p.Is("arguments") && call.Field("function").Text() == "require" {
			text, _ := n.StringValue()
			name, _, _ := strings.Cut(strings.TrimPrefix(text, "node:"), "/")
			if slices.Contains(nodeOnly, name) {
				return true
			}
		}
	}
	return false
}
