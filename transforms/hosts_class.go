package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// baseHosts is the table of what ends instances of the classes below one of its own.
var baseHosts = []classHost{
	{from: []string{"react", "preact", "preact/compat", "@wordpress/element", "inferno"}, bases: []string{"Component", "PureComponent"},
		makers: []string{"react createClass", "create-react-class "}, draws: []string{"setState", "forceUpdate"}, forgives: project.Version{18},
		teardown: "componentWillUnmount", declared: true, view: true, onces: []string{"componentDidMount"}, early: []string{"constructor", "", "componentWillMount", "UNSAFE_componentWillMount"}},
	{from: []string{"lit", "lit-element", "lit/decorators.js", "lit-element/lit-element.js", "@lit/reactive-element"}, bases: []string{"LitElement", "ReactiveElement", "UpdatingElement"},
		teardown: "disconnectedCallback", declared: true, above: true, view: true, onces: []string{"connectedCallback", "firstUpdated"}, lost: []string{"constructor", "", "firstUpdated"}},
	{from: []string{"@microsoft/fast-element", "@polymer/polymer", "@polymer/polymer/polymer-element", "@polymer/polymer/polymer-element.js"}, bases: []string{"FASTElement", "PolymerElement"},
		teardown: "disconnectedCallback", declared: true, above: true, view: true, onces: []string{"connectedCallback"}, lost: []string{"constructor", "", "ready"}},
	{bases: elements, teardown: "disconnectedCallback", view: true, onces: []string{"connectedCallback"}, lost: []string{"constructor", ""}},
	{from: []string{"obsidian"}, bases: []string{"Plugin", "Component", "MarkdownRenderChild"},
		teardown: "onunload", declared: true, onces: []string{"onload"}, hands: obsidianHands, parts: obsidianParts},
	{from: []string{"obsidian"}, bases: []string{"View", "ItemView", "FileView", "EditableFileView", "TextFileView", "MarkdownView"},
		teardown: "onunload", others: []string{"onClose"}, declared: true, above: true, onces: []string{"onload", "onOpen"}, hands: obsidianHands, parts: obsidianParts},
	{from: []string{"obsidian"}, bases: []string{"Modal", "SuggestModal", "FuzzySuggestModal"},
		teardown: "onClose", declared: true, above: true, view: true, onces: []string{"onOpen"}, lost: []string{"constructor", ""}},
	{from: []string{"@tiptap/core"}, makers: []string{"@tiptap/core create"},
		teardown: "onDestroy", onces: []string{"onCreate", "addProseMirrorPlugins"}, parts: []string{"this.options."}, apart: true},
}

// elements are the classes of the page's own elements.
var elements = []string{
	"HTMLElement", "HTMLDivElement", "HTMLSpanElement", "HTMLButtonElement", "HTMLInputElement", "HTMLAnchorElement", "HTMLImageElement", "HTMLFormElement",
	"HTMLUListElement", "HTMLLIElement", "HTMLTableElement", "HTMLDialogElement", "HTMLDetailsElement", "HTMLSelectElement", "HTMLTextAreaElement",
	"HTMLParagraphElement", "HTMLVideoElement", "HTMLAudioElement", "HTMLCanvasElement",
}

// nest makes its providers once for each program; only an end of theirs that is there
// already shows that they are meant to have one.
var nest = classHost{
	from:       []string{"@nestjs/common", "@nestjs/websockets", "@nestjs/graphql", "@nestjs/microservices"},
	decorators: []string{"Injectable", "Controller", "Module", "WebSocketGateway", "Resolver"},
	teardown:   "onModuleDestroy", others: []string{"onApplicationShutdown", "beforeApplicationShutdown"}, contract: "OnModuleDestroy", awaited: true,
	onces: []string{"onModuleInit", "onApplicationBootstrap"}, shared: true, byName: true,
	doubt: "Nest calls onModuleDestroy() on app.close(), and on signals only where app.enableShutdownHooks() was called: is it?",
}

// baseOf is the host by what a class extends; mixed says that something stands between,
// which a function makes.
func baseOf(class syntax.Node) (h *classHost, mixed bool) {
	base := syntax.Extends(class).Inner(false)
	for hops := 0; base.Is("call_expression") && hops < 4; hops++ { // Subscribes(LitElement)
		args := base.Field("arguments")
		base, mixed = args.Child(args.Len()-1).Inner(false), true
		if first := args.Child(0).Inner(false); baseNamed(first) != nil {
			base = first
		}
	}
	return baseNamed(base), mixed
}

// baseNamed is the host whose base an expression is.
func baseNamed(base syntax.Node) *classHost {
	origin, ok := base.Origin()
	if !ok {
		return nil
	}
	for i, h := range baseHosts {
		of := slices.Contains(h.from, origin.Module) || origin.Module == "" && len(h.from) == 0
		if of && slices.Contains(h.bases, origin.Last()) {
			return &baseHosts[i]
		}
	}
	return nil
}

// hostAbove is the host by what a class, or one above it, extends. What stands above
// that is the host's own, and no more to be seen.
func (in *instance) hostAbove() *classHost {
	for i, c := range append([]project.Class{in.class}, in.ancestors...) {
		h, mixed := baseOf(c.Node)
		if h == nil {
			continue
		}
		in.below = i
		in.whole = !mixed
		return h
	}
	return nil
}

// makerOf is the host that makes a class of an object: createClass({ .. }).
func makerOf(object syntax.Node) *classHost {
	args := object.Outer().Parent()
	origin, ok := args.Parent().Field("function").Origin()
	if !args.Is("arguments") || !ok {
		return nil
	}
	for i, h := range baseHosts {
		if slices.Contains(h.makers, origin.Module+" "+origin.Last()) {
			return &baseHosts[i]
		}
	}
	return nil
}

// hostDoubts notes what of an acquisition the end that a host calls does not go with.
func (e *classEdit) hostDoubts(o *Obligation) {
	h := e.in.host
	if h == nil {
		return
	}
	_, member, _ := o.Call.InstanceAt()
	name := syntax.MemberName(member)
	if !member.Is("method_definition") && !syntax.FunctionOf(member).OK() {
		name = "" // of a field
	}
	switch {
	case slices.Contains(h.lost, name), len(h.lost) > 0 && o.Way == MissingPath && !slices.Contains(h.onces, name):
		e.note(Unsafe, fmt.Sprintf("%s() comes whenever the element leaves the page, and the %s is not acquired anew when it comes back: is it ever moved?", h.teardown, o.Kind.Noun))
	case slices.Contains(h.early, name):
		e.note(Unsafe, fmt.Sprintf("an instance may be made that is never mounted, and then %s() does not come: can the %s wait for %s()?", h.teardown, o.Kind.Noun, h.onces[0]))
	}
	if h.doubt != "" && e.in.endsHosted() {
		e.note(Unsafe, h.doubt)
	}
}

// foundInPage reports whether something is found in the page, given its place.
func foundInPage(key string) bool {
	return slices.ContainsFunc([]string{".querySelector", ".querySelectorAll", ".getElement", ".closest"}, func(name string) bool { return strings.Contains(key, name) })
}

// aboveHosted is the call of the hook that the host's own class has.
func (e *classEdit) aboveHosted(t *teardown) string {
	if !e.in.host.above {
		return ""
	}
	return "super" + memberSuffix(t.name) + "();"
}

// modifiers are the words before a hook that the host calls.
func (e *classEdit) modifiers(t *teardown) string {
	access := strings.TrimSuffix(e.public(), " ")
	if e.st.ts && e.in.host.declared && e.wantsOverride(t) {
		access += " override"
	}
	if access = strings.TrimSpace(access); access != "" {
		access += " "
	}
	return access
}
