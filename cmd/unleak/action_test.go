package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v3"
)

// action is as much of action.yml as the tests read.
type action struct {
	Inputs map[string]struct {
		Description string
		Default     *string
	}
	Runs struct {
		Using string
		Steps []step
	}
}

type step struct {
	Name, ID, If, Uses, Shell, Run string
	Env                            map[string]string
	With                           map[string]any
}

func readAction(t *testing.T) action {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "action.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(data, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// script is the script of the step with that name.
func (a action) script(t *testing.T, name string) string {
	t.Helper()
	for _, s := range a.Runs.Steps {
		if s.Name == name {
			return s.Run
		}
	}
	t.Fatalf("action.yml has no step %q", name)
	return ""
}

// TestAction: scripts parse, and no input is part of one.
func TestAction(t *testing.T) {
	a := readAction(t)
	if a.Runs.Using != "composite" || len(a.Runs.Steps) == 0 {
		t.Fatal("action.yml is no composite action")
	}
	used := map[string]bool{}
	for _, s := range a.Runs.Steps {
		if strings.Contains(s.Run, "${{") {
			t.Errorf("step %q: an expression stands in a script", s.Name)
		}
		if (s.Run == "") == (s.Uses == "") || s.Run != "" && s.Shell != "bash" {
			t.Errorf("step %q: want a script for bash, or an action", s.Name)
		}
		if s.Run != "" {
			cmd := exec.Command("bash", "-n")
			cmd.Stdin = strings.NewReader(s.Run)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("step %q: %v\n%s", s.Name, err, out)
			}
		}
		for name, v := range s.Env {
			if !strings.Contains(s.Run, name) {
				t.Errorf("step %q: %s is not used", s.Name, name)
			}
			for input := range a.Inputs {
				used[input] = used[input] || strings.Contains(v, "inputs."+input+" ")
			}
		}
	}
	for name, i := range a.Inputs {
		if !used[name] || i.Description == "" || i.Default == nil {
			t.Errorf("input %s: used %v, described %q", name, used[name], i.Description)
		}
	}
}

// TestWorkflows: the examples parse, ask for few rights, and use inputs that exist.
func TestWorkflows(t *testing.T) {
	a := readAction(t)
	for name, want := range map[string]map[string]string{
		"nightly.yml": {"contents": "write", "pull-requests": "write"}, "check.yml": {"contents": "read", "pull-requests": "write"},
	} {
		data, err := os.ReadFile(filepath.Join("..", "..", "docs", "workflows", name))
		if err != nil {
			t.Fatal(err)
		}
		var w struct {
			On          any
			Permissions map[string]string
			Jobs        map[string]struct{ Steps []step }
		}
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatal(err)
		}
		if len(w.Permissions) != len(want) || w.Permissions["contents"] != want["contents"] || w.Permissions["pull-requests"] != want["pull-requests"] {
			t.Errorf("%s asks for %v", name, w.Permissions)
		}
		if strings.Contains(string(data), "pull_request_target") || w.On == nil {
			t.Errorf("%s: on %v", name, w.On)
		}
		ours := 0
		for _, job := range w.Jobs {
			for _, s := range job.Steps {
				if s.Run != "" {
					t.Errorf("%s: a script of its own", name)
				}
				if strings.HasPrefix(s.Uses, "unleak-dev/unleak@") {
					ours++
					for input := range s.With {
						if _, ok := a.Inputs[input]; !ok {
							t.Errorf("%s: the action has no input %s", name, input)
						}
					}
				}
				if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != false {
					t.Errorf("%s: the token stays in the checkout", name)
				}
			}
		}
		if ours != 1 {
			t.Errorf("%s uses the action %d times", name, ours)
		}
	}
}

// TestActionRuns runs the action's scripts as a runner would, against a GitHub on
// this machine. `step NAME` writes a step's script to step.sh.
func TestActionRuns(t *testing.T) {
	a := readAction(t)
	h := newHub(t)
	testscript.Run(t, testscript.Params{
		Files: []string{filepath.Join("..", "..", "testdata", "action.txtar")}, RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			source, err := filepath.Abs(filepath.Join("..", ".."))
			if err != nil {
				return err
			}
			for name, value := range map[string]string{
				"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.DevNull, "GITHUB_SERVER_URL": h.server.URL, "TOKEN": h.token, "SOURCE": source,
				"RUNNER_TEMP": filepath.Join(e.WorkDir, "runner"), "GITHUB_OUTPUT": filepath.Join(e.WorkDir, "output"), "HUB": h.server.URL, "HUBDIR": h.repo.Dir,
				"MODE": "pr", "PROJECT": "work", "UNSAFE": "false", "VERIFY": "", "FLAGS": "", "FAIL_ON_PERSON": "false", "FAIL_ON_LEAKS": "false", "PULL": "", "BINARY": "",
			} {
				e.Setenv(name, value)
			}
			out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output() // built once is enough
			if err != nil {
				return err
			}
			dirs := strings.Split(strings.TrimSpace(string(out)), "\n")
			e.Setenv("GOCACHE", dirs[0])
			e.Setenv("GOMODCACHE", dirs[1])
			return os.Mkdir(filepath.Join(e.WorkDir, "runner"), 0o755)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"clone": h.clone, "hub": h.hub, "is": h.is, "writes": h.writes,
			"step": func(ts *testscript.TestScript, _ bool, args []string) {
				ts.Check(os.WriteFile(ts.MkAbs("step.sh"), []byte(a.script(t, strings.Join(args, " "))), 0o644))
			},
		},
	})
}
