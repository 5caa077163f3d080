package wordset

import (
	"slices"
	"strings"
	"testing"
)

// TestEach: what is asked for is told where it stands, and nothing is that is only a part of
// another word.
func TestEach(t *testing.T) {
	long := strings.Repeat("x", 70)
	var s, other Set
	s.Add("on", "a", "$", "$_", "x9", long)
	other.AddPrefix("boot", long[:65])
	other.AddSigns("'")
	s.AddAll(&other)
	for _, tt := range []struct{ text, want string }{
		{"", ""},
		{"on", "on"},
		{"x.on(a, only, don, one, on_)", "on a"},
		{"éon onè on", "on"}, // the letters around are of two bytes each
		{"\ufeffon on", "on on"},
		{"boot bootstrap boo", "boot bootstrap"},
		{"$.$_ $$ _$", "$ $_"},
		{"x9 x", "x9"},
		{"'on'", "' on '"},
		{long + " " + long + "y " + long[1:] + "z", long + " " + long + "y " + long[1:] + "z"},
	} {
		var got []string
		s.Each([]byte(tt.text), func(start, end int) bool { got = append(got, tt.text[start:end]); return true })
		if want := strings.Fields(tt.want); !slices.Equal(got, want) {
			t.Errorf("%q: told %q, want %q", tt.text, got, want)
		}
	}
}

// TestEachStops: who has heard enough is not told more.
func TestEachStops(t *testing.T) {
	var s Set
	s.Add("on")
	s.AddSigns(";")
	for _, most := range []int{1, 2} {
		n := 0
		s.Each([]byte("on; on;"), func(int, int) bool { n++; return n < most })
		if n != most {
			t.Errorf("told %d times, want %d", n, most)
		}
	}
}
