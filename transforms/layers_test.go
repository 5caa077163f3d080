package transforms

import (
	"os/exec"
	"strings"
	"testing"
)

// TestLayers holds the direction of imports: patch, vcs and syntax know nothing
// of ours, transforms knows patch, syntax and project, and nothing but syntax
// knows the parser.
func TestLayers(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the go command about imports, which no mutant changes")
	}
	const ours = "github.com/unleak-dev/unleak/"
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, ours+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string][]string{
		"patch": {}, "vcs": {}, "vcs/forge": {"vcs"}, "vcs/github": {"vcs", "vcs/forge"}, "internal/syntax": {}, "internal/settings": {}, "internal/markdown": {}, "internal/worktree": {}, "internal/baseline": {}, "internal/check": {"internal/worktree"}, "internal/wordset": {},
		"internal/project":  {"internal/syntax", "internal/worktree", "internal/wordset"},
		"transforms":        {"patch", "internal/syntax", "internal/project", "internal/wordset"},
		"internal/diffview": {"patch", "internal/syntax"}, "internal/page": {"patch", "transforms", "internal/report", "internal/diffview"},
		"internal/review":   {"transforms", "patch", "internal/syntax"},
		"internal/terminal": {"transforms", "patch", "internal/review", "internal/report", "internal/diffview"},
		"internal/leaktest": {"transforms", "internal/syntax", "internal/project"},
		"internal/monitor":  {"patch", "transforms", "internal/syntax", "internal/project"},
		"internal/lsp":      {"transforms", "patch", "internal/project", "internal/run", "internal/report", "internal/settings", "internal/baseline", "internal/markdown", "internal/worktree", "internal/syntax"},
		"internal/propose":  {"transforms", "patch", "vcs", "vcs/forge", "internal/syntax", "internal/project", "internal/run", "internal/settings", "internal/markdown", "internal/check", "internal/report", "internal/baseline"},
		"internal/ledger":   {"vcs", "vcs/forge"}, "internal/campaign": {"internal/job", "internal/ledger", "internal/markdown", "vcs", "vcs/forge", "vcs/github"},
		"internal/job":   {"internal/ledger", "internal/project", "internal/propose", "internal/settings", "vcs", "vcs/forge", "vcs/github"},
		"internal/queue": {}, "internal/bot": {"internal/queue", "internal/job", "internal/ledger", "internal/propose", "internal/settings", "internal/markdown", "transforms", "vcs", "vcs/forge", "vcs/github"},
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], ours)
		for _, im := range fields[1:] {
			if strings.Contains(im, "go-tree-sitter") && pkg != "internal/syntax" {
				t.Errorf("%s imports the parser", pkg)
			}
			rel, mine := strings.CutPrefix(im, ours)
			rule, ruled := allowed[pkg]
			if !mine || !ruled {
				continue
			}
			seen++
			ok := false
			for _, a := range rule {
				ok = ok || a == rel
			}
			if !ok {
				t.Errorf("%s must not import %s", pkg, rel)
			}
		}
	}
	if seen == 0 {
		t.Error("no imports were looked at")
	}
}
