package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

func TestReadOxlint(t *testing.T) {
	got, err := readOxlint([]byte(`{"diagnostics": [{"message": "needs a cleanup", "code": "react-doctor(effect-needs-cleanup)", "severity": "warning",
		"filename": "src/a.tsx", "labels": [{"span": {"offset": 40, "length": 9, "line": 3, "column": 5}}]}], "number_of_files": 1}`))
	want := []Report{{Path: "src/a.tsx", Line: 3, Column: 5, EndLine: 3, Rule: "effect-needs-cleanup"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	// What it cannot read it says in a diagnostic without a rule.
	for _, bad := range []string{
		`{"diagnostics": [{"message": "Unexpected token", "filename": "src/a.tsx", "labels": [{"span": {"line": 3, "column": 5}}]}]}`,
		`{"diagnostics": [{"message": "m", "code": "react-doctor(r)", "filename": "src/a.tsx", "labels": []}]}`,
		`the plugin cannot be loaded`,
	} {
		if got, err := readOxlint([]byte(bad)); err == nil {
			t.Errorf("%s: got %v", bad, got)
		}
	}
}

func TestReadESLint(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.ToSlash(filepath.Join(dir, "src", "a.ts"))
	got, err := readESLint([]byte(`[{"filePath": "`+file+`", "messages": [
		{"ruleId": "@eslint-react/web-api-no-leaked-interval", "message": "m", "line": 2, "column": 3, "endLine": 4, "endColumn": 1},
		{"ruleId": "rxjs-x/no-nested-subscribe", "message": "m", "line": 7, "column": 1},
		{"ruleId": null, "message": "a comment that silences nothing", "line": 1, "column": 1}]}]`), dir)
	want := []Report{
		{Path: "src/a.ts", Line: 2, Column: 3, EndLine: 4, Rule: "web-api-no-leaked-interval"},
		{Path: "src/a.ts", Line: 7, Column: 1, EndLine: 7, Rule: "no-nested-subscribe"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := readESLint([]byte(`[{"filePath": "`+file+`", "messages": [{"ruleId": null, "fatal": true, "message": "Parsing error", "line": 1}]}]`), dir); err == nil {
		t.Errorf("a file that was not parsed: got %v", got)
	}
}

const sample = `class Clock {
  readonly tick = setInterval(() => this.show(), 1000)
}
export function useClock(show) {
  useEffect(() => {
    const timer = setInterval(
      show, 1000)
    window.addEventListener('focus', show)
  }, [show])
  if (show) setTimeout(show, 1)
}
`

// TestJoin: reports that begin in one statement are one place, wherever they begin in
// it; one about an effect is about the first statement in it that another tool reports.
func TestJoin(t *testing.T) {
	f, err := syntax.Parse(t.Context(), "a.js", []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	at := func(tool string, line, column int) Report {
		return Report{Tool: tool, Path: "a.js", Line: line, Column: column, EndLine: line, Rule: "r"}
	}
	for _, c := range []struct {
		name    string
		reports []Report
		want    map[int]string // the tools, by line
	}{
		{"one statement", []Report{at("a", 6, 5), at("b", 6, 19), at("c", 7, 7)}, map[int]string{6: "a b c"}},
		{"two statements", []Report{at("a", 6, 19), at("b", 8, 5)}, map[int]string{6: "a", 8: "b"}},
		{"an effect", []Report{at("a", 5, 3), at("b", 6, 19), at("b", 8, 5)}, map[int]string{6: "a b", 8: "b"}},
		{"an effect alone", []Report{at("a", 5, 3)}, map[int]string{5: "a"}},
		{"an effect and a statement in it, by one tool", []Report{at("a", 5, 3), at("a", 6, 19), at("b", 8, 5)}, map[int]string{6: "a", 8: "a b"}},
		{"a field", []Report{at("a", 2, 3), at("b", 2, 19)}, map[int]string{2: "a b"}},
		{"a statement in another that is no place", []Report{at("a", 10, 3), at("b", 10, 13)}, map[int]string{10: "a b"}},
		{"beyond the line's end", []Report{at("a", 8, 500)}, map[int]string{8: "a"}},
	} {
		got := map[int]string{}
		for _, p := range joinFile("o/n", f, "a.js", c.reports) {
			var tools []string
			for tool := range p.Rules {
				tools = append(tools, tool)
			}
			slices.Sort(tools)
			got[p.Line] = strings.Join(tools, " ")
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
		for line, tools := range c.want {
			if got[line] != tools {
				t.Errorf("%s: got %v, want %v", c.name, got, c.want)
			}
		}
	}
}

func TestJudge(t *testing.T) {
	places := func() []*Place { return []*Place{{Repository: "o/n", Path: "a.js", Line: 2}} }
	verdicts := map[string]Verdict{key("o/n", "a.js", 2): {"real", "It runs on."}}
	got := places()
	if err := judge(got, verdicts, true); err != nil || got[0].Verdict.Real != "real" {
		t.Errorf("got %v, %v", got[0].Verdict, err)
	}
	if err := judge(places(), nil, true); err == nil || !strings.Contains(err.Error(), "o/n\ta.js\t2") {
		t.Errorf("a place without a verdict: got %v", err)
	}
	verdicts[key("o/n", "a.js", 9)] = Verdict{"false", "It ends."}
	if err := judge(places(), verdicts, true); err == nil {
		t.Error("a verdict of nothing was taken")
	}
	if err := judge(places(), verdicts, false); err != nil {
		t.Errorf("not all tools were run: got %v", err)
	}
}

func TestReadVerdicts(t *testing.T) {
	head := strings.Join(columns, "\t") + "\n"
	for text, good := range map[string]bool{
		head + "o/n\ta.js\t2\treal\tIt runs on.\n":                                      true,
		head + "o/n\ta.js\t0\treal\tIt runs on.\n":                                      false,
		head + "o/n\ta.js\t2\tmaybe\tIt runs on.\n":                                     false,
		head + "o/n\ta.js\t2\treal\t\n":                                                 false,
		head + "o/n\ta.js\t2\treal\tIt runs on.\no/n\ta.js\t2\tfalse\tIt ends there.\n": false,
		"o/n\ta.js\t2\treal\tIt runs on.\n":                                             false,
	} {
		name := filepath.Join(t.TempDir(), "v.tsv")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readVerdicts(name); (err == nil) != good {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

// TestPage: the totals count places, not reports, and what nobody but unleak reports
// is in none of the sentence about the linters.
func TestPage(t *testing.T) {
	place := func(line int, verdict string, tools ...string) *Place {
		p := &Place{Repository: "o/n", Path: "a.js", Line: line, Rules: map[string][]string{}, Verdict: Verdict{verdict, "why | not"}}
		for _, tool := range tools {
			p.Rules[tool] = []string{"r1", "r2"}
		}
		return p
	}
	got := page([]*Place{
		place(1, "real", "rxjs-x", unleak), place(2, "real", "rxjs-x"), place(3, "real", unleak),
		place(4, "false", "rxjs-x"), place(5, "false", "rxjs-x", unleak), place(6, "unclear", unleak),
	}, []tool{{name: "rxjs-x"}, {name: unleak}}, map[string]string{"eslint-plugin-rxjs-x": "1.0.2"})
	for _, want := range []string{
		"| of all 3 |", "| rxjs-x | 1.0.2 | 2 | 67 % | 2 | 0 |", "| unleak |  | 2 | 67 % | 1 | 1 |",
		"Of 2 true leaks that a linter reports, unleak reports 1; of their 2 false ones, 1.",
		"| o/n | a.js:2 | r1, r2 |  | real | why \\| not |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q:\n%s", want, got)
		}
	}
}

func TestPublished(t *testing.T) {
	for name, want := range map[string]bool{
		"src/a.ts": true, "src/testing/a.ts": false, "src/a.spec.ts": false, "src/__tests__/a.ts": false,
		"src/use.test.tsx": false, "src/a.d.ts": false, "src/a.stories.tsx": false, "src/test.utils.ts": true,
	} {
		if published(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

// TestLists: the lists that are there can be read, and no verdict is of a repository
// that is not compared.
func TestLists(t *testing.T) {
	repositories, err := readList("repositories.txt")
	if err != nil {
		t.Fatal(err)
	}
	verdicts, err := readVerdicts("verdicts.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for k := range verdicts {
		name, _, _ := strings.Cut(k, "\t")
		if !slices.ContainsFunc(repositories, func(r Repository) bool { return r.Name == name }) {
			t.Errorf("%s is judged and not compared", name)
		}
	}
}
