package transforms

import (
	"os"
	"testing"
)

// TestUsing runs the cases of `using`: what is declared so, and what is said
// where it cannot be.
func TestUsing(t *testing.T) {
	const file = "testdata/using/cases.txtar"
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ParseCases(file, data)
	if err != nil {
		t.Fatal(err)
	}
	style := Style{Using: true}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { testCaseIn(t, style, kinds, file, c) })
	}
	saidIn(t, style, kinds, "using", cases)
}
