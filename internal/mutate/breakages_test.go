package main

import "testing"

// TestBreakagesApply keeps the breakages true to the code: each names one place.
// Whether the tests notice them is asked by `go run ./internal/mutate -breakages`.
func TestBreakagesApply(t *testing.T) {
	all, err := breakages()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 30 {
		t.Errorf("only %d breakages", len(all))
	}
	for _, b := range all {
		if _, err := b.apply("../.."); err != nil {
			t.Error(err)
		}
	}
}
