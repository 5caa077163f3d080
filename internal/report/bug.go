package report

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/unleak-dev/unleak/transforms"
)

// Reproduction writes what is needed to find the bug behind a dropped fix into a
// new folder for temporary files, and returns the folder: the text before, the
// text that would have been written, and why it was not.
func Reproduction(b *transforms.Bug) (string, error) {
	dir, err := os.MkdirTemp("", "unleak-bug-")
	if err != nil {
		return "", err
	}
	ext := filepath.Ext(b.Path)
	for name, data := range map[string][]byte{
		"before" + ext: b.Before,
		"after" + ext:  b.Mangled,
		"bug.txt":      fmt.Appendf(nil, "%s\n%s\n%s\n", b.Path, b.Fix.Message, b.Reason),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}
