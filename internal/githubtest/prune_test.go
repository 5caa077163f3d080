package githubtest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const whole = `{"openapi": "3.0.3", "info": {"title": "t", "version": "1"},
"paths": {
 "/a/{x}": {"get": {"parameters": [{"$ref": "#/components/parameters/x"}], "responses": {"200": {"description": "ok", "content": {"application/json": {
   "schema": {"$ref": "#/components/schemas/outer"}, "examples": {"e": {"$ref": "#/components/examples/e"}}}}}}},
   "post": {"responses": {"200": {"$ref": "#/components/responses/gone"}}}},
 "/b": {"get": {"responses": {"200": {"description": "ok"}}}}},
"components": {
 "parameters": {"x": {"name": "x", "in": "path", "required": true, "schema": {"type": "string"}}},
 "responses": {"gone": {"description": "gone"}},
 "examples": {"e": {"value": 1}},
 "schemas": {
  "outer": {"type": "object", "description": "a text", "properties": {"example": {"$ref": "#/components/schemas/inner"}, "tags": {"type": "string"}, "description": {"type": "string"}}},
  "inner": {"type": "object", "properties": {"again": {"$ref": "#/components/schemas/inner"}}},
  "unused": {"type": "string"}}}}`

func TestPrune(t *testing.T) {
	data, err := Prune([]byte(whole), []string{"GET /a/{x}"})
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths      map[string]map[string]any
		Components map[string]map[string]map[string]any
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	schemas := doc.Components["schemas"]
	if len(doc.Paths) != 1 || len(doc.Paths["/a/{x}"]) != 1 || len(schemas) != 2 || len(doc.Components["parameters"]) != 1 || len(doc.Components["responses"]) != 0 {
		t.Errorf("pruned to %s", data)
	}
	// What is called like a word of OpenAPI and is a property stays.
	if props := schemas["outer"]["properties"].(map[string]any); len(props) != 3 || schemas["outer"]["description"] != nil {
		t.Errorf("outer is %v", schemas["outer"])
	}
	if loaded, err := openapi3.NewLoader().LoadFromData(data); err != nil {
		t.Errorf("it cannot be loaded: %v", err)
	} else if err := loaded.Validate(t.Context()); err != nil {
		t.Errorf("it is not valid: %v", err)
	}
	for _, op := range []string{"GET /c", "PUT /b"} {
		if _, err := Prune([]byte(whole), []string{op}); err == nil || !strings.Contains(err.Error(), op) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

// described is the description of GitHub, without which nothing can be compared.
func described(t *testing.T) *spec {
	t.Helper()
	spec, err := loadSpec()
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	} else if err != nil {
		t.Skip(err)
	}
	return spec
}

// TestOperations: each operation in use is described, and the stand-in has it.
func TestOperations(t *testing.T) {
	described(t)
	for _, op := range operations {
		if handlers[op] == nil {
			t.Errorf("%s is not answered", op)
		}
	}
	if len(handlers) != len(operations) {
		t.Errorf("%d operations are answered and %d are described", len(handlers), len(operations))
	}
}

func TestFind(t *testing.T) {
	spec := described(t)
	for path, want := range map[string]string{
		"/repos/a/b/git/ref/heads/unleak/critical":          "GET /repos/{owner}/{repo}/git/ref/{ref} heads/unleak/critical",
		"/repos/a/b/git/ref/heads/odd%23name":               "GET /repos/{owner}/{repo}/git/ref/{ref} heads/odd#name",
		"/repos/a/b/git/matching-refs/heads/unleak/":        "GET /repos/{owner}/{repo}/git/matching-refs/{ref} heads/unleak/",
		"/repos/a/b/compare/main...bot%3Aunleak%2Fcritical": "GET /repos/{owner}/{repo}/compare/{basehead} main...bot:unleak/critical",
		"/repos/a/b/issues/3/comments":                      "GET /repos/{owner}/{repo}/issues/{issue_number}/comments 3",
		"/repos/a/b/pulls/3":                                "GET /repos/{owner}/{repo}/pulls/{pull_number} 3",
		"/repos/a/b/pulls/3/nothing":                        "",
		"/repos/a/b/labels/good%20first%2Fissue":            "GET /repos/{owner}/{repo}/labels/{name} good first/issue",
		"/repos/a":                                          "",
	} {
		op, params, err := spec.find("GET", path)
		got := ""
		if err == nil {
			got = op.key()
			for name, v := range params {
				if name != "owner" && name != "repo" {
					got += " " + v
				}
			}
		}
		if got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
