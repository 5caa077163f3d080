package project

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Version is a release: major, minor, patch.
type Version [3]int

// Less orders releases.
func (v Version) Less(w Version) bool { return slices.Compare(v[:], w[:]) < 0 }

func (v Version) String() string {
	switch {
	case v[2] > 0:
		return fmt.Sprintf("%d.%d.%d", v[0], v[1], v[2])
	case v[1] > 0:
		return fmt.Sprintf("%d.%d", v[0], v[1])
	}
	return strconv.Itoa(v[0])
}

// ParseVersion reads 24, 20.5 or 1.52.0.
func ParseVersion(s string) (Version, bool) {
	var v Version
	parts := strings.Split(s, ".")
	if len(parts) > len(v) {
		return Version{}, false
	}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return Version{}, false
		}
		v[i] = int(n)
	}
	return v, true
}

var comparator = regexp.MustCompile(`^(>=|<=|>|<|=|\^|~>?)?v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:[-+][\w.+-]+)?$`)

var operator = regexp.MustCompile(`(>=|<=|>|<|=|\^|~>?)\s+`)

// Least returns the lowest release that a range of npm allows. It fails for
// tags, addresses, and what else is no range.
func Least(rng string) (Version, bool) {
	if alias, ok := strings.CutPrefix(rng, "npm:"); ok {
		i := strings.LastIndex(alias, "@")
		if i <= 0 {
			return Version{}, false
		}
		rng = alias[i+1:]
	}
	var least Version
	for i, alternative := range strings.Split(rng, "||") {
		v, ok := leastOfAll(alternative)
		if !ok {
			return Version{}, false
		}
		if i == 0 || v.Less(least) {
			least = v
		}
	}
	return least, true
}

// leastOfAll is Least for comparators that all hold.
func leastOfAll(set string) (Version, bool) {
	low, high, between := strings.Cut(set, " - ")
	if between {
		if _, ok := bound(strings.TrimSpace(high)); !ok {
			return Version{}, false
		}
		set = low
	}
	var least Version
	for _, c := range strings.Fields(operator.ReplaceAllString(set, "$1")) {
		v, ok := bound(c)
		if !ok {
			return Version{}, false
		}
		if least.Less(v) {
			least = v
		}
	}
	return least, true
}

// bound is the lowest release that one comparator allows.
func bound(c string) (Version, bool) {
	m := comparator.FindStringSubmatch(c)
	if m == nil {
		return Version{}, false
	}
	var v Version
	given := 0
	for i, part := range m[2:5] {
		if part == "" || strings.ContainsAny(part, "xX*") {
			break // any
		}
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return Version{}, false
		}
		v[i], given = int(n), i+1
	}
	switch m[1] {
	case "<", "<=":
		return Version{}, true
	case ">":
		if given > 0 {
			v[given-1]++ // what is above 1.2 is 1.3, not 1.2.1
		}
	}
	return v, true
}

// before reports whether a range of npm allows no release from a major one on.
func before(rng string, major int) bool {
	for _, alternative := range strings.Split(rng, "||") {
		if _, high, between := strings.Cut(alternative, " - "); between {
			alternative = "<=" + strings.TrimSpace(high)
		}
		capped := false
		for _, c := range strings.Fields(operator.ReplaceAllString(alternative, "$1")) {
			m := comparator.FindStringSubmatch(c)
			v, ok := bound(strings.TrimLeft(c, "<=>^~"))
			if m == nil || !ok || strings.ContainsAny(m[2], "xX*") {
				continue
			}
			switch m[1] {
			case "<":
				capped = capped || !(Version{major}).Less(v)
			case ">", ">=":
			default:
				capped = capped || v[0] < major
			}
		}
		if !capped {
			return false
		}
	}
	return true
}

// VersionOf returns the lowest release of a package that may be installed for a
// file, as the nearest package.json that names it has it; where that gives no
// range, but a tag or a place, the release that is installed.
func (p *Project) VersionOf(rel, name string) (Version, bool) {
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		if pkg := p.packageIn(dir); pkg != nil && pkg.Dependencies[name] != "" {
			v, ok := Least(pkg.Dependencies[name])
			if !ok {
				return p.installedVersion(dir, name)
			}
			if peer, too := Least(pkg.peers[name]); too && pkg.peers[name] != "" && peer.Less(v) {
				v = peer // developed with one, used with others
			}
			return v, true
		}
		if dir == "." || dir == "/" {
			return Version{}, false
		}
	}
}

func (p *Project) installedVersion(dir, name string) (Version, bool) {
	for ; ; dir = path.Dir(dir) {
		if pkg := p.packageIn(path.Join(dir, "node_modules", name)); pkg != nil {
			return Least(pkg.version)
		}
		if dir == "." || dir == "/" {
			return Version{}, false
		}
	}
}

// NodeOf returns the lowest release of Node that a file may be run by, as the
// nearest package.json with such an `engines` has it.
func (p *Project) NodeOf(rel string) (Version, bool) {
	if rng := p.nodeRange(rel); rng != "" {
		return Least(rng)
	}
	return Version{}, false
}

// NodeBefore reports whether a file is only ever run by releases of Node before a major one,
// as the nearest package.json with such an `engines` has it.
func (p *Project) NodeBefore(rel string, major int) bool {
	rng := p.nodeRange(rel)
	return rng != "" && before(rng, major)
}

// nodeRange is what the nearest package.json above a file that says so allows of Node; "" for
// anything.
func (p *Project) nodeRange(rel string) string {
	for dir := path.Dir(rel); ; dir = path.Dir(dir) {
		if pkg := p.packageIn(dir); pkg != nil && pkg.node != "" {
			return pkg.node
		}
		if dir == "." || dir == "/" {
			return ""
		}
	}
}

// nodeEngine reads `engines`, which may be of any shape in old packages.
func nodeEngine(engines json.RawMessage) string {
	var e struct{ Node string }
	if json.Unmarshal(engines, &e) != nil {
		return ""
	}
	return e.Node
}

// Disposes reports whether the compiler knows the types that `using` needs.
func (c *TSConfig) Disposes() bool {
	if c.Lib == nil {
		return c.Target == "esnext"
	}
	return slices.Contains(c.Lib, "esnext") || slices.Contains(c.Lib, "esnext.full") || slices.Contains(c.Lib, "esnext.disposable")
}

// DOM reports whether the compiler knows the browser's globals.
func (c *TSConfig) DOM() bool {
	return c.Lib == nil || slices.Contains(c.Lib, "dom") || slices.Contains(c.Lib, "esnext.full")
}
