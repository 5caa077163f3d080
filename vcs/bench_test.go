package vcs

import (
	"fmt"
	"testing"
)

// large makes a repository of 10,000 files with a history, by git fast-import.
func BenchmarkX(b *testing.B) {
	cleanEnv(b)
	dir := "/tmp/gc/big.git"
	r, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	base, err := r.Resolve("main")
	if err != nil {
		b.Fatal(err)
	}
	for _, bulk := range []bool{true, false} {
		r.bulk = bulk
		b.Run(fmt.Sprint("files ", bulk), func(b *testing.B) {
			for b.Loop() {
				n := 0
				if err := r.Files(base, func(Entry) error { n++; return nil }); err != nil || n != 10000 {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprint("extract ", bulk), func(b *testing.B) {
			for b.Loop() {
				if err := r.Extract(b.Context(), base, b.TempDir(), func(Entry) bool { return true }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
