package transforms

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"
	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/syntax"
)

//go:embed kinds/*.txtar
var builtin embed.FS

// Builtin returns the kinds that come with the program, by name.
var Builtin = sync.OnceValues(func() ([]*Kind, error) {
	names, err := fs.Glob(builtin, "kinds/*.txtar")
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	kinds := make([]*Kind, len(names))
	var group errgroup.Group // every run begins with this
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, name := range names {
		group.Go(func() error {
			data, err := builtin.ReadFile(name)
			if err == nil {
				kinds[i], err = ParseKind(name, data)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return kinds, CheckKinds(kinds)
})

// CheckKinds reports names that are used twice and parents that are not there.
func CheckKinds(kinds []*Kind) error {
	byName := map[string]*Kind{}
	for _, k := range kinds {
		if old := byName[k.Name]; old != nil {
			return &KindError{k.File, 1, 1, fmt.Sprintf("kind %q is defined in %s already", k.Name, old.File)}
		}
		byName[k.Name] = k
	}
	for _, k := range kinds {
		for _, parent := range k.Within {
			if byName[parent] == nil {
				return &KindError{k.File, max(1, k.withinLine), 1, fmt.Sprintf("within: there is no kind %q", parent)}
			}
		}
	}
	return nil
}

// ParseKind reads one kind file; its name without extension is the kind's.
// Every error is a *KindError.
func ParseKind(file string, data []byte) (*Kind, error) {
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	ar := txtar.Parse(data)
	k := &Kind{
		Name: strings.TrimSuffix(path.Base(file), ".txtar"), File: file,
		Begins: Returned, Fails: Never, Phase: Medium, Limit: Safe,
	}
	k.Noun = k.Name[strings.LastIndexByte(k.Name, '-')+1:]
	h := header{kind: k, file: file}
	lines := strings.Split(string(ar.Comment), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			k.Prose = strings.TrimSpace(strings.Join(lines[i:], "\n"))
			break
		}
		if err := h.line(i+1, line); err != nil {
			return nil, err
		}
	}
	if err := h.finish(len(lines)); err != nil {
		return nil, err
	}
	switch {
	case k.Family != "":
	case k.Keyed != "":
		k.Family = Registries
	case k.Retainer != "":
		k.Family = Listeners
	default:
		k.Family = Resources
	}
	var err error
	if k.Cases, err = ParseCases(file, data); err != nil {
		return nil, err
	}
	for i := range k.Cases {
		k.Cases[i].Offered = k.onlyOffers()
	}
	return k, nil
}

// header reads the keys. `from` and `type` before the first `acquire` hold for
// all, after one for that one.
type header struct {
	kind  *Kind
	file  string
	from  []string
	types []string
	once  map[string]bool
	// column is where the value of the line at hand begins.
	column int
	// lines says where the patterns stand, and the holes that keys name.
	lines map[any]int
}

func (h *header) fail(line int, format string, args ...any) error {
	return &KindError{h.file, line, max(1, h.column), fmt.Sprintf(format, args...)}
}

func (h *header) line(n int, line string) error {
	key, value, ok := strings.Cut(line, ":")
	h.column = 1
	value = strings.TrimSpace(value)
	if !ok || value == "" {
		return h.fail(n, "want `key: value`, got %q", line)
	}
	k := h.kind
	switch key {
	case "acquire", "release", "except", "lookup", "from", "type", "exported", "made", "last", "awaited":
	default:
		if h.once == nil {
			h.once = map[string]bool{}
		}
		if h.once[key] {
			return h.fail(n, "%s: given twice", key)
		}
		h.once[key] = true
	}
	if h.lines == nil {
		h.lines = map[any]int{}
	}
	h.lines[key] = n
	before, _, _ := strings.Cut(line[len(key)+1:], value)
	h.column = 1 + utf8.RuneCountInString(key+":"+before)
	pattern := func() (*syntax.Pattern, error) {
		p, err := syntax.CompilePattern(value)
		if err != nil {
			return nil, h.fail(n, "%s: %v in %q", key, err, value)
		}
		h.lines[p] = n
		return p, nil
	}
	expression := func() (*syntax.Pattern, error) {
		p, err := syntax.CompileExpression(value)
		if err != nil {
			return nil, h.fail(n, "%s: %v in %q", key, err, value)
		}
		h.lines[p] = n
		return p, nil
	}
	choice := func(allowed ...string) error {
		if !slices.Contains(allowed, value) {
			return h.fail(n, "%s: want one of %s, got %q", key, strings.Join(allowed, ", "), value)
		}
		return nil
	}
	hole := func() (string, error) {
		name, ok := strings.CutPrefix(value, "$")
		if !ok || name == "" {
			return "", h.fail(n, "%s: want a hole like $TARGET, got %q", key, value)
		}
		return name, nil
	}
	var err error
	switch key {
	case "acquire":
		var p *syntax.Pattern
		if p, err = pattern(); err == nil {
			k.Acquire = append(k.Acquire, Acquire{Pattern: p, From: h.from, Types: h.types})
		}
	case "release":
		var p *syntax.Pattern
		if p, err = pattern(); err == nil {
			k.Release = append(k.Release, Release{Pattern: p, Done: p.Has("DONE")})
		}
	case "undo":
		var p *syntax.Pattern
		if p, err = pattern(); err == nil {
			k.Undo = &Release{Pattern: p}
			k.Release = append(k.Release, *k.Undo)
		}
	case "except":
		var p *syntax.Pattern
		if p, err = pattern(); err == nil {
			k.Except = append(k.Except, p)
		}
	case "last":
		var l Last
		how, asked, _ := strings.Cut(value, " ")
		value, l.How = how, Telling(how)
		if err = choice(string(All), string(Falsy), string(Done), string(Empty)); err == nil {
			value = strings.TrimSpace(asked)
			l.Pattern, err = pattern()
			k.Last = append(k.Last, l)
		}
	case "chained":
		k.Chained = strings.Fields(value)
	case "awaited":
		if err = choice("never"); err == nil && len(k.Release) == 0 {
			err = h.fail(n, "awaited: stands after the release that it is about")
		} else if err == nil {
			k.Release[len(k.Release)-1].AtOnce = true
		}
	case "after":
		k.After, err = pattern()
	case "lookup":
		var p *syntax.Pattern
		if p, err = expression(); err == nil {
			k.Lookup = append(k.Lookup, p)
		}
	case "size":
		k.Size, err = expression()
	case "weak":
		k.Weak = value
	case "oldest":
		k.Oldest, err = expression()
	case "from":
		h.add(&h.from, func(a *Acquire) *[]string { return &a.From }, strings.Fields(value))
	case "type":
		h.add(&h.types, func(a *Acquire) *[]string { return &a.Types }, strings.Fields(value))
	case "exported", "made":
		err = h.ofAcquire(n, key, value)
	case "over":
		k.Over = strings.Fields(value)
	case "begins":
		err = choice(string(Returned), string(Called), string(Used))
		k.Begins = Begin(value)
	case "ends":
		err = choice("itself", "read")
		k.OneShot, k.Readable = value == "itself", value == "read"
	case "takes":
		err = choice("nothing")
		k.Lenient = true
	case "returns":
		err = choice("nothing")
		k.Quiet = true
	case "handle":
		err = choice("copied", "number")
		k.Copied, k.Number = value == "copied", value == "number"
	case "yields":
		err = choice("promise", "itself", "promise of itself")
		k.Promised, k.Chains = value != "itself", value != "promise"
	case "works":
		err = choice("alone")
		k.Alone = true
	case "operator":
		k.Operator = value
	case "lasts":
		err = choice("process")
		k.Lasts = true
	case "until":
		err = choice("settled")
		k.Awaited = true
	case "fails":
		err = choice(string(Never), string(Throws), string(Rejects))
		k.Fails = Failing(value)
	case "retainer":
		k.Retainer, err = hole()
	case "keyed":
		value, k.Identity = strings.CutSuffix(value, " by identity")
		k.Keyed, err = hole()
	case "signal":
		k.Signal, err = hole()
	case "again":
		err = choice("fails")
		k.OnlyOnce = true
	case "apart":
		err = choice("fails")
		k.Apart = true
	case "since":
		err = h.since(n, value)
	case "within":
		k.Within, k.withinLine = strings.Fields(value), n
	case "source":
		k.Source = strings.Fields(value)
	case "noun":
		if k.Noun = value; reserved[value] {
			err = h.fail(n, "noun: %q is a word of the language, and no name", value)
		}
	case "phase":
		err = choice(string(Critical), string(High), string(Medium))
		k.Phase = Phase(value)
	case "family":
		err = choice(string(Timers), string(Listeners), string(Registries), string(Resources))
		k.Family = Family(value)
	case "limit":
		if err = choice("safe", "unsafe", "display"); err == nil {
			k.Limit, _ = parseApplicability(value)
		}
	case "cost":
		k.Cost, err = h.cost(n, value)
	case "disposable":
		if k.Disposal, err = parseDisposal(value); err != nil {
			err = h.fail(n, "disposable: %v", err)
		}
	default:
		h.column = 1
		err = h.fail(n, "unknown key %q", key)
	}
	return err
}

// reserved are words of the language that a noun might be.
var reserved = map[string]bool{
	"interface": true, "package": true, "class": true, "import": true, "export": true, "function": true, "default": true, "new": true,
	"this": true, "case": true, "enum": true, "static": true, "public": true, "private": true, "protected": true, "yield": true, "let": true,
	"delete": true, "switch": true, "return": true, "throw": true, "try": true, "void": true, "with": true, "in": true, "await": true,
}

func (h *header) add(common *[]string, of func(*Acquire) *[]string, words []string) {
	if len(h.kind.Acquire) == 0 {
		*common = append(*common, words...)
		return
	}
	last := of(&h.kind.Acquire[len(h.kind.Acquire)-1])
	*last = append(slices.Clone(*last), words...)
}

// finish checks what only the whole header shows: a release can only mention
// what the acquisition binds.
func (h *header) finish(line int) error {
	k := h.kind
	h.column = 1
	if reserved[k.Noun] {
		return h.fail(line, "%q is a word of the language: give a noun", k.Noun)
	}
	if len(k.Acquire) == 0 {
		return h.fail(line, "no acquire")
	}
	if len(k.Release) == 0 {
		return h.fail(line, "no release")
	}
	for _, a := range k.Acquire {
		if a.needle() == "" {
			return h.fail(h.lines[a.Pattern], "acquire %q: nothing in it can be searched for", a.Pattern.Text)
		}
		for _, r := range k.Release {
			for _, v := range r.Pattern.Vars {
				if v != "HANDLE" && v != "DONE" && v != "SELF" && !a.Pattern.Has(v) && !k.given(v) {
					return h.fail(h.lines[r.Pattern], "release %q mentions $%s, which acquire %q does not bind", r.Pattern.Text, v, a.Pattern.Text)
				}
			}
		}
		for _, hole := range []string{k.Retainer, k.Keyed} {
			if hole != "" && !a.Pattern.Has(hole) && k.Keyed != "" {
				return h.fail(h.lines[a.Pattern], "acquire %q does not bind $%s", a.Pattern.Text, hole)
			}
		}
	}
	for _, p := range append(slices.Clone(k.Lookup), k.Size, k.Oldest) {
		if p == nil {
			continue
		}
		for _, v := range p.Vars {
			if v != k.Retainer && v != k.Keyed {
				return h.fail(h.lines[p], "%q mentions $%s: what is said of a collection names its retainer and what it is keyed by", p.Text, v)
			}
		}
	}
	if k.Signal != "" && !slices.ContainsFunc(k.Acquire, func(a Acquire) bool { return a.Pattern.Has(k.Signal) }) {
		return h.fail(h.lines["signal"], "no acquire binds $%s", k.Signal)
	}
	if k.Retainer != "" && !slices.ContainsFunc(k.Acquire, func(a Acquire) bool { return a.Pattern.Has(k.Retainer) }) {
		return h.fail(h.lines["retainer"], "no acquire binds $%s", k.Retainer)
	}
	return nil
}
