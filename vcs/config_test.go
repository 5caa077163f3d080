package vcs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestIdentity(t *testing.T) {
	r := newRepo(t)
	for _, name := range []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE", "EMAIL"} {
		t.Setenv(name, "") // so that it is set again afterwards
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	if who, err := r.open().Identity(); err == nil || !strings.Contains(err.Error(), "user.name") {
		t.Errorf("nobody is %+v, %v", who, err)
	}
	home := t.TempDir()
	global := filepath.Join(home, "gitconfig")
	t.Setenv("GIT_CONFIG_GLOBAL", global)
	writeFile(t, filepath.Join(home, "work"), "[user]\n\temail = work@example.com\n")
	writeFile(t, global, "[user]\n\tname = Glo \\\"Q\\\" Bal ; a comment\n\temail = global@example.com\n[includeIf \"gitdir:"+r.dir+"/\"]\n\tpath = "+filepath.Join(home, "work")+"\n")
	who, err := r.open().Identity()
	if err != nil || who.Name != `Glo "Q" Bal` || who.Email != "work@example.com" || time.Since(who.When) > time.Minute {
		t.Errorf("the configuration gives %+v, %v", who, err)
	}
	r.git("config", "user.name", "Local")
	r.git("config", "committer.name", "Commits")
	both := func(author, committer string) {
		t.Helper()
		open := r.open()
		a, err := open.Author()
		if err != nil {
			t.Error(err)
		}
		c, err := open.Identity()
		if err != nil {
			t.Error(err)
		}
		if a.Name != author || c.Name != committer {
			t.Errorf("%q writes and %q commits, want %q and %q", a.Name, c.Name, author, committer)
		}
		// git var is git's own answer.
		if got := r.git("var", "GIT_COMMITTER_IDENT"); !strings.HasPrefix(got, c.Name+" <"+c.Email+"> ") {
			t.Errorf("git says %s, we say %+v", got, c)
		}
		if got := r.git("var", "GIT_AUTHOR_IDENT"); !strings.HasPrefix(got, a.Name+" <"+a.Email+"> ") {
			t.Errorf("git says %s, we say %+v", got, a)
		}
	}
	both("Local", "Commits")
	t.Setenv("GIT_AUTHOR_NAME", "Env")
	both("Env", "Commits")
	t.Setenv("GIT_COMMITTER_NAME", "Both")
	t.Setenv("GIT_COMMITTER_EMAIL", "both@example.com")
	both("Env", "Both")
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "user.email")
	t.Setenv("GIT_CONFIG_VALUE_0", "count@example.com")
	if who, err := r.open().Author(); err != nil || who.Email != "count@example.com" {
		t.Errorf("got %+v, %v", who, err)
	}
}

func TestDates(t *testing.T) {
	r := newRepo(t)
	for _, s := range []string{"1700000000 +0100", "@1700000000 -0330", "2023-11-14T22:13:20+0000", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20+05:30", "2023-11-14 22:13:20 -0800", "Tue, 14 Nov 2023 22:13:20 +0200", "Tue Nov 14 22:13:20 2023 +0200"} {
		t.Setenv("GIT_COMMITTER_DATE", s)
		got, err := r.open().Identity()
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		h, err := got.header()
		if want := r.git("var", "GIT_COMMITTER_IDENT"); h != want || err != nil {
			t.Errorf("%s: %s, %v, git says %s", s, h, err, want)
		}
	}
	t.Setenv("GIT_COMMITTER_DATE", "some day")
	if got, err := r.open().Identity(); err == nil {
		t.Errorf("some day is %v", got.When)
	}
}

func TestConfig(t *testing.T) {
	r := newRepo(t)
	r.git("config", "user.signingKey", "~/.ssh/id.pub")
	r.git("config", "--add", "x.y", "one")
	r.git("config", "--add", "x.y", "two\nlines")
	writeFile(t, filepath.Join(r.dir, ".git", "more"), "[x]\n\tz = included\n\tempty\n")
	r.git("config", "include.path", "more")
	open := r.open()
	for key, want := range map[string]string{"user.signingkey": "~/.ssh/id.pub", "x.y": "two\nlines", "x.z": "included", "x.empty": "true", "x.none": ""} {
		if got, err := open.Config(key); got != want || err != nil {
			t.Errorf("%s: %q, %v, want %q", key, got, err, want)
		}
	}
	// Without git, includes are left out and the rest is the same.
	open.git = ""
	files, err := open.readAllConfig()
	if err != nil || files.last("x.y") != "two\nlines" || files.last("user.signingkey") != "~/.ssh/id.pub" || files.last("x.z") != "" {
		t.Errorf("got %v, %v", files, err)
	}
}

// The configuration of a repository cannot make us run anything.
func TestNothingIsRun(t *testing.T) {
	r := newRepo(t)
	r.write("a.ts", "a")
	base := r.commit("first")
	ran := filepath.Join(t.TempDir(), "ran")
	for _, key := range []string{"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "credential.helper", "core.askPass", "diff.external", "gpg.program", "gpg.ssh.program",
		"core.alternateRefsCommand", "filter.x.clean", "filter.x.smudge", "filter.x.process", "uploadpack.packObjectsHook", "core.gitProxy", "sequence.editor", "diff.x.textconv", "alias.cat-file", "pager.config"} {
		r.git("config", key, "touch "+ran)
	}
	r.git("config", "remote.origin.url", "ext::touch "+ran)
	r.git("config", "remote.other.url", "x")
	r.git("config", "remote.other.receivepack", "touch "+ran)
	r.write(".gitattributes", "* filter=x diff=x\n")
	for _, hook := range []string{"reference-transaction", "post-commit", "pre-commit", "post-update", "pre-push", "post-index-change"} {
		file := filepath.Join(r.dir, ".git", "hooks", hook)
		writeFile(t, file, "#!/bin/sh\ntouch "+ran+"\n")
		if err := os.Chmod(file, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	open := r.open()
	if _, err := open.Identity(); err != nil {
		t.Error(err)
	}
	h := change(t, open, base, "x", "a.ts", "b")
	bothWays(t, open, func(t *testing.T, open *Repository) {
		if err := open.Extract(t.Context(), h, t.TempDir(), func(Entry) bool { return true }); err != nil {
			t.Error(err)
		}
	})
	if err := open.SetBranch("x", h, ""); err != nil {
		t.Error(err)
	}
	if err := open.DeleteBranch("x", h); err != nil {
		t.Error(err)
	}
	remote, err := open.Remote("origin")
	if err != nil {
		t.Fatal(err)
	}
	if err := open.Push(t.Context(), remote, Credentials{}, []Update{{Branch: "x", New: h}}); err == nil || !strings.Contains(err.Error(), "remote helper") {
		t.Errorf("got %v", err)
	}
	if _, err := open.RemoteBranches(t.Context(), remote, Credentials{}, ""); err == nil {
		t.Error("the remote was asked")
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a command of the repository's settings was run")
	}
}
