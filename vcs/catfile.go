package vcs

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// Reading thousands of objects takes go-git ten times as long as git, so where git
// is installed it is asked for them, by cat-file. Both ways give the same.

// sizes calls each with the size of every object, in their order; -1 is one that is
// not there.
func (r *Repository) sizes(ctx context.Context, hashes []plumbing.Hash, each func(i int, size int64) error) error {
	if !r.bulk {
		for i, h := range hashes {
			size, err := r.objects.size(h)
			if err == nil {
				err = each(i, size)
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
		}
		return nil
	}
	return r.catFile(ctx, "--batch-check", hashes, func(i int, a answer, _ *bufio.Reader) error { return each(i, a.size) })
}

// contents calls each with the content of every blob, in their order.
func (r *Repository) contents(ctx context.Context, hashes []plumbing.Hash, each func(i int, data []byte) error) error {
	if !r.bulk {
		for i, h := range hashes {
			data, err := r.objects.readAs(plumbing.BlobObject, h)
			if err == nil {
				err = each(i, data)
			}
			if err = errors.Join(err, ctx.Err()); err != nil {
				return err
			}
		}
		return nil
	}
	return r.catFile(ctx, "--batch", hashes, func(i int, a answer, out *bufio.Reader) error {
		data, err := a.content(hashes[i], plumbing.BlobObject, out)
		if err != nil {
			return err
		}
		return each(i, data)
	})
}

// catFile asks git for many objects at once.
func (r *Repository) catFile(ctx context.Context, how string, hashes []plumbing.Hash, each func(int, answer, *bufio.Reader) error) error {
	var asked bytes.Buffer
	for _, h := range hashes {
		asked.WriteString(h.String() + "\n")
	}
	c, err := r.startCatFile(ctx, &asked, how, "--buffer")
	if err != nil {
		return err
	}
	for i := range hashes {
		a, err := c.answer()
		if err == nil {
			err = each(i, a, c.out)
		}
		if err != nil {
			return errors.Join(err, ctx.Err(), c.stop(true))
		}
	}
	return c.stop(false)
}

// treeReader returns a function that reads trees, and one that ends it.
func (r *Repository) treeReader(ctx context.Context) (read func(plumbing.Hash) ([]byte, error), stop func(), err error) {
	if !r.bulk {
		return func(h plumbing.Hash) ([]byte, error) { return r.objects.readAs(plumbing.TreeObject, h) }, func() {}, nil
	}
	in, ask := io.Pipe()
	c, err := r.startCatFile(ctx, in, "--batch")
	if err != nil {
		return nil, nil, err
	}
	read = func(h plumbing.Hash) ([]byte, error) {
		if _, err := io.WriteString(ask, h.String()+"\n"); err != nil {
			return nil, err
		}
		a, err := c.answer()
		if err != nil {
			return nil, err
		}
		return a.content(h, plumbing.TreeObject, c.out)
	}
	return read, func() { ask.Close(); _ = c.stop(true) }, nil
}

// catFile is a running git cat-file.
type catFile struct {
	cmd    *exec.Cmd
	cancel context.CancelFunc
	out    *bufio.Reader
	stderr bytes.Buffer
}

func (r *Repository) startCatFile(ctx context.Context, in io.Reader, how ...string) (*catFile, error) {
	ctx, cancel := context.WithCancel(ctx)
	c := &catFile{cmd: r.command(ctx, append([]string{"cat-file"}, how...)...), cancel: cancel}
	c.cmd.Stdin, c.cmd.Stderr = in, &c.stderr
	pipe, err := c.cmd.StdoutPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, err
	}
	c.out = bufio.NewReaderSize(pipe, 1<<16)
	return c, nil
}

// stop waits for the end, early if not everything was read: how it ended then is
// no error.
func (c *catFile) stop(early bool) error {
	defer c.cancel()
	if early {
		c.cancel()
		_ = c.cmd.Wait()
		return nil
	}
	if err := c.cmd.Wait(); err != nil {
		return gitError(err, c.stderr.String())
	}
	return nil
}

// answer is the line before an object; of one that is missing the size is -1.
type answer struct {
	kind string
	size int64
}

func (c *catFile) answer() (answer, error) {
	line, err := c.out.ReadString('\n')
	if err != nil {
		_ = c.cmd.Wait() // so that what it said is complete
		return answer{}, gitError(err, c.stderr.String())
	}
	fields := strings.Fields(line) // name, kind, size
	if len(fields) == 2 && fields[1] == "missing" {
		return answer{"", -1}, nil
	}
	if len(fields) != 3 {
		return answer{}, fmt.Errorf("git cat-file: %q", strings.TrimSpace(line))
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	return answer{fields[1], size}, err
}

// content reads what follows an answer.
func (a answer) content(h plumbing.Hash, kind plumbing.ObjectType, out io.Reader) ([]byte, error) {
	switch {
	case a.size < 0:
		return nil, fmt.Errorf("%s: %w", h, ErrMissing)
	case a.kind != kind.String():
		return nil, fmt.Errorf("%s is a %s, not a %s", h, a.kind, kind)
	case a.size > MaxFileSize:
		return nil, fmt.Errorf("%s: %w", h, &tooLarge{a.size})
	}
	data := make([]byte, a.size+1) // with the newline after it
	_, err := io.ReadFull(out, data)
	return data[:a.size], err
}
