package proof

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/monitor"
)

// TestSoak runs the soak script on services that were mended and are monitored: it
// passes those that are clean, catches leaks that were put there, says which kind and
// owner grew, and never takes what it cannot tell for a pass.
func TestSoak(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		missing(t, "node is not on the PATH")
	}
	archive, err := txtar.ParseFile(filepath.Join("testdata", "soak.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	dir := write(t, files)
	if plan := mendedWithMonitor(t, dir); len(plan.Wired) != 2 {
		t.Fatalf("wired %v, not %v", plan.Wired, plan.Unwired)
	}
	put(t, dir, "soak.mjs", monitor.SoakScript)
	for _, test := range []struct {
		args   string
		status int
		says   []string
		not    string
	}{
		{"scenarios/clean.mjs", 0, []string{"setup teardown\n", "ok: 300 rounds in", "2 kinds counted", "bytes of heap a round"}, "LEAK"},
		{"scenarios/clean.mjs --concurrency 8 --rounds 100", 0, []string{"ok: 100 rounds in"}, "LEAK"},
		{"scenarios/steady.mjs --rounds 100", 0, []string{"ok: 100 rounds in"}, "LEAK"},
		{"scenarios/leaky.mjs", 1, []string{"LEAK interval of Poller grew from 2 to 32 in 300 rounds (0.10 a round)\n", "LEAK active Timeout grew from ", "failed: 300 rounds"}, ""},
		{"scenarios/leaky.mjs --ignore interval --ignore Timeout", 0, []string{"ok: 300 rounds"}, "LEAK"},
		{"scenarios/fails.cjs", 1, []string{"LEAK 1 disposals failed; the last of Link, ", ": Error: no answer from amqp://***@there\n"}, "hunter2"},
		{"scenarios/heap.mjs", 1, []string{"LEAK the heap grew by ", "no monitor in this program"}, "Timeout"},
		{"scenarios/heap.mjs --heap 1000000", 0, []string{"ok: "}, "LEAK"},
		{"scenarios/unmonitored.mjs", 1, []string{"LEAK active Timeout grew from 20 to 320 in 300 rounds (1.00 a round)"}, "of Poller"},
		{"scenarios/hangs.mjs", 2, []string{"a round waits for something"}, "ok"},
		{"scenarios/throws.mjs", 2, []string{"the scenario is wrong"}, "ok"},
		{"scenarios/nothing.mjs", 2, []string{"exports no function"}, "ok"},
		{"scenarios/none.mjs", 2, []string{"Cannot find module"}, "ok"},
		{"scenarios/clean.mjs --rounds 2 --warmup 0", 2, []string{"only 2 rounds in 45 seconds: too few to tell"}, "ok"},
		{"scenarios/clean.mjs --rounds x", 2, []string{"--rounds: want a number, got x"}, "ok"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			status, said := inNode(t, dir, append([]string{"--expose-gc", "soak.mjs"}, strings.Fields(test.args)...)...)
			if status != test.status {
				t.Errorf("status %d, want %d\n%s", status, test.status, said)
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("does not say %q:\n%s", want, said)
				}
			}
			if test.not != "" && strings.Contains(said, test.not) {
				t.Errorf("says %q:\n%s", test.not, said)
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}
