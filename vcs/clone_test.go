package vcs

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestClone takes the newest commit and no more, executes nothing, and leaves the
// token nowhere.
func TestClone(t *testing.T) {
	r := newRepo(t)
	r.write("a.js", "1\n")
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "One")
	r.write("a.js", "2\n")
	r.write("large.bin", strings.Repeat("x", 1<<16))
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "Two")
	r.git("branch", "other")
	s := newServer(t, r)
	s.git("config", "uploadpack.allowFilter", "true")
	// Hooks of the machine's template, and what its configuration names.
	marker, template := filepath.Join(t.TempDir(), "executed"), t.TempDir()
	for _, hook := range []string{"post-checkout", "reference-transaction"} {
		writeFile(t, filepath.Join(template, "hooks", hook), "#!/bin/sh\ntouch "+marker+"\n")
		if err := os.Chmod(filepath.Join(template, "hooks", hook), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GIT_TEMPLATE_DIR", template)
	config := filepath.Join(t.TempDir(), "config")
	writeFile(t, config, "[core]\n\thooksPath = "+filepath.Join(template, "hooks")+"\n[credential]\n\thelper = \"!touch "+marker+"; echo\"\n")
	t.Setenv("GIT_CONFIG_GLOBAL", config)

	dir := filepath.Join(t.TempDir(), "clone.git")
	cred := Credentials{Token: token}
	c, err := Clone(context.Background(), dir, s.remote(), cred, Cloning{Blob: 1 << 10})
	if err != nil {
		t.Fatal(err)
	}
	branch, commit, err := c.Base("origin", "")
	if err != nil || branch != "main" || commit != r.at("main") || c.Top() != "" {
		t.Errorf("%s %s %q %v", branch, commit, c.Top(), err)
	}
	if info, err := c.Info(commit); err != nil || len(info.Parents) != 1 {
		t.Errorf("%+v %v", info, err)
	} else if _, err := c.Info(info.Parents[0]); err == nil {
		t.Error("the history was taken, too")
	}
	sizes := map[string]int64{}
	if err := c.Files(commit, func(e Entry) error { sizes[e.Path] = e.Size; return nil }); err != nil || sizes["a.js"] != 2 || sizes["large.bin"] != -1 {
		t.Errorf("%v %v", sizes, err)
	}
	other, err := Clone(context.Background(), filepath.Join(t.TempDir(), "x"), s.remote(), cred, Cloning{Branch: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if branch, at, err := other.Base("origin", ""); err != nil || branch != "other" || at != commit {
		t.Errorf("other: %s %s %v", branch, at, err)
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("something was executed")
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(token)) || bytes.Contains(data, []byte("extraHeader")) || bytes.Contains(data, []byte(s.URL)) {
			t.Errorf("%s knows the remote, or the token", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCloneFails: what goes wrong can be told apart, and no error has the token.
func TestCloneFails(t *testing.T) {
	r := newRepo(t)
	r.write("a.js", "1\n")
	r.write("large.bin", random(1<<20))
	r.git("add", "-A")
	r.git("commit", "-q", "-m", "One")
	s := newServer(t, r)
	n := 0
	try := func(from Remote, cred Credentials, c Cloning) error {
		n++
		_, err := Clone(context.Background(), filepath.Join(t.TempDir(), "x"), from, cred, c)
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("the token is shown: %v", err)
		}
		return err
	}
	good := Credentials{Token: token}
	if err := try(s.remote(), good, Cloning{Bytes: 1 << 19}); !errors.As(err, new(*TooLargeError)) {
		t.Errorf("too large: %v", err)
	}
	if err := try(s.remote(), good, Cloning{Bytes: 1 << 21}); err != nil {
		t.Errorf("not too large: %v", err)
	}
	if err := try(s.remote(), Credentials{Token: "wrong"}, Cloning{}); !errors.Is(err, ErrAuth) {
		t.Errorf("a wrong token: %v", err)
	}
	if err := try(Remote{URL: s.URL + "/some/where.git"}, good, Cloning{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing there: %v", err)
	}
	if err := try(Remote{URL: "http://example.com/a.git"}, good, Cloning{}); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("http: %v", err)
	}
	if err := try(Remote{URL: "ext::touch x"}, good, Cloning{}); err == nil || !strings.Contains(err.Error(), "remote helper") {
		t.Errorf("ext: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Clone(ctx, filepath.Join(t.TempDir(), "x"), s.remote(), good, Cloning{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// random does not compress.
func random(n int) string {
	x, b := uint32(1), make([]byte, n)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}
