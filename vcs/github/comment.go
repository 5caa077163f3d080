package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// Comment keeps one comment of a kind in a pull request: it is made, changed, or left
// alone where it says the same. Without a text one that is there comes to say
// otherwise, and none is made. Only comments by bots, or by whoever runs this, are
// taken for ours.
func (g *GitHub) Comment(ctx context.Context, number int, kind, text, otherwise string) error {
	return g.redactor.err(g.comment(ctx, number, kind, text, otherwise))
}

func (g *GitHub) comment(ctx context.Context, number int, kind, text, otherwise string) error {
	if err := g.open(ctx); err != nil {
		return err
	}
	h := g.host()
	there, err := h.Comments(ctx, number)
	if err != nil {
		return err
	}
	me := ""
	if user, _, err := g.client.Users.Get(ctx, ""); err == nil { // not for tokens of Apps
		me = user.GetLogin()
	}
	for _, c := range there {
		if forge.CommentKind(c.Body) != kind || c.Author != me && !strings.HasSuffix(c.Author, "[bot]") {
			continue
		}
		if text == "" {
			text = otherwise
		}
		body, err := forge.ComposeComment(text, kind)
		if err != nil {
			return err
		}
		if strings.TrimSpace(strings.ReplaceAll(c.Body, "\r\n", "\n")) == strings.TrimSpace(body) {
			return nil
		}
		return h.Say(ctx, number, c.ID, body)
	}
	if text == "" {
		return nil
	}
	body, err := forge.ComposeComment(text, kind)
	if err != nil {
		return err
	}
	if err := h.Say(ctx, number, 0, body); err != nil {
		return fmt.Errorf("commenting on #%d: %w", number, err)
	}
	return nil
}

// Pull looks at one pull request.
func (g *GitHub) Pull(ctx context.Context, number int) (forge.Pull, error) {
	p, _, err := g.client.PullRequests.Get(ctx, g.o.Where.Owner, g.o.Where.Name, number)
	if err != nil {
		return forge.Pull{}, g.redactor.err(fmt.Errorf("looking at #%d of %s: %w", number, g.o.Where, plainError(err)))
	}
	return pull(p), nil
}
