package transforms

import (
	"bytes"
	"slices"
	"strings"
)

// What is added to one subscription of the instance, which its teardown ends, is what most
// components of some projects subscribe to. Here the text alone is asked for that.

// settled reports whether what the method from start to end gives is added to such a subscription,
// is ended by the library, or comes of a stream of the library, which others say more of.
func (s *subscriptions) settled(start, end int) bool {
	t, ok := s.at(start, end)
	return ok && (bytes.Contains(s.src, []byte("new Subscription()")) && t.added() || t.used() || t.ofLibrary())
}

// used reports whether it is what `using` of the library makes, and ends with its stream.
func (t subscriptionText) used() bool {
	i := t.In(t.start)
	if i < 0 || t.Code[t.Brackets[i].Open] != '(' {
		return false
	}
	name, _ := t.wordBefore(t.Brackets[i].Open)
	return name == "using" && ofStreams(t.importOf(name)) && t.handedOn()
}

// ofLibrary reports whether it is called on a field of the one class of the text, which declares
// that to be of a type of the library.
func (t subscriptionText) ofLibrary() bool {
	field, start := t.wordBefore(t.receiver())
	return bytes.HasSuffix(t.Code[:start], []byte("this.")) && ofStreams(t.fieldFrom(field))
}

// fieldFrom is the module that the one class of the text imports the type of a field from, "" where
// that does not show.
func (t subscriptionText) fieldFrom(field string) string {
	if field == "" || t.classes() != 1 {
		return ""
	}
	module, name := "", ""
	for at := 0; ; at += len(field) {
		next := wordIn(t.Code[at:], field)
		if next < 0 {
			return module
		}
		at += next
		if i := t.In(at); i < 0 || !t.Brackets[i].Class && (t.Brackets[i].Around < 0 || !t.Brackets[t.Brackets[i].Around].Class || t.Code[t.Brackets[i].Open] != '(') {
			continue // neither in the class nor a parameter of a method
		}
		after := bytes.TrimLeft(t.Code[at+len(field):], space+"?!")
		typed, ok := bytes.CutPrefix(after, []byte(":"))
		if !ok {
			typed, ok = bytes.CutPrefix(bytes.TrimLeft(bytes.TrimPrefix(after, []byte("=")), space), []byte("new "))
		}
		typ := leadingName(bytes.TrimLeft(typed, space))
		from := t.importOf(typ)
		if !ok || from == "" || name != "" && typ != name {
			return ""
		}
		module, name = from, typ
	}
}

// mayBeMadeBy reports whether the method from start to end may be called on what a function of
// that name returns.
func (s *subscriptions) mayBeMadeBy(name string, start, end int) bool {
	t, ok := s.at(start, end)
	if !ok {
		return true
	}
	made := t.ClosedAt(t.receiver() - 1)
	if made == nil || t.Code[made.Open] != '(' {
		return false
	}
	word, _ := t.wordBefore(made.Open)
	return word == "" || word == name
}

// added reports whether the subscription is added to such a one, and nothing else is done with
// either.
func (t subscriptionText) added() bool {
	args, i := t.OpenedAt(t.end), t.In(t.start)
	if args == nil || i < 0 {
		return false
	}
	pair := t.Brackets[i]
	method, at := t.wordBefore(pair.Open)
	field, start := t.wordBefore(max(at-1, 0))
	return t.Code[pair.Open] == '(' && method == "add" && field != "" && bytes.HasSuffix(t.Code[:at], []byte("this."+field+".")) && start > 0 &&
		len(bytes.Trim(t.Code[args.Close+1:pair.Close], space+",")) == 0 && t.isValue(pair.Open+1) && t.endsWithInstance(field)
}

// isValue reports whether what stands from a place up to the method is one value, and no
// function.
func (t subscriptionText) isValue(at int) bool {
	for ; at < t.start; at++ {
		if inner := t.OpenedAt(at); inner != nil {
			at = inner.Close
		} else if t.Code[at] == ',' || t.Code[at] == '=' && t.Code[at+1] == '>' {
			return false
		}
	}
	return true
}

// endsWithInstance reports whether a field of the one class of the text, which a framework
// ends and which extends no other, holds one subscription for good, and the teardown ends it
// in any case.
func (t subscriptionText) endsWithInstance(field string) bool {
	if t.classes() != 1 || t.names("extends") || !ofStreams(t.importOf("Subscription")) {
		return false
	}
	made, ended := false, false
	for at := 0; ; at += len(field) {
		next := wordIn(t.Code[at:], field)
		if next < 0 {
			return made && ended
		}
		at += next
		after := bytes.TrimLeft(t.Code[at+len(field):], space)
		switch own := bytes.HasSuffix(t.Code[:at], []byte("this.")); {
		case own && bytes.HasPrefix(after, []byte(".add(")):
		case own && (bytes.HasPrefix(after, []byte(".unsubscribe()")) || bytes.HasPrefix(after, []byte("?.unsubscribe()"))):
			ended = ended || t.inTeardown(at-len("this."))
		case !own && !made && t.inClassBody(at):
			if typed, ok := bytes.CutPrefix(after, []byte(":")); ok {
				after, ok = bytes.CutPrefix(bytes.TrimLeft(typed, space), []byte("Subscription"))
				if after = bytes.TrimLeft(after, space); !ok {
					return false
				}
			}
			value, ok := bytes.CutPrefix(after, []byte("="))
			if made = ok && bytes.HasPrefix(bytes.TrimLeft(value, space), []byte("new Subscription()")); !made {
				return false
			}
		default:
			return false
		}
	}
}

// classes counts those in the text.
func (t subscriptionText) classes() int {
	n := 0
	for _, b := range t.Brackets {
		if b.Class {
			n++
		}
	}
	return n
}

func (t subscriptionText) inClassBody(at int) bool {
	i := t.In(at)
	return i >= 0 && t.Brackets[i].Class
}

// inTeardown reports whether a statement begins at a place that every call of a teardown comes
// to, unless something throws before it.
func (t subscriptionText) inTeardown(at int) bool {
	i := t.In(at)
	if before := t.trimmed(at); i < 0 || !t.inClassBody(t.Brackets[i].Open) || before == 0 || strings.IndexByte(";{}", t.Code[before-1]) < 0 {
		return false
	}
	open := t.Brackets[i].Open
	if body := t.Code[open:at]; namesWord(body, "return") || namesWord(body, "throw") {
		return false
	}
	head := bytes.TrimRight(t.Code[:open], space)
	if untyped, ok := bytes.CutSuffix(head, []byte("void")); ok {
		head = bytes.TrimRight(untyped, space+":")
	}
	name, isMethod := bytes.CutSuffix(head, []byte("()"))
	return isMethod && slices.ContainsFunc(classHosts, func(h classHost) bool {
		return h.streams != nil && bytes.HasSuffix(name, []byte(" "+h.teardown)) && slices.ContainsFunc(h.decorators, func(d string) bool {
			has, _ := t.decorated(d, "")
			return has
		})
	})
}

// leadingName is the name that a text begins with, "" for none.
func leadingName(text []byte) string {
	end := bytes.IndexFunc(text, isNoName)
	if end < 0 {
		end = len(text)
	}
	return string(text[:end])
}
