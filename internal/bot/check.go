package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/job"
	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/internal/propose"
	"github.com/unleak-dev/unleak/vcs/forge"
	"github.com/unleak-dev/unleak/vcs/github"
)

// What the bot's comments are marked as.
const (
	commentAdded  = "added"    // the one about what a pull request adds
	commentIgnore = "ignores " // and a kind: that kind is left out here
	commentAnswer = "answer "  // and the number of the comment that is answered
	remarkFix     = "fix "     // and a digest of what it settles
)

// maxRemarks is how many suggestions one review has; the comment tells of all.
const maxRemarks = 20

// check comments on what a pull request adds that leaks.
func (a *App) check(ctx context.Context, w Work) (Result, error) {
	p, err := a.at(w)
	if err != nil {
		return Result{}, err
	}
	c, err := p.hub.Change(ctx, w.Number)
	if err != nil {
		return Result{}, err
	}
	switch {
	case !c.Open || c.Draft:
		return Result{Word: "skipped", Text: "it is closed, or a draft"}, nil
	case own(c):
		return Result{Word: "skipped", Text: "it is unleak's own"}, nil
	}
	comments, err := p.hub.Comments(ctx, w.Number)
	if err != nil {
		return Result{}, err
	}
	s := p.spec()
	s.Check = &job.Check{Base: c.Fork, Head: c.Head, Less: ignored(comments)}
	out, err := a.Run(ctx, s, p.gate)
	if err != nil {
		return Result{}, err
	}
	if out.Added == nil {
		return Result{Word: string(out.State), Text: oneLine(out.Reason)}, nil
	}
	text, nothing := out.Added.Comment, propose.Nothing
	if n := out.Added.Left; n > 0 {
		left := fmt.Sprintf("\nLeft out, as somebody asked for below: %s.\n", strings.Join(asCode(s.Check.Less), ", "))
		nothing += left
		if text != "" {
			text += left
		}
	}
	if err := p.hub.Comment(ctx, w.Number, commentAdded, text, nothing); err != nil {
		return Result{}, err
	}
	made, err := p.suggest(ctx, c, out.Added.Suggestions)
	if err != nil {
		return Result{}, err
	}
	return Result{Word: "done", Text: fmt.Sprintf("%d added, %d left out, %d new suggestions", out.Added.Count, out.Added.Left, made)}, nil
}

// own reports whether a pull request is one of unleak's.
func own(c github.Change) bool {
	_, err := forge.ParseMarker(c.Body)
	return !c.Stranger && bot(c.Author) && (err == nil || errors.Is(err, forge.ErrNewerMarker))
}

func bot(login string) bool { return strings.HasSuffix(login, "[bot]") }

// ignored are the kinds that somebody wants to be left out: answers of the bot say so.
func ignored(comments []forge.Comment) map[string]bool {
	out := map[string]bool{}
	for _, c := range comments {
		if kind, ok := strings.CutPrefix(forge.CommentKind(c.Body), commentIgnore); ok && bot(c.Author) {
			out[kind] = true
		}
	}
	return out
}

// asCode are names in order, as code.
func asCode(names map[string]bool) []string {
	var out []string
	for _, n := range slices.Sorted(maps.Keys(names)) {
		out = append(out, markdown.Code(n))
	}
	return out
}

// suggest makes the suggestions that were not made yet, on lines that the pull request
// shows. It returns how many.
func (p *place) suggest(ctx context.Context, c github.Change, all []propose.Suggestion) (int, error) {
	if len(all) == 0 {
		return 0, nil
	}
	there, err := p.hub.Remarks(ctx, c.Number)
	if err != nil {
		return 0, err
	}
	known := map[string]bool{}
	for _, r := range there {
		if bot(r.Author) {
			known[forge.CommentKind(r.Body)] = true
		}
	}
	shown, err := p.hub.Shown(ctx, c.Number)
	if err != nil {
		return 0, err
	}
	var remarks []github.Remark
	for _, s := range all {
		kind := remarkFix + forge.Item(s.Fix)
		within := slices.ContainsFunc(shown[s.Path], func(l github.Lines) bool { return l.First <= s.First && s.Last <= l.Last })
		if known[kind] || !within || len(remarks) == maxRemarks {
			continue
		}
		body, err := forge.ComposeComment(s.Body, kind)
		if err != nil {
			continue // longer than a comment may be
		}
		remarks = append(remarks, github.Remark{Path: s.Path, Lines: github.Lines{First: s.First, Last: s.Last}, Body: body})
	}
	if len(remarks) == 0 {
		return 0, nil
	}
	err = p.write.Do(ctx, ledger.Review, c.Number, fmt.Sprintf("%d suggestions on %s", len(remarks), c.Head), func() error {
		return p.hub.Review(ctx, c.Number, c.Head, remarks)
	})
	if unable, ok := errors.AsType[*forge.UnableError](err); ok {
		// The branch has moved meanwhile, or GitHub shows other lines than it said.
		p.app.Log.Info("suggestions are refused", "repository", p.work.Repository(), "number", c.Number, "why", unable.Reason)
		return 0, nil
	}
	return len(remarks), err
}
