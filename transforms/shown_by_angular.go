package transforms

import (
	"bytes"
	"path"
	"strings"

	"golang.org/x/net/html"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// rootFiles are what the tools of Angular call the file of an application's root.
var rootFiles = []string{"app.component.ts", "app.ts"}

// isShownByAngularRoot reports whether the template of an application's root shows a
// component, by its selector, and on every way: no block or directive around decides about
// it. Of the application it is the nearest root above the component's file.
func (s *scan) isShownByAngularRoot(class syntax.Node) bool {
	selector := selectorOf(class)
	if selector == "" || strings.ContainsAny(selector, "[]., :") {
		return false
	}
	for dir := path.Dir(s.f.Path); ; dir = path.Dir(dir) {
		for _, name := range rootFiles {
			f, err := s.Project.Load(s.ctx, path.Join(dir, name))
			if err != nil || f == nil {
				continue
			}
			return f.Path != s.f.Path && s.rootShows(f, selector)
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}

// selectorOf is the selector of an Angular component; "" of anything else.
func selectorOf(class syntax.Node) string {
	decorator, _ := decoratorOf(class)
	if calleeName(decorator) != "Component" {
		return ""
	}
	selector, _ := optionOf(decorator, "selector").StringValue()
	return selector
}

// rootShows reports whether the template of a component in a file shows a selector for good.
func (s *scan) rootShows(f *syntax.File, selector string) bool {
	for n := range f.Root().Descendants() {
		if !n.IsClass() || selectorOf(n) == "" {
			continue
		}
		decorator, _ := decoratorOf(n)
		template := optionOf(decorator, "template")
		text, written := template.StringValue()
		if template.Is("template_string") {
			text, written = template.Text(), true
		}
		if url, ok := optionOf(decorator, "templateUrl").StringValue(); !written && ok {
			src, err := s.Project.Read(path.Join(path.Dir(f.Path), url))
			text, written = string(src), err == nil
		}
		return written && templateShows([]byte(text), selector)
	}
	return false
}

// templateShows reports whether a template of Angular has elements of a selector, and all of
// them on every way: what stands in a component is there, whatever that shows, but not what
// stands in a template, below a directive with a star, or in a block.
func templateShows(src []byte, selector string) bool {
	z := html.NewTokenizer(bytes.NewReader(src))
	type open struct {
		name  string
		maybe bool
	}
	var around []open
	blocks, found := 0, false
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return found
		case html.TextToken:
			blocks = blocksAfter(string(z.Raw()), blocks)
		case html.StartTagToken, html.SelfClosingTagToken:
			lower, has := z.TagName()
			tag := open{string(lower), string(lower) == "ng-template"}
			for has {
				var key []byte
				key, _, has = z.TagAttr()
				tag.maybe = tag.maybe || strings.HasPrefix(string(key), "*")
			}
			maybe := tag.maybe || blocks > 0
			for _, a := range around {
				maybe = maybe || a.maybe
			}
			if tag.name == strings.ToLower(selector) {
				if maybe {
					return false
				}
				found = true
			}
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

// blocksAfter counts the blocks that are open after a text: @if (wide) { .. }. The braces
// of {{ interpolations }} are even.
func blocksAfter(text string, blocks int) int {
	return max(0, blocks+strings.Count(text, "{")-strings.Count(text, "}"))
}
