package propose

import (
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/unleak-dev/unleak/internal/baseline"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/report"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
)

// Look looks at a base as a scan of a checkout of it would, with its settings, its
// own kinds and its baseline, but for offers.
func (b *Base) Look(ctx context.Context) (*Look, error) {
	set, all, err := b.kinds()
	if err != nil {
		return nil, err
	}
	p := project.OpenTree(b.Files)
	d := transforms.NewDetector(p, transforms.Chosen(all, set.Kinds.Only, set.Kinds.Off, set.Phases), false)
	d.Style = transforms.Style{Tracking: set.Tracking, Private: set.Style.Private, Cache: set.Limits.Cache, Using: set.Style.Using}
	look := &Look{Detector: d, Run: run.Options{Exclude: set.Excluded, IncludeTests: set.IncludeTests, IncludeScripts: set.IncludeScripts}}
	if set.Baseline != "" {
		if look.Known, err = b.known(ctx, look, set.Baseline); err != nil {
			return nil, err
		}
	}
	look.Run.Seen = &run.Counters{}
	return look, nil
}

// kinds reads the settings, and all kinds that they know.
func (b *Base) kinds() (*settings.Settings, []*transforms.Kind, error) {
	builtin, err := transforms.Builtin()
	if err != nil {
		return nil, nil, err
	}
	data, err := fs.ReadFile(b.Files, settings.Name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	all := builtin
	set, err := settings.Parse(data, func(files []string) ([]string, error) {
		own, err := transforms.ReadKinds(b.Files, files)
		if err != nil {
			return nil, err
		}
		all = slices.Concat(builtin, own)
		var names []string
		for _, k := range all {
			names = append(names, k.Name)
		}
		return names, transforms.CheckKinds(all)
	})
	return set, all, err
}

// known are the fingerprints of what the baseline has. A renamed file is known only
// once all files have been looked at, so this is a run of its own.
func (b *Base) known(ctx context.Context, look *Look, file string) (map[string]bool, error) {
	base, err := baseline.ReadIn(b.Files, file, file+" of "+settings.Name)
	if err != nil {
		return nil, err
	}
	collect := &report.Collector{Baseline: true, Project: look.Detector.Project}
	opts := look.Run
	opts.Each = collect.Add
	r, err := run.Run(ctx, look.Detector, opts)
	if err != nil {
		return nil, err
	}
	gone := func(rel string) bool {
		_, err := fs.Stat(b.Files, rel)
		return errors.Is(err, fs.ErrNotExist)
	}
	return collect.Document(r).Known(base, gone), nil
}

// Wanted turns what settings say of pull requests into options, but for persons.
func Wanted(pr settings.PullRequests, prefix string) Options {
	o := Options{
		Unsafe: pr.Unsafe, PerPackage: pr.Commits == "package", Split: Split(orDefault(pr.Split, string(Whole))), MaxFiles: pr.MaxFiles,
		Prefix: prefix, Scope: pr.Scope, SignOff: pr.SignOff,
		Labels: pr.Labels, Reviewers: pr.Reviewers, TeamReviewers: pr.TeamReviewers, Assignees: pr.Assignees, Milestone: pr.Milestone,
		Draft: pr.Draft, AutoMerge: pr.AutoMerge,
	}
	for _, p := range pr.Phases {
		o.Phases = append(o.Phases, transforms.Phase(p))
	}
	return o
}

// DefaultPrefix is what branches begin with unless somebody says otherwise.
const DefaultPrefix = "unleak/"
