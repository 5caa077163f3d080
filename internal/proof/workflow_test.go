package proof

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/monitor"
)

// TestLeaksWorkflow runs the soak step of the example workflow as a runner would.
func TestLeaksWorkflow(t *testing.T) {
	for _, tool := range []string{"node", "bash", "git"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing(t, tool+" is not on the PATH")
		}
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "workflows", "leaks.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Permissions map[string]string
		Jobs        map[string]struct {
			Steps []struct {
				Name, Uses, Run string
				Env             map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(data, &workflow); err != nil {
		t.Fatal(err)
	}
	script := ""
	for _, step := range workflow.Jobs["leaks"].Steps {
		if (step.Run == "") == (step.Uses == "") || strings.Contains(step.Run, "${{") {
			t.Errorf("step %q: want a script without expressions, or an action", step.Name+step.Uses)
		}
		if step.Name == "Soak" {
			script = step.Run
		}
	}
	if len(workflow.Permissions) != 1 || workflow.Permissions["contents"] != "read" {
		t.Errorf("it may %v", workflow.Permissions)
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "soak.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	dir := write(t, map[string]string{"package.json": files["package.json"], "src/service.js": files["src/service.js"]})
	mendedWithMonitor(t, dir)
	run := func() (int, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		defer cancel()
		add := exec.CommandContext(ctx, "bash", "-c", "[ -d .git ] || git init -q; git add -A")
		add.Dir = dir
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		cmd := exec.CommandContext(ctx, "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		cmd.Dir, cmd.Env, cmd.WaitDelay = dir, append(os.Environ(), "ROUNDS=100", "SECONDS_EACH=30"), time.Second
		out, err := cmd.CombinedOutput()
		if cmd.ProcessState == nil || ctx.Err() != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	if status, said := run(); status != 2 || !strings.Contains(said, "there is no unleak-soak.mjs") {
		t.Errorf("status %d without the script\n%s", status, said)
	}
	put(t, dir, "scripts/unleak-soak.mjs", monitor.SoakScript)
	if status, said := run(); status != 2 || !strings.Contains(said, "there is no scenario") {
		t.Errorf("status %d without scenarios\n%s", status, said)
	}
	put(t, dir, "soak tests/clean one.soak.mjs", []byte(files["scenarios/clean.mjs"]))
	if status, said := run(); status != 0 || !strings.Contains(said, "ok: 100 rounds") {
		t.Errorf("status %d for what is clean\n%s", status, said)
	}
	put(t, dir, "soak tests/a leak.soak.mjs", []byte(files["scenarios/leaky.mjs"]))
	status, said := run()
	if status != 1 || !strings.Contains(said, "LEAK interval of Poller grew") || !strings.Contains(said, "ok: 100 rounds") ||
		!strings.Contains(said, "::error file=soak tests/a leak.soak.mjs::something grows") {
		t.Errorf("status %d for what leaks\n%s", status, said)
	}
}
