package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"
)

// pagerCommand is the shell command that output on a terminal goes through, "" for
// none: what the user chose for this program, for git, for all, or less.
func pagerCommand() string {
	for _, name := range []string{"UNLEAK_PAGER", "GIT_PAGER", "PAGER"} {
		if v, ok := os.LookupEnv(name); ok {
			if v == "cat" {
				return ""
			}
			return v
		}
	}
	if _, err := exec.LookPath("less"); err != nil || os.Getenv("TERM") == "dumb" {
		return ""
	}
	return "less"
}

// page shows output through the pager, or as it is without one. A pager that was
// closed before it saw everything is no error. It returns when the pager has ended.
func (c *cli) page(ctx context.Context, data []byte) error {
	command := pagerCommand()
	shell, err := exec.LookPath("sh")
	if command == "" || err != nil {
		_, err := c.out.Write(data)
		return err
	}
	cmd := exec.CommandContext(ctx, shell, "-c", command)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(data), c.out, c.err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	cmd.Env = os.Environ()
	for name, value := range map[string]string{"LESS": "FRX", "LV": "-c"} { // as git has it
		if _, set := os.LookupEnv(name); !set {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	if err := cmd.Start(); err != nil {
		_, err := c.out.Write(data)
		return err
	}
	// Ctrl-C is for the pager, which does something else on it than to end.
	signal.Ignore(os.Interrupt)
	defer signal.Reset(os.Interrupt)
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && (exit.ExitCode() == 126 || exit.ExitCode() == 127) {
		c.warn("the pager %q cannot be run; UNLEAK_PAGER or PAGER names another one", oneLine(command))
		_, err := c.out.Write(data)
		return err
	}
	return ctx.Err()
}
