package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// site is a statement behind which something else is held than before it, and what
// is to be told then.
type site struct {
	stmt  syntax.Node
	first syntax.Node // instead of stmt: a function, or a catch clause, that begins with it
	line  string
}

// unplaced is why the monitor is not told of a place.
func unplaced(n syntax.Node, format string, args ...any) *Refusal {
	line, _ := n.File().Position(n.Start())
	return refuse(TooEntangled, "%s (line %d)", fmt.Sprintf(format, args...), line)
}

// placeSites lists where the monitor has to be told of a place.
func (w *wirer) placeSites(in *instance, p *heldPlace) ([]site, *Refusal) {
	o := p.found[0]
	w.releases = nil
	for _, other := range w.s.found {
		if !other.Kind.Registers() && other.Handle.Of == o.Handle.Of && other.Handle.Field == o.Handle.Field && !o.Kind.Registers() {
			if other.Kind != o.Kind {
				return nil, unplaced(other.Call, "%s holds other things, too", p.name)
			}
			if other.Status != Met || len(other.releases) == 0 {
				return nil, unplaced(other.Call, "what %s holds is not always released by its class", p.name)
			}
		}
		for _, r := range other.releases {
			if other == o && r.File() != w.s.f {
				return nil, unplaced(other.Call, "it is released in %s", r.File().Path)
			}
		}
	}
	if strings.ContainsAny(p.name, "'\"`\\\n$") {
		return nil, unplaced(o.Call, "there is no plain name for where it is")
	}
	var sites []site
	var no *Refusal
	switch {
	case o.Kind.Registers():
		sites, no = w.registrationSites(in, p)
	case o.Handle.Place == InSet:
		sites, no = w.collectionSites(in, p)
	default:
		sites, no = w.fieldSites(in, p)
	}
	if no == nil && !slices.ContainsFunc(w.releases, func(n syntax.Node) bool { return w.atTheEnd(in, n, p.name) }) {
		no = unplaced(o.Call, "%s() does not come to its release, or not always", in.teardown.name)
	}
	return sites, no
}

// atTheEnd reports whether the teardown comes to some code, and whatever else is the
// case: of conditions, only one that asks for what is held may stand around it.
func (w *wirer) atTheEnd(in *instance, n syntax.Node, field string) bool {
	if !w.s.reached(in).runs(n) {
		return false
	}
	fields := append(named(n), field)
	for p := n.Parent(); p.OK() && p != in.class.Node; n, p = p, p.Parent() {
		switch {
		case p.IsFunction():
			if !isInline(p) {
				return true
			}
		case p.Is("if_statement") && n == p.Field("consequence"):
			if !asksOnly(p.Field("condition"), fields) {
				return false
			}
		case p.Is("if_statement") && n == p.Field("alternative"), p.Is("else_clause", "catch_clause", "ternary_expression", "switch_case", "switch_default"):
			return false
		}
	}
	return true
}

// count is the call that tells how much is held in a place.
func (w *wirer) count(owner string, p *heldPlace, level string) string {
	return fmt.Sprintf("%s.count(%s, %s, %s, %s);", w.name, owner, w.quoted(p.found[0].Kind.Name), w.quoted(p.name), level)
}

// collectionSites are the places at which a collection grows or shrinks.
func (w *wirer) collectionSites(in *instance, p *heldPlace) ([]site, *Refusal) {
	refs := in.refs[p.name]
	if len(in.taken[p.name]) > 0 {
		return nil, unplaced(p.found[0].Call, "%s is also taken out of the instance", p.name)
	}
	size, ok := w.s.measure(in, p.name)
	if !ok {
		return nil, unplaced(p.found[0].Call, "what sort of collection %s is cannot be told", p.name)
	}
	var out []site
	emptied := false
	for _, ref := range refs {
		n, change, handed := changesCollection(ref)
		if handed {
			return nil, unplaced(ref, "%s is handed on", p.name)
		}
		if !change {
			continue
		}
		stmt, ok := w.behind(n)
		if !ok {
			return nil, unplaced(ref, "what changes %s is no statement of its own", p.name)
		}
		how := fmt.Sprintf(size, ref.Text())
		if ref.Outer().Parent().HasToken("?.") || ref.Outer().Parent().Field("optional_chain").OK() {
			how = fmt.Sprintf(size, ref.Text()+"?") + " ?? 0"
		}
		if a := n.Inner(false); a.Is("assignment_expression") && isNothing(a.Field("right")) {
			how = "0"
		}
		call := n.Field("function").Field("property").Text()
		emptied = emptied || call == "clear" || call == "delete" || call == "splice" || call == "pop" || call == "shift" || n.Is("assignment_expression", "unary_expression")
		out = append(out, site{stmt: stmt, line: w.count(ref.Field("object").Text(), p, how)})
	}
	if !emptied {
		return nil, unplaced(p.found[0].releases[0], "what is released stays in %s", p.name)
	}
	for _, o := range p.found {
		for _, u := range w.s.elementUses(o, in) {
			if u.effect == released && u.at.File() == w.s.f {
				w.releases = append(w.releases, u.at)
				out = append(out, w.catches(u.at, o)...)
			}
		}
	}
	return out, nil
}

// changesCollection says what in the mention of a collection changes it, and
// whether it is handed to somebody who may.
func changesCollection(ref syntax.Node) (n syntax.Node, change, handed bool) {
	v := ref.Outer()
	p := v.Parent()
	switch p.Kind() {
	case "member_expression":
		name, call := p.Field("property").Text(), p.Parent()
		if call.Field("function") == p {
			switch name {
			case "add", "set", "push", "unshift", "delete", "clear", "pop", "shift", "splice":
				return call, true, false
			}
			return call, false, false
		}
		if a := p.Outer().Parent(); name == "length" && a.Is("assignment_expression") && a.Field("left").Inner(false) == p {
			return a, true, false
		}
		return p, false, false
	case "subscript_expression":
		a := p.Outer().Parent()
		if a.Is("assignment_expression", "augmented_assignment_expression") && a.Field("left").Inner(false) == p || a.Is("unary_expression") && a.Field("operator").Text() == "delete" {
			return a, true, false
		}
		return p, false, false
	case "assignment_expression", "augmented_assignment_expression":
		if p.Field("left").Inner(false) == ref {
			return p, true, false
		}
		return p, false, true
	case "arguments":
		call := p.Parent()
		return call, false, !readsOnly[calleeText(call)] && !onlyLooks(call)
	case "for_in_statement", "spread_element", "unary_expression", "binary_expression", "if_statement", "while_statement", "parenthesized_expression":
		return p, false, false
	}
	return p, false, true
}

// measure is how to ask a collection in a field for its size, as a format.
func (s *scan) measure(in *instance, field string) (string, bool) {
	if refs := in.refs[field]; len(refs) > 0 {
		switch syntax.TypeOf(refs[0]).Name() {
		case "Map", "Set":
			return "%s.size", true
		}
		if isCollection(refs[0]) {
			return "%s.length", true
		}
	}
	for _, m := range in.members {
		if m.Name == field && (m.Node.Field("value").Is("object") || strings.HasPrefix(syntax.Annotation(m.Node).Text(), "Record<")) {
			return "Object.keys(%s).length", true
		}
	}
	return "", false
}

// fieldSites are the places at which a field begins to hold something that is
// alive, and those at which it is not any more.
func (w *wirer) fieldSites(in *instance, p *heldPlace) ([]site, *Refusal) {
	if len(in.taken[p.name]) > 0 {
		return nil, unplaced(p.found[0].Call, "%s is also taken out of the instance", p.name)
	}
	var out []site
	begun := map[int32]bool{}
	for _, o := range p.found {
		_, two := o.Bindings["HANDLE"]
		owner, member, name := o.Call.InstanceAt()
		if !two && member.Field("value").Inner(false) == chain(o.Call).Inner(false) {
			made, no := w.made(in, o)
			if no != nil {
				return nil, no
			}
			made.line = w.count("this", p, "1")
			out = append(out, made)
			continue
		}
		stmt, ok := w.behind(o.Call, p.name)
		if !ok {
			return nil, unplaced(o.Call, "it is acquired within a larger expression, or under a condition")
		}
		if owner != in.class.Node {
			return nil, unplaced(o.Call, "the instance has no name where it is acquired")
		}
		if write := w.writtenBehind(in, o, p.name); !two && write.OK() {
			if stmt, ok = w.behind(write, p.name); !ok {
				return nil, unplaced(o.Call, "it is kept within a larger expression, or under a condition")
			}
		}
		begun[stmt.ID()] = true
		out = append(out, site{stmt: stmt, line: w.count(name, p, "1")})
		if o.Kind.OneShot {
			callback := fired(in, o)
			if !callback.OK() {
				return nil, unplaced(o.Call, "it ends by itself, which nothing in the class sees")
			}
			out = append(out, site{first: callback, line: w.count(name, p, "0")})
		}
	}
	for _, ref := range in.refs[p.name] {
		if a := ref.Outer().Parent(); a.Is("assignment_expression") && a.Field("left").Inner(false) == ref && !isNothing(a.Field("right")) {
			if stmt, ok := w.behind(a, p.name); (!ok || !begun[stmt.ID()]) && !makesOnly(p) {
				return nil, unplaced(a, "what %s holds also comes from elsewhere", p.name)
			}
		}
		for _, u := range w.s.useOf(p.found[0], ref, maxHops) {
			if u.effect != released {
				if u.effect == moved {
					return nil, unplaced(ref, "%s is handed on", p.name)
				}
				continue
			}
			w.releases = append(w.releases, u.at)
			stmt, ok := w.behind(u.at, p.name)
			if !ok {
				return nil, unplaced(u.at, "it is released within a larger expression, or under a condition")
			}
			out = append(out, site{stmt: stmt, line: w.count(ref.Field("object").Text(), p, "0")})
			out = append(out, w.catches(u.at, p.found[0])...)
		}
	}
	return out, nil
}

// fired is the function by which a one-shot ends, where it is the instance's; else
// the zero Node.
func fired(in *instance, o *Obligation) syntax.Node {
	callback := o.Call.Field("arguments").Child(0).Inner(false)
	if name, ok := callback.ThisField(); ok {
		for _, m := range in.members {
			if m.Name == name && m.Function().Field("body").Is("statement_block") {
				callback = m.Function()
			}
		}
	}
	if owner, _, _ := callback.Field("body").InstanceAt(); owner != in.class.Node || len(o.Kind.Over) > 0 {
		return syntax.Node{}
	}
	return callback
}

// made is where the constructor begins, by when the fields that are declared with a
// value have it.
func (w *wirer) made(in *instance, o *Obligation) (site, *Refusal) {
	if o.Kind.OneShot {
		return site{}, unplaced(o.Call, "it ends by itself, which nothing in the class sees")
	}
	for _, m := range in.members {
		fn := m.Function()
		if m.Name != "constructor" || !fn.Field("body").Is("statement_block") {
			continue
		}
		if !syntax.Extends(in.class.Node).OK() {
			return site{first: fn}, nil
		}
		for stmt := range fn.Field("body").Children() {
			if stmt.Is("expression_statement") && stmt.Child(0).Field("function").Is("super") {
				return site{stmt: stmt}, nil
			}
		}
	}
	return site{}, unplaced(o.Call, "it is acquired where its field is declared, and there is no constructor that could tell of it")
}

// makesOnly: the field holds the object before it is acquired: this.client.connect().
func makesOnly(p *heldPlace) bool {
	_, two := p.found[0].Bindings["HANDLE"]
	return two
}

// writtenBehind is where a handle that is acquired into a variable gets into its
// field; the zero Node where that is the acquisition itself.
func (w *wirer) writtenBehind(in *instance, o *Obligation, field string) syntax.Node {
	if o.Handle.Symbol == nil {
		return syntax.Node{}
	}
	for _, ref := range in.refs[field] {
		a := ref.Outer().Parent()
		if a.Is("assignment_expression") && a.Field("left").Inner(false) == ref && a.Field("right").Inner(false).Symbol() == o.Handle.Symbol {
			return a
		}
	}
	return syntax.Node{}
}

// registrationSites are those of what has no handle: where it is made, and where
// it is taken away.
func (w *wirer) registrationSites(in *instance, p *heldPlace) ([]site, *Refusal) {
	var out []site
	for _, o := range p.found {
		if o.firesOnce() {
			return nil, unplaced(o.Call, "it ends by itself, which nothing in the class sees")
		}
		if strings.Contains(w.s.placeKey(o.target(), 6), "?") {
			return nil, unplaced(o.Call, "what it is registered with may be another each time")
		}
		owner, _, name := o.Call.InstanceAt()
		stmt, ok := w.behind(o.Call, named(o.Call)...)
		if !ok || owner != in.class.Node || loops(stmt) {
			return nil, unplaced(o.Call, "it is registered within a larger expression, or under a condition")
		}
		out = append(out, site{stmt: stmt, line: w.count(name, p, "1")})
		for _, r := range w.s.removals(o, codeOf(in.class.Node)) {
			if !r.works() {
				continue
			}
			w.releases = append(w.releases, r.call)
			_, _, name := r.call.InstanceAt()
			stmt, ok := w.behind(r.call, named(r.call)...)
			if !ok || name == "" {
				return nil, unplaced(r.call, "it is taken away within a larger expression, or under a condition")
			}
			out = append(out, site{stmt: stmt, line: w.count(name, p, "0")})
		}
	}
	return out, nil
}

// named are the fields that a call mentions, and a name that no field has.
func named(call syntax.Node) []string {
	out := []string{""}
	for d := range call.Descendants() {
		if name, ok := d.ThisField(); ok {
			out = append(out, name)
		}
	}
	return out
}

func loops(stmt syntax.Node) bool {
	loop := stmt.Ancestor("for_statement", "for_in_statement", "while_statement", "do_statement")
	return loop.OK() && loop.Function() == stmt.Function() || isInline(stmt.Function())
}

// catches are the catch clauses in which a failed release ends: the monitor is told.
func (w *wirer) catches(release syntax.Node, o *Obligation) []site {
	if o.Kind.Fails == Never {
		return nil
	}
	try := release.Ancestor("try_statement")
	clause := try.Field("handler")
	owner, _, name := release.InstanceAt()
	if !try.OK() || !clause.OK() || !owner.OK() || try.Function() != release.Function() && !isInline(release.Function()) || !release.Within(try.Field("body")) {
		return nil
	}
	line := fmt.Sprintf("%s.failed(%s, %s", w.name, name, w.quoted(o.Kind.Name))
	if param := clause.Field("parameter"); param.Is("identifier") {
		line += ", " + param.Text()
	}
	return []site{{first: clause, line: line + ");"}}
}
