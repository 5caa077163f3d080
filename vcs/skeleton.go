package vcs

import (
	"context"
	"errors"
)

var errSoon = errors.New("vcs: not there yet")

// Repository is an opened repository.
type Repository struct{ top string }

// Open opens the repository that dir belongs to: any folder of a work tree, linked
// ones too, a git directory, or a bare repository. What cannot be read right
// (SHA-256 objects, reftable, unknown extensions) is refused.
func Open(dir string) (*Repository, error) { return nil, errSoon }

// Top is the absolute path of the top of the work tree, "" in a bare repository.
func (r *Repository) Top() string { return r.top }

// Resolve finds the commit that rev names: HEAD, a branch, a remote branch, a tag,
// a full reference or a hash, shortened to no less than four digits. No ~ or ^.
// ErrNotFound if there is none.
func (r *Repository) Resolve(rev string) (Hash, error) { return "", errSoon }

// Head returns the branch that is checked out, "" if none is, and its commit.
func (r *Repository) Head() (branch string, commit Hash, err error) { return "", "", errSoon }

// Base returns the branch that proposals go to: name, or the remote's default
// branch, or the one that is checked out. The commit is where the remote has it, as
// far as this repository knows, or else where it is here. ErrNotFound if there is none.
func (r *Repository) Base(remote, name string) (branch string, commit Hash, err error) {
	return "", "", errSoon
}

// Files calls each for every file, link and submodule of a commit, in git's order,
// and stops at the first error.
func (r *Repository) Files(commit Hash, each func(Entry) error) error { return errSoon }

// File finds one file of a commit. ErrNotFound if there is none.
func (r *Repository) File(commit Hash, path string) (Entry, error) { return Entry{}, errSoon }

// Changed calls each for every file, link and submodule that differs between two
// commits, in git's order: what it was and what it is. A zero Entry is none.
func (r *Repository) Changed(from, to Hash, each func(was, is Entry) error) error { return errSoon }

// Blob returns the content of a file. ErrMissing if it is not in this repository.
func (r *Repository) Blob(h Hash) ([]byte, error) { return nil, errSoon }

// Extract writes the regular files of a commit that are wanted below dir, which is
// there and should be empty. Links and submodules are left out. A path that would
// lead out of dir or into a git directory, in any spelling that some file system
// understands, is an UnfitError. Files larger than MaxFileSize are left out.
func (r *Repository) Extract(ctx context.Context, commit Hash, dir string, wanted func(Entry) bool) error {
	return errSoon
}

// MaxFileSize is the size in bytes above which Extract leaves a file out.
const MaxFileSize = 64 << 20

// Commit writes a commit and the objects that it needs, and no reference. It fails
// with an UnfitError for what cannot be changed, ErrNotFound for a file that the
// parent lacks, ErrUnchanged if nothing would change.
func (r *Repository) Commit(c Commit) (Hash, error) { return "", errSoon }

// Info is what a commit says of itself.
type Info struct {
	Tree              Hash
	Parents           []Hash
	Author, Committer Person
	Message           string
	Signed            bool // it has a signature, which nobody checked
}

// Info reads a commit.
func (r *Repository) Info(commit Hash) (Info, error) { return Info{}, errSoon }

// Ancestor reports whether a is b or a commit that b builds on.
func (r *Repository) Ancestor(a, b Hash) (bool, error) { return false, errSoon }

// Identity is who commits here, as git has it: GIT_COMMITTER_NAME and its like,
// then user.name and user.email of git's configuration. When is now.
func (r *Repository) Identity() (Person, error) { return Person{}, errSoon }

// Author is who writes here, as Identity, with GIT_AUTHOR_NAME and its like.
func (r *Repository) Author() (Person, error) { return Person{}, errSoon }

// Config returns the last value of a key of git's configuration, such as
// user.signingkey, "" if it is not set.
func (r *Repository) Config(key string) (string, error) { return "", errSoon }

// SSHSigner signs with the private key in a file, or, for the file of a public key
// or of a private key with a passphrase, with what the agent holds of it.
func SSHSigner(keyFile string) (Signer, error) { return nil, errSoon }

// Branch returns the commit of a branch, "" if there is none.
func (r *Repository) Branch(name string) (Hash, error) { return "", errSoon }

// Branches returns the local branches whose names begin with prefix.
func (r *Repository) Branches(prefix string) (map[string]Hash, error) { return nil, errSoon }

// SetBranch moves a branch from old to commit; old "" creates it. ErrMoved if it is
// not at old. It refuses a branch that is checked out in some work tree, and a name
// that git does not allow or that another branch is in the way of (x and x/y).
func (r *Repository) SetBranch(name string, commit, old Hash) error { return errSoon }

// DeleteBranch deletes a branch that is at old. ErrMoved if it is not.
func (r *Repository) DeleteBranch(name string, old Hash) error { return errSoon }

// Remote finds a remote by its name: where git would push to. ErrNotFound if there
// is none.
func (r *Repository) Remote(name string) (Remote, error) { return Remote{}, errSoon }

// Push updates branches of a remote in one session and sends only the objects that
// it lacks. A branch that is at New already is left alone. What failed is a
// BranchError for each branch, joined; ErrAuth if nothing was tried. No error holds
// the token.
func (r *Repository) Push(ctx context.Context, to Remote, cred Credentials, updates []Update) error {
	return errSoon
}

// RemoteBranches returns the branches of a remote whose names begin with prefix.
func (r *Repository) RemoteBranches(ctx context.Context, from Remote, cred Credentials, prefix string) (map[string]Hash, error) {
	return nil, errSoon
}
