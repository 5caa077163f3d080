package project

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
)

// outline is what is known of a file without parsing it: a file that hands on all of
// fifty others is asked often, and most of them need not be parsed for one name.
type outline struct {
	barrel   *barrel  // nil: it is none
	any      bool     // it may export names that are not seen
	lists    bool     // it may export by a list, which can name what is another's
	exported []uint64 // hashes of what may be exported, in order
}

var nameSeed = maphash.MakeSeed()

// outlineOf remembers recent ones. A file that cannot be read exports nothing.
func (p *Project) outlineOf(rel string) *outline {
	if o, ok := p.outlines.Get(rel); ok {
		return o
	}
	o := &outline{}
	if src, err := p.text(rel); err == nil {
		o = outlineText(rel, src)
	}
	p.outlines.Add(rel, o)
	return o
}

func outlineText(rel string, src []byte) *outline {
	src = bytes.TrimPrefix(src, bom)
	if b := readBarrel(src); b != nil {
		return &outline{barrel: b}
	}
	// A declaration file may declare without a word of exporting.
	if strings.Contains(rel, ".d.") || leadsOn(src) || bytes.Contains(src, []byte(`\u`)) {
		return &outline{any: true}
	}
	o := &outline{lists: exportsBy(src, "{")}
	exportedIn(src, func(name []byte) { o.exported = append(o.exported, maphash.Bytes(nameSeed, name)) })
	slices.Sort(o.exported)
	o.exported = slices.Clip(slices.Compact(o.exported))
	return o
}

// mayExport reports whether a file can declare an exported name, or lead on to it.
func (p *Project) mayExport(rel, name string) bool {
	if name == "default" || p.parsed.contains(rel) {
		return true
	}
	o := p.outlineOf(rel)
	if o.barrel != nil {
		_, named := o.barrel.named[name]
		return named || len(o.barrel.stars) > 0
	}
	return o.exports(name)
}

// exports reports whether a file that is no barrel may export a name.
func (o *outline) exports(name string) bool {
	_, found := slices.BinarySearch(o.exported, maphash.String(nameSeed, name))
	return o.any || found
}

// modifiers stand between `export` and a name.
var modifiers = map[string]bool{
	"default": true, "declare": true, "abstract": true, "async": true, "function": true, "class": true, "interface": true,
	"enum": true, "type": true, "namespace": true, "module": true, "import": true,
}

// exportedIn tells the words behind each `export` that may be the names of what is
// exported, and some more. A second variable of one statement is not seen if the value
// of the first holds a statement.
func exportedIn(src []byte, tell func([]byte)) {
	eachWord(src, "export", func(at int) {
		t := exporting(src[at+len("export"):])
		if len(t) > 0 && t[0] == '{' {
			list, _, _ := bytes.Cut(t, []byte("}"))
			wordsIn(list, func(word []byte) bool { tell(word); return true })
			return
		}
		variables := false
		list, _, _ := bytes.Cut(t, []byte(";"))
		wordsIn(list, func(word []byte) bool {
			tell(word)
			switch w := string(word); {
			case w == "const" || w == "let" || w == "var":
				variables = true
				return true
			case w == "enum":
				variables = false
				return true
			case w == "export":
				return false
			default:
				return variables || modifiers[w]
			}
		})
	})
}

// leadsOn finds what can hand on names that are not written down: `export * from`,
// `module.exports = ..`, `export = ..`.
func leadsOn(src []byte) bool {
	return bytes.Contains(src, []byte("__exportStar")) || stands(src, "require", "") || stands(src, "exports", ":") || exportsBy(src, "*=/@")
}

// exportsBy reports whether one of the signs stands behind an `export`.
func exportsBy(src []byte, signs string) bool {
	for {
		_, after, ok := bytes.Cut(src, []byte("export"))
		if !ok {
			return false
		}
		src = after
		if rest := exporting(src); len(rest) > 0 && strings.IndexByte(signs, rest[0]) >= 0 {
			return true
		}
	}
}

// exporting is what stands behind `export`, and behind `export type` before a list or a star.
func exporting(src []byte) []byte {
	src = bytes.TrimLeft(src, " \t\r\n")
	if after, ok := bytes.CutPrefix(src, []byte("type")); ok {
		if after = bytes.TrimLeft(after, " \t\r\n"); len(after) > 0 && (after[0] == '{' || after[0] == '*') {
			return after
		}
	}
	return src
}

// stands reports whether a word stands in a text with none of the signs behind it: the
// `exports: [..]` of a module of Angular hand on nothing, and `required` is another word.
func stands(src []byte, word, signs string) bool {
	found := false
	eachWord(src, word, func(at int) {
		after := bytes.TrimLeft(src[at+len(word):], " \t\r\n")
		found = found || len(after) == 0 || strings.IndexByte(signs, after[0]) < 0
	})
	return found
}
