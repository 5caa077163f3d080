package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// lastingTarget is what of the page an expression is that outlives every instance, ""
// where that is not known.
func (q stream) lastingTarget(n syntax.Node) string {
	n = n.Inner(false)
	if n.Is("member_expression") && slices.Contains([]string{"body", "documentElement", "defaultView"}, n.Field("property").Text()) {
		if of := q.lastingTarget(n.Field("object")); of == "document" || of == "window" {
			return of
		}
	}
	key, global := strings.CutPrefix(q.s.placeKey(n, 6), "global ")
	switch {
	case !global:
	case key == "window", key == "document", strings.HasPrefix(key, "visualViewport"):
		return key
	}
	return q.pageOf(n)
}

// pageOf is whether something is declared as the document, or the window, or asked for
// by what the framework gives for that.
func (q stream) pageOf(n syntax.Node) string {
	named := func(t syntax.Type) string {
		if t.Module == "" && !t.Decl.OK() && (t.Name() == "Document" || t.Name() == "Window") {
			return strings.ToLower(t.Name())
		}
		return ""
	}
	if said := named(q.typeOf(n)); said != "" {
		return said
	}
	asked := n
	if name, ok := n.ThisField(); ok {
		for _, m := range q.in.members {
			if m.Name == name {
				asked = m.Node
			}
		}
	} else if sym := n.Symbol(); sym != nil {
		asked = sym.Decl
	}
	for c := range asked.Children() {
		if call := c.Child(0); c.Is("decorator") && lastName(call.Field("function")) == "Inject" {
			return named(q.tokenType(call.Field("arguments").Child(0)))
		}
	}
	if value := asked.Field("value"); q.injected(value) {
		return named(q.tokenType(value.Inner(false).Field("arguments").Child(0)))
	}
	return ""
}

// tokenType is the type of what the framework gives for a token.
func (q stream) tokenType(token syntax.Node) syntax.Type {
	token = token.Inner(false)
	im, ok := token.Symbol().Import()
	decl := token.Symbol().Init()
	switch {
	case ok && im.Name == "DOCUMENT" && strings.HasPrefix(im.Module, "@angular/"):
		return syntax.Type{Path: []string{"Document"}}
	case ok && q.near:
		return syntax.Type{}
	case ok:
		_, found := q.s.declarationOf(im)
		decl = found.Field("value")
	}
	decl = decl.Inner(false)
	if o, known := decl.Field("constructor").Origin(); !known || o.Last() != "InjectionToken" {
		return syntax.Type{}
	}
	return syntax.TypeOfAnnotation(decl.Field("type_arguments").Child(0))
}
