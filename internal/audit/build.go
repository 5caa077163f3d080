package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/check"
	"github.com/unleak-dev/unleak/internal/run"
	"github.com/unleak-dev/unleak/internal/snapshot"
	"github.com/unleak-dev/unleak/patch"
)

// Recipe says how a repository is made ready, type-checked and built: three scripts
// for the shell, run in its root.
type Recipe struct {
	Install string
	Check   string
	Build   string // may be empty: it has no build, or none that works without a network
}

// readRecipes reads a txtar archive with the files OWNER/NAME/install, check and
// build. A recipe without the first two is an error, and so is any other file.
func readRecipes(name string) (map[string]Recipe, error) {
	a, err := txtar.ParseFile(name)
	if err != nil {
		return nil, err
	}
	all := map[string]Recipe{}
	for _, f := range a.Files {
		of := path.Dir(f.Name)
		r := all[of]
		switch path.Base(f.Name) {
		case "install":
			r.Install = string(f.Data)
		case "check":
			r.Check = string(f.Data)
		case "build":
			r.Build = string(f.Data)
		default:
			return nil, fmt.Errorf("%s: %s: want OWNER/NAME/install, check or build", name, f.Name)
		}
		all[of] = r
	}
	for of, r := range all {
		if !snapshot.IsRepository(of) || r.Install == "" || r.Check == "" {
			return nil, fmt.Errorf("%s: %s: want OWNER/NAME with an install and a check", name, of)
		}
	}
	return all, nil
}

// State is what a repository's own commands say.
type State struct {
	Checks, Builds bool        // whether they end well
	Diagnostics    Diagnostics // of both
	Failure        string      // the last line of what the build said, if it failed
}

// Built is what its own commands say of a repository before and after all fixes.
type Built struct {
	Repository
	Recipe
	Missing       int // files that the clone lacks
	Fixes         int
	Changed       []string // files
	Checked       []string // those of them in which the check sees a wrong type
	Before, After State
}

// New are the diagnostics that the fixes brought.
func (b *Built) New() []string { return b.After.Diagnostics.Without(b.Before.Diagnostics) }

// Broken says what is worse than before; empty if nothing is.
func (b *Built) Broken() []string {
	worse := b.New()
	if b.Before.Checks && !b.After.Checks {
		worse = append(worse, "the check failed")
	}
	if b.Before.Builds && !b.After.Builds {
		worse = append(worse, "the build failed")
	}
	return worse
}

// limit is how long one script may take.
const limit = 10 * time.Minute

// buildAll makes a repository that lies in dir ready, and lets its commands say
// what they say before and after all fixes. The error is that of an install that
// fails, of a script that takes too long, or of files that cannot be written.
func buildAll(ctx context.Context, r Repository, recipe Recipe, dir string) (*Built, error) {
	b := &Built{Repository: r, Recipe: recipe}
	tree := &check.Tree{Dir: dir}
	if out, err := script(ctx, tree, recipe.Install); err != nil {
		return nil, err
	} else if !out.Passed {
		return nil, fmt.Errorf("it cannot be installed: %s", last(out.Output))
	}
	// Looked at with its packages in place, and before there is anything that was built.
	d, err := detector(dir)
	if err != nil {
		return nil, err
	}
	fixed, err := run.Run(ctx, d, run.Options{Accept: wanted})
	if err != nil {
		return nil, err
	}
	if b.Before, err = b.state(ctx, tree); err != nil {
		return nil, err
	}
	for _, m := range fixed.Files {
		b.Fixes += len(m.Fixes)
		if m.New == nil {
			continue
		}
		b.Changed = append(b.Changed, m.Path)
		if err := (patch.Change{Path: m.Path, Old: m.Old, New: m.New}).Write(d.Project.Root); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
	}
	if b.After, err = b.state(ctx, tree); err != nil {
		return nil, err
	}
	return b, b.probe(ctx, tree)
}

// state builds and checks; in this order, since some checks read what was built.
func (b *Built) state(ctx context.Context, tree *check.Tree) (s State, err error) {
	var built, checked check.Outcome
	if b.Build != "" {
		if built, err = script(ctx, tree, b.Build); err != nil {
			return s, err
		}
	}
	if checked, err = script(ctx, tree, b.Check); err != nil {
		return s, err
	}
	s = State{Checks: checked.Passed, Builds: built.Passed, Diagnostics: Diagnostics{}}
	if !s.Builds {
		s.Failure = last(built.Output)
	}
	s.Diagnostics.read(tree.Dir, checked.Output)
	s.Diagnostics.read(tree.Dir, built.Output)
	return s, nil
}

// probe puts a wrong type into each changed file, and notes in which of them the
// check sees it. A check that cannot see that says nothing about a fix, be it that
// the file is not part of the program or that a syntax error elsewhere comes first.
func (b *Built) probe(ctx context.Context, tree *check.Tree) error {
	for _, rel := range b.Changed {
		name := filepath.Join(tree.Dir, filepath.FromSlash(rel))
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(withProbe(rel, string(src))), 0o644); err != nil {
			return err
		}
	}
	out, err := script(ctx, tree, b.Check)
	if err != nil {
		return err
	}
	seen := Diagnostics{}
	seen.read(tree.Dir, out.Output)
	b.Checked = seen.probed(b.Changed)
	return nil
}

// withProbe returns a source with a constant of a wrong type at its end.
func withProbe(path, src string) string {
	probe := "\n/** @type {number} */\nconst unleakProbe = \"\"\n"
	if strings.Contains(filepath.Ext(path), "ts") || strings.Contains(src, `lang="ts`) {
		probe = "\nconst unleakProbe: number = \"\"\n"
	}
	if end := strings.LastIndex(src, "</script>"); end >= 0 && slices.Contains([]string{".vue", ".svelte"}, filepath.Ext(path)) {
		return src[:end] + probe + src[end:]
	}
	return src + probe
}

// script runs a script with the commands of the installed packages at hand.
func script(ctx context.Context, tree *check.Tree, text string) (check.Outcome, error) {
	return tree.Run(ctx, "export PATH=\"$PWD/node_modules/.bin:$PATH\"\n"+text, limit)
}

func last(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}

// builds takes the repositories of a set that have a recipe, one after the other.
// It returns the table, and an error if a fix broke anything, or if something could
// not be tried.
func builds(ctx context.Context, list, set, file, only, mirror string) (string, error) {
	repositories, err := readList(list, set)
	if err != nil {
		return "", err
	}
	recipes, err := readRecipes(file)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("| repository | commit | fixes | files changed | of them type-checked | diagnostics before | after | check before | after | build before | after |\n" +
		"|---|---|--:|--:|--:|--:|--:|---|---|---|---|\n")
	var failed []error
	var notes []string
	for _, r := range repositories {
		recipe, ok := recipes[r.Name]
		if !ok || only != "" && r.Name != only {
			continue
		}
		err := r.visitWhole(ctx, mirror, func(dir string, missing int) error {
			b, err := buildAll(ctx, r, recipe, dir)
			if err != nil {
				return err
			}
			b.Missing = missing
			b.row(&text)
			notes = append(notes, b.notes()...)
			if worse := b.Broken(); len(worse) > 0 {
				return errors.New(strings.Join(worse, "\n\t"))
			}
			return nil
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.Name, err))
		}
	}
	writeList(&text, "Changed and not type-checked, and what else was in the way", notes)
	return text.String(), errors.Join(failed...)
}

func (b *Built) row(text *strings.Builder) {
	ends := func(ok bool) string {
		if ok {
			return "passes"
		}
		return "fails"
	}
	before, after := ends(b.Before.Builds), ends(b.After.Builds)
	if b.Build == "" {
		before, after = "", ""
	}
	fmt.Fprintf(text, "| %s | %.12s | %d | %d | %d | %d | %d | %s | %s | %s | %s |\n", b.Name, b.Commit, b.Fixes, len(b.Changed), len(b.Checked),
		b.Before.Diagnostics.Count(), b.After.Diagnostics.Count(), ends(b.Before.Checks), ends(b.After.Checks), before, after)
}

func (b *Built) notes() (all []string) {
	for _, f := range b.Changed {
		if !slices.Contains(b.Checked, f) {
			all = append(all, b.Name+": "+f)
		}
	}
	if b.Before.Failure != "" {
		all = append(all, b.Name+": the build failed before: "+b.Before.Failure)
	}
	if b.Missing > 0 {
		all = append(all, fmt.Sprintf("%s: the clone lacks %d files", b.Name, b.Missing))
	}
	return all
}
