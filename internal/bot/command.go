package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/unleak-dev/unleak/internal/ledger"
	"github.com/unleak-dev/unleak/internal/markdown"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
	"github.com/unleak-dev/unleak/vcs/forge"
)

const help = "These commands are known, each as the first line of a comment, from people who may write to the repository:\n\n" +
	"- `/unleak rebase` makes unleak's branches anew on the newest commit of the default branch\n" +
	"- `/unleak ignore KIND` leaves a kind out of what is said about this pull request\n" +
	"- `/unleak explain KIND` tells why something leaks and how it is mended\n"

// command does what somebody says. Nothing comes of it for whoever may not write but a
// reaction, so that nobody can make the bot talk.
func (a *App) command(ctx context.Context, w Work) (Result, error) {
	p, err := a.at(w)
	if err != nil {
		return Result{}, err
	}
	may, err := p.hub.MayWrite(ctx, w.By)
	if err != nil {
		return Result{}, err
	}
	if !may {
		return Result{Word: "refused", Text: w.By + " may not write"}, p.react(ctx, "-1")
	}
	comments, err := p.hub.Comments(ctx, w.Number)
	if err != nil {
		return Result{}, err
	}
	answer := fmt.Sprintf("%s%d", commentAnswer, w.Comment)
	if slices.ContainsFunc(comments, func(c forge.Comment) bool { return bot(c.Author) && forge.CommentKind(c.Body) == answer }) {
		return Result{Word: "done", Text: "it was answered before"}, nil
	}
	if err := p.react(ctx, "eyes"); err != nil {
		return Result{}, err
	}
	r := Result{Word: "done", Text: w.Text}
	text := help
	switch words := strings.Fields(w.Text)[1:]; {
	case len(words) == 1 && words[0] == "rebase":
		if text, err = p.rebase(ctx); err != nil {
			return r, err
		}
	case len(words) == 2 && words[0] == "explain":
		text, err = explain(words[1])
	case len(words) == 2 && words[0] == "ignore":
		var more []Work
		if text, more, answer, err = p.ignore(ctx, words[1], comments, answer); err != nil {
			return r, err
		}
		r.Further = more
	}
	if err != nil {
		return r, err
	}
	return r, p.hub.Comment(ctx, w.Number, answer, text, "")
}

func (p *place) react(ctx context.Context, reaction string) error {
	return p.write.Do(ctx, ledger.React, p.work.Number, reaction, func() error { return p.hub.React(ctx, p.work.Comment, reaction) })
}

// rebase reconciles at once, and says what came of it.
func (p *place) rebase(ctx context.Context) (string, error) {
	s := p.spec()
	s.Anew = true
	out, err := p.app.Run(ctx, s, p.gate)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Looked at %s of %s.\n\n", markdown.Code(string(out.Commit)), markdown.Code(out.Base))
	if out.Commit == "" {
		b.Reset()
	}
	if out.Reason != "" {
		fmt.Fprintf(&b, "%s.\n\n", markdown.Prose(out.Reason))
	}
	for _, part := range told(out) {
		fmt.Fprintf(&b, "- %s\n", markdown.Prose(part))
	}
	if len(out.Parts) == 0 && out.Reason == "" {
		b.WriteString("There is nothing to propose.\n")
	}
	return b.String(), nil
}

// explain tells of one of unleak's own kinds.
func explain(name string) (string, error) {
	kinds, err := transforms.Builtin()
	if err != nil {
		return "", err
	}
	for _, k := range kinds {
		if k.Name != name {
			continue
		}
		var b strings.Builder
		fmt.Fprintf(&b, "%s (%s)\n\n", markdown.Code(k.Name), k.Phase)
		for _, a := range k.Acquire {
			fmt.Fprintf(&b, "- acquired by %s\n", markdown.Code(a.Pattern.Text))
		}
		for _, r := range k.Release {
			fmt.Fprintf(&b, "- released by %s\n", markdown.Code(r.Pattern.Text))
		}
		fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(k.Prose))
		return b.String(), nil
	}
	return fmt.Sprintf("There is no kind %s among unleak's own; a project's own kinds explain themselves in their files. `unleak kinds` lists all.\n", markdown.Code(name)), nil
}

// ignore leaves a kind out. In somebody's pull request the answer itself is what is
// remembered, and deleting it takes it back; elsewhere only the project's settings
// can say it, and the answer says how.
func (p *place) ignore(ctx context.Context, kind string, comments []forge.Comment, answer string) (text string, more []Work, mark string, err error) {
	if there, err := knows(kind, comments); err != nil || !there {
		return fmt.Sprintf("There is no kind %s, neither among unleak's own nor in what was said here: nothing is left out.\n", markdown.Code(kind)), nil, answer, err
	}
	inSettings := fmt.Sprintf("The project leaves it out everywhere with this in `%s`:\n\n```yaml\nkinds:\n  off: [%s]\n```\n", settings.Name, kind)
	if !p.work.Pull {
		return "A kind is left out of a pull request, or of the whole project. " + inSettings, nil, answer, nil
	}
	c, err := p.hub.Change(ctx, p.work.Number)
	if err != nil {
		return "", nil, answer, err
	}
	if own(c) {
		return "This pull request is made of what the settings say, so they have to say it. " + inSettings +
			"\nOnce that is on the default branch, this pull request is made anew without it, or closed. To be rid of this one alone, close it: it does not come back as long as nothing new is found.\n", nil, answer, nil
	}
	check := Work{What: Check, Owner: p.work.Owner, Name: p.work.Name, Installation: p.work.Installation, Number: p.work.Number, Pull: true}
	return fmt.Sprintf("%s is left out of what is said about this pull request, as @%s asked for. Deleting this comment takes that back with the next push. %s",
		markdown.Code(kind), p.work.By, inSettings), []Work{check}, commentIgnore + kind, nil
}

// knows reports whether there is a kind: one of unleak's own, or of the project's,
// which the comment then has mentioned.
func knows(kind string, comments []forge.Comment) (bool, error) {
	if kind == "" || strings.Trim(kind, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(kind) > 60 {
		return false, nil
	}
	kinds, err := transforms.Builtin()
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(kinds, func(k *transforms.Kind) bool { return k.Name == kind }) {
		return true, nil
	}
	return slices.ContainsFunc(comments, func(c forge.Comment) bool {
		return bot(c.Author) && forge.CommentKind(c.Body) == commentAdded && strings.Contains(c.Body, "- "+markdown.Code(kind)+":")
	}), nil
}
