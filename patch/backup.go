package patch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Backup saves the old contents of the changes below root/.unleak/backup, in a
// folder named by the time: the files below files/, under the paths that they
// have below root, and journal.json, which lists those paths, and those of files
// that the changes make. It returns the folder. Copying files/ over root is the
// way back outside of a version control system.
func Backup(root string, changes []Change, now time.Time) (string, error) {
	dir := filepath.Join(root, ".unleak", "backup", now.UTC().Format("20060102T150405.000000000Z"))
	put := func(rel string, data []byte) error {
		file := filepath.Join(dir, filepath.FromSlash(rel))
		err := os.MkdirAll(filepath.Dir(file), 0o755)
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			return fmt.Errorf("cannot keep a backup: %w", err)
		}
		return nil
	}
	paths, created := []string{}, []string{}
	for _, c := range changes {
		if c.Creates() {
			created = append(created, c.Path)
			continue
		}
		if err := put("files/"+c.Path, c.Old); err != nil {
			return "", err
		}
		paths = append(paths, c.Path)
	}
	journal, err := json.MarshalIndent(map[string]any{"time": now.UTC(), "files": paths, "created": created}, "", "  ")
	if err != nil {
		return "", err
	}
	return dir, put("journal.json", append(journal, '\n'))
}
