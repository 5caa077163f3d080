package transforms

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// FuzzMend is TestBytes at random, led by what the program has not done yet.
func FuzzMend(f *testing.F) {
	all := examples(f)
	for i := 0; i < len(all); i += 10 {
		f.Add(all[i].rel, []byte(all[i].text))
	}
	d := all[0].d
	f.Fuzz(func(t *testing.T, name string, src []byte) {
		if !syntax.Supported(name) || len(src) > 1<<14 {
			return
		}
		if _, err := checkMend(t.Context(), d, name, src); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzShape is TestShapes at random.
func FuzzShape(f *testing.F) {
	all := examples(f)
	f.Add(uint16(0), int64(0))
	f.Fuzz(func(t *testing.T, which uint16, seed int64) {
		e := all[int(which)%len(all)]
		if _, err := checkMend(t.Context(), e.d, e.rel, shape(e, rand.New(rand.NewSource(seed)))); err != nil {
			t.Fatalf("of %s: %v", e.name, err)
		}
	})
}

// FuzzKind reads any text as a kind: a kind or an error with a place, no panic.
func FuzzKind(f *testing.F) {
	files, err := builtin.ReadDir("kinds")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range files {
		data, err := builtin.ReadFile("kinds/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		head, _, _ := bytes.Cut(data, []byte("\n-- "))
		f.Add(head)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := ParseKind("kinds/x.txtar", data)
		if err != nil {
			if e, ok := err.(*KindError); !ok || e.Line < 1 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		if len(k.Acquire) == 0 || len(k.Release) == 0 {
			t.Fatal("a kind without a law")
		}
	})
}
