// Package wordset looks for many words in a text at once. Every file of a project goes through
// it, and few words of any are among those that somebody asks for.
package wordset

import "bytes"

var mark = []byte("\ufeff")

// Set is what is looked for: words, what words begin with, and signs. The zero value is empty.
// It may be read by several goroutines at a time.
type Set struct {
	// By the classes of the first two bytes, the lengths of the words that begin so: bit n for
	// n bytes, bit 63 for all from 63 on.
	lengths [classes][classes]uint64
	signs   [256]bool
}

// classes of bytes: 0 for what is no part of a word, and is behind one of a single byte.
const (
	classes = 64
	longest = 63 // bytes that are told apart
)

var classOf = func() (table [256]byte) {
	next := byte(1)
	for b := range table {
		switch {
		case b == '_' || b == '$' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z':
			table[b] = next
			next++
		case b >= '0' && b <= '9':
			table[b] = classes - 2
		case b >= 0x80: // of a letter that is no part of the words which are looked for
			table[b] = classes - 1
		}
	}
	return table
}()

// bucket is where the lengths of a word stand that is not empty.
func (s *Set) bucket(word string) *uint64 {
	second := byte(0)
	if len(word) > 1 {
		second = classOf[word[1]]
	}
	return &s.lengths[classOf[word[0]]][second]
}

// Add adds words, each at least one of the letters a to z and A to Z, digits, _ and $.
func (s *Set) Add(words ...string) {
	for _, word := range words {
		*s.bucket(word) |= 1 << min(len(word), longest)
	}
}

// AddPrefix adds all words that begin with one of some, each of at least two bytes.
func (s *Set) AddPrefix(words ...string) {
	for _, word := range words {
		*s.bucket(word) |= ^uint64(0) << min(len(word), longest)
	}
}

// AddSigns adds bytes that are no part of a word, and stand for themselves.
func (s *Set) AddSigns(signs string) {
	for i := range len(signs) {
		s.signs[signs[i]] = true
	}
}

// AddAll adds what is in another set.
func (s *Set) AddAll(t *Set) {
	for i := range s.lengths {
		for j := range s.lengths[i] {
			s.lengths[i][j] |= t.lengths[i][j]
		}
	}
	for b, is := range t.signs {
		s.signs[b] = s.signs[b] || is
	}
}

// Each tells where the words and signs of the set stand in a text, in order, until it is told
// to stop. Others may be told, too, of the same length and beginning: who asks compares. A word
// ends where none of its bytes, nor any above 0x7F, follows. A byte order mark before the text is
// no part of one.
func (s *Set) Each(text []byte, found func(start, end int) bool) {
	for i := len(text) - len(bytes.TrimPrefix(text, mark)); i < len(text); {
		start := i
		first := classOf[text[i]]
		i++
		if first == 0 {
			if s.signs[text[start]] && !found(start, i) {
				return
			}
			continue
		}
		second := byte(0)
		if i < len(text) {
			second = classOf[text[i]]
		}
		for i < len(text) && classOf[text[i]] != 0 {
			i++
		}
		if s.lengths[first][second]&(1<<min(i-start, longest)) != 0 && !found(start, i) {
			return
		}
	}
}
