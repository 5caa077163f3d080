package project

import (
	"bytes"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Text is a file that was not parsed.
type Text struct {
	Path string // relative to the root
	Src  []byte
}

// Sources lists the files, among those that a name leads to from rel, that can declare it,
// without parsing any. ok is false where that cannot be told.
func (p *Project) Sources(rel, name string) (files []Text, ok bool) {
	ok = rel != "" && p.sources(rel, name, func(at string, src []byte) { files = append(files, Text{at, src}) })
	return files, ok
}

// Source is the one file to which a name leads from rel that can declare it, and its text. ok is
// false where there are several, or none.
func (p *Project) Source(rel, name string) (path string, src []byte, ok bool) {
	n := 0
	told := rel != "" && p.sources(rel, name, func(at string, text []byte) { path, src, n = at, text, n+1 })
	return path, src, told && n == 1
}

// sources tells those files.
func (p *Project) sources(rel, name string, tell func(rel string, src []byte)) bool {
	s := sourcesOfName{p, tell, map[string]bool{}}
	return s.follow(rel, name) != lost
}

type sourcesOfName struct {
	p    *Project
	tell func(rel string, src []byte)
	seen map[string]bool
}

// trail is where the search for a name has led.
type trail int

const (
	lost    trail = iota // it cannot be told where else
	onward               // perhaps elsewhere, too
	reached              // it led to the one file that declares it
)

func (s *sourcesOfName) follow(rel, name string) trail {
	key := rel + "\x00" + name
	if rel == "" || s.seen[key] {
		return onward
	}
	if s.seen[key] = true; len(s.seen) > 400 {
		return lost
	}
	if name != "default" && s.p.seen.exportsNone(rel, name) {
		return onward
	}
	o := s.p.outlineOf(rel)
	stars := o.stars
	if o.barrel != nil {
		if to, named := o.barrel.named[name]; named {
			return s.follow(s.p.Resolve(rel, to.module), to.name)
		}
		stars = o.barrel.stars
	} else if o.exports(name) {
		if at := s.declared(rel, name, o); at != onward {
			return at
		}
	}
	if name == "default" {
		return onward // `export *` carries none
	}
	for _, m := range stars {
		if at := s.follow(s.p.Resolve(rel, m), name); at != onward {
			return at
		}
	}
	return onward
}

// declared tells a file that may export a name, if that is its own.
func (s *sourcesOfName) declared(rel, name string, o *outline) trail {
	src, err := s.p.text(rel)
	switch {
	case err != nil:
		return onward
	case name != "default" && !o.any && !o.lists:
		s.tell(rel, src)
		if declares(src, name) {
			return reached
		}
		return onward
	case name == "default" && bytes.Contains(src, []byte("export default class ")),
		!strings.Contains(rel, ".d.") && exportsOwn(src, name):
		s.tell(rel, src)
		return onward
	}
	return lost
}

// declares reports whether a text is sure to export something of its own under a name: in doubt
// it is not.
func declares(src []byte, name string) bool {
	sure := false
	eachWord(src, name, func(at int) {
		line := bytes.LastIndexByte(src[:at], '\n') + 1
		t := tokens{bytes.TrimSpace(src[line:at])}
		if sure || t.next() != "export" {
			return
		}
		word := t.next()
		for word == "async" || word == "abstract" || word == "declare" {
			word = t.next()
		}
		if word != "function" && word != "class" && word != "const" || t.next() != "" {
			return
		}
		sure = syntax.Skim(src[:line]) != nil // nothing is open there
	})
	return sure
}

// exportsOwn reports whether a text shows that the class or function which it exports under
// a name, as a module or for `require`, is none of another file. In doubt it does not.
func exportsOwn(src []byte, name string) bool {
	if bytes.Contains(src, []byte(`\u`)) || bytes.Contains(src, []byte("__exportStar")) {
		return false
	}
	own, whole := true, name == "default" || name == "*"
	eachWord(src, "export", func(at int) {
		t := tokens{src[at+len("export"):]}
		switch t.next() {
		case "default":
			own = own && (name != "default" || t.declaresFunction() || t.ownValue(src))
		case "{":
			list, behind, _ := bytes.Cut(t.rest, []byte("}"))
			t.rest = behind
			own = own && (!hasWord(list, name) || !hasWord(list, "as") && t.next() != "from" && declaresOwn(src, name))
		case "type":
			sign := t.next()
			own = own && sign != "{" && sign != "*"
		case "=":
			own = own && (whole && t.ownValue(src) || !whole && t.ownPart(src, name))
		case "*", "@", "import", "":
			own = false
		}
	})
	eachWord(src, "exports", func(at int) {
		t := tokens{src[at+len("exports"):]}
		switch sign := t.next(); {
		case sign == "." && t.next() == name && t.assigns(), sign == "=" && t.isAssignment() && whole:
			own = own && t.ownValue(src)
		case sign == "=" && t.isAssignment():
			own = own && t.ownPart(src, name)
		}
	})
	return own
}

// declaresFunction reports whether a function follows, which is declared by it, and not called.
func (t *tokens) declaresFunction() bool {
	ahead := *t
	word := ahead.next()
	if word == "async" {
		word = ahead.next()
	}
	return word == "function"
}

// isAssignment reports whether the sign = that was read last stands alone.
func (t *tokens) isAssignment() bool {
	return len(t.rest) == 0 || t.rest[0] != '=' && t.rest[0] != '>'
}

// assigns reports whether an assignment follows, and reads its sign.
func (t *tokens) assigns() bool { return t.next() == "=" && t.isAssignment() }

// skipAssigned reads on to the value behind further assignments: exports = module.exports = V
func (t *tokens) skipAssigned() {
	for {
		ahead := *t
		name := ahead.next()
		sign := ahead.next()
		for ; isName(name) && sign == "."; sign = ahead.next() {
			name = ahead.next()
		}
		if !isName(name) || sign != "=" || !ahead.isAssignment() {
			return
		}
		*t = ahead
	}
}

// ownValue reports whether the value that follows is no class or function of another file:
// one that stands here, a name of one that does, something else altogether.
func (t *tokens) ownValue(src []byte) bool {
	t.skipAssigned()
	word := t.next()
	switch {
	case word == "class", word == "abstract", word == "new", word == "{", word == "[", word == "", strings.Contains("'\"0123456789", word[:1]):
		return true
	case word == "function", word == "async":
		return !calledAtOnce(t.rest)
	case !isName(word), word == "require", word == "import", word == "await":
		return false
	}
	behind := *t
	sign := t.next()
	for ; sign == "."; sign = t.next() {
		t.next()
		word = ""
	}
	switch {
	case sign == "(": // what a call gives
		return true
	case word == "":
		return false
	case isName(sign):
		if sign == "as" || sign == "instanceof" || sign == "in" || sign == "satisfies" || !behind.endsLine(t) {
			return false
		}
	case sign != "" && !strings.Contains(";)}]", sign):
		return false
	}
	return declaresOwn(src, word)
}

// calledAtOnce reports whether a function that begins a text may be called where it ends.
func calledAtOnce(text []byte) bool {
	called := false
	each(text, "}", func(at int) {
		after := bytes.TrimLeft(text[at+1:min(len(text), at+100)], " \t\r\n")
		called = called || len(after) > 0 && (after[0] == '(' || after[0] == '/')
	})
	return called
}

// endsLine reports whether a line ends between two places of a text.
func (t *tokens) endsLine(later *tokens) bool {
	return bytes.IndexByte(t.rest[:len(t.rest)-len(later.rest)], '\n') >= 0
}

// ownPart is ownValue for a property of the value that follows.
func (t *tokens) ownPart(src []byte, name string) bool {
	t.skipAssigned()
	if t.next() != "{" || !hasWord(t.rest, name) {
		return true // it has none that is seen
	}
	keyed := false
	eachWord(t.rest, name, func(at int) {
		after := bytes.TrimLeft(t.rest[at+len(name):], "'\" \t\r\n")
		keyed = keyed || len(after) == 0 || after[0] == ':' || after[0] == '/'
	})
	return !keyed && declaresOwn(src, name)
}

// declaresOwn reports whether a text declares a class or a function of that name, and
// imports nothing under it.
func declaresOwn(src []byte, name string) bool {
	own := false
	eachWord(src, name, func(at int) {
		before := bytes.TrimRight(src[:at], " \t\r\n*")
		own = own || len(before) < at && (bytes.HasSuffix(before, []byte("class")) || bytes.HasSuffix(before, []byte("function")) ||
			bytes.HasSuffix(before, []byte("const")) && isArrow(src, at+len(name)))
	})
	if !own {
		return false
	}
	eachImported(src, func(word []byte) { own = own && string(word) != name })
	return own
}

// isArrow reports whether a name is given an arrow function with parameters in brackets, by what
// stands behind it.
func isArrow(src []byte, at int) bool {
	t := tokens{src[at:]}
	if t.next() != "=" {
		return false
	}
	word := t.next()
	if word == "async" {
		word = t.next()
	}
	if word == "<" { // type parameters, which hold no functions
		_, rest, ok := bytes.Cut(t.rest, []byte("("))
		if t.rest = rest; !ok {
			return false
		}
		word = "("
	}
	if word != "(" {
		return false
	}
	code := syntax.Skim(src)
	if code == nil {
		return false
	}
	params := code.OpenedAt(len(src) - len(t.rest) - 1)
	if params == nil {
		return false
	}
	t = tokens{src[params.Close+1:]}
	sign := t.next()
	return sign == ":" || sign == "=" && len(t.rest) > 0 && t.rest[0] == '>'
}

func hasWord(src []byte, word string) bool {
	found := false
	eachWord(src, word, func(int) { found = true })
	return found
}

// eachWord is each for what is not a part of a longer word. A byte order mark before the text
// is none.
func eachWord(src []byte, word string, found func(at int)) {
	first := len(src) - len(bytes.TrimPrefix(src, bom))
	each(src, word, func(at int) {
		end := at + len(word)
		if (at == first || !isWord(rune(src[at-1]))) && (end == len(src) || !isWord(rune(src[end]))) {
			found(at)
		}
	})
}
