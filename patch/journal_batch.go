package patch

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// record is one change in a batch. The file of a batch holds the records in its
// first line, as JSON, and then what was in the files, in the same order.
type record struct {
	Path    string   `json:"path"`
	Created bool     `json:"created,omitempty"`
	Size    int      `json:"size"` // of what was there
	Old     string   `json:"old"`  // the sum of that
	New     string   `json:"new"`
	Temp    string   `json:"temp"`              // by way of which it is written
	Folders []string `json:"folders,omitempty"` // made for it, the innermost first
}

// kept is a record with what was there.
type kept struct {
	record
	content []byte
}

// absent is the sum of a file that is not there.
const absent = "absent"

func sum(content []byte) string {
	s := sha256.Sum256(content)
	return hex.EncodeToString(s[:])
}

// writeBatch puts a batch in place, whole and on the disk.
func writeBatch(name string, records []record, changes []Change, step func(string)) error {
	head, err := json.Marshal(records)
	if err != nil {
		return err
	}
	step("batch")
	tmp, err := os.OpenFile(name+".tmp", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(tmp)
	_, err = w.Write(append(head, '\n'))
	for _, c := range changes {
		if err == nil {
			_, err = w.Write(c.Old)
		}
	}
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = tmp.Sync()
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	step("batch rename")
	if err := os.Rename(tmp.Name(), name); err != nil {
		return err
	}
	step("batch renamed")
	return syncDir(filepath.Dir(name))
}

// batchesOf lists the batches of a run, in order.
func batchesOf(dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(escape(dir), "*"+batchEnd))
	slices.Sort(names)
	return names, err
}

// escape makes a pattern of a path that matches it and nothing else.
func escape(file string) string {
	var b bytes.Buffer
	for i := range len(file) {
		if c := file[i]; c == '*' || c == '?' || c == '[' || c == '\\' && os.PathSeparator != '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(file[i])
	}
	return b.String()
}

func readHead(name string) ([]record, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadBytes('\n')
	if err != nil {
		return nil, damaged(name)
	}
	var head []record
	if json.Unmarshal(line, &head) != nil {
		return nil, damaged(name)
	}
	return head, nil
}

// readBatch reads a batch; it fails if anything is missing or was changed.
func readBatch(name string) ([]kept, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	line, rest, ok := bytes.Cut(data, []byte("\n"))
	var head []record
	if !ok || json.Unmarshal(line, &head) != nil {
		return nil, damaged(name)
	}
	out := make([]kept, len(head))
	for i, rec := range head {
		if rec.Size < 0 || rec.Size > len(rest) || !rec.Created && sum(rest[:rec.Size]) != rec.Old {
			return nil, damaged(name)
		}
		out[i] = kept{rec, rest[:rec.Size:rec.Size]}
		rest = rest[rec.Size:]
	}
	return out, nil
}

func damaged(name string) error {
	return fmt.Errorf("%s: is damaged; nothing is restored from it", name)
}
