package project

import "go.yaml.in/yaml/v3"

// pnpmPackages returns the globs of a pnpm-workspace.yaml.
func pnpmPackages(data []byte) []string {
	var file struct {
		Packages []string `yaml:"packages"`
	}
	if yaml.Unmarshal(data, &file) != nil {
		return nil
	}
	return file.Packages
}
