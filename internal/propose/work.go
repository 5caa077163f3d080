package propose

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/check"
	"github.com/unleak-dev/unleak/patch"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
)

// Work is a part that was done: what a forge is handed.
type Work struct {
	Part     *Part
	On       *Work // what its commits are built on; nil: the base
	Proposal forge.Proposal
	Commits  []Commit
	Changes  []patch.Change // of all commits together, with paths in the repository
	Fixes    []*transforms.Fix
	Dropped  []Dropped // fixes that did not pass
	Left     []Finding // leaks of the part that are left alone
	Bugs     []*transforms.Bug

	texts   map[string][]byte // the whole of what it and those below it change
	after   findings          // what leaks with all of that
	scanned int               // files that were scanned again
}

// Commit is one commit of a branch.
type Commit struct {
	Hash    vcs.Hash
	Message string
	Changes []patch.Change
}

// Subject is the first line of the message.
func (c Commit) Subject() string {
	s, _, _ := strings.Cut(c.Message, "\n")
	return s
}

// Dropped is a fix that was made and taken back, and why.
type Dropped struct {
	Path string
	Fix  *transforms.Fix
	Why  string
}

// build does a part, on top of another one or on the base. Its commits are written
// to the repository, as objects that no branch has yet.
func (p *Plan) build(ctx context.Context, repo *vcs.Repository, part *Part, on *Work) (*Work, error) {
	w := &Work{Part: part, On: on, Left: part.left}
	t := &trial{plan: p, part: part, look: p.look, before: p.found, texts: map[string][]byte{}}
	if on != nil {
		t.look, t.before, t.texts = p.look.with(on.texts), on.after, on.texts
	}
	made, err := t.first(ctx, on == nil)
	if err != nil {
		return nil, err
	}
	if made, err = t.passing(ctx, made); err != nil {
		return nil, err
	}
	w.Dropped, w.after, w.scanned = t.dropped, made.after, made.scanned
	w.texts = maps.Clone(t.texts)
	steps, err := t.steps(ctx, made)
	if err != nil {
		return nil, err
	}
	for _, m := range made.files {
		w.Bugs = append(w.Bugs, m.Bugs...)
		if m.New == nil {
			continue
		}
		w.texts[m.Path] = m.New
		w.Fixes = append(w.Fixes, m.Fixes...)
		w.Changes = append(w.Changes, patch.Change{Path: p.Base.In(m.Path), Old: m.Old, New: m.New})
	}
	parent := p.Base.Commit
	if on != nil {
		parent = on.Proposal.Commit
	}
	if err := p.commit(repo, w, parent, steps); err != nil {
		return nil, err
	}
	w.propose(p)
	return w, nil
}

// step is what one commit changes.
type step struct {
	pkg   string
	texts []fileText
}

// fileText is a file after some more fixes.
type fileText struct {
	path     string
	old, new []byte
	fixes    []*transforms.Fix
}

// commit writes the commits of a work, one upon the other.
func (p *Plan) commit(repo *vcs.Repository, w *Work, parent vcs.Hash, steps []step) error {
	author, committer := p.opts.Author, p.opts.Committer
	author.When, committer.When = p.Base.When, p.Base.When
	for _, s := range steps {
		c := Commit{Message: p.message(s)}
		made := vcs.Commit{Parent: parent, Author: author, Committer: committer, Signer: p.opts.Signer}
		for _, t := range s.texts {
			path := p.Base.In(t.path)
			c.Changes = append(c.Changes, patch.Change{Path: path, Old: t.old, New: t.new})
			made.Changes = append(made.Changes, vcs.Change{Path: path, Data: t.new})
		}
		c.Message += trailers(c.Changes, committer, p.opts.SignOff)
		made.Message = c.Message
		var err error
		if c.Hash, err = repo.Commit(made); err != nil {
			return fmt.Errorf("%s cannot be committed: %w", w.Part.Branch, err)
		}
		parent = c.Hash
		w.Commits = append(w.Commits, c)
	}
	return nil
}

// trial makes the fixes of a part, and takes back those that do not pass.
type trial struct {
	plan    *Plan
	part    *Part
	look    *Look
	before  findings          // what leaks before
	texts   map[string][]byte // what is changed before
	dropped []Dropped
}

// made is the files of a part with some of its fixes.
type made struct {
	files   []*transforms.Mended
	after   findings
	scanned int
}

// first makes all fixes. What the plan has made on the base is not made again.
func (t *trial) first(ctx context.Context, onBase bool) (*made, error) {
	if !onBase {
		return t.make(ctx, func(*transforms.Fix) bool { return true })
	}
	m := &made{}
	for _, f := range t.part.Files {
		m.files = append(m.files, t.plan.mended[t.part.Phase][f])
	}
	return m, nil
}

// make makes the fixes of the part that are allowed.
func (t *trial) make(ctx context.Context, allowed func(*transforms.Fix) bool) (*made, error) {
	accept := t.plan.accepts(t.part.Phase)
	r, err := t.look.mend(ctx, t.part.Files, func(f *transforms.Fix) bool { return accept(f) && allowed(f) })
	if err != nil {
		return nil, err
	}
	return &made{files: r.Files}, errors.Join(r.Problems...)
}

// passing returns what passes the proof, and the project's own check: all of it, or
// as much as bisection finds.
func (t *trial) passing(ctx context.Context, all *made) (*made, error) {
	why, err := t.passes(ctx, all)
	if err != nil || why == "" {
		return all, err
	}
	var fixes []*transforms.Fix
	for _, m := range all.files {
		fixes = append(fixes, m.Fixes...)
	}
	some := func(set []int) (*made, error) {
		allowed := map[string]bool{}
		for _, i := range set {
			allowed[fixes[i].ID()] = true
		}
		return t.make(ctx, func(f *transforms.Fix) bool { return allowed[f.ID()] })
	}
	kept, err := check.Bisect(len(fixes), func(set []int) (bool, error) {
		m, err := some(set)
		if err != nil {
			return false, err
		}
		because, err := t.passes(ctx, m)
		if because != "" {
			why = because
		}
		return because == "", err
	})
	if err != nil {
		return nil, err
	}
	for i, f := range fixes {
		if !slices.Contains(kept, i) {
			t.dropped = append(t.dropped, Dropped{f.Plan.Obligations[0].File.Path, f, why})
		}
	}
	m, err := some(kept)
	if err != nil {
		return nil, err
	}
	if why, err := t.passes(ctx, m); err != nil || why != "" {
		return nil, cmp.Or(err, fmt.Errorf("%s: what is left after fixes were dropped does not pass either: %s", t.part.Branch, why))
	}
	return m, nil
}

// passes asks all proofs and says which one fails, and how; "" if none does.
func (t *trial) passes(ctx context.Context, m *made) (string, error) {
	why, err := t.prove(ctx, m)
	if err != nil || why != "" {
		return why, err
	}
	return t.plan.check(ctx, t.texts, m)
}

// steps orders what was made into commits: one for each fix, or for each package.
func (t *trial) steps(ctx context.Context, m *made) ([]step, error) {
	var out []step
	byPackage := map[string]int{}
	for _, f := range m.files {
		if f.New == nil {
			continue
		}
		pkg := t.plan.packageOf(f.Path)
		if t.plan.opts.PerPackage {
			i, ok := byPackage[pkg]
			if !ok {
				i = len(out)
				byPackage[pkg] = i
				out = append(out, step{pkg: pkg})
			}
			out[i].texts = append(out[i].texts, fileText{f.Path, f.Old, f.New, f.Fixes})
			continue
		}
		texts, err := t.look.Detector.Texts(ctx, f)
		if err != nil {
			return nil, err
		}
		at := f.Old
		for _, text := range texts {
			out = append(out, step{pkg, []fileText{{f.Path, at, text.New, text.Fixes}}})
			at = text.New
		}
		if !bytes.Equal(at, f.New) {
			return nil, fmt.Errorf("%s: the fixes one by one do not lead where they lead together; this is a bug of unleak", f.Path)
		}
	}
	return out, nil
}
