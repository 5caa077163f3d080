package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/vcs"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// Gate is what a job asks while it works.
type Gate interface {
	github.Budget
	// Open is asked before a pull request is made: a reason puts it off.
	Open(ctx context.Context, branch string) (reason string, err error)
	// Record keeps a record of the ledger.
	Record(ctx context.Context, r ledger.Record) error
}

// work is a job under way.
type work struct {
	spec   Spec
	folder string
	gate   *timed
	limits Limits
	repo   *vcs.Repository
	hub    *github.GitHub // nil: branches of the repository itself
	cred   vcs.Credentials
	remote vcs.Remote
	out    Outcome
	later  string
}

// Do does a job in this process. folder is empty and the job's own; whoever calls
// removes it, and keeps to the limits on time and memory. An error means that
// something failed half-way and that the next try goes on from there.
func Do(ctx context.Context, s Spec, folder string, gate Gate) (Outcome, error) {
	if err := s.check(); err != nil {
		return Outcome{}, err
	}
	w := &work{spec: s, folder: folder, gate: &timed{Gate: gate}, limits: s.Limits.orUsual()}
	started := time.Now()
	err := w.do(ctx)
	w.out.Figures.Total, w.out.Figures.Waiting = time.Since(started), w.gate.waited
	var skip *skipError
	var wait *github.LimitError
	var large *vcs.TooLargeError
	switch {
	case errors.As(err, &skip):
		w.out.State, w.out.Reason, err = Skipped, skip.reason, nil
	case errors.As(err, &large):
		w.out.State, w.out.Reason, err = Skipped, large.Error(), nil
	case errors.As(err, &wait):
		w.out.State, w.out.Reason, err = Later, wait.Error(), nil
	case err == nil && w.later != "":
		w.out.State, w.out.Reason = Later, w.later
	case err == nil:
		w.out.State = Done
	}
	return w.out, err
}

// skipError says that trying again is of no use.
type skipError struct{ reason string }

func (e *skipError) Error() string { return e.reason }

func (w *work) do(ctx context.Context) error {
	if w.spec.Check != nil {
		return w.check(ctx)
	}
	if err := w.open(ctx); err != nil {
		return err
	}
	place, err := w.place(ctx)
	if err != nil {
		return err
	}
	w.out.Base, w.out.Commit = place.Branch, place.Commit
	if err := w.count(place); err != nil {
		return err
	}
	started := time.Now()
	base, err := propose.Read(ctx, place)
	if err != nil {
		return err
	}
	look, err := base.Look(ctx)
	if err != nil {
		return &skipError{oneLine(err.Error())} // settings or kinds that cannot be read
	}
	prefix := cmp.Or(place.Wanted.Prefix, propose.DefaultPrefix)
	opts, err := w.options(ctx, place, prefix)
	if err != nil {
		return err
	}
	existing, err := w.existing(ctx, place.Wanted, propose.Start(prefix, place.Wanted.Scope))
	if err != nil {
		return err
	}
	plan, err := propose.Make(ctx, base, look, opts, existing)
	if err != nil {
		return err
	}
	for _, e := range plan.Problems {
		w.out.Notes = append(w.out.Notes, oneLine(e.Error()))
	}
	w.out.Figures.Scanned, w.out.Figures.Findings = int(look.Run.Seen.Files.Load()), int(look.Run.Seen.Findings.Load())
	w.out.Figures.Scan = time.Since(started)
	err = w.hand(ctx, plan)
	return errors.Join(err, plan.Close())
}

// hand hands the parts on.
func (w *work) hand(ctx context.Context, plan *propose.Plan) error {
	var to forge.Forge = w.hub
	objects := w.repo
	switch {
	case w.spec.DryRun && w.hub == nil:
		to = propose.Shown{}
	case w.hub == nil:
		writer := ledger.Writer{Who: "this machine", Repository: w.spec.Repository.Name, Sink: w.gate.Record}
		to = writer.Forge(&propose.Local{Repository: w.repo})
	}
	if w.spec.DryRun && w.hub == nil {
		var err error
		if objects, err = w.repo.Aside(w.folder); err != nil {
			return err
		}
	}
	before := time.Now()
	waited := w.gate.waited
	told := func(k *propose.Work, out forge.Outcome) error {
		p := Part{Action: out.Action, Branch: cmp.Or(out.Branch, k.Part.Branch), Number: out.Number, URL: out.URL, Commit: out.Commit,
			Reason: oneLine(out.Reason), Fixes: len(k.Fixes), Files: len(k.Changes), Dropped: len(k.Dropped)}
		w.out.Parts = append(w.out.Parts, p)
		w.out.Figures.Fixes += p.Fixes
		// What is made between the parts is scanning; what the forge does is not.
		return nil
	}
	err := plan.Hand(ctx, objects, clocked{to, &w.out.Figures.Scan, &before, &waited, w.gate}, told)
	if check, ok := errors.AsType[*propose.CheckError](err); ok {
		return &skipError{"--verify: " + oneLine(check.Why)}
	}
	return err
}

// clocked adds the time between proposals to that of the scan.
type clocked struct {
	forge.Forge
	scan   *time.Duration
	since  *time.Time
	waited *time.Duration
	gate   *timed
}

func (c clocked) Propose(ctx context.Context, p forge.Proposal) (forge.Outcome, error) {
	*c.scan += time.Since(*c.since) - (c.gate.waited - *c.waited)
	defer func() { *c.since, *c.waited = time.Now(), c.gate.waited }()
	return c.Forge.Propose(ctx, p)
}

// open clones the repository, or opens the one that is a folder.
func (w *work) open(ctx context.Context) error {
	started := time.Now()
	defer func() { w.out.Figures.Clone = time.Since(started) }()
	if w.spec.Repository.Dir != "" {
		repo, err := vcs.Open(w.spec.Repository.Dir)
		if err != nil {
			return &skipError{oneLine(err.Error())}
		}
		w.repo = repo
		return nil
	}
	if err := w.reach(ctx); err != nil {
		return err
	}
	if w.hub == nil && !w.spec.DryRun {
		return &skipError{"there is no token to propose with"}
	}
	branch, _ := w.spec.Settings["base"].(string)
	return w.clone(ctx, branch)
}

// reach finds out where the repository is, and how whoever has a credential gets there.
func (w *work) reach(ctx context.Context) error {
	w.remote = vcs.Remote{URL: w.spec.Repository.URL}
	where, err := github.Locate(w.spec.Repository.URL)
	if err != nil {
		return &skipError{oneLine(err.Error())}
	}
	if who := w.spec.Credential; who.App == nil && who.Token == "" {
		return nil
	}
	if err := w.dial(where, nil, settings.PullRequests{}); err != nil {
		return err
	}
	if w.cred, err = w.hub.Credentials(ctx); errors.Is(err, github.ErrGone) {
		return &skipError{oneLine(err.Error())}
	} else if err != nil {
		return err
	}
	w.remote = vcs.Remote{URL: w.hub.Remote()}
	return nil
}

// clone clones a branch; "" is the default one.
func (w *work) clone(ctx context.Context, branch string) (err error) {
	w.repo, err = vcs.Clone(ctx, filepath.Join(w.folder, "clone.git"), w.remote, w.cred,
		vcs.Cloning{Branch: branch, Bytes: w.limits.Bytes, Blob: project.MaxFileSize})
	if errors.Is(err, vcs.ErrNotFound) || errors.Is(err, vcs.ErrAuth) {
		return &skipError{oneLine(err.Error())}
	}
	return err
}

// place finds the base, and clones again if the settings name another one.
func (w *work) place(ctx context.Context) (*propose.Place, error) {
	folder := w.spec.Repository.Dir
	if folder == "" {
		folder = filepath.Join(w.folder, "clone.git")
	}
	place, err := propose.Find(folder, w.override)
	if errors.Is(err, vcs.ErrNotFound) {
		if branches, lerr := w.repo.Branches(""); lerr == nil && len(branches) == 0 {
			return nil, &skipError{"the repository has no commits"}
		}
	}
	if errors.Is(err, vcs.ErrNotFound) && w.spec.Repository.Dir == "" {
		name, berr := w.namedBase()
		if berr != nil || name == "" {
			return nil, errors.Join(err, berr)
		}
		if err := os.RemoveAll(folder); err != nil {
			return nil, err
		}
		if err := w.clone(ctx, name); err != nil {
			return nil, fmt.Errorf("the settings name %s as the base: %w", name, err)
		}
		place, err = propose.Find(folder, w.override)
	}
	if err != nil {
		// It is all here: another try would find the same, unless the disk was at fault.
		if !errors.As(err, new(*fs.PathError)) && ctx.Err() == nil {
			return nil, &skipError{oneLine(err.Error())}
		}
		return nil, err
	}
	if w.hub == nil {
		return place, nil
	}
	where, err := github.Locate(w.spec.Repository.URL)
	if err != nil {
		return nil, err
	}
	return place, w.dial(where, place.Repository, place.Wanted)
}

// namedBase is the base that the settings on the default branch name.
func (w *work) namedBase() (string, error) {
	_, commit, err := w.repo.Base("origin", "")
	if err != nil {
		return "", err
	}
	e, err := w.repo.File(commit, settings.Name)
	if err != nil || !e.Regular() {
		return "", err
	}
	data, err := w.repo.Blob(e.Blob)
	if err != nil {
		return "", err
	}
	pr, err := settings.ParsePullRequests(data)
	return pr.Base, err
}

// dial prepares GitHub; repo is nil as long as there is none.
func (w *work) dial(where github.Location, repo *vcs.Repository, pr settings.PullRequests) error {
	writer := ledger.Writer{Who: w.spec.Credential.Who(where.Host, where.Owner), Repository: where.String(), Sink: w.gate.Record}
	writer.Readies = pr.Via == github.ViaAPI || cmp.Or(pr.Fork, github.ForkNever) != github.ForkNever
	o := github.Options{
		Where: where, Prefix: cmp.Or(pr.Prefix, propose.DefaultPrefix), Repository: repo, DryRun: w.spec.DryRun || repo == nil,
		Limits: forge.Limits{Open: pr.Limits.Open, Hour: pr.Limits.PerHour}, Via: pr.Via, Fork: cmp.Or(pr.Fork, github.ForkNever),
		CreateLabels: pr.MissingLabels != "leave-out", MergeMethod: pr.MergeMethod, App: w.spec.Credential.App,
		MaxWait: 2 * time.Minute, Budget: w.gate, Wrap: writer.Host, May: w.may,
	}
	if o.App == nil {
		o.Tokens = w.spec.Credential.Token
	}
	var err error
	w.hub, err = github.New(o)
	return err
}

// may asks whether one more pull request may be made, and remembers if not.
func (w *work) may(ctx context.Context, branch string) (string, error) {
	reason, err := w.gate.Open(ctx, branch)
	if reason != "" {
		w.later = reason
	}
	return reason, err
}

// override puts the job's settings in place of the repository's.
func (w *work) override(pr *settings.PullRequests) error {
	if pr.Sign {
		pr.Sign = false // there is no key here
	}
	for _, key := range slices.Sorted(maps.Keys(w.spec.Settings)) {
		value := w.spec.Settings[key]
		if n, ok := value.(float64); ok && n == math.Trunc(n) { // out of JSON
			value = int(n)
		}
		if err := pr.Set(key, value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// count refuses a commit with too many files.
func (w *work) count(place *propose.Place) error {
	n := 0
	var bytes int64
	err := place.Repository.Files(place.Commit, func(e vcs.Entry) error {
		bytes += max(e.Size, 0)
		if n++; n > w.limits.Files {
			return &skipError{fmt.Sprintf("the repository has more than the %d files that are allowed", w.limits.Files)}
		}
		if bytes > w.limits.Bytes {
			return &vcs.TooLargeError{Most: w.limits.Bytes}
		}
		return nil
	})
	w.out.Figures.Files, w.out.Figures.Bytes = n, bytes
	return err
}

// options are those of the settings, and who commits.
func (w *work) options(ctx context.Context, place *propose.Place, prefix string) (propose.Options, error) {
	o := propose.Wanted(place.Wanted, prefix)
	o.Anew = w.spec.Anew
	o.Verify, o.VerifyLimit = w.spec.Verify, cmp.Or(w.spec.VerifyTime, 10*time.Minute)
	o.Sandbox = func(command string) string { return sandboxed(ctx, command, w.spec.VerifyNetwork) }
	var identity func(context.Context) (vcs.Person, error)
	switch {
	case w.spec.Credential.App != nil && w.hub != nil:
		identity = w.hub.Identity
	default:
		identity = func(context.Context) (vcs.Person, error) {
			return vcs.Person{Name: "unleak", Email: "unleak@localhost", When: time.Now()}, nil
		}
	}
	var err error
	o.Author, o.Committer, err = propose.Persons(ctx, place.Repository, place.Wanted.Author, identity)
	return o, err
}

// existing names the branches that stand. Where nothing is pushed to forks, git
// itself is asked first, which is not counted by GitHub: most often there are none.
func (w *work) existing(ctx context.Context, pr settings.PullRequests, start string) ([]string, error) {
	var names []string
	if w.hub == nil {
		branches, err := w.repo.Branches(start)
		return slices.Sorted(maps.Keys(branches)), err
	}
	if cmp.Or(pr.Fork, github.ForkNever) == github.ForkNever {
		branches, err := w.repo.RemoteBranches(ctx, w.remote, w.cred, start)
		if err != nil || len(branches) == 0 {
			return nil, err
		}
	}
	all, err := w.hub.Status(ctx, start)
	for _, s := range all {
		if s.State == "open" || s.State == "draft" || s.State == "branch" {
			names = append(names, s.Branch)
		}
	}
	return names, err
}

// timed measures how long a job waits until it may write.
type timed struct {
	Gate
	waited time.Duration
}

func (t *timed) Take(ctx context.Context) (func(), error) {
	started := time.Now()
	defer func() { t.waited += time.Since(started) }()
	return t.Gate.Take(ctx)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
