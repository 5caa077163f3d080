package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A plugin is a function that an application runs once to become a part of it, and that
// the application tells by a hook when it closes. What the function acquires for those
// that it leaves behind, its routes and the like, ends then.

// application is what loads plugins.
type application struct {
	module   string
	gives    []string // types of the first parameter of its plugins
	shapes   []string // types of the plugins themselves
	wrappers []string // modules whose own value is given a plugin
	named    string   // what its plugins call the first parameter, where nothing says its type
	hook     string   // what tells of the close: the last name of the call
	event    string   // the first argument of that; "" for none
	object   string   // the property that a function for the end is given as, "" for none
	through  string   // what of the first parameter has the hook, "" for itself
}

// applications is the table of those that are known; nothing else names one.
var applications = []application{
	{
		module: "fastify", gives: []string{"FastifyInstance"}, shapes: []string{"FastifyPluginAsync", "FastifyPluginCallback", "FastifyPlugin"},
		wrappers: []string{"fastify-plugin"}, named: "fastify", hook: "addHook", event: "onClose",
	},
	{module: "vscode", gives: []string{"ExtensionContext"}, through: "subscriptions", hook: "push", object: "dispose"},
}

// plugin is one such function.
type plugin struct {
	app *application
	fn  syntax.Node
	of  *syntax.Symbol // the first parameter
}

// pluginAt is the plugin whose own statements n belongs to, nil for none.
func (s *scan) pluginAt(n syntax.Node) *plugin {
	fn := n.Function()
	if !fn.OK() || repeats(n, fn) || fn.IsGenerator() {
		return nil
	}
	first := fn.Field("parameters").Child(0)
	if !first.OK() {
		first = fn.Field("parameter") // fastify => ..
	}
	name := first
	if pattern := first.Field("pattern"); pattern.OK() {
		name = pattern
	}
	if !name.Is("identifier") || name.Symbol() == nil || !name.Symbol().Constant() {
		return nil
	}
	for i, app := range applications {
		if s.isPluginOf(&app, fn, first, name) {
			return &plugin{&applications[i], fn, name.Symbol()}
		}
	}
	return nil
}

func (s *scan) isPluginOf(app *application, fn, first, name syntax.Node) bool {
	if t := syntax.Annotation(first); t.OK() {
		typ := syntax.TypeOfAnnotation(t)
		return typ.Module == app.module && slices.Contains(app.gives, typ.Name())
	}
	at := fn.Outer().Parent()
	if at.Is("variable_declarator") {
		typ := syntax.TypeOfAnnotation(syntax.Annotation(at))
		if typ.Module == app.module && slices.Contains(app.shapes, typ.Name()) {
			return true
		}
	}
	if at.Is("arguments") && at.Child(0).Inner(false) == fn {
		if o, ok := at.Parent().Field("function").Origin(); ok && slices.Contains(app.wrappers, o.Module) && len(o.Path) == 0 {
			return true
		}
	}
	if app.named == "" || name.Text() != app.named || fn.Function().OK() {
		return false
	}
	_, known := s.Project.VersionOf(s.f.Path, app.module)
	return known
}

// endedBy reports whether a function runs when the application closes.
func (p *plugin) endedBy(n syntax.Node) bool {
	for call := n.Ancestor("call_expression"); call.OK() && call.Within(p.fn); call = call.Ancestor("call_expression") {
		callee := call.Field("function").Inner(false)
		if callee.Field("property").Text() != p.app.hook || rootOf(callee.Field("object")).Symbol() == nil {
			continue
		}
		if event, _ := call.Field("arguments").Child(0).StringValue(); p.app.event == "" || event == p.app.event || event == "preClose" || event == "onClose" {
			return true
		}
	}
	return false
}

// judgePlugin judges what a plugin acquires for what it leaves behind. It says nothing
// (false) of all else, and of what a plugin uses up itself; what it listens to may stay.
func (s *scan) judgePlugin(o *Obligation) bool {
	if o.racing || o.Kind.OneShot || o.Kind.Family == Listeners || o.Kind.Registers() || o.Kind.Keyed != "" || o.Kind.Collects() || o.Kind.Copied || o.Kind.Undo != nil ||
		slices.Contains(o.Acquire.Types, "this") || o.Acquire.Pattern.Given("HANDLE") {
		return false
	}
	p := s.pluginAt(o.Call)
	if p == nil {
		return false
	}
	h, elsewhere := s.locate(o)
	if elsewhere != "" || o.then.OK() {
		return false
	}
	switch h.Place {
	case Discarded:
		if !o.Kind.Alone {
			return false
		}
	case InVariable:
		if h.Symbol.Decl.Function() != p.fn || !h.Symbol.Constant() || !o.Kind.Alone && !usedLater(h.Symbol, p.fn) {
			return false
		}
		for _, u := range s.usesOf(o, h.Symbol, maxHops) {
			switch {
			case p.endedBy(u.at):
				o.Handle, o.Status = h, Met
				o.releases = append(o.releases, u.at)
				o.step(u.at, "met: released when the application closes")
				return true
			case u.effect != neutral:
				return false
			}
		}
	default:
		return false
	}
	o.Handle = h
	o.Owner = Owner{OwnerPlugin, p.name(), p.fn}
	o.Evidence = append(o.Evidence, "in a plugin of "+p.app.module)
	o.gist = p
	s.unmet(o, NeverReleased, nil)
	o.Form = formPlugin{}
	return true
}

func (p *plugin) name() string {
	if functionName(p.fn) == nil {
		return "a plugin of " + p.app.module
	}
	return nameOf(p.fn)
}

// usedLater reports whether a variable is mentioned in a function within fn.
func usedLater(sym *syntax.Symbol, fn syntax.Node) bool {
	return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return r.Function() != fn })
}
