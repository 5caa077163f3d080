package lsp_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/transforms"
)

// TestClient drives the program by the library that VS Code's clients are made with:
// one scenario for each of what an editor does, and for each way to end. `npm ci` in
// testdata/client installs it; without that the test is skipped, with CI in the
// environment it fails.
func TestClient(t *testing.T) {
	drive := clientOrSkip(t)
	binary := filepath.Join(t.TempDir(), "unleak")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/unleak-dev/unleak/cmd/unleak").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	list, err := exec.Command("node", drive, "list").Output()
	if err != nil {
		t.Fatal(err)
	}
	scenarios := strings.Fields(string(list))
	if len(scenarios) < 20 {
		t.Fatalf("the scenarios are %q", scenarios)
	}
	for _, name := range scenarios {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command("node", drive, name, binary, workspace(t))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// TestExtension runs the extension for VS Code with stand-ins for what VS Code brings.
func TestExtension(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	extension, err := filepath.Abs(filepath.Join("..", "..", "editors", "vscode", "extension.js"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("node", filepath.Join("testdata", "client", "extension.cjs"), extension).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func clientOrSkip(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("testdata", "client")
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the client library is missing: %v", err)
		}
		t.Skipf("run `npm ci` in internal/lsp/testdata/client to drive the server by a real client: %v", err)
	}
	drive, err := filepath.Abs(filepath.Join(dir, "drive.cjs"))
	if err != nil {
		t.Fatal(err)
	}
	return drive
}

// workspace writes the folder that a scenario works on: a git work tree, beside it
// another folder.
func workspace(t *testing.T) string {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	archive, err := txtar.ParseFile(filepath.Join("testdata", "workspace.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	// A path in which a URI has something to escape.
	root := filepath.Join(t.TempDir(), "the harbor ä+%41")
	var sources []string
	for _, f := range archive.Files {
		text := string(f.Data)
		if strings.Contains(f.Name, "crlf") {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		put(t, filepath.Join(root, f.Name), text)
		if strings.HasPrefix(f.Name, "src/") {
			sources = append(sources, f.Name)
		}
	}
	demo := filepath.Join("..", "..", "testdata", "demo", "packages")
	found, err := filepath.Glob(filepath.Join(demo, "*", "src", "index.ts"))
	if err != nil || len(found) < 5 {
		t.Fatalf("the demo has %q, %v", found, err)
	}
	for _, file := range found {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(demo, file)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, filepath.ToSlash(rel))
		put(t, filepath.Join(root, rel), string(data))
	}
	put(t, filepath.Join(root, "sources.txt"), strings.Join(sources, "\n"))
	put(t, filepath.Join(root, "slow.txt"), slow(5000))
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds {
		if k.Name == "interval" {
			put(t, filepath.Join(root, "interval.txt"), k.Prose)
		}
	}
	if out, err := exec.Command("git", "init", "-q", root).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// slow is a text that takes a while to be looked at.
func slow(classes int) string {
	var b strings.Builder
	for i := range classes {
		fmt.Fprintf(&b, "export class C%d {\n  start() { this.timer = setInterval(() => this.work(), %d); }\n  work() {}\n  stop() { clearInterval(this.timer); }\n}\n", i, i)
	}
	return b.String()
}
