package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// What formClass writes into an options object: a hook at the end of the component, and
// fields, which need no declaration in JavaScript and one in data() in TypeScript.

// hosted reports whether what is edited is an options object.
func (e *classEdit) hosted() bool { return e.in.hosted }

// optionsDoubts refuses what an options object has no place for.
func (e *classEdit) optionsDoubts(o *Obligation, newField bool) *Refusal {
	if e.in.teardown.name == "" {
		return refuse(NoOwner, "nothing says for which release of Vue this is written: its hooks have other names in each")
	}
	if o.Kind.Registers() {
		n := o.handler().Inner(false)
		newField = n.IsFunction() || isBind(n)
	}
	switch {
	case !newField:
		return nil
	case !e.once(o):
		return refuse(TooEntangled, "it may be acquired several times by one component, which has no place for several")
	case e.st.ts && !e.data().OK():
		return refuse(TooEntangled, "the component has no data() that could declare what it keeps")
	case e.st.ts && o.Kind.Family != Timers && !o.Kind.Registers():
		return refuse(TooEntangled, "what data() holds is made reactive, which a %s does not bear", o.Kind.Noun)
	}
	return nil
}

// data is the object that the data() of an options object returns.
func (e *classEdit) data() syntax.Node {
	if m, ok := e.in.option("data"); ok {
		return syntax.DataOf(m.Node)
	}
	return syntax.Node{}
}

// addOption makes a field of an instance: it is there when it is assigned.
func (e *classEdit) addOption(name, typ string) string {
	if e.taken[name] || e.taken["_"+name] {
		name = freshName("own"+strings.ToUpper(name[:1])+name[1:], func(n string) bool { return e.taken[n] })
	}
	e.taken[name] = true
	if e.st.ts {
		data := e.data()
		at := data.Start() + 1
		text := name + ": undefined as " + typ + " | undefined,"
		if strings.Contains(typ, "=>") {
			text = name + ": undefined as (" + typ + ") | undefined,"
		}
		if first := data.Child(0); first.OK() && strings.Contains(string(e.s.f.Src()[at:first.Start()]), "\n") {
			at = lineEndAfter(e.s.f, at)
			text = e.st.eol + indentAt(e.s.f, first.Start()) + text
		} else if first.OK() {
			text = " " + text
		} else {
			text = " " + strings.TrimSuffix(text, ",") + " "
		}
		e.edits = appendAt(e.edits, patch.Edit{Start: at, End: at, New: text})
	}
	return "this." + name
}

// createHook adds a hook at the end of the component's life, behind the last of those that
// are there.
func (e *classEdit) createHook(w work) *Refusal {
	name := e.in.teardown.name
	if _, has := e.in.option(name); has {
		return refuse(NameTaken, "%s is made in a way that cannot be seen", name)
	}
	for _, dead := range slices.Concat(endsOf2, endsOf3) {
		if m, has := e.in.option(dead); has {
			line, _ := e.s.f.Position(m.Node.Start())
			return refuse(TooEntangled, "%s() in line %d is never called by the release of Vue that is used, which calls %s()", dead, line, name)
		}
	}
	return e.addHook(name, w)
}

// createInSpecification is createHook for an object that React makes a class of.
func (e *classEdit) createInSpecification(t *teardown, w work) *Refusal {
	if e.has(t.name) || e.has("mixins") {
		return refuse(NameTaken, "what %s() does cannot be seen", t.name)
	}
	if w.async {
		return refuse(NotAsync, "nothing waits for %s(), and the release must be awaited", t.name)
	}
	return e.addHook(t.name, w)
}

// addHook puts a hook of an object behind those at the beginning, else behind all else.
func (e *classEdit) addHook(name string, w work) *Refusal {
	object := e.in.class.Node
	var after, last syntax.Node
	for c := range object.Children() {
		if c.Is("comment") {
			continue
		}
		if _, hook := e.in.option(syntax.MemberName(c)); hook && (isBegin(syntax.MemberName(c)) || onceHooks[syntax.MemberName(c)]) {
			after = c
		}
		last = c
	}
	if !after.OK() {
		after = last
	}
	src := string(e.s.f.Src())
	if strings.TrimSpace(src[e.s.f.LineStart(after.Start()):after.Start()]) != "" {
		return refuse(TooEntangled, "the component's options share lines")
	}
	word, head := "", name+"()"
	if w.async {
		word = "async "
	}
	if after.Field("value").Is("function_expression", "function") {
		head = name + ": " + word + "function ()"
		word = ""
	}
	if after.Is("method_definition") && after.Field("parameters").Start() > after.Field("name").End() {
		head = name + " ()" // as it is written there
	}
	text := e.st.lines(indentAt(e.s.f, after.Start()), e.st.fit(method(word+head, e.followedBy(w, ""))))
	gap := e.st.eol
	if e.spaced(object) {
		gap += e.st.eol
	}
	at, comma := after.End(), false
	if rest := strings.TrimLeft(src[at:], " \t\r\n"); strings.HasPrefix(rest, ",") {
		at, comma = len(src)-len(rest)+1, true
	}
	end := lineEndAfter(e.s.f, at)
	if comma {
		e.edits = append(e.edits, patch.Edit{Start: end, End: end, New: gap + text + ","})
		return nil
	}
	if end != at { // a remark stands behind it
		e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: ","}, patch.Edit{Start: end, End: end, New: gap + text})
		return nil
	}
	e.edits = append(e.edits, patch.Edit{Start: at, End: at, New: "," + gap + text})
	return nil
}

func isBegin(name string) bool {
	return slices.Contains(begins, name) || slices.Contains([]string{"beforeUpdate", "updated", "activated", "deactivated"}, name)
}

// spaced reports whether the options have blank lines between them.
func (e *classEdit) spaced(object syntax.Node) bool {
	var before syntax.Node
	with, without := 0, 0
	for c := range object.Children() {
		if before.OK() && strings.Count(string(e.s.f.Src()[before.End():c.Start()]), "\n") > 1 {
			with++
		} else if before.OK() && before.Is("method_definition") {
			without++
		}
		before = c
	}
	return with > without
}
