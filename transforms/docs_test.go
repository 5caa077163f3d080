package transforms

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestKindsTable holds docs/kinds.md to the kinds; with -update it writes it.
func TestKindsTable(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../docs/kinds.md"
	want := kindsTable(kinds)
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is stale: run go generate ./...", file)
	}
}

func kindsTable(kinds []*Kind) string {
	var b strings.Builder
	b.WriteString("# Kinds\n\nGenerated from `transforms/kinds` by `go generate ./...`; do not edit.\n\n" +
		"| kind | phase | acquire | release | from | cost of one |\n|---|---|---|---|---|---|\n")
	for _, k := range kinds {
		var acquire, release, from []string
		for _, a := range k.Acquire {
			acquire = append(acquire, "`"+a.Pattern.Text+"`")
			for _, m := range a.From {
				if len(from) == 0 || !strings.Contains(strings.Join(from, " "), m) {
					from = append(from, m)
				}
			}
		}
		for _, r := range k.Release {
			release = append(release, "`"+r.Pattern.Text+"`")
		}
		if len(from) == 0 {
			from = []string{"any type that declares both"}
		}
		cost := ""
		if k.Cost != nil {
			cost = fmt.Sprintf("%d to %d KB", k.Cost.Low>>10, k.Cost.High>>10)
		}
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s | %s |\n", k.Name, k.Name, k.Phase, strings.Join(acquire, "<br>"), strings.Join(release, "<br>"), strings.Join(from, ", "), cost)
	}
	for _, k := range kinds {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", k.Name, k.Prose)
	}
	return b.String()
}
