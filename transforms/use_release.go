package transforms

import (
	"slices"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// releaseAt returns the call that releases the handle mentioned at ref.
func (s *scan) releaseAt(o *Obligation, ref syntax.Node) syntax.Node {
	var found syntax.Node // the widest: h.tracks().forEach(..)
	for n := ref.Parent(); n.OK() && !n.IsStatement(); n = n.Parent() {
		if n.Is("call_expression") && s.releases(o, n, ref) {
			found = n
		}
	}
	return found
}

// releases reports whether a call releases the handle.
func (s *scan) releases(o *Obligation, call, handle syntax.Node) bool {
	for _, r := range o.Kind.Release {
		if callee := r.Pattern.Callee(); callee != "" && callee != "HANDLE" && !o.Bindings[callee].OK() {
			continue // another acquisition's
		}
		given := syntax.Bindings{"HANDLE": handle}
		for _, v := range r.Pattern.Vars {
			if b, ok := o.Bindings[v]; ok && v != "HANDLE" {
				given[v] = b
			}
		}
		b, ok := r.Pattern.MatchCallee(call, given)
		if !ok {
			continue
		}
		if r.Pattern.Rooted() && r.Pattern.Has("HANDLE") && !handle.Within(call.Field("arguments").Child(0)) {
			continue // close(other, () => handle)
		}
		if r.Done || r.Pattern.Root().Field("arguments").Len() == 0 {
			return true
		}
		if _, ok = r.Pattern.Match(call, b); ok {
			return true
		}
		if same := standsForSame(b, call); same != nil {
			if _, ok = r.Pattern.Match(call, same); ok {
				return true
			}
		}
	}
	return false
}

// takesHandle reports whether a call is one of the functions of the module that
// the handle, which has no methods, is from: read(fd, ..).
func (s *scan) takesHandle(o *Obligation, call syntax.Node) bool {
	if !o.Acquire.Pattern.Rooted() || !o.Kind.Release[0].Pattern.Rooted() || slices.Contains(o.Acquire.From, "global") {
		return false
	}
	origin, ok := call.Field("function").Origin()
	if !ok || origin.Module == "" || !o.Acquire.fromModule(origin) {
		return false
	}
	for _, r := range o.Kind.Release { // with other arguments, which may do as well
		if r.Pattern.Anchor == origin.Last() {
			return false
		}
	}
	return true
}

func (s *scan) isReleaseName(k *Kind, name string) bool {
	for _, r := range k.Release {
		if r.Pattern.Anchor == name && !r.Pattern.Rooted() {
			return true
		}
	}
	return false
}
