package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (c *call) label(name string) map[string]any {
	url := fmt.Sprintf("%s/api/v3/repos/%s/labels/%s", c.URL, c.repo.full(), name)
	return map[string]any{"id": 1, "node_id": "LA_1", "url": url, "name": name, "description": "", "color": "ededed", "default": false}
}

func (c *call) milestoneOf(title string) map[string]any {
	url := fmt.Sprintf("%s/api/v3/repos/%s/milestones/1", c.URL, c.repo.full())
	return map[string]any{"url": url, "html_url": url, "labels_url": url, "id": 1, "node_id": "MI_1", "number": slices.Index(c.repo.Milestones, title) + 1, "state": "open", "title": title,
		"description": nil, "creator": nil, "open_issues": 0, "closed_issues": 0, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z", "closed_at": nil, "due_on": nil}
}

func getLabel(c *call) (int, any) {
	if !contains(c.repo.Labels, c.params["name"]) {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.label(c.params["name"])
}

func createLabel(c *call) (int, any) {
	if status, m, ok := c.allows(); !ok {
		return status, m
	}
	if contains(c.repo.Labels, c.text("name")) {
		return http.StatusUnprocessableEntity, invalid("Label", "name", "already_exists", "")
	}
	c.repo.Labels = append(c.repo.Labels, c.text("name"))
	c.header.Set("Location", c.URL)
	return http.StatusCreated, c.label(c.text("name"))
}

func addLabels(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	for _, l := range c.texts("labels") {
		if !contains(c.repo.Labels, l) {
			c.repo.Labels = append(c.repo.Labels, l) // as GitHub does
		}
		if !contains(p.labels, l) {
			p.labels = append(p.labels, l)
		}
	}
	var out []map[string]any
	for _, l := range p.labels {
		out = append(out, c.label(l))
	}
	return http.StatusOK, list(out)
}

func addAssignees(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	for _, u := range c.texts("assignees") {
		if c.repo.Rights[u] != "" && !contains(p.assignees, u) {
			p.assignees = append(p.assignees, u)
		}
	}
	return http.StatusCreated, c.issue(p)
}

// issue is a pull request as the issue that it is.
func (c *call) issue(p *pull) map[string]any {
	v := c.show(p)
	out := map[string]any{"comments": len(p.comments)}
	for _, key := range []string{"url", "html_url", "id", "node_id", "number", "state", "title", "user", "body", "labels", "assignee", "assignees", "milestone", "locked", "created_at", "updated_at", "closed_at", "author_association"} {
		out[key] = v[key]
	}
	return out
}

func editIssue(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	if n, ok := c.body["milestone"].(float64); ok {
		if int(n) < 1 || int(n) > len(c.repo.Milestones) {
			return http.StatusUnprocessableEntity, invalid("Issue", "milestone", "invalid", "")
		}
		p.milestone = c.repo.Milestones[int(n)-1]
	}
	return http.StatusOK, c.issue(p)
}

func listMilestones(c *call) (int, any) {
	var out []map[string]any
	for _, m := range c.repo.Milestones {
		out = append(out, c.milestoneOf(m))
	}
	return http.StatusOK, list(page(c, out))
}

func (c *call) comment(m *comment) map[string]any {
	url := fmt.Sprintf("%s/api/v3/repos/%s/issues/comments/%d", c.URL, c.repo.full(), m.id)
	at := m.created.UTC().Format(time.RFC3339)
	return map[string]any{"id": m.id, "node_id": "IC_1", "url": url, "html_url": url, "issue_url": url, "user": c.Server.user(m.author), "created_at": at, "updated_at": at,
		"author_association": "MEMBER", "body": strings.ReplaceAll(m.body, "\n", "\r\n")}
}

func listComments(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	var out []map[string]any
	for _, m := range p.comments {
		out = append(out, c.comment(m))
	}
	return http.StatusOK, list(page(c, out))
}

func createComment(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	m := &comment{id: c.id(), author: c.user, body: c.text("body"), created: c.Now()}
	p.comments = append(p.comments, m)
	c.header.Set("Location", c.URL)
	return http.StatusCreated, c.comment(m)
}

// commentOfPath finds a comment and the pull request that it is on.
func (c *call) commentOfPath() (*pull, int) {
	for _, p := range c.repo.pulls {
		if i := slices.IndexFunc(p.comments, func(m *comment) bool { return m.id == int64(c.number("comment_id")) }); i >= 0 {
			return p, i
		}
	}
	return nil, 0
}

func editComment(c *call) (int, any) {
	p, i := c.commentOfPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	p.comments[i].body = c.text("body")
	return http.StatusOK, c.comment(p.comments[i])
}

func deleteComment(c *call) (int, any) {
	p, i := c.commentOfPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	p.comments = slices.Delete(p.comments, i, i+1)
	return http.StatusNoContent, nil
}
