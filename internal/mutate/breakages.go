package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/tools/txtar"
)

//go:embed breakages.txtar
var breakagesText []byte

// breakage is a change that must not go unnoticed: in a file, what stands there
// and what is put there instead.
type breakage struct{ name, file, old, new string }

func breakages() ([]breakage, error) {
	var out []breakage
	for _, f := range txtar.Parse(breakagesText).Files {
		file, rest, ok1 := strings.Cut(string(f.Data), "\n---- instead of\n")
		old, write, ok2 := strings.Cut(rest, "\n---- write\n")
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("breakages.txtar: %s: want a file, what stands there, and what to write", f.Name)
		}
		out = append(out, breakage{f.Name, file, old, strings.TrimSuffix(write, "\n")})
	}
	return out, nil
}

// apply returns the broken text of the file.
func (b breakage) apply(root string) ([]byte, error) {
	src, err := os.ReadFile(filepath.Join(root, b.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(src, []byte(b.old)); n != 1 {
		return nil, fmt.Errorf("breakages.txtar: %s: what is to be replaced stands %d times in %s", b.name, n, b.file)
	}
	return bytes.Replace(src, []byte(b.old), []byte(b.new), 1), nil
}

// guards are the tests that each breakage is shown to, and which lines of their
// output count: that a generated table is stale says nothing about the code.
var guards = []struct{ title, folder, run, counts string }{
	{"examples", "transforms", ".", "_test.go:"},
	{"verification", "internal/proof", "^TestExecuted$", "failed its proof and was dropped"},
	{"executed", "internal/proof", "^TestExecuted$", "_test.go:"},
	{"compiled", "internal/proof", "^TestCompiles$", ": TS"},
}

// provedBy are the kinds that are executed and compiled: one of each sort, so
// that every form is there and a run stays short.
const provedBy = "browser,child-scope,connection,http-server,interval,page,schema,stomp-subscription,timeout"

// runBreakages tries every breakage and writes which guard notices it.
func runBreakages(table, only string) error {
	all, err := breakages()
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString("# Breakages\n\nWritten by `go run ./internal/mutate -breakages -table docs/breakages.md`: ways to break what the forms write that nobody\n" +
		"would forgive, and who notices: the *examples* by their expected text; *verification*, in the program itself, before\n" +
		"anything is written; the same code *executed*; the same code *compiled*. The last three know nothing of expected texts.\n\n" +
		"| breakage | examples | verification | executed | compiled |\n|---|:-:|:-:|:-:|:-:|\n")
	unnoticed := 0
	for _, br := range all {
		if !strings.Contains(br.name, only) {
			continue
		}
		seen, err := br.try()
		if err != nil {
			return err
		}
		marks := make([]string, len(seen))
		noticed := false
		for i, s := range seen {
			noticed = noticed || s
			if s {
				marks[i] = "✓"
			}
		}
		if !noticed {
			unnoticed++
		}
		line := fmt.Sprintf("| %s | %s |\n", br.name, strings.Join(marks, " | "))
		fmt.Print(line)
		b.WriteString(line)
	}
	if table != "" {
		if err := os.WriteFile(table, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	if unnoticed > 0 {
		return fmt.Errorf("%d breakages went unnoticed", unnoticed)
	}
	return nil
}

// try shows one breakage to every guard.
func (b breakage) try() ([]bool, error) {
	dir, err := os.MkdirTemp("", "breakage-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	src, err := b.apply(".")
	if err != nil {
		return nil, err
	}
	broken := filepath.Join(dir, filepath.Base(b.file))
	if err := os.WriteFile(broken, src, 0o644); err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(b.file)
	if err != nil {
		return nil, err
	}
	overlay, err := writeOverlay(dir, map[string]string{abs: broken})
	if err != nil {
		return nil, err
	}
	binaries, output := map[string]string{}, map[string]string{}
	seen := make([]bool, len(guards))
	for i, g := range guards {
		binary := binaries[g.folder]
		if binary == "" {
			binary = filepath.Join(dir, filepath.Base(g.folder)+".test")
			build := exec.Command("go", "test", "-c", "-o", binary, "-overlay", overlay, "-vet=off", "./"+g.folder)
			if out, err := build.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%s: does not compile: %s", b.name, firstLines(out))
			}
			binaries[g.folder] = binary
		}
		key := g.folder + g.run
		if _, ran := output[key]; !ran {
			args := []string{"-test.run", g.run}
			if g.folder == "internal/proof" {
				args = append(args, "-kinds", provedBy)
			}
			test := exec.Command(binary, args...)
			test.Dir = g.folder
			out, _ := test.CombinedOutput() // that it fails is what we look for
			output[key] = string(out)
		}
		for line := range strings.Lines(output[key]) {
			seen[i] = seen[i] || strings.Contains(line, g.counts) && !strings.Contains(line, "is stale") && !strings.Contains(line, "mended and compiled") &&
				(g.title != "executed" || !strings.Contains(line, "failed its proof"))
		}
	}
	return seen, nil
}
