// Package settings reads .unleak.yaml.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"
)

// Name is the file's name, in the root of a project.
const Name = ".unleak.yaml"

// Settings are a project's choices. The zero value is what holds without a file.
type Settings struct {
	Kinds Kinds `yaml:"kinds"`
	Paths struct {
		Exclude []string `yaml:"exclude"` // globs, relative to the root; ** crosses folders
	} `yaml:"paths"`
	Phases   map[string]string `yaml:"phases"`   // kind -> critical, high, medium
	Tracking string            `yaml:"tracking"` // auto, field, set
	Style    Style             `yaml:"style"`
	Limits   struct {
		Cache int `yaml:"cache"` // entries; 0: the default
	} `yaml:"limits"`
	Baseline       string       `yaml:"baseline"` // a file, relative to the root
	Offers         bool         `yaml:"offers"`
	IncludeTests   bool         `yaml:"include-tests"`
	IncludeScripts bool         `yaml:"include-scripts"`
	PullRequests   PullRequests `yaml:"pull-requests"`
}

// Kinds says which kinds there are.
type Kinds struct {
	Only  []string `yaml:"only"` // nothing but these
	Off   []string `yaml:"off"`
	Files []string `yaml:"files"` // of the project's own, and folders of them, relative to the root
}

// UnmarshalYAML reads a list as the files alone.
func (k *Kinds) UnmarshalYAML(n *yaml.Node) error {
	if target(n).Kind == yaml.SequenceNode {
		return n.Decode(&k.Files)
	}
	type plain Kinds
	return n.Decode((*plain)(k))
}

// Style overrides what is otherwise read off the file.
type Style struct {
	Private string `yaml:"private"` // auto, modifier, hash
	Using   bool   `yaml:"using"`   // declare by using what a block can
}

// Load reads the settings in a folder. Without a file they are empty. kinds gives
// the names that may be mentioned, with those of the project's own files. Errors
// say file, line and column.
func Load(root string, kinds func(files []string) ([]string, error)) (*Settings, error) {
	file := filepath.Join(root, Name)
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		_, err := kinds(nil)
		return &Settings{}, err
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", Name, err)
	}
	return Parse(data, kinds)
}

// Parse reads settings from YAML.
func Parse(data []byte, kinds func(files []string) ([]string, error)) (*Settings, error) {
	var doc yaml.Node
	s := &Settings{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, plain(err)
	}
	var c checker
	if len(doc.Content) > 0 && doc.Content[0].Tag != "!!null" {
		c.mapping(doc.Content[0], table())
		if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: want one document, there are several", Name)
		}
		if c.err != nil {
			return nil, c.err
		}
		if err := doc.Decode(s); err != nil {
			return nil, plain(err)
		}
	}
	known, err := kinds(s.Kinds.Files)
	if err != nil {
		return nil, err
	}
	for _, n := range c.names {
		if !slices.Contains(known, n.Value) {
			c.fail(n, "there is no kind %q; `unleak kinds` lists them", n.Value)
		}
	}
	if c.err != nil {
		return nil, c.err
	}
	return s, nil
}

// Files are the files and folders that settings name, relative to the root: what has
// to be there before they can be parsed. It takes what Parse would refuse.
func Files(data []byte) []string {
	var s Settings
	if err := yaml.Unmarshal(data, &s); err != nil {
		return nil // Parse says what is wrong
	}
	var out []string
	for _, f := range append(s.Kinds.Files, s.Baseline) {
		if f != "" && filepath.IsLocal(filepath.FromSlash(f)) {
			out = append(out, path.Clean(f))
		}
	}
	return out
}

// plain puts an error of the YAML library on one line.
func plain(err error) error {
	return fmt.Errorf("%s: %s", Name, strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
}

// Excluded reports whether a path relative to the root is left out.
func (s *Settings) Excluded(rel string) bool {
	for _, g := range s.Paths.Exclude {
		if ok, _ := doublestar.Match(g, rel); ok {
			return true
		}
		if ok, _ := doublestar.Match(strings.TrimSuffix(g, "/")+"/**", rel); ok {
			return true
		}
	}
	return false
}
