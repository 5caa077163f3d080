package diffview

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible spells out what cannot be seen in a text, or would mislead: control
// characters but tabs, what turns the direction of writing, spaces without width,
// line separators, and bytes that are no UTF-8.
func Visible(s string) string {
	var b strings.Builder
	for _, p := range appendVisible(nil, s, Plain, false) {
		b.WriteString(p.Text)
	}
	return b.String()
}

// appendVisible appends a text of one class in pieces that may be shown.
func appendVisible(out []Span, s string, class Class, changed bool) []Span {
	from, end := 0, 0
	for i := 0; i < len(s); {
		if i >= end {
			end = i + character(s[i:])
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		name := ""
		switch {
		case r == utf8.RuneError && size == 1:
			name = fmt.Sprintf("<%02X>", s[i])
		case isHidden(r) && !(r == '\u200d' && joins(s[i+size:max(end, i+size)])):
			name = fmt.Sprintf("<U+%04X>", r)
		}
		if name != "" {
			if i > from {
				out = append(out, Span{s[from:i], class, changed})
			}
			out = append(out, Span{name, Hidden, changed})
			from = i + size
		}
		i += size
	}
	if from < len(s) {
		out = append(out, Span{s[from:], class, changed})
	}
	return out
}

func isHidden(r rune) bool {
	return r != '\t' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp)
}

// joins reports whether a joiner makes one picture of what is before it and rest, what follows
// it in the same character. What stands for bytes that are no UTF-8 counts among the
// symbols, and joins nothing.
func joins(rest string) bool {
	after, _ := utf8.DecodeRuneInString(rest)
	return rest != "" && after != utf8.RuneError && unicode.Is(unicode.So, after)
}
