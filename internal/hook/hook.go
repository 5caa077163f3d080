// Package hook puts a pre-commit hook into a git repository, and takes it away. What
// somebody else has put there it leaves alone.
package hook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/unleak-dev/unleak/internal/worktree"
)

// By is what to write into a hook that is somebody else's.
const By = "unleak scan --staged || exit 1"

// script is the hook. $PROGRAM is where the program was when the hook was made: a
// program that is started from a window may have another PATH.
const script = `# Take it away with: unleak hook uninstall
if [ -n "$UNLEAK_SKIP" ]; then
  exit 0
fi
unleak=unleak
if ! command -v "$unleak" >/dev/null 2>&1; then
  unleak=$PROGRAM
fi
if ! command -v "$unleak" >/dev/null 2>&1; then
  echo "unleak: the pre-commit hook does not find unleak: put it on the PATH, or skip the hook with: UNLEAK_SKIP=1 git commit" >&2
  exit 1
fi
"$unleak" scan --staged
status=$?
case $status in
0) ;;
1) echo "unleak: nothing was committed, because what is staged leaks. Mend it (unleak fix --staged writes what is safe), and stage it again; or skip the hook with: UNLEAK_SKIP=1 git commit" >&2 ;;
*) echo "unleak: nothing was committed, because what is staged could not be looked at. To skip the hook: UNLEAK_SKIP=1 git commit" >&2 ;;
esac
exit $status
`

// text is the whole file. The sum in it tells whether it is as it was written.
func text(program string) []byte {
	body := strings.Replace(script, "$PROGRAM", "'"+strings.ReplaceAll(program, "'", `'\''`)+"'", 1)
	return fmt.Appendf(nil, "#!/bin/sh\n# The hook of unleak, %x\n%s", sha256.Sum256([]byte(body)), body)
}

var head = regexp.MustCompile(`^#!/bin/sh\n# The hook of unleak, ([0-9a-f]{64})\n`)

// standing is whose a hook is.
type standing int

const (
	none standing = iota
	ours
	changed // it was ours, and somebody has changed it
	foreign
)

func standingOf(file string) (standing, []byte, error) {
	info, err := os.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return none, nil, nil
	}
	if err != nil {
		return foreign, nil, err
	}
	if !info.Mode().IsRegular() {
		return foreign, nil, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return foreign, nil, err
	}
	m := head.FindSubmatch(data)
	if m == nil {
		return foreign, data, nil
	}
	if fmt.Sprintf("%x", sha256.Sum256(data[len(m[0]):])) != string(m[1]) {
		return changed, data, nil
	}
	return ours, data, nil
}

// Place is the hook's file in the repository around dir. It fails where dir is in no
// work tree, and where the hooks lie outside of the repository: others share them.
func Place(ctx context.Context, dir string) (string, error) {
	hooks, common, top, err := worktree.Hooks(ctx, dir)
	if err != nil {
		return "", err
	}
	file := filepath.Join(hooks, "pre-commit")
	if !below(hooks, top) && !below(hooks, common) {
		return "", fmt.Errorf("core.hooksPath is %s, outside of this repository, where others may use it, too; to run unleak in all of them, add this line to %s: %s", hooks, file, By)
	}
	return file, nil
}

func below(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && filepath.IsLocal(rel)
}

// Install writes the hook that calls program. It reports whether there was anything to
// do. It fails without writing where there is another hook.
func Install(file, program string) (bool, error) {
	at, old, err := standingOf(file)
	if err != nil {
		return false, err
	}
	want := text(program)
	switch {
	case at == foreign:
		return false, fmt.Errorf("%s is somebody else's hook, and stays as it is; to run unleak in it, add this line: %s", file, By)
	case at == changed:
		return false, fmt.Errorf("%s is a hook of unleak that somebody has changed, and stays as it is; remove it first to have it anew", file)
	case at == ours && bytes.Equal(old, want) && executable(file):
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return false, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".unleak-*")
	if err != nil {
		return false, err
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once the file was renamed
	_, err = tmp.Write(want)
	if err = errors.Join(err, tmp.Chmod(0o755), tmp.Close()); err != nil {
		return false, err
	}
	if at == none { // a link fails if another hook has come meanwhile
		if err = os.Link(tmp.Name(), file); err == nil || errors.Is(err, fs.ErrExist) {
			return err == nil, err
		}
	}
	return true, os.Rename(tmp.Name(), file)
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode()&0o111 != 0
}

// Uninstall removes the hook. It reports whether there was one. It fails where the
// hook is not as Install wrote it.
func Uninstall(file string) (bool, error) {
	at, _, err := standingOf(file)
	if err != nil {
		return false, err
	}
	switch at {
	case none:
		return false, nil
	case ours:
		return true, os.Remove(file)
	case changed:
		return false, fmt.Errorf("%s is a hook of unleak that somebody has changed, and stays as it is; remove it by hand", file)
	}
	return false, fmt.Errorf("%s is somebody else's hook, and stays as it is; if it runs unleak, remove that line by hand", file)
}
