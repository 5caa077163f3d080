package vcs

import (
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"

// server is git http-backend behind basic authentication.
type server struct {
	*httptest.Server
	repo     // the bare repository
	mu       sync.Mutex
	requests []string
	sent     int64 // bytes that clients posted
	old      bool  // it speaks the first version of the protocol only
	before   func(w http.ResponseWriter, r *http.Request) bool
}

func newServer(t *testing.T, from repo) *server {
	t.Helper()
	root := t.TempDir()
	s := &server{repo: repo{t, filepath.Join(root, "some", "project.git")}}
	from.git("clone", "-q", "--bare", from.dir, s.repo.dir)
	s.git("config", "http.receivepack", "true")
	next := backend(t, root)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Method+" "+r.URL.String())
		s.sent += r.ContentLength
		s.mu.Unlock()
		if s.before != nil && s.before(w, r) {
			return
		}
		if _, password, given := r.BasicAuth(); !given || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			http.Error(w, "no: "+r.Header.Get("Authorization"), http.StatusUnauthorized)
			return
		}
		if s.old {
			r.Header.Del("Git-Protocol")
		}
		next.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// backend is git http-backend for the repositories in a folder.
func backend(t testing.TB, root string) http.Handler {
	execPath := repo{t, root}.git("--exec-path")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := &cgi.Handler{Path: filepath.Join(execPath, "git-http-backend"), Stderr: io.Discard, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=x",
			"PATH=" + os.Getenv("PATH"), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GIT_PROTOCOL=" + r.Header.Get("Git-Protocol")}}
		h.ServeHTTP(w, r)
	})
}

func (s *server) remote() Remote { return Remote{URL: s.URL + "/some/project.git"} }

func (s *server) take() (requests []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, s.requests = s.requests, nil
	return requests
}

// at says where the remote has a branch.
func (r repo) at(branch string) Hash {
	out, err := r.try("rev-parse", "-q", "--verify", "refs/heads/"+branch)
	if err != nil {
		return ""
	}
	return Hash(strings.TrimSpace(out))
}
