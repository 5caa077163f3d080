package vcs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/plumbing/cache"
)

// Repository is an opened repository. What other programs write while it is open
// is seen, but for configuration, which is read once.
type Repository struct {
	top     string // of the work tree, "" if there is none
	gitDir  string // has HEAD; of a linked work tree, its own
	common  string // has objects, refs and config
	bare    bool   // the main repository has no work tree
	git     string // the program, "" if it is not installed
	bulk    bool   // git is asked where there are many objects to read
	objects *objects
	config  func() (settings, error)
}

// Open opens the repository that dir belongs to: any folder of a work tree, linked
// ones too, a git directory, or a bare repository. What cannot be read right
// (SHA-256 objects, reftable, unknown extensions) is refused. GIT_DIR and its like
// are not looked at, nor is core.worktree: the top is where .git is.
func Open(dir string) (*Repository, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(abs); err != nil {
		return nil, err
	}
	r := &Repository{}
	if r.top, r.gitDir, err = discover(abs); err != nil {
		return nil, err
	}
	if r.common, err = commonDir(r.gitDir); err != nil {
		return nil, err
	}
	if path, err := exec.LookPath("git"); err == nil {
		r.git, r.bulk = path, true
	}
	if err := r.readOwnConfig(); err != nil {
		return nil, fmt.Errorf("%s: %w", r.common, err)
	}
	cacheSize := 16 * cache.MiByte
	if !r.bulk {
		cacheSize = 96 * cache.MiByte // what go-git itself takes; it is much slower with less
	}
	if r.objects, err = openObjects(cacheSize, filepath.Join(r.common, "objects")); err != nil {
		return nil, err
	}
	r.config = sync.OnceValues(r.readAllConfig)
	return r, nil
}

// Top is the absolute path of the top of the work tree, "" in a bare repository.
func (r *Repository) Top() string { return r.top }

// discover finds the git directory of dir or of the nearest folder above it that
// has one, and the top of its work tree.
func discover(dir string) (top, gitDir string, err error) {
	for at := dir; ; at = filepath.Dir(at) {
		dot := filepath.Join(at, ".git")
		info, err := os.Stat(dot)
		switch {
		case err == nil && info.IsDir() && isGitDir(dot):
			return at, dot, nil
		case err == nil && info.Mode().IsRegular():
			gitDir, err := linkedGitDir(at, dot)
			return at, gitDir, err
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return "", "", err
		case isGitDir(at) && filepath.Base(at) != ".git":
			return "", at, nil
		}
		if at == filepath.Dir(at) {
			return "", "", fmt.Errorf("%s is in no git repository", dir)
		}
	}
}

// linkedGitDir reads a .git file.
func linkedGitDir(at, file string) (string, error) {
	data, err := readSmall(file)
	if err != nil {
		return "", err
	}
	to, found := strings.CutPrefix(data, "gitdir: ")
	if !found || to == "" {
		return "", fmt.Errorf("%s does not say where its git directory is", file)
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(at, to)
	}
	if _, err := os.Stat(filepath.Join(to, "HEAD")); err != nil {
		return "", fmt.Errorf("%s leads to %s, which is no git directory: git worktree repair or prune helps", file, to)
	}
	return filepath.Clean(to), nil
}

// commonDir is where the main repository of a linked work tree is.
func commonDir(gitDir string) (string, error) {
	to, err := readSmall(filepath.Join(gitDir, "commondir"))
	if errors.Is(err, fs.ErrNotExist) {
		return gitDir, nil
	}
	if err != nil {
		return "", err
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(gitDir, to)
	}
	if !isGitDir(to) {
		return "", fmt.Errorf("%s belongs to %s, which is no git repository", gitDir, to)
	}
	return filepath.Clean(to), nil
}

func isGitDir(dir string) bool {
	for _, name := range []string{"objects", "refs"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			return false
		}
	}
	_, err := os.Stat(filepath.Join(dir, "HEAD"))
	return err == nil
}

// readSmall reads a file of one line, such as HEAD.
func readSmall(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() > 1<<16 {
		return "", &fs.PathError{Op: "read", Path: file, Err: errors.New("not a small file")}
	}
	data, err := os.ReadFile(file)
	return strings.TrimRight(string(data), "\r\n"), err
}

// readOwnConfig looks at what the repository says of itself.
func (r *Repository) readOwnConfig() error {
	files := []string{filepath.Join(r.common, "config")}
	own, err := readConfig(files...)
	if err != nil {
		return err
	}
	if err := supported(own); err != nil {
		return err
	}
	if own.isTrue("extensions.worktreeconfig") {
		if own, err = readConfig(append(files, filepath.Join(r.common, "config.worktree"))...); err != nil {
			return err
		}
	}
	for key := range own {
		if key == "extensions.partialclone" || strings.HasPrefix(key, "remote.") && strings.HasSuffix(key, ".promisor") {
			r.bulk = false // older versions end when they may not fetch what is missing
		}
	}
	r.bare = own.isTrue("core.bare")
	if r.bare && r.gitDir == r.common {
		r.top = ""
	}
	return nil
}

// supported refuses what would be read or written wrong.
func supported(own settings) error {
	version := own.last("core.repositoryformatversion")
	if version != "" && version != "0" && version != "1" {
		return fmt.Errorf("the repository has format version %s, which is not supported", version)
	}
	for key, values := range own {
		name, found := strings.CutPrefix(key, "extensions.")
		if !found {
			continue
		}
		value := strings.ToLower(values[len(values)-1])
		switch {
		case name == "objectformat" && value != "sha1":
			return fmt.Errorf("the repository names its objects by %s, which is not supported: only SHA-1 is", strings.ToUpper(value))
		case name == "refstorage" && value != "files":
			return fmt.Errorf("the repository keeps its references as %s, which is not supported: git refs migrate --ref-format=files changes that", value)
		case isHarmless(name), version != "1":
			// Without version 1 git looks at none of the others.
		default:
			return fmt.Errorf("the repository has the extension %q, which is not supported", name)
		}
	}
	return nil
}

// isHarmless reports whether an extension changes nothing for who reads objects
// and writes loose ones.
func isHarmless(extension string) bool {
	switch extension {
	case "noop", "noop-v1", "objectformat", "refstorage", "partialclone", "preciousobjects", "worktreeconfig", "relativeworktrees", "submodulepathconfig":
		return true
	}
	return false
}
