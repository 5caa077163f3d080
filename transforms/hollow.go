package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// A method may have the name of a teardown and be none: a close() that only changes how
// an element looks is the counterpart of an opening, and one that does nothing is there
// because an interface asks for it.

// isHollow reports whether a function does nothing.
func isHollow(fn syntax.Node) bool {
	body := fn.Field("body")
	if !body.Is("statement_block") {
		return false
	}
	for stmt := range body.Children() {
		if !stmt.Is("comment", "empty_statement") {
			return false
		}
	}
	return true
}

// onlyShows reports whether a function does nothing but change how elements look.
func onlyShows(fn syntax.Node) bool {
	body := fn.Field("body")
	shows := false
	for stmt := range body.Children() {
		n := stmt.Child(0).Inner(false)
		switch {
		case stmt.Is("comment"):
		case !stmt.Is("expression_statement"):
			return false
		case n.Is("assignment_expression") && looks(n.Field("left").Inner(false)):
			shows = true
		case n.Is("call_expression") && looks(n.Field("function").Inner(false)):
			shows = true
		default:
			return false
		}
	}
	return shows
}

// looks: el.classList.remove, el.setAttribute, el.style.display, el.hidden
func looks(n syntax.Node) bool {
	switch name := n.Field("property").Text(); name {
	case "setAttribute", "removeAttribute", "toggleAttribute", "addClass", "removeClass", "toggleClass", "hidden", "focus", "blur":
		return true
	}
	object := lastName(n.Field("object").Inner(false))
	return object == "classList" || object == "style" || strings.HasPrefix(object, "dataset")
}
