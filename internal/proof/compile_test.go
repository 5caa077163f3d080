package proof

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// styles are the ways of writing that fixes claim to keep. Each turns the text
// of an example into the same program in that style.
var styles = map[string]func(string) string{
	"as written":       func(s string) string { return s },
	"tabs":             func(s string) string { return reindent(s, "\t") },
	"four spaces":      func(s string) string { return reindent(s, "    ") },
	"CRLF":             func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
	"byte order mark":  func(s string) string { return "\ufeff" + s },
	"no final newline": func(s string) string { return strings.TrimRight(s, "\n") },
	"no semicolons":    func(s string) string { return semicolons.ReplaceAllString(s, "") },
	"double quotes":    doubleQuotes,
}

// compiledStyles are those that a compiler minds.
var compiledStyles = []string{"as written", "no semicolons"}

var allStyles = flag.Bool("all-styles", false, "mend every example in every style, and not in one of those by turns that no compiler minds")

var (
	semicolons  = regexp.MustCompile(`(?m);$`)
	indentation = regexp.MustCompile(`(?m)^(?:  )+`)
	diagnostic  = regexp.MustCompile(`(?m)^([^(\n]+)\(\d+,\d+\): error (TS\d+: .*)$`)
)

func reindent(s, unit string) string {
	return indentation.ReplaceAllStringFunc(s, func(m string) string { return strings.Repeat(unit, len(m)/2) })
}

func doubleQuotes(s string) string {
	if strings.ContainsAny(s, "\"`") {
		return s
	}
	return strings.ReplaceAll(s, "'", `"`)
}

// stylesFor are the styles that the example with a number is mended in. How a file is
// indented or ends its lines, no compiler minds: each fix is parsed by two, and keeps the
// style, anyhow. Of such styles one is tried with each example, and they take turns.
func stylesFor(example int) []string {
	if *only != "" {
		return compiledStyles[:1]
	}
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(styles)), func(style string) bool { return slices.Contains(compiledStyles, style) })
	if !*allStyles {
		turn := example % len(others)
		others = others[turn : turn+1]
	}
	return slices.Concat(compiledStyles, others)
}

// TestCompiles mends every example in the styles that a compiler minds and in one of the
// others, and type-checks it before and after its fix in the former, under strict, in one
// process: a fix may bring no diagnostic.
func TestCompiles(t *testing.T) {
	t.Parallel()
	dir := compilerFolder(t)
	mended := 0
	all, kinds := chosen(t)
	groups := map[string][]transforms.Case{}
	for _, k := range kinds {
		groups[k.Name] = k.Cases
	}
	traps, err := filepath.Glob("../../transforms/testdata/*.txtar")
	if err != nil || len(traps) == 0 {
		t.Fatal("no traps", err)
	}
	for _, file := range traps {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if groups[name], err = transforms.ParseCases(file, data); err != nil {
			t.Fatal(err)
		}
	}
	example := 0
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		for _, c := range groups[name] {
			for _, style := range stylesFor(example) {
				folder := filepath.Join(name, c.Name, strings.ReplaceAll(style, " ", "-"))
				mended += compileCase(t, transforms.Style{}, all, dir, folder, c, styles[style], slices.Contains(compiledStyles, style))
			}
			example++
		}
	}
	for i, c := range matrixCases(t, all, kinds) {
		folder := filepath.Join("matrix", fmt.Sprint(i), strings.ReplaceAll(c.Name, " ", "-"))
		mended += compileCase(t, transforms.Style{}, all, dir, folder, c, styles["as written"], true)
	}
	for _, c := range componentCases(t, all, kinds) {
		mended += compileCase(t, transforms.Style{}, all, dir, filepath.Join("matrix", "components", c.Name), c, styles["as written"], true)
	}
	if mended == 0 {
		t.Fatal("nothing was mended")
	}
	config := `{"compilerOptions": {"strict": true, "noEmit": true, "target": "es2022", "lib": ["es2022", "dom"], "module": "esnext",
  "moduleResolution": "bundler", "jsx": "preserve", "moduleDetection": "force", "skipLibCheck": true, "allowJs": true, "esModuleInterop": true,
  "experimentalDecorators": true, "noImplicitOverride": false, "types": ["node"],
  "paths": {"puppeteer": ["./node_modules/puppeteer-core"], "playwright": ["./node_modules/playwright-core"]}},
  "include": ["before", "after"]}`
	before, after := diagnostics(t, dir, config)
	for d := range before {
		if strings.HasPrefix(d, "matrix/") {
			t.Errorf("a program of the matrix does not compile as it is: %s", d)
		}
	}
	for _, d := range fresh(before, after) {
		t.Error(d)
	}
	t.Logf("%d files mended and compiled, %d diagnostics in the examples themselves", mended, len(before))
}

// fresh are the diagnostics that fixes brought.
func fresh(before, after map[string]int) []string {
	var out []string
	for d, n := range after {
		if n > before[d] {
			out = append(out, d)
		}
	}
	sort.Strings(out)
	return out
}

// compilerFolder is a folder with the compiler and the types that it needs.
func compilerFolder(t *testing.T) string {
	compiler := filepath.Join("node_modules", "typescript", "bin", "tsc")
	if _, err := os.Stat(compiler); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("typescript is not installed: nothing is compiled; run npm ci in internal/proof")
		}
		t.Skip("typescript is not installed (npm ci in internal/proof): nothing is compiled")
	}
	dir := t.TempDir()
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// diagnostics compiles a folder and counts what the compiler says of the files
// before and after their fixes.
func diagnostics(t *testing.T, dir, config string) (before, after map[string]int) {
	if err := os.WriteFile(filepath.Join(dir, "tsconfig.json"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	// A syntax error anywhere, and the compiler says nothing about types: one that
	// is planted tells.
	if err := os.WriteFile(filepath.Join(dir, "before", "planted.ts"), []byte("export const n: number = 'text';\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(dir, "node_modules", "typescript", "bin", "tsc"), "-p", dir, "--pretty", "false")
	cmd.Dir = dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	before, after = map[string]int{}, map[string]int{}
	for _, m := range diagnostic.FindAllStringSubmatch(out.String(), -1) {
		if rel, ok := strings.CutPrefix(m[1], "before/"); ok {
			before[rel+": "+m[2]]++
		} else if rel, ok := strings.CutPrefix(m[1], "after/"); ok {
			after[rel+": "+strings.ReplaceAll(m[2], "/after/", "/before/")]++ // it may name another file
		} else {
			t.Errorf("the compiler said %s", m[0])
		}
	}
	planted := len(before)
	maps.DeleteFunc(before, func(d string, _ int) bool { return strings.HasPrefix(d, "planted.ts: TS2322") })
	if len(before) == planted {
		t.Fatalf("no types were checked: %s", out.String())
	}
	return before, after
}

// compileCase mends one example in one style, and returns how many of its files were
// mended. It writes them for the compiler, before and after, if they are to be typed.
func compileCase(t *testing.T, style transforms.Style, kinds []*transforms.Kind, dir, folder string, c transforms.Case, apply func(string) string, typed bool) int {
	files := map[string]string{}
	for rel, text := range c.Files {
		if rel != "drive.cjs" {
			files[rel] = text
			if syntax.Supported(rel) {
				files[rel] = apply(text)
			}
		}
	}
	root := filepath.Join(dir, "sources", folder) // as the project has them
	compiled := func(side, rel, text string) {
		if syntax.IsComponent(rel) { // the compiler knows no markup: its scripts alone
			code, ext := syntax.Scripts(rel, []byte(text))
			rel, text = rel+ext, string(code)
		}
		put(t, filepath.Join(dir, side, folder), rel, []byte(text))
	}
	toCompile := map[string]bool{}
	for rel, text := range files {
		put(t, root, rel, []byte(text))
		if toCompile[rel] = typed && !broken(rel, text); toCompile[rel] {
			compiled("before", rel, text)
			compiled("after", rel, text)
		}
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, c.WantsOffers())
	d.Style = style
	mended := 0
	for rel, text := range files {
		if !syntax.Supported(rel) {
			continue
		}
		f, err := syntax.Parse(context.Background(), rel, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m, err := d.Mend(context.Background(), f, func(*transforms.Fix) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range m.Bugs {
			t.Errorf("%s: %v", folder, b)
		}
		golden, ok := c.Goldens[rel]
		if (m.New != nil) != (ok && golden.Outcome != "refused") {
			t.Errorf("%s/%s: mended %v, the example says %q", folder, rel, m.New != nil, golden.Outcome)
		}
		if m.New == nil {
			continue
		}
		mended++
		if toCompile[rel] {
			compiled("after", rel, string(m.New))
		}
		if want := apply(golden.Text); sameStyle(want) != sameStyle(string(m.New)) {
			t.Errorf("%s/%s: style changed: %s became %s\n%s", folder, rel, sameStyle(want), sameStyle(string(m.New)), m.New)
		}
	}
	return mended
}

// broken reports whether an example is one that does not parse: the compiler says
// nothing about types where any of its files has a syntax error.
func broken(rel, text string) bool {
	f, err := syntax.Parse(context.Background(), rel, []byte(text))
	return syntax.Supported(rel) && (err != nil || f.Errors() > 0)
}

// sameStyle sums up what a style must keep.
func sameStyle(s string) string {
	lines := strings.Count(s, "\n")
	crlf := strings.Count(s, "\r\n")
	mixed := crlf > 0 && crlf != lines
	tabs, spaces := false, false
	for line := range strings.Lines(s) {
		tabs = tabs || strings.HasPrefix(line, "\t")
		spaces = spaces || strings.HasPrefix(line, "  ")
	}
	return fmt.Sprintf("crlf=%v mixed=%v bom=%v final=%v tabs=%v spaces=%v", crlf > 0, mixed, strings.HasPrefix(s, "\ufeff"), strings.HasSuffix(s, "\n"), tabs, spaces)
}
