// Package matrix puts every kind into owners of every shape, for the tests that
// mend, execute and compile them. Nothing of it is in the program.
package matrix

import (
	_ "embed"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/transforms"
)

//go:embed samples.txtar
var samplesText []byte

//go:embed programs.txtar
var programsText []byte

// sample says how one thing of a kind is acquired; see samples.txtar.
type sample struct {
	kind                                              *transforms.Kind
	imports, given, give, typ, make, use, taken, then string
	removed                                           string            // of a kind without handles: how it is taken away
	files                                             map[string]string // that the import reads
}

// Cell is one kind in one program: an example, with how to drive it.
type Cell struct {
	Kind *transforms.Kind
	Form string // the form that is to settle it
	Name string // of the program
	File string // of the case: the one to mend
	Case transforms.Case
}

// Cells instantiates every program for every kind that can be in it, in the
// order of the kinds. It fails where a kind has no sample, or a program names a
// form that is none.
func Cells(kinds []*transforms.Kind) ([]Cell, error) {
	all, err := samples(kinds)
	if err != nil {
		return nil, err
	}
	owners, err := programs("programs.txtar", programsText, transforms.Forms())
	if err != nil {
		return nil, err
	}
	var out []Cell
	for _, s := range all {
		for _, p := range owners {
			if s.kind.Registers() != strings.Contains(p.text, ".Registers") {
				continue
			}
			c, ok, err := p.instantiate(s)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, Cell{s.kind, p.form, p.name, p.file, c})
			}
		}
	}
	return out, nil
}

// samples reads one for every kind that any owner can have. Kinds of one owner's
// shape (a class that makes others of itself, a keyed registry, a transaction, which
// belongs to a call) have none: their examples are all there is.
func samples(kinds []*transforms.Kind) ([]*sample, error) {
	text := sections(samplesText)
	var out []*sample
	for _, k := range kinds {
		if oneShape(k) {
			continue
		}
		lines, ok := text[k.Name]
		if !ok {
			return nil, fmt.Errorf("%s: has no sample in internal/matrix/samples.txtar, so nothing proves that owners of every shape can have it", k.Name)
		}
		s, err := newSample(k, lines, text)
		if err != nil {
			return nil, fmt.Errorf("samples.txtar: %s: %w", k.Name, err)
		}
		out = append(out, s)
	}
	return out, nil
}

func sections(archive []byte) map[string]string {
	text := map[string]string{}
	for _, f := range txtar.Parse(archive).Files {
		text[f.Name] = string(f.Data)
	}
	return text
}

// newSample reads the lines of a section; others are files that it names.
func newSample(k *transforms.Kind, lines string, sections map[string]string) (*sample, error) {
	s := &sample{kind: k, files: map[string]string{}}
	for line := range strings.Lines(lines) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "import":
			s.imports += value + "\n"
		case "given":
			s.given = value
		case "give":
			s.give = value
		case "type":
			s.typ = value
		case "make":
			s.make = value
		case "acquire":
			s.taken = value
		case "remove":
			s.removed = value
		case "then":
			s.then = value
		case "use":
			s.use = value
		case "file":
			s.files[value] = sections[value]
		default:
			return nil, fmt.Errorf("there is no key %q", key)
		}
	}
	return s, nil
}

func oneShape(k *transforms.Kind) bool {
	if k.Keyed != "" || k.Signal != "" || k.Undo != nil || !slices.ContainsFunc(k.Acquire, func(a transforms.Acquire) bool { return !a.Pattern.Given("HANDLE") }) {
		return true
	}
	return slices.ContainsFunc(k.Acquire, func(a transforms.Acquire) bool {
		return slices.Contains(a.Types, "this") || slices.Contains(a.Types, "own") || k.Shares(&a)
	})
}

// program is an owner with holes for a kind; see programs.txtar.
type program struct {
	form, name, file, text, drive string
	others                        map[string]string // as they are
}

// programs reads the owners of an archive; forms are what they may stand under.
func programs(file string, archive []byte, forms []string) ([]*program, error) {
	var out []*program
	for _, f := range txtar.Parse(archive).Files {
		parts := strings.Split(f.Name, "/")
		if len(parts) != 3 {
			return nil, fmt.Errorf("%s: want FORM/NAME/FILE, got %s", file, f.Name)
		}
		if !slices.Contains(forms, parts[0]) {
			return nil, fmt.Errorf("%s: %s: there is no form %q", file, f.Name, parts[0])
		}
		if parts[2] == "drive.cjs" {
			out[len(out)-1].drive = string(f.Data)
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].form == parts[0] && out[last].name == parts[1] {
			out[last].others[parts[2]] = string(f.Data)
			continue
		}
		out = append(out, &program{form: parts[0], name: parts[1], file: parts[2], text: string(f.Data), others: map[string]string{}})
	}
	return out, nil
}

// holes is what a program's template can ask of a sample.
type holes struct {
	*sample
	class bool // the given object is kept in a field
}

func (h holes) Imports() string { return h.imports }
func (h holes) Type() string    { return h.typ }
func (h holes) TwoSteps() bool  { return h.make != "" && h.kind.Begins == transforms.Called }
func (h holes) IsValue() bool   { return h.make == "" }
func (h holes) ReleasedSync() bool {
	return h.kind.Fails != transforms.Rejects
}
func (h holes) Sync() bool { return !strings.Contains(h.taken, "await ") }
func (h holes) ImportsJS() string { // types are not there at run time
	var b strings.Builder
	for line := range strings.Lines(h.imports) {
		if !strings.HasPrefix(line, "import type ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Param declares the given object as the first parameter.
func (h holes) Param() string {
	if h.given == "" {
		return ""
	}
	return "given: " + h.given + ", "
}

// Give is the given object as the first argument, lent by the test.
func (h holes) Give() string {
	if h.give == "" {
		return ""
	}
	return "world.lend(" + h.give + "), "
}

// Keep is the constructor that keeps the given object.
func (h holes) Keep() string {
	if h.given == "" {
		return ""
	}
	return "\n  constructor(private readonly given: " + h.given + ") {}\n"
}

// KeepBelow is Keep for a class that extends another.
func (h holes) KeepBelow() string {
	return strings.Replace(h.Keep(), "{}", "{\n    super();\n  }", 1)
}

// KeepJS is Keep without types.
func (h holes) KeepJS() string {
	if h.given == "" {
		return ""
	}
	return "  /** @param {" + h.docType() + "} given */\n  constructor(given) {\n    this.given = given;\n  }\n"
}

// ParamJS names the given object as the only parameter.
func (h holes) ParamJS() string {
	if h.given == "" {
		return ""
	}
	return "given"
}

// KeepAssigned is the statement of a constructor function that keeps the given
// object.
func (h holes) KeepAssigned() string {
	if h.given == "" {
		return ""
	}
	return "  this.given = given;\n"
}

// docType is the type of the given object, as comments of JavaScript name it.
func (h holes) docType() string {
	if strings.Contains(h.imports, " from '") {
		return "import('" + moduleOf(h.imports) + "')." + h.given
	}
	return h.given
}

// DocJS is the type of the only parameter.
func (h holes) DocJS() string {
	if h.given == "" {
		return ""
	}
	return "/** @param {" + h.docType() + "} given */\n"
}

// Tells: its release tells by a callback when it is done, and is not awaited as it
// stands in the programs.
func (h holes) Tells() bool { return h.kind.Release[0].Done }

// OnItsOwn: nobody has to give anything for it.
func (h holes) OnItsOwn() bool { return h.given == "" }

func moduleOf(imports string) string {
	return strings.Split(imports[strings.Index(imports, " from '")+len(" from '"):], "'")[0]
}

func (h holes) acquisition(handle string) string {
	given := "given"
	if h.class {
		given = "this.given"
	}
	return strings.NewReplacer("given.", given+".", "(given,", "("+given+",", ", given,", ", "+given+",", "h.", handle+".").Replace(h.taken)
}

// Acquire is the acquisition as an expression.
func (h holes) Acquire() string {
	if h.make != "" {
		return h.acquisition("(" + h.make + ")")
	}
	return h.acquisition("h")
}

// Declare acquires into a new constant.
func (h holes) Declare(name, indent string) string { return h.keep("const "+name, name, indent) }

// Registers says that there is no handle, but a function that is registered.
func (h holes) Registers() bool { return h.kind.Registers() }

// ByFunction says that there can be several for one event, told apart by their functions.
func (h holes) ByFunction() bool { return h.kind.ByFunction() }

// Given is the type of the given object.
func (h holes) Given() string { return h.given }

// Register registers the function f with the object at the place given.
func (h holes) Register(given, f string) string {
	return strings.NewReplacer("(given", "("+given, ", given", ", "+given, "given.", given+".", "F", f).Replace(h.taken)
}

// Remove takes it away.
func (h holes) Remove(given, f string) string {
	return strings.NewReplacer("(given", "("+given, ", given", ", "+given, "given.", given+".", "F", f).Replace(h.removed)
}

// Assign acquires into a place that is there.
func (h holes) Assign(place, indent string) string { return h.keep(place, place, indent) }

func (h holes) keep(target, handle, indent string) string {
	lines := []string{target + " = " + h.acquisition(handle)}
	if h.make != "" {
		lines = []string{target + " = " + h.make, h.acquisition(handle)}
	}
	if h.then != "" {
		lines = append(lines, strings.ReplaceAll(h.then, "(h,", "("+handle+","))
	}
	return strings.Join(lines, ";\n"+indent) + ";"
}

// Release is the kind's own, awaited where it rejects.
func (h holes) Release(handle string) string {
	r := h.kind.Release[0]
	text := strings.NewReplacer("$HANDLE", handle, "$DONE", "").Replace(r.Pattern.Root().Text())
	if h.kind.Fails == transforms.Rejects && !r.Done {
		return "await " + text
	}
	return text
}

// ReleaseJS is Release, for the drive.
func (h holes) ReleaseJS(handle string) string { return h.Release(handle) }

// Use asks the handle for something.
func (h holes) Use(handle string) string {
	return strings.NewReplacer("h.", handle+".", "(h)", "("+handle+")").Replace(h.use)
}

// instantiate writes a program for a kind as a case; ok is false where the
// program says that it is not for such a kind.
func (p *program) instantiate(s *sample) (c transforms.Case, ok bool, err error) {
	h := holes{s, p.form == "class" && !strings.Contains(p.text, "{{.Param}}")}
	write := func(text string) string {
		var b strings.Builder
		tmpl, failed := template.New(p.name).Parse(text)
		if failed == nil {
			failed = tmpl.Execute(&b, h)
		}
		if failed != nil {
			err = fmt.Errorf("%s/%s: %w", p.form, p.name, failed)
		}
		return strings.NewReplacer(", )", ")", "{\n\n", "{\n").Replace(strings.TrimLeft(b.String(), "\n"))
	}
	text, drive := write(p.text), write(p.drive)
	if err != nil || strings.TrimSpace(text) == "" {
		return c, false, err
	}
	c = transforms.Case{Name: path.Join(s.kind.Name, p.form, p.name), Files: map[string]string{p.file: text, "drive.cjs": drive}}
	maps.Copy(c.Files, s.files)
	maps.Copy(c.Files, p.others)
	return c, true, nil
}
