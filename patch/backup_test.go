package patch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestBackup(t *testing.T) {
	root := t.TempDir()
	now := time.Date(2024, 2, 29, 23, 4, 5, 678, time.FixedZone("", 3600))
	changes := []Change{
		{"src/a.ts", []byte("old a\r\n"), []byte("new a\r\n")},
		{"src/deep/\"é 😀\".ts", []byte{}, []byte("b")},
		{"other/a.ts", []byte("old other"), nil},
	}
	dir, err := Backup(root, append([]Change{{"test/new.ts", nil, []byte("new")}}, changes...), now)
	if err != nil {
		t.Fatal(err)
	}
	if parent := filepath.Join(root, ".unleak", "backup"); filepath.Dir(dir) != parent {
		t.Errorf("the backup lies in %s, want a folder in %s", dir, parent)
	}
	if name := filepath.Base(dir); !strings.HasPrefix(name, "20240229T220405") {
		t.Errorf("the folder is named %q, want the time in UTC", name)
	}
	data, err := os.ReadFile(filepath.Join(dir, "journal.json"))
	if err != nil {
		t.Fatal(err)
	}
	var journal struct{ Files, Created []string }
	if err := json.Unmarshal(data, &journal); err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if len(journal.Created) != 1 || journal.Created[0] != "test/new.ts" {
		t.Errorf("the journal says that %q were made", journal.Created)
	}
	if _, err := os.Stat(filepath.Join(dir, "files", "test", "new.ts")); err == nil {
		t.Error("a file that was not there was kept")
	}
	if len(journal.Files) != len(changes) {
		t.Fatalf("the journal has %d entries, want %d", len(journal.Files), len(changes))
	}
	for i, c := range changes {
		if journal.Files[i] != c.Path {
			t.Errorf("entry %d is about %q, want %q", i, journal.Files[i], c.Path)
		}
		got, err := os.ReadFile(filepath.Join(dir, "files", filepath.FromSlash(c.Path)))
		if err != nil || string(got) != string(c.Old) {
			t.Errorf("%s: kept %q, %v, want %q", c.Path, got, err, c.Old)
		}
	}

	// A later backup leaves the earlier one alone.
	second, err := Backup(root, changes[:1], now.Add(time.Nanosecond))
	if err != nil || second == dir {
		t.Errorf("the second backup is %s, %v", second, err)
	}
	if second < dir {
		t.Errorf("by name %s comes before %s", second, dir)
	}
}

func TestBackupFails(t *testing.T) {
	root := t.TempDir()
	put(t, root, ".unleak", "a file where the folder should be", 0o644)
	if _, err := Backup(root, []Change{{"a", []byte("x"), nil}}, time.Unix(0, 0)); err == nil || !strings.Contains(err.Error(), "backup") {
		t.Errorf("got %v", err)
	}
}
