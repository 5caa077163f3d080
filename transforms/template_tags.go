package transforms

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// template says how a framework's templates are read, to find out whether they show
// something on every way.
type template struct {
	isTag   func(tag string) bool  // whether a tag, as it is written, is what is looked for
	decides func(attr string) bool // whether an attribute decides if its element is there
	mayHide func(tag string) bool  // whether an element may leave out what stands in it
	blocks  bool                   // braces in the text open blocks that decide, too
}

// showsAlways reports whether a template has elements of what is looked for, and all of
// them without a condition: on themselves, or on what is around.
func (t template) showsAlways(src []byte) bool {
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
			if t.blocks {
				blocks = blocksAfter(string(z.Raw()), blocks)
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := tagOf(z.Raw())
			lower, has := z.TagName()
			tag := open{name: string(lower)}
			for has {
				var key []byte
				key, _, has = z.TagAttr()
				tag.maybe = tag.maybe || t.decides(string(key))
			}
			if t.isTag(raw) {
				if tag.maybe || blocks > 0 || slices.ContainsFunc(around, func(a open) bool { return a.maybe }) {
					return false
				}
				found = true
			}
			tag.maybe = tag.maybe || t.mayHide(raw)
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

// tagOf is the name of a tag as it is written.
func tagOf(raw []byte) string {
	text := strings.TrimLeft(string(raw), "<")
	if end := strings.IndexAny(text, " \t\r\n/>"); end >= 0 {
		text = text[:end]
	}
	return text
}

// void are the elements that have no end.
var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true,
	"source": true, "track": true, "wbr": true,
}
