// Package propose turns what a repository leaks into branches and pull requests: a
// plan of parts, one for each phase or for each package or owner in it, and for each
// part its commits, the proof that they do what they say, and the text that says it.
//
// Everything is computed on a commit, never on somebody's checkout, and the same
// commit gives the same branches: what is shown beforehand is what is proposed.
package propose

import (
	"context"
	"slices"
	"time"

	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs"
)

// Options say what is to be proposed, and how.
type Options struct {
	Phases      []transforms.Phase // empty: all
	Unsafe      bool               // the fixes, too, that need a person's yes
	PerPackage  bool               // one commit for each package instead of each fix
	Split       Split
	MaxFiles    int    // the most files of a part; 0: no limit
	Prefix      string // of branches
	Scope       string // a folder behind it, or ""
	Author      vcs.Person
	Committer   vcs.Person // When of both is that of the base commit
	SignOff     bool
	Signer      vcs.Signer // nil: unsigned
	Verify      string     // a command line of the project; "": nothing is run
	VerifyLimit time.Duration
	Sandbox     func(command string) string // what is run in place of it; nil: itself

	Labels, Reviewers, TeamReviewers, Assignees []string
	Milestone                                   string
	Draft, AutoMerge                            bool
	Anew                                        bool // what stands is made anew on the newest commit, also if it says the same
}

// Look is how a project is looked at: by a detector that finds no offers, with the
// settings that say which files.
type Look struct {
	Detector *transforms.Detector
	Run      run.Options     // which files; the rest is set here
	Known    map[string]bool // fingerprints of what a baseline has
}

// with is the same for the project with other contents of some files.
func (l *Look) with(texts map[string][]byte) *Look {
	d := transforms.NewDetector(l.Detector.Project.With(texts), l.Detector.Kinds, l.Detector.Offers)
	d.Style = l.Detector.Style
	return &Look{d, l.Run, l.Known}
}

// mend makes fixes in some files.
func (l *Look) mend(ctx context.Context, files []string, accept func(*transforms.Fix) bool) (*run.Result, error) {
	opts := l.Run
	opts.Paths, opts.Files, opts.Accept, opts.Seen = nil, append([]string{}, files...), accept, nil
	return run.Run(ctx, l.Detector, opts)
}

// Part is what one pull request is about.
type Part struct {
	Branch string
	Phase  transforms.Phase
	Key    string   // the package or the owners that it is split by, or ""
	Cut    string   // which of several parts of one key, or ""
	Files  []string // in order
	On     *Part    // an earlier part that changes some of the same files

	left []Finding // what is left alone and told here
}

// Finding is one leak with what can be done about it.
type Finding struct {
	Path string
	*transforms.Obligation
	Fix *transforms.Fix // nil: nothing
}

// Plan is what there is to propose.
type Plan struct {
	Base     *Base
	Parts    []*Part // the urgent ones first; what a part rests on stands before it
	Gone     []string
	Problems []error // paths that could not be looked at
	Skipped  []error // files left out on purpose

	opts    Options
	look    *Look
	found   findings
	mended  map[transforms.Phase]map[string]*transforms.Mended
	checked *checked
}

// findings are what leaks, by path and fingerprint.
type findings map[string]map[string]bool

func (f findings) add(m *transforms.Mended) {
	f[m.Path] = map[string]bool{}
	for _, o := range m.Findings {
		f[m.Path][o.Fingerprint()] = true
	}
}

// Make looks at the base and plans. existing are the branches that stand already, by
// the names that were wanted for them: parts that were cut stay cut, and those of
// which nothing is left are named in Gone.
func Make(ctx context.Context, base *Base, look *Look, opts Options, existing []string) (*Plan, error) {
	if len(opts.Phases) == 0 {
		opts.Phases = transforms.Phases
	}
	p := &Plan{Base: base, opts: opts, look: look, found: findings{}, mended: map[transforms.Phase]map[string]*transforms.Mended{}}
	look.Detector.Project.RememberAsked()
	all := look.Run
	all.Accept = nil
	r, err := run.Run(ctx, look.Detector, all)
	if err != nil {
		return nil, err
	}
	p.Problems, p.Skipped = r.Problems, r.Skipped
	for _, m := range r.Files {
		p.found.add(m)
	}
	names := newNames(opts, existing)
	for _, phase := range transforms.Phases {
		if !slices.Contains(opts.Phases, phase) {
			continue
		}
		if err := p.phase(ctx, phase, r.Files, names); err != nil {
			return nil, err
		}
	}
	if len(p.Problems) == 0 { // else what seems to be gone may only not have been seen
		p.Gone = names.gone(p.Parts)
	}
	return p, nil
}

// phase plans one phase.
func (p *Plan) phase(ctx context.Context, phase transforms.Phase, files []*transforms.Mended, names *names) error {
	accept := p.accepts(phase)
	var hopeful []string
	var left []Finding
	for _, m := range files {
		hope := false
		for _, o := range m.Findings {
			f := Finding{m.Path, o, m.ByFinding[o.Fingerprint()]}
			switch {
			case f.Fix != nil && accept(f.Fix):
				hope = true
			case p.look.Known[o.Fingerprint()], f.Fix == nil && o.Phase != phase, f.Fix != nil && f.Fix.Phase() != phase:
			default:
				left = append(left, f)
			}
		}
		if hope {
			hopeful = append(hopeful, m.Path)
		}
	}
	r, err := p.look.mend(ctx, hopeful, accept)
	if err != nil {
		return err
	}
	mended := map[string]*transforms.Mended{}
	var changed []string
	for _, m := range r.Files {
		if m.New != nil {
			mended[m.Path] = m
			changed = append(changed, m.Path)
		}
	}
	p.mended[phase] = mended
	parts := p.stack(p.split(phase, changed, names))
	p.tell(parts, left)
	p.Parts = append(p.Parts, parts...)
	return nil
}

// accepts chooses the fixes of a phase.
func (p *Plan) accepts(phase transforms.Phase) func(*transforms.Fix) bool {
	return func(f *transforms.Fix) bool {
		return f.Phase() == phase &&
			(f.Applicability == transforms.Safe || p.opts.Unsafe && f.Applicability == transforms.Unsafe) &&
			slices.ContainsFunc(f.Plan.Obligations, func(o *transforms.Obligation) bool { return !p.look.Known[o.Fingerprint()] })
	}
}

// tell gives what is left alone to the first part of its key, or of all.
func (p *Plan) tell(parts []*Part, left []Finding) {
	for _, f := range left {
		key := p.key(f.Path)
		for _, part := range parts {
			if part.Key == key {
				part.left = append(part.left, f)
				break
			}
		}
	}
}
