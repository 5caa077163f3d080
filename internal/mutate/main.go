// Command mutate breaks the project's own code on purpose, one place at a time,
// and counts how often a test notices. Nothing in the work tree is changed: the
// broken files reach the compiler as an overlay.
//
//	go run ./internal/mutate -sample 200 ./transforms ./patch
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// mutant is one way to break one place.
type mutant struct {
	pkg, file string
	pos       token.Position
	what      string
	src       []byte
}

func main() {
	sample := flag.Int("sample", 0, "how many mutants to try, drawn evenly (0: all)")
	seed := flag.Int64("seed", 1, "of the draw")
	limit := flag.Duration("timeout", time.Minute, "for the tests of one mutant")
	table := flag.String("table", "", "a Markdown file to write the result to")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: mutate [-sample N] PACKAGE_FOLDER...")
		os.Exit(2)
	}
	if err := run(flag.Args(), *sample, *seed, *limit, *table); err != nil {
		fmt.Fprintln(os.Stderr, "mutate: "+err.Error())
		os.Exit(1)
	}
}

func run(folders []string, sample int, seed int64, limit time.Duration, table string) error {
	var all []mutant
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return err
		}
		for _, f := range files {
			if !strings.HasSuffix(f, "_test.go") {
				ms, err := mutants(folder, f)
				if err != nil {
					return err
				}
				all = append(all, ms...)
			}
		}
	}
	possible := len(all)
	if sample > 0 && sample < len(all) {
		rand.New(rand.NewSource(seed)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		all = all[:sample]
	}
	killed, tried := map[string]int{}, map[string]int{}
	var survivors []mutant
	for i, m := range all {
		outcome, err := try(m, limit)
		if err != nil {
			return err
		}
		if outcome == "does not compile" {
			continue
		}
		tried[m.file]++
		if outcome == "survives" {
			survivors = append(survivors, m)
		} else {
			killed[m.file]++
		}
		fmt.Printf("%d/%d %-8s %s:%d %s\n", i+1, len(all), outcome, m.file, m.pos.Line, m.what)
	}
	return report(table, possible, killed, tried, survivors)
}

// mutants lists the ways to break a file: comparisons and logic turned round,
// conditions forced, calls and assignments left out, numbers moved by one.
func mutants(pkg, file string) ([]mutant, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, file, src, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var out []mutant
	add := func(n ast.Node, what string) {
		var b bytes.Buffer
		if format.Node(&b, fset, tree) == nil {
			out = append(out, mutant{pkg, file, fset.Position(n.Pos()), what, b.Bytes()})
		}
	}
	swap := map[token.Token]token.Token{
		token.EQL: token.NEQ, token.NEQ: token.EQL, token.LSS: token.GEQ, token.GTR: token.LEQ, token.LEQ: token.GTR,
		token.GEQ: token.LSS, token.LAND: token.LOR, token.LOR: token.LAND, token.ADD: token.SUB, token.SUB: token.ADD,
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.BinaryExpr:
			if to, ok := swap[x.Op]; ok {
				from := x.Op
				x.Op = to
				add(x, fmt.Sprintf("%s for %s", to, from))
				x.Op = from
			}
		case *ast.UnaryExpr:
			if x.Op == token.NOT {
				old := x.X
				x.X = &ast.UnaryExpr{Op: token.NOT, X: &ast.ParenExpr{X: old}}
				add(x, "a negation left out")
				x.X = old
			}
		case *ast.IfStmt:
			old := x.Cond
			for _, forced := range []string{"true", "false"} {
				op, value := token.LOR, forced
				if forced == "false" {
					op = token.LAND
				}
				x.Cond = &ast.BinaryExpr{X: &ast.ParenExpr{X: old}, Op: op, Y: ast.NewIdent(value)}
				add(x, "condition forced to "+forced)
			}
			x.Cond = old
		case *ast.BlockStmt:
			for i, s := range x.List {
				switch st := s.(type) {
				case *ast.ExprStmt:
				case *ast.AssignStmt:
					if st.Tok == token.DEFINE {
						continue
					}
				default:
					continue
				}
				old := x.List
				x.List = slices.Delete(slices.Clone(old), i, i+1)
				add(s, "a statement left out")
				x.List = old
			}
		case *ast.Ident:
			if x.Name == "true" || x.Name == "false" {
				old := x.Name
				x.Name = map[string]string{"true": "false", "false": "true"}[old]
				add(x, x.Name+" for "+old)
				x.Name = old
			}
		}
		return true
	})
	return out, nil
}

// try runs the tests of a mutant's package.
func try(m mutant, limit time.Duration) (string, error) {
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	broken := filepath.Join(dir, filepath.Base(m.file))
	if err := os.WriteFile(broken, m.src, 0o644); err != nil {
		return "", err
	}
	abs, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{abs: broken}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "tests")
	build := exec.Command("go", "test", "-c", "-o", binary, "-overlay", list, "-vet=off", "./"+filepath.Clean(m.pkg))
	if build.Run() != nil {
		return "does not compile", nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	test := exec.CommandContext(ctx, binary, "-test.failfast")
	test.Dir = m.pkg
	if test.Run() != nil {
		return "killed", nil
	}
	return "survives", nil
}

func report(table string, possible int, killed, tried map[string]int, survivors []mutant) error {
	var b strings.Builder
	var files []string
	total, dead := 0, 0
	for f, n := range tried {
		files = append(files, f)
		total += n
		dead += killed[f]
	}
	slices.Sort(files)
	fmt.Fprintf(&b, "# Mutation testing\n\nWritten by `go run ./internal/mutate -sample N -table docs/mutation.md ./transforms ./patch`. Of %d ways to break these\npackages, %d that compile were tried, drawn at random; the packages' own tests noticed %d (%d %%). The executions and\ncompilations of `internal/proof` were not asked.\n\n| file | tried | noticed |\n|---|--:|--:|\n", possible, total, dead, 100*dead/max(total, 1))
	for _, f := range files {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", f, tried[f], killed[f])
	}
	b.WriteString("\nNot noticed:\n\n")
	for _, m := range survivors {
		fmt.Fprintf(&b, "- %s line %d: %s\n", m.file, m.pos.Line, m.what)
	}
	fmt.Printf("%d of %d noticed (%d %%)\n", dead, total, 100*dead/max(total, 1))
	if table == "" {
		return nil
	}
	return os.WriteFile(table, []byte(b.String()), 0o644)
}
