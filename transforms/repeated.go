package transforms

import (
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A function that runs again and again, for every connection, request or event, or
// because it calls itself later, adds one more listener each time to whatever was
// there before it ran.

// rerun is a function around a registration that runs again, and what makes it.
type rerun struct {
	fn    syntax.Node
	place ExitPlace
	event string // of which it is the listener; "request" for a route
}

// judgeRepeated judges a registration with something that was there before the
// function around it ran, which runs again. It says nothing (false) where that does
// not show, or the target is not known to be one, or where there can be no second one.
func (s *scan) judgeRepeated(o *Obligation) bool {
	if s.judgeKeptAlive(o) {
		return true
	}
	if o.firesOnce() || !s.emits(o) || !s.steadyTarget(o) || !o.Kind.ByFunction() && steady(s.f, o.event()) || allTakenFrom(o) || s.isOfProcess(o) && !s.recurs(o.Call, onceHops, false) {
		return false
	}
	for fn := o.Call.Function(); fn.OK(); fn = fn.Function() {
		if isInline(fn) {
			continue
		}
		if !s.before(o.target(), fn) || s.guardedIn(o, fn) || fn.IsConstructor() {
			return false
		}
		if _, member, _ := fn.InstanceAt(); isTeardown(syntax.MemberName(member)) || isTeardown(ownName(fn)) {
			return false
		}
		r, ok := s.runsAgain(fn)
		if command := commandOf(fn); !ok && command.OK() && s.madeIn(o, fn) && !slices.ContainsFunc(s.removals(o, fn.Descendants()), removal.works) {
			r, ok = rerun{fn, ExitPlace{command, "each time that the command is called"}, ""}, true
		}
		if !ok {
			if callbackOf(fn).ends {
				return false
			}
			continue
		}
		if o.isTakenOnce() && !s.madeIn(o, fn) {
			return false // the same again is no other
		}
		if own := o.registered(); own.OK() && slices.ContainsFunc(s.removals(o, own.Field("body").Own()), removal.works) {
			return false // it takes itself away
		}
		o.Owner = Owner{OwnerBlock, nameOf(fn), fn}
		o.Evidence = append(o.Evidence, "it runs "+r.place.How)
		s.unmet(o, NeverReleased, []ExitPlace{r.place})
		o.gist, o.Form = r, formPeer{}
		return true
	}
	return false
}

// steadyTarget reports whether the target is named by variables and fields alone.
func (s *scan) steadyTarget(o *Obligation) bool {
	for n := o.target().Inner(false); ; n = n.Field("object").Inner(false) {
		switch {
		case n.Is("identifier", "this"):
			return true
		case !n.Is("member_expression"):
			return false
		}
	}
}

// before reports whether the target of a registration was there before a function
// ran, and is not replaced by it.
func (s *scan) before(target, fn syntax.Node) bool {
	root := rootOf(target)
	if root.IsThis() {
		field, isField := target.Inner(false).ThisField()
		if !isField {
			return false
		}
		class, _ := target.Inner(false).FieldOwner()
		if !class.OK() || !fn.Within(class) {
			return false
		}
		return !slices.ContainsFunc(s.refsIn(class)[field], func(r syntax.Node) bool {
			return syntax.IsWrite(r) && !r.Function().IsConstructor()
		})
	}
	sym := root.Symbol()
	if sym == nil {
		return true // a global
	}
	if _, imported := sym.Import(); imported {
		return true
	}
	return !sym.Decl.Within(fn) && sym.Decl != fn && !slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
		return syntax.IsWrite(r)
	})
}

// guardedIn reports whether a registration hangs on a condition that the function
// itself changes, or that asks the target.
func (s *scan) guardedIn(o *Obligation, fn syntax.Node) bool {
	target := squeeze(o.target())
	for n := range fn.Descendants() {
		if !n.Is("if_statement", "ternary_expression") || n.Start() > o.Call.Start() || !o.Call.Within(n.Function()) {
			continue
		}
		for d := range n.Field("condition").Descendants() {
			name, isField := d.ThisField()
			switch sym := d.Symbol(); {
			case d.Is("member_expression", "subscript_expression", "call_expression") && strings.HasPrefix(squeeze(d), target+"."):
				return true
			case isField:
				if class, _ := d.FieldOwner(); class.OK() && slices.ContainsFunc(s.refsIn(class)[name], func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Within(fn) }) {
					return true
				}
			case d.Is("identifier") && sym != nil && slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool { return syntax.IsWrite(r) && r.Within(fn) }):
				return true
			}
		}
	}
	return false
}

// madeIn reports whether the function that is registered is made by each run.
func (s *scan) madeIn(o *Obligation, fn syntax.Node) bool {
	return isBind(o.handler().Inner(false)) || o.handlerFunction().OK() && o.handlerFunction().Within(fn)
}

// runsAgain says what makes a function run again, if that shows.
func (s *scan) runsAgain(fn syntax.Node) (rerun, bool) {
	c := callbackOf(fn)
	if call := c.at; c.repeats {
		event, _ := call.Field("arguments").Child(0).StringValue()
		_, peer := peers[event]
		if emitter := call.Field("function").Inner(false).Field("object"); peer || calleeName(call) == "setInterval" || s.before(emitter, call.Function()) {
			return rerun{fn, ExitPlace{c.at, c.how}, event}, true
		}
	}
	if call := fn.Outer().Parent().Parent(); fn.Outer().Parent().Is("arguments") && isRoute(call) {
		return rerun{fn, ExitPlace{call, "for every request"}, "request"}, true
	}
	if call := fn.Outer().Parent().Parent(); fn.Outer().Parent().Is("arguments") {
		switch o, _ := call.Field("function").Origin(); {
		case o.Last() != "createServer":
		case syntax.ModuleName(o.Module) == "http", syntax.ModuleName(o.Module) == "https":
			return rerun{fn, ExitPlace{call, "for every request"}, "request"}, true
		case syntax.ModuleName(o.Module) == "net":
			return rerun{fn, ExitPlace{call, "for every connection"}, "connection"}, true
		}
	}
	var refs []syntax.Node
	if name := functionName(fn); name != nil {
		refs = name.Refs
	} else if class, member := fn.ThisClass(); class.OK() && syntax.FunctionOf(member) == fn {
		refs = s.refsIn(class)[syntax.MemberName(member)]
	}
	for _, r := range refs {
		if p := r.Outer().Parent(); !r.Within(fn) || isTakenAway(r) || p.Is("member_expression") && p.Field("object").Inner(false) == r && !isBind(p.Parent()) {
			continue // what it has is something else: f.count
		}
		in := r.Function()
		for in != fn && isInline(in) {
			in = in.Function()
		}
		if args := r.Outer().Parent(); in != fn || args.Is("arguments") && calleeName(args.Parent()) == "setTimeout" {
			return rerun{fn, ExitPlace{r, "again, by itself"}, ""}, true
		}
	}
	return rerun{}, false
}

func calleeName(call syntax.Node) string { return lastName(call.Field("function").Inner(false)) }

// isRoute reports whether a call is one that gives a function the requests of a path.
func isRoute(call syntax.Node) bool {
	callee := call.Field("function").Inner(false)
	if !callee.Is("member_expression") || !routes[callee.Field("property").Text()] {
		return false
	}
	path, ok := call.Field("arguments").Child(0).StringValue()
	return ok && strings.HasPrefix(path, "/")
}

var routes = map[string]bool{"get": true, "post": true, "put": true, "patch": true, "delete": true, "all": true, "use": true, "route": true}

// commandOf is the call that makes a function what a command does, which users call as
// often as they like; the zero Node where none does:
//
//	commands.addCommand(id, { execute: f })    commands.registerCommand(id, f)
func commandOf(fn syntax.Node) syntax.Node {
	does := fn.Outer()
	p := does.Parent()
	if p.Is("arguments") && calleeName(p.Parent()) == "registerCommand" && p.Child(0) != does {
		return p.Parent()
	}
	if p.Is("pair") && p.Field("value") == does {
		does, p = p, p.Parent()
	}
	call := p.Outer().Parent().Parent()
	if p.Is("object") && runsCommand[syntax.MemberName(does)] && p.Outer().Parent().Is("arguments") && (calleeName(call) == "addCommand" || calleeName(call) == "addAction") {
		return call
	}
	return syntax.Node{}
}

// runsCommand are the properties of a command's description that say what it does.
var runsCommand = map[string]bool{"execute": true, "exec": true, "run": true, "handler": true, "callback": true}

// formPeer takes a registration away when what the function was called about ends:
// a connection, or the answer to a request.
type formPeer struct{}

func (formPeer) Name() string { return formBlock{}.Name() }

func (formPeer) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	r := o.gist.(rerun)
	peer, end := s.peerOf(r)
	if peer == "" {
		return nil, refuse(NoOwner, "it runs %s, and nothing shows when what it runs for is over: register once, or take it away before it is registered again", r.place.How)
	}
	stmt := o.Handle.Value.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) || stmt.Child(0) != o.Call || o.Call.Function() != r.fn {
		return nil, refuse(TooEntangled, "there is no place beside the registration")
	}
	if root := rootOf(o.target()); root.Text() == peer && root != o.target().Inner(false) {
		return nil, refuse(TooEntangled, "%s may be gone when %s is over", squeeze(o.target()), peer)
	}
	st := styleOf(s.f)
	f := &Fix{Plan: p, Message: fmt.Sprintf("Take the %s away when %s is over", o.Kind.Noun, peer)}
	handler := o.handler().Text()
	if n := o.handler().Inner(false); n.IsFunction() || isBind(n) {
		handler = freshName(handlerName(o), nameTaken(r.fn))
		edits, no := s.hoist(o, stmt, handler)
		if no != nil {
			return nil, no
		}
		f.Edits = append(f.Edits, edits...)
	} else if !n.Is("identifier") {
		return nil, refuse(TooEntangled, "the function that is registered is made in a way that cannot be seen")
	}
	code := fmt.Sprintf("%s.once(%s, () => %s);", peer, st.quote+end+st.quote, s.writeRemoval(o, o.target().Text(), handler, syntax.Node{}))
	f.Edits = append(f.Edits, st.after(stmt, st.fit(code)))
	f.Notes = append(f.Notes, Note{Unsafe, fmt.Sprintf("does %s always tell of its '%s', and is nothing heard of after it that matters?", peer, end)})
	return f, nil
}

// peerOf is what a function is called about, and the event by which it tells that it
// is over; "" where that does not show.
func (s *scan) peerOf(r rerun) (name, end string) {
	index, known := peers[r.event]
	param := r.fn.Field("parameters").Child(index)
	if pattern := param.Field("pattern"); pattern.OK() {
		param = pattern
	}
	if index == 0 && r.fn.Field("parameter").OK() {
		param = r.fn.Field("parameter")
	}
	peer := param.Symbol()
	if !known || !param.Is("identifier") || peer == nil {
		return "", ""
	}
	for _, ref := range peer.Refs {
		m := ref.Outer().Parent()
		call := m.Parent()
		if !m.Is("member_expression") || call.Field("function") != m || !chainable[m.Field("property").Text()] {
			continue
		}
		if event, _ := call.Field("arguments").Child(0).StringValue(); event == "close" || event == "disconnect" {
			return peer.Name, event
		}
	}
	if r.event == "request" {
		return peer.Name, "close"
	}
	if o, _ := r.place.Node.Field("function").Origin(); o.Last() == "createServer" {
		return peer.Name, "close"
	}
	t := syntax.TypeOf(r.place.Node.Field("function").Inner(false).Field("object"))
	switch syntax.ModuleName(t.Module) {
	case "net", "tls", "ws", "http", "https", "http2":
		return peer.Name, "close"
	case "socket.io":
		return peer.Name, "disconnect"
	}
	return "", ""
}

// peers is, by the event, which parameter of its listener ends in its own time.
var peers = map[string]int{"connection": 0, "secureConnection": 0, "session": 0, "stream": 0, "request": 1, "upgrade": 1}
