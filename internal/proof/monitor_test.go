package proof

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/monitor"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

// inNode runs a program in a folder, a minute at most, and returns its status and
// what it said.
func inNode(t *testing.T, dir string, args ...string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", args...)
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.ProcessState == nil || ctx.Err() != nil {
		t.Fatalf("node %v: %v, %v\n%s", args, err, ctx.Err(), &out)
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

// withModules needs node and something installed, and links node_modules into a folder.
func withModules(t *testing.T, dir string, needed ...string) {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "node is not on the PATH")
	}
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range needed {
		if _, err := os.Stat(filepath.Join(modules, name)); err != nil {
			missing(t, name+" is not installed (npm ci in internal/proof)")
		}
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
}

// mendedWithMonitor mends a project on disk, unsafe fixes included, and adds a monitor.
func mendedWithMonitor(t *testing.T, dir string) *monitor.Plan {
	t.Helper()
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Run(context.Background(), transforms.NewDetector(p, kinds, false), run.Options{Paths: []string{dir}, Accept: func(f *transforms.Fix) bool { return f.Applicability > transforms.Display }})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Files {
		if m.New != nil {
			put(t, dir, m.Path, m.New)
		}
	}
	if p, err = project.Open(dir); err != nil {
		t.Fatal(err)
	}
	texts := map[string][]byte{}
	d := transforms.NewDetector(p, kinds, false)
	_, err = run.Run(context.Background(), d, run.Options{Paths: []string{dir}, Look: func(rel string, src []byte) bool {
		texts[rel] = bytes.Clone(src)
		return false
	}})
	if err != nil {
		t.Fatal(err)
	}
	plan, err := monitor.Add(context.Background(), p, d, texts)
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range plan.Changes {
		put(t, dir, ch.Path, ch.New)
	}
	return plan
}

// TestMonitor mends projects of several sorts, adds a monitor, compiles what has to
// be, and runs what each project checks of it.
func TestMonitor(t *testing.T) {
	archives, err := filepath.Glob(filepath.Join("testdata", "monitor", "*.txtar"))
	if err != nil || len(archives) < 2 {
		t.Fatal("no projects", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			check, want, imports := files["check.mjs"], strings.Fields(files["want"]), files["imports"]
			delete(files, "check.mjs")
			dir := write(t, files)
			withModules(t, dir, "typescript", "parse-prometheus-text-format")
			plan := mendedWithMonitor(t, dir)
			if modules := slices.Sorted(slices.Values(plan.Modules)); !slices.Equal(modules, want) {
				t.Errorf("the monitors are %q, want %q; %v", modules, want, plan.Unwired)
			}
			for line := range strings.Lines(imports) {
				rel, text, _ := strings.Cut(strings.TrimSpace(line), ": ")
				if got, err := os.ReadFile(filepath.Join(dir, rel)); err != nil || !strings.Contains(string(got), text+"\n") {
					t.Errorf("%s does not say %s:\n%s", rel, text, got)
				}
			}
			if files["tsconfig.json"] != "" {
				if status, said := inNode(t, dir, "node_modules/typescript/bin/tsc", "-p", "."); status != 0 {
					t.Fatalf("it does not compile:\n%s", said)
				}
			}
			put(t, dir, "check.mjs", []byte(check))
			if status, said := inNode(t, dir, "--expose-gc", "check.mjs"); status != 0 || !strings.HasSuffix(said, "all is well\n") {
				t.Errorf("status %d\n%s", status, said)
			}
		})
	}
}

// TestMonitorModuleCompiles: the module is content with the oldest library and no types
// of Node or of the page, and with the strictest settings there are.
func TestMonitorModuleCompiles(t *testing.T) {
	t.Parallel()
	text := monitor.Module(monitor.Language{TypeScript: true}, transforms.Manner{Indent: "  ", EOL: "\n", Semicolon: ";", Quote: "'"})
	for with, compiler := range map[string]string{
		`"target": "es5", "lib": ["es2015"]`:                                         "typescript-5", // the last that writes it
		`"target": "es2022", "lib": ["es2022", "dom"], "verbatimModuleSyntax": true`: "typescript",
	} {
		dir := t.TempDir()
		withModules(t, dir, compiler)
		put(t, dir, "unleak-monitor.ts", text)
		put(t, dir, "tsconfig.json", []byte(`{"compilerOptions": {`+with+`, "types": [], "module": "esnext", "moduleResolution": "bundler", "noEmit": true, "strict": true,
  "noUnusedLocals": true, "noUnusedParameters": true, "noUncheckedIndexedAccess": true, "exactOptionalPropertyTypes": true, "noImplicitReturns": true,
  "noPropertyAccessFromIndexSignature": true, "isolatedModules": true, "isolatedDeclarations": true, "declaration": true}, "files": ["unleak-monitor.ts"]}`))
		if status, said := inNode(t, dir, "node_modules/"+compiler+"/bin/tsc", "-p", "."); status != 0 {
			t.Errorf("with %s it does not compile:\n%s", with, said)
		}
		put(t, dir, "unleak-monitor.ts", append(text, "export const n: number = 'text';\n"...))
		if status, _ := inNode(t, dir, "node_modules/"+compiler+"/bin/tsc", "-p", "."); status == 0 {
			t.Errorf("with %s anything compiles", with)
		}
	}
}
