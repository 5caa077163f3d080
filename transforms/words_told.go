package transforms

import "bytes"

// What the text of a file shows of its calls of what the project has to subscribe to: see
// matchTold.

// mayTell reports whether a call of the function named from start to end may be given one, and,
// where it is no method, be of a function that the file declares or imports.
func mayTell(src []byte, start, end int) bool {
	name := string(src[start:end])
	before := bytes.TrimRight(src[:start], space)
	method := len(before) > 0 && before[len(before)-1] == '.'
	return mayBeGivenFunction(src, end) && (method || mayHaveValue(src, name) || mayImport(src, name))
}

// mayBeGivenFunction reports whether an argument of the call whose bracket opens at a place may be
// a function: one that stands there, or a name that the file gives a value. In doubt it may.
func mayBeGivenFunction(src []byte, open int) bool {
	depth, from := 0, open+1
	for at := open; at < len(src); at++ {
		switch src[at] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		case '\'', '"':
			quoted := bytes.IndexByte(src[at+1:], src[at])
			if quoted < 0 || bytes.ContainsAny(src[at+1:at+1+quoted], "\\\n") {
				return true
			}
			at += quoted + 1
		case '`', '/':
			return true
		case '>':
			if src[at-1] == '=' && depth == 1 {
				return true
			}
		}
		if src[at] == ',' && depth == 1 || depth == 0 {
			if mayNameFunction(src, bytes.TrimSpace(src[from:at])) {
				return true
			}
			from = at + 1
		}
		if depth == 0 {
			return false
		}
	}
	return true
}

// mayNameFunction reports whether an argument may be a function, or a name that has one.
func mayNameFunction(src, arg []byte) bool {
	name := leadingName(arg)
	behind := bytes.TrimLeft(arg[len(name):], space)
	switch {
	case name == "function", name == "async", bytes.HasPrefix(arg, []byte("(")):
		return true
	case len(behind) == 0, behind[0] == '!', bytes.HasPrefix(behind, []byte("as ")), bytes.HasPrefix(behind, []byte("satisfies ")):
		return name != "" && mayHaveValue(src, name)
	}
	return false
}

// mayHaveValue reports whether a text may declare a function of that name, or a variable that has one.
func mayHaveValue(src []byte, name string) bool {
	for at := 0; ; {
		i := wordIn(src[at:], name)
		if i < 0 {
			return false
		}
		at += i
		before := bytes.TrimRight(src[:at], space+"*,")
		if word := lastWord(before); word == "function" || word == "const" || word == "let" || word == "var" {
			return true
		}
		at += len(name)
		if after := bytes.TrimLeft(src[at:], space); len(after) > 1 && (after[0] == ']' || after[0] == '=' && after[1] != '{' && after[1] != '"' && after[1] != '=') {
			return true // const [a, setA] = useState(), const a = 1, b = f
		}
	}
}

// lastWord is the name that a text ends in, "" for none.
func lastWord(text []byte) string {
	start := len(text)
	for start > 0 && isNameByte(text[start-1]) {
		start--
	}
	return string(text[start:])
}
