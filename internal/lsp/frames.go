package lsp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The bounds of what a client may send in one message, in bytes.
const (
	maxHeader  = 8 << 10
	maxMessage = 128 << 20
)

// frames carries messages as the protocol frames them: a header that says how many
// bytes follow. It is a channel.Channel. In place of the library's own it bounds
// what a header may announce, and says what is wrong with one.
type frames struct {
	in    *bufio.Reader
	out   io.Writer
	close func() error
}

func newFrames(in io.Reader, out io.Writer, close func() error) *frames {
	return &frames{bufio.NewReader(in), out, close}
}

// Send writes one message.
func (f *frames) Send(msg []byte) error {
	frame := make([]byte, 0, len(msg)+32)
	frame = fmt.Appendf(frame, "Content-Length: %d\r\n\r\n", len(msg))
	_, err := f.out.Write(append(frame, msg...))
	return err
}

// Recv reads one message. The error is io.EOF if and only if the stream ends
// between two.
func (f *frames) Recv() ([]byte, error) {
	length, read := -1, 0
	for {
		line, err := f.in.ReadSlice('\n')
		if read += len(line); read > maxHeader || errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("the header of a message has more than %d bytes", maxHeader)
		}
		if err == io.EOF && read > 0 {
			err = errors.New("the stream ended within the header of a message")
		}
		if err != nil {
			return nil, err
		}
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" && length < 0 {
			return nil, errors.New("a message has no Content-Length")
		}
		if text == "" {
			break
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return nil, fmt.Errorf("want the header of a message, got %.40q", text)
		}
		if strings.EqualFold(strings.TrimSpace(name), "Content-Length") {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 62)
			if err != nil {
				return nil, fmt.Errorf("the Content-Length of a message is %.40q", strings.TrimSpace(value))
			}
			if n > maxMessage {
				return nil, fmt.Errorf("a message of %d bytes is more than the %d that are read", n, maxMessage)
			}
			length = int(n)
		}
	}
	var b bytes.Buffer // it grows by what comes, not by what was announced
	if n, err := io.CopyN(&b, f.in, int64(length)); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("the stream ended after %d of %d bytes of a message", n, length)
		}
		return nil, err
	}
	return b.Bytes(), nil
}

// Close lets Recv return, where what is read can be closed.
func (f *frames) Close() error { return f.close() }
