package vcs

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/transport"
)

// Cloning says how much is taken of a remote.
type Cloning struct {
	Branch string // "" is the remote's default branch
	Bytes  int64  // that the clone may have; 0: no limit
	Blob   int64  // larger files are left out where the server allows that; 0: none is
}

// TooLargeError says that a clone was given up because it grew over its limit.
type TooLargeError struct{ Most int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the repository has more than the %d MB that are allowed", e.Most>>20)
}

// Clone makes a bare repository in dir, which must not be there, with the newest
// commit of one branch and no history. Nothing is checked out, so no filter and no
// hook ever runs and no submodule is looked at; configuration of the system and the
// user is not read, but for proxies in the environment. The token is handed to git in
// its environment; it is in no argument, no file and no error. Git must be installed.
//
// ErrAuth, ErrNotFound and TooLargeError are told apart. A remote without commits
// gives a repository without any.
func Clone(ctx context.Context, dir string, from Remote, cred Credentials, c Cloning) (*Repository, error) {
	git, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("a clone needs git: %w", err)
	}
	e, err := (&Repository{}).endpoint(from)
	if err != nil {
		return nil, err
	}
	args := []string{"clone", "-q", "--bare", "--depth=1", "--single-branch", "--no-tags", "--template="}
	if c.Branch != "" {
		args = append(args, "--branch="+c.Branch)
	}
	if c.Blob > 0 {
		args = append(args, fmt.Sprintf("--filter=blob:limit=%d", c.Blob))
	}
	if err := fetching(ctx, git, e, from, cred, c.Bytes, dir, append(args, "--", address(e), dir)); err != nil {
		return nil, err
	}
	// As if nothing were to be had from anywhere: what was left out is missing.
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	return Open(dir)
}

// address is what git is told of an endpoint: by file:// it is as shallow as
// elsewhere.
func address(e *transport.Endpoint) string {
	if e.Protocol == "file" {
		return "file://" + filepath.ToSlash(e.Path)
	}
	return e.String()
}

// fetching runs git for as long as dir is not too large.
func fetching(ctx context.Context, git string, e *transport.Endpoint, from Remote, cred Credentials, most int64, dir string, args []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	safe := []string{"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0", "-c", "maintenance.auto=false",
		"-c", "protocol.allow=never", "-c", "protocol." + e.Protocol + ".allow=always", "-c", "fetch.recurseSubmodules=no",
		"-c", "transfer.bundleURI=false", "-c", "credential.helper=", "-c", "fetch.fsckObjects=true", "-c", "advice.detachedHead=false"}
	for _, harmless := range []string{"badTimezone", "missingSpaceBeforeDate", "zeroPaddedFilemode", "badDateOverflow", "missingEmail", "missingNameBeforeEmail", "badEmail", "duplicateEntries"} {
		safe = append(safe, "-c", "fetch.fsck."+harmless+"=warn") // old histories have these
	}
	cmd := exec.CommandContext(ctx, git, append(safe, args...)...)
	cmd.Env = append(environment(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0", "GIT_ASKPASS=", "SSH_ASKPASS=",
		"GIT_LFS_SKIP_SMUDGE=1", "LC_ALL=C", "GIT_SSH_COMMAND="+sshCommand(cred))
	if cred.Token != "" && (e.Protocol == "https" || e.Protocol == "http") {
		basic := base64.StdEncoding.EncodeToString([]byte(cred.user() + ":" + cred.Token))
		host := *e
		host.Path = "/"
		cmd.Env = append(cmd.Env, "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=http."+host.String()+".extraHeader", "GIT_CONFIG_VALUE_0=Authorization: Basic "+basic)
	}
	cmd.WaitDelay = 5 * time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	if most > 0 {
		go watchSize(done, dir, most, cancel)
	}
	err := cmd.Wait()
	close(done)
	if err == nil && most > 0 && sizeOf(dir) > most {
		return &TooLargeError{most}
	}
	if large, ok := errors.AsType[*TooLargeError](context.Cause(ctx)); ok {
		return large
	}
	if err == nil {
		return nil
	}
	complaint := withoutWarnings(said.String())
	text := strings.ToLower(complaint)
	known := transport.ErrRepositoryNotFound
	switch {
	case strings.Contains(text, "authentication failed"), strings.Contains(text, "could not read username"), strings.Contains(text, "error: 403"), strings.Contains(text, "permission denied"):
		known = transport.ErrAuthorizationFailed
	case strings.Contains(text, "not found"), strings.Contains(text, "does not appear to be a git repository"), strings.Contains(text, "does not exist"):
	default:
		return wrong(ctx, gitError(err, complaint), from, cred)
	}
	return wrong(ctx, fmt.Errorf("%w: %w", known, gitError(err, complaint)), from, cred)
}

// withoutWarnings is what git said without what it only warned of.
func withoutWarnings(said string) string {
	var b strings.Builder
	for line := range strings.Lines(said) {
		if !strings.HasPrefix(line, "warning:") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// sshCommand asks nobody anything.
func sshCommand(cred Credentials) string {
	command := "ssh -oBatchMode=yes -oConnectTimeout=30"
	if cred.SSHKey != "" {
		command += " -i '" + strings.ReplaceAll(cred.SSHKey, "'", `'\''`) + "'"
	}
	return command
}

// watchSize ends a fetch that brings too much.
func watchSize(done <-chan struct{}, dir string, most int64, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			if sizeOf(dir) > most {
				cancel(&TooLargeError{most})
				return
			}
		}
	}
}

// sizeOf adds up the files of a folder, in bytes; what comes and goes meanwhile is
// passed over.
func sizeOf(dir string) int64 {
	total := int64(0)
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}

// Empty makes a bare repository without anything in a folder that is there.
func Empty(dir string) (*Repository, error) {
	for _, sub := range []string{"objects", "refs"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	return Open(dir)
}
