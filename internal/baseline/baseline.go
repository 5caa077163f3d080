// Package baseline tells known findings from new ones. It knows files, and what
// their findings are recognised by, and nothing of leaks.
//
// A saved finding makes at most one finding known. Which one is decided in this
// order, so that no new finding hides behind an old one: within a file, what has
// the same fingerprint and the same text; what has the same text among the same
// names, in whatever order it stands now; what has the same fingerprint though its
// text was edited. What a file had is looked for under another name only if the
// file is gone, and only in a file that the baseline does not know, that reads
// alike, and that acquires all that the old one had.
package baseline

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Version of the format.
const Version = 1

// Baseline is a saved scan.
type Baseline struct {
	Version int    `json:"version"`
	Files   []File `json:"files"`
}

// File is one file with findings. Path is relative to the project's root, with /.
type File struct {
	Path     string    `json:"path"`
	Sketch   Sketch    `json:"sketch"`
	Findings []Finding `json:"findings"`
}

// Finding is what one finding is recognised by.
type Finding struct {
	Kind        string `json:"kind"`
	Fingerprint string `json:"fingerprint"`
	Shape       string `json:"shape"` // the fingerprint without the path
	Gist        string `json:"gist"`  // its text and the names around it
}

// Now is a file as it is now, with the shapes of all that it acquires.
type Now struct {
	File
	Shapes map[string]bool
}

// Sketch is a small sample of the hashes of a file's lines, ascending.
type Sketch []uint32

// SketchSize bounds a sketch.
const SketchSize = 16

// MarshalText writes the hashes one behind the other.
func (s Sketch) MarshalText() ([]byte, error) {
	var b []byte
	for _, h := range s {
		b = fmt.Appendf(b, "%08x", h)
	}
	return b, nil
}

// UnmarshalText reads them.
func (s *Sketch) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(string(text))
	if err != nil || len(raw)%4 != 0 || len(raw) > 4*SketchSize {
		return fmt.Errorf("%q is not a sketch", text)
	}
	*s = nil
	for ; len(raw) > 0; raw = raw[4:] {
		*s = append(*s, uint32(raw[0])<<24|uint32(raw[1])<<16|uint32(raw[2])<<8|uint32(raw[3]))
	}
	return nil
}

// alike estimates which part of the lines of two files they have in common.
func (s Sketch) alike(t Sketch) float64 {
	all := slices.Concat(s, t)
	slices.Sort(all)
	all = slices.Compact(all)
	all = all[:min(len(all), SketchSize)]
	both := 0
	for _, h := range all {
		_, a := slices.BinarySearch(s, h)
		_, b := slices.BinarySearch(t, h)
		if a && b {
			both++
		}
	}
	return float64(both) / float64(max(1, len(all)))
}

// enough is how alike a renamed file must be.
const enough = 0.5

// Sort brings files and findings into the order in which they are written.
func (b *Baseline) Sort() {
	slices.SortFunc(b.Files, func(x, y File) int { return strings.Compare(x.Path, y.Path) })
	for _, f := range b.Files {
		slices.SortFunc(f.Findings, func(x, y Finding) int {
			return cmp.Or(strings.Compare(x.Kind, y.Kind), strings.Compare(x.Fingerprint, y.Fingerprint))
		})
	}
}

// Encode writes a baseline, one finding a line, so that its changes read well.
func (b *Baseline) Encode() []byte {
	out := fmt.Appendf(nil, "{\n  \"version\": %d,\n  \"files\": [", Version)
	for i, f := range b.Files {
		path, sketch := quote(f.Path), quote(f.Sketch)
		out = fmt.Appendf(out, "%s\n    {\n      \"path\": %s,\n      \"sketch\": %s,\n      \"findings\": [", comma(i), path, sketch)
		for k, x := range f.Findings {
			out = fmt.Appendf(out, "%s\n        %s", comma(k), quote(x))
		}
		out = append(out, "\n      ]\n    }"...)
	}
	if len(b.Files) > 0 {
		out = append(out, "\n  "...)
	}
	return append(out, "]\n}\n"...)
}

func comma(i int) string {
	if i == 0 {
		return ""
	}
	return ","
}

func quote(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // strings only: cannot fail
	return bytes.TrimSpace(b.Bytes())
}

// Read reads a saved baseline. name is for the message, which is one line.
func Read(file, name string) (*Baseline, error) {
	if info, err := os.Stat(file); err == nil && info.Mode()&os.ModeDevice != 0 { // it may have no end
		return nil, fmt.Errorf("%s is a device, and no baseline", name)
	}
	data, err := os.ReadFile(file)
	return decoded(data, err, name)
}

// ReadIn is Read for a file of a tree, given by its path in it.
func ReadIn(tree fs.FS, file, name string) (*Baseline, error) {
	data, err := fs.ReadFile(tree, path.Clean(file))
	return decoded(data, err, name)
}

func decoded(data []byte, err error, name string) (*Baseline, error) {
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("baseline %s: is not there; `unleak baseline -o FILE` writes one", name)
		}
		return nil, fmt.Errorf("baseline %s: %w", name, err)
	}
	b, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("baseline %s: %w", name, err)
	}
	return b, nil
}

// Decode reads what Encode wrote.
func Decode(data []byte) (*Baseline, error) {
	var b Baseline
	d := json.NewDecoder(bytes.NewReader(data))
	if err := d.Decode(&b); err != nil {
		var se *json.SyntaxError
		if errors.As(err, &se) {
			return nil, fmt.Errorf("line %d: %w", 1+bytes.Count(data[:min(int(se.Offset), len(data))], []byte("\n")), err)
		}
		return nil, fmt.Errorf("is no baseline: %w", err)
	}
	switch {
	case b.Version == 0:
		return nil, errors.New("is no baseline: it has no version")
	case b.Version > Version:
		return nil, fmt.Errorf("has version %d, and this unleak reads versions up to %d", b.Version, Version)
	}
	for _, f := range b.Files {
		for _, x := range f.Findings {
			if f.Path == "" || x.Fingerprint == "" {
				return nil, errors.New("is no baseline: a finding has no path or no fingerprint")
			}
		}
	}
	return &b, nil
}
