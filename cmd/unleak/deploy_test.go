package main

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const deployed = "../../deploy/"

// parsed lets the command itself read arguments, with variables filled in, and
// returns its flags.
func parsed(t *testing.T, from string, args []string) *botFlags {
	t.Helper()
	variable := regexp.MustCompile(`\$[({]([A-Z_]+)[)}]`)
	for i, a := range args {
		args[i] = variable.ReplaceAllStringFunc(a, func(v string) string {
			return map[string]string{"APP_ID": "12345", "CREDENTIALS_DIRECTORY": "/run/credentials"}[variable.FindStringSubmatch(v)[1]]
		})
	}
	c := &cli{out: io.Discard, err: io.Discard}
	root := c.rootCommand()
	cmd, rest, err := root.Find(args)
	if err != nil || cmd.Name() != "bot" {
		t.Fatalf("%s: %q is no call of the bot: %v", from, args, err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Fatalf("%s: %v", from, err)
	}
	if more := cmd.Flags().Args(); len(more) != 0 {
		t.Errorf("%s: %q is no flag", from, more)
	}
	get := func(name string) string { return cmd.Flags().Lookup(name).Value.String() }
	grace, err := cmd.Flags().GetDuration("grace")
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := cmd.Flags().GetInt("jobs")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := cmd.Flags().GetInt64("max-memory")
	if err != nil {
		t.Fatal(err)
	}
	f := &botFlags{state: get("state"), listen: get("listen"), admin: get("admin"), grace: grace, jobs: jobs, given: cmd.Flags()}
	f.limits.Memory, f.app.key = memory, get("app-key")
	if f.state != "/var/lib/unleak" || get("secret-file") == "[]" || get("every") != "24h0m0s" || f.app.key == "" {
		t.Errorf("%s: state %q, secrets %s, key %q, every %s", from, f.state, get("secret-file"), f.app.key, get("every"))
	}
	return f
}

func deployFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(deployed + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestDockerfile: what the image starts is a call of the bot, all but for the number
// of the App, and its user owns the state.
func TestDockerfile(t *testing.T) {
	text := deployFile(t, "Dockerfile")
	var args, entry []string
	for line := range strings.Lines(text) {
		if list, ok := strings.CutPrefix(line, "CMD "); ok {
			if err := json.Unmarshal([]byte(list), &args); err != nil {
				t.Fatal(err)
			}
		}
		if list, ok := strings.CutPrefix(line, "ENTRYPOINT "); ok {
			if err := json.Unmarshal([]byte(list), &entry); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !slices.Equal(entry, []string{"unleak"}) || !strings.Contains(text, "USER 10001") {
		t.Errorf("it starts %q", entry)
	}
	parsed(t, "Dockerfile", args)
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)[1]
	if !strings.Contains(text, "FROM golang:"+string(version)+"-") {
		t.Errorf("the image is not built with Go %s", version)
	}
}

// TestSystemd: the unit is one that systemd accepts, and starts the bot.
func TestSystemd(t *testing.T) {
	text := deployFile(t, "unleak-bot.service")
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(text)
	stop := regexp.MustCompile(`(?m)^TimeoutStopSec=(\d+)$`).FindStringSubmatch(text)
	if start == nil || stop == nil {
		t.Fatal("it does not say how it starts and stops")
	}
	words := strings.Fields(start[1])
	f := parsed(t, "unleak-bot.service", words[1:])
	limit, err := time.ParseDuration(stop[1] + "s")
	if err != nil || limit <= f.grace+10*time.Second {
		t.Errorf("it is killed after %s, though work is given %s", limit, f.grace)
	}
	if !strings.HasPrefix(f.admin, "127.0.0.1:") {
		t.Errorf("metrics are at %s", f.admin)
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd here")
	}
	// The program need not be installed to judge the unit.
	dir := t.TempDir()
	unit := filepath.Join(dir, "unleak-bot.service")
	if err := os.WriteFile(unit, []byte(strings.ReplaceAll(text, words[0], "/bin/true")), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(analyze, "verify", "--man=no", "--recursive-errors=no", unit).CombinedOutput()
	if err != nil || strings.Contains(string(out), "unleak-bot.service:") {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
}

// TestKubernetes: the example is YAML, its parts refer to each other, and its
// container is a call of the bot within its limits.
func TestKubernetes(t *testing.T) {
	type port struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	type object struct {
		Kind     string
		Metadata struct{ Name, Namespace string }
		Spec     struct {
			Replicas *int
			Selector yaml.Node
			Template struct {
				Metadata struct{ Labels map[string]string }
				Spec     struct {
					Grace           int `yaml:"terminationGracePeriodSeconds"`
					SecurityContext struct {
						RunAsUser    int  `yaml:"runAsUser"`
						RunAsNonRoot bool `yaml:"runAsNonRoot"`
					} `yaml:"securityContext"`
					Containers []struct {
						Args         []string
						Ports        []port
						VolumeMounts []struct {
							Name, MountPath string
						} `yaml:"volumeMounts"`
						LivenessProbe, ReadinessProbe struct {
							HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
						}
						Resources struct{ Limits map[string]string }
					}
					Volumes []struct{ Name string }
				}
			}
			Claims []struct {
				Metadata struct{ Name string }
			} `yaml:"volumeClaimTemplates"`
			Ports []struct {
				Name       string
				TargetPort string `yaml:"targetPort"`
			}
		}
	}
	d := yaml.NewDecoder(strings.NewReader(deployFile(t, "kubernetes.yaml")))
	kinds := map[string]object{}
	for {
		var o object
		err := d.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if o.Metadata.Name != "unleak-bot" || o.Metadata.Namespace != "unleak" {
			t.Errorf("%s is called %s in %s", o.Kind, o.Metadata.Name, o.Metadata.Namespace)
		}
		kinds[o.Kind] = o
	}
	set, service := kinds["StatefulSet"], kinds["Service"]
	if len(kinds) != 4 || set.Spec.Replicas == nil || *set.Spec.Replicas != 1 || len(set.Spec.Template.Spec.Containers) != 1 {
		t.Fatalf("there is %v", kinds)
	}
	pod := set.Spec.Template.Spec
	box := pod.Containers[0]
	f := parsed(t, "kubernetes.yaml", slices.Clone(box.Args))
	if time.Duration(pod.Grace)*time.Second <= f.grace+10*time.Second || !pod.SecurityContext.RunAsNonRoot || pod.SecurityContext.RunAsUser != 10001 {
		t.Errorf("it ends within %ds, %+v", pod.Grace, pod.SecurityContext)
	}
	if f.limits.Memory*int64(f.jobs)+1<<30 > 4<<30 || box.Resources.Limits["memory"] != "4Gi" {
		t.Errorf("%d jobs of %d bytes in %s", f.jobs, f.limits.Memory, box.Resources.Limits["memory"])
	}
	ports := map[string]bool{}
	for _, p := range box.Ports {
		ports[p.Name] = map[string]string{"events": f.listen, "admin": f.admin}[p.Name] == map[int]string{8080: ":8080", 8081: ":8081"}[p.ContainerPort]
	}
	if !ports["events"] || !ports["admin"] || len(service.Spec.Ports) != 1 || service.Spec.Ports[0].TargetPort != "events" {
		t.Errorf("ports %v, service %+v", ports, service.Spec.Ports)
	}
	have := map[string]bool{}
	for _, v := range pod.Volumes {
		have[v.Name] = true
	}
	for _, v := range set.Spec.Claims {
		have[v.Metadata.Name] = true
	}
	for _, m := range box.VolumeMounts {
		if !have[m.Name] {
			t.Errorf("there is no volume %s", m.Name)
		}
	}
	if len(have) != len(box.VolumeMounts) {
		t.Errorf("volumes %v, mounts %v", have, box.VolumeMounts)
	}
}
