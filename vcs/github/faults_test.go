package github

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

func fault(operation string, status, times int) githubtest.Fault {
	return githubtest.Fault{Operation: operation, Status: status, Times: times}
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// dropBranch deletes a branch of the remote, if it is there.
func dropBranch(w *world, name string) error {
	if w.head(name) == "" {
		return nil
	}
	_, err := w.remote.Git("update-ref", "-d", "refs/heads/"+name)
	return err
}

// recordingTB keeps errors instead of failing.
type recordingTB struct {
	*testing.T
	errors []string
}

func (r *recordingTB) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// send sends one request by hand.
func send(s *githubtest.Server, token, method, path, body string) error {
	base := s.URL + "/api/v3"
	if path == "/graphql" {
		base = s.URL + "/api"
	}
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}
