package vcs

import (
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestRemotes(t *testing.T) {
	r := newRepo(t)
	for _, kv := range [][2]string{
		{"remote.origin.url", "https://user:hunter2@example.com/a/b.git"},
		{"remote.ssh.url", "git@example.com:a/b.git"},
		{"remote.sshurl.url", "ssh://git:hunter2@example.com:2222/a/b.git"},
		{"remote.pushed.url", "https://example.com/a/b.git"},
		{"remote.pushed.pushurl", "git@example.com:push/b.git"},
		{"remote.local.url", "../other.git"},
		{"remote.short.url", "gh:a/b"},
		{"remote.long.url", "gh:special/b"},
		{"remote.both.url", "pp:a/b"},
		{"url.https://github.com/.insteadOf", "gh:"},
		{"url.https://special.example.com/.insteadOf", "gh:special/"},
		{"url.https://read.example.com/.insteadOf", "pp:"},
		{"url.git@push.example.com:.pushInsteadOf", "pp:"},
		{"remote.with.dots.url", "https://example.com/dots"},
	} {
		r.git("config", kv[0], kv[1])
	}
	open := r.open()
	for name, want := range map[string]string{
		"origin": "https://example.com/a/b.git", "ssh": "git@example.com:a/b.git", "sshurl": "ssh://git@example.com:2222/a/b.git", "pushed": "git@example.com:push/b.git",
		"local": filepath.Join(filepath.Dir(r.dir), "other.git"), "short": "https://github.com/a/b", "long": "https://special.example.com/b", "both": "git@push.example.com:a/b", "with.dots": "https://example.com/dots",
	} {
		got, err := open.Remote(name)
		if err != nil || got.URL != want || got.Name != name {
			t.Errorf("%s: %+v, %v, want %s", name, got, err, want)
		}
		if name != "origin" && name != "sshurl" && name != "local" {
			if git := r.git("remote", "get-url", "--push", name); git != want {
				t.Errorf("%s: git says %s, we %s", name, git, want)
			}
		}
	}
	if got, err := open.Remote("none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, url := range []string{"ext::sh -c x", "git://example.com/a", "http://example.com/a", "http://127.0.0.1.example.com/a", "ftp://example.com/a", "https:///a", "fd::7", "https://exa mple.com/a", "https://%zz/a"} {
		if e, err := open.endpoint(Remote{URL: url}); err == nil {
			t.Errorf("%s was accepted: %+v", url, e)
		}
	}
	for url, protocol := range map[string]string{"http://127.0.0.1:80/a": "http", "http://[::1]/a": "http", "http://localhost/a": "http", "https://example.com/a": "https", "git@example.com:a": "ssh", "/tmp/a": "file", "./a:b": "file", "file:///tmp/a": "file"} {
		if e, err := open.endpoint(Remote{URL: url}); err != nil && !strings.Contains(err.Error(), "inside") || err == nil && e.Protocol != protocol {
			t.Errorf("%s: %+v, %v", url, e, err)
		}
	}
}

// No request leaves the machine without encryption, wherever a server leads.
func TestCareful(t *testing.T) {
	for url, allowed := range map[string]bool{"http://192.0.2.1/x": false, "http://example.com/x": false, "https://example.com/x": true, "http://127.0.0.1/x": true} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		asked := false
		res, err := careful{roundTrip(func(*http.Request) (*http.Response, error) {
			asked = true
			return &http.Response{StatusCode: 500, Body: io.NopCloser(neverEnding{})}, nil
		})}.RoundTrip(req)
		if asked != allowed || (err == nil) != allowed {
			t.Errorf("%s: asked %v, %v", url, asked, err)
			continue
		}
		if err == nil {
			if n, err := io.Copy(io.Discard, res.Body); n > 1<<20 || err != nil {
				t.Errorf("%d bytes were read, %v", n, err)
			}
			_ = res.Body.Close()
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type neverEnding struct{}

func (neverEnding) Read(p []byte) (int, error) { return len(p), nil }
