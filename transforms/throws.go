package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// throws says which evaluations can leave a function by an error. Releases
// that never fail, timers, settle functions, loggers and the methods of the
// built-in collections do not.
func (s *scan) throws(n syntax.Node) bool {
	if n.Is("await_expression") {
		inner := n.Inner(true)
		if s.cannotReject(inner, 4) {
			return false
		}
		switch inner.Field("function").Field("property").Text() {
		case "catch", "allSettled":
			return false // what rejects is dealt with
		}
		return true
	}
	if n.Is("new_expression") {
		o, _ := n.Field("constructor").Origin()
		return o.Module != "" || !harmlessConstructors[o.Last()]
	}
	fn := n.Field("function").Inner(false)
	switch name := fn.Field("property").Text(); {
	case (chainable[name] || takesAway(n) || name == "addEventListener") && n.Field("arguments").Len() >= 2:
		return false // a listener is registered, or taken away
	case name == "toString" && n.Field("arguments").Len() == 0:
		return false // everything has it
	case name == "ref" || name == "unref":
		return false // a timer, server or socket is told whether to keep the process up
	case name == "catch" || name == "allSettled" || s.rejects[name]:
		return false // it may reject, which is seen where it is awaited
	case isMonitor(n):
		return false
	}
	o, known := fn.Origin()
	if known && harmlessOfNode[syntax.ModuleName(o.Module)+"."+o.Last()] {
		return false
	}
	if called := syntax.CalledFunction(n); called.OK() && called.IsAsync() {
		return false // it rejects, which is seen where it is awaited
	}
	if known && o.Module == "" {
		return !harmlessGlobals[strings.Join(o.Path, ".")] && !(len(o.Path) == 2 && o.Path[0] == "console")
	}
	if fn.Is("identifier") {
		return !isSettle(fn)
	}
	return !isLogging(fn) && !isCollectionCall(fn) && fn.Field("property").Text() != "push"
}

// onlyResolves: an executor that has no way to reject but an error of its own.
func onlyResolves(executor syntax.Node) bool {
	if executor.Field("parameter").OK() {
		return true
	}
	return executor.Field("parameters").Len() == 1
}

var harmlessConstructors = map[string]bool{
	"Map": true, "Set": true, "WeakMap": true, "WeakSet": true, "Error": true, "TypeError": true, "RangeError": true,
	"Date": true, "Promise": true, "AbortController": true, "Array": true, "Object": true,
}

var harmlessGlobals = map[string]bool{
	"setTimeout": true, "setInterval": true, "setImmediate": true, "clearTimeout": true, "clearInterval": true,
	"clearImmediate": true, "queueMicrotask": true, "requestAnimationFrame": true, "cancelAnimationFrame": true,
	"Date.now": true, "performance.now": true, "Math.max": true, "Math.min": true, "Math.floor": true, "Math.round": true,
	"Math.random": true, "String": true, "Number": true, "Boolean": true, "Array.isArray": true, "Object.keys": true,
	"process.hrtime": true, "process.nextTick": true, "Promise.race": true, "Promise.all": true, "Promise.any": true, "Promise.withResolvers": true,
}

// harmlessOfNode are functions of Node that do not throw in earnest.
var harmlessOfNode = map[string]bool{
	"util.promisify": true, "path.join": true, "path.resolve": true, "path.dirname": true,
	"path.basename": true, "path.extname": true, "path.relative": true, "path.normalize": true, "os.tmpdir": true, "os.hostname": true, "os.platform": true,
	"crypto.randomUUID": true, "crypto.randomBytes": true, "crypto.randomInt": true, "crypto.createHash": true,
}

// isSettle reports whether an identifier is a parameter of a Promise executor.
func isSettle(n syntax.Node) bool {
	sym := n.Symbol()
	return sym != nil && sym.Kind == syntax.Parameter && isExecutor(sym.Decl.Function())
}

// isExecutor reports whether fn is the function of a `new Promise(fn)`, of the
// language or of a library: new Bluebird.Promise(fn), new this.Promise(fn).
func isExecutor(fn syntax.Node) bool {
	constructor := fn.Parent().Parent().Field("constructor").Inner(false)
	if constructor.Is("member_expression") {
		constructor = constructor.Field("property")
	}
	return constructor.Text() == "Promise" && fn.Parent().Is("arguments") && fn.Parent().Child(0) == fn
}

var logLevels = map[string]bool{
	"trace": true, "debug": true, "verbose": true, "silly": true, "log": true, "info": true, "notice": true,
	"warn": true, "warning": true, "error": true, "fatal": true, "critical": true, "success": true, "http": true,
}

var logModules = map[string]bool{
	"pino": true, "winston": true, "bunyan": true, "log4js": true, "loglevel": true, "debug": true, "consola": true,
	"signale": true, "tslog": true, "npmlog": true, "roarr": true,
}

// isLogging: a level method of something that is called a log, or that a
// logging library made.
func isLogging(fn syntax.Node) bool {
	if !logLevels[fn.Field("property").Text()] {
		return false
	}
	if fn.Field("object").Is("this") {
		return fn.Field("property").Text() == "log"
	}
	if said := fn.Outer().Parent().Field("arguments").Child(0); said.Is("string", "template_string") && fn.Field("property").Text() != "error" {
		return true
	}
	object := fn.Field("object").Inner(false)
	name := object.Text()
	if object.Is("member_expression") {
		name = object.Field("property").Text()
	}
	name = strings.ToLower(strings.Trim(name, "#_"))
	if name == "log" || strings.HasSuffix(name, "logger") || name == "console" {
		return true
	}
	return logModules[syntax.TypeOf(object).Module]
}

var collectionMethods = map[string]bool{
	"add": true, "clear": true, "delete": true, "get": true, "has": true, "set": true, "push": true, "pop": true,
	"shift": true, "unshift": true, "values": true, "keys": true, "entries": true, "includes": true, "indexOf": true,
	"slice": true, "concat": true, "splice": true,
}

// isCollectionCall: a method of a Map, Set or array that this code made.
func isCollectionCall(fn syntax.Node) bool {
	if !collectionMethods[fn.Field("property").Text()] {
		return false
	}
	return isCollection(fn.Field("object"))
}

// isCollection reports whether an expression is known to be a built-in
// collection.
func isCollection(n syntax.Node) bool {
	n = n.Inner(false)
	t := syntax.TypeOf(n)
	if t.Module == "" {
		switch t.Name() {
		case "Map", "Set", "Array", "WeakMap", "WeakSet", "ReadonlyMap", "ReadonlySet", "ReadonlyArray":
			return true
		}
	}
	if sym := n.Symbol(); sym != nil {
		return sym.Init().Is("array") || sym.Type().Is("array_type")
	}
	if name, ok := n.ThisField(); ok {
		class, _ := n.FieldOwner()
		for _, m := range syntax.Members(class) {
			if m.Name == name {
				return m.Node.Field("value").Is("array") || syntax.Annotation(m.Node).Is("array_type")
			}
		}
		return class.OK() && !class.File().TypeScript() && assignedArray(class, name)
	}
	return n.Is("array")
}

// assignedArray: this.x = [], where fields are not declared.
func assignedArray(class syntax.Node, field string) bool {
	for _, ref := range refsOfThis(class)[field] {
		if p := ref.Parent(); p.Is("assignment_expression") && p.Field("left") == ref && p.Field("right").Is("array") {
			return true
		}
	}
	return false
}
