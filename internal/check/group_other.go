//go:build !unix

package check

import "os/exec"

func ownGroup(*exec.Cmd) {}
