package github

import (
	"reflect"
	"testing"
)

func TestHunks(t *testing.T) {
	for diff, want := range map[string][]Lines{
		"@@ -1,3 +1,4 @@ func x() {\n a\n+b\n c\n d\n@@ -20 +22,2 @@\n+@@ -7 +8 @@\n-x\n@@ -30,2 +33 @@\n": {{1, 4}, {22, 23}, {33, 33}},
		"@@ -1,3 +0,0 @@\n-a\n":          nil,
		"@@ -0,0 +1 @@\n+a\n":            {{1, 1}},
		"":                               nil,
		"@@ -a +b @@\n@@ -1\n@@ -1 +2\n": nil,
	} {
		if got := hunks(diff); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", diff, got, want)
		}
	}
}
