package monitor

import (
	_ "embed"
	"fmt"
	"os"
	"path"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/patch"
)

// SoakScript is a script for node that runs a scenario again and again, and fails when
// something grows.
//
//go:embed templates/soak.mjs
var SoakScript []byte

// soakName is what it is called in a project.
const soakName = "unleak-soak.mjs"

// Soak plans the script for the package around a folder, given relative to the root:
// among the package's scripts where it keeps such, else beside its package.json. There
// is no change where the very same is there; another file of that name is an error.
func Soak(p *project.Project, dir string) (rel string, changes []patch.Change, err error) {
	at := packageDir(p, path.Join(dir, "x"))
	if info, err := os.Stat(p.Abs(path.Join(at, "scripts"))); err == nil && info.IsDir() {
		at = path.Join(at, "scripts")
	}
	rel = path.Join(at, soakName)
	old, err := os.ReadFile(p.Abs(rel))
	switch {
	case err == nil && string(old) == string(SoakScript):
		return rel, nil, nil
	case err == nil:
		return rel, nil, fmt.Errorf("%s: is there, and is another one; move it, or remove it to have it written anew", rel)
	case !os.IsNotExist(err):
		return rel, nil, fmt.Errorf("%s: %w", rel, err)
	}
	return rel, []patch.Change{{Path: rel, New: SoakScript}}, nil
}
