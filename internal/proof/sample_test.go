package proof

import (
	_ "embed"
	"path"
	"slices"
	"strings"
	"testing"
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
	files                                             map[string]string // that the import reads
}

// samples reads one for every kind that any owner can have. Kinds of one owner's
// shape (a class that makes others of itself, a keyed registry) have none: their
// examples are all there is.
func samples(t *testing.T, kinds []*transforms.Kind) []*sample {
	ar := txtar.Parse(samplesText)
	text := map[string]string{}
	for _, f := range ar.Files {
		text[f.Name] = string(f.Data)
	}
	var out []*sample
	for _, k := range kinds {
		if oneShape(k) {
			continue
		}
		lines, ok := text[k.Name]
		if !ok {
			t.Errorf("%s: has no sample in samples.txtar, so nothing proves that owners of every shape can have it", k.Name)
			continue
		}
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
			case "then":
				s.then = value
			case "use":
				s.use = value
			case "file":
				s.files[value] = text[value]
			default:
				t.Fatalf("samples.txtar: %s: no key %q", k.Name, key)
			}
		}
		out = append(out, s)
	}
	return out
}

func oneShape(k *transforms.Kind) bool {
	return k.Keyed != "" || slices.ContainsFunc(k.Acquire, func(a transforms.Acquire) bool { return slices.Contains(a.Types, "this") })
}

// program is an owner with holes for a kind; see programs.txtar.
type program struct {
	form, name, file, text, drive string
}

func programs(t *testing.T) []*program {
	var out []*program
	for _, f := range txtar.Parse(programsText).Files {
		parts := strings.Split(f.Name, "/")
		if len(parts) != 3 {
			t.Fatalf("programs.txtar: want FORM/NAME/FILE, got %s", f.Name)
		}
		if parts[2] == "drive.cjs" {
			out[len(out)-1].drive = string(f.Data)
			continue
		}
		out = append(out, &program{form: parts[0], name: parts[1], file: parts[2], text: string(f.Data)})
	}
	return out
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
	return "  /** @param {import('" + moduleOf(h.imports) + "')." + h.given + "} given */\n  constructor(given) {\n    this.given = given;\n  }\n"
}

func moduleOf(imports string) string {
	return strings.Split(imports[strings.Index(imports, " from '")+len(" from '"):], "'")[0]
}

func (h holes) acquisition(handle string) string {
	given := "given"
	if h.class {
		given = "this.given"
	}
	return strings.NewReplacer("given.", given+".", "h.", handle+".").Replace(h.taken)
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
	return strings.NewReplacer("h.", handle+".").Replace(h.use)
}

// instantiate writes a program for a kind as a case; ok is false where the
// program says that it is not for such a kind.
func (p *program) instantiate(t *testing.T, s *sample) (c transforms.Case, ok bool) {
	h := holes{s, p.form == "class"}
	write := func(text string) string {
		var b strings.Builder
		tmpl, err := template.New(p.name).Parse(text)
		if err == nil {
			err = tmpl.Execute(&b, h)
		}
		if err != nil {
			t.Fatalf("programs.txtar: %s: %v", p.name, err)
		}
		return strings.TrimLeft(b.String(), "\n")
	}
	text := strings.ReplaceAll(write(p.text), ", )", ")")
	if strings.TrimSpace(text) == "" {
		return c, false
	}
	c = transforms.Case{
		Name:  path.Join("matrix", p.form, p.name),
		Files: map[string]string{p.file: text, "drive.cjs": strings.ReplaceAll(write(p.drive), ", )", ")")},
	}
	for name, text := range s.files {
		c.Files[name] = text
	}
	return c, true
}
