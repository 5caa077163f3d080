package transforms

import (
	"bytes"
	"slices"
	"strings"
)

// A function or a class that is acquired by has a name, which stands in many texts as that of a
// type or of something else. Here the text around it is asked whether it can be what is called or
// made there, or be given another name by which it is.

// mayBeCalled reports whether the name from start to end may be what is called, or get another name.
func mayBeCalled(src []byte, start, end int) bool {
	after := bytes.TrimLeft(src[end:], space)
	return len(after) > 0 && strings.IndexByte("(<?!)`/", after[0]) >= 0 || mayBeRenamed(src, start, after)
}

// mayBeMade is mayBeCalled for a class that is made by new.
func mayBeMade(src []byte, start, end int) bool {
	before, _ := beforeNames(src[:start]) // new lib.Pool()
	before = bytes.TrimRight(before, space+"(")
	if word := lastWord(before); word == "new" || word == "extends" || len(before) > 0 && before[len(before)-1] == '/' {
		return true
	}
	return mayBeRenamed(src, start, bytes.TrimLeft(src[end:], space))
}

// mayBeRenamed reports whether what is named at a place, and followed by after, may be given another
// name there: import { a as b }, const { a: b } = c, const b = a, b = c ? a : d.
func mayBeRenamed(src []byte, start int, after []byte) bool {
	if bytes.HasPrefix(after, []byte("as ")) || bytes.HasPrefix(after, []byte("satisfies ")) {
		return true
	}
	if len(after) > 0 && (after[0] == '.' || after[0] == '[') {
		return false // a part of it
	}
	before, ok := beforeNames(src[:start]) // b = lib.a
	if !ok || len(before) == 0 {
		return !ok // b = require('lib').a
	}
	switch before[len(before)-1] {
	case '=', '?', '/':
		return true
	case '>':
		return bytes.HasSuffix(before, []byte("=>"))
	case '|', '&':
		return bytes.HasSuffix(before, []byte("||")) || bytes.HasSuffix(before, []byte("&&"))
	case ':':
		return mayBeValue(before[:len(before)-1])
	case '{', ',':
		return len(after) > 0 && after[0] == ':' && mayBePattern(before)
	}
	return slices.Contains([]string{"return", "default"}, lastWord(before))
}

// beforeNames is what stands before the names that a text ends in, with a dot behind each. ok is false
// where something else than a name has one behind it.
func beforeNames(text []byte) (before []byte, ok bool) {
	before = bytes.TrimRight(text, space)
	for bytes.HasSuffix(before, []byte(".")) {
		before = bytes.TrimRight(before, space+".?!")
		name := lastWord(before)
		if name == "" {
			return before, false
		}
		before = bytes.TrimRight(before[:len(before)-len(name)], space)
	}
	return before, true
}

// mayBeValue reports whether a colon behind a text may be that of a condition, not of a type.
func mayBeValue(before []byte) bool {
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	if len(bytes.TrimSpace(line)) == 0 {
		return true // condition
	} //             ? a
	//               : b
	for at, b := range line {
		if b == '?' && at+1 < len(line) && strings.IndexByte("?.:", line[at+1]) < 0 && (at == 0 || line[at-1] != '?') {
			return true
		}
	}
	return false
}

// mayBePattern reports whether the name behind a text, a bracket or a comma, may be a key of what
// is taken apart: no bracket of parameters is open before it in its line.
func mayBePattern(before []byte) bool {
	line := before[bytes.LastIndexByte(before, '\n')+1:]
	return bytes.LastIndexByte(line, '(') <= bytes.LastIndexByte(line, '{')
}
