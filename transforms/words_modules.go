package transforms

import (
	"bytes"
	"slices"
)

// A module whose own value is acquired may do so under whatever name a file has for it.
// Here the text is asked whether it may have one.

// quotes stand around the name of a module.
const quotes = "'\"`"

// module reports whether a text goes on with the name of such a module and the
// quote that it is in.
func (w *words) module(rest []byte, quote byte) bool {
	if w.longest == 0 {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), w.longest+1)], quote)
	return end > 0 && w.modules[string(rest[:end])]
}

// mayHaveWhole reports whether a text goes on with the name of a module whose own value it may
// get: by require or import(), or by a statement that imports more than names and types.
func mayHaveWhole(before []byte) bool {
	before = bytes.TrimRight(before, space)
	clause, from := bytes.CutSuffix(before, []byte("from"))
	if !from {
		return len(before) > 0 && (before[len(before)-1] == '(' || before[len(before)-1] == '/') // which may end a comment
	}
	clause = bytes.TrimRight(clause, space)
	names, listed := bytes.CutSuffix(clause, []byte("}"))
	if open := bytes.LastIndexByte(names, '{'); listed && open >= 0 {
		keyword := bytes.Fields(names[max(0, open-40):open])
		return namesWord(names[open:], "default") || len(keyword) == 0 || !slices.Contains([]string{"import", "export", "type"}, string(keyword[len(keyword)-1]))
	}
	if at := bytes.LastIndex(clause, []byte("import")); at >= 0 {
		if words := bytes.Fields(clause[at+len("import"):]); len(words) > 1 && string(words[0]) == "type" {
			return false
		}
	}
	return true
}

// mayImport reports whether a text may import something by a name.
func mayImport(src []byte, name string) bool {
	for rest := src; ; {
		_, after, ok := bytes.Cut(rest, []byte("import"))
		if !ok {
			return false
		}
		clause, _, _ := bytes.Cut(after, []byte("from"))
		if namesWord(clause, name) {
			return true
		}
		rest = after
	}
}
