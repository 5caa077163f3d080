package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// graphqlError is what GitHub says of a mutation that it did not make.
type graphqlError struct {
	kind    string // as UNPROCESSABLE
	message string
}

func (e *graphqlError) Error() string { return e.message }

// mutate sends a mutation. What it returns is not of interest. go-github has no
// GraphQL, and two mutations need no library.
func (g *GitHub) mutate(ctx context.Context, mutation string, variables map[string]any) error {
	data, err := json.Marshal(map[string]any{"query": mutation, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.o.Where.graphql().String(), bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "unleak")
	resp, err := g.http.Do(req)
	if err != nil {
		return plainError(err)
	}
	defer resp.Body.Close()
	data, err = io.ReadAll(resp.Body) // the transport has bounded it
	if err != nil {
		return err
	}
	var answer struct {
		Message string
		Errors  []struct{ Type, Message string }
	}
	err = json.Unmarshal(data, &answer)
	if resp.StatusCode != http.StatusOK {
		return &statusError{resp.StatusCode, oneLine(answer.Message)}
	}
	if err != nil {
		return fmt.Errorf("the answer of GitHub is no JSON: %w", err)
	}
	if len(answer.Errors) == 0 {
		return nil
	}
	var messages []string
	for _, e := range answer.Errors {
		messages = append(messages, oneLine(e.Message))
	}
	return &graphqlError{answer.Errors[0].Type, strings.Join(messages, "; ")}
}
