package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// Runner runs jobs in processes of their own. It may be used by several goroutines
// at once.
type Runner struct {
	Command  []string // the program and the arguments that make it call Main
	Identity []string // of Identity; nil: "unleak" commits, or the App

	dir  string
	lock *flock.Flock
	next atomic.Int64
}

// NewRunner makes a runner that works below a folder, and removes what runners that
// were killed have left there.
func NewRunner(folder string, command []string, identity []string) (*Runner, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	info, err := os.Lstat(folder)
	if err != nil {
		return nil, err
	}
	// Beside other people's temporary files, somebody may have been there before us.
	if !info.IsDir() || info.Mode().Perm()&0o022 != 0 || !ours(info) {
		return nil, fmt.Errorf("%s is no folder that only this user can write to", folder)
	}
	if err := sweep(folder); err != nil {
		return nil, err
	}
	// The lock is taken before the folder gets the name that sweeping looks for.
	dir, err := os.MkdirTemp(folder, "new-")
	if err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	if ok, err := lock.TryLock(); err != nil || !ok {
		return nil, errors.Join(err, errors.New("a new lock cannot be taken"))
	}
	named := filepath.Join(folder, "worker-"+strings.TrimPrefix(filepath.Base(dir), "new-"))
	if err := os.Rename(dir, named); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return &Runner{Command: command, Identity: identity, dir: named, lock: lock}, nil
}

// sweep removes the folders of runners that are no more.
func sweep(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		dir := filepath.Join(folder, e.Name())
		if strings.HasPrefix(e.Name(), "new-") {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > time.Hour {
				_ = os.RemoveAll(dir) // somebody else may be faster
			}
			continue
		}
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "worker-") {
			continue
		}
		lock := flock.New(filepath.Join(dir, "lock"))
		ok, err := lock.TryLock()
		if err != nil || !ok {
			continue
		}
		err = removeAll(dir)
		_ = lock.Close() // the file is gone
		if err != nil {
			return fmt.Errorf("what a killed process left cannot be removed: %w", err)
		}
	}
	return nil
}

// removeAll removes a folder also where somebody took away the right to write.
func removeAll(dir string) error {
	err := os.RemoveAll(dir)
	if err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // RemoveAll says what is left
		}
		return nil
	})
	return os.RemoveAll(dir)
}

// Close removes the runner's folder. No job may be under way.
func (r *Runner) Close() error {
	err := removeAll(r.dir)
	return errors.Join(err, r.lock.Close())
}

// passed is what a job's process sees of the environment: no token above all.
var passed = []string{"PATH", "LANG", "LC_ALL", "TZ", "SystemRoot", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"}

// Run does one job in a process of its own, which it ends when the context does or a
// limit is exceeded. An error means that the job failed and may be tried again.
func (r *Runner) Run(ctx context.Context, s Spec, gate Gate) (Outcome, error) {
	if err := s.check(); err != nil {
		return Outcome{}, err
	}
	limits := s.Limits.orUsual()
	folder := filepath.Join(r.dir, fmt.Sprintf("job-%d", r.next.Add(1)))
	for _, sub := range []string{"", "home", "tmp", "work"} {
		if err := os.Mkdir(filepath.Join(folder, sub), 0o700); err != nil {
			return Outcome{}, err
		}
	}
	defer func() { _ = removeAll(folder) }() // what stays is swept by the next runner
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, r.Command[0], r.Command[1:]...)
	cmd.Dir = folder
	cmd.Env = append(slices.Clone(r.Identity), "HOME="+filepath.Join(folder, "home"), "TMPDIR="+filepath.Join(folder, "tmp"),
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, fmt.Sprintf("GOMEMLIMIT=%d", limits.Memory/4*3))
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	ownGroup(cmd)
	cmd.WaitDelay = 5 * time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return Outcome{}, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return Outcome{}, err
	}
	var complaint tail
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return Outcome{}, err
	}
	w := &watch{pid: cmd.Process.Pid, limits: limits, end: cancel, stop: make(chan struct{})}
	go w.run()
	o := order{Spec: s, Token: string(s.Credential.Token), Folder: filepath.Join(folder, "work")}
	err = json.NewEncoder(in).Encode(o)
	var outcome Outcome
	if err == nil {
		outcome, err = answering(ctx, out, in, gate, w.wait)
	}
	close(w.stop)
	cause := context.Cause(ctx)
	// Whatever it has started ends with it: the outcome is all that is wanted of it.
	_ = cmd.Cancel()
	_ = cmd.Wait() // it was killed
	outcome.Figures.Peak = w.peak.Load()
	switch limit := (*skipError)(nil); {
	case errors.As(cause, &limit):
		return Outcome{State: Skipped, Reason: limit.reason, Figures: outcome.Figures}, nil
	case cause != nil:
		return outcome, cause
	case errors.Is(err, errEnded):
		return outcome, fmt.Errorf("%w without an outcome%s", err, complaint.text())
	}
	return outcome, err
}

// watch ends a job that exceeds a limit.
type watch struct {
	pid    int
	limits Limits
	end    context.CancelCauseFunc
	stop   chan struct{}
	peak   atomic.Int64

	mu     sync.Mutex
	since  time.Time // when it began to wait; zero: it does not
	waited time.Duration
}

// wait is told when the job begins to wait for leave to write, and when it ends.
func (w *watch) wait(begins bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if begins {
		w.since = time.Now()
		return
	}
	w.waited += time.Since(w.since)
	w.since = time.Time{}
}

func (w *watch) worked(started time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := time.Since(started) - w.waited
	if !w.since.IsZero() {
		d -= time.Since(w.since)
	}
	return d
}

func (w *watch) run() {
	started := time.Now()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		m := memoryOf(w.pid)
		w.peak.Store(max(w.peak.Load(), m))
		if m > w.limits.Memory {
			w.end(&skipError{fmt.Sprintf("the job took more than the %d MB of memory that are allowed", w.limits.Memory>>20)})
		}
		if w.worked(started) > w.limits.Time {
			w.end(&skipError{fmt.Sprintf("the job took more than the %s that are allowed", w.limits.Time)})
		}
	}
}

// tail keeps the beginning of what a process complains about.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), 4096-len(t.b))]...)
	return len(p), nil
}

// text is the first line of it.
func (t *tail) text() string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(t.b)), "\n")
	if line == "" {
		return ""
	}
	return ": " + oneLine(line)
}
