package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// writing is a host of which only pushes and comments are used.
type writing struct {
	forge.Host
	pushed int
	err    error
}

func (w *writing) Push(context.Context, vcs.Update) error { w.pushed++; return w.err }

func (w *writing) Ready(context.Context, string, vcs.Hash) (vcs.Hash, error) { return "made", nil }

// TestWriter: a line before, a line after, with how it ended; and nothing without
// the first.
func TestWriter(t *testing.T) {
	var out bytes.Buffer
	w := Writer{Who: "token 0123 on h", Repository: "a/b", Sink: Log(slog.NewJSONHandler(&out, nil))}
	inner := &writing{err: errors.New("it moved")}
	if err := w.Host(inner).Push(context.Background(), vcs.Update{Branch: "unleak/x", Old: "1", New: "2"}); err != inner.err {
		t.Errorf("%v", err)
	}
	var ids []string
	for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r["id"].(string))
		want := []string{"before", "after"}[i]
		if r["stage"] != want || r["operation"] != Push || r["branch"] != "unleak/x" || r["was"] != "1" || r["is"] != "2" || r["who"] != w.Who || (r["outcome"] == "it moved") != (i == 1) {
			t.Errorf("%s", line)
		}
	}
	if len(ids) != 2 || ids[0] != ids[1] {
		t.Errorf("%v", ids)
	}
	w.Sink = func(context.Context, Record) error { return errors.New("disk full") }
	if err := w.Host(inner).Push(context.Background(), vcs.Update{}); err == nil || inner.pushed != 1 {
		t.Errorf("pushed %d times, %v", inner.pushed, err)
	}
	// That a write is done is said, though its end could not be kept.
	n := 0
	w.Sink = func(context.Context, Record) error {
		if n++; n == 2 {
			return errors.New("disk full")
		}
		return nil
	}
	w.Readies = true
	if made, err := w.Host(inner).Ready(context.Background(), "main", "x"); made != "made" || err == nil || !strings.Contains(err.Error(), "lacks how a write ended") {
		t.Errorf("%s %v", made, err)
	}
	w.Readies = false
	if made, err := w.Host(inner).Ready(context.Background(), "main", "x"); made != "made" || err != nil || n != 2 {
		t.Errorf("%s %v, %d records", made, err, n)
	}
}
