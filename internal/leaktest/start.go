package leaktest

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// started is what a test does with an instance so that it acquires, and how long
// what is acquired is there for sure.
type started struct {
	calls []string // methods; none where making the instance acquires
	ends  int      // milliseconds until the first ends by itself; 0: none does
	// together: several instances do not get in each other's way, as two that
	// listen at one port would.
	together bool
}

// start finds the methods that acquire what the fix releases. What it cannot
// reach is left out of the test; if that is all, it says why for the first.
func (w *writer) start(s *subject) (started, *Refusal) {
	out := started{together: true}
	var first *Refusal
	found := false
	for _, o := range s.released {
		call, ends, no := w.acquiring(s, o)
		if no != nil {
			if first == nil {
				first = no
			}
			continue
		}
		found = true
		out.together = out.together && slices.Contains(o.Acquire.From, "global")
		if call != "" && !slices.Contains(out.calls, call) {
			out.calls = append(out.calls, call)
		}
		if ends > 0 && (out.ends == 0 || ends < out.ends) {
			out.ends = ends
		}
	}
	if !found {
		return started{}, first
	}
	return out, nil
}

// acquiring finds the method to call for one acquisition; "" for none.
func (w *writer) acquiring(s *subject, o *transforms.Obligation) (call string, ends int, no *Refusal) {
	if !seen(o.Kind) {
		return "", 0, refuse(NotSeen, "Node does not tell whether the %s is alive", o.Kind.Noun)
	}
	if o.Kind.OneShot {
		if ends = delay(o.Call); ends < shortest {
			return "", 0, refuse(TooShort, "the %s may end by itself before a test can look", o.Kind.Noun)
		}
	}
	_, member := o.Call.ThisClass()
	if !member.OK() {
		return "", 0, refuse(NoStart, "it is not the instance that acquires")
	}
	c := newCalls(member.Class())
	if !c.sure(o.Call, member, o.Handle.Field) {
		return "", 0, refuse(Conditional, "%s acquires on some ways only", nameOrField(member))
	}
	m, ok := c.entry(member, nil)
	if !ok {
		return "", 0, refuse(NoStart, "nothing that a test can call without arguments runs %s for sure", nameOrField(member))
	}
	if m.Name == "constructor" || !m.Method {
		return "", ends, nil
	}
	if m.Name == s.teardown {
		return "", 0, refuse(NoStart, "it is the teardown that acquires")
	}
	if field := c.setFromOutside(m.Node, member); field != "" {
		return "", 0, refuse(SetFromOutside, "%s() reads this.%s, which nothing in the class sets", m.Name, field)
	}
	return m.Name, ends, nil
}

func nameOrField(member syntax.Node) string {
	if name := syntax.MemberName(member); member.Is("method_definition") {
		return name + "()"
	} else {
		return name
	}
}

// nodes lists the functions and classes of Node whose handles it tells of.
var nodes = map[string][]string{
	"global":         {"setInterval", "setTimeout", "setImmediate"},
	"timers":         {"setInterval", "setTimeout", "setImmediate"},
	"http":           {"listen"},
	"https":          {"listen"},
	"http2":          {"listen"},
	"net":            {"listen"},
	"tls":            {"listen"},
	"dgram":          {"createSocket", "bind"},
	"fs":             {"watch"},
	"child_process":  {"spawn", "fork", "exec", "execFile"},
	"worker_threads": {"Worker"},
}

// seen reports whether the kind is about handles of Node: one of its ways to
// acquire is Node's, and what the others make is released alike.
func seen(k *transforms.Kind) bool {
	for _, a := range k.Acquire {
		for _, module := range a.From {
			if slices.Contains(nodes[module], a.Pattern.Anchor) {
				return true
			}
		}
	}
	return false
}

// shortest is for how many milliseconds something must be there to be looked at.
const shortest = 200

// delay is after how many milliseconds, at least, what a call makes ends by
// itself, as its second argument says; 0: cannot be told.
func delay(call syntax.Node) int {
	n, ok := number(call.Field("arguments").Child(1), 4)
	if !ok || n > 1<<30 {
		return 0
	}
	return n
}

// number evaluates literals, products of them, and constants and fields that
// only ever hold one.
func number(n syntax.Node, depth int) (int, bool) {
	n = n.Inner(false)
	if depth == 0 {
		return 0, false
	}
	switch {
	case n.Is("number"):
		value := 0
		for _, digit := range strings.ReplaceAll(n.Text(), "_", "") {
			if digit < '0' || digit > '9' || value > 1<<40 {
				return 0, false
			}
			value = value*10 + int(digit-'0')
		}
		return value, true
	case n.Is("binary_expression") && n.HasToken("*"):
		a, okA := number(n.Field("left"), depth-1)
		b, okB := number(n.Field("right"), depth-1)
		return a * b, okA && okB && a < 1<<20 && b < 1<<30
	case n.Is("identifier"):
		if sym := n.Symbol(); sym != nil && sym.Constant() {
			return number(sym.Init(), depth-1)
		}
		return 0, false
	}
	field, isField := n.ThisField()
	class, _ := n.ThisClass()
	if !isField || !class.OK() {
		return 0, false
	}
	c := newCalls(class)
	for _, m := range c.members {
		if m.Name == field && !m.Method && !m.Static && !c.assigned(field) {
			return number(m.Node.Field("value"), depth-1)
		}
	}
	return 0, false
}
