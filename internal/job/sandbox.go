package job

import (
	"context"
	"os/exec"
	"strings"
	"time"
)

// sandboxed wraps the command of a verification: its processes may not write
// endless files or dump cores, and, unless the network is wanted and where the
// system lets us, they see no network but a loopback of their own, and no processes
// but theirs. Its environment is that of internal/check, without any token, and
// HOME and TMPDIR lie in the job's folder.
func sandboxed(ctx context.Context, command string, network bool) string {
	limits := "ulimit -c 0; ulimit -f 4194304; ulimit -n 4096; "
	if network || !canUnshare(ctx) {
		return limits + command
	}
	inner := "ip link set lo up 2>/dev/null; " + command
	return limits + "exec unshare --user --map-root-user --net --ipc --uts --pid --fork --kill-child --mount-proc sh -c " + quote(inner)
}

// canUnshare tries it: many systems have the program and forbid it.
func canUnshare(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "unshare", "--user", "--map-root-user", "--net", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc", "true").Run() == nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
