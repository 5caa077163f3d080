package project

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestPostings(t *testing.T) {
	var p postings
	var want []int32
	for id := int32(0); id < 1<<22; id += 1 + rand.Int32N(1+id) {
		p.add(id)
		want = append(want, id)
	}
	if got := slices.Collect(p.all()); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for range p.all() {
		break
	}
}

func TestPaths(t *testing.T) {
	var p paths
	want := []string{"a.ts", "a.ts", "a.tsx", "a.t", "src/ä/b.ts", "src/ö/b.ts", "", "b"}
	for i := range 100 {
		want = append(want, fmt.Sprintf("src/%d/x%d.ts", i/7, rand.IntN(1000)))
	}
	for i, path := range want {
		if id := p.add(path); id != int32(i) {
			t.Fatalf("%q has number %d, want %d", path, id, i)
		}
	}
	for _, i := range rand.Perm(len(want)) {
		if got := p.at(int32(i)); got != want[i] {
			t.Errorf("%d is %q, want %q", i, got, want[i])
		}
	}
}
