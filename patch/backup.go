package patch

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Backup saves the old contents of the changes below root/.unleak/backup, in a
// folder named by the time, with a journal of what comes from where. It
// returns the folder. Outside of a version control system it is the way back.
func Backup(root string, changes []Change, now time.Time) (string, error) {
	dir := filepath.Join(root, ".unleak", "backup", now.UTC().Format("20060102T150405.000000000Z"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot keep a backup: %w", err)
	}
	type entry struct {
		Path   string `json:"path"`
		Backup string `json:"backup"`
	}
	var journal []entry
	for i, c := range changes {
		name := fmt.Sprintf("%04d", i)
		if err := os.WriteFile(filepath.Join(dir, name), c.Old, 0o600); err != nil {
			return "", fmt.Errorf("cannot keep a backup: %w", err)
		}
		journal = append(journal, entry{c.Path, name})
	}
	data, err := json.MarshalIndent(journal, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "journal.json"), append(data, '\n'), 0o600); err != nil {
		return "", fmt.Errorf("cannot keep a backup: %w", err)
	}
	return dir, nil
}
