package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// testBinary is the tests of an instrumented package, compiled.
type testBinary struct {
	folder, file string
	reached      map[int]bool // mutants whose place the tests get to at all
}

// buildTests compiles the tests once, and runs them with every mutant asleep to
// see that they pass and which places they get to.
func buildTests(scratch string, p *instrumented) (*testBinary, error) {
	dir := filepath.Join(scratch, strconv.Itoa(len(p.mutants))+filepath.Base(p.folder))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	replace := map[string]string{}
	for file, src := range p.files {
		copied := filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(copied, src, 0o644); err != nil {
			return nil, err
		}
		replace[file] = copied
	}
	overlay, err := writeOverlay(dir, replace)
	if err != nil {
		return nil, err
	}
	b := &testBinary{folder: p.folder, file: filepath.Join(dir, "tests"), reached: map[int]bool{}}
	build := exec.Command("go", "test", "-c", "-o", b.file, "-overlay", overlay, "-vet=off", "./"+filepath.Clean(p.folder))
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s with its mutants does not compile: %s", p.folder, firstLines(out))
	}
	seen := filepath.Join(dir, "seen")
	test := b.command(context.Background(), "UNLEAK_MUTANTS_SEEN="+seen)
	if out, err := test.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: the tests fail with every mutant asleep: %s", p.folder, firstLines(out))
	}
	data, err := os.ReadFile(seen)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(data)) {
		id, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			return nil, err
		}
		b.reached[id] = true
	}
	return b, nil
}

func writeOverlay(dir string, replace map[string]string) (string, error) {
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, data, 0o644)
}

func (b *testBinary) command(ctx context.Context, env ...string) *exec.Cmd {
	// The variants of the examples take longer than all the rest.
	c := exec.CommandContext(ctx, b.file, "-test.failfast", "-test.short", "-test.skip=^(TestShapes|TestBytes)$")
	c.Dir = b.folder
	c.Env = append(os.Environ(), env...)
	return c
}

// try wakes one mutant and runs the tests.
func (b *testBinary) try(m mutant, limit time.Duration) string {
	// Of a forced condition only the first number is always asked for.
	if !b.reached[m.id] && !(m.what == "condition forced to false" && b.reached[m.id-1]) {
		return "not reached"
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := b.command(ctx, "UNLEAK_MUTANT="+strconv.Itoa(m.id)).Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "noticed (hangs)"
	case err != nil:
		return "noticed"
	}
	return "survives"
}

func firstLines(out []byte) string {
	lines := bytes.SplitN(bytes.TrimSpace(out), []byte("\n"), 9)
	return string(bytes.Join(lines[:min(8, len(lines))], []byte("\n")))
}
