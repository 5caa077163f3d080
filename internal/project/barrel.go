package project

import (
	"bytes"
	"strings"
)

// A barrel is a file that does nothing but hand on what others export. Packages of a
// hundred files have dozens of them, asked for every name that anybody imports, so they
// are read without the parser.
type barrel struct {
	stars []string            // the modules of `export * from`
	named map[string]handedOn // by the name that it has outside
}

type handedOn struct{ module, name string }

// readBarrel reads a file that is a barrel and nothing else: no import, no declaration.
// Of any other it returns nil, and the parser has to say. There is no byte order mark
// before the text.
func readBarrel(src []byte) *barrel {
	t := tokens{src}
	b := &barrel{named: map[string]handedOn{}}
	for {
		switch t.next() {
		case "":
			if len(b.stars)+len(b.named) == 0 {
				return nil
			}
			return b
		case ";":
		case "export":
			if !b.statement(&t) {
				return nil
			}
		default:
			return nil
		}
	}
}

// statement reads what stands behind `export`.
func (b *barrel) statement(t *tokens) bool {
	word := t.next()
	if word == "type" {
		word = t.next()
	}
	switch word {
	case "*":
		module, whole, ok := t.star()
		if whole {
			b.stars = append(b.stars, module)
		}
		return ok
	case "{":
		names, ok := t.names()
		if !ok {
			return false
		}
		if t.next() != "from" {
			return false
		}
		module, ok := text(t.next())
		for outside, inside := range names {
			if _, twice := b.named[outside]; !twice {
				b.named[outside] = handedOn{module, inside}
			}
		}
		return ok
	}
	return false
}

// star reads what stands behind `export *`: the module, and whether all of it is handed on, or
// only a namespace by a name of its own.
func (t *tokens) star() (module string, whole, ok bool) {
	word := t.next()
	if whole = word != "as"; !whole {
		t.next()
		word = t.next()
	}
	module, ok = text(t.next())
	return module, whole, ok && word == "from"
}

// names reads a list of names behind its opening brace: what each is called in front of `as`,
// by what it is called behind it.
func (t *tokens) names() (map[string]string, bool) {
	names := map[string]string{}
	for word := t.next(); word != "}"; word = t.next() {
		before := word
		word = t.next()
		if before == "type" && word != "," && word != "}" && word != "as" {
			before, word = word, t.next()
		}
		behind := before
		if word == "as" {
			behind, word = t.next(), t.next()
		}
		if word != "," && word != "}" || !isName(before) || !isName(behind) {
			return nil, false
		}
		names[behind] = before
		if word == "}" {
			break
		}
	}
	return names, true
}

// tokens are words, strings with their quotes, and signs, one after the other.
type tokens struct{ rest []byte }

// next is "" at the end.
func (t *tokens) next() string {
	for {
		t.rest = bytes.TrimLeft(t.rest, " \t\r\n")
		var end string
		switch {
		case bytes.HasPrefix(t.rest, []byte("//")):
			end = "\n"
		case bytes.HasPrefix(t.rest, []byte("/*")):
			end = "*/"
		default:
			return t.take()
		}
		_, t.rest, _ = bytes.Cut(t.rest[2:], []byte(end))
	}
}

func (t *tokens) take() string {
	if len(t.rest) == 0 {
		return ""
	}
	n := 1
	switch c := t.rest[0]; {
	case c == '"' || c == '\'':
		if i := bytes.IndexByte(t.rest[1:], c); i >= 0 {
			n = i + 2
		}
	case isWord(rune(c)):
		for n < len(t.rest) && isWord(rune(t.rest[n])) {
			n++
		}
	}
	token := string(t.rest[:n])
	t.rest = t.rest[n:]
	return token
}

// text is the content of a string that holds no escape.
func text(token string) (string, bool) {
	if len(token) < 2 || token[0] != '"' && token[0] != '\'' || strings.ContainsAny(token, "\\\n") {
		return "", false
	}
	return token[1 : len(token)-1], true
}

func isName(token string) bool { return token != "" && isWord(rune(token[0])) }
