package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// wanted is a name that a fix needs of a module.
type wanted struct {
	module, name string
	typ          bool // a type only
}

// needs returns the local name of what a module exports, which the fix imports if the
// file does not.
func (e *classEdit) needs(module, name string, typ bool) (string, *Refusal) {
	if local, there := e.s.f.Imports().Local(module, name); there {
		return local, nil
	}
	if local := e.importedType(module, name); typ && local != "" {
		return local, nil
	}
	if found, _ := e.s.mentioned(name); found || e.s.f.TopLevel(name) != nil {
		return "", refuse(NameTaken, "%s is something else in this file", name)
	}
	if w := (wanted{module, name, typ}); !slices.Contains(e.wanted, w) {
		e.wanted = append(e.wanted, w)
	}
	return name, nil
}

// importedType is the local name of what is imported as a type only, "" for none.
func (e *classEdit) importedType(module, name string) string {
	for spec := range e.s.f.Root().Descendants() {
		if !spec.Is("import_specifier") || spec.Field("name").Text() != name {
			continue
		}
		source, _ := spec.Ancestor("import_statement").Field("source").StringValue()
		if local := spec.Field("alias"); source == module && local.OK() {
			return local.Text()
		} else if source == module {
			return name
		}
	}
	return ""
}

// implement lets the class say that it keeps to a contract, if it does not yet.
func (e *classEdit) implement(module, contract string) *Refusal {
	name, no := e.needs(module, contract, true)
	if no != nil {
		return no
	}
	class := e.in.class.Node
	at, text := class.Field("name"), " implements "+name
	if p := class.Field("type_parameters"); p.OK() {
		at = p
	}
	for h := range class.Children() {
		if !h.Is("class_heritage") {
			continue
		}
		at = h
		for c := range h.Children() {
			if !c.Is("implements_clause") {
				continue
			}
			for t := range c.Children() {
				if t.Text() == name {
					return nil
				}
			}
			text = ", " + name
		}
	}
	if !at.OK() {
		return refuse(TooEntangled, "the class has no name behind which it could say what it implements")
	}
	e.edits = append(e.edits, patch.Edit{Start: at.End(), End: at.End(), New: text})
	return nil
}

// imports writes the imports that the fix needs: in the list that there is for the
// module, else in a statement of its own.
func (e *classEdit) imports() []patch.Edit {
	var edits []patch.Edit
	fresh := map[int]string{} // by where new statements go
	byModule := map[string][]wanted{}
	var modules []string
	for _, w := range e.wanted {
		if byModule[w.module] == nil {
			modules = append(modules, w.module)
		}
		byModule[w.module] = append(byModule[w.module], w)
	}
	for _, module := range modules {
		var list, near syntax.Node // near: behind which a new statement goes
		for stmt := range e.s.f.Root().Children() {
			if !stmt.Is("import_statement") {
				continue
			}
			source, _ := stmt.Field("source").StringValue()
			if !near.OK() || source == module || strings.HasPrefix(module, source+"/") {
				near = stmt
			}
			for named := range stmt.Descendants() {
				if named.Is("named_imports") && source == module && !stmt.HasToken("type") && named.Len() > 0 {
					list = named
				}
			}
		}
		if list.OK() {
			edits = append(edits, e.extend(list, byModule[module])...)
			continue
		}
		var names []string
		for _, w := range byModule[module] {
			names = append(names, w.name)
		}
		slices.Sort(names)
		text := "import { " + strings.Join(names, ", ") + " } from " + e.st.quote + module + e.st.quote + ";"
		fresh[lineEndAfter(e.s.f, near.End())] += e.st.eol + e.st.fit(text)
	}
	for at, text := range fresh {
		edits = append(edits, patch.Edit{Start: at, End: at, New: text})
	}
	return edits
}

// extend puts names into a list of imported ones, where they belong if that is sorted.
func (e *classEdit) extend(list syntax.Node, names []wanted) []patch.Edit {
	var specs []syntax.Node
	var texts []string
	inline := false
	for spec := range list.Children() {
		if spec.Is("import_specifier") {
			specs, texts = append(specs, spec), append(texts, strings.ToLower(spec.Field("name").Text()))
			inline = inline || spec.HasToken("type")
		}
	}
	sorted := slices.IsSorted(texts)
	gap := " "
	first, last := specs[0], specs[len(specs)-1]
	if e.s.f.LineStart(first.Start()) != e.s.f.LineStart(list.Start()) && e.s.f.LineStart(first.Start()) != e.s.f.LineStart(last.Start()) {
		gap = e.st.eol + indentAt(e.s.f, first.Start())
	}
	at := map[int]string{}
	slices.SortFunc(names, func(a, b wanted) int { return strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	for _, w := range names {
		text := w.name
		if w.typ && inline {
			text = "type " + text
		}
		i := slices.IndexFunc(texts, func(t string) bool { return t > strings.ToLower(w.name) })
		if !sorted || i < 0 {
			at[last.End()] += "," + gap + text
			continue
		}
		at[specs[i].Start()] += text + "," + gap
	}
	var edits []patch.Edit
	for offset, text := range at {
		edits = append(edits, patch.Edit{Start: offset, End: offset, New: text})
	}
	return edits
}
