package transforms

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"sync"

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
	var kinds []*Kind
	for _, name := range names {
		data, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		k, err := ParseKind(name, data)
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, k)
	}
	return kinds, CheckKinds(kinds)
})

// CheckKinds reports names that are used twice and parents that are not there.
func CheckKinds(kinds []*Kind) error {
	byName := map[string]*Kind{}
	for _, k := range kinds {
		if old := byName[k.Name]; old != nil {
			return &KindError{k.File, 1, fmt.Sprintf("kind %q is defined in %s already", k.Name, old.File)}
		}
		byName[k.Name] = k
	}
	for _, k := range kinds {
		if k.Within != "" && byName[k.Within] == nil {
			return &KindError{k.File, 1, fmt.Sprintf("within: there is no kind %q", k.Within)}
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
	var err error
	if k.Cases, err = ParseCases(file, data); err != nil {
		return nil, err
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
}

func (h *header) fail(line int, format string, args ...any) error {
	return &KindError{h.file, line, fmt.Sprintf(format, args...)}
}

func (h *header) line(n int, line string) error {
	key, value, ok := strings.Cut(line, ":")
	value = strings.TrimSpace(value)
	if !ok || value == "" {
		return h.fail(n, "want `key: value`, got %q", line)
	}
	k := h.kind
	switch key {
	case "acquire", "release", "except", "from", "type", "exported", "made":
	default:
		if h.once == nil {
			h.once = map[string]bool{}
		}
		if h.once[key] {
			return h.fail(n, "%s: given twice", key)
		}
		h.once[key] = true
	}
	pattern := func() (*syntax.Pattern, error) {
		p, err := syntax.CompilePattern(value)
		if err != nil {
			return nil, h.fail(n, "%s: %v in %q", key, err, value)
		}
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
	case "except":
		var p *syntax.Pattern
		if p, err = pattern(); err == nil {
			k.Except = append(k.Except, p)
		}
	case "after":
		k.After, err = pattern()
	case "from":
		h.add(&h.from, func(a *Acquire) *[]string { return &a.From }, strings.Fields(value))
	case "type":
		h.add(&h.types, func(a *Acquire) *[]string { return &a.Types }, strings.Fields(value))
	case "exported", "made":
		err = h.ofAcquire(n, key, value)
	case "over":
		k.Over = strings.Fields(value)
	case "begins":
		err = choice(string(Returned), string(Called))
		k.Begins = Begin(value)
	case "ends":
		err = choice("itself")
		k.OneShot = true
	case "yields":
		err = choice("promise", "itself")
		k.Promised, k.Chains = value == "promise", value == "itself"
	case "works":
		err = choice("alone")
		k.Alone = true
	case "until":
		err = choice("settled")
		k.Awaited = true
	case "fails":
		err = choice(string(Never), string(Throws), string(Rejects))
		k.Fails = Failing(value)
	case "retainer":
		k.Retainer, err = hole()
	case "keyed":
		k.Keyed, err = hole()
	case "within":
		k.Within = value
	case "noun":
		k.Noun = value
	case "phase":
		err = choice(string(Critical), string(High), string(Medium))
		k.Phase = Phase(value)
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
		err = h.fail(n, "unknown key %q", key)
	}
	return err
}

func (h *header) add(common *[]string, of func(*Acquire) *[]string, words []string) {
	if len(h.kind.Acquire) == 0 {
		*common = append(*common, words...)
		return
	}
	last := of(&h.kind.Acquire[len(h.kind.Acquire)-1])
	*last = append(slices.Clone(*last), words...)
}

// ofAcquire reads what is said of the acquisition before it.
func (h *header) ofAcquire(n int, key, value string) error {
	if len(h.kind.Acquire) == 0 {
		return h.fail(n, "%s: stands after the acquire that it is about", key)
	}
	last := &h.kind.Acquire[len(h.kind.Acquire)-1]
	switch {
	case key == "exported" && value == "default" && len(last.From) > 0 && last.Pattern.Rooted():
		last.Whole = true
	case key == "made" && value == "by name" && len(last.Types) > 0:
		last.Exact = true
	default:
		return h.fail(n, "%s: want `exported: default` after the acquire of a name from a module, or `made: by name` after one with a type", key)
	}
	return nil
}

func (h *header) cost(n int, value string) (*Cost, error) {
	sizes, source, _ := strings.Cut(value, ";")
	parts := strings.Fields(sizes)
	if len(parts) != 2 {
		return nil, h.fail(n, "cost: want `LOW HIGH; source`, got %q", value)
	}
	low, err := parseSize(parts[0])
	if err != nil {
		return nil, h.fail(n, "cost: %v", err)
	}
	high, err := parseSize(parts[1])
	if err != nil || high < low {
		return nil, h.fail(n, "cost: want LOW HIGH with LOW at most HIGH, got %q", value)
	}
	return &Cost{low, high, strings.TrimSpace(source)}, nil
}

// finish checks what only the whole header shows: a release can only mention
// what the acquisition binds.
func (h *header) finish(line int) error {
	k := h.kind
	if len(k.Acquire) == 0 {
		return h.fail(line, "no acquire")
	}
	if len(k.Release) == 0 {
		return h.fail(line, "no release")
	}
	for _, a := range k.Acquire {
		if a.needle() == "" {
			return h.fail(line, "acquire %q: nothing in it can be searched for", a.Pattern.Text)
		}
		for _, r := range k.Release {
			for _, v := range r.Pattern.Vars {
				if v != "HANDLE" && v != "DONE" && v != "SELF" && !a.Pattern.Has(v) {
					return h.fail(line, "release %q mentions $%s, which acquire %q does not bind", r.Pattern.Text, v, a.Pattern.Text)
				}
			}
		}
		for _, hole := range []string{k.Retainer, k.Keyed} {
			if hole != "" && !a.Pattern.Has(hole) && k.Keyed != "" {
				return h.fail(line, "acquire %q does not bind $%s", a.Pattern.Text, hole)
			}
		}
	}
	if k.Retainer != "" && !slices.ContainsFunc(k.Acquire, func(a Acquire) bool { return a.Pattern.Has(k.Retainer) }) {
		return h.fail(line, "no acquire binds $%s", k.Retainer)
	}
	return nil
}

// ParseCases groups the files of a txtar archive: CASE/PATH is a source,
// CASE/PATH.safe (.unsafe, .display, .refused) what must come of it. file is for
// messages; every error is a *KindError.
func ParseCases(file string, data []byte) ([]Case, error) {
	index := map[string]int{}
	var cases []Case
	for _, f := range txtar.Parse(data).Files {
		name, rel, ok := strings.Cut(f.Name, "/")
		if !ok {
			return nil, &KindError{file, lineOf(data, f.Name), fmt.Sprintf("want CASE/FILE, got %q", f.Name)}
		}
		i, seen := index[name]
		if !seen {
			i = len(cases)
			index[name] = i
			cases = append(cases, Case{Name: name, Files: map[string]string{}, Goldens: map[string]Golden{}})
		}
		ext := strings.TrimPrefix(path.Ext(rel), ".")
		switch ext {
		case "safe", "unsafe", "display", "refused":
			cases[i].Goldens[strings.TrimSuffix(rel, "."+ext)] = Golden{ext, string(f.Data)}
		default:
			cases[i].Files[rel] = string(f.Data)
		}
	}
	for _, c := range cases {
		for rel := range c.Goldens {
			if _, ok := c.Files[rel]; !ok {
				return nil, &KindError{file, lineOf(data, c.Name+"/"+rel), fmt.Sprintf("case %s: a golden for %s, which is not there", c.Name, rel)}
			}
		}
	}
	return cases, nil
}

func lineOf(data []byte, name string) int {
	before, _, ok := bytes.Cut(data, []byte("-- "+name))
	if !ok {
		return 1
	}
	return bytes.Count(before, []byte{'\n'}) + 1
}
