package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// emittersOf is what a module has that emits events, or calls in another way what was
// registered with it: values of its own, which last as long as the program, and classes of
// those that come and go.
type emittersOf struct {
	module  string
	values  []string
	classes []string
	closes  string   // the event by which those of gone tell that they are
	gone    []string // classes
	program string   // the value that tells of what befalls the program as a whole
	befalls []string // what that is
	last    string   // the event by which it tells that none of those of gone is left
}

// knownEmitters is the table of modules whose emitters are known without their types.
var knownEmitters = []emittersOf{{
	module: "electron",
	values: []string{
		"app", "autoUpdater", "ipcMain", "ipcRenderer", "nativeTheme", "powerMonitor", "screen", "session", "systemPreferences", "webContents",
		"inAppPurchase", "pushNotifications", "globalShortcut",
	},
	classes: []string{"BrowserWindow", "BaseWindow", "BrowserView", "WebContentsView", "WebContents", "Session", "Tray", "App", "IpcMain", "IpcRenderer"},
	closes:  "closed",
	gone:    []string{"BrowserWindow", "BaseWindow"},
	program: "app",
	befalls: []string{
		"ready", "will-finish-launching", "before-quit", "will-quit", "quit", "window-all-closed", "activate", "second-instance", "open-file",
		"open-url", "certificate-error", "child-process-gone", "render-process-gone",
	},
	last: "window-all-closed",
}}

// isKnownEmitter reports whether an expression is one of the values of the table, or of
// one of its classes.
func isKnownEmitter(n syntax.Node) bool {
	o, _ := n.Inner(false).Origin()
	t := syntax.TypeOf(n)
	return slices.ContainsFunc(knownEmitters, func(e emittersOf) bool {
		return o.Module == e.module && len(o.Path) > 0 && slices.Contains(e.values, o.Last()) ||
			t.Module == e.module && !t.Derived && slices.Contains(e.classes, t.Name())
	})
}

// closesBy is the event by which what an expression makes tells that it is gone, "" for
// none.
func closesBy(made syntax.Node) string {
	o, ok := made.Inner(false).Field("constructor").Origin()
	for _, e := range knownEmitters {
		if ok && made.Inner(false).Is("new_expression") && o.Module == e.module && slices.Contains(e.gone, o.Last()) {
			return e.closes
		}
	}
	return ""
}

// endsProgram reports whether the program ends when what an expression makes is gone: it is the
// only one that the project makes, which happens once as far as can be seen, and the program
// ends itself when none is left.
//
//	app.on('window-all-closed', app.quit);
func (s *scan) endsProgram(made syntax.Node) bool {
	made = made.Inner(false)
	o, _ := made.Field("constructor").Origin()
	i := slices.IndexFunc(knownEmitters, func(e emittersOf) bool { return o.Module == e.module && slices.Contains(e.gone, o.Last()) })
	if i < 0 || s.recurs(made, onceHops, false) {
		return false
	}
	e, ends := knownEmitters[i], false
	for _, class := range e.gone {
		if slices.ContainsFunc(s.Project.Mentioning(s.ctx, class), func(rel string) bool { return rel != s.f.Path }) {
			return false
		}
	}
	for n := range s.f.Root().Descendants() {
		if c, ok := n.Field("constructor").Origin(); n.Is("new_expression") && n != made && ok && c.Module == e.module && slices.Contains(e.gone, c.Last()) {
			return false
		}
		event, _ := n.Field("arguments").Child(0).StringValue()
		if !n.Is("call_expression") || event != e.last || n.Function().OK() || !isOfProgram(n.Field("function").Inner(false).Field("object"), event) {
			continue
		}
		f := n.Field("arguments").Child(1).Inner(false)
		ends = ends || programEnds[f.Field("property").Text()] && isKnownEmitter(f.Field("object")) || quitsAlways(functionGiven(f))
	}
	return ends
}

// programEnds are the methods that end the program.
var programEnds = map[string]bool{"quit": true, "exit": true}

// isOfProgram reports whether an event is about the program as a whole, and whoever
// listens for it is there for as long as that.
func isOfProgram(target syntax.Node, event string) bool {
	o, ok := target.Inner(false).Origin()
	return ok && slices.ContainsFunc(knownEmitters, func(e emittersOf) bool {
		return o.Module == e.module && o.Last() == e.program && slices.Contains(e.befalls, event)
	})
}

// ofLasting reports whether what tells an instance things is there for as long as the
// program, and so is the instance: it is made once, or its end is that of the program.
func (s *scan) ofLasting(o *Obligation, in *instance) bool {
	if isGlobal(o.target(), "process") {
		return in.teardown != nil && quits(in.teardown.own)
	}
	if !isKnownEmitter(o.target()) || !in.class.Node.IsClass() {
		return false
	}
	return in.teardown != nil && quits(in.teardown.own) || s.lasts(in.class.Node, onceHops)
}

// quits reports whether a function ends the program.
func quits(fn syntax.Node) bool {
	for n := range fn.Field("body").Own() {
		if isQuitting(n) {
			return true
		}
	}
	return false
}

// quitsAlways is quits for a function that does so whenever it is called.
func quitsAlways(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return isQuitting(body.Inner(true))
	}
	for stmt := range body.Children() {
		switch {
		case stmt.Is("expression_statement") && isQuitting(stmt.Child(0)):
			return true
		case !stmt.Is("expression_statement", "comment"):
			return false
		}
	}
	return false
}

// isQuitting reports whether something is a call that ends the program.
func isQuitting(n syntax.Node) bool {
	object := n.Field("function").Inner(false).Field("object")
	return n.Is("call_expression") && programEnds[calleeName(n)] && (isKnownEmitter(object) || isGlobal(object, "process"))
}
