package syntax

import (
	"bytes"
	"strings"
)

// The grammar that comes with the binding does not know some constructs that
// change nothing about control flow or names. maskGaps replaces them, byte for
// byte, by spaces or by something of the same length that the grammar knows,
// so that all offsets stay. It is only asked for files that have an error.
//
//	export type * from 'm'            export      * from 'm'
//	export default abstract class     export default          class
//	import defer * as ns from 'm'     import       * as ns from 'm'
//	interface Box<in out T>           interface Box<       T>
//	for (using x of xs)               for (const x of xs)
//	await using x: X = y                    const x: X = y
//	using(() => f(), g)               Using(() => f(), g)
//	f(x: ?T): Array<?U>               f(x:  T): Array< U>
//	import j from 'm' assert { .. }   import j from 'm'
func maskGaps(src []byte, ts bool) ([]byte, bool) {
	tokens := lex(src)
	var out []byte
	put := func(t token, text string) {
		if out == nil {
			out = append([]byte(nil), src...)
		}
		for i := t.start; i < t.end; i++ {
			if src[i] == '\n' {
				continue
			}
			out[i] = ' '
			if k := i - t.start; k < len(text) {
				out[i] = text[k]
			}
		}
	}
	at := func(i int) string {
		if i < 0 || i >= len(tokens) {
			return ""
		}
		return tokens[i].text
	}
	for i, t := range tokens {
		switch t.text {
		case "type":
			if at(i-1) == "export" && at(i+1) == "*" {
				put(t, "")
			}
		case "abstract":
			if at(i-1) == "default" && at(i+1) == "class" {
				put(t, "")
			}
		case "defer":
			if at(i-1) == "import" && at(i+1) == "*" {
				put(t, "")
			}
		case "using":
			if at(i-1) == "(" && (at(i-2) == "for" || at(i-2) == "await") || at(i-1) == "await" && at(i-2) == "(" && at(i-3) == "for" {
				put(t, "const")
			} else if ts && typedUsing(tokens, i) {
				put(t, "const")
				if at(i-1) == "await" {
					put(tokens[i-1], "")
				}
			} else if next := at(i + 1); next != "" && strings.Contains("(<,).;:=?", next) {
				put(t, "Using") // a function of that name, as rxjs has one
			} else if !ts && (at(i-1) != "." && isWord(at(i+1)) && at(i+2) == "=") {
				put(t, "const") // JavaScript's grammar does not know the declaration at all
			}
		case "await":
			if at(i+1) == "using" && isWord(at(i+2)) && at(i-1) == "(" && at(i-2) == "for" {
				put(t, "")
			}
		case "in", "out":
			prev, next := at(i-1), at(i+1)
			opens := prev == "<" || prev == "," || prev == "in" || prev == "const"
			if ts && opens && typeParameters(tokens, i) && isWord(next) && next != "as" && next != "of" && next != "from" {
				put(t, "")
			}
		case "?":
			if prev := at(i - 1); prev == ":" || prev == "<" { // Flow's
				put(t, "")
			}
		case "assert", "with":
			if (prevIsString(src, tokens, i)) && at(i+1) == "{" {
				for j := i; j < len(tokens); j++ {
					put(tokens[j], "")
					if tokens[j].text == "}" {
						break
					}
				}
			}
		}
	}
	return out, out != nil
}

// joinExports puts an export that stands on a line of its own into the line of what it
// exports, as long as that is: the grammar takes it for a name, and ends a statement there.
//
//	export
//	class Box {}
func joinExports(src []byte) ([]byte, bool) {
	var out []byte
	word := []byte("export")
	for at := 0; ; {
		i := bytes.Index(src[at:], word)
		if i < 0 {
			return out, out != nil
		}
		start := at + i
		at = start + len(word)
		before := bytes.TrimRight(src[:start], " \t")
		rest := bytes.TrimLeft(src[at:], " \t\r\n")
		gap := src[at : len(src)-len(rest)]
		if len(rest) == 0 || !bytes.Contains(gap, []byte{'\n'}) || len(before) > 0 && before[len(before)-1] != '\n' {
			continue
		}
		if out == nil {
			out = bytes.Clone(src)
		}
		for j := range gap {
			out[at+j] = ' '
		}
	}
}

// typedUsing reports whether token i is the `using` of a declaration with a
// type: using x: X = y.
func typedUsing(tokens []token, i int) bool {
	return i+2 < len(tokens) && isWord(tokens[i+1].text) && tokens[i+2].text == ":"
}

// typeParameters reports whether token i stands in the parameter list of a
// generic class, interface or type: interface X<in T, out U>.
func typeParameters(tokens []token, i int) bool {
	inner := 0 // brackets of the types among them: <in T extends Set<U>, out V>
	for j := i - 1; j > 1 && j > i-200; j-- {
		switch tokens[j].text {
		case ">":
			if tokens[j-1].text != "=" { // no arrow
				inner++
			}
		case ")", "}", "]":
			inner++
		case "(", "{", "[":
			if inner--; inner < 0 {
				return false
			}
		case ";":
			if inner == 0 {
				return false
			}
		case "<":
			if inner--; inner >= 0 {
				continue
			}
			switch tokens[j-2].text {
			case "class", "interface", "type":
				return isWord(tokens[j-1].text)
			}
			return false
		}
	}
	return false
}

func prevIsString(src []byte, tokens []token, i int) bool {
	return i >= 2 && len(tokens[i-1].text) > 1 && (tokens[i-1].text[0] == '"' || tokens[i-1].text[0] == '\'') &&
		(tokens[i-2].text == "from" || tokens[i-2].text == "import")
}

type token struct {
	start, end int
	text       string
}

func isWord(s string) bool { return s != "" && wordByte(s[0]) }

func wordByte(b byte) bool {
	return b == '_' || b == '$' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b >= 0x80
}

// lex splits src into words, strings and single punctuation bytes, leaving out
// comments. It is only as exact as maskGaps needs: a regular expression that
// holds a quote may hide the rest of its line.
func lex(src []byte) []token {
	var out []token
	for i := 0; i < len(src); {
		b := src[i]
		start := i
		switch {
		case b == ' ' || b == '\t' || b == '\n' || b == '\r':
			i++
			continue
		case b == '/' && i+1 < len(src) && src[i+1] == '/':
			for i < len(src) && src[i] != '\n' {
				i++
			}
			continue
		case b == '/' && i+1 < len(src) && src[i+1] == '*':
			for i += 2; i+1 < len(src) && !(src[i] == '*' && src[i+1] == '/'); i++ {
			}
			i += 2
			continue
		case b == '"' || b == '\'' || b == '`':
			for i++; i < len(src) && src[i] != b && (b == '`' || src[i] != '\n'); i++ {
				if src[i] == '\\' {
					i++
				}
			}
			i = min(i+1, len(src))
		case wordByte(b):
			for i < len(src) && wordByte(src[i]) {
				i++
			}
		default:
			i++
		}
		out = append(out, token{start, i, string(src[start:i])})
	}
	return out
}
