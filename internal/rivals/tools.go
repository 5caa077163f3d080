package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
)

const unleak = "unleak"

// Report is one place that a tool reports. Lines and columns count from 1.
type Report struct {
	Tool         string
	Path         string // relative to the repository, with /
	Line, Column int
	EndLine      int
	Rule         string
}

// tool reports leaks in files, which are relative to a folder.
type tool struct {
	name string
	run  func(ctx context.Context, dir string, files []string) ([]Report, error)
}

// rivals are the other tools, installed in home.
func rivals(home, node string) []tool {
	bin := func(rel string) []string {
		return []string{node, filepath.Join(home, "node_modules", filepath.FromSlash(rel))}
	}
	eslint := append(bin("eslint/bin/eslint.js"), "--no-config-lookup", "--no-inline-config", "--format", "json", "--config")
	return []tool{
		{"react-doctor", func(ctx context.Context, dir string, files []string) ([]Report, error) {
			out, err := output(ctx, dir, append(bin("oxlint/bin/oxlint"), "--format", "json", "--config", filepath.Join(home, "oxlint.json")), files)
			if err != nil {
				return nil, err
			}
			return readOxlint(out)
		}},
		{"eslint-react", func(ctx context.Context, dir string, files []string) ([]Report, error) {
			out, err := output(ctx, dir, append(eslint[:len(eslint):len(eslint)], filepath.Join(home, "react.config.mjs")), files)
			if err != nil {
				return nil, err
			}
			return readESLint(out, dir)
		}},
		{"rxjs-x", func(ctx context.Context, dir string, files []string) ([]Report, error) {
			files, err := mention(dir, files, "rxjs")
			if err != nil || len(files) == 0 {
				return nil, err
			}
			if err := writeTSConfig(dir, files); err != nil {
				return nil, err
			}
			out, err := output(ctx, dir, append(eslint[:len(eslint):len(eslint)], filepath.Join(home, "rxjs.config.mjs")), files)
			if err != nil {
				return nil, err
			}
			return readESLint(out, dir)
		}},
	}
}

// output runs a linter. That it found something, status 1, is no failure.
func output(ctx context.Context, dir string, command, files []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, command[0], append(command[1:len(command):len(command)], files...)...)
	var stderr bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 && len(out) > 0 {
		err = nil
	}
	if err != nil {
		line, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		return nil, fmt.Errorf("%w: %s", err, line)
	}
	return out, nil
}

// mention returns the files whose text contains a word.
func mention(dir string, files []string, word string) ([]string, error) {
	var with []string
	for _, rel := range files {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(rel)))
		if err != nil {
			return nil, err
		}
		if bytes.Contains(text, []byte(word)) {
			with = append(with, rel)
		}
	}
	return with, nil
}

// writeTSConfig writes the tsconfig that rules about types are run with: the
// repository's own may extend what is not there.
func writeTSConfig(dir string, files []string) error {
	text, err := json.Marshal(map[string]any{
		"compilerOptions": map[string]any{
			"target": "ES2022", "module": "ES2022", "moduleResolution": "bundler", "lib": []string{"ES2022", "dom"},
			"jsx": "preserve", "experimentalDecorators": true, "allowJs": true, "skipLibCheck": true,
			"types": []string{}, "noEmit": true, "strict": true,
		},
		"files": files,
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "tsconfig.rivals.json"), text, 0o644)
}

// readOxlint reads what `oxlint --format json` prints.
func readOxlint(out []byte) ([]Report, error) {
	var doc struct {
		Diagnostics []struct {
			Code     string `json:"code"` // plugin(rule)
			Message  string `json:"message"`
			Filename string `json:"filename"`
			Labels   []struct {
				Span struct{ Line, Column int }
			} `json:"labels"`
		} `json:"diagnostics"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, err
	}
	var reports []Report
	for _, d := range doc.Diagnostics {
		if len(d.Labels) == 0 {
			return nil, fmt.Errorf("%s: %s: no place is given", d.Filename, d.Message)
		}
		rule := strings.TrimSuffix(strings.TrimPrefix(d.Code, "react-doctor("), ")")
		if rule == "" || rule == d.Code {
			return nil, fmt.Errorf("%s: %s", d.Filename, d.Message) // a file that it could not read
		}
		at := d.Labels[0].Span
		reports = append(reports, Report{Path: filepath.ToSlash(d.Filename), Line: at.Line, Column: at.Column, EndLine: at.Line, Rule: rule})
	}
	return reports, nil
}

// readESLint reads what `eslint --format json` prints of files below dir.
func readESLint(out []byte, dir string) ([]Report, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	var doc []struct {
		FilePath string `json:"filePath"`
		Messages []struct {
			RuleID                *string `json:"ruleId"`
			Message               string  `json:"message"`
			Fatal                 bool    `json:"fatal"`
			Line, Column, EndLine int
		} `json:"messages"`
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		return nil, err
	}
	var reports []Report
	for _, f := range doc {
		rel, err := filepath.Rel(dir, f.FilePath)
		if err != nil {
			return nil, err
		}
		for _, m := range f.Messages {
			if m.Fatal {
				return nil, fmt.Errorf("%s:%d: %s", rel, m.Line, m.Message)
			}
			if m.RuleID == nil {
				continue // about a comment that would silence something
			}
			_, rule, _ := strings.Cut(*m.RuleID, "/")
			reports = append(reports, Report{Path: filepath.ToSlash(rel), Line: m.Line, Column: m.Column, EndLine: max(m.Line, m.EndLine), Rule: rule})
		}
	}
	return reports, nil
}

// scan runs unleak with the default options: leaks, and no offers.
func scan(ctx context.Context, dir string, files []string) ([]Report, error) {
	p, err := project.Open(dir)
	if err != nil {
		return nil, err
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return nil, err
	}
	paths := make([]string, len(files))
	for i, rel := range files {
		paths[i] = p.Abs(rel)
	}
	all := &report.Collector{Project: p}
	result, err := run.Run(ctx, transforms.NewDetector(p, kinds, false), run.Options{Paths: paths, Each: all.Add})
	if err != nil {
		return nil, err
	}
	if len(result.Problems) > 0 {
		return nil, result.Problems[0]
	}
	var reports []Report
	for _, f := range all.Document(result).Findings {
		if f.Standing == transforms.Leak {
			reports = append(reports, Report{Path: f.Path, Line: f.Line, Column: f.Column, EndLine: f.EndLine, Rule: f.Kind})
		}
	}
	return reports, nil
}

// installed names the rivals' packages with their versions, as they are pinned.
func installed(home string) (map[string]string, error) {
	text, err := os.ReadFile(filepath.Join(home, "package.json"))
	if err != nil {
		return nil, err
	}
	var doc struct {
		Dependencies map[string]string `json:"dependencies"`
	}
	return doc.Dependencies, json.Unmarshal(text, &doc)
}
