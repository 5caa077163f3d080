package proof

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/leaktest"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// runners says how each runner is called so that it ends although something is
// left alive, and tells the outcomes of the tests, by title.
var runners = map[string]struct {
	command []string
	module  string // that must be installed
	read    func([]byte) (map[string][]bool, error)
	tests   []string // the files that must be written
}{
	"node": {
		[]string{"node", "--test", "--test-force-exit", "--test-reporter=tap", "test/"}, "", readTAP,
		[]string{"test/poller.leaks.test.js", "test/quiet.leaks.test.js"},
	},
	"mocha": {
		[]string{"node", "node_modules/mocha/bin/mocha.js", "--exit", "--reporter", "json", "test"}, "mocha", readMocha,
		[]string{"test/retry-leaks-test.js", "test/ticker-leaks-test.js"},
	},
	"jest": {
		[]string{"node", "node_modules/jest/bin/jest.js", "--forceExit", "--json", "--runInBand"}, "jest", readJest,
		[]string{"src/plain.leaks.spec.js", "src/sweeper.leaks.spec.ts"},
	},
	"vitest": {
		[]string{"node", "node_modules/vitest/vitest.mjs", "run", "--reporter=json"}, "vitest", readJest,
		[]string{"old/__tests__/legacy.leaks.test.mjs", "old/__tests__/whole.leaks.test.js", "src/__tests__/watch.leaks.test.ts"},
	},
}

// TestLeakTests runs every generated test by its runner: it must fail on the code
// as it was, and pass on the mended code.
func TestLeakTests(t *testing.T) {
	for name, r := range runners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			modules, err := filepath.Abs("node_modules")
			if err != nil {
				t.Fatal(err)
			}
			_, noNode := exec.LookPath("node")
			if _, err := os.Stat(filepath.Join(modules, r.module)); err != nil || noNode != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("node or %s is not installed: nothing is run", name)
				}
				t.Skipf("node or %s is not installed (npm ci in internal/proof): nothing is run", name)
			}
			archive, err := txtar.ParseFile(filepath.Join("testdata", "leaktest", name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			kinds, err := transforms.Builtin()
			if err != nil {
				t.Fatal(err)
			}
			if name == "vitest" {
				addExamples(files, kinds)
			}
			dir := write(t, files)
			if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
				t.Fatal(err)
			}
			result, tests := leakTests(t, dir, kinds)
			var paths, titles []string
			for _, test := range tests {
				put(t, dir, test.Path, test.Text)
				titles = append(titles, titlesOf(string(test.Text))...)
				if !strings.HasPrefix(test.Path, "kinds/") {
					paths = append(paths, test.Path)
				}
			}
			slices.Sort(paths)
			if !slices.Equal(paths, r.tests) {
				t.Errorf("wrote %q, want %q", paths, r.tests)
			}
			if name == "vitest" && len(tests) < len(r.tests)+4 {
				t.Errorf("only %d examples got a test", len(tests)-len(r.tests))
			}
			before, said := outcomes(t, dir, r.command, r.read)
			for _, title := range titles {
				if ran := before[title]; len(ran) == 0 || slices.Contains(ran, true) {
					t.Errorf("%q: passed %v before the fix\n%s", title, ran, said)
				}
			}
			for _, m := range result.Files {
				if m.New != nil {
					put(t, dir, m.Path, m.New)
				}
			}
			compiles(t, dir, tests)
			after, said := outcomes(t, dir, r.command, r.read)
			for _, title := range titles {
				if ran := after[title]; len(ran) != len(before[title]) || slices.Contains(ran, false) {
					t.Errorf("%q: passed %v after the fix\n%s", title, ran, said)
				}
			}
		})
	}
}

// compiles type-checks the tests that are in TypeScript, under strict.
func compiles(t *testing.T, dir string, tests []leaktest.Test) {
	t.Helper()
	args := []string{"node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--noUnusedLocals", "--skipLibCheck", "--target", "es2022", "--module", "esnext",
		"--moduleResolution", "bundler", "--types", "node", "ambient.d.ts"}
	put(t, dir, "ambient.d.ts", []byte("declare const test: any, expect: any;\n")) // jest's own types are not installed
	files := len(args)
	for _, test := range tests {
		if strings.HasSuffix(test.Path, ".ts") {
			args = append(args, test.Path)
		}
	}
	if len(args) == files {
		return
	}
	cmd := exec.Command("node", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the tests do not compile: %v\n%s", err, out)
	}
}

// addExamples puts the kinds' own examples beside the files of a project. What
// drives them otherwise is left out.
func addExamples(files map[string]string, kinds []*transforms.Kind) {
	for _, k := range kinds {
		for _, c := range k.Cases {
			for rel, text := range c.Files {
				if rel != "drive.cjs" && rel != "package.json" {
					files["kinds/"+k.Name+"/"+c.Name+"/"+rel] = text
				}
			}
		}
	}
}

// leakTests mends a project in memory and writes its tests.
func leakTests(t *testing.T, dir string, kinds []*transforms.Kind) (*run.Result, []leaktest.Test) {
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := transforms.NewDetector(p, kinds, false)
	r, err := run.Run(context.Background(), d, run.Options{Paths: []string{dir}, Accept: func(f *transforms.Fix) bool { return f.Applicability > transforms.Display }})
	if err != nil {
		t.Fatal(err)
	}
	tests, refused := leaktest.Write(context.Background(), p, r.Files, true)
	for _, no := range refused {
		t.Logf("no test for %s in %s: %s (%s)", no.Class, no.Path, no.Reason, no.Text)
	}
	return r, tests
}

// titlesOf are the names of the tests in a text.
func titlesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		for _, call := range []string{"test(", "it("} {
			if rest, ok := strings.CutPrefix(line, call); ok {
				out = append(out, strings.Split(rest, rest[:1])[1])
			}
		}
	}
	return out
}

func put(t *testing.T, dir, rel string, text []byte) {
	file := filepath.Join(dir, filepath.FromSlash(rel))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// outcomes runs a runner and tells which tests passed, by title: several classes
// may have one name.
func outcomes(t *testing.T, dir string, command []string, read func([]byte) (map[string][]bool, error)) (map[string][]bool, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	// A runner that is late goes with the processes that it has begun.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out, failed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failed
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%v: %v, %v\n%s%s", command, err, ctx.Err(), &out, &failed)
	}
	got, err := read(out.Bytes())
	if err != nil || len(got) == 0 {
		t.Fatalf("%v: %v\n%s%s", command, err, &out, &failed)
	}
	return got, out.String() + failed.String()
}

func readTAP(out []byte) (map[string][]bool, error) {
	got := map[string][]bool{}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		outcome, name, ok := strings.Cut(strings.TrimSpace(s.Text()), " - ")
		if ok && (strings.HasPrefix(outcome, "ok ") || strings.HasPrefix(outcome, "not ok ")) {
			got[name] = append(got[name], strings.HasPrefix(outcome, "ok "))
		}
	}
	return got, nil
}

func readMocha(out []byte) (map[string][]bool, error) {
	var report struct{ Passes, Failures []struct{ Title string } }
	err := json.Unmarshal(out, &report)
	got := map[string][]bool{}
	for _, p := range report.Passes {
		got[p.Title] = append(got[p.Title], true)
	}
	for _, f := range report.Failures {
		got[f.Title] = append(got[f.Title], false)
	}
	return got, err
}

func readJest(out []byte) (map[string][]bool, error) {
	var report struct {
		TestResults []struct {
			AssertionResults []struct{ Title, Status string }
		}
	}
	err := json.Unmarshal(out, &report)
	got := map[string][]bool{}
	for _, file := range report.TestResults {
		for _, a := range file.AssertionResults {
			got[a.Title] = append(got[a.Title], a.Status == "passed")
		}
	}
	return got, err
}
