package analysis

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Record is one line of a history: what one analysis counted.
type Record struct {
	Made     time.Time      `json:"made"`
	Commit   string         `json:"commit"`
	Leaks    int            `json:"leaks"`
	ByPhase  map[string]int `json:"byPhase"`
	Packages map[string]int `json:"packages"`
	High     int64          `json:"high"` // bytes, under heavy use
}

func (a *Analysis) record() Record {
	r := Record{Made: a.Made, Commit: a.Commit, Leaks: a.Overview.Leaks, ByPhase: map[string]int{}, Packages: map[string]int{}}
	for _, p := range a.Phases {
		r.ByPhase[string(p.Phase)] = p.Leaks
	}
	for _, s := range a.Impact.Packages {
		r.Packages[s.Package] = s.Leaks
		r.High += s.High
	}
	return r
}

// trend is a history with one more record, in order of time. A commit has one: what
// was counted of it last.
func trend(history []Record, now Record) []Record {
	out := slices.DeleteFunc(slices.Clone(history), func(r Record) bool { return now.Commit != "" && r.Commit == now.Commit })
	out = append(out, now)
	slices.SortStableFunc(out, func(a, b Record) int { return a.Made.Compare(b.Made) })
	return out
}

// ReadHistory reads what WriteHistory wrote: a JSON object on each line. The error
// names the line.
func ReadHistory(data []byte) ([]Record, error) {
	var out []Record
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, len(data)+1)
	for n := 1; lines.Scan(); n++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var r Record
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("line %d is no record of a history: %w", n, err)
		}
		if r.Made.IsZero() || r.Leaks < 0 {
			return nil, fmt.Errorf("line %d is no record of a history: it has no date", n)
		}
		out = append(out, r)
	}
	return out, lines.Err()
}

// WriteHistory writes records, one a line, so that changes read well in a diff.
func WriteHistory(records []Record) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range records {
		if r.ByPhase == nil {
			r.ByPhase = map[string]int{}
		}
		if r.Packages == nil {
			r.Packages = map[string]int{}
		}
		maps.DeleteFunc(r.Packages, func(_ string, n int) bool { return n == 0 })
		_ = e.Encode(r) // numbers, words and dates can be written
	}
	return b.Bytes()
}
