package transforms

import (
	"bytes"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Nearly every file of some projects subscribes to something, and most of that is never
// reported, for reasons that its text shows: it stands in a test that drops what it is
// given, its stream ends by itself, nothing of it outlives the call. Whether a file has
// anything else is asked here, before it is parsed.

// subscriptions are those in one text.
type subscriptions struct {
	src     []byte
	skimmed bool
	text    *syntax.Skimmed // once skimmed; nil if it cannot be read
}

// at is the text around the method from start to end, if it can be read.
func (s *subscriptions) at(start, end int) (subscriptionText, bool) {
	if !s.skimmed {
		s.skimmed, s.text = true, syntax.Skim(s.src)
	}
	return subscriptionText{Skimmed: s.text, src: s.src, start: start, end: end}, s.text != nil
}

// matters reports whether what stands from start to end, the method of an acquisition with
// an operator that ends it, may be one that is reported. In doubt it may.
func (s *subscriptions) matters(a *Acquire, ends []string, start, end int) bool {
	t, ok := s.at(start, end)
	if !ok {
		return true
	}
	if len(bytes.TrimSpace(t.Code[start:end])) == 0 {
		return false // a comment
	}
	switch {
	case t.mayEnd(), t.added(), t.used():
		return false
	case !t.inClass():
		ofCall := t.before() == ')' && !slices.ContainsFunc(a.Types, t.names)
		return !ofCall && (slices.ContainsFunc(ends, t.endsPlace) || !t.dropped(ends) || !t.inTest())
	case t.inLasting():
		return !t.handedOn() && t.mayActOnParameter()
	}
	return true
}

// subscriptionText is the text around one.
type subscriptionText struct {
	*syntax.Skimmed
	src        []byte
	start, end int // of the name of the method
}

// names reports whether a word stands in the text.
func (t subscriptionText) names(word string) bool {
	return namesWord(t.Code, word)
}

// trimmed is where the code before a place ends, spaces left out.
func (t subscriptionText) trimmed(place int) int { return len(bytes.TrimRight(t.Code[:place], space)) }

// wordBefore is the word that the code before a place ends in, and where it begins.
func (t subscriptionText) wordBefore(place int) (string, int) {
	end := t.trimmed(place)
	word := lastWord(t.Code[:end])
	return word, end - len(word)
}

// receiver is where what the method is called on ends.
func (t subscriptionText) receiver() int {
	return len(bytes.TrimRight(t.Code[:t.start], space+".?!"))
}

// before is the last byte of what the method is called on.
func (t subscriptionText) before() byte {
	if at := t.receiver(); at > 0 {
		return t.Code[at-1]
	}
	return 0
}

// inClass reports whether it stands in a class.
func (t subscriptionText) inClass() bool {
	for i := t.In(t.start); i >= 0; i = t.Brackets[i].Around {
		if t.Brackets[i].Class {
			return true
		}
	}
	return false
}

// endsPlace reports whether a method of that name is called on something that has a name,
// which may be meant to be what is dropped: see judgeUnfilled.
func (t subscriptionText) endsPlace(name string) bool {
	rest := t.Code
	for {
		before, after, ok := bytes.Cut(rest, []byte(name))
		if !ok {
			return false
		}
		if !bytes.HasSuffix(bytes.TrimRight(before, space+".?!"), []byte(")")) {
			return true
		}
		rest = after
	}
}

// dropped reports whether the call is a statement of its own, whose value nobody takes but
// to end it at once.
func (t subscriptionText) dropped(ends []string) bool {
	args := t.OpenedAt(t.end)
	if args == nil {
		return false
	}
	after := bytes.TrimLeft(t.Code[args.Close+1:], space)
	for _, name := range ends {
		if rest, ended := bytes.CutPrefix(after, []byte("."+name+"()")); ended {
			after = bytes.TrimLeft(rest, space)
		}
	}
	if len(after) == 0 || after[0] != ';' && after[0] != '}' {
		return false
	}
	at, ok := t.chain()
	return ok && (at == 0 || strings.IndexByte(";{}", t.Code[at-1]) >= 0)
}

// chain is where the code ends before the chain of names and calls that the method is called on;
// ok is false where that cannot be read.
func (t subscriptionText) chain() (before int, ok bool) {
	for at := t.receiver(); ; at = len(bytes.TrimRight(t.Code[:at], space+".?!")) {
		for pair := t.ClosedAt(at - 1); pair != nil && t.Code[pair.Open] != '{'; pair = t.ClosedAt(at - 1) { // what is called or indexed
			at = t.trimmed(pair.Open)
		}
		word, start := t.wordBefore(at)
		if word == "" {
			return 0, false
		}
		if at = t.trimmed(start); at == 0 || strings.IndexByte(".?!", t.Code[at-1]) < 0 {
			return at, true
		}
	}
}

// handedOn reports whether what the call gives is sure to be a part of something: it is no
// statement of its own.
func (t subscriptionText) handedOn() bool {
	at, ok := t.chain()
	if !ok || at == 0 {
		return false
	}
	switch t.Code[at-1] {
	case '=', ',', '[', '&', '|':
		return true
	case '>':
		return at > 1 && t.Code[at-2] == '='
	case '(': // of a call or a condition
		before := t.trimmed(at - 1)
		return before > 0 && (isNameByte(t.Code[before-1]) || t.Code[before-1] == ')')
	}
	word, _ := t.wordBefore(at)
	return word == "return"
}

// testers are functions of test runners that are given what runs, and what stands around
// that in tests of Angular.
var testers = map[string]bool{
	"describe": true, "it": true, "test": true, "fit": true, "fdescribe": true, "suite": true, "context": true, "specify": true,
	"beforeEach": true, "beforeAll": true, "afterEach": true, "afterAll": true,
	"fakeAsync": true, "waitForAsync": true, "async": true, "inject": true,
}

// blocks are what a block of a statement stands behind.
var blocks = map[string]bool{"else": true, "try": true, "finally": true, "do": true}

// conditions are what stands before the brackets before such a block.
var conditions = map[string]bool{"if": true, "for": true, "while": true, "catch": true, "switch": true}

// inTest reports whether it stands in what a test runner runs, and in no other function.
func (t subscriptionText) inTest() bool {
	i := t.In(t.start)
	tested := false
	for ; i >= 0; i = t.Brackets[i].Around {
		pair := t.Brackets[i]
		switch {
		case t.Code[pair.Open] == '(':
			name, _ := t.wordBefore(pair.Open)
			if !testers[name] {
				return false
			}
			tested = true
		case t.Code[pair.Open] != '{':
			return false
		case !t.isBlock(pair) && (pair.Around < 0 || t.Code[t.Brackets[pair.Around].Open] != '('):
			return false
		}
	}
	return tested
}

// isBlock reports whether a pair is the block of a statement.
func (t subscriptionText) isBlock(pair syntax.Bracket) bool {
	if word, _ := t.wordBefore(pair.Open); word != "" {
		return blocks[word]
	}
	condition := t.ClosedAt(t.trimmed(pair.Open) - 1)
	if condition == nil {
		return false
	}
	word, _ := t.wordBefore(condition.Open)
	return conditions[word]
}

// inLasting reports whether the one class of the text is one whose instance lives as long as
// the program: judgeShared says why that owes nothing.
func (t subscriptionText) inLasting() bool {
	if t.classes() != 1 || !endsStreams(t.src) {
		return false
	}
	lasting, ends := false, t.names("extends") // which may bring a teardown
	for _, h := range classHosts {
		if h.streams == nil {
			continue
		}
		for _, d := range h.decorators {
			if !h.shared && t.names(d) {
				return false
			}
			shared, atRoot := t.decorated(d, h.forRoot)
			lasting = lasting || atRoot || shared && !ends && !t.names(h.teardown)
		}
	}
	return lasting
}

// decorated reports whether the text has a decorator, and whether that is told something
// under a key.
func (t subscriptionText) decorated(name, key string) (has, told bool) {
	at := bytes.Index(t.Code, []byte("@"+name+"("))
	if at < 0 {
		return false, false
	}
	args := t.OpenedAt(at + len(name) + 1)
	if i := bytes.Index(t.Code[args.Open:args.Close], []byte(key+":")); i >= 0 && key != "" {
		options := t.In(args.Open + i)
		told = options >= 0 && t.Code[t.Brackets[options].Open] == '{' && t.OpenedAt(t.Brackets[t.Brackets[options].Around].Open) == args
	}
	return true, told
}

// mayActOnParameter reports whether the method that it stands in has a parameter that its
// arguments mention.
func (t subscriptionText) mayActOnParameter() bool {
	i := t.In(t.start)
	for i >= 0 && t.Code[t.Brackets[i].Open] == '{' && t.isBlock(t.Brackets[i]) {
		i = t.Brackets[i].Around
	}
	args := t.OpenedAt(t.end)
	if i < 0 || args == nil || t.Code[t.Brackets[i].Open] != '{' {
		return true
	}
	method := t.Brackets[i]
	if method.Around < 0 || !t.Brackets[method.Around].Class {
		return !bytes.HasSuffix(bytes.TrimRight(t.Code[:method.Open], space), []byte("=>")) // else in a function within
	}
	isParam := map[string]bool{}
	head := t.head(method)
	if len(head) == 0 {
		return true
	}
	for _, pair := range head {
		for _, word := range bytes.FieldsFunc(t.Code[pair.Open:pair.Close], isNoName) {
			isParam[string(word)] = true
		}
	}
	for at := args.Open; at < args.Close; at++ {
		if start := at; isNameByte(t.Code[at]) {
			for isNameByte(t.Code[at]) {
				at++
			}
			if isParam[string(t.Code[start:at])] && t.mayBeActedOn(start, at) {
				return true
			}
		}
	}
	return false
}

// head lists the round brackets before the body of a method: those of its parameters, and of its
// decorators and its type if there are any.
func (t subscriptionText) head(body syntax.Bracket) (pairs []*syntax.Bracket) {
	for at := body.Open - 1; at > t.Brackets[body.Around].Open && t.Code[at] != ';'; at-- {
		pair := t.ClosedAt(at)
		if pair == nil {
			continue
		}
		switch t.Code[pair.Open] {
		case '(':
			pairs = append(pairs, pair)
		case '{':
			if len(pairs) > 0 || len(bytes.Trim(t.Code[at+1:body.Open], space+"|&")) > 0 {
				return pairs // the member before, no part of a type
			}
		}
		at = pair.Open
	}
	return pairs
}

func isNoName(r rune) bool { return r < 0x80 && !isWordByte(byte(r)) }

// mayBeActedOn reports whether what is named from start to end, or a method of it, or of a part of
// it, may be called.
func (t subscriptionText) mayBeActedOn(start, end int) bool {
	in := bytes.HasSuffix(bytes.TrimRight(t.Code[:start], space), []byte("("))
	for at := end; ; {
		rest := bytes.TrimLeft(t.Code[at:], space+"?!")
		if len(rest) == 0 {
			return false
		}
		at = len(t.Code) - len(rest)
		switch {
		case rest[0] == '.':
			rest = bytes.TrimLeft(rest[1:], space)
			at = len(t.Code) - len(rest)
			for at < len(t.Code) && (isNameByte(t.Code[at]) || t.Code[at] == '#') {
				at++
			}
		case rest[0] == '[':
			at = t.OpenedAt(at).Close + 1
		case rest[0] == ')' && in: // (c).draw()
			at, in = at+1, false
		default:
			return strings.IndexByte("(<`", rest[0]) >= 0 || in && isNameByte(rest[0]) // (c as Canvas).draw()
		}
	}
}
