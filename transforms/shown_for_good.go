package transforms

import (
	"bytes"
	"path"
	"strings"

	"golang.org/x/net/html"

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
		if path.Ext(by.Path) != ".vue" || !showsAlways(by.Src(), strings.TrimSuffix(path.Base(f.Path), ".vue")) || !s.isShownForGood(by, hops-1) {
			return false
		}
	}
	return len(importers) > 0
}

// showsAlways reports whether a component file's template has elements of a component, and
// all of them without a condition: none around, and no other component that might leave
// out what stands in it.
func showsAlways(src []byte, name string) bool {
	z := html.NewTokenizer(bytes.NewReader(src))
	type open struct {
		name  string
		maybe bool
	}
	var around []open
	found := false
	for {
		kind := z.Next()
		switch kind {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := tagOf(z.Raw())
			lower, has := z.TagName()
			tag := open{name: string(lower)}
			for has {
				var key []byte
				key, _, has = z.TagAttr()
				switch attr := string(key); {
				case attr == "v-if", attr == "v-else", attr == "v-else-if", attr == "v-for", strings.HasPrefix(attr, "#"), strings.HasPrefix(attr, "v-slot"), attr == ":is", attr == ":key":
					tag.maybe = true
				}
			}
			if sameTag(raw, name) {
				if tag.maybe {
					return false
				}
				for _, a := range around {
					if a.maybe {
						return false
					}
				}
				found = true
			}
			tag.maybe = tag.maybe || strings.ToLower(raw) != raw || strings.Contains(raw, "-") || tag.name == "slot" || tag.name == "component" || tag.name == "transition"
			if kind == html.StartTagToken && !void[tag.name] {
				around = append(around, tag)
			}
		case html.EndTagToken:
			lower, _ := z.TagName()
			for i := len(around) - 1; i >= 0; i-- {
				if around[i].name == string(lower) {
					around = around[:i]
					break
				}
			}
		}
	}
}

// tagOf is the name of a tag as it is written.
func tagOf(raw []byte) string {
	text := strings.TrimLeft(string(raw), "<")
	if end := strings.IndexAny(text, " \t\r\n/>"); end >= 0 {
		text = text[:end]
	}
	return text
}

// sameTag reports whether a tag is that of a component, in either way of writing it.
func sameTag(tag, name string) bool {
	return strings.EqualFold(strings.ReplaceAll(tag, "-", ""), name)
}

// void are the elements that have no end.
var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true,
	"source": true, "track": true, "wbr": true,
}
