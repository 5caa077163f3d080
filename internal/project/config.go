package project

import (
	"bytes"
	"encoding/json"
	"path"
	"sort"
	"strings"
	"sync"

	"github.com/tailscale/hujson"
)

// Package is a package.json and the folder that it stands in.
type Package struct {
	Dir          string // relative to the root, "." for the root itself
	Name         string
	Type         string // "module" or ""
	Private      bool   // it is not published
	Main         string
	Module       string
	Types        string
	Source       string
	Exports      any
	Bin          any // a file, or commands and their files
	Workspaces   []string
	Dependencies map[string]string // all kinds of them together
	Scripts      map[string]string
	configs      func() []string // tsconfig*.json beside it
	entries      func() *entries
	peers        map[string]string // those among Dependencies that the user of the package brings
	version      string
	node         string // engines.node
}

// PackageOf returns the nearest package around a file, or nil.
func (p *Project) PackageOf(rel string) *Package {
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		if pkg := p.packageIn(dir); pkg != nil {
			return pkg
		}
		if dir == "." || dir == "/" {
			return nil
		}
	}
}

func (p *Project) packageIn(dir string) *Package {
	if p.seen.isPlain(dir) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if pkg, ok := p.packages.Get(dir); ok {
		return pkg
	}
	pkg := p.readPackage(dir)
	p.packages.Add(dir, pkg)
	return pkg
}

func (p *Project) readPackage(dir string) *Package {
	data, err := p.files.read(path.Join(dir, "package.json"))
	if err != nil {
		return nil
	}
	var raw struct {
		Name, Type, Main, Module, Types, Typings, Source string
		Private, Exports, Bin                            any
		Version                                          string
		Engines                                          json.RawMessage
		Workspaces                                       any
		Scripts                                          map[string]any
		Dependencies, DevDependencies, PeerDependencies  map[string]string
	}
	if json.Unmarshal(bytes.TrimPrefix(data, bom), &raw) != nil && raw.Name == "" {
		return nil
	}
	pkg := &Package{
		Dir: dir, Name: raw.Name, Type: raw.Type, Private: raw.Private == true, Main: raw.Main, Module: raw.Module,
		Types: first(raw.Types, raw.Typings), Source: raw.Source, Exports: raw.Exports, Bin: raw.Bin, Dependencies: map[string]string{}, Scripts: map[string]string{},
		peers: raw.PeerDependencies, version: raw.Version, node: nodeEngine(raw.Engines),
	}
	for name, line := range raw.Scripts {
		if s, ok := line.(string); ok {
			pkg.Scripts[name] = s
		}
	}
	for _, deps := range []map[string]string{raw.PeerDependencies, raw.DevDependencies, raw.Dependencies} {
		for name, version := range deps {
			pkg.Dependencies[name] = version
		}
	}
	switch w := raw.Workspaces.(type) {
	case []any:
		pkg.Workspaces = stringsIn(w)
	case map[string]any: // yarn's long form
		if list, ok := w["packages"].([]any); ok {
			pkg.Workspaces = stringsIn(list)
		}
	}
	pkg.entries = sync.OnceValue(func() *entries { return p.entriesOf(pkg) })
	pkg.configs = sync.OnceValue(func() []string { return p.configsIn(dir) })
	return pkg
}

// configsIn lists the tsconfig*.json of a folder, relative to the root.
func (p *Project) configsIn(dir string) []string {
	found := p.files.settings(dir)
	sort.Strings(found)
	for i, f := range found {
		found[i] = path.Join(dir, f)
	}
	return found
}

func first(names ...string) string {
	for _, n := range names {
		if n != "" {
			return n
		}
	}
	return ""
}

func stringsIn(list []any) []string {
	var out []string
	for _, x := range list {
		if s, ok := x.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

var bom = []byte("\ufeff")

// TSConfig is what unleak needs of a tsconfig.json, inherited settings
// included. Folders are relative to the project's root.
type TSConfig struct {
	Path               string
	BaseURL            string
	Paths              map[string][]string
	pathsBase          string
	OutDir, RootDir    string
	NoImplicitOverride bool
	NoUnusedLocals     bool
	NoImplicitReturns  bool
	Target             string
	Lib                []string // nil: what belongs to the target
	DefineFields       *bool    // useDefineForClassFields
	Verbatim           bool
	ExactOptional      bool  // exactOptionalPropertyTypes: x?: T has no room for undefined
	CheckJS            *bool // the types in JavaScript are checked, too
}

// TSConfigOf returns the settings of the nearest tsconfig.json (or
// jsconfig.json) around a file; empty settings if there is none.
func (p *Project) TSConfigOf(rel string) *TSConfig {
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		for _, name := range []string{"tsconfig.json", "jsconfig.json"} {
			if c := p.tsconfig(path.Join(dir, name)); c != nil {
				return c
			}
		}
		if dir == "." || dir == "/" {
			return &TSConfig{}
		}
	}
}

func (p *Project) tsconfig(file string) *TSConfig {
	if p.seen.isPlain(path.Dir(file)) {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.readTSConfig(file, 0)
}

// readTSConfig reads one file and what it extends, to a bounded depth: two
// that extend each other are somebody's mistake, not a reason to hang.
func (p *Project) readTSConfig(file string, depth int) *TSConfig {
	if c, ok := p.configs.Get(file); ok {
		return c
	}
	data, err := p.files.read(file)
	if err != nil || depth > 8 {
		p.configs.Add(file, nil)
		return nil
	}
	data = bytes.TrimPrefix(data, bom)
	if plain, err := hujson.Standardize(data); err == nil {
		data = plain
	}
	var raw struct {
		Extends         any
		Files           *[]string
		Include         []string
		References      []struct{ Path string }
		CompilerOptions struct {
			BaseURL                 *string `json:"baseUrl"`
			Paths                   map[string][]string
			OutDir, RootDir, Target *string
			Lib                     []string
			NoImplicitOverride      *bool
			NoUnusedLocals          *bool
			NoImplicitReturns       *bool
			UseDefineForClassFields *bool
			VerbatimModuleSyntax    *bool
			ExactOptional           *bool `json:"exactOptionalPropertyTypes"`
			CheckJS                 *bool
		}
	}
	if json.Unmarshal(data, &raw) != nil {
		p.configs.Add(file, nil)
		return nil
	}
	dir := path.Dir(file)
	c := &TSConfig{}
	for _, base := range extendsList(raw.Extends) {
		if b := p.extended(dir, base, depth); b != nil {
			inherit(c, b)
		}
	}
	if raw.Files != nil && len(*raw.Files) == 0 && raw.Include == nil {
		for _, r := range raw.References { // of a solution, which has no files: its parts beside it have them
			if at := path.Join(dir, r.Path); path.Dir(at) == dir && strings.HasSuffix(at, ".json") {
				if part := p.readTSConfig(at, depth+1); part != nil {
					inherit(c, part)
					break
				}
			}
		}
	}
	c.Path = file
	o := raw.CompilerOptions
	if o.BaseURL != nil {
		c.BaseURL = path.Join(dir, *o.BaseURL)
	}
	if o.Paths != nil {
		c.Paths, c.pathsBase = o.Paths, dir
	}
	if o.OutDir != nil {
		c.OutDir = path.Join(dir, *o.OutDir)
	}
	if o.RootDir != nil {
		c.RootDir = path.Join(dir, *o.RootDir)
	}
	if o.Target != nil {
		c.Target = strings.ToLower(*o.Target)
	}
	if o.Lib != nil {
		c.Lib = []string{}
		for _, l := range o.Lib {
			c.Lib = append(c.Lib, strings.ToLower(l))
		}
	}
	if o.NoImplicitOverride != nil {
		c.NoImplicitOverride = *o.NoImplicitOverride
	}
	if o.NoUnusedLocals != nil {
		c.NoUnusedLocals = *o.NoUnusedLocals
	}
	if o.NoImplicitReturns != nil {
		c.NoImplicitReturns = *o.NoImplicitReturns
	}
	if o.UseDefineForClassFields != nil {
		c.DefineFields = o.UseDefineForClassFields
	}
	if o.VerbatimModuleSyntax != nil {
		c.Verbatim = *o.VerbatimModuleSyntax
	}
	if o.CheckJS != nil {
		c.CheckJS = o.CheckJS
	}
	if o.ExactOptional != nil {
		c.ExactOptional = *o.ExactOptional
	}
	p.configs.Add(file, c)
	return c
}

func extendsList(v any) []string {
	switch x := v.(type) {
	case string:
		return []string{x}
	case []any:
		return stringsIn(x)
	}
	return nil
}

// extended finds the file that `extends` names: a relative path, or a file of
// an installed package.
func (p *Project) extended(dir, base string, depth int) *TSConfig {
	if strings.HasPrefix(base, ".") {
		file := path.Join(dir, base)
		if !strings.HasSuffix(file, ".json") {
			file += ".json"
		}
		return p.readTSConfig(file, depth+1)
	}
	for at := dir; ; at = path.Dir(at) {
		installed := path.Join(at, "node_modules", base)
		for _, f := range []string{installed, installed + ".json", path.Join(installed, "tsconfig.json")} {
			if strings.HasSuffix(f, ".json") {
				if c := p.readTSConfig(f, depth+1); c != nil {
					return c
				}
			}
		}
		if at == "." || at == "/" {
			return nil
		}
	}
}
