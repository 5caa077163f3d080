package main

import (
	"fmt"
	"slices"
	"strings"
)

// packages are the npm packages that hold each rival's rules.
var packages = map[string]string{
	"react-doctor": "oxlint-plugin-react-doctor",
	"eslint-react": "@eslint-react/eslint-plugin",
	"rxjs-x":       "eslint-plugin-rxjs-x",
}

// score counts what one tool reports.
type score struct{ real, wrong, unclear int }

func (s *score) add(verdict string) {
	switch verdict {
	case "real":
		s.real++
	case "false":
		s.wrong++
	default:
		s.unclear++
	}
}

// page writes the totals, and the places below.
func page(places []*Place, tools []tool, versions map[string]string) string {
	var b strings.Builder
	b.WriteString("# Side by side\n\n" +
		"Written by `go run ./internal/rivals -mirror DIR -out FILE`: unleak and three linters on the same files of public\n" +
		"repositories, named in `internal/rivals/repositories.txt` before any of them was run. A place is a statement that at\n" +
		"least one tool reports. Whether it leaks was judged by reading the code, and is written in `internal/rivals/verdicts.tsv`;\n" +
		"a place without a verdict is an error. Tests, stories and declarations are left out. Of the linters only the rules about\n" +
		"leaks are asked; those of rxjs-x have the types of the published packages. What unleak missed or reported wrongly when\n" +
		"a repository was added has been mended since: the page tells what the tools do now, and nothing of other repositories.\n\n")
	fmt.Fprintf(&b, "| tool | version | true leaks | of all %d | false ones | unclear |\n|---|---|--:|--:|--:|--:|\n", total(places).real)
	for _, t := range tools {
		s := scoreOf(places, t.name)
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %d | %d |\n", t.name, versions[packages[t.name]], s.real, part(s.real, total(places).real), s.wrong, s.unclear)
	}
	if slices.ContainsFunc(tools, func(t tool) bool { return t.name == unleak }) {
		found, repeated, rival := 0, 0, score{}
		for _, p := range places {
			mine := len(p.Rules[unleak]) > 0
			if mine && len(p.Rules) == 1 {
				continue // nobody else reports it
			}
			rival.add(p.Verdict.Real)
			if mine && p.Verdict.Real == "real" {
				found++
			} else if mine && p.Verdict.Real == "false" {
				repeated++
			}
		}
		fmt.Fprintf(&b, "\nOf %d true leaks that a linter reports, unleak reports %d; of their %d false ones, %d.\n", rival.real, found, rival.wrong, repeated)
	}
	b.WriteString("\n| repository | place |")
	for _, t := range tools {
		b.WriteString(" " + t.name + " |")
	}
	b.WriteString(" verdict | why |\n|---|---|" + strings.Repeat("---|", len(tools)+2) + "\n")
	for _, p := range places {
		fmt.Fprintf(&b, "| %s | %s:%d |", p.Repository, cell(p.Path), p.Line)
		for _, t := range tools {
			b.WriteString(" " + cell(strings.Join(p.Rules[t.name], ", ")) + " |")
		}
		fmt.Fprintf(&b, " %s | %s |\n", p.Verdict.Real, cell(p.Verdict.Reason))
	}
	return b.String()
}

func scoreOf(places []*Place, tool string) score {
	var s score
	for _, p := range places {
		if len(p.Rules[tool]) > 0 {
			s.add(p.Verdict.Real)
		}
	}
	return s
}

func total(places []*Place) score {
	var s score
	for _, p := range places {
		s.add(p.Verdict.Real)
	}
	return s
}

func part(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%d %%", (200*n+of)/(2*of))
}

// cell keeps a text from ending its cell.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ").Replace(s)
}
