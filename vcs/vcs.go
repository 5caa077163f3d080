// Package vcs reads and writes git repositories without touching anybody's
// checkout: commits are made in the object store, references are written under
// git's own locks, HEAD, index and work tree stay as they are. Nothing that a
// repository or its configuration names is executed.
//
// A Repository may be used by several goroutines at once.
package vcs

import (
	"errors"
	"fmt"
	"time"
)

// Hash names an object: 40 hexadecimal digits in lower case. "" is none.
type Hash string

// Entry is a file of a commit.
type Entry struct {
	Path string // relative to the top, with slashes
	Mode uint32 // git's: ModeFile, ModeExecutable, ModeLink, ModeSubmodule or, in old repositories, 0o100664
	Blob Hash   // its content; of a submodule, the commit
	Size int64  // in bytes; -1 of submodules, and of what a partial clone lacks
}

// Modes of entries, as git writes them.
const (
	ModeFile       = 0o100644
	ModeExecutable = 0o100755
	ModeLink       = 0o120000
	ModeSubmodule  = 0o160000
	modeTree       = 0o040000
)

// Regular reports whether the entry is a file with content of its own, executable
// or not, and no link or submodule.
func (e Entry) Regular() bool { return e.Mode&0o170000 == 0o100000 }

// Person is who wrote or committed something, and when.
type Person struct {
	Name, Email string
	When        time.Time // to the second, with its time zone
}

// Change is the new content of a file that the parent has. Its mode is kept.
type Change struct {
	Path string
	Data []byte
}

// Commit is what a commit is made of.
type Commit struct {
	Parent            Hash
	Changes           []Change
	Message           string // made tidy as git does: no trailing space, no double empty lines, one newline at the end
	Author, Committer Person
	Signer            Signer // nil: unsigned
}

// Signer signs commits. Sign returns the armored signature of payload.
type Signer interface {
	Sign(payload []byte) (string, error)
}

// Remote is a repository elsewhere.
type Remote struct {
	Name string // "" if it has no name here
	URL  string // without credentials: https, http (loopback only), ssh, git@host:path, file, or a local path
}

// Credentials are for one remote. Zero means none over http, the agent over ssh.
type Credentials struct {
	User   string // over http; "" is x-access-token, which GitHub takes for every kind of token
	Token  string // over http
	SSHKey string // the file of a private key without passphrase; "" is the agent
}

// Update is what a push does to one branch.
type Update struct {
	Branch string // without refs/heads/
	New    Hash   // "" deletes it
	Old    Hash   // the lease: where the branch must be now; "" must not exist
}

// Errors that callers tell apart with errors.Is.
var (
	ErrNotFound  = errors.New("not found")            // no such revision, branch, file or remote
	ErrMoved     = errors.New("the branch has moved") // it is not where the caller thought
	ErrUnchanged = errors.New("nothing changes")      // a commit would have its parent's tree
	ErrLease     = errors.New("the branch has moved on the remote")
	ErrAuth      = errors.New("the remote does not accept the credentials") // missing, wrong, expired, or without the right to do this
	ErrMissing   = errors.New("the object is not in this repository")       // a partial or a shallow clone
)

// UnfitError says that a file cannot be changed: it is a link, a submodule, a
// pointer to a file that Git LFS keeps elsewhere, or its path cannot be.
type UnfitError struct{ Path, Reason string }

func (e *UnfitError) Error() string { return fmt.Sprintf("%s %s", e.Path, e.Reason) }

// RefusedError says that the remote took the push and refused it, in its own words:
// a protected branch, a hook, a missing permission.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return "the remote refused: " + e.Reason }

// BranchError says which branch of a push failed. Push joins one for each, so
// errors.As finds the first; the others went through.
type BranchError struct {
	Branch string
	Err    error // ErrLease, ErrAuth, *RefusedError
}

func (e *BranchError) Error() string { return fmt.Sprintf("pushing %s: %v", e.Branch, e.Err) }
func (e *BranchError) Unwrap() error { return e.Err }
