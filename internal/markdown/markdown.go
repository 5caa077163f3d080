// Package markdown writes text that others wrote into Markdown and into messages of
// commits, so that it stays text: no link, image, HTML, mention or reference to an
// issue comes of it, no list or heading, and no line that a machine reads.
package markdown

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest bounds what is quoted of one name or place, in characters.
const longest = 200

// Clean puts a text on one line: white space is one space, what cannot be seen or
// turns the direction of writing becomes U+FFFD, and what is very long is cut.
func Clean(s string) string {
	var b strings.Builder
	space, n := false, 0
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || r == '\u2028' || r == '\u2029':
			space = b.Len() > 0
			continue
		case r == utf8.RuneError || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs):
			r = utf8.RuneError
		}
		if n++; n > longest {
			b.WriteString("…")
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Fence is a line of backticks: at least so many, and more than any in a text.
func Fence(s string, least int) string {
	most, run := least-1, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return strings.Repeat("`", most+1)
}

// Code writes a text as code. In code nothing has a meaning but the backticks
// around it, and those are more than any within.
func Code(s string) string {
	s = Clean(s)
	if s == "" {
		return "(nothing)"
	}
	fence := Fence(s, 1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// Prose writes a sentence of ours with words of others in it: every word that is not
// plainly a word, or a number, becomes code.
func Prose(s string) string {
	var b strings.Builder
	var code []string // words that go into one span
	after := ""
	flush := func() {
		if len(code) > 0 {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(Code(strings.Join(code, " ")) + after)
			code, after = nil, ""
		}
	}
	for i, word := range strings.Fields(Clean(s)) {
		bare := strings.TrimRight(word, ".,;:?")
		if isPlain(bare) && !(i == 0 && bare[0] <= '9') { // 1. begins a list
			flush()
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(word)
			continue
		}
		code = append(code, bare)
		if after = word[len(bare):]; after != "" {
			flush()
		}
	}
	flush()
	return b.String()
}

// isPlain reports whether a word means nothing to any reader of Markdown: letters,
// with hyphens and apostrophes between them, or digits. Seven hexadecimal digits
// may be a commit.
func isPlain(word string) bool {
	digits, letters := 0, 0
	for i, r := range word {
		between := i > 0 && i < len(word)-1
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			letters++
		case (r == '-' || r == '\'') && between && digits == 0:
		default:
			return false
		}
	}
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return r == '-' || r == '\'' }) {
		if len(part) >= 7 && strings.Trim(part, "0123456789abcdefABCDEF") == "" {
			return false
		}
	}
	return word != "" && (digits == 0 || letters == 0)
}

// WithoutLiterals leaves the texts between quotes out of a piece of code, or of a
// sentence with such pieces: a secret may stand in one. An apostrophe within a word
// is none.
func WithoutLiterals(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		if c != '\'' && c != '"' && c != '`' || c == '\'' && i > 0 && isLetter(s[i-1]) && i+1 < len(s) && isLetter(s[i+1]) {
			b.WriteByte(c)
			i++
			continue
		}
		end := i + 1
		for end < len(s) && s[end] != c {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		b.WriteByte(c)
		b.WriteString("…")
		b.WriteByte(c) // one that never ends is left out to the end
		i = end + 1
	}
	return b.String()
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80 }

// Message writes a text for a commit's message or a title, which are no Markdown:
// one line, without what GitHub makes mentions, references and closing words of,
// and without what tells machines to skip their checks.
func Message(s string) string {
	s = Clean(s)
	var b strings.Builder
	for i, r := range s {
		next := byte(0)
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case r == '@':
			b.WriteString("(at)")
		case r == '#' && next >= '0' && next <= '9':
			b.WriteString("# ")
		case r == '-' && next >= '0' && next <= '9' && i >= 2 && strings.EqualFold(s[i-2:i], "GH"):
			b.WriteString("- ")
		case r == ':' && strings.HasPrefix(s[i:], "://"):
			b.WriteString(": ")
		case r == '[' && startsAny(s[i+1:], "skip", "no ", "ci", "actions"):
			b.WriteString("(")
		case r == '*' && strings.HasPrefix(s[i:], "***"):
			b.WriteString("* ")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func startsAny(s string, with ...string) bool {
	s = strings.ToLower(strings.TrimLeft(s, " "))
	for _, w := range with {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}
