//go:build unix

package job

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup puts a process and whatever it starts into a group that can be ended.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}

// ours reports whether a file belongs to the user of this process.
func ours(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Getuid()
}

// endGroup ends this process with all of its group, if the group is its own.
func endGroup() {
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL) // does not return
	}
	os.Exit(3)
}
