package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
)

// previewOf is the preview of files: all fixes, or the safe ones.
func previewOf(t *testing.T, files map[string]string, least transforms.Applicability) *Preview {
	t.Helper()
	dir := t.TempDir()
	for rel, src := range files {
		file := filepath.Join(dir, rel)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Run(t.Context(), transforms.NewDetector(p, kinds, false), run.Options{Accept: func(f *transforms.Fix) bool { return f.Applicability >= least }})
	if err != nil {
		t.Fatal(err)
	}
	return NewPreview(r, kinds, nil)
}

const (
	twice = "export class Poll {\n  start() {\n    setInterval(() => {}, 10);\n    setInterval(() => {}, 20);\n  }\n  stop() {\n    done();\n  }\n}\n" +
		"export const wait = (go: () => void) => new Promise<void>((resolve, reject) => {\n  const t = setInterval(() => { clearInterval(t); resolve(); }, 9);\n  go.on('stop', () => { reject(new Error('x')); });\n});\n"
	loose = "export class Loose {\n  start() {\n    setInterval(() => {}, 10);\n  }\n}\n"
)

// TestPreviewOnTop: what can only be made after another fix is shown as it is made,
// and has no diff of its own; where it leaks is told by the lines of the file.
func TestPreviewOnTop(t *testing.T) {
	p := previewOf(t, map[string]string{"a.ts": "export class Base {\n  start() {\n    setInterval(() => {}, 10);\n  }\n  stop() {\n    done();\n  }\n}\n" +
		"export class Sub extends Base {\n  go() {\n    setInterval(() => {}, 20);\n  }\n  stop() {\n    super.stop();\n  }\n}\n"}, transforms.Unsafe)
	if len(p.Fixes) != 2 || p.Fixes[0].Line != 3 || p.Fixes[1].Line != 11 {
		t.Fatalf("%d fixes", len(p.Fixes))
	}
	later := 0
	for i := range p.Fixes {
		f := &p.Fixes[i]
		diff := f.Change.Unified()
		if n := strings.Count(diff, "clearInterval("); n != 1 || f.OnTop == (f.Alone != "") || f.Alone != "" && f.Alone != diff {
			t.Errorf("on top: %v, by itself %q:\n%s", f.OnTop, f.Alone, diff)
		}
		if f.OnTop {
			later++
			if line := strings.Split(string(f.Change.Old), "\n")[f.Marks[0].Line-1]; !strings.Contains(line, "setInterval(") {
				t.Errorf("the mark is at: %s", line)
			}
		}
	}
	if later != 1 {
		t.Errorf("%d are made on top of another", later)
	}
}

func TestPreview(t *testing.T) {
	p := previewOf(t, map[string]string{"package.json": `{"name": "town"}`, "src/a.ts": twice, "src/b.ts": loose}, transforms.Safe)
	if len(p.Fixes) != 2 || len(p.Left) != 1 || p.Left[0].Path != "src/b.ts" || p.Summary.Files != 1 || p.Summary.ByApplicability[transforms.Safe] != 2 {
		t.Fatalf("%d fixes, %d left: %+v", len(p.Fixes), len(p.Left), p.Summary)
	}
	both := p.Fixes[0]
	if len(both.Settles) != 2 || len(both.Fingerprints) != 2 || both.Line != 3 || both.Column != 5 || both.Package != "town" || both.Owner.Name != "Poll" || both.Owner.Line != 1 || both.Phase != "critical" {
		t.Errorf("%+v", both)
	}
	// The file's diff has both, and each by itself has the other's lines as they are.
	if both.Diff != p.Fixes[1].Diff || strings.Count(both.Diff, "+    clearInterval(") > 2 {
		t.Errorf("the file's diff\n%s", both.Diff)
	}
	for i, own := range []string{"this.intervals.add(", "clearInterval(t); reject("} {
		other := []string{"clearInterval(t);\n+", "this.intervals.add("}[i]
		if !strings.Contains(p.Fixes[i].Alone, "+") || strings.Contains(p.Fixes[i].Alone, other) || p.Fixes[i].OnTop {
			t.Errorf("fix %d by itself (%s):\n%s", i, own, p.Fixes[i].Alone)
		}
	}
	if m := p.Fixes[1].Marks; len(m) < 2 || m[0].Line != 11 || m[0].Text != "acquired here" || !m[1].Exit || m[1].Line != 12 {
		t.Errorf("marks %v", m)
	}
	if len(p.Why) != 1 || p.Why["interval"] == "" {
		t.Errorf("why %v", p.Why)
	}
}

// TestPreviewJSON: every field that is documented, and no other.
func TestPreviewJSON(t *testing.T) {
	p := previewOf(t, map[string]string{"a.ts": twice, "b.ts": loose}, transforms.Safe)
	p.Tests = []PreviewTest{{Path: "a.leaks.test.ts"}}
	var b bytes.Buffer
	if err := p.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(readme), "### Previews")
	part, _, _ = strings.Cut(part, "\n### ")
	seen := 0
	var check func(where string, v any)
	check = func(where string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, inner := range v {
				if where == "left" || where == "byPhase" || where == "byApplicability" { // the fields of scan, names of phases
					continue
				}
				seen++
				if !strings.Contains(part, "`"+name+"`") {
					t.Errorf("README.md says nothing of `%s` (in %s)", name, where)
				}
				check(name, inner)
			}
		case []any:
			for _, inner := range v {
				check(where, inner)
			}
		}
	}
	check("", got)
	if seen < 30 {
		t.Errorf("%d fields", seen)
	}
	for _, name := range []string{"fixes", "tests", "left"} {
		if list, ok := got[name].([]any); !ok || len(list) == 0 {
			t.Errorf("no %s", name)
		}
	}
	var empty bytes.Buffer
	if err := previewOf(t, map[string]string{"c.ts": "export {};\n"}, transforms.Safe).WriteJSON(&empty); err != nil || strings.Contains(empty.String(), "null") {
		t.Errorf("nothing found is not empty lists: %v\n%s", err, empty.String())
	}
}

// TestMarkdownIsText: what the source says becomes no element, link or mention.
func TestMarkdownIsText(t *testing.T) {
	evil := "export class Evil {\n  // </details><img src=x> @ada #12 \x1b[31m \u202e\n  text = `\n````\n</details><img src=x> @ada\n`;\n  start() {\n    setInterval(() => tell('````\\n</details> @ada'), 10);\n  }\n  stop() {}\n}\n"
	p := previewOf(t, map[string]string{"<img src=x> @ada `x`.ts": evil, "package.json": `{"name": "@ada"}`}, transforms.Unsafe)
	if len(p.Fixes) != 1 {
		t.Fatalf("%d fixes", len(p.Fixes))
	}
	src := []byte(markdownOf(p, MaxComment))
	if bytes.ContainsAny(src, "\x1b\u202e") {
		t.Errorf("as it is in the file:\n%q", src)
	}
	html, code := 0, 0
	doc := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	err := ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			return ast.WalkSkipChildren, nil
		case *ast.HTMLBlock:
			for i := range n.Lines().Len() {
				line := n.Lines().At(i)
				if l := strings.TrimSpace(string(line.Value(src))); l != "<details><summary>Diff</summary>" && l != "</details>" && l != "" {
					t.Errorf("an element: %s", l)
				}
			}
			html++
		case *ast.FencedCodeBlock:
			code++
		case *ast.RawHTML, *ast.Link, *ast.Image, *ast.AutoLink:
			t.Errorf("a %s", n.Kind())
		case *ast.Text:
			if s := n.Segment.Value(src); bytes.ContainsAny(s, "@#<`") {
				t.Errorf("as text: %s", s)
			}
		}
		return ast.WalkContinue, nil
	})
	if err != nil || html != 2 || code != 1 {
		t.Errorf("%v; %d elements, %d diffs\n%s", err, html, code, src)
	}
}

// TestMarkdownFits: a comment of any size has room for itself, and says what it lacks.
func TestMarkdownFits(t *testing.T) {
	p := &Preview{Summary: PreviewCounts{Fixes: 900, Files: 900, ByPhase: map[transforms.Phase]int{"high": 900}, ByApplicability: map[transforms.Applicability]int{transforms.Safe: 900}}}
	for i := range 900 {
		p.Fixes = append(p.Fixes, PreviewFix{
			Path: fmt.Sprintf("src/f%d.ts", i), Line: 1, Phase: "high", Applicability: transforms.Safe, Message: "Release the interval", Notes: []string{"is it still wanted?"},
			Settles: []Settled{{Kind: "interval", Line: 1, Message: "interval of Poll is never released"}},
			Change:  patch.Change{Path: fmt.Sprintf("src/f%d.ts", i), Old: []byte("a();\n"), New: []byte(strings.Repeat("b();\n", 40))},
		})
	}
	for _, room := range []int{2000, 20_000, MaxComment, 1_000_000} {
		got := markdownOf(p, room)
		if len(got) > room {
			t.Errorf("%d bytes for %d", len(got), room)
		}
		entries, diffs := strings.Count(got, "\n#### "), strings.Count(got, "<details>")
		if entries < 900 != strings.Contains(got, fmt.Sprintf("%d more are not listed here", 900-entries)) || diffs < entries != strings.Contains(got, fmt.Sprintf("%d diffs are left out", entries-diffs)) {
			t.Errorf("%d: %d entries, %d diffs, and it does not say so: %s", room, entries, diffs, got[len(got)-200:])
		}
		if entries == 0 || strings.Count(got, "</details>") != diffs {
			t.Errorf("%d: %d entries, %d diffs", room, entries, diffs)
		}
	}
	if full := markdownOf(p, 1_000_000); strings.Count(full, "<details>") != 900 || strings.Contains(full, "left out") {
		t.Error("with room for all not all is there")
	}
	if none := markdownOf(&Preview{}, MaxComment); !strings.Contains(none, "No fixes") {
		t.Error(none)
	}
}
