package transforms

import (
	"bytes"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a function hands its callers, it returns. Here the text of a file is asked whether one that
// it exports may return something, before the file is parsed for it: see summarise.

// plainTypes are types of what nobody can end. A promise of one may be what a timer settles.
var plainTypes = []string{"void", "string", "number", "boolean", "undefined", "null", "never", "bigint"}

// mayGive reports whether what a text exports by a name may return something that its callers have
// to end. In doubt it may.
func mayGive(src []byte, name string) bool {
	code := syntax.Skim(src)
	if code == nil {
		return true
	}
	at := exportedFunction(code.Code, name)
	if at < 0 {
		return true
	}
	open := bytes.IndexByte(code.Code[at:], '(')
	params := code.OpenedAt(max(0, at+open))
	if open < 0 || params == nil || bytes.ContainsAny(code.Code[at:params.Open], "{};=") {
		return true
	}
	head := code.Code[params.Close+1:]
	end := bytes.IndexByte(head, '{')
	if end < 0 || bytes.ContainsAny(head[:end], "();=") && !isArrow(head[:end]) {
		return true
	}
	head = bytes.TrimSuffix(bytes.TrimSpace(head[:end]), []byte("=>"))
	if typed, ok := bytes.CutPrefix(bytes.TrimSpace(head), []byte(":")); ok {
		if typed = bytes.TrimSpace(typed); len(typed) == 0 || strings.IndexByte("|&<,:", typed[len(typed)-1]) >= 0 {
			return true // the bracket is one of the type
		}
		words := bytes.FieldsFunc(typed, isNoName)
		if !slices.ContainsFunc(words, func(w []byte) bool { return !slices.Contains(plainTypes, string(w)) }) {
			return false
		}
	} else if len(head) > 0 {
		return true
	}
	body := code.OpenedAt(params.Close + 1 + end)
	return body == nil || returnsValue(code.Code[body.Open:body.Close])
}

// exportedFunction is where the name of the one function, or constant, stands that a text exports
// by a name; -1 where that does not show.
func exportedFunction(code []byte, name string) int {
	found := -1
	for at := 0; ; at += len(name) {
		i := wordIn(code[at:], name)
		if i < 0 {
			return found
		}
		at += i
		before := bytes.Fields(code[max(0, at-60):at])
		declares := ""
		for len(before) > 0 && slices.Contains([]string{"export", "async", "function", "const", "default"}, string(before[len(before)-1])) {
			declares = string(before[len(before)-1]) + " " + declares
			before = before[:len(before)-1]
		}
		if !strings.Contains(declares, "function") && !strings.Contains(declares, "const") {
			continue
		}
		if found >= 0 || !strings.HasPrefix(declares, "export ") || strings.Contains(declares, "default") {
			return -1 // of several the one that is meant is not known
		}
		found = at + len(name)
		if strings.Contains(declares, "const") {
			value, ok := bytes.CutPrefix(bytes.TrimLeft(code[found:], space), []byte("="))
			value = bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(value, space), []byte("async")), space)
			if !ok || len(value) == 0 || value[0] != '(' {
				return -1
			}
			found = len(code) - len(value)
		}
	}
}

// isArrow reports whether a text between parameters and a bracket ends in an arrow, and has no
// other sign of a value.
func isArrow(head []byte) bool {
	rest, ok := bytes.CutSuffix(bytes.TrimSpace(head), []byte("=>"))
	return ok && !bytes.ContainsAny(rest, "();=")
}

// returnsValue reports whether a text has a return with a value, or anything that yields one.
func returnsValue(code []byte) bool {
	for at := 0; ; {
		i := wordIn(code[at:], "return")
		if i < 0 {
			return namesWord(code, "yield")
		}
		at += i + len("return")
		after := bytes.TrimLeft(code[at:], " \t\r")
		if len(after) > 0 && strings.IndexByte(";}\n", after[0]) < 0 {
			return true
		}
	}
}
