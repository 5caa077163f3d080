package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestManifest: the manifest for pre-commit has keys that pre-commit knows, and its
// entry is a command line of this program.
func TestManifest(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", ".pre-commit-hooks.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct {
		ID             string   `yaml:"id"`
		Name           string   `yaml:"name"`
		Description    string   `yaml:"description"`
		Entry          string   `yaml:"entry"`
		Language       string   `yaml:"language"`
		TypesOr        []string `yaml:"types_or"`
		PassFilenames  *bool    `yaml:"pass_filenames"`
		RequireSerial  bool     `yaml:"require_serial"`
		MinimumVersion string   `yaml:"minimum_pre_commit_version"`
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(&hooks); err != nil {
		t.Fatal(err)
	}
	if len(hooks) != 1 || hooks[0].ID != "unleak" || hooks[0].Name == "" || hooks[0].Language != "golang" || hooks[0].PassFilenames == nil || *hooks[0].PassFilenames {
		t.Fatalf("the manifest says %+v", hooks)
	}
	for _, tag := range hooks[0].TypesOr { // a name that is not known there would be an error
		if !slices.Contains([]string{"javascript", "jsx", "ts", "tsx", "vue", "svelte"}, tag) {
			t.Errorf("%q is no tag of files", tag)
		}
	}
	words := strings.Fields(hooks[0].Entry)
	c := &cli{in: strings.NewReader(""), out: io.Discard, err: io.Discard}
	cmd, rest, err := c.rootCommand().Find(words[1:])
	if words[0] != "unleak" || err != nil || cmd.Name() != "scan" {
		t.Fatalf("%q runs %v, %v", hooks[0].Entry, cmd.Name(), err)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		t.Error(err)
	}
}
