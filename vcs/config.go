package vcs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/format/config"
)

// settings are the values of git's configuration, in the order in which they were
// read: the last one counts. Sections and keys are in lower case.
type settings map[string][]string

func (s settings) add(key, value string) { s[key] = append(s[key], value) }

func (s settings) last(key string) string {
	if v := s[key]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

func (s settings) isTrue(key string) bool {
	switch strings.ToLower(s.last(key)) {
	case "true", "yes", "on", "1":
		return true
	}
	return false
}

// Config returns the last value of a key of git's configuration, such as
// user.signingkey, "" if it is not set. Section and key are in lower case.
func (r *Repository) Config(key string) (string, error) {
	all, err := r.config()
	return all.last(key), err
}

// readAllConfig reads what git would: git itself knows best, with conditional
// includes and all. Without git, the files of the system, the user and the
// repository are read, and includes are not followed.
func (r *Repository) readAllConfig() (settings, error) {
	if r.git == "" {
		return readConfig(r.configFiles()...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // an include may be a pipe
	defer cancel()
	out, err := output(r.command(ctx, "config", "--list", "-z"))
	if err != nil {
		return nil, err
	}
	all := settings{}
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		key, value, valued := strings.Cut(entry, "\n")
		if !valued {
			value = "true"
		}
		all.add(key, value)
	}
	return all, nil
}

func (r *Repository) configFiles() []string {
	var files []string
	if os.Getenv("GIT_CONFIG_NOSYSTEM") == "" {
		files = append(files, "/etc/gitconfig")
	}
	home, _ := os.UserHomeDir()
	if global, set := os.LookupEnv("GIT_CONFIG_GLOBAL"); set {
		files = append(files, global)
	} else if home != "" {
		xdg := os.Getenv("XDG_CONFIG_HOME")
		if xdg == "" {
			xdg = filepath.Join(home, ".config")
		}
		files = append(files, filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig"))
	}
	return append(files, filepath.Join(r.common, "config"), filepath.Join(r.gitDir, "config.worktree"))
}

// readConfig reads files of git's configuration, without their includes. Files
// that are not there are passed over.
func readConfig(files ...string) (settings, error) {
	all := settings{}
	for _, file := range files {
		f, err := os.Open(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		read := config.New()
		err = config.NewDecoder(f).Decode(read)
		_ = f.Close() // it was only read
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(file), err)
		}
		for _, section := range read.Sections {
			name := strings.ToLower(section.Name) + "."
			for _, o := range section.Options {
				all.add(name+strings.ToLower(o.Key), o.Value)
			}
			for _, sub := range section.Subsections {
				for _, o := range sub.Options {
					all.add(name+sub.Name+"."+strings.ToLower(o.Key), o.Value)
				}
			}
		}
	}
	return all, nil
}

// Identity is who commits here, as git has it: GIT_COMMITTER_NAME, _EMAIL and
// _DATE, then committer.* and user.* of git's configuration, then EMAIL. A name is
// not guessed from the system's users.
func (r *Repository) Identity() (Person, error) { return r.person("committer") }

// Author is who writes here, as Identity, from GIT_AUTHOR_NAME and its like.
func (r *Repository) Author() (Person, error) { return r.person("author") }

func (r *Repository) person(role string) (Person, error) {
	all, err := r.config()
	if err != nil {
		return Person{}, err
	}
	env := "GIT_" + strings.ToUpper(role)
	first := func(values ...string) string {
		for _, v := range values {
			if v = tidyName(v); v != "" {
				return v
			}
		}
		return ""
	}
	p := Person{
		Name:  first(os.Getenv(env+"_NAME"), all.last(role+".name"), all.last("user.name")),
		Email: first(os.Getenv(env+"_EMAIL"), all.last(role+".email"), all.last("user.email"), os.Getenv("EMAIL")),
	}
	if p.Name == "" || p.Email == "" {
		return Person{}, errors.New("git does not know who commits: set user.name and user.email with git config, or GIT_COMMITTER_NAME, GIT_COMMITTER_EMAIL and the same of GIT_AUTHOR")
	}
	p.When, err = date(os.Getenv(env + "_DATE"))
	if err != nil {
		return Person{}, fmt.Errorf("%s_DATE: %w", env, err)
	}
	return p, nil
}

// date reads the formats that git writes itself; "" is now.
func date(s string) (time.Time, error) {
	if s == "" {
		return time.Now().Truncate(time.Second), nil
	}
	if seconds, zone, found := strings.Cut(strings.TrimPrefix(s, "@"), " "); found {
		if unix, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			in, err := time.Parse("-0700", zone)
			return time.Unix(unix, 0).In(in.Location()), err
		}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon Jan 2 15:04:05 2006 -0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a date such as 2006-01-02T15:04:05Z or 1136214245 +0000", s)
}
