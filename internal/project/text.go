package project

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"unicode/utf8"
)

// CheckText is what Read asks of a text that lies in no file. Its refusals wrap
// ErrSkipped.
func CheckText(src []byte) error {
	if len(src) > MaxFileSize {
		return tooLarge(int64(len(src)))
	}
	return checkText(src)
}

func tooLarge(size int64) error {
	return fmt.Errorf("%w: %d MB is more than a person writes (the limit is %d MB)", ErrSkipped, size>>20, MaxFileSize>>20)
}

var errNotRegular = errors.New("is not a regular file")

// readable says why a file of which the system tells that is not read, nil if it may be.
func readable(info fs.FileInfo, err error) error {
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errNotRegular
	case info.Size() > MaxFileSize:
		return tooLarge(info.Size())
	}
	return nil
}

// checkText refuses what unleak cannot or should not edit.
func checkText(src []byte) error {
	head := src[:min(len(src), 8000)]
	switch {
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		return fmt.Errorf("%w: it is UTF-16; save it as UTF-8", ErrSkipped)
	case bytes.IndexByte(head, 0) >= 0:
		return fmt.Errorf("%w: it is binary", ErrSkipped)
	case !utf8.Valid(src):
		return fmt.Errorf("%w: it is not valid UTF-8", ErrSkipped)
	case bytes.IndexByte(src, '\n') < 0 && bytes.IndexByte(src, '\r') >= 0:
		return fmt.Errorf("%w: its lines end in a bare CR; save it with LF or CRLF", ErrSkipped)
	case isGenerated(head):
		return fmt.Errorf("%w: it says that it is generated", ErrSkipped)
	case isMinified(src):
		return fmt.Errorf("%w: it looks minified", ErrSkipped)
	case bytes.Contains(head, []byte("\n/******/")), bytes.Contains(head, []byte("__webpack_require__")):
		return fmt.Errorf("%w: it looks like a bundle of modules", ErrSkipped)
	}
	return nil
}

// isGenerated looks for the marks that generators leave in the first comment.
func isGenerated(head []byte) bool {
	head = bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	if !bytes.HasPrefix(head, []byte("/")) && !bytes.HasPrefix(head, []byte("#!")) {
		return false
	}
	end := min(len(head), 400)
	head = head[:end]
	return bytes.Contains(head, []byte("@generated")) || bytes.Contains(head, []byte("DO NOT EDIT"))
}

// isMinified: people do not write five kilobytes in lines of 500 bytes, nor more than half of a
// text in some lines of 2,000, with short ones of licences between them. Of less it is the map
// of its sources that tells.
func isMinified(src []byte) bool {
	if len(src) < 5000 && (len(src) < 1000 || !bytes.Contains(src[len(src)-min(len(src), 200):], []byte("//# sourceMappingURL="))) {
		return false
	}
	lines, long, inLong := 0, 0, 0
	for line := range bytes.Lines(src) {
		lines++
		if len(line) > 2000 {
			long++
			inLong += len(line)
		}
	}
	return len(src)/lines > 500 || long > 3 && inLong > len(src)/2
}
