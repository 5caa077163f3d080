package githubtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// loadSchema reads the schema of GitHub's GraphQL once.
var loadSchema = sync.OnceValues(func() (*ast.Schema, error) {
	dir, err := Package("@octokit/graphql-schema")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "schema.graphql"))
	if err != nil {
		return nil, err
	}
	doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: "schema.graphql", Input: string(data)})
	if err != nil {
		return nil, err
	}
	for _, d := range doc.Definitions { // as published, one has a field twice
		seen := map[string]bool{}
		d.Fields = slices.DeleteFunc(d.Fields, func(f *ast.FieldDefinition) bool {
			twice := seen[f.Name]
			seen[f.Name] = true
			return twice
		})
	}
	return validator.ValidateSchemaDocument(doc)
})

// serveGraphQL answers a mutation, if it and its variables are as the schema says.
func (s *Server) serveGraphQL(w http.ResponseWriter, r *http.Request) {
	came := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	data, _ := io.ReadAll(r.Body)
	c := &call{Server: s, r: r, header: http.Header{}}
	answer := func(status int, v any) {
		s.log = append(s.log, Request{r.Method, "/graphql", string(data), status, came})
		c.header.Set("X-RateLimit-Resource", "graphql")
		c.write(w, status, v)
	}
	f := s.due("POST /graphql")
	if f != nil && !f.Done {
		if f.Do != nil {
			f.Do()
		}
		if f.Status != 0 {
			f.set(c.header)
			answer(f.Status, message(f.message()))
			return
		}
	}
	s.count()
	if c.user = s.who(r); c.user == nil {
		answer(http.StatusUnauthorized, message("Bad credentials"))
		return
	}
	var request struct {
		Query     string
		Variables map[string]any
	}
	schema, err := loadSchema()
	if err == nil {
		err = json.Unmarshal(data, &request)
	}
	if err != nil {
		s.t.Errorf("GraphQL: %v", err)
		answer(http.StatusBadRequest, message("Problems parsing JSON"))
		return
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema, request.Query, rules.NewDefaultRules())
	if len(errs) > 0 {
		s.t.Errorf("a query is not as GitHub's schema has it: %v", errs)
		answer(http.StatusOK, refusedQuery("PARSE_ERROR", errs.Error()))
		return
	}
	vars, err := validator.VariableValues(schema, doc.Operations[0], request.Variables)
	if err != nil {
		s.t.Errorf("the variables of a query are not as GitHub's schema has them: %v", err)
		answer(http.StatusOK, refusedQuery("VARIABLES", err.Error()))
		return
	}
	field := doc.Operations[0].SelectionSet[0].(*ast.Field)
	input, err := field.Arguments.ForName("input").Value.Value(vars)
	if err != nil {
		s.t.Errorf("GraphQL: %v", err)
	}
	cut := func(done bool) {
		if s.strike(done) {
			s.log = append(s.log, Request{r.Method, "/graphql", string(data), 0, came})
			panic(http.ErrAbortHandler)
		}
	}
	cut(false)
	kind, text := s.mutation(c.user, field.Name, input.(map[string]any))
	cut(true)
	if f != nil && f.Done {
		f.set(c.header)
		answer(f.Status, message(f.message()))
		return
	}
	if kind != "" {
		answer(http.StatusOK, refusedQuery(kind, text))
		return
	}
	answer(http.StatusOK, map[string]any{"data": map[string]any{field.Name: map[string]any{"clientMutationId": nil}}})
}

func refusedQuery(kind, text string) map[string]any {
	return map[string]any{"data": nil, "errors": []any{map[string]any{"type": kind, "message": text}}}
}

// mutation does what a mutation says, or returns why not.
func (s *Server) mutation(u *User, name string, in map[string]any) (kind, text string) {
	switch name {
	case "enablePullRequestAutoMerge":
		for _, r := range s.repos {
			for _, p := range r.pulls {
				if fmt.Sprintf("PR_%d", p.id) != in["pullRequestId"] {
					continue
				}
				if !r.AllowAutoMerge {
					return "UNPROCESSABLE", "Pull request Auto merge is not allowed for this repository"
				}
				p.autoMerge = fmt.Sprint(in["mergeMethod"])
				return "", ""
			}
		}
	case "updateRefs":
		for _, r := range s.repos {
			if fmt.Sprintf("R_%d", r.id) != in["repositoryId"] {
				continue
			}
			if !r.writable(u) {
				return "FORBIDDEN", u.Login + " does not have the correct permissions to execute `UpdateRefs`"
			}
			for _, v := range in["refUpdates"].([]any) {
				up := v.(map[string]any)
				after, before, ref := fmt.Sprint(up["afterOid"]), fmt.Sprint(up["beforeOid"]), fmt.Sprint(up["name"])
				args := []string{"update-ref", ref, after, before}
				if strings.Trim(after, "0") == "" {
					args = []string{"update-ref", "-d", ref, before}
				}
				if _, err := r.Git(args...); err != nil {
					return "UNPROCESSABLE", "Reference cannot be updated"
				}
			}
			s.settle(r)
			return "", ""
		}
	}
	return "NOT_FOUND", "Could not resolve to a node"
}
