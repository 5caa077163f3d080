package transforms

import (
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// qualified writes a release that is a function of the acquisition's module by
// the name under which the file has it: fs.openSync(..) is released by
// fs.closeSync(..), a function that was imported by name by another that is, or
// that mend imports.
func (s *scan) qualified(o *Obligation, r Release, release string) (string, *Refusal) {
	callee := o.Call.Field("function").Inner(false)
	origin, ok := callee.Origin()
	if !ok || origin.Module == "" || !r.Pattern.Rooted() || slices.Contains(o.Acquire.From, "global") {
		return release, nil
	}
	named := r.Pattern.Root().Field("function")
	rest := strings.TrimPrefix(release, named.Text())
	if callee.Is("member_expression") {
		return callee.Field("object").Text() + "." + r.Pattern.Anchor + rest, nil
	}
	if named.Is("member_expression") {
		return "", refuse(ReleaseUnknown, "what has %s is not named here", named.Text())
	}
	if local, ok := s.f.Imports().Local(origin.Module, r.Pattern.Anchor); ok {
		return local + rest, nil
	}
	if !specifier(callee).OK() {
		return "", refuse(ReleaseUnknown, "%s is not imported from %s", r.Pattern.Anchor, syntax.ModuleName(origin.Module))
	}
	if _, other := s.mentioned(r.Pattern.Anchor); other {
		return "", refuse(NameTaken, "%s is something else in this file", r.Pattern.Anchor)
	}
	return release, nil
}

// mentioned reports whether the file mentions a name, and whether it declares it.
func (s *scan) mentioned(name string) (found, declared bool) {
	for d := range s.f.Root().Descendants() {
		if d.Is("identifier", "shorthand_property_identifier", "shorthand_property_identifier_pattern") && d.Text() == name {
			found, declared = true, declared || d.Symbol() != nil
		}
	}
	return found, declared
}

// specifier is the place in a list of imported names, or of those taken out of
// what require returned, that declares an identifier.
func specifier(n syntax.Node) syntax.Node {
	sym := n.Symbol()
	if _, imported := sym.Import(); !imported {
		return syntax.Node{}
	}
	at := sym.Node
	if p := at.Parent(); p.Is("import_specifier", "pair_pattern") {
		at = p
	}
	if at.Is("import_specifier", "pair_pattern", "shorthand_property_identifier_pattern") {
		return at
	}
	return syntax.Node{}
}

// importReleases imports the functions that the edits of a fix call, and that
// the file does not have.
func (s *scan) importReleases(fix *Fix) {
	added := map[string]bool{}
	for _, o := range fix.Plan.Obligations {
		r, ok := s.chooseRelease(o)
		at := specifier(o.Call.Field("function").Inner(false))
		if !ok || !at.OK() || !r.Pattern.Rooted() || slices.Contains(o.Acquire.From, "global") || added[r.Pattern.Anchor] {
			continue
		}
		origin, _ := o.Call.Field("function").Origin()
		if _, there := s.f.Imports().Local(origin.Module, r.Pattern.Anchor); there {
			continue
		}
		if found, _ := s.mentioned(r.Pattern.Anchor); found {
			continue // it is there in some other way
		}
		if !slices.ContainsFunc(fix.Edits, func(e patch.Edit) bool { return strings.Contains(e.New, r.Pattern.Anchor+"(") }) {
			continue
		}
		added[r.Pattern.Anchor] = true
		fix.Edits = appendAt(fix.Edits, patch.Edit{Start: at.End(), End: at.End(), New: ", " + r.Pattern.Anchor})
	}
}
