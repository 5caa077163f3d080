package mount

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// job is a case that is to be mounted: its files as they were, and mended.
type job struct {
	id, host, entry, drive string
	before, after          map[string]string
}

// source is a component file that its framework has to compile.
type source struct {
	Host string `json:"host"`
	Name string `json:"name"`
	Text string `json:"text"`
}

// bundled compiles the component files of all jobs by one node process, and makes cells.
func bundled(t *testing.T, node string, jobs []job) []cell {
	var sources []source
	for _, j := range jobs {
		for _, files := range []map[string]string{j.before, j.after} {
			for name, text := range files {
				if s := (source{j.host, name, text}); syntax.IsComponent(name) && !slices.Contains(sources, s) {
					sources = append(sources, s)
				}
			}
		}
	}
	code := compile(t, node, sources)
	var out []cell
	for _, j := range jobs {
		out = append(out, cell{j.id, j.host, bundle(t, j, j.before, code), bundle(t, j, j.after, code), j.drive})
	}
	return out
}

// compile runs the frameworks' own compilers.
func compile(t *testing.T, node string, sources []source) map[source]string {
	code := map[source]string{}
	if len(sources) == 0 {
		return code
	}
	input, err := json.Marshal(sources)
	if err != nil {
		t.Fatal(err)
	}
	home, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, "compile.cjs")
	cmd.Env = append(os.Environ(), "UNLEAK_MOUNT="+home)
	cmd.Stdin = bytes.NewReader(input)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("the compilers ended: %v", err)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	if len(lines) != len(sources) {
		t.Fatalf("%d of %d component files were compiled", len(lines), len(sources))
	}
	for i, line := range lines {
		var made struct{ Code, Error string }
		if err := json.Unmarshal(line, &made); err != nil || made.Error != "" {
			t.Fatalf("%s: %v %s\n%s", sources[i].Name, err, made.Error, sources[i].Text)
		}
		code[sources[i]] = made.Code
	}
	return code
}

// bundle makes one CommonJS text of an example; libraries stay `require`d, but for a
// framework that has one text for the page and another for node.
func bundle(t *testing.T, j job, files map[string]string, code map[source]string) string {
	dir := write(t, transforms.Case{Files: files})
	o := api.BuildOptions{
		EntryPoints: []string{filepath.Join(dir, filepath.FromSlash(j.entry))},
		Bundle:      true, Platform: api.PlatformNode, Format: api.FormatCommonJS, LogLevel: api.LogLevelSilent,
		Packages: api.PackagesExternal, Target: api.ES2022, JSX: api.JSXAutomatic,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":true}}`,
		Plugins: []api.Plugin{{Name: "components", Setup: func(build api.PluginBuild) {
			build.OnLoad(api.OnLoadOptions{Filter: `\.(vue|svelte)$`}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
				rel, err := filepath.Rel(dir, args.Path)
				if err != nil {
					return api.OnLoadResult{}, err
				}
				rel = filepath.ToSlash(rel)
				text := code[source{j.host, rel, files[rel]}]
				return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, nil
			})
		}}},
	}
	switch j.host {
	case "preact":
		o.JSXImportSource = "preact"
	case "svelte":
		home, err := filepath.Abs("node_modules")
		if err != nil {
			t.Fatal(err)
		}
		o.Packages, o.Conditions, o.NodePaths, o.EntryPoints = api.PackagesBundle, []string{"browser"}, []string{home}, nil
		o.MainFields = []string{"module", "main"}
		o.Stdin = &api.StdinOptions{
			Contents:   "export { default } from './" + j.entry + "'; export { mount, unmount, flushSync } from 'svelte';",
			ResolveDir: dir, Loader: api.LoaderJS,
		}
	}
	r := api.Build(o)
	if len(r.Errors) > 0 {
		t.Fatalf("%s: %s", j.id, r.Errors[0].Text)
	}
	return string(r.OutputFiles[0].Contents)
}
