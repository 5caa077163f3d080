// Package job reconciles one repository once, in isolation: a clone of the newest
// commit in a folder of its own, the scan, the pull requests, and nothing left
// behind. A job runs in a child of the program that can be ended at any time, with
// limits on size, files, time and memory. Nothing of the repository is executed,
// unless verification is asked for.
package job

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// Repository says where a repository is: at a URL, or in a folder of this machine
// that gets branches and nothing else.
type Repository struct {
	Name string `json:"name"` // as people know it: owner/name, or the folder
	URL  string `json:"url,omitempty"`
	Dir  string `json:"dir,omitempty"`
}

// Credential is who writes: a token, or a GitHub App. It prints as nothing secret.
type Credential struct {
	Token github.Token `json:"-"`
	App   *github.App  `json:"app,omitempty"`
}

// Who names the credential without giving anything of it away: an App by its
// number, a token by the beginning of a digest. owner is who has the repository.
func (c Credential) Who(host, owner string) string {
	switch {
	case c.App != nil:
		return fmt.Sprintf("app %d of %s on %s", c.App.ID, owner, host)
	case c.Token != "":
		sum := sha256.Sum256([]byte(host + "\x00" + string(c.Token)))
		return fmt.Sprintf("token %s on %s", hex.EncodeToString(sum[:4]), host)
	}
	return "nobody"
}

// Limits bound a job; 0 is the default of each.
type Limits struct {
	Bytes  int64         `json:"bytes"`  // of the clone
	Files  int           `json:"files"`  // of the commit
	Time   time.Duration `json:"time"`   // of the whole job but for waiting until it may write
	Memory int64         `json:"memory"` // of the job's processes, in bytes
}

// Usual limits.
const (
	Bytes  = 1 << 30
	Files  = 200_000
	Time   = 20 * time.Minute
	Memory = 2 << 30
)

func (l Limits) orUsual() Limits {
	if l.Bytes == 0 {
		l.Bytes = Bytes
	}
	if l.Files == 0 {
		l.Files = Files
	}
	if l.Time == 0 {
		l.Time = Time
	}
	if l.Memory == 0 {
		l.Memory = Memory
	}
	return l
}

// Spec is one job.
type Spec struct {
	Repository Repository `json:"repository"`
	Credential Credential `json:"credential"`
	// Settings go before what the repository's own settings say of pull requests, by
	// key, as limits.open.
	Settings map[string]any `json:"settings,omitempty"`
	Limits   Limits         `json:"limits"`
	DryRun   bool           `json:"dryRun,omitempty"`
	Check    *Check         `json:"check,omitempty"` // instead of reconciling
	Anew     bool           `json:"anew,omitempty"`  // branches of unleak's own are made anew on the newest commit

	Verify        string        `json:"verify,omitempty"` // a command of the project; "": nothing is run
	VerifyTime    time.Duration `json:"verifyTime,omitempty"`
	VerifyNetwork bool          `json:"verifyNetwork,omitempty"`
}

func (s *Spec) check() error {
	if (s.Repository.URL == "") == (s.Repository.Dir == "") {
		return errors.New("a job needs the URL of a repository, or its folder")
	}
	return nil
}

// State is how a job ended.
type State string

const (
	Done    State = "done"    // everything is as it should be, or a person has to look: see the parts
	Skipped State = "skipped" // it cannot be done here, and trying again is of no use; the reason says why
	Later   State = "later"   // more pull requests are not wanted now
)

// Outcome is what came of a job.
type Outcome struct {
	State   State    `json:"state"`
	Reason  string   `json:"reason,omitempty"`
	Base    string   `json:"base,omitempty"`
	Commit  vcs.Hash `json:"commit,omitempty"`
	Parts   []Part   `json:"parts,omitempty"`
	Notes   []string `json:"notes,omitempty"` // files that could not be looked at
	Added   *Added   `json:"added,omitempty"` // of a Check
	Figures Figures  `json:"figures"`
}

// Part is what came of one branch.
type Part struct {
	Action  forge.Action `json:"action"`
	Branch  string       `json:"branch"`
	Number  int          `json:"number,omitempty"`
	URL     string       `json:"url,omitempty"`
	Commit  vcs.Hash     `json:"commit,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Fixes   int          `json:"fixes,omitempty"`
	Files   int          `json:"files,omitempty"`
	Dropped int          `json:"dropped,omitempty"` // fixes that did not pass
}

// Person reports whether somebody has to look.
func (p Part) Person() bool {
	return p.Action == forge.Hold || p.Action == forge.Refuse || p.Dropped > 0
}

// Figures measure a job.
type Figures struct {
	Bytes    int64         `json:"bytes"` // of the clone
	Files    int           `json:"files"` // of the commit
	Scanned  int           `json:"scanned"`
	Findings int           `json:"findings"`
	Fixes    int           `json:"fixes"`
	Clone    time.Duration `json:"clone"`
	Scan     time.Duration `json:"scan"` // reading, scanning and mending
	Waiting  time.Duration `json:"waiting"`
	Total    time.Duration `json:"total"`
	Peak     int64         `json:"peak"` // memory, in bytes; 0 where it is not known
}

// persons are the variables of the environment by which git knows who commits.
var persons = []string{"GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"}

// Identity are those variables as they are here, out of the environment or of git's
// configuration: a job has neither. Nil if git does not know who commits.
func Identity() []string {
	dir, err := os.MkdirTemp("", "unleak-identity-")
	if err != nil {
		return nil
	}
	defer os.RemoveAll(dir)
	repo, err := vcs.Empty(dir)
	if err != nil {
		return nil
	}
	author, err := repo.Author()
	if err != nil {
		return nil
	}
	committer, err := repo.Identity()
	if err != nil {
		return nil
	}
	var out []string
	for i, v := range []string{author.Name, author.Email, committer.Name, committer.Email} {
		out = append(out, persons[i]+"="+v)
	}
	return out
}
