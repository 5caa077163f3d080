package propose

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/vcs"
)

// Place is a base that was found, and what is wanted there.
type Place struct {
	Repository *vcs.Repository
	Branch     string
	Commit     vcs.Hash
	Sub        string // the project's folder in the repository, "" for the top
	Wanted     settings.PullRequests
}

// Open opens the repository of the project at root. Branch and commit are not chosen.
func Open(root string) (*Place, error) {
	repo, err := vcs.Open(root)
	if err != nil {
		return nil, err
	}
	p := &Place{Repository: repo}
	if top := repo.Top(); top != "" {
		if p.Sub, err = subOf(top, root); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Find finds the base of the project at root, and reads what its settings say of
// pull requests; override changes that. Another base or remote is named by the
// settings of the branch that would be the base otherwise; all else by those of the
// base.
func Find(root string, override func(*settings.PullRequests) error) (*Place, error) {
	p, err := Open(root)
	if err != nil {
		return nil, err
	}
	repo := p.Repository
	if err := override(&p.Wanted); err != nil {
		return nil, err
	}
	for range 2 {
		asked := p.Wanted
		if p.Branch, p.Commit, err = repo.Base(orDefault(asked.Remote, "origin"), asked.Base); err != nil {
			return nil, err
		}
		if p.Wanted, err = p.settings(); err != nil {
			return nil, err
		}
		if err := override(&p.Wanted); err != nil {
			return nil, err
		}
		if asked.Base != "" {
			p.Wanted.Base, p.Wanted.Remote = asked.Base, asked.Remote
		}
		if p.Wanted.Base == asked.Base && p.Wanted.Remote == asked.Remote {
			break
		}
	}
	return p, nil
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// subOf is the project's folder in the repository, "" for the top.
func subOf(top, root string) (string, error) {
	realTop, err := filepath.EvalSymlinks(top)
	if err != nil {
		return "", err
	}
	realRoot, err := filepath.EvalSymlinks(root)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(realTop, realRoot)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s does not lie in %s", root, top)
	}
	if rel == "." {
		return "", nil
	}
	return filepath.ToSlash(rel), nil
}

// settings are those of the commit.
func (p *Place) settings() (settings.PullRequests, error) {
	data, err := settingsAt(p.Repository, p.Commit, path.Join(p.Sub, settings.Name))
	if err != nil {
		return settings.PullRequests{}, err
	}
	return settings.ParsePullRequests(data)
}

// settingsAt reads a settings file of a commit; a link is none.
func settingsAt(repo *vcs.Repository, commit vcs.Hash, file string) ([]byte, error) {
	e, err := repo.File(commit, file)
	switch {
	case errors.Is(err, vcs.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !e.Regular():
		return nil, fmt.Errorf("%s is no file of its own in %s: it is not read", file, commit)
	case e.Size > maxSettings:
		return nil, fmt.Errorf("%s has %d bytes in %s, which is more than settings have", file, e.Size, commit)
	}
	data, err := repo.Blob(e.Blob)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return data, nil
}

// Persons are author and committer: who the settings name, who git says, or who
// the forge says, which may be nil.
func Persons(ctx context.Context, repo *vcs.Repository, named string, other func(context.Context) (vcs.Person, error)) (author, committer vcs.Person, err error) {
	committer, err = repo.Identity()
	if err != nil && other != nil {
		var failed error
		if committer, failed = other(ctx); failed == nil {
			err = nil
		}
	}
	if err != nil && named == "" {
		return author, committer, err
	}
	if named == "" {
		if author, err = repo.Author(); err != nil {
			return committer, committer, nil
		}
		return author, committer, nil
	}
	a, failed := mail.ParseAddress(named)
	if failed != nil {
		return author, committer, fmt.Errorf("author: %q: %w", named, failed)
	}
	author = vcs.Person{Name: a.Name, Email: a.Address}
	if err != nil {
		committer = author
	}
	return author, committer, nil
}

// SignerFor signs with the SSH key in a file, or with the one that git's
// configuration names.
func SignerFor(repo *vcs.Repository, keyFile string) (vcs.Signer, error) {
	if keyFile == "" {
		format, err := repo.Config("gpg.format")
		if err != nil {
			return nil, err
		}
		if keyFile, err = repo.Config("user.signingkey"); err != nil {
			return nil, err
		}
		if format != "ssh" || keyFile == "" || strings.HasPrefix(keyFile, "key::") || strings.HasPrefix(keyFile, "ssh-") {
			return nil, errors.New("commits are signed with SSH keys: set gpg.format to ssh and user.signingkey to the key's file, or give --signing-key FILE")
		}
	}
	if rest, ok := strings.CutPrefix(keyFile, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return nil, err
		}
		keyFile = filepath.Join(home, rest)
	}
	return vcs.SSHSigner(keyFile)
}
