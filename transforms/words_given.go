package transforms

import (
	"bytes"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// What a function hands its callers, it acquires, or something that it calls does, and it returns
// it. Here the texts of files are asked whether a function that they export may do so, before they
// are parsed for it: see summarise.

// givers asks texts for functions that may return something that their callers have to end.
type givers struct {
	s     *scan
	asked map[string]bool // files and names that were asked, for those that call each other
}

// mostGivers bounds of how many functions that is asked for one.
const mostGivers = 40

// mayGive reports whether what a file exports by a name may be such a function. In doubt it may.
func (g *givers) mayGive(path, name string) bool {
	if name != "default" && g.s.Project.HoldsNothing(path) {
		return false
	}
	key := path + "\x00" + name
	if g.asked[key] {
		return false
	}
	if g.asked[key] = true; len(g.asked) > mostGivers {
		return true
	}
	files, ok := g.s.Project.Sources(path, name)
	return !ok || slices.ContainsFunc(files, func(f project.Text) bool { return g.mayGiveIn(f, name) })
}

func (g *givers) mayGiveIn(f project.Text, name string) bool {
	if !g.s.IsCandidate(f.Src) {
		return false
	}
	code := syntax.Skim(f.Src)
	if code == nil {
		return true
	}
	t := &givingText{givers: g, Skimmed: code, path: f.Path, search: g.s.words.search(f.Src)}
	return t.mayReturn(t.exported(name))
}

// givingText is a text that is asked for its functions.
type givingText struct {
	*givers
	*syntax.Skimmed
	path   string
	search *Search
	words  []place // that may be of an acquisition; nil: not looked for
}

type place struct{ start, end int }

// mayReturn reports whether the function whose parameters stand next behind a place may return
// something to end; the place is negative where it is not known.
func (t *givingText) mayReturn(at int) bool {
	if at < 0 {
		return true
	}
	open := bytes.IndexByte(t.Code[at:], '(')
	params := t.OpenedAt(max(0, at+open))
	if open < 0 || params == nil || bytes.ContainsAny(t.Code[at:params.Open], "{};=") {
		return true
	}
	begin, arrow, ok := t.bodyBehind(params.Close + 1)
	if !ok {
		return true
	}
	head := bytes.TrimSuffix(bytes.TrimSpace(t.Code[params.Close+1:begin]), []byte("=>"))
	if typed, ok := bytes.CutPrefix(bytes.TrimSpace(head), []byte(":")); ok {
		words := bytes.FieldsFunc(typed, isNoName)
		if !slices.ContainsFunc(words, func(w []byte) bool { return !slices.Contains(plainTypes, string(w)) }) {
			return false
		}
	}
	body := t.OpenedAt(begin)
	if body == nil || t.Code[begin] != '{' {
		in := place{begin, t.endOfValue(begin)}
		return !arrow || t.mayAcquire(in) || t.mayPassOn(in)
	}
	in := place{body.Open, body.Close}
	return returnsValue(t.Code[in.start:in.end]) && (t.mayAcquire(in) || t.mayPassOn(in))
}

// bodyBehind finds the body of a function, behind its parameters and the type that it has.
func (t *givingText) bodyBehind(at int) (begin int, arrow, ok bool) {
	head := t.Code[at:]
	skip := len(head) - len(bytes.TrimLeft(head, space))
	head = head[skip:]
	if body, is := bytes.CutPrefix(head, []byte("=>")); is {
		return len(t.Code) - len(bytes.TrimLeft(body, space)), true, true
	}
	end := bytes.IndexAny(head, "{=;(")
	switch {
	case end < 0 || end > 0 && head[0] != ':', end == 0 && head[0] != '{':
		return 0, false, false
	case head[end] == '=':
		body, is := bytes.CutPrefix(head[end:], []byte("=>"))
		return len(t.Code) - len(bytes.TrimLeft(body, space)), true, is
	case head[end] != '{':
		return 0, false, false
	}
	typed := bytes.TrimSpace(head[:end]) // or the bracket is one of the type
	return at + skip + end, false, len(typed) == 0 || strings.IndexByte("|&<,:", typed[len(typed)-1]) < 0
}

// endOfValue is where the value ends that begins at a place, at the latest.
func (t *givingText) endOfValue(at int) int {
	for at < len(t.Code) {
		switch c := t.Code[at]; {
		case c == ';', c == ')', c == ']', c == '}':
			return at
		case c == '(', c == '[', c == '{':
			pair := t.OpenedAt(at)
			if pair == nil {
				return len(t.Code)
			}
			at = pair.Close
		case c == '\n':
			line := t.Code[at+1:]
			if word := leadingName(line); slices.Contains(declaring, word) {
				return at
			}
		}
		at++
	}
	return at
}

// declaring are words that begin a statement at the top of a file, and no line of a value.
var declaring = []string{"export", "import", "const", "let", "var", "function", "class", "interface", "type", "enum", "declare"}

// mayAcquire reports whether something that may be returned may be acquired in a function, by its
// body: by a word that stands there, or at the top of the file, where names are given.
func (t *givingText) mayAcquire(body place) bool {
	if t.words == nil {
		t.words = []place{}
		t.search.set.Each(t.search.src, func(start, end int) bool {
			if t.search.may(start, end) {
				t.words = append(t.words, place{start, end})
			}
			return true
		})
	}
	if t.search.Done() { // without a word
		return true
	}
	inside := t.Code[body.start:body.end]
	settles := namesWord(inside, "Promise") || namesWord(inside, "resolve")
	return slices.ContainsFunc(t.words, func(w place) bool {
		if w.start < body.start || body.end < w.start {
			return !t.inFunction(w.start)
		}
		return settles || !t.search.givesValue(w) || !t.isDropped(w.start)
	})
}

// inFunction reports whether a place is in the body of a function, or of a class, at the top of
// the file.
func (t *givingText) inFunction(at int) bool {
	in := t.In(at)
	if in < 0 {
		return false
	}
	for t.Brackets[in].Around >= 0 {
		in = t.Brackets[in].Around
	}
	open := t.Brackets[in].Open
	if t.Brackets[in].Class || t.Code[open] != '{' {
		return t.Brackets[in].Class
	}
	before := t.Code[:open]
	head := before[bytes.LastIndexByte(before, ')')+1:]
	head = bytes.TrimSpace(head)
	return len(head) < len(before) && (len(head) == 0 || head[0] == ':' || string(head) == "=>") && !bytes.ContainsAny(head, ";{}")
}

// givesValue reports whether only the value of a call holds what a word acquires: of a function
// that is called by its name alone.
func (s *Search) givesValue(w place) bool {
	if bytes.HasSuffix(bytes.TrimRight(s.src[:w.start], space), []byte(".")) {
		return false
	}
	acquires := s.named[string(s.src[w.start:w.end])]
	return len(acquires) > 0 && !slices.ContainsFunc(acquires, func(a *Acquire) bool { return !a.Pattern.Method() && (!a.Pattern.Rooted() || a.Pattern.New) })
}

// isDropped reports whether what stands at a place is a statement.
func (t *givingText) isDropped(at int) bool {
	before := bytes.TrimRight(t.Code[:at], space)
	return len(before) > 0 && strings.IndexByte("{};)", before[len(before)-1]) >= 0
}

// mayPassOn reports whether a function, by its body, may return what another one gives that it
// calls by its name.
func (t *givingText) mayPassOn(body place) bool {
	may := false
	inside := t.Code[body.start:body.end]
	for at := 0; at < len(inside) && !may; {
		start := at
		for at < len(inside) && isNameByte(inside[at]) {
			at++
		}
		if at == start {
			at++
			continue
		}
		after := bytes.TrimLeft(inside[at:], space)
		called := len(after) > 0 && strings.IndexByte("(<?!", after[0]) >= 0
		if before := bytes.TrimRight(inside[:start], space); called && (len(before) == 0 || before[len(before)-1] != '.') {
			may = t.mayGiveByName(string(inside[start:at]))
		}
	}
	return may
}

// mayGiveByName reports whether what has a name at the top of the file may be a function that
// gives something.
func (t *givingText) mayGiveByName(name string) bool {
	key := t.path + "\x00 " + name
	if t.asked[key] {
		return false
	}
	t.asked[key] = true
	module, as, ok := project.Imported(t.search.src, name)
	if !ok {
		return true
	}
	if module != "" {
		path := t.s.Project.Resolve(t.path, module)
		return path != "" && t.mayGive(path, as)
	}
	at, declared := t.declared(name, "")
	return declared && t.mayReturn(at)
}

// exported is where the name, or the parameters, of the function stand that the file exports by a
// name; -1 where that does not show.
func (t *givingText) exported(name string) int {
	if name != "default" {
		at, _ := t.declared(name, "export")
		return at
	}
	for at := 0; ; {
		i := wordIn(t.Code[at:], "default")
		if i < 0 {
			return -1
		}
		before, end := t.Code[:at+i], at+i+len("default")
		if at = end; t.In(end) >= 0 || lastWord(bytes.TrimRight(before, space)) != "export" {
			continue
		}
		rest := bytes.TrimLeft(t.Code[end:], space)
		word := leadingName(rest)
		if word == "async" {
			rest = bytes.TrimLeft(rest[len(word):], space)
			word = leadingName(rest)
		}
		behind := len(t.Code) - len(rest) + len(word)
		if word == "function" || word == "" {
			return behind
		}
		if after := bytes.TrimLeft(t.Code[behind:], " \t\r"); len(after) == 0 || after[0] == ';' || after[0] == '\n' {
			at, _ := t.declared(word, "")
			return at
		}
		return -1
	}
}

// declared is where the name, or the parameters, of the function stand that is declared by a name
// at the top of the file, behind a word; -1 where that does not show, or another one may be meant.
// ok is false where nothing is declared by that name there.
func (t *givingText) declared(name, behind string) (at int, ok bool) {
	for from := 0; ; {
		i := wordIn(t.Code[from:], name)
		if i < 0 {
			break
		}
		start := from + i
		from = start + len(name)
		in := t.In(start)
		before := bytes.TrimRight(t.Code[:start], space)
		if in >= 0 {
			if open := t.Brackets[in]; open.Around < 0 && slices.Contains([]string{"const", "let", "var"}, lastWord(bytes.TrimRight(t.Code[:open.Open], space))) {
				return -1, true // it is taken out of something
			}
			continue
		}
		word := lastWord(before)
		before = bytes.TrimRight(before[:len(before)-len(word)], space)
		switch word {
		case "function":
			if lastWord(before) == "async" {
				before = bytes.TrimRight(bytes.TrimSuffix(before, []byte("async")), space)
			}
			if ok || lastWord(before) != behind && behind != "" {
				return -1, true
			}
			at, ok = from, true
		case "const":
			value, assigned := bytes.CutPrefix(bytes.TrimLeft(t.Code[from:], space), []byte("="))
			value = bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(value, space), []byte("async")), space)
			if ok || !assigned || len(value) == 0 || value[0] != '(' && value[0] != '<' || lastWord(before) != behind && behind != "" {
				return -1, true
			}
			at, ok = len(t.Code)-len(value), true
		case "let", "var", "class":
			return -1, true
		case "":
			if len(before) > 0 && (before[len(before)-1] == ',' || before[len(before)-1] == '*') {
				return -1, true
			}
		}
	}
	if !ok {
		return -1, false
	}
	return at, true
}

// plainTypes are types of what nobody can end. A promise of one may be what a timer settles.
var plainTypes = []string{"void", "string", "number", "boolean", "undefined", "null", "never", "bigint"}

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
