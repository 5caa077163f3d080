package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// inRoot runs a command line in the top folder of the project.
func inRoot(t *testing.T, args ...string) string {
	t.Helper()
	t.Chdir("../..")
	var out bytes.Buffer
	c := &cli{in: strings.NewReader(""), out: &out, err: os.Stderr}
	cmd := c.rootCommand()
	cmd.SetArgs(append([]string{"--root", "."}, args...))
	if err := cmd.ExecuteContext(context.Background()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestReadme: the worked example of the README is what the program prints.
func TestReadme(t *testing.T) {
	diff := inRoot(t, "diff", "testdata/demo")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```diff\n"+diff+"```\n") {
		t.Errorf("README.md does not show what `unleak diff testdata/demo` prints:\n%s", diff)
	}
}

// TestReadmeColumns: so is the one in two columns.
func TestReadmeColumns(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	columns := inRoot(t, "diff", "--side-by-side", "testdata/demo/packages/berths")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```\n"+columns+"```\n") {
		t.Errorf("README.md does not show what is printed:\n%s", columns)
	}
}

// TestDemo: each of the eleven shapes is found, and no look-alike is.
func TestDemo(t *testing.T) {
	out := inRoot(t, "scan", "--offers", "--exit-zero", "testdata/demo")
	for _, want := range []string{
		"labels/src/index.ts:15:22 high http-server", "labels/src/index.ts:16:23 critical browser",
		"berths/src/index.ts:9:18 critical interval", "timing/src/index.ts:4:5 medium timeout", "timing/src/index.ts:13:5 medium timeout",
		"sessions/src/index.ts:12:5 critical interval", "fleet/src/index.ts:18:13 high connection",
		"radio/src/index.ts:21:26 high stomp-subscription", "core/src/scope.ts:15:12 high child-scope",
		"manifest/src/index.ts:10:7 medium schema", "gateway/src/index.ts:21:7 medium http-server",
		"radio/src/index.ts:13:5 high stomp-client", "tides/src/index.ts:4:19 medium timeout", "boards/src/index.ts:9:5 high emitter-listener",
		"7 leaks and 7 offers in ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("not found: %s", want)
		}
	}
	if strings.Contains(out, "packages/quiet/") {
		t.Errorf("a look-alike is reported:\n%s", out)
	}
}

// TestReadmeMonitor: so is what the README shows of a monitor.
func TestReadmeMonitor(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../testdata/demo")); err != nil {
		t.Fatal(err)
	}
	exec := func(args ...string) (string, string) {
		t.Helper()
		var out, said bytes.Buffer
		c := &cli{in: strings.NewReader(""), out: &out, err: &said}
		cmd := c.rootCommand()
		cmd.SetArgs(append([]string{"--root", dir}, args...))
		if err := cmd.ExecuteContext(context.Background()); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, &said)
		}
		return out.String(), said.String()
	}
	exec("fix", "--unsafe", dir)
	out, _ := exec("monitor", "add", "--dry-run", filepath.Join(dir, "packages/sessions"))
	_, diff, ok := strings.Cut(out, "diff --git a/packages/sessions/src/index.ts")
	if !ok || !strings.Contains(string(readme), "```diff\ndiff --git a/packages/sessions/src/index.ts"+diff+"```\n") {
		t.Errorf("README.md does not show what `unleak monitor add` would write:\n%s", out)
	}
	if _, said := exec("monitor", "add", "--dry-run", dir); !strings.Contains(string(readme), "```\n"+said+"```\n") {
		t.Errorf("README.md does not show what is left out:\n%s", said)
	}
}

// TestFences: a block that is not closed swallows what comes behind it.
func TestFences(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md", "../../CONTRIBUTING.md", "../../CHANGELOG.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		open := ""
		for line := range strings.Lines(string(text)) {
			fence := strings.TrimSpace(line)
			switch marks := len(fence) - len(strings.TrimLeft(fence, "`")); {
			case marks < 3:
			case open == "":
				open = fence[:marks]
			case fence == open:
				open = ""
			case fence[marks:] != "" && len(open) <= marks:
				t.Errorf("%s: %s begins in a block", file, fence)
			}
		}
		if open != "" {
			t.Errorf("%s: a block is not closed", file)
		}
	}
}

// TestInterruptible: what goes on for ever ends with its context.
func TestInterruptible(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := make(chan struct{})
	defer close(stop)
	why := errors.New("enough")
	var b strings.Builder
	err := interruptible(ctx, func(w *strings.Builder) error {
		w.WriteString("half")
		cancel(why)
		<-stop
		return nil
	}, &b)
	if err != why || b.Len() > 0 {
		t.Errorf("got %v, and %q", err, b.String())
	}
}
