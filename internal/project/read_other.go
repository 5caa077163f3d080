//go:build !unix

package project

import "os"

// readSource reads a regular file of at most MaxFileSize bytes. It always makes a new slice.
func readSource(path string, _ []byte) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errNotRegular
	case info.Size() > MaxFileSize:
		return nil, tooLarge(info.Size())
	}
	return os.ReadFile(path)
}
