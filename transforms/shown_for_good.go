package transforms

import (
	"path"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What the root of an application shows always is there as long as the page.

// shownHops bounds over how many components that is followed.
const shownHops = 4

// judgeShownForGood takes what a component never releases for the page's where its
// instances are only ever parts of the root, shown without any condition.
func (s *scan) judgeShownForGood(o *Obligation) {
	s.judgeShownByRoot(o)
	if o.Status != Unmet || o.Way != NeverReleased || o.Standing != Leak || !s.isPartOfRoot(o) {
		return
	}
	o.Status, o.Form, o.Exits, o.Refusal = Moved, nil, nil, nil
	o.step(o.Call, "moved: the root shows it for good, as long as the page is there")
}

// isPartOfRoot asks that of the component that something is acquired in.
func (s *scan) isPartOfRoot(o *Obligation) bool {
	if path.Ext(s.f.Path) == ".vue" {
		return s.isShownForGood(s.f, shownHops)
	}
	class, _ := o.Call.ThisClass()
	return class.IsClass() && s.isShownByAngularRoot(class)
}

func (s *scan) isShownForGood(f *syntax.File, hops int) bool {
	if isRootFile(f) {
		return true
	}
	if hops == 0 || path.Ext(f.Path) != ".vue" {
		return false
	}
	importers := s.Project.ImportersOf(s.ctx, f.Path)
	for _, by := range importers {
		if path.Ext(by.Path) != ".vue" || !vueTemplate(strings.TrimSuffix(path.Base(f.Path), ".vue")).showsAlways(by.Src()) || !s.isShownForGood(by, hops-1) {
			return false
		}
	}
	return len(importers) > 0
}

// vueTemplate looks for a component by its name in a file of Vue. A component around it may
// leave out what stands in it.
func vueTemplate(name string) template {
	return template{
		isTag: func(tag string) bool { return sameTag(tag, name) },
		decides: func(attr string) bool {
			return slices.Contains(vueConditions, attr) || strings.HasPrefix(attr, "#") || strings.HasPrefix(attr, "v-slot")
		},
		mayHide: func(tag string) bool {
			return strings.ToLower(tag) != tag || strings.Contains(tag, "-") || tag == "slot" || tag == "component" || tag == "transition"
		},
	}
}

// vueConditions are attributes by which an element is there or not, or another one each time.
var vueConditions = []string{"v-if", "v-else", "v-else-if", "v-for", ":is", ":key"}

// sameTag reports whether a tag is that of a component, in either way of writing it.
func sameTag(tag, name string) bool {
	return strings.EqualFold(strings.ReplaceAll(tag, "-", ""), name)
}
