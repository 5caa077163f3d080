package vcs

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPushAuth(t *testing.T) {
	r, open, _, one, _ := pushable(t)
	s := newServer(t, r)
	named := base64.StdEncoding.EncodeToString([]byte("joe:" + token))
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	hidden := func(what string, err error) {
		t.Helper()
		if err == nil {
			t.Errorf("%s: no error", what)
			return
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			for _, secret := range []string{token, basic, basic[:len(basic)-2], named, named[4 : len(named)-4], "hunter2"} {
				if strings.Contains(e.Error(), secret) || strings.Contains(fmt.Sprintf("%+v %#v", e, e), secret) {
					t.Errorf("%s: the error tells %s: %#v", what, secret, e)
				}
			}
		}
	}
	update := []Update{{Branch: "x", New: one}}
	for name, cred := range map[string]Credentials{"none": {}, "wrong": {Token: "hunter2"}, "wrong, with a user": {User: "me", Token: "hunter2"}} {
		err := open.Push(t.Context(), s.remote(), cred, update)
		if !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v, want ErrAuth", name, err)
		}
		hidden(name, err)
		_, err = open.RemoteBranches(t.Context(), s.remote(), cred, "")
		if !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v, want ErrAuth", name, err)
		}
		hidden(name, err)
	}
	if err := open.Push(t.Context(), s.remote(), Credentials{User: "me", Token: token}, update); err != nil {
		t.Errorf("with a user: %v", err)
	}
	with := Remote{URL: strings.Replace(s.remote().URL, "http://", "http://me:hunter2@", 1)}
	err := open.Push(t.Context(), with, Credentials{Token: "hunter2"}, update)
	hidden("credentials in the URL", err)
	// A server that says back what it was sent, in every way and place.
	for status, want := range map[int]error{401: ErrAuth, 403: ErrAuth, 404: ErrNotFound, 500: nil, 200: nil} {
		s.before = func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("X-Echo", r.Header.Get("Authorization"))
			w.WriteHeader(status)
			fmt.Fprintf(w, "denied\x1b[31m\nfor %s %s %v\n", r.Header.Get("Authorization"), token, r.Header)
			return true
		}
		err := open.Push(t.Context(), s.remote(), Credentials{Token: token}, update)
		hidden(fmt.Sprint("push ", status), err)
		if want != nil && !errors.Is(err, want) {
			t.Errorf("%d: %v, want %v", status, err, want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%d: %q", status, err)
		}
		_, err = open.RemoteBranches(t.Context(), s.remote(), Credentials{Token: token}, "")
		hidden(fmt.Sprint("list ", status), err)
		hidden(fmt.Sprint("push by name ", status), open.Push(t.Context(), s.remote(), Credentials{User: "joe", Token: token}, update))
	}
	// A token that expires between the two requests of a push.
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			http.Error(w, "expired "+token, http.StatusUnauthorized)
		}
		return r.Method == http.MethodPost
	}
	err = open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "y", New: one}})
	if !errors.Is(err, ErrAuth) {
		t.Errorf("expired: %v, want ErrAuth", err)
	}
	hidden("expired", err)
	s.before = nil
	// A hook that says it back.
	hook(t, s.repo, "pre-receive", "echo 'refusing to allow a GitHub App to create or update workflow without `workflows` permission for "+token+"'; exit 1")
	err = open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "y", New: one}})
	hidden("hook", err)
	if err == nil || !strings.Contains(err.Error(), "without `workflows` permission for ***") {
		t.Errorf("hook: %v", err)
	}
}

// Certificates are checked, whatever the repository's configuration says.
func TestPushTLS(t *testing.T) {
	if url := os.Getenv("VCS_TEST_TLS"); url != "" { // the process that trusts the server
		open, err := Open(os.Getenv("VCS_TEST_REPOSITORY"))
		if err != nil {
			t.Fatal(err)
		}
		h, err := open.Resolve("HEAD")
		if err != nil {
			t.Fatal(err)
		}
		if err := open.Push(t.Context(), Remote{URL: url}, Credentials{Token: token}, []Update{{Branch: "tls", New: h}}); err != nil {
			t.Fatal(err)
		}
		return
	}
	r, open, base, one, _ := pushable(t)
	s := newServer(t, r)
	secure := httptest.NewTLSServer(s.Config.Handler)
	defer secure.Close()
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.git("config", "http.sslVerify", "false")
	t.Setenv("GIT_SSL_NO_VERIFY", "true")
	to := Remote{URL: secure.URL + "/some/project.git"}
	if err := open.Push(t.Context(), to, Credentials{Token: token}, []Update{{Branch: "tls", New: one}}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("pushed to who knows whom: %v", err)
	}
	if _, err := open.RemoteBranches(t.Context(), to, Credentials{Token: token}, ""); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("asked who knows whom: %v", err)
	}
	if got := s.take(); len(got) > 0 {
		t.Errorf("%q was asked for", got)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))
	cmd := exec.Command(os.Args[0], "-test.run=^TestPushTLS$")
	cmd.Env = append(os.Environ(), "VCS_TEST_TLS="+to.URL, "VCS_TEST_REPOSITORY="+r.dir, "SSL_CERT_FILE="+file)
	if out, err := cmd.CombinedOutput(); err != nil || s.at("tls") != base {
		t.Errorf("with the authority: %v: %s", err, out)
	}
}

// The token goes to the server that it is for, and to no other.
func TestPushRedirect(t *testing.T) {
	r, open, _, one, two := pushable(t)
	s := newServer(t, r)
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.Header.Get("Authorization"))
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	defer thief.Close()
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, thief.URL+r.URL.String(), http.StatusFound)
		return true
	}
	if err := open.Push(t.Context(), s.remote(), Credentials{Token: token}, []Update{{Branch: "x", New: one}}); err == nil {
		t.Error("pushed")
	}
	if _, err := open.RemoteBranches(t.Context(), s.remote(), Credentials{Token: token}, ""); err == nil {
		t.Error("listed")
	}
	for _, auth := range stolen {
		if auth != "" {
			t.Errorf("the token went elsewhere: %s", auth)
		}
	}
	// A repository that was renamed leads to its new name on the same server.
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if to, found := strings.CutPrefix(r.URL.Path, "/old/name.git"); found {
			http.Redirect(w, r, "/some/project.git"+to+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return true
		}
		return false
	}
	old := Remote{URL: s.URL + "/old/name.git"}
	if err := open.Push(t.Context(), old, Credentials{Token: token}, []Update{{Branch: "x", New: two}}); err != nil || s.at("x") != two {
		t.Errorf("renamed: %v", err)
	}
	if all, err := open.RemoteBranches(t.Context(), old, Credentials{Token: token}, "x"); err != nil || all["x"] != two {
		t.Errorf("renamed: %v, %v", all, err)
	}
}
