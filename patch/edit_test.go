package patch

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestApply(t *testing.T) {
	const src = "abcdef"
	tests := []struct {
		name  string
		edits []Edit
		want  string
	}{
		{"none", nil, "abcdef"},
		{"insert", []Edit{{2, 2, "X"}}, "abXcdef"},
		{"insert at both ends", []Edit{{6, 6, "Y"}, {0, 0, "X"}}, "XabcdefY"},
		{"delete", []Edit{{1, 3, ""}}, "adef"},
		{"replace", []Edit{{1, 3, "XYZ"}}, "aXYZdef"},
		{"replace all", []Edit{{0, 6, ""}}, ""},
		{"out of order", []Edit{{4, 5, "E"}, {0, 1, "A"}, {2, 2, "-"}}, "Ab-cdEf"},
		{"neighbours", []Edit{{1, 2, "B"}, {2, 3, "C"}}, "aBCdef"},
		{"insertion before a replacement", []Edit{{2, 4, "X"}, {2, 2, "-"}}, "ab-Xef"},
		{"insertion behind a replacement", []Edit{{4, 4, "-"}, {2, 4, "X"}}, "abX-ef"},
		{"insertions at both of its ends", []Edit{{4, 4, "2"}, {2, 2, "1"}, {2, 4, ""}}, "ab12ef"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			given := slices.Clone(tt.edits)
			got, err := Apply([]byte(src), tt.edits)
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if !slices.Equal(given, tt.edits) {
				t.Error("Apply changed the order of its argument")
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	tests := []struct {
		name     string
		a, b     Edit
		conflict bool
	}{
		{"two insertions at one point", Edit{2, 2, "x"}, Edit{2, 2, "y"}, true},
		{"the same insertion twice", Edit{2, 2, "x"}, Edit{2, 2, "x"}, true},
		{"insertions apart", Edit{2, 2, "x"}, Edit{3, 3, "y"}, false},
		{"overlap", Edit{1, 3, "x"}, Edit{2, 4, "y"}, true},
		{"one within the other", Edit{0, 6, "x"}, Edit{2, 3, "y"}, true},
		{"same range", Edit{1, 3, "x"}, Edit{1, 3, "y"}, true},
		{"same start", Edit{1, 3, "x"}, Edit{1, 2, "y"}, true},
		{"same end", Edit{1, 3, "x"}, Edit{2, 3, "y"}, true},
		{"neighbours", Edit{1, 3, "x"}, Edit{3, 4, "y"}, false},
		{"insertion within", Edit{1, 3, "x"}, Edit{2, 2, "y"}, true},
		{"insertion before", Edit{1, 3, "x"}, Edit{1, 1, "y"}, false},
		{"insertion behind", Edit{1, 3, "x"}, Edit{3, 3, "y"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, edits := range [][]Edit{{tt.a, tt.b}, {tt.b, tt.a}} {
				_, err := Apply([]byte("abcdef"), edits)
				var overlap *Overlap
				if errors.As(err, &overlap) != tt.conflict {
					t.Fatalf("%s: %v", edits, err)
				}
				if !tt.conflict {
					continue
				}
				if !slices.Contains(edits, overlap.A) || !slices.Contains(edits, overlap.B) {
					t.Errorf("the conflict names %s and %s", overlap.A, overlap.B)
				}
				if s := err.Error(); !strings.Contains(s, tt.a.String()) || !strings.Contains(s, tt.b.String()) {
					t.Errorf("the message is %q", s)
				}
			}
		})
	}
}

// A conflict with an edit that lies further back is found as well.
func TestConflictFar(t *testing.T) {
	_, err := Sort([]Edit{{0, 9, "a"}, {10, 12, "b"}, {1, 2, "c"}})
	var overlap *Overlap
	if !errors.As(err, &overlap) {
		t.Errorf("got %v", err)
	}
}

func TestApplyOutside(t *testing.T) {
	for _, e := range []Edit{{-1, 0, "x"}, {-1, 2, "x"}, {0, 7, "x"}, {7, 7, "x"}, {9, 12, "x"}, {3, 2, "x"}} {
		got, err := Apply([]byte("abcdef"), []Edit{e})
		if err == nil {
			t.Errorf("%s was applied: %q", e, got)
		}
		var overlap *Overlap
		if errors.As(err, &overlap) {
			t.Errorf("%s conflicts with itself", e)
		}
	}
}

func TestMerge(t *testing.T) {
	tests := []struct {
		name    string
		a, b    []Edit
		want    []Edit
		overlap bool
	}{
		{"nothing", nil, nil, nil, false},
		{"one side", nil, []Edit{{1, 2, "x"}}, []Edit{{1, 2, "x"}}, false},
		{"apart", []Edit{{5, 6, "y"}}, []Edit{{1, 2, "x"}}, []Edit{{1, 2, "x"}, {5, 6, "y"}}, false},
		{"in both", []Edit{{1, 2, "x"}}, []Edit{{1, 2, "x"}, {3, 3, "z"}}, []Edit{{1, 2, "x"}, {3, 3, "z"}}, false},
		{"same range, other text", []Edit{{1, 2, "x"}}, []Edit{{1, 2, "y"}}, nil, true},
		{"insertions at one point", []Edit{{1, 1, "x"}}, []Edit{{1, 1, "y"}}, nil, true},
		{"the same insertion", []Edit{{1, 1, "x"}}, []Edit{{1, 1, "x"}}, nil, true},
		{"one of several conflicts", []Edit{{1, 1, "x"}, {8, 9, ""}}, []Edit{{4, 4, "y"}, {7, 9, "z"}}, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := slices.Clone(tt.a), slices.Clone(tt.b)
			got, err := Merge(tt.a, tt.b)
			var overlap *Overlap
			if errors.As(err, &overlap) != tt.overlap {
				t.Fatalf("got %v", err)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if !slices.Equal(a, tt.a) || !slices.Equal(b, tt.b) {
				t.Error("Merge changed its arguments")
			}
		})
	}
}

// model applies edits to a text of cells: each byte with what replaces it, each
// gap with what is inserted there. ok is false where two edits meet.
func model(src string, edits []Edit) (out string, ok bool) {
	gaps := make([]*string, len(src)+1)
	within := make([]bool, len(src)+1) // the gap lies within a replacement
	owner := make([]int, len(src))
	for i, e := range edits {
		if e.Start == e.End {
			if gaps[e.Start] != nil {
				return "", false
			}
			gaps[e.Start] = &e.New
			continue
		}
		for at := e.Start; at < e.End; at++ {
			if owner[at] != 0 {
				return "", false
			}
			owner[at] = i + 1
			within[at] = within[at] || at > e.Start
		}
	}
	for at := 0; at <= len(src); at++ {
		if gaps[at] != nil {
			if within[at] {
				return "", false
			}
			out += *gaps[at]
		}
		if at == len(src) {
			break
		}
		switch i := owner[at]; {
		case i == 0:
			out += src[at : at+1]
		case edits[i-1].Start == at:
			out += edits[i-1].New
		}
	}
	return out, true
}

func checkApply(t *testing.T, src string, edits []Edit) {
	t.Helper()
	want, ok := model(src, edits)
	got, err := Apply([]byte(src), edits)
	var overlap *Overlap
	switch {
	case ok && (err != nil || string(got) != want):
		t.Errorf("%v on %q: got %q, %v, want %q", edits, src, got, err, want)
	case !ok && !errors.As(err, &overlap):
		t.Errorf("%v on %q: got %q, %v, want a conflict", edits, src, got, err)
	}
	if !ok {
		return
	}
	sorted, err := Sort(edits)
	if err != nil || len(sorted) != len(edits) {
		t.Errorf("%v: sorted to %v, %v", edits, sorted, err)
	}
	for i := 1; i < len(sorted); i++ {
		if sorted[i-1].End > sorted[i].Start {
			t.Errorf("%v: sorted to %v", edits, sorted)
		}
	}
	half := len(edits) / 2
	merged, err := Merge(edits[:half], edits[half:])
	if err != nil || !slices.Equal(merged, sorted) {
		t.Errorf("%v: merged to %v, %v, want %v", edits, merged, err, sorted)
	}
}

func TestApplyModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	conflicts := 0
	const rounds = 20_000
	for range rounds {
		src := "abcdefghijkl"[:rng.IntN(13)]
		var edits []Edit
		for range rng.IntN(5) {
			start := rng.IntN(len(src) + 1)
			end := start
			if rng.IntN(2) == 0 {
				end += rng.IntN(min(4, len(src)-start+1))
			}
			edits = append(edits, Edit{start, end, "XYZ"[:rng.IntN(4)]})
		}
		if _, ok := model(src, edits); !ok {
			conflicts++
		}
		checkApply(t, src, edits)
	}
	if conflicts == 0 || conflicts > rounds*9/10 {
		t.Errorf("%d of %d rounds conflict: the rounds say little", conflicts, rounds)
	}
}

// FuzzApply reads edits from bytes, three for each: start, length, new text.
func FuzzApply(f *testing.F) {
	f.Add("abcdef", []byte{0, 1, 1})
	f.Add("abcdef", []byte{2, 0, 1, 2, 0, 2})
	f.Add("abcdef", []byte{1, 3, 0, 4, 0, 2, 1, 0, 1})
	f.Add("", []byte{0, 0, 3})
	f.Fuzz(func(t *testing.T, src string, data []byte) {
		if len(src) > 200 {
			return
		}
		var edits []Edit
		for ; len(data) >= 3 && len(edits) < 12; data = data[3:] {
			start := int(data[0]) % (len(src) + 1)
			end := min(start+int(data[1])%8, len(src))
			edits = append(edits, Edit{start, end, strings.Repeat("+", int(data[2])%4)})
		}
		checkApply(t, src, edits)
	})
}
