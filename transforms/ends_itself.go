package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// closesItself reports whether a one-shot of a component of Vue 2 does nothing but close it
// where it is not closed yet, and the component is ended by nobody but itself, once that it
// has gone out of sight: then it is closed.
//
//	startTimer() { this.timer = setTimeout(() => { if (!this.closed) this.close(); }, this.duration); }
//	afterLeave() { this.$destroy(true); }
func (s *scan) closesItself(o *Obligation, in *instance) bool {
	flag := flagAsked(functionGiven(o.Call.Field("arguments").Child(0)))
	if flag == "" || !s.endsBySelf(in) {
		return false
	}
	shut := false
	for _, ref := range in.refs[flag] {
		p := ref.Outer().Parent()
		if !p.Is("assignment_expression") || p.Field("left").Inner(false) != ref {
			continue
		}
		if !p.Field("right").Is("true") {
			return false // it opens again
		}
		shut = true
	}
	return shut
}

// flagAsked is the field of an instance that a function asks not to be set before it does
// anything; "" for none.
func flagAsked(fn syntax.Node) string {
	body := fn.Field("body")
	if body.Len() != 1 || !body.Child(0).Is("if_statement") || body.Child(0).Field("alternative").OK() {
		return ""
	}
	asked := body.Child(0).Field("condition").Inner(false)
	if !asked.Is("unary_expression") || asked.Field("operator").Text() != "!" {
		return ""
	}
	name, _ := asked.Field("argument").Inner(false).ThisField()
	return name
}

// endsBySelf reports whether a component ends itself, and is made by hand: all that imports
// it extends Vue by it.
func (s *scan) endsBySelf(in *instance) bool {
	ends := slices.ContainsFunc(in.refs["$destroy"], func(ref syntax.Node) bool {
		_, member := ref.ThisClass()
		return member.OK() && ref.Outer().Parent().Field("function").Inner(false) == ref && !slices.Contains(endsOf2, syntax.MemberName(member))
	})
	base := strings.TrimSuffix(path.Base(s.f.Path), path.Ext(s.f.Path))
	if !ends || base == "" {
		return false
	}
	imports := s.Project.DefaultImportsOf(s.ctx, s.f.Path, []string{base, strings.ToUpper(base[:1]) + base[1:]})
	return len(imports) > 0 && !slices.ContainsFunc(imports, func(sym *syntax.Symbol) bool {
		return slices.ContainsFunc(sym.Refs, func(r syntax.Node) bool {
			args := r.Outer().Parent()
			return r != sym.Node && !(args.Is("arguments") && calleeName(args.Parent()) == "extend")
		})
	})
}
