package vcs

import (
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/cache"
)

// Aside returns the same repository, whose new objects go below dir, an empty folder,
// and not to those of the repository: what is tried out leaves nothing behind once
// dir is removed. Branches are still those of the repository, so none may be set to
// a commit that was made aside.
func (r *Repository) Aside(dir string) (*Repository, error) {
	own := filepath.Join(dir, "objects")
	if err := os.Mkdir(own, 0o755); err != nil {
		return nil, err
	}
	aside := *r
	aside.bulk = false // git would not see the new ones
	var err error
	aside.objects, err = openObjects(16*cache.MiByte, append([]string{own}, r.objects.dirs...)...)
	return &aside, err
}
