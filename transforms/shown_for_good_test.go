package transforms

import (
	"os"
	"testing"
)

// TestShownForGood runs the cases that hold only where all files of the project are found.
func TestShownForGood(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const file = "testdata/root/for_good.txtar"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cases, err := ParseCases(file, data)
	if err != nil || len(cases) == 0 {
		t.Fatal("no cases", err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) { runCase(t, kinds, file, c) })
	}
}
