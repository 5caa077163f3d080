package vcs

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// Fetched makes a bare repository in dir, which must not be there, with some commits
// of a remote, without their history, as Clone does. The remote must hand out commits
// by name, as GitHub does.
func Fetched(ctx context.Context, dir string, from Remote, cred Credentials, commits []Hash, bytes int64) (*Repository, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	r, err := Empty(dir)
	if err != nil {
		return nil, err
	}
	if r.git == "" {
		return nil, errors.New("fetching needs git")
	}
	e, err := r.endpoint(from)
	if err != nil {
		return nil, err
	}
	args := []string{"--git-dir=" + r.gitDir, "fetch", "-q", "--depth=1", "--no-tags", "--no-write-fetch-head", "--", address(e)}
	for i, c := range commits {
		args = append(args, fmt.Sprintf("%s:refs/unleak/%d", c, i))
	}
	if err := fetching(ctx, r.git, e, from, cred, bytes, dir, args); err != nil {
		return nil, err
	}
	return Open(dir)
}
