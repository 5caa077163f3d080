package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// A host may have methods to which an instance hands what it acquires, so that the host
// releases it with the instance. Where it has, that is how its users write it: there is
// nothing to keep, and no teardown to write.

// handing is one such method.
type handing struct {
	of      string   // what is called to acquire, by its last name; "": any, by a function that releases it
	method  string   // of the base
	as      string   // what to call instead, so that the types fit; "": the same
	apart   bool     // it is told of what is called, and acquires by itself
	targets []string // of a registration: with nothing else, by where it is found
}

// obsidian is what the base of all that a plugin of Obsidian consists of takes over.
var obsidianHands = []handing{
	{of: "setInterval", method: "registerInterval", as: "window.setInterval"},
	{of: "addEventListener", method: "registerDomEvent", apart: true, targets: []string{"global window", "global document", "global activeWindow", "global activeDocument", "this.containerEl", "this.contentEl"}},
	{of: "on", method: "registerEvent", targets: obsidianParts},
}

// obsidianParts are what the application itself tells things by, as its plugins find it.
var obsidianParts = []string{"this.app.workspace", "this.app.vault", "this.app.metadataCache"}

// isHostPart reports whether the target of a registration is something of the host's own
// that outlives the instance.
func (h *classHost) isHostPart(key string) bool {
	return h != nil && slices.ContainsFunc(h.parts, func(part string) bool {
		return key == part || strings.HasSuffix(part, ".") && strings.HasPrefix(key, part)
	})
}

// handOver lets the host release what was acquired; false where it has no method for
// that, or the acquisition is written in another way.
func (e *classEdit) handOver(o *Obligation) bool {
	if e.in.host == nil || len(e.in.host.hands) == 0 || o.Way != NeverReleased || o.Standing != Leak || !o.Call.Is("call_expression") || e.s.loopOf(o).OK() {
		return false
	}
	v, stmt := o.Handle.Value, o.Call.Outer().Parent()
	if v.OK() && v != o.Call || !stmt.Is("expression_statement") || o.Call.Function().IsConstructor() {
		return false
	}
	callee := o.Call.Field("function").Inner(false)
	for _, h := range e.in.host.hands {
		if h.of != lastName(callee) || e.overrides(h.method) {
			continue
		}
		if len(h.targets) > 0 && !slices.Contains(h.targets, e.s.placeKey(o.target(), 6)) {
			return false
		}
		args := o.Call.Field("arguments")
		self := strings.TrimSuffix(e.here(o, "this.x"), "x") + h.method + "("
		switch {
		case h.apart:
			if event, literal := o.event().Inner(false).StringValue(); !literal || e.st.ts && !pageEvents[event] && !windowEvents[event] || callee.HasToken("?.") || o.handler().Inner(false).Is("this") {
				return false
			}
			e.edits = append(e.edits, patch.Edit{Start: o.Call.Start(), End: args.Child(0).Start(), New: self + o.target().Text() + ", "})
		default:
			if h.as != "" {
				if !slices.Contains(o.Acquire.From, "global") {
					return false
				}
				e.edits = append(e.edits, patch.Edit{Start: callee.Start(), End: callee.End(), New: self + h.as})
			} else {
				e.edits = append(e.edits, patch.Edit{Start: o.Call.Start(), End: o.Call.Start(), New: self})
			}
			e.edits = append(e.edits, patch.Edit{Start: o.Call.End(), End: o.Call.End(), New: ")"})
		}
		return true
	}
	return false
}

// overrides reports whether the class, or one above it that can be seen, has a method of
// its own under the name of one of the host's.
func (e *classEdit) overrides(method string) bool {
	if e.has(method) {
		return true
	}
	for _, c := range e.in.ancestors {
		if slices.ContainsFunc(syntax.Members(c.Node), func(m syntax.Member) bool { return m.Name == method }) {
			return true
		}
	}
	return false
}

// windowEvents are further events that the page as a whole tells of.
var windowEvents = map[string]bool{
	"resize": true, "visibilitychange": true, "online": true, "offline": true, "hashchange": true, "popstate": true, "storage": true,
	"beforeunload": true, "selectionchange": true, "paste": true, "copy": true, "cut": true, "fullscreenchange": true,
}
