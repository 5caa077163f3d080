package propose

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/hmarr/codeowners"

	"github.com/unleak-dev/unleak/vcs"
)

// owners is a CODEOWNERS file, as GitHub reads it: the last line that matches counts,
// and a line that is wrong is left out.
type owners codeowners.Ruleset

// ownersPlaces are where GitHub looks, in its order.
var ownersPlaces = []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"}

// maxOwners is the size in bytes from which GitHub does not read the file.
const maxOwners = 3 << 20

func readOwners(repo *vcs.Repository, commit vcs.Hash) (owners, error) {
	for _, place := range ownersPlaces {
		e, err := repo.File(commit, place)
		if errors.Is(err, vcs.ErrNotFound) || err == nil && (!e.Regular() || e.Size >= maxOwners) {
			continue
		}
		if err != nil {
			return nil, err
		}
		data, err := repo.Blob(e.Blob)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		return parseOwners(string(data)), nil
	}
	return nil, nil
}

func parseOwners(text string) owners {
	var all owners
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		// What gitignore would allow and GitHub does not, and what the library cannot.
		if line == "" || line[0] == '!' || line[0] == '[' || len(line) > 4096 || path.Clean("/"+strings.Fields(line)[0]) == "/" {
			continue
		}
		rules, err := codeowners.ParseFile(strings.NewReader(line))
		if err != nil {
			continue
		}
		all = append(all, rules...)
	}
	return all
}

// of names the owners of a file, in order, with spaces between; "" if it has none.
func (o owners) of(file string) string {
	rule, err := codeowners.Ruleset(o).Match(file)
	if err != nil || rule == nil {
		return ""
	}
	var names []string
	for _, owner := range rule.Owners {
		names = append(names, owner.String())
	}
	return strings.Join(names, " ")
}
