package vcs

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// command prepares a git command that only reads what is there. Nothing that the
// repository's configuration names is executed: no hook, no file system monitor,
// no pager. What a partial clone lacks is not fetched, which would run ssh or a
// helper by that configuration; older versions know only the protocol settings.
func (r *Repository) command(ctx context.Context, args ...string) *exec.Cmd {
	base := []string{"--git-dir=" + r.gitDir, "--no-optional-locks", "--no-pager",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "protocol.allow=never"}
	cmd := exec.CommandContext(ctx, r.git, append(base, args...)...)
	cmd.Env = append(environment("GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT"),
		"GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_NO_REPLACE_OBJECTS=1", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	return cmd
}

// environment is ours without what would lead git to another repository, as it is
// set where a hook or an alias of git started us. Names in keep stay.
func environment(keep ...string) []string {
	local := []string{"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT",
		"GIT_OBJECT_DIRECTORY", "GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE",
		"GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE", "GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR",
		"GIT_NAMESPACE", "GIT_QUARANTINE_PATH", "GIT_INTERNAL_SUPER_PREFIX"}
	return slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(local, name) && !slices.Contains(keep, name)
	})
}

// output runs a command and returns what it prints.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, gitError(err, stderr.String())
	}
	return stdout.Bytes(), nil
}

// gitError is the first line that git said, or else how it ended.
func gitError(err error, stderr string) error {
	if line, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n"); line != "" {
		return fmt.Errorf("git: %s", strings.TrimPrefix(line, "fatal: "))
	}
	return fmt.Errorf("git: %w", err)
}
