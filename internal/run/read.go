package run

import (
	"context"

	"github.com/unleak-dev/unleak/internal/project"
)

// text is what a file holds, in the memory of into if that has room.
func (w *worker) text(rel string, into []byte) ([]byte, error) {
	if src, given := w.opts.Stdin[rel]; given {
		return src, nil
	}
	return w.d.Project.ReadInto(rel, into)
}

// read finds out whether a file is a candidate, and notes what it mentions.
func (w *worker) read(_ context.Context, rel string) error {
	defer w.told(rel)
	_, given := w.opts.Stdin[rel]
	role := w.d.Project.RoleOf(rel, nil) // as far as the path tells
	admitted := w.admits(rel, role)
	noted := w.whole && project.Notes(rel, role)
	if !admitted && !noted {
		return nil
	}
	memory, ok := w.texts.Get().(*[]byte)
	if !ok {
		memory = new([]byte)
	}
	src, err := w.text(rel, *memory)
	if !given && cap(src) > cap(*memory) {
		*memory = src
	}
	defer w.texts.Put(memory)
	if err != nil {
		if admitted {
			w.problem(err)
		}
		return nil
	}
	known := w.d.Project.RoleOf(rel, src)
	noted = noted && project.Notes(rel, known)
	admitted = admitted && (known == role || w.admits(rel, known))
	if admitted {
		w.seen.Files.Add(1)
		admitted = w.looksAt(rel, src)
	}
	if w.isWanted(rel, src, noted, admitted) || admitted && w.named[rel] { // what is named may call what another file acquires
		w.take(rel)
	}
	return nil
}

// looksAt asks Look.
func (w *worker) looksAt(rel string, src []byte) bool {
	if w.opts.Look == nil {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	ok := w.opts.Look(rel, src)
	if !ok {
		w.taken[rel] = true
	}
	return ok
}

// isWanted goes through the words of a text once: for what the file mentions if that is to be
// noted, and, if it is looked at, for whether it can hold an acquisition.
func (w *worker) isWanted(rel string, src []byte, noted, admitted bool) bool {
	var notes *project.Noting
	if noted {
		notes = w.d.Project.Noting(rel, src)
	}
	search := w.d.Search(src)
	searching := admitted
	if notes != nil || searching {
		w.words.Each(src, func(start, end int) bool {
			if searching && search.Word(start, end) {
				searching = false
			}
			if notes != nil {
				notes.Word(start, end)
			}
			return searching || notes != nil
		})
	}
	wanted := admitted && search.Done()
	if notes != nil {
		notes.Done(admitted && !wanted && w.d.WantsAll())
	}
	return wanted
}
