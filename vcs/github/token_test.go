package github

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

func TestFindToken(t *testing.T) {
	const hosts = `
github.com:
    user: ann
    oauth_token: gho_stored
    git_protocol: https
git.corp.example:
    user: ann
    users:
        ann: {oauth_token: stored-for-corp}
keyring.example:
    user: ann
    users:
        ann:
`
	for _, row := range []struct {
		name, host string
		env        map[string]string
		hosts      string
		token      string // "" is an error
		from       string // or a part of the error
	}{
		{"GH_TOKEN", "github.com", map[string]string{"GH_TOKEN": "one", "GITHUB_TOKEN": "two"}, hosts, "one", "GH_TOKEN"},
		{"GITHUB_TOKEN", "github.com", map[string]string{"GITHUB_TOKEN": " two\n"}, hosts, "two", "GITHUB_TOKEN"},
		{"capitals", "GitHub.com", map[string]string{"GITHUB_TOKEN": "two"}, hosts, "two", "GITHUB_TOKEN"},
		{"stored", "github.com", nil, hosts, "gho_stored", "gh"},
		{"a company's", "acme.ghe.com", map[string]string{"GH_TOKEN": "one"}, "", "one", "GH_TOKEN"},
		{"Enterprise by GH_HOST", "ghe.example", map[string]string{"GH_HOST": "ghe.example", "GH_ENTERPRISE_TOKEN": "three", "GH_TOKEN": "one"}, "", "three", "GH_ENTERPRISE_TOKEN"},
		{"Enterprise, the other name", "ghe.example", map[string]string{"GH_HOST": "GHE.example", "GITHUB_ENTERPRISE_TOKEN": "four"}, "", "four", "GITHUB_ENTERPRISE_TOKEN"},
		{"Enterprise that gh knows", "git.corp.example", map[string]string{"GH_ENTERPRISE_TOKEN": "three"}, hosts, "three", "GH_ENTERPRISE_TOKEN"},
		{"Enterprise, stored", "git.corp.example", map[string]string{"GH_TOKEN": "one"}, hosts, "stored-for-corp", "gh"},
		{"a host that nobody named", "evil.example", map[string]string{"GH_TOKEN": "one", "GH_ENTERPRISE_TOKEN": "three", "GH_HOST": "ghe.example"}, hosts, "", "GH_HOST=evil.example"},
		{"a host that looks like GitHub", "github.com.evil.example", map[string]string{"GH_TOKEN": "one"}, hosts, "", "no token"},
		{"in the keyring", "keyring.example", nil, hosts, "", "gh auth token"},
		{"nothing", "github.com", nil, "", "", "GH_TOKEN"},
		{"a damaged file", "github.com", nil, "github.com: [gho_secret", "", "cannot be read"},
	} {
		t.Run(row.name, func(t *testing.T) {
			home := t.TempDir()
			dir := filepath.Join(home, ".config", "gh")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if row.hosts != "" {
				if err := os.WriteFile(filepath.Join(dir, "hosts.yml"), []byte(row.hosts), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			token, from, err := FindToken(row.host, Environment{Getenv: func(k string) string { return row.env[k] }, Home: home})
			if row.token == "" {
				if err == nil || !strings.Contains(err.Error(), row.from) || strings.Contains(err.Error(), "secret") {
					t.Errorf("token %q, error %v", string(token), err)
				}
				return
			}
			if err != nil || string(token) != row.token || from != row.from {
				t.Errorf("token %q from %s, %v; want %q from %s", string(token), from, err, row.token, row.from)
			}
			if s := fmt.Sprintf("%v %+v %#v %s %q", token, token, token, token, token); strings.Contains(s, row.token) {
				t.Errorf("the token prints: %s", s)
			}
		})
	}
	for name, env := range map[string]map[string]string{"GH_CONFIG_DIR": {}, "XDG_CONFIG_HOME": {}} {
		dir := t.TempDir()
		env[name] = dir
		if name == "XDG_CONFIG_HOME" {
			dir = filepath.Join(dir, "gh")
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "hosts.yml"), []byte(hosts), 0o600); err != nil {
			t.Fatal(err)
		}
		if token, _, err := FindToken("github.com", Environment{Getenv: func(k string) string { return env[k] }}); token != "gho_stored" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocate(t *testing.T) {
	for remote, want := range map[string]string{
		"https://github.com/acme/demo.git":                 "https github.com acme/demo api=https://api.github.com/ graphql=https://api.github.com/graphql",
		"https://GitHub.com/acme/demo/":                    "https github.com acme/demo api=https://api.github.com/ graphql=https://api.github.com/graphql",
		"https://ann:secret@github.com/acme/demo":          "https github.com acme/demo api=https://api.github.com/ graphql=https://api.github.com/graphql",
		"git@github.com:acme/demo.git":                     "https github.com acme/demo api=https://api.github.com/ graphql=https://api.github.com/graphql",
		"ssh://git@ssh.github.com:443/acme/demo.git":       "https github.com acme/demo api=https://api.github.com/ graphql=https://api.github.com/graphql",
		"ssh://git@ghe.example:2222/acme/demo.git":         "https ghe.example acme/demo api=https://ghe.example/api/v3/ graphql=https://ghe.example/api/graphql",
		"https://ghe.example:8443/acme/demo.git":           "https ghe.example:8443 acme/demo api=https://ghe.example:8443/api/v3/ graphql=https://ghe.example:8443/api/graphql",
		"https://acme.ghe.com/acme/demo.git":               "https acme.ghe.com acme/demo api=https://api.acme.ghe.com/ graphql=https://api.acme.ghe.com/graphql",
		"http://127.0.0.1:8080/acme/demo.git":              "http 127.0.0.1:8080 acme/demo api=http://127.0.0.1:8080/api/v3/ graphql=http://127.0.0.1:8080/api/graphql",
		"http://[::1]:8080/acme/demo":                      "http [::1]:8080 acme/demo api=http://[::1]:8080/api/v3/ graphql=http://[::1]:8080/api/graphql",
		"http://github.com/acme/demo.git":                  "error: over http",
		"http://127.0.0.1.evil.example/acme/demo":          "error: over http",
		"git://github.com/acme/demo.git":                   "error: https or ssh",
		"file:///srv/demo.git":                             "error: https or ssh",
		"/srv/demo.git":                                    "error: a folder",
		`C:\demo`:                                          "error: a folder",
		"https://github.com/acme":                          "error: an owner",
		"https://github.com/acme/demo/more":                "error: an owner",
		"https://github.com/../demo":                       "error: an owner",
		"https://github.com/acme/..":                       "error: an owner",
		"https://ann:secret@github.com/a%2Fb/demo?x#y":     "error: an owner",
		"https://ann:secret@github.com:bad port/acme/demo": "error: cannot be read",
	} {
		got := ""
		l, err := Locate(remote)
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got = fmt.Sprintf("%s %s %s api=%s graphql=%s", l.Scheme, l.Host, l, l.api(), l.graphql())
			if err := l.check(); err != nil {
				t.Errorf("%s is located and then refused: %v", remote, err)
			}
		}
		want, isError := strings.CutPrefix(want, "error: ")
		if isError != (err != nil) || !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
		if strings.Contains(got, "secret") {
			t.Errorf("a password is shown: %s", got)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	good := func() Options {
		return Options{Where: Location{"https", "github.com", "acme", "demo"}, Tokens: Token("t"), Repository: &vcs.Repository{}}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"http":             func(o *Options) { o.Where.Scheme = "http" },
		"http by its name": func(o *Options) { o.Where.Scheme, o.Where.Host = "http", "localhost.evil.example" },
		"no host":          func(o *Options) { o.Where.Host = "" },
		"an odd name":      func(o *Options) { o.Where.Name = "../other" },
		"no token":         func(o *Options) { o.Tokens = nil },
		"no repository":    func(o *Options) { o.Repository = nil },
		"an odd way":       func(o *Options) { o.Via = "mail" },
		"an odd fork":      func(o *Options) { o.Fork = "perhaps" },
		"an odd method":    func(o *Options) { o.MergeMethod = "octopus" },
		"no key":           func(o *Options) { o.App = &App{ID: 1, KeyFile: "/does/not/exist"} },
		"no certificates": func(o *Options) {
			o.Transport = http.DefaultTransport.(*http.Transport).Clone()
			o.Transport.TLSClientConfig.InsecureSkipVerify = true
		},
	} {
		o := good()
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestRedact(t *testing.T) {
	var r redactor
	const secret = "s3cr3t/with+signs=="
	r.add(secret)
	r.add("abc") // too short to be one
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + secret))
	for _, s := range []string{secret, "Bearer " + secret, "https://x-access-token:s3cr3t%2Fwith+signs==@github.com", "s3cr3t%2Fwith%2Bsigns%3D%3D", "Basic " + basic,
		"ghp_0123456789abcdefghijABCDEFGHIJ012345", "x github_pat_11AAAAAAA_bbbbbbbbbbbb y", "twice ghs_aaaaaaaaaaaa.bbbb-cc ghs_dddddddddddd", "-----BEGIN RSA PRIVATE KEY-----\nMIIE"} {
		got := r.text("before " + s + " after")
		if !strings.Contains(got, redacted) || strings.Contains(got, "s3cr3t") || strings.Contains(got, basic) || strings.Contains(got, "0123456789") ||
			strings.Contains(got, "bbbb") || strings.Contains(got, "dddd") || strings.Contains(got, "MIIE") || !strings.HasPrefix(got, "before ") {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	for _, s := range []string{"", "abc", "the prefix ghp_ of a token", "gho_, ghs_"} {
		if got := r.text(s); got != s {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	err := r.err(fmt.Errorf("push with %s: %w", secret, vcs.ErrAuth))
	if !errors.Is(err, vcs.ErrAuth) || strings.Contains(fmt.Sprintf("%v %+v %#v %q", err, err, err, err), secret) {
		t.Errorf("error: %v", err)
	}
	if strings.Contains(err.Error(), secret) || errors.Unwrap(err) != nil {
		t.Errorf("the secret can be reached: %v", err)
	}
	if r.err(nil) != nil {
		t.Error("no error becomes one")
	}
}

// TestTokenGoesToOneHost: whatever an answer leads to, the token stays.
func TestTokenGoesToOneHost(t *testing.T) {
	var got []string
	thief := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	honest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, thief.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer honest.Close()
	g, err := New(Options{Where: Location{"http", strings.TrimPrefix(honest.URL, "http://"), "acme", "demo"}, Tokens: Token("token-of-somebody"), DryRun: true, Clock: &fakeClock{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Propose(context.Background(), forge.Proposal{Branch: "unleak/x", Base: "main"})
	if err == nil || !strings.Contains(err.Error(), "where the token is not sent") || len(got) > 0 {
		t.Errorf("error %v, the thief got %q", err, got)
	}
}

// TestCertificatesAreChecked: a server whose certificate nobody vouches for gets no
// request.
func TestCertificatesAreChecked(t *testing.T) {
	asked := false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true }))
	server.Config.ErrorLog = quiet()
	server.StartTLS()
	defer server.Close()
	g, err := New(Options{Where: Location{"https", strings.TrimPrefix(server.URL, "https://"), "acme", "demo"}, Tokens: Token("token-of-somebody"), DryRun: true, Clock: &fakeClock{}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = g.Propose(context.Background(), forge.Proposal{Branch: "unleak/x", Base: "main"})
	if err == nil || !strings.Contains(err.Error(), "certificate") || asked {
		t.Errorf("error %v, asked %v", err, asked)
	}
}

// TestSecretsAreNotShown: a server that repeats the credentials, on every way that
// can fail, with a token that looks like nothing special.
func TestSecretsAreNotShown(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.server.Echo = true
		w.token = "like-nothing.special/42"
		w.server.Token("bot", w.token)
		check := func(what string, out forge.Outcome, err error) {
			t.Helper()
			text := fmt.Sprintf("%+v %#v %v %+v", out, out, err, err)
			basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + w.token))
			if strings.Contains(text, w.token) || strings.Contains(text, basic) {
				t.Errorf("%s: the token is shown: %s", what, text)
			}
			if err == nil && out.Action != forge.Refuse {
				t.Errorf("%s: nothing went wrong: %+v", what, out)
			}
		}
		p := w.proposal("critical", map[string]string{"a.js": "a2\n"})
		try := func(what string) {
			t.Helper()
			out, err := w.run().Propose(context.Background(), p)
			check(what, out, err)
		}
		for _, op := range []string{"GET /repos/{owner}/{repo}", "GET /repos/{owner}/{repo}/pulls", "POST /repos/{owner}/{repo}/pulls"} {
			for _, status := range []int{401, 403, 422, 500} {
				if op == "GET /repos/{owner}/{repo}" && status == 422 {
					continue
				}
				f := fault(op, status, 10)
				f.Message = "No."
				w.server.Fail(f)
				try(fmt.Sprint(op, status))
				w.server.Recover()
			}
		}
		if w.via == ViaPush {
			for _, service := range []string{"GIT /info/refs", "GIT /git-receive-pack"} {
				for _, status := range []int{401, 403, 500} {
					w.server.Fail(fault(service, status, 10))
					w.ok("", dropBranch(w, "unleak/critical"))
					try(fmt.Sprint(service, status))
					w.server.Recover()
				}
			}
		}
		w.server.Revoke(w.token)
		try("revoked")
	})
}
