package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// anew releases what a place of a setup holds before a function that may run several times
// puts another there, where that is what is copied: nothing else can tell which it was.
func (e *setupEdit) anew(o *Obligation, d *setupDebt, release string) *Refusal {
	if !o.Kind.Copied || d.times != later {
		return nil
	}
	fn := o.Call.Function()
	if slices.ContainsFunc(o.releases, func(at syntax.Node) bool { return at.Function() == fn && at.Start() < o.Call.Start() }) {
		return nil
	}
	for around := fn; around.OK() && around != e.c.root; around = around.Function() {
		if name := calleeName(callAround(around)); strings.HasPrefix(name, "watch") || strings.HasPrefix(name, "$effect") || name == "computed" {
			return refuse(TooEntangled, "it is made anew by what is watched, which would watch what is released before")
		}
	}
	stmt := o.Call.Statement()
	if !stmt.Is("expression_statement") || !inBlock(stmt) {
		return refuse(TooEntangled, "there is no place to release the one before")
	}
	e.edits = append(e.edits, e.st.before(stmt, release+";"))
	return nil
}

// isDrawn reports whether a mention is a part of what its component draws.
func isDrawn(n syntax.Node) bool {
	return n.Ancestor("jsx_attribute", "jsx_expression").OK()
}
