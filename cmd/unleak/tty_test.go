//go:build unix

package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the screens anew; look at every one before you commit it")

// patience is how long a test waits for what must come.
const patience = time.Minute

// tty is the program on a terminal of its own, and what that shows.
type tty struct {
	t    *testing.T
	pty  *os.File
	cmd  *exec.Cmd
	done chan struct{} // closed when all that it wrote was read

	mu  sync.Mutex
	emu *vt.Emulator
	raw bytes.Buffer // all that it wrote
}

// harbor is the project of the sessions, committed, and the folder that it is in.
func harbor(t *testing.T) string {
	t.Helper()
	a, err := txtar.ParseFile("testdata/harbor.txtar")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range a.Files {
		file := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "base"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	return dir
}

// start runs the program in dir on a terminal of that size.
func start(t *testing.T, dir string, width, height int, env []string, args ...string) *tty {
	t.Helper()
	y := &tty{t: t, emu: vt.NewEmulator(width, height), cmd: unleakCommand(dir, args...), done: make(chan struct{})}
	y.cmd.Env = append(os.Environ(), "TERM=xterm-256color", "COLORTERM=", "CI=", "NO_COLOR=", "VISUAL=", "EDITOR=false", "GIT_CONFIG_GLOBAL="+os.DevNull)
	y.cmd.Env = append(y.cmd.Env, env...)
	y.pty = open(t, y.cmd, width, height)
	go func() {
		defer close(y.done)
		buf := make([]byte, 4096)
		for {
			n, err := y.pty.Read(buf)
			y.mu.Lock()
			y.raw.Write(buf[:n])
			_, _ = y.emu.Write(buf[:n])
			y.mu.Unlock()
			if err != nil {
				return // on Linux EIO, once the program has ended
			}
		}
	}()
	go func() { // the terminal's own answers, as to where its cursor is
		buf := make([]byte, 256)
		for {
			n, err := y.emu.Read(buf)
			if err != nil {
				return
			}
			_, _ = y.pty.Write(buf[:n])
		}
	}()
	t.Cleanup(func() {
		_ = y.pty.Close()
		_ = y.cmd.Process.Kill()
	})
	return y
}

// open starts a program on a new terminal, and returns the other end of it: one that
// closes at once, also while it is read.
func open(t *testing.T, cmd *exec.Cmd, width, height int) *os.File {
	t.Helper()
	blocking, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	defer blocking.Close()
	fd, err := syscall.Dup(int(blocking.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "terminal")
	if err := pty.Setsize(f, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return f
}

// screen is what the terminal shows.
func (y *tty) screen() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	lines := strings.Split(y.emu.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// until waits until the screen is as it must be.
func (y *tty) until(what string, ok func(screen string) bool) {
	y.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		s := y.screen()
		if ok(s) {
			return
		}
		if time.Now().After(end) {
			y.t.Fatalf("%s does not come; the screen is\n%s", what, s)
		}
	}
}

// sees waits until the screen has a text.
func (y *tty) sees(text string) {
	y.t.Helper()
	y.until(text, func(s string) bool { return strings.Contains(s, text) })
}

// types types keys, as a person would.
func (y *tty) types(keys string) {
	y.t.Helper()
	if _, err := y.pty.WriteString(keys); err != nil {
		y.t.Fatal(err)
	}
}

// is waits until the screen is the golden one; with -update it becomes that, as soon
// as it has the text and stays as it is.
func (y *tty) is(name, text string) {
	y.t.Helper()
	y.sees(text)
	file := filepath.Join("testdata", "screens", name+".txt")
	if *update {
		last, since := y.screen(), time.Now()
		for time.Since(since) < 300*time.Millisecond {
			time.Sleep(20 * time.Millisecond)
			if s := y.screen(); s != last {
				last, since = s, time.Now()
			}
		}
		if err := os.WriteFile(file, []byte(last), 0o644); err != nil {
			y.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		y.t.Fatal(err)
	}
	y.until("the screen "+file+":\n"+string(want), func(s string) bool { return s == string(want) })
}

// resize makes the terminal another size.
func (y *tty) resize(width, height int) {
	y.t.Helper()
	y.mu.Lock()
	y.emu.Resize(width, height)
	y.mu.Unlock()
	if err := pty.Setsize(y.pty, &pty.Winsize{Cols: uint16(width), Rows: uint16(height)}); err != nil {
		y.t.Fatal(err)
	}
}

// ends waits until the program has ended, and checks its status.
func (y *tty) ends(status int) {
	y.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = y.cmd.Process.Signal(syscall.SIGQUIT) })
	err := y.cmd.Wait()
	if !timer.Stop() {
		y.t.Fatalf("it does not end; the screen is\n%s", y.screen())
	}
	<-y.done
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		y.t.Fatal(err)
	}
	if got != status {
		y.t.Errorf("the status is %d, want %d; the screen is\n%s", got, status, y.screen())
	}
}

// restored checks that the terminal is as it was: the normal screen, with a cursor.
func (y *tty) restored() {
	y.t.Helper()
	y.mu.Lock()
	alt, hidden := y.emu.IsAltScreen(), bytes.LastIndex(y.raw.Bytes(), []byte("\x1b[?25l")) > bytes.LastIndex(y.raw.Bytes(), []byte("\x1b[?25h"))
	y.mu.Unlock()
	if alt || hidden {
		y.t.Errorf("the terminal was not given back: other screen %v, cursor hidden %v", alt, hidden)
	}
}

// script writes an executable for $EDITOR and returns its path.
func script(t *testing.T, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+body+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}
