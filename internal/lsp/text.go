package lsp

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// encoding is the unit in which characters of a line are counted.
type encoding string

// The encodings of the protocol, by the names that it has for them.
const (
	utf8Units  encoding = "utf-8"
	utf16Units encoding = "utf-16"
	utf32Units encoding = "utf-32"
)

// chosenEncoding is the first of the client's that is known here. Without any the
// protocol says UTF-16.
func chosenEncoding(offered []string) encoding {
	for _, o := range offered {
		switch e := encoding(o); e {
		case utf8Units, utf16Units, utf32Units:
			return e
		}
	}
	return utf16Units
}

// units is the width of a character.
func (e encoding) units(r rune, size int) int {
	switch {
	case e == utf8Units:
		return size
	case e == utf16Units && r > 0xFFFF:
		return 2
	}
	return 1
}

// nextLine is the offset behind the end of the line at which src begins, -1 if no
// line ends in it. A line ends in \n, \r\n or \r.
func nextLine(src []byte) int {
	i := bytes.IndexAny(src, "\r\n")
	if i >= 0 && src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n' {
		i++
	}
	if i < 0 {
		return -1
	}
	return i + 1
}

// lineStarts are the offsets at which the lines of a text begin.
func lineStarts(src []byte) []int {
	starts := []int{0}
	for at := 0; ; {
		n := nextLine(src[at:])
		if n < 0 {
			return starts
		}
		at += n
		starts = append(starts, at)
	}
}

// content is a line without its end.
func content(line []byte) []byte {
	return bytes.TrimRight(line, "\r\n")
}

// offset is where a position lies, in bytes. One behind the end of a line is at its
// end, one behind the last line at the end of the text, one within a character
// before it.
func (e encoding) offset(src []byte, p position) int {
	at := 0
	for range p.Line {
		n := nextLine(src[at:])
		if n < 0 {
			return len(src)
		}
		at += n
	}
	line := src[at:]
	if n := nextLine(line); n >= 0 {
		line = line[:n]
	}
	line = content(line)
	units := 0
	for i := 0; i < len(line); {
		r, size := utf8.DecodeRune(line[i:])
		if units += e.units(r, size); units > int(p.Character) {
			return at + i
		}
		i += size
	}
	return at + len(line)
}

// lines is a text that is asked for many positions.
type lines struct {
	src    []byte
	starts []int
	units  encoding
}

func newLines(src []byte, e encoding) *lines { return &lines{src, lineStarts(src), e} }

// position is where an offset lies.
func (l *lines) position(offset int) position {
	lo, hi := 0, len(l.starts)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; l.starts[mid] <= offset {
			lo = mid
		} else {
			hi = mid
		}
	}
	n := 0
	for i := l.starts[lo]; i < offset; {
		r, size := utf8.DecodeRune(l.src[i:])
		n += l.units.units(r, size)
		i += size
	}
	return position{uinteger(lo), uinteger(n)}
}

// span is where the bytes from start to end lie.
func (l *lines) span(start, end int) span { return span{l.position(start), l.position(end)} }

// firstLine is the end of the line that an offset is in, without what ends the line.
func (l *lines) firstLine(offset int) int {
	rest := l.src[offset:]
	if n := nextLine(rest); n >= 0 {
		rest = rest[:n]
	}
	return offset + len(content(rest))
}

// apply makes the changes of a client one after the other: each is in terms of the
// text that the one before has left. src is not changed.
func (e encoding) apply(src []byte, changes []change) ([]byte, error) {
	for _, c := range changes {
		if c.Range == nil {
			src = []byte(c.Text)
			continue
		}
		start, end := e.offset(src, c.Range.Start), e.offset(src, c.Range.End)
		if start > end {
			start, end = end, start
		}
		if len(src)-(end-start)+len(c.Text) > maxMessage {
			return nil, fmt.Errorf("it has more than %d bytes", maxMessage)
		}
		next := make([]byte, 0, len(src)-(end-start)+len(c.Text))
		next = append(next, src[:start]...)
		next = append(next, c.Text...)
		src = append(next, src[end:]...)
	}
	return src, nil
}
