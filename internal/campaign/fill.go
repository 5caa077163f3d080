package campaign

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/github"
)

// Source calls each with the repositories of a campaign, one after the other.
type Source func(ctx context.Context, each func(job.Repository) error) error

// Filled counts what came of a source.
type Filled struct{ New, Known int }

// maxPending is how many messages are on their way at a time.
const maxPending = 64

// Fill puts repositories into the queue. What is in it already is left alone, so it
// may be repeated after an interruption; what is done is not done again.
func (c *Campaign) Fill(ctx context.Context, from Source) (Filled, error) {
	var n Filled
	hosts := map[string]bool{}
	type sent struct {
		msg     job.Repository
		subject string
		future  jetstream.PubAckFuture
	}
	var pending []sent
	settle := func(s sent) error {
		var err error
		select {
		case <-s.future.Ok():
			n.New++
			return nil
		case err = <-s.future.Err():
		case <-ctx.Done():
			return ctx.Err()
		}
		if !isThere(err) { // sent again by itself, and waited for
			data, _ := json.Marshal(s.msg) // was marshalled before
			err = trying(ctx, func(ctx context.Context) error { _, err := c.bus.js.Publish(ctx, s.subject, data); return err })
		}
		switch {
		case err == nil:
			n.New++
		case isThere(err):
			n.Known++
		default:
			return fmt.Errorf("%s cannot be put into the queue: %w", s.msg.Name, err)
		}
		return nil
	}
	err := from(ctx, func(r job.Repository) error {
		id, host := identify(r)
		if !hosts[host] {
			hosts[host] = true
			if err := c.addHost(ctx, host); err != nil {
				return err
			}
		}
		data, err := json.Marshal(r)
		if err != nil {
			return err
		}
		subject := jobSubject(c.Name, host, id)
		future, err := c.bus.js.PublishAsync(subject, data)
		if err != nil {
			return err
		}
		pending = append(pending, sent{r, subject, future})
		if len(pending) < maxPending {
			return nil
		}
		first := pending[0]
		pending = pending[1:]
		return settle(first)
	})
	for _, s := range pending {
		if serr := settle(s); err == nil {
			err = serr
		}
	}
	return n, err
}

// addHost makes workers look for jobs of a host.
func (c *Campaign) addHost(ctx context.Context, host string) error {
	_, err := change(ctx, c.kv, configKey, func(v *Config) (bool, error) {
		if slices.Contains(v.Hosts, host) {
			return false, nil
		}
		v.Hosts = append(v.Hosts, host)
		return true, nil
	})
	return err
}

// Retry puts repositories that are aside, or skipped with all, back into the queue,
// or those that are named. It also does so for what waits and has no message, as it
// may be after a Retry that was interrupted.
func (c *Campaign) Retry(ctx context.Context, all bool, names []string) (int, error) {
	n := 0
	found := map[string]bool{}
	err := c.Entries(ctx, func(e Entry) error {
		named := slices.Contains(names, e.Repository.Name)
		if named {
			found[e.Repository.Name] = true
		}
		again := named || len(names) == 0 && (e.State == Aside || all && e.State == Skipped)
		if e.final() && !again {
			return nil
		}
		if e.final() {
			n++
			_, err := c.changeEntry(ctx, e.ID, func(e *Entry) (bool, error) {
				e.State, e.Failed, e.Lost, e.Attempt = Waiting, 0, 0, ""
				return true, nil
			})
			if err != nil {
				return err
			}
		}
		data, err := json.Marshal(e.Repository)
		if err != nil {
			return err
		}
		err = trying(ctx, func(ctx context.Context) error {
			_, err := c.bus.js.Publish(ctx, jobSubject(c.Name, e.Host, e.ID), data)
			return err
		})
		if isThere(err) {
			return nil
		}
		return err
	})
	for _, name := range names {
		if err == nil && !found[name] {
			err = fmt.Errorf("%s is not in the campaign, or nobody has begun it", name)
		}
	}
	return n, err
}

// List reads a file with a repository on each line: owner/name of the given host, a
// URL, or a folder. What begins with # is left out.
func List(in io.Reader, host string) Source {
	return func(ctx context.Context, each func(job.Repository) error) error {
		lines := bufio.NewScanner(in)
		for n := 1; lines.Scan(); n++ {
			line := strings.TrimSpace(lines.Text())
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			r, err := named(line, host)
			if err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			if err := each(r); err != nil {
				return err
			}
		}
		return lines.Err()
	}
}

// named reads one line of a list.
func named(line, host string) (job.Repository, error) {
	if filepath.IsAbs(line) || strings.HasPrefix(line, "./") || strings.HasPrefix(line, "../") {
		return folder(line)
	}
	address := line
	if !strings.Contains(line, ":") {
		if strings.Count(line, "/") != 1 {
			return job.Repository{}, fmt.Errorf("%q is no repository: want owner/name, a URL or a folder", line)
		}
		if !strings.Contains(host, "://") {
			host = "https://" + host
		}
		address = host + "/" + line
	}
	where, err := github.Locate(address)
	if err != nil {
		return job.Repository{}, err
	}
	return at(where), nil
}

func at(where github.Location) job.Repository {
	return job.Repository{Name: where.String(), URL: where.URL()}
}

// folder is a repository of this machine.
func folder(dir string) (job.Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return job.Repository{}, err
	}
	if _, err := os.Stat(abs); err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return job.Repository{}, fmt.Errorf("%s: %w", dir, err)
	}
	return job.Repository{Name: abs, Dir: abs}, nil
}

// Clones are the repositories in a folder, and in folders of it, three deep. With
// remote they are those that their remotes name, and the clones are not used.
func Clones(dir, remote string) Source {
	return func(ctx context.Context, each func(job.Repository) error) error {
		root, err := filepath.Abs(dir)
		if err != nil {
			return err
		}
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			return fmt.Errorf("%s is no folder", dir)
		}
		return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() || ctx.Err() != nil {
				return ctx.Err() // a folder that cannot be read has nothing for us
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			_, dotErr := os.Lstat(filepath.Join(path, ".git"))
			_, headErr := os.Lstat(filepath.Join(path, "HEAD"))
			_, objectsErr := os.Lstat(filepath.Join(path, "objects"))
			if dotErr != nil && (headErr != nil || objectsErr != nil) {
				if strings.Count(rel, string(filepath.Separator)) >= 2 {
					return filepath.SkipDir
				}
				return nil
			}
			r := job.Repository{Name: path, Dir: path}
			if remote != "" {
				if r, err = remoteOf(path, remote); err != nil {
					return err
				}
			}
			if err := each(r); err != nil {
				return err
			}
			return filepath.SkipDir
		})
	}
}

func remoteOf(path, name string) (job.Repository, error) {
	repo, err := vcs.Open(path)
	if err != nil {
		return job.Repository{}, err
	}
	remote, err := repo.Remote(name)
	if err != nil {
		return job.Repository{}, fmt.Errorf("%s: %w", path, err)
	}
	where, err := github.Locate(remote.URL)
	if err != nil {
		return job.Repository{}, fmt.Errorf("%s: %w", path, err)
	}
	return at(where), nil
}

// Listed turns what a GitHub lists into a source. Archived and disabled repositories
// are left out, and forks unless they are wanted.
func Listed(list func(ctx context.Context, each func(github.Found) error) error, forks bool) Source {
	return func(ctx context.Context, each func(job.Repository) error) error {
		return list(ctx, func(f github.Found) error {
			if f.Archived || f.Disabled || f.Fork && !forks {
				return nil
			}
			return each(at(f.Location))
		})
	}
}
