package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A timer that begins anew what the teardown ends is not soon over, however soon it
// fires: what it begins stays.

// beginners are the verbs of methods that begin what a teardown ends.
var beginners = map[string]bool{
	"start": true, "restart": true, "connect": true, "reconnect": true, "open": true, "reopen": true, "listen": true,
	"spawn": true, "respawn": true, "launch": true, "relaunch": true, "resubscribe": true,
}

// beginsAnew reports whether the callback of a one-shot calls a method of the instance
// that begins what its teardown ends, and nothing on the way asks whether the instance
// has ended.
func (s *scan) beginsAnew(o *Obligation, in *instance) bool {
	if in.teardown == nil || !in.teardown.own.OK() {
		return false
	}
	r := s.runsOf(in, true, s.callbackOf(in, o)...)
	begins := slices.ContainsFunc(r.code, func(body syntax.Node) bool {
		for n := range body.Descendants() {
			name, ok := n.Field("function").ThisField()
			if words := wordsOf(name); n.Is("call_expression") && ok && len(words) > 0 && beginners[words[0]] {
				return true
			}
		}
		return false
	})
	return begins && !slices.ContainsFunc(r.code, func(body syntax.Node) bool { return s.asksForEnd(in, body) })
}

// callbackOf are the functions that the callback of a one-shot is, names, binds, or is
// made of.
func (s *scan) callbackOf(in *instance, o *Obligation) []syntax.Node {
	given := o.Call.Field("arguments").Child(0).Inner(false)
	if given.Is("call_expression") { // wrapped(() => {})
		if fn := given.Field("arguments").Child(0).Inner(false); fn.IsFunction() {
			return []syntax.Node{fn}
		}
	}
	return s.runBy(in, given)
}

// asksForEnd reports whether some code looks at a field that the teardown writes, in a
// way that can tell that the instance has ended: not whether there still is what the
// teardown has taken out.
func (s *scan) asksForEnd(in *instance, code syntax.Node) bool {
	for n := range code.Descendants() {
		if !n.Is("if_statement", "ternary_expression") {
			continue
		}
		for d := range n.Field("condition").Descendants() {
			name, ok := d.ThisField()
			if !ok {
				continue
			}
			for _, ref := range in.refs[name] {
				p := ref.Outer().Parent()
				if !syntax.IsWrite(ref) || !ref.Within(in.teardown.own) {
					continue
				}
				negated := d.Outer().Parent().Is("unary_expression")
				if out := isNothing(p.Field("right").Inner(false)) || p.Field("right").Is("false"); !out || negated || d.Outer().Parent().Is("binary_expression") {
					return true
				}
			}
		}
	}
	return false
}
