package githubtest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// operations are those that the client uses and the stand-in has.
var operations = []string{
	"GET /app",
	"GET /app/installations",
	"POST /app/installations/{installation_id}/access_tokens",
	"GET /orgs/{org}/repos",
	"GET /installation/repositories",
	"GET /repos/{owner}/{repo}",
	"GET /repos/{owner}/{repo}/collaborators/{username}/permission",
	"GET /repos/{owner}/{repo}/compare/{basehead}",
	"POST /repos/{owner}/{repo}/forks",
	"POST /repos/{owner}/{repo}/git/blobs",
	"POST /repos/{owner}/{repo}/git/commits",
	"GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
	"GET /repos/{owner}/{repo}/git/matching-refs/{ref}",
	"GET /repos/{owner}/{repo}/git/ref/{ref}",
	"POST /repos/{owner}/{repo}/git/refs",
	"POST /repos/{owner}/{repo}/git/trees",
	"GET /repos/{owner}/{repo}/installation",
	"PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
	"DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}",
	"POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
	"PATCH /repos/{owner}/{repo}/issues/{issue_number}",
	"POST /repos/{owner}/{repo}/issues/{issue_number}/assignees",
	"GET /repos/{owner}/{repo}/issues/{issue_number}/comments",
	"POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
	"POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
	"POST /repos/{owner}/{repo}/labels",
	"GET /repos/{owner}/{repo}/labels/{name}",
	"POST /repos/{owner}/{repo}/merge-upstream",
	"GET /repos/{owner}/{repo}/milestones",
	"GET /repos/{owner}/{repo}/pulls",
	"POST /repos/{owner}/{repo}/pulls",
	"GET /repos/{owner}/{repo}/pulls/{pull_number}",
	"PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
	"GET /repos/{owner}/{repo}/pulls/{pull_number}/comments",
	"GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
	"POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
	"GET /search/repositories",
	"POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
	"GET /user",
	"GET /users/{username}",
}

// Operations returns the operations of GitHub that are in use, as METHOD /path.
func Operations() []string { return append([]string(nil), operations...) }

// Prune takes everything out of an OpenAPI description that these operations do
// not need: other operations, examples, and whatever nothing refers to then. It
// fails if an operation is not described.
func Prune(description []byte, operations []string) ([]byte, error) {
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Info       json.RawMessage                       `json:"info"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components map[string]map[string]json.RawMessage `json:"components"`
	}
	if err := json.Unmarshal(description, &doc); err != nil {
		return nil, fmt.Errorf("the description cannot be read: %w", err)
	}
	paths := map[string]map[string]any{}
	kept := map[string]map[string]any{}
	var todo []string
	for _, op := range operations {
		method, path, _ := strings.Cut(op, " ")
		raw, ok := doc.Paths[path][strings.ToLower(method)]
		if !ok {
			return nil, fmt.Errorf("%s is not described", op)
		}
		v, refs, err := slim(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op, err)
		}
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = v
		todo = append(todo, refs...)
	}
	for len(todo) > 0 {
		ref := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		section, name, ok := strings.Cut(strings.TrimPrefix(ref, "#/components/"), "/")
		if kept[section][name] != nil {
			continue
		}
		raw := doc.Components[section][name]
		if !ok || raw == nil {
			return nil, fmt.Errorf("%s is not described", ref)
		}
		v, refs, err := slim(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref, err)
		}
		if kept[section] == nil {
			kept[section] = map[string]any{}
		}
		kept[section][name] = v
		todo = append(todo, refs...)
	}
	return json.MarshalIndent(map[string]any{"openapi": doc.OpenAPI, "info": doc.Info, "paths": paths, "components": kept}, "", " ")
}

// slim decodes a part of a description without its examples and texts, and
// returns what it refers to.
func slim(raw json.RawMessage) (any, []string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, nil, err
	}
	var refs []string
	var walk func(v any, names bool)
	walk = func(v any, names bool) {
		switch v := v.(type) {
		case map[string]any:
			if !names { // the keys are words of OpenAPI, not names of properties
				if r, ok := v["$ref"].(string); ok {
					refs = append(refs, r)
				}
				for _, key := range []string{"example", "examples", "externalDocs", "x-github", "x-octokit", "tags", "summary"} {
					delete(v, key)
				}
				if _, ok := v["responses"]; !ok && v["content"] == nil && v["headers"] == nil {
					if _, is := v["description"].(string); is && v["schema"] == nil && (v["type"] != nil || v["anyOf"] != nil || v["oneOf"] != nil || v["allOf"] != nil) {
						delete(v, "description")
					}
				}
			}
			for key, child := range v {
				walk(child, !names && (key == "properties" || key == "responses" || key == "content" || key == "headers"))
			}
		case []any:
			for _, child := range v {
				walk(child, false)
			}
		}
	}
	walk(v, false)
	return v, refs, nil
}

// Package finds an installed npm package of the stand-in: the folder that holds
// it, from the current folder upwards.
func Package(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("the current folder is not within the module")
		}
		dir = up
	}
	dir = filepath.Join(dir, "internal", "githubtest", "node_modules", filepath.FromSlash(name))
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("%s is not installed: run npm ci in internal/githubtest", name)
	}
	return dir, nil
}

// Description returns GitHub's description of the operations in use.
func Description() ([]byte, error) {
	dir, err := Package("@octokit/openapi")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "generated", "api.github.com.json"))
	if err != nil {
		return nil, err
	}
	return Prune(data, operations)
}
