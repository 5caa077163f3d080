package vcs

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/storage/filesystem"
	"github.com/go-git/go-git/v5/storage/filesystem/dotgit"
)

// objects are the repository's own objects and those of its alternates. go-git's
// way with alternates reads their indexes anew for each object, and its storage is
// not for several goroutines; hence the list and the lock.
type objects struct {
	mu     sync.Mutex
	stores []*filesystem.ObjectStorage // the first is the repository's own
	dirs   []string                    // of the stores
	packed []time.Time                 // when the folders of packs were last seen changed
}

// openObjects opens objects folders and their alternates, as deep as git goes. What
// is written goes to the first. Of objects that were read it remembers cacheSize bytes.
func openObjects(cacheSize cache.FileSize, dirs ...string) (*objects, error) {
	o := &objects{}
	shared := cache.NewObjectLRU(cacheSize)
	var add func(dir string, depth int) error
	add = func(dir string, depth int) error {
		for _, d := range o.dirs {
			if d == dir {
				return nil
			}
		}
		if filepath.Base(dir) != "objects" {
			return fmt.Errorf("the alternate %s is not called objects, which is not supported", dir)
		}
		git := dotgit.New(osfs.New(filepath.Dir(dir)))
		o.stores = append(o.stores, filesystem.NewObjectStorageWithOptions(git, shared, filesystem.Options{MaxOpenDescriptors: 16, LargeObjectThreshold: 1 << 20}))
		o.dirs = append(o.dirs, dir)
		o.packed = append(o.packed, packsChanged(dir))
		others, err := alternates(dir)
		if err != nil || depth == 5 {
			return err
		}
		for _, other := range others {
			if err := add(other, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, dir := range dirs {
		if err := add(dir, 0); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// alternates lists the objects folders that a folder borrows from. Those that are
// not there any more are passed over, as git does.
func alternates(dir string) ([]string, error) {
	f, err := os.Open(filepath.Join(dir, "info", "alternates"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var dirs []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		other := lines.Text()
		if other == "" || strings.HasPrefix(other, "#") {
			continue
		}
		if !filepath.IsAbs(other) {
			other = filepath.Join(dir, other)
		}
		if info, err := os.Stat(other); err == nil && info.IsDir() {
			dirs = append(dirs, filepath.Clean(other))
		}
	}
	return dirs, lines.Err()
}

func packsChanged(dir string) time.Time {
	info, err := os.Stat(filepath.Join(dir, "pack"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// refresh makes the stores look at their packs again if there may be others than
// when they were read, or in any case. It reports whether they will.
func (o *objects) refresh(inAnyCase bool) bool {
	changed := false
	for i, dir := range o.dirs {
		if at := packsChanged(dir); inAnyCase || !at.Equal(o.packed[i]) {
			o.packed[i], changed = at, true
			_ = o.stores[i].Close() // of packs that were only read
			o.stores[i].Reindex()
		}
	}
	return changed
}

// find looks an object up. The caller holds the lock.
func (o *objects) find(h plumbing.Hash) (plumbing.EncodedObject, error) {
	for again := false; ; again = true {
		var failed error
		for _, s := range o.stores {
			object, err := s.EncodedObject(plumbing.AnyObject, h)
			if err == nil {
				return object, nil
			}
			if !errors.Is(err, plumbing.ErrObjectNotFound) {
				failed = err // a pack that is gone, perhaps: git repacked
			}
		}
		if o.refresh(failed != nil && !again) {
			continue
		}
		if failed == nil {
			failed = ErrMissing
		}
		return nil, fmt.Errorf("%s: %w", h, failed)
	}
}

// tooLarge says that an object is larger than what is read into memory.
type tooLarge struct{ size int64 }

func (e *tooLarge) Error() string { return fmt.Sprintf("an object of %d bytes is too large", e.size) }

// read returns an object's kind and content, up to MaxFileSize bytes.
func (o *objects) read(h plumbing.Hash) (plumbing.ObjectType, []byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	object, err := o.find(h)
	if err != nil {
		return 0, nil, err
	}
	if object.Size() > MaxFileSize {
		return 0, nil, fmt.Errorf("%s: %w", h, &tooLarge{object.Size()})
	}
	r, err := object.Reader()
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", h, err)
	}
	defer r.Close()
	data := make([]byte, object.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return 0, nil, fmt.Errorf("%s: %w", h, err)
	}
	return object.Type(), data, nil
}

// readAs is read for an object that must be of a kind.
func (o *objects) readAs(kind plumbing.ObjectType, h plumbing.Hash) ([]byte, error) {
	is, data, err := o.read(h)
	if err == nil && is != kind {
		return nil, fmt.Errorf("%s is a %s, not a %s", h, is, kind)
	}
	return data, err
}

// size returns the size of an object, -1 if it is not there.
func (o *objects) size(h plumbing.Hash) (int64, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.stores {
		size, err := s.EncodedObjectSize(h)
		if !errors.Is(err, plumbing.ErrObjectNotFound) {
			return size, err
		}
	}
	return -1, nil
}

// has reports whether an object is there.
func (o *objects) has(h plumbing.Hash) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range o.stores {
		if s.HasEncodedObject(h) == nil {
			return true
		}
	}
	return false
}

// write stores an object and returns its name.
func (o *objects) write(kind plumbing.ObjectType, data []byte) (plumbing.Hash, error) {
	object := &plumbing.MemoryObject{}
	object.SetType(kind)
	if _, err := object.Write(data); err != nil {
		return plumbing.ZeroHash, err
	}
	h := object.Hash()
	if o.has(h) {
		// An old object that nothing refers to may be about to be pruned. That it is
		// wanted again has to be seen, as git sees to it. Packed ones are not pruned
		// on their own.
		name, now := h.String(), time.Now()
		_ = os.Chtimes(filepath.Join(o.dirs[0], name[:2], name[2:]), now, now)
		return h, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stores[0].SetEncodedObject(object)
}

// withPrefix returns the objects whose names begin so.
func (o *objects) withPrefix(prefix []byte) ([]plumbing.Hash, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.refresh(false)
	var all []plumbing.Hash
	for _, s := range o.stores {
		found, err := s.HashesWithPrefix(prefix)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// parseHash reads a hash from outside.
func parseHash(h Hash) (plumbing.Hash, error) {
	if len(h) != 40 || strings.Trim(string(h), "0123456789abcdef") != "" {
		return plumbing.ZeroHash, fmt.Errorf("%q is not the full name of an object", string(h))
	}
	return plumbing.NewHash(string(h)), nil
}

// asHash is the other way; the zero hash is "".
func asHash(h plumbing.Hash) Hash {
	if h.IsZero() {
		return ""
	}
	return Hash(h.String())
}
