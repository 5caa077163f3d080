package transforms

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

var variants = flag.Int("variants", 4, "how many variants TestShapes makes of each example; TestBytes makes three times as many")

// example is one file of a case, in the project of the case.
type example struct {
	name string // "lock/class/a.ts"
	rel  string
	text string
	d    *Detector
}

// examples are the files of all the cases there are: the kinds' own, and those of
// no single kind.
func examples(t testing.TB) []example {
	t.Helper()
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	add := func(group string, style Style, cases []Case) {
		for _, c := range cases {
			dir := t.TempDir()
			if err := c.Put(dir); err != nil {
				t.Fatal(err)
			}
			p, err := project.Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			d := NewDetector(p, kinds, true)
			d.Style = style
			for _, rel := range slices.Sorted(maps.Keys(c.Files)) {
				if isExample(rel) {
					out = append(out, example{group + "/" + c.Name + "/" + rel, rel, c.Files[rel], d})
				}
			}
		}
	}
	for _, k := range kinds {
		add(k.Name, Style{}, k.Cases)
	}
	for pattern, style := range map[string]Style{"testdata/*.txtar": {}, "testdata/using/*.txtar": {Using: true}} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no cases", err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			cases, err := ParseCases(file, data)
			if err != nil {
				t.Fatal(err)
			}
			add(strings.TrimSuffix(filepath.Base(file), ".txtar"), style, cases)
		}
	}
	slices.SortFunc(out, func(a, b example) int { return strings.Compare(a.name, b.name) })
	return out
}

// TestShapes changes the trees of the examples: see shape. The variants are the same
// on every run, and those of one example do not depend on the others.
func TestShapes(t *testing.T) { eachVariant(t, 1, shape) }

// TestBytes changes the bytes of the examples: see mangle.
func TestBytes(t *testing.T) { eachVariant(t, 3, mangle) }

func eachVariant(t *testing.T, times int, vary func(example, *rand.Rand) []byte) {
	n := *variants * times
	if testing.Short() {
		n = times
	}
	var tried, mended atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d variants, %d of them mended", tried.Load(), mended.Load())
		if mended.Load()*10 < tried.Load() {
			t.Error("too few variants have anything to mend")
		}
	})
	for _, e := range examples(t) {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			h := fnv.New64a()
			h.Write([]byte(e.name))
			first := int64(h.Sum64())
			for i := range int64(n + 1) {
				src := []byte(e.text) // as it is, with all offers
				if i > 0 {
					src = vary(e, rand.New(rand.NewSource(first+i)))
				}
				some, err := checkMend(t.Context(), e.d, e.rel, src)
				if err != nil {
					t.Errorf("variant %d: %v", i, err)
				}
				if tried.Add(1); some {
					mended.Add(1)
				}
			}
		})
	}
}

// checkMend mends any text: the program must not panic, must not write what it
// cannot read back, and must have nothing more to do when it is run again. A fix
// that is dropped by verification is an error, too: it should have been refused.
func checkMend(ctx context.Context, d *Detector, rel string, src []byte) (mended bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s\nin:\n%s", p, debug.Stack(), src)
		}
	}()
	if !d.IsCandidate(src) {
		return false, nil
	}
	before, err := syntax.Parse(ctx, rel, src)
	if err != nil {
		return false, err
	}
	m, bad, err := mendCase(ctx, d, rel, string(src))
	if err != nil {
		return false, err
	}
	if len(bad) > 0 {
		return false, fmt.Errorf("%s\n%s\nbefore:\n%s", bad[0].Text, bad[0].Diff, src)
	}
	if m.New == nil {
		return false, nil
	}
	after, err := syntax.Parse(ctx, rel, m.New)
	if err != nil {
		return false, err
	}
	if after.Errors() > before.Errors() {
		return false, fmt.Errorf("parses worse:\n%s", m.New)
	}
	if msg := secondOpinion(rel, src, m.New); msg != "" {
		return false, fmt.Errorf("esbuild: %s\n%s", msg, m.New)
	}
	return true, nil
}
