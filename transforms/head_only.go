package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// The answer to a HEAD has nothing to read. Until somebody begins to read, it is kept from the
// agent all the same, which would keep its connection for the next request. An agent that keeps
// none has the server close it at once, and then nothing is held.

// keepsAlive is the first release of Node whose own agents keep connections.
const keepsAlive = 19

// closedByServer reports whether what gives an answer asks for the head alone, by no agent of
// its own, and Node's keeps no connection.
func (s *scan) closedByServer(o *Obligation) bool {
	for arg := range o.Call.Field("arguments").Children() {
		options := arg.Inner(false)
		if sym := options.Symbol(); options.Is("identifier") && sym != nil && sym.Constant() && !isChanged(sym) {
			options = sym.Init().Inner(false)
		}
		method, _ := optionIn(options, "method").StringValue()
		if options.Is("object") && strings.ToUpper(method) == "HEAD" && !mayHave(options, "agent") {
			return s.Project.NodeBefore(s.f.Path, keepsAlive)
		}
	}
	return false
}

// isChanged reports whether a part of what a variable holds is written.
func isChanged(sym *syntax.Symbol) bool {
	for _, r := range sym.Refs {
		if m := r.Outer().Parent(); m.Is("member_expression", "subscript_expression") && syntax.IsWrite(m) {
			return true
		}
	}
	return false
}

// mayHave reports whether an object literal may have a property of that name.
func mayHave(object syntax.Node, key string) bool {
	for c := range object.Children() {
		if c.Is("spread_element") || c.Field("key").Is("computed_property_name") || c.Field("key").Text() == key || c.Is("shorthand_property_identifier") && c.Text() == key {
			return true
		}
	}
	return false
}
