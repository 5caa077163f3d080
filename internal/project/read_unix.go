//go:build unix

package project

import (
	"io/fs"
	"syscall"
)

// readSource reads a regular file of at most MaxFileSize bytes into a slice, or into a new one
// where that is too short. os.ReadFile asks the system twice as much: how large the file is, and
// whether one can wait for it. A scan that reads thousands of small ones waits for little else.
func readSource(path string, into []byte) ([]byte, error) {
	// Nobody may write to a pipe: opening it does not wait.
	fd, err := again(func() (int, error) {
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer syscall.Close(fd)
	var stat syscall.Stat_t
	if _, err := again(func() (int, error) { return 0, syscall.Fstat(fd, &stat) }); err != nil {
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return nil, errNotRegular
	}
	if stat.Size > MaxFileSize {
		return nil, tooLarge(stat.Size)
	}
	size := int(stat.Size)
	if cap(into) <= size {
		into = make([]byte, max(size+1, 2*cap(into)))
	}
	into = into[:size+1] // what fills it has grown meanwhile
	for at := 0; ; {
		n, err := again(func() (int, error) { return syscall.Read(fd, into[at:]) })
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: path, Err: err}
		}
		if at += n; n == 0 || at == size {
			return into[:at], nil
		}
		if at > MaxFileSize {
			return nil, tooLarge(int64(at))
		}
		if at == len(into) {
			into = append(into, make([]byte, len(into))...)
		}
	}
}

// again asks the system until no signal comes between.
func again(ask func() (int, error)) (int, error) {
	for {
		n, err := ask()
		if err != syscall.EINTR {
			return n, err
		}
	}
}
