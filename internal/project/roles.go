package project

import (
	"path"
	"strings"
)

// Role says what a file is for, by its path.
type Role int

// The roles. Leaks in anything but Source end with the process that runs it,
// so they are reported on request only.
const (
	Source Role = iota
	Test
	Script // build scripts, configuration files, examples
)

var testFolders = map[string]bool{
	"test": true, "tests": true, "__tests__": true, "__mocks__": true, "spec": true, "specs": true, "e2e": true,
	"fixtures": true, "__fixtures__": true, "cypress": true, "playwright": true, "bench": true, "benchmark": true, "benchmarks": true,
}

var scriptFolders = map[string]bool{
	"scripts": true, "script": true, "tools": true, "tooling": true, "bin": true, "examples": true, "example": true,
	"docs": true, "website": true, ".github": true, ".storybook": true, "gulp": true, "grunt": true,
}

// RoleOf tells the role of a file from its path relative to the root.
func RoleOf(rel string) Role {
	dir, name := path.Split(rel)
	for _, part := range strings.Split(dir, "/") {
		if testFolders[part] {
			return Test
		}
	}
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, s := range []string{".test", ".spec", ".e2e", ".bench", ".stories", "-test", "_test", ".cy"} {
		if strings.HasSuffix(stem, s) {
			return Test
		}
	}
	for _, part := range strings.Split(dir, "/") {
		if scriptFolders[part] {
			return Script
		}
	}
	switch {
	case strings.HasSuffix(stem, ".config"), strings.HasSuffix(stem, ".conf"), strings.HasSuffix(stem, "rc"),
		stem == "gulpfile", stem == "Gruntfile", stem == "jakefile":
		return Script
	}
	return Source
}
