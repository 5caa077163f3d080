//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// screen is a program in a terminal of its own.
type screen struct {
	t    *testing.T
	tty  *os.File
	cmd  *exec.Cmd
	mu   sync.Mutex
	more sync.Cond
	seen bytes.Buffer
	done bool // nothing more is written
}

// inTerminal starts `unleak ARGS` in a terminal of 40x12 in which 30 lines do not fit.
func inTerminal(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	dir := t.TempDir()
	for i := range 4 {
		src := fmt.Sprintf("export class Poll%d {\n  go() {\n    setInterval(() => {}, 10);\n  }\n  stop() {\n    done();\n  }\n}\n", i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("poll%d.ts", i)), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := &screen{t: t, cmd: exec.Command("unleak", args...)}
	s.more.L = &s.mu
	s.cmd.Dir = dir
	s.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"PAGER", "GIT_PAGER", "UNLEAK_PAGER", "LESS", "LV", "NO_COLOR", "COLUMNS", "TERM", "LESSOPEN"}, name)
	})
	s.cmd.Env = append(append(s.cmd.Env, "TERM=xterm"), env...)
	var err error
	if s.tty, err = pty.StartWithSize(s.cmd, &pty.Winsize{Rows: 12, Cols: 40}); err != nil {
		skip(t, "there is no terminal to be had: ", err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.tty.Close() })
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := s.tty.Read(buf)
			s.mu.Lock()
			s.seen.Write(buf[:n])
			s.done = s.done || err != nil
			s.more.Broadcast()
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return s
}

// skip leaves a test out, but where everything has to run.
func skip(t *testing.T, why ...any) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(why...)
	}
	t.Skip(why...)
}

// await waits until a text is shown, or nothing more can come.
func (s *screen) await(text string) {
	s.t.Helper()
	stop := time.AfterFunc(time.Minute, func() { s.mu.Lock(); s.done = true; s.more.Broadcast(); s.mu.Unlock() })
	defer stop.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !strings.Contains(s.seen.String(), text) {
		if s.done {
			s.t.Fatalf("%q does not come; there is:\n%q", text, s.seen.String())
		}
		s.more.Wait()
	}
}

// insist presses keys again and again until a text is shown: on a Ctrl-C the terminal
// forgets what was typed and what was on its way to be shown.
func (s *screen) insist(keys, text string) {
	s.t.Helper()
	for range 600 {
		s.press(keys)
		for range 10 {
			time.Sleep(10 * time.Millisecond)
			s.mu.Lock()
			shown := strings.Contains(s.seen.String(), text)
			s.mu.Unlock()
			if shown {
				return
			}
		}
	}
	s.await(text)
}

func (s *screen) press(keys string) {
	s.t.Helper()
	s.mu.Lock()
	s.seen.Reset() // what is awaited next comes of these keys
	s.mu.Unlock()
	if _, err := io.WriteString(s.tty, keys); err != nil {
		s.t.Fatal(err)
	}
}

// status waits for the end, and returns the exit status and what was shown.
func (s *screen) status() (int, string) {
	s.t.Helper()
	kill := time.AfterFunc(time.Minute, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	err := s.cmd.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.done {
		s.more.Wait()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode(), strings.ReplaceAll(s.seen.String(), "\r\n", "\n")
}

// TestPager: on a terminal the output goes through what the user chose.
func TestPager(t *testing.T) {
	for _, c := range []struct {
		name  string
		env   []string
		args  []string
		paged bool
	}{
		{"PAGER", []string{"PAGER=sed s/^/paged:/"}, nil, true},
		{"GIT_PAGER first", []string{"GIT_PAGER=sed s/^/paged:/", "PAGER=sed s/^/other:/"}, nil, true},
		{"UNLEAK_PAGER first", []string{"UNLEAK_PAGER=sed s/^/paged:/", "GIT_PAGER=sed s/^/other:/"}, nil, true},
		{"the stat", []string{"PAGER=sed s/^/paged:/"}, []string{"--stat"}, true},
		{"two columns", []string{"PAGER=sed s/^/paged:/"}, []string{"--side-by-side"}, true},
		{"JSON", []string{"PAGER=sed s/^/paged:/"}, []string{"--format", "json"}, true},
		{"cat", []string{"UNLEAK_PAGER=cat", "PAGER=sed s/^/paged:/"}, nil, false},
		{"empty", []string{"UNLEAK_PAGER=", "PAGER=sed s/^/paged:/"}, nil, false},
		{"--no-pager", []string{"PAGER=sed s/^/paged:/"}, []string{"--no-pager"}, false},
		{"a dumb terminal", []string{"TERM=dumb"}, nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := inTerminal(t, c.env, append([]string{"diff"}, c.args...)...)
			status, out := s.status()
			if status != 0 || !strings.Contains(out, "poll3.ts") || strings.Contains(out, "other:") {
				t.Errorf("status %d:\n%s", status, out)
			}
			if got := strings.Count(out, "paged:"); c.paged && got != strings.Count(out, "\n") || !c.paged && got > 0 {
				t.Errorf("%d lines are paged:\n%s", got, out)
			}
		})
	}
}

// TestPagerStatus: the pager may end as it likes, the exit status is that of diff.
func TestPagerStatus(t *testing.T) {
	for _, pager := range []string{"true", "false", "head -1", "exit 3", "kill -9 $$"} {
		for args, want := range map[string]int{"diff": 0, "diff --exit-code": 1} {
			s := inTerminal(t, []string{"PAGER=" + pager}, strings.Fields(args)...)
			if status, out := s.status(); status != want {
				t.Errorf("%s through %q: status %d\n%s", args, pager, status, out)
			}
		}
	}
	// One that is not there costs nothing of the output.
	s := inTerminal(t, []string{"PAGER=no-such-pager -x"}, "diff", "--exit-code")
	if status, out := s.status(); status != 1 || !strings.Contains(out, `the pager "no-such-pager -x" cannot be run`) || !strings.Contains(out, "+++ b/poll3.ts") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// TestPagerEnvironment: less is told what git tells it, unless the user has.
func TestPagerEnvironment(t *testing.T) {
	const show = `PAGER=cat >/dev/null; echo "[$LESS][$LV]"`
	if _, out := inTerminal(t, []string{show}, "diff").status(); !strings.Contains(out, "[FRX][-c]") {
		t.Error(out)
	}
	if _, out := inTerminal(t, []string{show, "LESS=S"}, "diff").status(); !strings.Contains(out, "[S][-c]") {
		t.Error(out)
	}
}

// TestLess: less has the terminal, its keys and its size, and Ctrl-C is for it.
func TestLess(t *testing.T) {
	if _, err := exec.LookPath("less"); err != nil {
		skip(t, "less is not installed")
	}
	s := inTerminal(t, nil, "diff", "--exit-code")
	s.await("\x1b[1mdiff --git a/poll0.ts") // in colour
	s.await(":")
	s.press("G")
	s.await("(END)")
	s.press("\x03")
	s.insist("g", "poll0.ts")
	if err := s.cmd.Process.Signal(syscall.Signal(0)); err != nil {
		t.Fatal("Ctrl-C ended it: ", err)
	}
	s.press("q")
	if status, out := s.status(); status != 1 || strings.Contains(out, "interrupted") {
		t.Errorf("status %d\n%q", status, out)
	}
	// What fits on the screen is only printed.
	s = inTerminal(t, nil, "diff", "--stat")
	if status, out := s.status(); status != 0 || !strings.Contains(out, "4 files changed") {
		t.Errorf("status %d\n%q", status, out)
	}
}

// TestTerminalWidth: two columns are as wide as the terminal.
func TestTerminalWidth(t *testing.T) {
	s := inTerminal(t, []string{"PAGER=cat", "COLUMNS=160", "NO_COLOR=1"}, "diff", "--side-by-side", "poll0.ts")
	_, out := s.status()
	if !strings.Contains(out, " │ ") {
		t.Fatal(out)
	}
	for line := range strings.Lines(out) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 40 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
