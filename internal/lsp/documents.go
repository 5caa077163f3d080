package lsp

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/creachadair/jrpc2"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
)

// document is one that is open in the editor. Its fields are never changed but by
// notifications, under the server's lock; the text is replaced as a whole.
type document struct {
	uri     string
	path    string // native
	version int
	src     []byte
	lost    bool  // a change could not be read: its text is not known until it comes whole
	root    *root // nil: it is none of ours
	rel     string
}

func (s *Server) didOpen(p *didOpenParams) {
	t := p.TextDocument
	s.mu.Lock()
	defer s.mu.Unlock()
	d := &document{uri: t.URI, path: pathOf(t.URI), version: t.Version, src: []byte(t.Text)}
	s.documents[d.uri] = d
	if s.place(d) {
		s.changed(d, !sameOnDisk(d))
	}
}

func (s *Server) onChange(_ context.Context, req *jrpc2.Request) (any, error) {
	var p didChangeParams
	if err := decode(req, &p); err != nil {
		// Whatever it was, the text that is kept here is not that of the editor any more.
		var id documentParams
		s.log("%s: %s", req.Method(), err)
		if decode(req, &id) == nil {
			s.lose(id.TextDocument.URI)
		}
		return nil, nil
	}
	s.didChange(&p)
	return nil, nil
}

func (s *Server) lose(uri string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.documents[uri]; d != nil {
		d.lost = true
		if d.root != nil {
			s.changed(d, true)
		}
	}
}

func (s *Server) didChange(p *didChangeParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.documents[p.TextDocument.URI]
	if d == nil {
		return
	}
	changes := p.ContentChanges
	for i, c := range slices.Backward(changes) { // nothing before a whole text matters
		if c.Range == nil {
			changes, d.lost = changes[i:], false
			break
		}
	}
	if p.TextDocument.Version != nil {
		d.version = *p.TextDocument.Version
	}
	src, err := s.units.apply(d.src, changes)
	if err != nil {
		d.lost = true
	} else {
		d.src = src
	}
	if d.root != nil {
		s.changed(d, true)
	}
}

func (s *Server) didClose(p *documentParams) {
	s.mu.Lock()
	d := s.documents[p.TextDocument.URI]
	delete(s.documents, p.TextDocument.URI)
	s.pending = slices.DeleteFunc(s.pending, func(uri string) bool { return uri == p.TextDocument.URI })
	ours := d != nil && d.root != nil
	if ours {
		d.root.generation++
		if !sameOnDisk(d) {
			s.look(s.openIn(d.root)...)
		}
	}
	s.mu.Unlock()
	if ours {
		s.publish(d, nil)
	}
}

// sameOnDisk reports whether a document is what its file holds: then it changes
// nothing for others whether it is open.
func sameOnDisk(d *document) bool {
	src, err := os.ReadFile(d.path)
	return err == nil && bytes.Equal(src, d.src)
}

// changed is called under the lock when a document has another text. For others is
// whether those that have asked for it are to be looked at again.
func (s *Server) changed(d *document, others bool) {
	d.root.generation++
	uris := []string{d.uri}
	if others {
		for rel := range d.root.base.Dependents([]string{d.rel}) {
			uris = append(uris, s.openAt(d.root, rel)...)
		}
		slices.Sort(uris[1:])
	}
	s.look(uris...)
}

// look asks for documents to be looked at, when nothing has changed for a while. It
// is called under the lock.
func (s *Server) look(uris ...string) {
	for _, uri := range uris {
		if !slices.Contains(s.pending, uri) {
			s.pending = append(s.pending, uri)
		}
	}
	if s.cancel != nil {
		s.cancel()
	}
	s.timer.Reset(s.config.Delay)
}

func (s *Server) openIn(r *root) []string {
	var uris []string
	for uri, d := range s.documents {
		if d.root == r {
			uris = append(uris, uri)
		}
	}
	slices.Sort(uris)
	return uris
}

func (s *Server) openAt(r *root, rel string) []string {
	return slices.DeleteFunc(s.openIn(r), func(uri string) bool { return s.documents[uri].rel != rel })
}

// place finds the project that a document belongs to. What lies outside of the
// folders that are open, is no source, or was installed or built, belongs to none.
func (s *Server) place(d *document) bool {
	d.root, d.rel = nil, ""
	if d.path == "" || !syntax.Supported(d.path) {
		return false
	}
	folder := ""
	for _, f := range s.folders {
		if below(d.path, f) && len(f) > len(folder) {
			folder = f
		}
	}
	if folder == "" && len(s.folders) > 0 {
		return false
	}
	top := project.WorkTree(filepath.Dir(d.path))
	if top == "" {
		top = folder
	}
	if top == "" { // a file by itself
		top = filepath.Dir(d.path)
	}
	if folder != "" {
		if rel, err := filepath.Rel(folder, d.path); err != nil || !project.IsSource(filepath.ToSlash(rel)) {
			return false
		}
	}
	r := s.roots[top]
	if r == nil {
		base, err := project.Open(top)
		if err != nil {
			go s.log("%s", err)
			return false
		}
		base.RememberAsked()
		r = &root{server: s, path: top, base: base, turn: make(chan struct{}, 1), built: -1}
		s.roots[top] = r
	}
	rel, err := r.base.Rel(d.path)
	if err != nil || !project.IsSource(rel) {
		return false
	}
	d.root, d.rel = r, rel
	return true
}

func (s *Server) didChangeFolders(p *foldersParams) {
	s.mu.Lock()
	for _, f := range p.Event.Removed {
		path := pathOf(f.URI)
		s.folders = slices.DeleteFunc(s.folders, func(g string) bool { return g == path })
	}
	s.addFolders(p.Event.Added)
	var gone []*document
	for _, d := range s.documents {
		before := d.root
		ours := s.place(d)
		if before != nil && before != d.root {
			before.generation++
		}
		if ours && before != d.root {
			s.changed(d, true)
		} else if !ours && before != nil {
			gone = append(gone, d)
		}
	}
	s.mu.Unlock()
	for _, d := range gone {
		s.publish(d, nil)
	}
}

// didChangeWatched takes what changed on the disk. A file that is open is what the
// editor says it is.
func (s *Server) didChangeWatched(p *watchedParams) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.roots {
		var files []string
		all, any := false, false
		for _, c := range p.Changes {
			path := pathOf(c.URI)
			if path == "" || !below(path, r.path) {
				continue
			}
			rel, err := filepath.Rel(r.path, path)
			if err != nil {
				continue
			}
			any = true
			rel = filepath.ToSlash(rel)
			switch {
			case !syntax.Supported(path):
				r.reload, all = true, true
			case c.Type != 2: // an import may lead elsewhere now
				all = true
			case len(s.openAt(r, rel)) == 0:
				files = append(files, rel)
			}
		}
		if !any {
			continue
		}
		r.generation++
		if all {
			s.look(s.openIn(r)...)
			continue
		}
		for rel := range r.base.Dependents(files) {
			s.look(s.openAt(r, rel)...)
		}
	}
}
