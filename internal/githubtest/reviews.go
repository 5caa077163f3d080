package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// remark is a comment on lines of a pull request.
type remark struct {
	id          int64
	author      *User
	path        string
	first, last int
	body        string
	commit      string
	created     time.Time
}

// listPullFiles lists what a pull request changes, with the diff as git writes it.
func listPullFiles(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	var out []map[string]any
	for _, path := range c.changed(p) {
		diff := c.diff(p, path)
		url := c.URL + "/" + path
		out = append(out, map[string]any{"sha": p.head, "filename": path, "status": "modified", "additions": 1, "deletions": 1, "changes": 2,
			"blob_url": url, "raw_url": url, "contents_url": url, "patch": diff})
	}
	return http.StatusOK, list(page(c, out))
}

// parted is the commit where a pull request left its base.
func (c *call) parted(p *pull) string {
	out, err := c.repo.Git("merge-base", "refs/heads/"+p.base, p.head)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	return out
}

func (c *call) changed(p *pull) []string {
	out, err := c.repo.Git("diff-tree", "-r", "--name-only", "--diff-filter=d", "--no-commit-id", c.parted(p), p.head)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	return strings.Fields(out)
}

// diff is that of one file, from its first hunk on.
func (c *call) diff(p *pull, path string) string {
	out, err := c.repo.Git("diff", c.parted(p), p.head, "--", path)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	if at := strings.Index(out, "\n@@ "); at >= 0 {
		return out[at+1:]
	}
	return ""
}

// shows reports whether lines of a file are in one hunk of a pull request.
func (c *call) shows(p *pull, path string, first, last int) bool {
	for line := range strings.Lines(c.diff(p, path)) {
		if !strings.HasPrefix(line, "@@ ") {
			continue
		}
		span := strings.TrimPrefix(strings.Fields(line)[2], "+")
		from, count, many := strings.Cut(span, ",")
		a, _ := strconv.Atoi(from)
		n := 1
		if many {
			n, _ = strconv.Atoi(count)
		}
		if a <= first && first <= last && last < a+n {
			return true
		}
	}
	return false
}

func createReview(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	if c.text("commit_id") != p.head {
		return http.StatusUnprocessableEntity, invalid("PullRequestReview", "commit_id", "custom", "The commit is not the head of the pull request")
	}
	var made []*remark
	comments, _ := c.body["comments"].([]any)
	for _, v := range comments {
		m, _ := v.(map[string]any)
		last, _ := m["line"].(float64)
		first, ok := m["start_line"].(float64)
		if !ok {
			first = last
		}
		path, _ := m["path"].(string)
		body, _ := m["body"].(string)
		if !slices.Contains(c.changed(p), path) || !c.shows(p, path, int(first), int(last)) || ok && first >= last {
			out := message("Unprocessable Entity")
			out["errors"] = []any{"Pull request review thread line must be part of the diff"}
			return http.StatusUnprocessableEntity, out
		}
		made = append(made, &remark{id: c.id(), author: c.user, path: path, first: int(first), last: int(last), body: body, commit: p.head, created: c.Now()})
	}
	p.remarks = append(p.remarks, made...)
	url := fmt.Sprintf("%s/%s/pull/%d", c.URL, c.repo.full(), p.number)
	link := map[string]any{"href": url}
	return http.StatusOK, map[string]any{"id": c.id(), "node_id": "PRR_1", "user": c.Server.user(c.user), "body": c.text("body"), "state": "COMMENTED", "html_url": url,
		"pull_request_url": url, "_links": map[string]any{"html": link, "pull_request": link}, "commit_id": p.head, "author_association": "MEMBER"}
}

func listRemarks(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	var out []map[string]any
	url := fmt.Sprintf("%s/api/v3/repos/%s/pulls/%d", c.URL, c.repo.full(), p.number)
	link := map[string]any{"href": url}
	for _, m := range p.remarks {
		at := m.created.UTC().Format(time.RFC3339)
		out = append(out, map[string]any{"id": m.id, "node_id": "PRRC_1", "url": url, "html_url": url, "pull_request_url": url, "diff_hunk": "", "path": m.path, "user": c.Server.user(m.author),
			"body": strings.ReplaceAll(m.body, "\n", "\r\n"), "created_at": at, "updated_at": at, "author_association": "MEMBER", "commit_id": m.commit, "original_commit_id": m.commit,
			"pull_request_review_id": 1, "_links": map[string]any{"self": link, "html": link, "pull_request": link}})
	}
	return http.StatusOK, list(page(c, out))
}

// permission is what somebody may do: who is no collaborator may read what is public.
func getPermission(c *call) (int, any) {
	u := c.users[c.params["username"]]
	if u == nil {
		return http.StatusNotFound, message("Not Found")
	}
	may := map[string]string{"push": "write", "read": "read", "": "none"}[c.repo.Rights[u.Login]]
	if may == "none" && !c.repo.Private {
		may = "read"
	}
	return http.StatusOK, map[string]any{"permission": may, "role_name": may, "user": nil}
}

func createReaction(c *call) (int, any) {
	p, i := c.commentOfPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	m, what := p.comments[i], c.text("content")
	status := http.StatusOK
	if !slices.Contains(m.reactions, what) {
		status = http.StatusCreated
		m.reactions = append(m.reactions, what)
	}
	return status, map[string]any{"id": 1, "node_id": "RE_1", "user": c.Server.user(c.user), "content": what, "created_at": c.Now().UTC().Format(time.RFC3339)}
}

// Remark is one on lines of a pull request, as a person sees it.
type Remark struct {
	Path, Body  string
	First, Last int
}

// Remarks returns those on a pull request, oldest first.
func (s *Server) Remarks(r *Repo, number int) []Remark {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Remark
	for _, m := range s.pulled(r, number).remarks {
		out = append(out, Remark{m.path, m.body, m.first, m.last})
	}
	return out
}

// Reactions returns the reactions to a comment.
func (s *Server) Reactions(r *Repo, comment int64) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range r.pulls {
		for _, m := range p.comments {
			if m.id == comment {
				return slices.Clone(m.reactions)
			}
		}
	}
	return nil
}

// Open makes a pull request of a branch, which may be one of a fork, as a person does.
func (s *Server) Open(r, from *Repo, login, branch, title string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.number++
	p := &pull{number: r.number, id: s.id(), title: title, branch: branch, base: r.Default, from: from, open: true, author: s.account(login), created: s.Now(), updated: s.Now(), head: from.Head(branch)}
	s.bring(r, p)
	r.pulls = append(r.pulls, p)
	return p.number
}
