package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// The socket of a request serves the next one, too: connections are kept alive. What
// each request registers with it adds up, and one that waits for it to connect may
// wait for ever, as it is connected already.

// judgeKeptAlive judges a registration with the socket of a request, which a function
// was given. It says nothing (false) of others.
func (s *scan) judgeKeptAlive(o *Obligation) bool {
	if o.Acquire.Pattern.Anchor == "addEventListener" {
		return false
	}
	request := s.requestOf(o.target())
	fn := syntax.Node{}
	if sym := rootOf(request).Symbol(); sym != nil && sym.Kind == syntax.Parameter {
		fn = sym.Decl.Function()
	}
	if !fn.OK() || s.asksSocket(o, fn) || takesOver(fn) {
		return false
	}
	if event, _ := o.event().Inner(false).StringValue(); o.firesOnce() && !maybeNever[event] {
		return false
	}
	r, known := s.runsAgain(fn)
	if !known {
		r = rerun{fn: fn, place: ExitPlace{Node: fn}}
	}
	r.place.How = "for every request, and the socket serves the next one"
	o.Owner = Owner{OwnerBlock, nameOf(fn), fn}
	o.Evidence = append(o.Evidence, "the socket of "+squeeze(request))
	s.unmet(o, NeverReleased, []ExitPlace{r.place})
	o.gist, o.Form = r, formPeer{}
	return true
}

// requestOf is the request, or the answer to one, whose socket an expression is; the
// zero Node for all else.
func (s *scan) requestOf(n syntax.Node) syntax.Node {
	n = n.Inner(false)
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Kind == syntax.Parameter { // request.on('socket', (n) => ..)
		call := callbackOf(sym.Decl.Function()).at
		request := call.Field("function").Inner(false).Field("object").Inner(false)
		if event, _ := call.Field("arguments").Child(0).StringValue(); event == "socket" && slices.Contains(requestNames, lastName(request)) {
			return request
		}
		return syntax.Node{}
	}
	if sym := n.Symbol(); n.Is("identifier") && sym != nil && sym.Constant() {
		n = sym.Init().Inner(false)
	}
	if !n.Is("member_expression") {
		return syntax.Node{}
	}
	if name := n.Field("property").Text(); name != "socket" && name != "connection" {
		return syntax.Node{}
	}
	object := n.Field("object").Inner(false)
	if !slices.Contains(requestNames, lastName(object)) {
		return syntax.Node{}
	}
	return object
}

var requestNames = []string{"req", "request", "res", "response", "raw", "clientRequest", "clientReq", "proxyReq", "proxyRes"}

// maybeNever are events that a socket does not tell of while it serves, or not again.
var maybeNever = map[string]bool{
	"connect": true, "secureConnect": true, "lookup": true, "ready": true, "close": true, "end": true, "timeout": true, "error": true,
}

// asksSocket reports whether the function looks at the socket before it registers:
// whether it is connected, or was seen before.
func (s *scan) asksSocket(o *Obligation, fn syntax.Node) bool {
	if s.guardedIn(o, fn) {
		return true
	}
	for n := range fn.Descendants() {
		if !n.Is("if_statement", "ternary_expression", "binary_expression") || n.Start() > o.Call.Start() || !o.Call.Within(n.Function()) {
			continue
		}
		condition := n.Field("condition")
		if n.Is("binary_expression") {
			condition = n.Field("left")
		}
		for d := range condition.Descendants() {
			if d.Is("identifier", "property_identifier") && strings.Contains(strings.ToLower(d.Text()), "connecting") {
				return true
			}
			if d.Is("call_expression") && !d.Field("function").Field("property").OK() {
				continue
			}
			if name := calleeName(d); d.Is("call_expression") && (name == "has" || name == "listenerCount" || name == "includes") {
				return true
			}
		}
	}
	return false
}

// takesOver reports whether a function takes the socket for good: it was asked to
// upgrade the connection.
func takesOver(fn syntax.Node) bool {
	for _, p := range parametersOf(fn) {
		if p.Name == "head" || p.Name == "upgradeHead" || p.Name == "ws" {
			return true
		}
	}
	event, _ := callbackOf(fn).at.Field("arguments").Child(0).StringValue()
	return event == "upgrade" || event == "connect" || event == "connection"
}
