package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// place is the position in a diagnostic of tsc, which moves when lines do.
var place = regexp.MustCompile(`\(\d+,\d+\)`)

// typecheck runs tsc over the tree and returns its diagnostics without their
// positions; nothing without --modules.
func (c *checker) typecheck() (map[string]bool, error) {
	if c.modules == "" {
		return nil, nil
	}
	modules, err := filepath.Abs(c.modules)
	if err != nil {
		return nil, err
	}
	link := filepath.Join(c.dir, "node_modules")
	if err := os.Symlink(modules, link); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	defer os.Remove(link)
	config, err := json.Marshal(map[string]any{
		"extends": c.table.Typecheck.Extends,
		"include": c.table.Typecheck.Include,
		"compilerOptions": map[string]any{
			"composite": false, "incremental": false, "noEmit": true, "declaration": false, "declarationMap": false,
			"module": "esnext", "moduleResolution": "node", "baseUrl": ".", "skipLibCheck": true,
			"typeRoots": []string{"node_modules/@types"}, "types": []string{"node"}, "paths": c.table.Typecheck.Paths,
		},
	})
	if err != nil {
		return nil, err
	}
	file := filepath.Join(c.dir, "tsconfig.acceptance.json")
	if err := os.WriteFile(file, config, 0o644); err != nil {
		return nil, err
	}
	defer os.Remove(file)
	cmd := exec.CommandContext(c.ctx, "node", filepath.Join(modules, "typescript", "bin", "tsc"), "-p", file)
	cmd.Dir = c.dir
	var out bytes.Buffer
	cmd.Stdout = &out
	err = cmd.Run() // it fails if there are diagnostics
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	found := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if strings.Contains(line, "error TS") {
			found[place.ReplaceAllString(strings.TrimSpace(line), "")] = true
		}
	}
	return found, nil
}
