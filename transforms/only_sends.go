package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// A method that is called like one that connects may do no more than send a message by
// what the instance was given: nothing is acquired then.

// onlySends reports whether a method of a class, as far as it is written there, makes
// nothing and waits for nothing, and writes to what the instance was given.
func (s *scan) onlySends(holder project.Class, m syntax.Member) bool {
	fn := m.Function()
	if !fn.OK() || fn.IsAsync() || !holder.Node.IsOwner() {
		return false
	}
	there := newScan(s.ctx, s.Detector, holder.File)
	in := there.instance(holder.Node)
	sent := false
	return in.makesNothing(fn, &sent, maxHops) && sent
}

// makesNothing reports whether a function makes nothing, as far as that can be told; and
// sets sent where it writes to something that the instance was given.
func (in *instance) makesNothing(fn syntax.Node, sent *bool, hops int) bool {
	if hops == 0 {
		return false
	}
	for n := range fn.Field("body").Descendants() {
		if n.Is("await_expression", "yield_expression") || n.Is("new_expression") && !strings.HasSuffix(n.Field("constructor").Text(), "Error") {
			return false
		}
		if !n.Is("call_expression") {
			continue
		}
		callee := n.Field("function").Inner(false)
		if field, ok := callee.Field("object").Inner(false).ThisField(); ok {
			switch callee.Field("property").Text() {
			case "write", "send", "postMessage", "publish":
				*sent = *sent || in.borrowed(field)
			}
		}
		if words := wordsOf(calleeName(n)); len(words) > 0 && makingWords[words[0]] {
			return false
		}
		if name, ok := callee.ThisField(); ok {
			for _, m := range in.members {
				if m.Name == name && m.Function().OK() && m.Function() != fn && !in.makesNothing(m.Function(), sent, hops-1) {
					return false
				}
			}
		}
	}
	return true
}

// makingWords are words that say that something comes into being.
var makingWords = map[string]bool{
	"connect": true, "open": true, "listen": true, "create": true, "start": true, "begin": true, "spawn": true, "fork": true, "fetch": true, "dial": true, "request": true,
}
