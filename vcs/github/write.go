package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/unleak-dev/unleak/vcs/forge"
)

// post makes something. After a failure that leaves open whether it was made, look
// tells, and only if it was not, it is tried again.
func (g *GitHub) post(ctx context.Context, make func() error, look func() (bool, error)) error {
	for try := 0; ; try++ {
		err := plainError(make())
		if !unsure(err) || ctx.Err() != nil {
			return err
		}
		if serr := g.clock.Sleep(ctx, backoff(time.Second, try)); serr != nil {
			return err
		}
		made, lerr := look()
		if lerr != nil {
			return fmt.Errorf("%w; and looking whether it was done: %w", err, lerr)
		}
		if made || try+1 >= maxFailed {
			if made {
				return nil
			}
			return err
		}
	}
}

func (h host) Create(ctx context.Context, n forge.New) (forge.Pull, error) {
	var made forge.Pull
	look := func() (bool, error) {
		list, err := h.Pulls(ctx, n.Branch)
		for _, p := range list {
			if p.Open {
				made = p
				return true, err
			}
		}
		return false, err
	}
	create := func() error {
		head := n.Branch
		if h.forked {
			head = h.head.Owner + ":" + n.Branch
		}
		request := &github.NewPullRequest{Title: &n.Title, Head: &head, Base: &n.Base, Body: &n.Body, Draft: &n.Draft}
		if h.forked && h.head.Name != h.o.Where.Name {
			request.HeadRepo = &h.head.Name
		}
		p, _, err := h.client.PullRequests.Create(ctx, h.o.Where.Owner, h.o.Where.Name, request)
		if err == nil {
			made = pull(p)
		}
		return err
	}
	err := h.post(ctx, create, look)
	if n.Draft && status(err) == http.StatusUnprocessableEntity && says(err, "draft") {
		n.Draft = false // not on every plan
		err = h.post(ctx, create, look)
	}
	if status(err) == http.StatusUnprocessableEntity && says(err, "already exists") {
		if there, lerr := look(); lerr != nil || there {
			return made, lerr
		}
	}
	if err != nil {
		return made, fmt.Errorf("making a pull request from %s: %w", n.Branch, refusal(err))
	}
	if h.counted != nil {
		h.counted.open++
		h.counted.lastHour++
	}
	return made, nil
}

func (h host) Edit(ctx context.Context, number int, e forge.Edit) error {
	var p github.PullRequest
	if e.Title != "" {
		p.Title = &e.Title
	}
	if e.Body != "" {
		p.Body = &e.Body
	}
	if e.Base != "" {
		p.Base = &github.PullRequestBranch{Ref: &e.Base}
	}
	if e.Close {
		p.State = github.String("closed")
	}
	_, _, err := h.client.PullRequests.Edit(ctx, h.o.Where.Owner, h.o.Where.Name, number, &p)
	if err != nil {
		return fmt.Errorf("changing #%d: %w", number, refusal(plainError(err)))
	}
	if e.Close && h.counted != nil {
		h.counted.open--
	}
	return nil
}

func (h host) Say(ctx context.Context, number int, id int64, text string) error {
	var err error
	switch owner, name := h.o.Where.Owner, h.o.Where.Name; {
	case id == 0:
		err = h.post(ctx, func() error {
			_, _, err := h.client.Issues.CreateComment(ctx, owner, name, number, &github.IssueComment{Body: &text})
			return err
		}, func() (bool, error) {
			there, err := h.Comments(ctx, number)
			for _, c := range there {
				if strings.TrimSpace(strings.ReplaceAll(c.Body, "\r\n", "\n")) == strings.TrimSpace(text) {
					return true, err
				}
			}
			return false, err
		})
	case text == "":
		_, err = h.client.Issues.DeleteComment(ctx, owner, name, id)
		if err = plainError(err); status(err) == http.StatusNotFound {
			err = nil
		}
	default:
		_, _, err = h.client.Issues.EditComment(ctx, owner, name, id, &github.IssueComment{Body: &text})
		err = plainError(err)
	}
	if err != nil {
		return fmt.Errorf("commenting on #%d: %w", number, refusal(err))
	}
	return nil
}
