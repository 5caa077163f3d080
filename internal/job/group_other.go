//go:build !unix

package job

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

func ours(os.FileInfo) bool { return true }

func endGroup() { os.Exit(3) }
