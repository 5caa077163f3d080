package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// registrar is how a setup calls what is told how to end: as it does already, else the
// fittest, which is imported where names are.
func (e *setupEdit) registrar() (string, *Refusal) {
	host := e.c.host
	ends := host.ends[:min(written, len(host.ends))]
	for _, x := range e.c.ends {
		if e.c.isCallOf(x.call, ends) {
			return x.call.Field("function").Text(), nil
		}
	}
	name := ends[0]
	if e.c.where == nil && isHookName(nameOf(e.c.root)) {
		name = "onScopeDispose" // whoever calls it may be no component
	}
	for _, module := range host.from {
		if local, ok := e.s.f.Imports().Local(module, name); ok {
			return local, nil
		}
	}
	if e.names["imported "+name] {
		return name, nil
	}
	if _, declared := e.s.mentioned(name); declared {
		return "", refuse(NameTaken, "%s is something else in this file", name)
	}
	edit, auto := e.importOf(name)
	switch {
	case auto:
		return name, nil
	case edit == nil:
		return "", refuse(ReleaseUnknown, "there is no place to import %s", name)
	}
	e.names["imported "+name] = true
	e.edits = append(e.edits, *edit)
	return name, nil
}

// importOf is the edit that imports a name of the framework: a longer list of names, or a
// new line before the others. auto: the file uses such names without an import.
func (e *setupEdit) importOf(name string) (edit *patch.Edit, auto bool) {
	var first syntax.Node
	for stmt := range e.s.f.Root().Children() {
		if !stmt.Is("import_statement") {
			continue
		}
		b, in := e.s.f.BlockAt(stmt.Start(), stmt.End())
		if e.c.where != nil && (!in || b.Start != e.c.where.Start) {
			continue
		}
		if !first.OK() {
			first = stmt
		}
		module, _ := stmt.Field("source").StringValue()
		if !slices.Contains(e.c.host.from, module) || stmt.HasToken("type") {
			continue
		}
		for list := range stmt.Descendants() {
			if !list.Is("named_imports") {
				continue
			}
			var last syntax.Node
			for spec := range list.Children() {
				if spec.Is("import_specifier") {
					last = spec
				}
			}
			if last.OK() {
				return e.listed(last, name), false
			}
		}
	}
	if e.c.host.auto && e.usesWithoutImport() {
		return nil, true
	}
	line := "import { " + name + " } from " + e.st.quote + e.c.host.from[0] + e.st.quote + e.st.semi
	if first.OK() {
		at := insertionPoint(first)
		indent := indentAt(e.s.f, at)
		return &patch.Edit{Start: at, End: at, New: line + e.st.eol + indent}, false
	}
	if e.c.where == nil {
		return nil, false
	}
	src := string(e.s.f.Src()[e.c.where.Start:e.c.where.End])
	gap := src[:len(src)-len(strings.TrimLeft(src, " \t\r\n"))]
	if !strings.Contains(gap, "\n") {
		return nil, false
	}
	at := e.c.where.Start + len(gap)
	return &patch.Edit{Start: at, End: at, New: line + e.st.eol + e.st.eol + gap[strings.LastIndex(gap, "\n")+1:]}, false
}

// listed puts a name behind the last of a list: on a line of its own where that has one.
func (e *setupEdit) listed(last syntax.Node, name string) *patch.Edit {
	f := e.s.f
	at := last.End()
	if strings.TrimSpace(string(f.Src()[f.LineStart(last.Start()):last.Start()])) == "" {
		return &patch.Edit{Start: at, End: at, New: "," + e.st.eol + indentAt(f, last.Start()) + name}
	}
	return &patch.Edit{Start: at, End: at, New: ", " + name}
}

// usesWithoutImport reports whether the file calls functions of the framework that nothing
// imports or declares: something does that for it.
func (e *setupEdit) usesWithoutImport() bool {
	for n := range e.c.code() {
		callee := n.Field("function").Inner(false)
		if n.Is("call_expression") && callee.Is("identifier") && callee.Symbol() == nil && slices.Contains(autoNames, callee.Text()) {
			return true
		}
	}
	return false
}

var autoNames = []string{
	"ref", "computed", "reactive", "watch", "watchEffect", "onMounted", "onBeforeMount", "shallowRef", "toRef", "toRefs", "onUnmounted", "onBeforeUnmount",
	"inject", "provide", "nextTick", "useRoute", "useRouter", "unref",
}
