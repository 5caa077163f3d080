package transforms

import (
	"bytes"
	"slices"
	"strings"
)

// A stream that is sent through an operator which ends it, or may end it, is none of which
// stream.piped is sure that it never ends. Here the text alone is asked for that.

// operand is an argument of pipe: the word that it begins with, and where the bracket stands
// that follows the word at once; -1 for none.
type operand struct {
	word string
	open int
}

// mayEnd reports whether the stream is sent through such an operator, and behind that only
// through operators of the library which go on with nothing else.
func (t subscriptionText) mayEnd() bool {
	pair := t.ClosedAt(t.receiver() - 1)
	if pair == nil || t.Code[pair.Open] != '(' {
		return false
	}
	name, at := t.wordBefore(pair.Open)
	if object, _ := t.wordBefore(len(bytes.TrimRight(t.Code[:at], space+".?!"))); name != "pipe" || object == "this" {
		return false
	}
	operators := t.argumentsOf(pair.Open, pair.Close)
	for _, op := range slices.Backward(operators) {
		module := t.importOf(op.word)
		switch {
		case op.open < 0 || module == "":
			return false
		case !ofStreams(module) && !strings.HasPrefix(module, "@ngrx/"):
			return t.inClass() // nothing is known of it
		case flattening[op.word] || op.word == "takeWhile" || op.word == "takeUntil" && !t.told(op):
			return false
		case !slices.Contains(through, op.word):
			return true
		}
	}
	return false
}

// told reports whether takeUntil is given a signal of the instance that it tells itself.
func (t subscriptionText) told(until operand) bool {
	args := t.OpenedAt(until.open)
	signal := bytes.TrimSpace(t.Code[args.Open+1 : args.Close])
	return bytes.HasPrefix(signal, []byte("this.")) && bytes.IndexFunc(signal[len("this."):], isNoName) < 0 &&
		bytes.Contains(t.Code, append(slices.Clip(signal), ".next("...))
}

// argumentsOf lists the arguments between two brackets.
func (t subscriptionText) argumentsOf(open, end int) []operand {
	var out []operand
	for at := open + 1; at < end; {
		for at < end && strings.IndexByte(space, t.Code[at]) >= 0 {
			at++
		}
		start := at
		for at < end && isNameByte(t.Code[at]) {
			at++
		}
		arg := operand{string(t.Code[start:at]), -1}
		if at < end && t.Code[at] == '(' {
			arg.open = at
		}
		if at > start || at < end { // else a comma ends the list
			out = append(out, arg)
		}
		for at < end && t.Code[at] != ',' {
			if inner := t.OpenedAt(at); inner != nil {
				at = inner.Close
			}
			at++
		}
		at++
	}
	return out
}

// importOf is the module that a name is imported from under that name, "" where that does not
// show.
func (t subscriptionText) importOf(name string) string {
	if name == "" {
		return ""
	}
	for at := 0; ; {
		i := bytes.Index(t.Code[at:], []byte("import"))
		if i < 0 {
			return ""
		}
		at += i + len("import")
		clause, _, ok := bytes.Cut(t.Code[at:], []byte("from"))
		if !ok {
			return ""
		}
		module := bytes.TrimLeft(t.src[at+len(clause)+len("from"):], space)
		if len(module) < 2 || !namesWord(clause, name) || namesWord(clause, "as") || bytes.IndexByte(clause, ';') >= 0 {
			continue
		}
		if text, _, closed := bytes.Cut(module[1:], module[:1]); closed && (module[0] == '\'' || module[0] == '"') {
			return string(text)
		}
	}
}

// mayBeReplayed reports whether an operator that shares a stream, whose name stands from start to
// end, may stay with it when an instance has ended: see scan.replaying.
func (s *subscriptions) mayBeReplayed(start, end int) bool {
	t, ok := s.at(start, end)
	if !ok {
		return true
	}
	if !endsStreams(t.src) || !t.inClass() || t.inLasting() {
		return false
	}
	args := t.OpenedAt(t.end)
	return args == nil || !namesWord(t.Code[args.Open:args.Close], "refCount") || namesWord(t.Code[args.Open:args.Close], "false")
}
