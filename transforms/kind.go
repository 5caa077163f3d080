package transforms

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// Kind is a law as data: whoever evaluates one of Acquire must in time
// evaluate one of Release. CONTRIBUTING.md describes the format of its file.
type Kind struct {
	Name     string
	File     string // where it was read from, for messages
	Own      bool   // the project's own: it did not come with the program
	Prose    string // why it leaks and when not, Markdown
	Acquire  []Acquire
	Release  []Release // the first that fits is written, all are accepted
	Undo     *Release  // how it is ended where something failed; on other ways the code's own release stays
	Begins   Begin
	OneShot  bool              // ends: itself
	Readable bool              // ends: read, by whoever pipes it, iterates over it or listens for its data
	Copied   bool              // handle: copied: a value, of which others get copies without getting the debt
	Number   bool              // handle: number: 0 is one as any other, so that its truth does not tell whether there is one
	Promised bool              // yields: promise: the acquisition has to be awaited for the handle
	Chains   bool              // yields: itself: the acquisition returns the handle that it is called on
	Alone    bool              // works: alone: it goes on without anybody using the handle
	Lasts    bool              // lasts: process: customarily held for as long as the program runs
	Operator string            // the operator that ends it at a signal, "" for none: what it is made of can be told in its middle when to end
	Lenient  bool              // takes: nothing: the release may be called with undefined
	Quiet    bool              // returns: nothing: the release has no value, as that of what the platform itself gives unless it rejects
	Apart    bool              // apart: fails: the release does nothing when it is called without its handle
	OnlyOnce bool              // again: fails: what was released must not be released again
	Fails    Failing           // how the release can fail
	Retainer string            // hole of the acquisition that keeps the resource alive; "": the runtime
	Keyed    string            // hole under which the retainer files the resource
	Identity bool              // what is filed is found again by the very object only
	Since    string            // the module whose release says whether there is a debt, "" for any
	SinceV   project.Version   // the first with one
	Lookup   []*syntax.Pattern // of what is filed under a key: the first gives the value, the others tell whether there is one
	Size     *syntax.Pattern   // how many there are
	Oldest   *syntax.Pattern   // the key that was filed first; nil: that cannot be told
	Weak     string            // the type that holds what is filed only as long as its key is there
	Within   []string          // kinds whose release settles this one too
	Source   []string          // methods of what it was made from that settle it, too
	Except   []*syntax.Pattern
	Last     []Last          // what tells that it came to its end, and has ended with that
	Chained  []string        // methods of the handle that return it, before it is used
	Signal   string          // hole of the options that may bring a signal, of whose controller the release is a method
	Awaited  bool            // until: settled: in a promise it is meant to be there until that settles
	Over     []string        // events of the handle after which nothing is owed
	After    *syntax.Pattern // evaluated once the release was called, so that it can complete
	Phase    Phase
	Family   Family
	Cost     *Cost // nil: unknown
	Limit    Applicability
	Noun     string // what one handle is called in generated names, "interval"
	Disposal Disposal
	Cases    []Case

	withinLine int
}

// Family is what is alike about leaks of several kinds, for whoever reads about many.
type Family string

// The families.
const (
	Timers     Family = "timer"
	Listeners  Family = "listener" // what is kept, and called, by what it listens to
	Registries Family = "registry" // entries of what only grows
	Resources  Family = "resource" // what the system, or another program, holds
)

// Registers reports whether what is acquired has no handle: the release names
// again the target, the event and, as a rule, the function.
func (k *Kind) Registers() bool {
	return k.Keyed == "" && k.Retainer != "" && len(k.Release) > 0 && !k.Release[0].Pattern.Has("HANDLE") && k.Acquire[0].Pattern.Has(handlerHole)
}

// ByFunction reports whether what is registered is taken away by naming the function
// again. Where only one can be registered for an event, that alone says which.
func (k *Kind) ByFunction() bool { return k.Registers() && k.Release[0].Pattern.Has(handlerHole) }

// Collects reports whether it is about what is kept in a collection of the
// language: that never leaks by itself, and ends with what holds the collection.
func (k *Kind) Collects() bool { return k.Keyed != "" && len(k.Lookup) > 0 }

// given reports whether the callback of some acquisition is given $name.
func (k *Kind) given(name string) bool {
	return slices.ContainsFunc(k.Acquire, func(a Acquire) bool { return a.Pattern.Given(name) })
}

// Shares reports whether an acquisition is itself an operator of a library, which subscribes to
// what is before it.
func (k *Kind) Shares(a *Acquire) bool { return k.Operator != "" && a.Pattern.Rooted() }

// Acquire is one way to acquire, with what must be known about it.
type Acquire struct {
	Pattern *syntax.Pattern
	From    []string // modules, "global" among them; empty: no module says it
	Types   []string // names of the receiver's type, "this" for the class around; empty: any
	Whole   bool     // exported: default: the module's own value is it, too
	Exact   bool     // made: by name: what merely came out of the module's calls is not of the type
}

// Release is one way to release.
type Release struct {
	Pattern *syntax.Pattern
	// Done: the hole $DONE stands for a callback that is called, with an error
	// or nothing, when the release is complete. Awaiting such a call without
	// it waits for nothing.
	Done bool
	// AtOnce: it is done when it returns, and cannot fail, whatever others do.
	AtOnce bool
}

// Last is something that is asked of a handle, and how that tells that there is nothing
// more: it has ended then.
type Last struct {
	Pattern *syntax.Pattern
	How     Telling
}

// Telling is how an answer tells that it was the last.
type Telling string

// The ways to tell.
const (
	All   Telling = "all"   // it does not come before the end
	Falsy Telling = "falsy" // it is false, null or nothing
	Done  Telling = "done"  // its property `done` is true
	Empty Telling = "empty" // it is a list without anything in it, or shorter than was asked for
)

// Begin says when the debt begins.
type Begin string

// The beginnings.
const (
	Used     Begin = "used"     // when it is used: before that it holds nothing
	Returned Begin = "returned" // when the acquisition returned
	Called   Begin = "called"   // when it was called: failing half-way it may hold the resource
)

// Failing says how a release can fail.
type Failing string

// The ways in which a release fails.
const (
	Never   Failing = "never"
	Throws  Failing = "throws"
	Rejects Failing = "rejects"
)

// Phase orders the work.
type Phase string

// The phases, in the order of the work.
const (
	Critical Phase = "critical"
	High     Phase = "high"
	Medium   Phase = "medium"
)

// Phases lists them in the order of the work.
var Phases = []Phase{Critical, High, Medium}

// Cost is what one leaked instance holds, in bytes.
type Cost struct {
	Low    int64  `json:"low"`
	High   int64  `json:"high"`
	Source string `json:"-"`
}

// Case is one example of a kind: a small tree and what must come of it.
type Case struct {
	Name    string
	Files   map[string]string
	Goldens map[string]Golden // by the path of the file that it is about
	Offered bool              // of a kind of which nothing but offers come: a quiet one is quiet with them
}

// WantsOffers reports whether a case is about offers. One that is not is mended
// without them: a method that may be called twice is no part of it.
func (c Case) WantsOffers() bool {
	if c.Offered {
		return true
	}
	for _, text := range c.Files {
		if strings.Contains(text, "// want offer") {
			return true
		}
	}
	return false
}

// Golden is the expected outcome for one file.
type Golden struct {
	Outcome string // "safe", "unsafe", "display", "refused"
	Text    string // the mended file, or the reason
}

// KindError says what is wrong in a kind file, and where.
type KindError struct {
	File   string
	Line   int // from 1, as Column
	Column int // in characters
	Msg    string
}

func (e *KindError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Msg)
}

// fromModule says whether the acquisition's callee can come from o. A
// submodule counts as its module, but for twins with promises or callbacks, which
// have other functions under the same names: those are modules of their own,
// `fs/promises` also as `fs.promises`.
func (a *Acquire) fromModule(o syntax.Origin) bool {
	module := syntax.ModuleName(o.Module)
	if module == "" {
		module = "global"
	}
	if len(o.Path) > 1 && o.Path[0] == "promises" {
		module += "/promises"
	}
	for _, m := range a.From {
		if m == module || strings.HasPrefix(module, m+"/") && !isTwin(module) && m != "global" {
			return true
		}
	}
	return false
}

// ofGlobal says whether a type is one of the acquisition's, and the platform's
// own: neither imported nor declared in the file.
func (a *Acquire) ofGlobal(t syntax.Type) bool {
	return t.Module == "" && !t.Decl.OK() && len(t.Path) == 1 && slices.Contains(a.From, "global") && slices.Contains(a.Types, t.Name())
}

// isTwin reports whether a submodule has its module's functions in another way.
func isTwin(module string) bool {
	return slices.Contains([]string{"promises", "promise", "callback_api", "callback"}, module[strings.LastIndexByte(module, '/')+1:])
}

// needle is a text that occurs in every file in which the pattern matches.
func (a *Acquire) needle() string {
	if a.Pattern.Anchor != "" {
		return a.Pattern.Anchor
	}
	longest := ""
	for _, part := range splitHoles(a.Pattern.Text) {
		if len(part) > len(longest) {
			longest = part
		}
	}
	return longest
}

// splitHoles cuts a pattern's text at its holes and spaces.
func splitHoles(text string) []string {
	return strings.FieldsFunc(holesToSpace(text), func(r rune) bool { return r == ' ' })
}

func holesToSpace(text string) string {
	var b strings.Builder
	hole := false
	for _, r := range text {
		switch {
		case r == '$':
			hole = true
		case hole && (r == '_' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'):
			continue
		default:
			hole = false
		}
		if hole {
			b.WriteByte(' ')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// parseSize reads "50MB" as bytes.
func parseSize(s string) (int64, error) {
	for _, u := range []struct {
		suffix string
		unit   int64
	}{{"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}} {
		if n, ok := strings.CutSuffix(s, u.suffix); ok {
			v, err := strconv.ParseInt(n, 10, 64)
			if err != nil || v < 0 {
				break
			}
			return v * u.unit, nil
		}
	}
	return 0, fmt.Errorf("%q is not a size like 512B, 4KB, 50MB", s)
}

// reachable reports whether a text has the names in the acquisition, and names a
// module that it can be from.
func (a *Acquire) reachable(src []byte, names func(module string) bool) bool {
	if a.Pattern.Method() && slices.ContainsFunc(a.Pattern.Names, func(n string) bool { return !bytes.Contains(src, []byte(n)) }) {
		return false
	}
	if len(a.From) == 0 || a.Exact { // the type may be named in another file
		return true
	}
	if slices.Equal(a.From, []string{"global"}) && len(a.Types) > 0 {
		return slices.ContainsFunc(a.Types, func(t string) bool { return madeIn(src, t) })
	}
	for _, m := range a.From {
		if m = inQuotes(m); m == "global" || names(m) {
			return true
		}
	}
	return false
}

// inQuotes is what of the name of a module stands in quotes: fs.promises is of fs.
func inQuotes(module string) string { return strings.TrimSuffix(module, "/promises") }

// modulesIn are those of some modules that stand in quotes in a text: 'fs', "node:fs",
// `fs/promises`, each up to any of its slashes, too.
func modulesIn(src []byte, some map[string]bool) map[string]bool {
	names := map[string]bool{}
	for at, b := range src {
		if !beforeModule[b] {
			continue
		}
		rest := src[at+1 : min(len(src), at+1+longestModule)]
		for end, c := range rest {
			if notInModule[c] {
				break
			}
			if behindModule[c] && some[string(rest[:end])] {
				names[string(rest[:end])] = true
			}
		}
	}
	return names
}

// What stands before the name of a module, what behind it, and what in none. They are asked of
// every byte of a project.
var (
	beforeModule = bytesOf("'\"`:")
	behindModule = bytesOf("'\"`/")
	notInModule  = bytesOf("\x00\t\n\v\f\r ,;(){}=<>")
)

func bytesOf(signs string) (table [256]bool) {
	for _, b := range []byte(signs) {
		table[b] = true
	}
	return table
}

// longestModule is the most bytes that the name of a module has.
const longestModule = 128

// madeIn reports whether a text can make something of a type of the platform.
func madeIn(src []byte, typ string) bool {
	switch {
	case bytes.Contains(src, []byte(typ)):
		return true
	case typ == "Array":
		return bytes.Contains(src, []byte("[]"))
	case typ == "Object":
		return bytes.Contains(src, []byte("{}"))
	case typ == "ReadableStream": // fetch() gives what has one
		return true
	}
	return false
}

// filesIn reports whether a text files something under a key: x[key] = value.
func filesIn(src []byte) bool {
	for {
		i := bytes.IndexByte(src, ']')
		if i < 0 {
			return false
		}
		src = bytes.TrimLeft(src[i+1:], space)
		if len(src) > 1 && src[0] == '=' && src[1] != '=' && src[1] != '>' {
			return true
		}
	}
}

// named reports whether what the pattern calls occurs as a word, or, where that
// is a hole, whether something is made with the pattern's arguments.
func (a *Acquire) named(src []byte) bool {
	if a.Pattern.Files() {
		return filesIn(src)
	}
	needle := []byte(a.needle())
	for at := 0; ; {
		i := bytes.Index(src[at:], needle)
		if i < 0 {
			return false
		}
		start, end := at+i, at+i+len(needle)
		at = start + 1
		if a.Pattern.Anchor == "" {
			if !a.Pattern.New || afterNew(src[:start]) {
				return true
			}
			continue
		}
		if (start == 0 || !isWordByte(src[start-1])) && (end == len(src) || !isWordByte(src[end])) {
			return true
		}
	}
}

// afterNew reports whether a text ends in `new` and a name.
func afterNew(src []byte) bool {
	rest := bytes.TrimRightFunc(src, func(r rune) bool { return r == '.' || r < 0x80 && isWordByte(byte(r)) })
	return len(rest) < len(src) && bytes.HasSuffix(bytes.TrimRight(rest, " \t\n"), []byte("new"))
}

func isWordByte(b byte) bool {
	return b == '_' || b == '$' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// onlyOffers reports whether nothing that the kind finds can be a leak: what an
// instance's own registry or its own children hold ends with the instance, and what takes a
// signal ends by itself.
func (k *Kind) onlyOffers() bool {
	return k.Keyed != "" || k.Signal != "" || len(k.Acquire) > 0 && slices.Contains(k.Acquire[0].Types, "this")
}
