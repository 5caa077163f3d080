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
	barrel   *barrel    // nil: it is none
	any      bool       // it may export names that are not seen
	lists    bool       // it may export by a list, which can name what is another's
	stars    []string   // the modules of `export * from`, and others that only seem to be
	exported []nameHash // of what may be exported, in order
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
	stars, ok := starsIn(src)
	if !ok || strings.Contains(rel, ".d.") || leadsOn(src) {
		return &outline{any: true}
	}
	o := &outline{lists: exportsBy(src, "{"), stars: stars}
	o.any = !exportedIn(src, func(name []byte) { o.exported = append(o.exported, hashOfName(string(name))) })
	slices.Sort(o.exported)
	o.exported = fitted(slices.Compact(o.exported))
	return o
}

// mayExport reports whether a file can declare an exported name, or lead on to it.
func (p *Project) mayExport(rel, name string) bool {
	if name == "default" || p.parsed.contains(rel) {
		return true
	}
	if p.seen.exportsNone(rel, name) {
		return false
	}
	o := p.outlineOf(rel)
	if o.barrel != nil {
		_, named := o.barrel.named[name]
		return named || len(o.barrel.stars) > 0
	}
	return o.exports(name) || len(o.stars) > 0
}

// exports reports whether a file that is no barrel may export a name.
func (o *outline) exports(name string) bool {
	_, found := slices.BinarySearch(o.exported, hashOfName(name))
	return o.any || found
}

// modifiers stand between `export` and a name.
var modifiers = map[string]bool{
	"default": true, "declare": true, "abstract": true, "async": true, "function": true, "class": true, "interface": true,
	"enum": true, "type": true, "namespace": true, "module": true, "import": true,
}

// exportedIn tells the words behind each `export` that may be the names of what is
// exported, and some more. A second variable of one statement is not seen if the value
// of the first holds a statement. It is false where a name may be written with escapes.
func exportedIn(src []byte, tell func([]byte)) (plain bool) {
	plain = true
	eachWord(src, "export", func(at int) { plain = exportedBy(exporting(src[at+len("export"):]), tell) && plain })
	return plain
}

// exportedBy does that for one `export`, of what is exporting behind it.
func exportedBy(t []byte, tell func([]byte)) (plain bool) {
	end, listed, variables := byte(';'), len(t) > 0 && t[0] == '{', false
	if listed {
		end = '}'
	}
	for at := 0; at < len(t) && t[at] != end; {
		start := at
		for at < len(t) && isWord(rune(t[at])) {
			at++
		}
		escaped := at+1 < len(t) && t[at] == '\\' && t[at+1] == 'u'
		if at == start && !escaped {
			at++
			continue
		}
		tell(t[start:at])
		switch w := string(t[start:at]); {
		case escaped:
			return false
		case listed:
		case w == "const" || w == "let" || w == "var":
			variables = true
		case w == "enum":
			variables = false
		case w == "export" || !variables && !modifiers[w]:
			return true
		}
	}
	return true
}

// leadsOn finds what can hand on names that are not written down: `module.exports = ..`,
// `export = ..`. A `require` hands on nothing without one of these.
func leadsOn(src []byte) bool {
	return bytes.Contains(src, []byte("__exportStar")) || stands(src, "exports", ":") || exportsBy(src, leading)
}

// leading are the signs behind an `export` that may hand on names which are not written down.
const leading = "=/@"

// starsIn are the modules of which a text hands on all; false where one cannot be read.
func starsIn(src []byte) (modules []string, ok bool) {
	ok = true
	eachWord(src, "export", func(at int) {
		if rest := exporting(src[at+len("export"):]); len(rest) > 0 && rest[0] == '*' {
			t := tokens{rest[1:]}
			module, whole, read := t.star()
			if ok = ok && read; whole { // exportedIn tells the name of a namespace
				modules = append(modules, module)
			}
		}
	})
	return modules, ok
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
	eachWord(src, word, func(at int) { found = found || handsOn(src[at+len(word):], signs) })
	return found
}

// handsOn reports whether none of the signs stands next in a text.
func handsOn(rest []byte, signs string) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) == 0 || strings.IndexByte(signs, rest[0]) < 0
}
