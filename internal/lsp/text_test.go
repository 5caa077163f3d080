package lsp

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestOffset(t *testing.T) {
	const text = "ab\n\r\nä🚢c\r\nx\ry"
	for _, c := range []struct {
		units           encoding
		line, character uinteger
		want            int
	}{
		{utf16Units, 0, 0, 0}, {utf16Units, 0, 2, 2}, {utf16Units, 0, 3, 2}, {utf16Units, 0, 1 << 30, 2},
		{utf16Units, 1, 0, 3}, {utf16Units, 1, 1, 3}, // an empty line, not within its end
		{utf16Units, 2, 0, 5}, {utf16Units, 2, 1, 7}, {utf16Units, 2, 3, 11}, {utf16Units, 2, 4, 12}, {utf16Units, 2, 9, 12},
		{utf16Units, 2, 2, 7}, // within a character: before it
		{utf8Units, 2, 2, 7}, {utf8Units, 2, 6, 11}, {utf8Units, 2, 5, 7}, {utf8Units, 2, 7, 12},
		{utf32Units, 2, 1, 7}, {utf32Units, 2, 2, 11}, {utf32Units, 2, 3, 12},
		{utf16Units, 3, 0, 14}, {utf16Units, 3, 1, 15}, {utf16Units, 4, 0, 16}, // \r ends a line
		{utf16Units, 4, 1, 17}, {utf16Units, 5, 0, 17}, {utf16Units, 1 << 30, 7, 17},
	} {
		if got := c.units.offset([]byte(text), position{c.line, c.character}); got != c.want {
			t.Errorf("%s %d:%d: got %d, want %d", c.units, c.line, c.character, got, c.want)
		}
	}
}

// TestPositions: where an offset between two characters lies is at that offset, but
// within the end of a line, which is no place.
func TestPositions(t *testing.T) {
	for _, text := range []string{"", "\n", "\r", "\r\n", "ab\n\r\nä🚢c\r\nx\ry\n", "\ufeffa\n", strings.Repeat("🚢\r\n", 9)} {
		for _, units := range []encoding{utf8Units, utf16Units, utf32Units} {
			l := newLines([]byte(text), units)
			for at := range len(text) + 1 {
				if at < len(text) && !utf8.RuneStart(text[at]) || within(l.src, at) {
					continue
				}
				if got := units.offset(l.src, l.position(at)); got != at {
					t.Errorf("%q %s: %d lies at %v, which is %d", text, units, at, l.position(at), got)
				}
			}
		}
	}
}

func TestApply(t *testing.T) {
	at := func(line, character, endLine, endCharacter int) *span {
		return &span{position{uinteger(line), uinteger(character)}, position{uinteger(endLine), uinteger(endCharacter)}}
	}
	for name, c := range map[string]struct {
		text    string
		changes []change
		want    string
	}{
		"none":                     {"a", nil, "a"},
		"all of it":                {"a", []change{{nil, "b"}}, "b"},
		"an insertion":             {"a🚢b", []change{{at(0, 3, 0, 3), "x"}}, "a🚢xb"},
		"one after the other":      {"ab", []change{{at(0, 0, 0, 1), "xyz"}, {at(0, 3, 0, 4), ""}}, "xyz"},
		"over lines, CRLF":         {"a\r\nb\r\nc", []change{{at(0, 1, 2, 0), "\r\n"}}, "a\r\nc"},
		"a line end":               {"a\r\nb", []change{{at(0, 1, 1, 0), ""}}, "ab"},
		"the end before the start": {"abc", []change{{at(0, 2, 0, 1), "x"}}, "axc"},
		"far behind the end":       {"a\n", []change{{at(900, 7, 901, 7), "b"}}, "a\nb"},
		"a range, then all of it":  {"a", []change{{at(0, 0, 0, 1), "x"}, {nil, "b"}, {at(0, 1, 0, 1), "c"}}, "bc"},
		"half a character":         {"🚢", []change{{at(0, 1, 0, 1), "x"}}, "x🚢"},
	} {
		src := []byte(c.text)
		got, err := utf16Units.apply(src, c.changes)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
		if string(src) != c.text {
			t.Errorf("%s: the text before is %q now", name, src)
		}
	}
}

// model is a text as an editor that counts in UTF-16 may have it.
type model struct{ units []uint16 }

func (m *model) lines() []int {
	starts := []int{0}
	for i, u := range m.units {
		if u == '\n' || u == '\r' && (i+1 == len(m.units) || m.units[i+1] != '\n') {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// position is that of a unit; ok is false where no client may edit.
func (m *model) position(at int) (p position, ok bool) {
	starts := m.lines()
	line := len(starts) - 1
	for starts[line] > at {
		line--
	}
	ok = at == 0 || at == len(m.units) || !(m.units[at-1] == '\r' && m.units[at] == '\n') && !utf16.IsSurrogate(rune(m.units[at])) || at < len(m.units) && m.units[at] >= 0xD800 && m.units[at] < 0xDC00
	return position{uinteger(line), uinteger(at - starts[line])}, ok
}

func (m *model) replace(from, to int, text string) {
	m.units = append(append(append([]uint16{}, m.units[:from]...), utf16.Encode([]rune(text))...), m.units[to:]...)
}

// FuzzApply: what changes make of a text is what another way of counting makes of it.
func FuzzApply(f *testing.F) {
	f.Add("a\r\nb🚢\n", uint64(1))
	f.Add("\r\r\n\n\ufeff", uint64(7))
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if !utf8.ValidString(text) {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 0))
		m := model{utf16.Encode([]rune(text))}
		src := []byte(text)
		for range 20 {
			from, to := r.IntN(len(m.units)+1), r.IntN(len(m.units)+1)
			if from > to {
				from, to = to, from
			}
			start, ok := m.position(from)
			end, too := m.position(to)
			if !ok || !too {
				continue
			}
			insert := []string{"", "x", "\n", "\r\n", "\r", "🚢", "é\n🚢", "\ufeff"}[r.IntN(8)]
			m.replace(from, to, insert)
			next, err := utf16Units.apply(src, []change{{&span{start, end}, insert}})
			if err != nil {
				t.Fatal(err)
			}
			if want := string(utf16.Decode(m.units)); string(next) != want {
				t.Fatalf("%q with %v..%v %q: got %q, want %q", src, start, end, insert, next, want)
			}
			src = next
		}
	})
}

// TestIncremental: many changes at random, alone and together, are the same as the
// whole text in the end.
func TestIncremental(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		m := model{utf16.Encode([]rune("export class A {\r\n  // 🚢\n}\n"))}
		src := []byte(string(utf16.Decode(m.units)))
		var all []change
		for len(all) < 50 {
			from := r.IntN(len(m.units) + 1)
			to := min(len(m.units), from+r.IntN(4))
			start, ok := m.position(from)
			end, too := m.position(to)
			if !ok || !too {
				continue
			}
			text := []string{"", "", "a", "\n", "\r\n", "🚢", "ü"}[r.IntN(7)]
			m.replace(from, to, text)
			all = append(all, change{&span{start, end}, text})
		}
		got, err := utf16Units.apply(src, all)
		if want := string(utf16.Decode(m.units)); err != nil || string(got) != want {
			t.Fatalf("seed %d: got %q, %v, want %q", seed, got, err, want)
		}
		whole, err := utf16Units.apply(src, []change{{nil, string(utf16.Decode(m.units))}})
		if err != nil || !bytes.Equal(whole, got) {
			t.Fatalf("seed %d: %q, %v", seed, whole, err)
		}
	}
}
