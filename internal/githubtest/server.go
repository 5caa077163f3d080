// Package githubtest is a GitHub for tests, on this machine: the operations that
// unleak uses, with their state in memory, and the repositories behind them as real
// ones, served by git http-backend. Every request that it gets and every answer that
// it gives is checked against GitHub's own published description.
package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a GitHub. Its fields may be set before it is used.
type Server struct {
	URL     string // as http://127.0.0.1:1234; the interface is below /api/v3/
	Host    string // 127.0.0.1:1234
	Now     func() time.Time
	Echo    bool // answers that refuse repeat the credentials, as a broken proxy might
	MaxPage int  // the most of a list that an answer has, if it is less than what was asked for
	UTC     bool // commits made through the interface have their dates in UTC, and so other hashes

	t        testing.TB
	spec     *spec
	dir      string // of the bare repositories
	git      string
	mu       sync.Mutex
	users    map[string]*User // by login
	tokens   map[string]*User
	scopes   map[string][]string // the names of the repositories that a token is for, if it is not for all
	repos    map[string]*Repo    // by owner/name in lower case
	renamed  map[string]*Repo    // by the old name
	apps     []*App
	next     int64 // the next id
	faults   []*Fault
	log      []Request
	left     int // of the rate limit
	killer   *killer
	revokeAt int
	revoke   string
}

// Request is one that the stand-in got.
type Request struct {
	Method, Path string // without /api/v3; git's own as GIT /owner/name.git/git-receive-pack
	Body         string
	Status       int
	Came         time.Time
}

// Write reports whether a request changes something.
func (r Request) Write() bool {
	return r.Method != http.MethodGet && r.Method != "GIT" || strings.HasSuffix(r.Path, "/git-receive-pack")
}

func (r Request) String() string { return fmt.Sprintf("%s %s: %d", r.Method, r.Path, r.Status) }

// Start starts a GitHub without users and repositories, and stops it when the test
// ends. Without the packages of npm the test is skipped; with CI in the environment
// it fails.
func Start(t testing.TB) *Server {
	t.Helper()
	spec, err := loadSpec()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	git, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, spec: spec, dir: t.TempDir(), git: git, Now: time.Now, left: 5000, next: 1000,
		users: map[string]*User{}, tokens: map[string]*User{}, scopes: map[string][]string{}, repos: map[string]*Repo{}, renamed: map[string]*Repo{}}
	server := httptest.NewServer(s)
	s.URL, s.Host = server.URL, strings.TrimPrefix(server.URL, "http://")
	t.Cleanup(server.Close)
	return s
}

// Log returns the requests since the last call of Forget.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.log...)
}

// Forget empties the log.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = nil
}

// Writes returns the requests in the log that change something.
func (s *Server) Writes() []Request {
	var out []Request
	for _, r := range s.Log() {
		if r.Write() {
			out = append(out, r)
		}
	}
	return out
}

func (s *Server) id() int64 { s.next++; return s.next }

// bearer is the token of a request.
func bearer(r *http.Request) string {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token
}

// call is a request to the interface on its way.
type call struct {
	*Server
	r      *http.Request
	op     *operation
	params map[string]string
	body   map[string]any // of a JSON object
	user   *User
	repo   *Repo
	header http.Header // of the answer
	bases  map[string]string
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.EscapedPath(); {
	case strings.HasPrefix(path, "/api/v3/"):
		s.serveREST(w, r, strings.TrimPrefix(path, "/api/v3"))
	case path == "/api/graphql":
		s.serveGraphQL(w, r)
	default:
		s.serveGit(w, r)
	}
}

// serveREST answers one request: its credentials, then faults that are due, then
// its form, then what it asks for, then the form of the answer.
func (s *Server) serveREST(w http.ResponseWriter, r *http.Request, path string) {
	came := time.Now()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Errorf("reading a request: %v", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &call{Server: s, r: r, header: http.Header{}}
	answer := func(status int, known any) {
		s.log = append(s.log, Request{r.Method, path, string(data), status, came})
		c.write(w, status, known)
	}
	for _, repo := range s.renamed { // where a redirect leads
		if path == fmt.Sprintf("/repositories/%d", repo.id) {
			path = "/repos/" + repo.full()
		}
	}
	if c.op, c.params, err = s.spec.find(r.Method, path); err != nil {
		s.t.Errorf("%v", err)
		answer(http.StatusNotFound, message("Not Found"))
		return
	}
	f := s.due(c.op.key())
	if f != nil && !f.Done {
		if f.Do != nil {
			f.Do()
		}
		if f.Cut {
			panic(http.ErrAbortHandler)
		}
		if f.Status != 0 {
			f.set(c.header)
			answer(f.Status, message(f.message()))
			return
		}
	}
	s.count()
	write := r.Method != http.MethodGet
	if write && s.strike(false) {
		s.log = append(s.log, Request{r.Method, path, string(data), 0, came})
		panic(http.ErrAbortHandler)
	}
	if r.Header.Get("User-Agent") == "" {
		answer(http.StatusForbidden, message("Request forbidden by administrative rules. Please make sure your request has a User-Agent header"))
		return
	}
	c.user = s.who(r)
	if c.user == nil && !c.op.forApps() {
		answer(http.StatusUnauthorized, message("Bad credentials"))
		return
	}
	if err := s.spec.checkRequest(r, c.op, c.params, data); err != nil {
		s.t.Errorf("a request is not as GitHub describes it: %s %s %s: %v", r.Method, path, data, err)
		answer(http.StatusUnprocessableEntity, message("Validation Failed"))
		return
	}
	if len(data) > 0 {
		_ = json.Unmarshal(data, &c.body) // a list is no object, and checked above
	}
	if repo := s.renamed[strings.ToLower(c.params["owner"]+"/"+c.params["repo"])]; repo != nil {
		c.header.Set("Location", fmt.Sprintf("%s/api/v3/repositories/%d", s.URL, repo.id))
		moved := message("Moved Permanently")
		moved["url"] = c.header.Get("Location")
		answer(http.StatusMovedPermanently, moved)
		return
	}
	if owner := c.params["owner"]; owner != "" {
		if c.repo = s.repos[strings.ToLower(owner+"/"+c.params["repo"])]; c.repo == nil || c.user != nil && (!c.repo.visible(c.user) || !s.covers(bearer(r), c.repo)) {
			answer(http.StatusNotFound, message("Not Found"))
			return
		}
		s.settle(c.repo)
		if r.Method != http.MethodGet && c.repo.Archived {
			answer(http.StatusForbidden, message("Repository was archived so is read-only."))
			return
		}
	}
	status, known := handlers[c.op.key()](c)
	if c.repo != nil {
		s.settle(c.repo)
	}
	if write && s.strike(true) {
		s.log = append(s.log, Request{r.Method, path, string(data), status, came})
		panic(http.ErrAbortHandler)
	}
	if f != nil && f.Done {
		if f.Do != nil {
			f.Do()
		}
		if f.Cut {
			panic(http.ErrAbortHandler)
		}
		f.set(c.header)
		status, known = f.Status, message(f.message())
	}
	answer(status, known)
}

// write fills an answer up, checks it and sends it.
func (c *call) write(w http.ResponseWriter, status int, known any) {
	var data []byte
	if c.op != nil {
		var err error
		if data, err = c.spec.answer(c.r, c.op, c.params, status, known); err != nil {
			c.t.Errorf("an answer is not as GitHub describes it: %s: %d: %v", c.op.key(), status, err)
		}
	} else {
		data, _ = json.Marshal(known)
	}
	if c.Echo && status >= 400 {
		data = bytes.Replace(data, []byte(`"message":"`), []byte(`"message":"You sent `+jsonText(c.r.Header.Get("Authorization"))+`. `), 1)
	}
	h := w.Header()
	for name, values := range c.header {
		h[name] = values
	}
	if c.left > 0 {
		c.left--
	}
	set := func(name, value string) {
		if _, ok := h[http.CanonicalHeaderKey(name)]; !ok {
			h.Set(name, value)
		}
	}
	if _, bare := h["Bare"]; bare {
		h.Del("Bare")
	} else {
		set("X-RateLimit-Limit", "5000")
		set("X-RateLimit-Remaining", strconv.Itoa(c.left))
		set("X-RateLimit-Reset", strconv.FormatInt(c.Now().Add(time.Hour).Unix(), 10))
		set("X-RateLimit-Resource", "core")
	}
	if status != http.StatusNoContent {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		w.Write(data)
	}
}

func jsonText(s string) string {
	data, _ := json.Marshal(s)
	return string(data[1 : len(data)-1])
}

// message is the body of an answer that refuses.
func message(text string) map[string]any {
	return map[string]any{"message": text, "documentation_url": "https://docs.github.com/rest"}
}

// invalid is the body of an answer that refuses what was asked for.
func invalid(resource, field, code, text string) map[string]any {
	e := map[string]any{"resource": resource, "field": field, "code": code}
	if text != "" {
		e["message"] = text
	}
	m := message("Validation Failed")
	m["errors"] = []any{e}
	return m
}

// text is a string of the request's body, "" if it is not there.
func (c *call) text(key string) string {
	s, _ := c.body[key].(string)
	return s
}

// texts is a list of strings of the request's body.
func (c *call) texts(key string) []string {
	list, _ := c.body[key].([]any)
	var out []string
	for _, v := range list {
		s, _ := v.(string)
		out = append(out, s)
	}
	return out
}

// number is a number out of the path.
func (c *call) number(key string) int {
	n, _ := strconv.Atoi(c.params[key])
	return n
}

// page cuts a list to the page that was asked for, and says where the next one is.
func page[T any](c *call, list []T) []T {
	q := c.r.URL.Query()
	size, _ := strconv.Atoi(q.Get("per_page"))
	n, _ := strconv.Atoi(q.Get("page"))
	if c.MaxPage > 0 {
		size = min(size, c.MaxPage)
	}
	if size == 0 {
		size = 30
	}
	n = max(n, 1)
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		q.Set("page", strconv.Itoa(n+1))
		u := *c.r.URL
		u.Scheme, u.Host, u.RawQuery = "http", c.Host, q.Encode()
		c.header.Set("Link", fmt.Sprintf(`<%s>; rel="next"`, u.String()))
	}
	return list[from:to]
}
