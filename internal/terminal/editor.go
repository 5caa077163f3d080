package terminal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"syscall"
	"time"
)

// editing is a text in a folder of its own, for the user's editor.
type editing struct {
	dir, file string
	command   *exec.Cmd
}

// edit prepares the editor that $VISUAL or $EDITOR names, for a text that is to
// become a file of that path.
func edit(ctx context.Context, rel string, text []byte) (*editing, error) {
	editor := os.Getenv("VISUAL")
	if editor == "" {
		editor = os.Getenv("EDITOR")
	}
	if editor == "" {
		editor = "vi"
	}
	dir, err := os.MkdirTemp("", "unleak-edit-")
	if err != nil {
		return nil, fmt.Errorf("cannot edit: %w", err)
	}
	e := &editing{dir: dir, file: filepath.Join(dir, path.Base(rel))}
	if err := os.WriteFile(e.file, text, 0o600); err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("cannot edit: %w", err)
	}
	// Ctrl-C is for the editor, and not for the shell around it.
	e.command = exec.CommandContext(ctx, "sh", "-c", "trap : INT; "+editor+` "$@"`, editor, e.file)
	e.command.Cancel = func() error { return e.command.Process.Signal(syscall.SIGTERM) }
	e.command.WaitDelay = time.Second
	return e, nil
}

// text is what the editor made; ran is how its command ended.
func (e *editing) text(ran error) ([]byte, error) {
	var exit *exec.ExitError
	switch {
	case errors.As(ran, &exit):
		return nil, fmt.Errorf("the editor ended with status %d; nothing is changed", exit.ExitCode())
	case ran != nil:
		return nil, fmt.Errorf("the editor did not run: %w", ran)
	}
	return os.ReadFile(e.file)
}

func (e *editing) remove() { _ = os.RemoveAll(e.dir) }

// Keep saves an edit that can no longer be applied, and says where.
func Keep(rel string, text []byte) string {
	dir, err := os.MkdirTemp("", "unleak-edit-")
	if err == nil {
		file := filepath.Join(dir, path.Base(rel))
		if err = os.WriteFile(file, text, 0o600); err == nil {
			return "your edit is kept in " + file
		}
	}
	return "your edit could not be kept: " + err.Error()
}
