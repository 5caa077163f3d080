package githubtest

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"strings"
	"time"
)

// serveGit serves a repository by git's own program. Tokens are passwords; who the
// user says to be does not matter, as with GitHub. Reading a public repository
// needs none.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	parts := strings.SplitN(strings.TrimPrefix(r.URL.Path, "/"), "/", 3)
	if len(parts) < 3 {
		http.NotFound(w, r)
		return
	}
	service := "/" + parts[2]
	writes := strings.HasSuffix(service, "git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
	came := time.Now()
	log := func(status int) {
		s.log = append(s.log, Request{"GIT", r.URL.Path, "", status, came})
	}
	refuse := func(status int, text string) {
		log(status)
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		}
		if s.Echo {
			_, password, _ := r.BasicAuth()
			text += " You sent " + r.Header.Get("Authorization") + " " + password
		}
		http.Error(w, text, status)
	}
	s.mu.Lock()
	f := s.due("GIT " + service)
	if f != nil && !f.Done && f.Do != nil {
		f.Do()
	}
	if f != nil && !f.Done && (f.Status != 0 || f.Cut) {
		defer s.mu.Unlock()
		if f.Cut {
			log(0)
			panic(http.ErrAbortHandler)
		}
		refuse(f.Status, f.message())
		return
	}
	s.count()
	_, password, _ := r.BasicAuth()
	user := s.tokens[password]
	pushes := strings.HasSuffix(service, "git-receive-pack")
	if pushes && s.strike(false) {
		log(0)
		s.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	repo := s.repos[strings.ToLower(parts[0]+"/"+strings.TrimSuffix(parts[1], ".git"))]
	switch {
	case password != "" && user == nil, user == nil && writes:
		refuse(http.StatusUnauthorized, "remote: Invalid username or password.")
	case repo == nil || user == nil && repo.Private || user != nil && (!repo.visible(user) || !s.covers(password, repo)):
		refuse(http.StatusNotFound, "remote: Repository not found.")
	case writes && !repo.writable(user):
		refuse(http.StatusForbidden, "remote: Permission to "+repo.full()+".git denied to "+user.Login+".")
	default:
		log(http.StatusOK)
		if pushes {
			recorder := httptest.NewRecorder()
			// All at once: who lists references while git moves one may miss it, and
			// a pull request without its branch is closed.
			s.backend(recorder, r, user)
			cut := s.strike(true)
			s.mu.Unlock()
			if cut {
				panic(http.ErrAbortHandler)
			}
			maps.Copy(w.Header(), recorder.Header())
			w.WriteHeader(recorder.Code)
			w.Write(recorder.Body.Bytes())
		} else {
			s.mu.Unlock()
			s.backend(w, r, user)
		}
		if f != nil && f.Done && f.Do != nil {
			s.mu.Lock()
			f.Do()
			s.mu.Unlock()
		}
		return
	}
	s.mu.Unlock()
}

func (s *Server) backend(w http.ResponseWriter, r *http.Request, user *User) {
	data, err := io.ReadAll(r.Body) // a CGI needs to know how long it is
	if err != nil {
		s.t.Errorf("reading a push: %v", err)
		return
	}
	again := r.Clone(r.Context())
	again.Body, again.ContentLength, again.TransferEncoding = io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	login := ""
	if user != nil {
		login = user.Login
	}
	h := cgi.Handler{Path: s.git, Args: []string{"http-backend"}, Dir: s.dir, InheritEnv: []string{"PATH"},
		Env: []string{"GIT_PROJECT_ROOT=" + s.dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=" + login, "GIT_PROTOCOL=" + r.Header.Get("Git-Protocol"),
			"GIT_CONFIG_NOSYSTEM=1", "HOME=" + s.dir}}
	h.ServeHTTP(w, again)
}
