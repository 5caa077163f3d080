package syntax

import (
	"bytes"
	"slices"
)

// Skimmed is what can be told of a text without parsing it: what of it is code, and which
// brackets stand around a place. It is for questions whose answer may spare a parse.
type Skimmed struct {
	Code     []byte // the text with spaces in place of comments and of what is quoted
	Brackets []Bracket
}

// Bracket is a pair of brackets: ( ), [ ], { }, or ${ } of a template.
type Bracket struct {
	Open, Close int  // where they stand
	Around      int  // the index of the pair around it, -1 for none
	Class       bool // it is the body of a class
}

// Skim reads a text from end to end. It is nil where it cannot be sure: where brackets do
// not match, a quote is not closed in its line, or a slash may be one of two things.
func Skim(src []byte) *Skimmed {
	opened := bytes.Count(src, []byte("(")) + bytes.Count(src, []byte("[")) + bytes.Count(src, []byte("{"))
	r := &skimmer{src: src, s: &Skimmed{Code: slices.Clone(src), Brackets: make([]Bracket, 0, opened)}, around: -1}
	for r.at < len(src) {
		if !r.step() {
			return nil
		}
	}
	if r.around >= 0 {
		return nil
	}
	return r.s
}

// In is the index of the innermost pair around the byte at a place, -1 for none.
func (s *Skimmed) In(place int) int {
	i, _ := slices.BinarySearchFunc(s.Brackets, place, func(b Bracket, place int) int { return b.Open - place })
	for i--; i >= 0 && s.Brackets[i].Close < place; i = s.Brackets[i].Around {
	}
	return i
}

// OpenedAt is the pair that opens at a place, nil for none.
func (s *Skimmed) OpenedAt(place int) *Bracket {
	i, ok := slices.BinarySearchFunc(s.Brackets, place, func(b Bracket, place int) int { return b.Open - place })
	if !ok {
		return nil
	}
	return &s.Brackets[i]
}

// ClosedAt is the pair that closes at a place, nil for none.
func (s *Skimmed) ClosedAt(place int) *Bracket {
	i, _ := slices.BinarySearchFunc(s.Brackets, place, func(b Bracket, place int) int { return b.Open - place })
	for i--; i >= 0 && s.Brackets[i].Close != place; i = s.Brackets[i].Around {
		if s.Brackets[i].Close > place {
			return nil
		}
	}
	if i < 0 {
		return nil
	}
	return &s.Brackets[i]
}

type skimmer struct {
	src    []byte
	at     int
	s      *Skimmed
	around int  // the innermost pair that is open
	last   byte // of the code before, spaces left out
	behind int  // the pair that was closed last
	heads  []classHead
}

// classHead is what stands between `class` and the body.
type classHead struct {
	around int // the pair that the class stands in
	angles int // how many < are open
}

// step reads one token; false where it cannot be sure of it.
func (r *skimmer) step() bool {
	b := r.src[r.at]
	switch {
	case b == ' ' || b == '\t' || b == '\r' || b == '\n':
		r.at++
		return true
	case b == '/':
		return r.slash()
	case b == '\'' || b == '"':
		return r.quoted(b)
	case b == '`':
		r.at++
		return r.template()
	case isNameByte(b):
		start := r.at
		for r.at++; r.at < len(r.src) && isNameByte(r.src[r.at]); r.at++ {
		}
		if string(r.src[start:r.at]) == "class" && r.last != '.' && beginsClass(r.src[r.at:]) {
			r.heads = append(r.heads, classHead{around: r.around})
		}
	case b == '(' || b == '[' || b == '{':
		r.open(b)
	case b == ')' || b == ']' || b == '}':
		return r.close(b)
	case b == '<' || b == '>':
		if n := len(r.heads); n > 0 && r.heads[n-1].around == r.around {
			if b == '<' {
				r.heads[n-1].angles++
			} else if r.last != '=' { // =>
				r.heads[n-1].angles--
			}
		}
		r.at++
	default:
		r.at++
	}
	r.last = r.src[r.at-1]
	return true
}

// beginsClass reports whether a text may go on a class behind its word: `class: 1` is none.
func beginsClass(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && (isNameByte(rest[0]) || rest[0] == '{' || rest[0] == '/' || rest[0] == '<')
}

func isNameByte(b byte) bool {
	return b == '_' || b == '$' || b >= 0x80 || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

func (r *skimmer) open(b byte) {
	pair := Bracket{Open: r.at, Close: -1, Around: r.around}
	if n := len(r.heads); b == '{' && n > 0 && r.heads[n-1].around == r.around && r.heads[n-1].angles <= 0 {
		pair.Class = true
		r.heads = r.heads[:n-1]
	}
	r.s.Brackets = append(r.s.Brackets, pair)
	r.around = len(r.s.Brackets) - 1
	r.at++
}

func (r *skimmer) close(b byte) bool {
	if r.around < 0 {
		return false
	}
	pair := &r.s.Brackets[r.around]
	opened := r.src[pair.Open]
	if opened == '(' && b != ')' || opened == '[' && b != ']' || (opened == '{' || opened == '$') && b != '}' {
		return false
	}
	for n := len(r.heads); n > 0 && r.heads[n-1].around == r.around; n-- {
		r.heads = r.heads[:n-1]
	}
	r.behind = r.around
	pair.Close, r.around = r.at, pair.Around
	r.at++
	if opened == '$' {
		return r.template()
	}
	r.last = b
	return true
}

// slash reads a comment, a division or a regular expression.
func (r *skimmer) slash() bool {
	next := byte(0)
	if r.at+1 < len(r.src) {
		next = r.src[r.at+1]
	}
	start := r.at
	switch {
	case next == '/':
		for r.at < len(r.src) && r.src[r.at] != '\n' {
			r.at++
		}
		r.blank(start, r.at)
		return true
	case next == '*':
		for r.at += 2; r.at+1 < len(r.src); r.at++ {
			if r.src[r.at] == '*' && r.src[r.at+1] == '/' {
				r.at += 2
				r.blank(start, r.at)
				return true
			}
		}
		return false
	}
	switch r.slashIs() {
	case unsure:
		return false
	case division:
		r.at++
		r.last = '/'
		return true
	}
	return r.expression()
}

// slashUse is what a slash that begins no comment may be.
type slashUse int

const (
	unsure slashUse = iota
	division
	expression
)

// operatorWords are those behind which a value begins.
var operatorWords = []string{"return", "case", "typeof", "throw", "else", "do", "in", "instanceof", "void", "delete", "new"}

// slashIs tells that by what stands before it.
func (r *skimmer) slashIs() slashUse {
	switch r.last {
	case ']', '\'', '"', '`':
		return division
	case ')': // if (a) /b/.test(c)
		if before, _ := wordBefore(r.s.Code, r.s.Brackets[r.behind].Open); slices.Contains([]string{"if", "while", "for", "with", "await"}, before) {
			return unsure
		}
		return division
	case '!':
		if at := bytes.TrimRight(r.s.Code[:r.at], " \t\r\n"); len(at) > 1 && (isNameByte(at[len(at)-2]) || at[len(at)-2] == ')' || at[len(at)-2] == ']') {
			return unsure // a! / b
		}
		return expression
	case '(', ',', '=', ':', '[', '&', '|', '?', '{', ';':
		return expression
	}
	if !isNameByte(r.last) {
		return unsure
	}
	word, before := wordBefore(r.s.Code, r.at)
	switch {
	case before != '.' && slices.Contains(operatorWords, word):
		return expression
	case before != '.' && slices.Contains([]string{"of", "await", "yield"}, word): // which may be names
		return unsure
	}
	return division
}

// wordBefore is the word that a text ends in before a place, "" for none, and the byte before it.
func wordBefore(code []byte, place int) (word string, before byte) {
	code = bytes.TrimRight(code[:place], " \t\r\n")
	start := len(code)
	for start > 0 && isNameByte(code[start-1]) {
		start--
	}
	if start > 0 {
		before = code[start-1]
	}
	return string(code[start:]), before
}

// expression reads a regular expression.
func (r *skimmer) expression() bool {
	start, inSet := r.at, false
	for r.at++; r.at < len(r.src) && r.src[r.at] != '\n'; r.at++ {
		switch b := r.src[r.at]; {
		case b == '\\':
			r.at++
		case b == '[':
			inSet = true
		case b == ']':
			inSet = false
		case b == '/' && !inSet:
			r.blank(start+1, r.at)
			r.at++
			r.last = '/'
			return true
		}
	}
	return false
}

func (r *skimmer) quoted(quote byte) bool {
	start := r.at
	for r.at++; r.at < len(r.src); r.at++ {
		switch r.src[r.at] {
		case '\\':
			r.at++
		case '\n':
			return false
		case quote:
			r.blank(start+1, r.at)
			r.at++
			r.last = quote
			return true
		}
	}
	return false
}

// template reads on in a template, up to its end or to an expression in it.
func (r *skimmer) template() bool {
	start := r.at
	for ; r.at < len(r.src); r.at++ {
		switch b := r.src[r.at]; {
		case b == '\\':
			r.at++
		case b == '`':
			r.blank(start, r.at)
			r.at++
			r.last = '`'
			return true
		case b == '$' && r.at+1 < len(r.src) && r.src[r.at+1] == '{':
			r.blank(start, r.at)
			r.open(b)
			r.at++
			r.last = '{'
			return true
		}
	}
	return false
}

func (r *skimmer) blank(start, end int) {
	for i := start; i < min(end, len(r.src)); i++ {
		if r.s.Code[i] != '\n' {
			r.s.Code[i] = ' '
		}
	}
}
