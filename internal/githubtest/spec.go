package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// spec is GitHub's description of the operations in use.
type spec struct {
	doc *openapi3.T
	ops []*operation
}

// operation is one of them.
type operation struct {
	method, path string
	item         *openapi3.PathItem
	described    *openapi3.Operation
}

func (o *operation) key() string { return o.method + " " + o.path }

// forApps reports whether an operation is for an App itself, which signs requests
// instead of having a token.
func (o *operation) forApps() bool {
	return o.path == "/app" || strings.HasPrefix(o.path, "/app/") || strings.HasSuffix(o.path, "/installation")
}

// loadSpec reads the description once: it does not change while tests run.
var loadSpec = sync.OnceValues(func() (*spec, error) {
	data, err := Description()
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description cannot be read: %w", err)
	}
	s := &spec{doc: doc}
	for _, op := range operations {
		method, path, _ := strings.Cut(op, " ")
		item := doc.Paths.Value(path)
		s.ops = append(s.ops, &operation{method, path, item, item.GetOperation(method)})
	}
	return s, nil
})

// find finds the operation of a request. The last parameter of a path may be a
// reference, whose slashes are part of it.
func (s *spec) find(method, path string) (*operation, map[string]string, error) {
	have := strings.Split(strings.TrimPrefix(path, "/"), "/")
	var best *operation
	var params map[string]string
	for _, op := range s.ops {
		if op.method != method {
			continue
		}
		want := strings.Split(strings.TrimPrefix(op.path, "/"), "/")
		last := want[len(want)-1]
		parts := have
		if (last == "{ref}" || last == "{basehead}") && len(have) > len(want) {
			parts = append(slices.Clone(have[:len(want)-1]), strings.Join(have[len(want)-1:], "/"))
		}
		if len(parts) != len(want) {
			continue
		}
		found := map[string]string{}
		ok := true
		for i, w := range want {
			if strings.HasPrefix(w, "{") {
				v, err := url.PathUnescape(parts[i])
				ok = ok && err == nil && v != ""
				found[strings.Trim(w, "{}")] = v
			} else {
				ok = ok && w == parts[i]
			}
		}
		if ok && (best == nil || len(found) < len(params)) {
			best, params = op, found
		}
	}
	if best == nil {
		return nil, nil, fmt.Errorf("%s %s is no operation that the stand-in has", method, path)
	}
	return best, params, nil
}

// checkRequest checks a request against the description, and that its body has no
// more than what is described, which GitHub would pass over in silence.
func (s *spec) checkRequest(r *http.Request, op *operation, params map[string]string, body []byte) error {
	again := r.Clone(context.Background())
	again.Body = io.NopCloser(bytes.NewReader(body))
	if err := openapi3filter.ValidateRequest(context.Background(), s.input(again, op, params)); err != nil {
		return err
	}
	var sent map[string]any
	if op.described.RequestBody == nil || json.Unmarshal(body, &sent) != nil {
		return nil
	}
	schema := op.described.RequestBody.Value.Content["application/json"].Schema.Value
	for name := range sent {
		if !describes(schema, name) {
			return fmt.Errorf("%q is not described", name)
		}
	}
	return nil
}

// describes reports whether a schema has a property.
func describes(schema *openapi3.Schema, name string) bool {
	if schema.Properties[name] != nil {
		return true
	}
	for _, list := range []openapi3.SchemaRefs{schema.OneOf, schema.AnyOf, schema.AllOf} {
		for _, ref := range list {
			if describes(ref.Value, name) {
				return true
			}
		}
	}
	return false
}

func (s *spec) input(r *http.Request, op *operation, params map[string]string) *openapi3filter.RequestValidationInput {
	return &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, QueryParams: r.URL.Query(),
		Route:   &routers.Route{Spec: s.doc, Path: op.path, PathItem: op.item, Method: op.method, Operation: op.described},
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
}

// answer makes the body of an answer out of what is known of it: what else its
// schema demands is filled in. The result is checked as it is sent. Refusals that
// the description does not list for an operation (every one can answer 401) have to
// be as GitHub's basic error is.
func (s *spec) answer(r *http.Request, op *operation, params map[string]string, status int, known any) ([]byte, error) {
	response := op.described.Responses.Status(status)
	if response == nil {
		basic := s.doc.Components.Schemas["basic-error"].Value
		if status < 400 || status == http.StatusUnprocessableEntity {
			return nil, fmt.Errorf("the status is not described")
		}
		data, err := json.Marshal(known)
		if err != nil {
			return nil, err
		}
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return nil, err
		}
		return data, basic.VisitJSON(v)
	}
	var data []byte
	header := http.Header{}
	if media := response.Value.Content["application/json"]; media != nil {
		filled := fill(media.Schema.Value, known)
		var err error
		if data, err = json.Marshal(filled); err != nil {
			return nil, err
		}
		header.Set("Content-Type", "application/json; charset=utf-8")
	}
	return data, openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: s.input(r.Clone(context.Background()), op, params), Status: status, Header: header,
		Body: io.NopCloser(bytes.NewReader(data)), Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
}
