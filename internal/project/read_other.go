//go:build !unix

package project

import "os"

// readSource reads a regular file of at most MaxFileSize bytes. It always makes a new slice.
func readSource(path string, _ []byte) ([]byte, error) {
	if err := readable(os.Stat(path)); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}
