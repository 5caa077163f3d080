package project

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReadSource: a pipe that nobody writes to is refused, not waited for, and a file is read
// to its end, whatever length the system tells.
func TestReadSource(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.ts")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSource(pipe, nil); !errors.Is(err, errNotRegular) {
		t.Errorf("a pipe: %v", err)
	}
	const longer = "/proc/self/limits" // of no length, as the system has it
	want, err := os.ReadFile(longer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readSource(longer, make([]byte, 10)); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes instead of %d, %v", len(got), len(want), err)
	}
}
