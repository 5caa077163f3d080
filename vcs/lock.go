package vcs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// lockWait is how long a lock that another process holds is waited for.
const lockWait = 3 * time.Second

// lock is a file NAME.lock that git and we take before NAME is changed. What is
// written to it becomes NAME with commit.
type lock struct {
	name string
	file *os.File
	gone bool
}

// takeLock takes the lock of a file and makes the folders above it.
func takeLock(name string) (*lock, error) {
	for start := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		// Git takes away folders that are empty, perhaps this one: again then, too.
		err := os.MkdirAll(filepath.Dir(name), 0o777)
		if err == nil {
			var f *os.File
			if f, err = os.OpenFile(name+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
				return &lock{name: name, file: f}, nil
			}
		}
		if time.Since(start) > lockWait || !errors.Is(err, fs.ErrExist) && !errors.Is(err, fs.ErrNotExist) {
			if errors.Is(err, fs.ErrExist) {
				return nil, fmt.Errorf("%s.lock is there: another git process is at work, or one ended early and the file has to be removed", name)
			}
			return nil, err
		}
	}
}

// commit puts what was written in the place of the file.
func (l *lock) commit() error {
	err := l.file.Sync()
	if closeErr := l.file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if info, statErr := os.Stat(l.name); statErr == nil && info.IsDir() {
		removeEmpty(l.name) // left by branches that are gone
	}
	if err = os.Rename(l.file.Name(), l.name); err == nil {
		l.gone = true
	}
	return err
}

// release gives the lock up, if it was not committed.
func (l *lock) release() {
	_ = l.file.Close()
	if !l.gone { // or else it may be somebody else's by now
		_ = os.Remove(l.file.Name())
	}
	l.gone = true
}

// removeEmpty removes a folder and those below it, as far as they are empty.
func removeEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeEmpty(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir) // which fails if it is not empty
}

// removeParents removes the folders above a file, as far as they are empty, but not
// the one called stop or those above it.
func removeParents(name, stop string) {
	for dir := filepath.Dir(name); len(dir) > len(stop) && os.Remove(dir) == nil; dir = filepath.Dir(dir) {
	}
}
