package project

import (
	"cmp"
	"hash/maphash"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// seen is what a run has seen of a project on its way: where an import leads is nearly always a
// file that it has found, and most folders hold no settings. The system need not be asked for
// that, nor most files for what they export. Only hashes are kept, and nothing is told of them
// before the run has seen all.
type seen struct {
	mu      sync.Mutex
	sources []uint64 // hashes of the paths of regular files that have the name of one
	noted   []noted
	names   []nameHash
	folders []uint64 // hashes of those whose sources are all among the sources
	plain   []uint64 // hashes of those without settings
	allSeen atomic.Bool
}

// noted is a file of which all is known that it may export.
type noted struct {
	path  uint64 // its hash
	names uint32 // where that stands among the names, in order
	count uint16
	empty bool // see HoldsNothing
}

// nameHash is enough of the hash of a name to tell, of nearly every other, that it is another.
type nameHash uint16

func hashOfName(name string) nameHash { return nameHash(maphash.String(nameSeed, name)) }

// mostNoted bounds of how many files it is remembered what they export: others are read again
// when somebody asks.
const mostNoted = 16 << 10

// addNoted adds all that a file may export.
func (s *seen) addNoted(rel string, exports []nameHash, empty bool) {
	if len(exports) > math.MaxUint16 {
		return
	}
	slices.Sort(exports)
	exports = slices.Compact(exports)
	f := noted{path: hashOf(rel), count: uint16(len(exports)), empty: empty}
	s.add(func() {
		if len(s.noted) == mostNoted {
			return
		}
		f.names = uint32(len(s.names))
		s.names = append(s.names, exports...)
		s.noted = append(s.noted, f)
	})
}

// addSource adds a file.
func (s *seen) addSource(rel string) {
	hash := hashOf(rel)
	s.add(func() { s.sources = append(s.sources, hash) })
}

// addFolder adds a folder and what is in it.
func (s *seen) addFolder(rel string, entries []fs.DirEntry) {
	folder, plain, whole := hashOf(rel), !slices.ContainsFunc(entries, isSetting), true
	s.add(func() {
		for _, e := range entries {
			switch {
			case !syntax.Supported(e.Name()):
			case e.Type().IsRegular():
				s.sources = append(s.sources, hashIn(rel, e.Name()))
			default:
				whole = false // a link, perhaps to a file
			}
		}
		if whole {
			s.folders = append(s.folders, folder)
		}
		if plain {
			s.plain = append(s.plain, folder)
		}
	})
}

func (s *seen) add(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.allSeen.Load() {
		what()
	}
}

func hashOf(rel string) uint64 { return maphash.String(nameSeed, rel) }

// hashIn is hashOf for what is in a folder.
func hashIn(rel, name string) uint64 {
	if rel == "." {
		return hashOf(name)
	}
	var h maphash.Hash
	h.SetSeed(nameSeed)
	h.WriteString(rel)
	h.WriteByte('/')
	h.WriteString(name)
	return h.Sum64()
}

// all says that there is no more.
func (s *seen) all() {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortFunc(s.noted, func(a, b noted) int { return cmp.Compare(a.path, b.path) })
	for _, hashes := range []*[]uint64{&s.sources, &s.folders, &s.plain} {
		slices.Sort(*hashes)
		*hashes = fitted(slices.Compact(*hashes))
	}
	s.noted, s.names = fitted(s.noted), fitted(s.names)
	s.allSeen.Store(true)
}

// fitted is a slice in no more memory than it needs.
func fitted[S ~[]E, E any](s S) S { return append(make(S, 0, len(s)), s...) }

// exportsNone reports whether a file was seen that exports nothing under a name, but perhaps a
// default.
func (s *seen) exportsNone(rel, name string) bool {
	f, ok := s.notedOf(rel)
	if !ok {
		return false
	}
	_, may := slices.BinarySearch(s.names[f.names:f.names+uint32(f.count)], hashOfName(name))
	return !may
}

// notedOf is what was noted of a file.
func (s *seen) notedOf(rel string) (noted, bool) {
	if !s.allSeen.Load() {
		return noted{}, false
	}
	i, ok := slices.BinarySearchFunc(s.noted, hashOf(rel), func(f noted, path uint64) int { return cmp.Compare(f.path, path) })
	if !ok {
		return noted{}, false
	}
	return s.noted[i], true
}

// isFile reports whether there is a regular file at a path; known is false where that was not
// seen.
func (s *seen) isFile(rel string) (is, known bool) {
	if !s.allSeen.Load() || !syntax.Supported(rel) {
		return false, false
	}
	if _, is := slices.BinarySearch(s.sources, hashOf(rel)); is {
		return true, true
	}
	if strings.ContainsFunc(rel, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return false, false // a letter can be written in two ways, of which a system may take either
	}
	return false, s.isWhole(path.Dir(rel))
}

// isWhole reports whether a folder was seen, and all of its sources.
func (s *seen) isWhole(dir string) bool {
	if !s.allSeen.Load() {
		return false
	}
	_, whole := slices.BinarySearch(s.folders, hashOf(dir))
	return whole
}

// isPlain reports whether a folder was seen, and nothing in it is a setting: see isSetting.
func (s *seen) isPlain(dir string) bool {
	if !s.allSeen.Load() {
		return false
	}
	_, ok := slices.BinarySearch(s.plain, hashOf(dir))
	return ok
}
