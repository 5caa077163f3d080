package transforms

import (
	"path"
	"strings"

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
			rel := path.Join(dir, name)
			if !s.Project.IsFile(rel) {
				continue
			}
			f, err := s.Project.Load(s.ctx, rel)
			return err == nil && f.Path != s.f.Path && s.rootShows(f, selector)
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
		return written && angularTemplate(selector).showsAlways([]byte(text))
	}
	return false
}

// angularTemplate looks for a component by its selector in a template of Angular: what stands
// in a component is there, whatever that shows, but not what stands in a template, below a
// directive with a star, or in a block.
func angularTemplate(selector string) template {
	return template{
		isTag:   func(tag string) bool { return strings.EqualFold(tag, selector) },
		decides: func(attr string) bool { return strings.HasPrefix(attr, "*") },
		mayHide: func(tag string) bool { return strings.EqualFold(tag, "ng-template") },
		blocks:  true,
	}
}
