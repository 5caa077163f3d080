package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"
)

// pull is a pull request, and the issue that it is.
type pull struct {
	number            int
	id                int64
	title, body       string
	branch, base      string
	from              *Repo
	head              string // what its branch held when it was last looked at
	open, draft       bool
	merged            bool
	mergeCommit       string
	author            *User
	created, updated  time.Time
	closed            time.Time
	labels, assignees []string
	reviewers, teams  []string
	milestone         string
	autoMerge         string
	comments          []*comment
	remarks           []*remark
	looks             int // at its present head
}

type comment struct {
	id      int64
	author  *User
	body    string
	created time.Time

	reactions []string
}

// settle brings pull requests to where their branches are: GitHub closes one whose
// branch, or whose base, is deleted.
func (s *Server) settle(r *Repo) {
	heads := map[*Repo]map[string]string{r: r.heads()}
	for _, p := range r.pulls {
		if !p.open {
			continue
		}
		if heads[p.from] == nil {
			heads[p.from] = p.from.heads()
		}
		head := heads[p.from][p.branch]
		if head == "" || heads[r][p.base] == "" {
			p.open, p.closed = false, s.Now()
			continue
		}
		if head != p.head {
			p.head, p.looks, p.updated = head, 0, s.Now()
			s.bring(r, p)
		}
	}
}

// bring makes what a pull request holds known to the repository that it goes to.
func (s *Server) bring(r *Repo, p *pull) {
	name := fmt.Sprintf("refs/pull/%d/head", p.number)
	var err error
	if p.from == r {
		err = r.store().SetReference(plumbing.NewHashReference(plumbing.ReferenceName(name), plumbing.NewHash(p.head)))
	} else {
		_, err = r.Git("fetch", "-q", p.from.Dir, "+refs/heads/"+p.branch+":"+name)
	}
	if err != nil {
		s.t.Errorf("%v", err)
	}
}

// find finds a pull request of a repository.
func (r *Repo) find(number int) *pull {
	for _, p := range r.pulls {
		if p.number == number {
			return p
		}
	}
	return nil
}

// ofPath is the pull request that a path names, as a pull request or as an issue.
func (c *call) ofPath() *pull {
	if p := c.repo.find(c.number("pull_number")); p != nil {
		return p
	}
	return c.repo.find(c.number("issue_number"))
}

// show is a pull request as GitHub shows it in a list.
func (c *call) show(p *pull) map[string]any {
	state := "closed"
	if p.open {
		state = "open"
	}
	stamp := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.UTC().Format(time.RFC3339)
	}
	url := fmt.Sprintf("%s/api/v3/repos/%s/pulls/%d", c.URL, c.repo.full(), p.number)
	var mergedAt, sha any
	if p.merged {
		mergedAt, sha = stamp(p.closed), p.mergeCommit
	}
	var users []map[string]any
	for _, r := range p.reviewers {
		users = append(users, c.Server.user(c.account(r)))
	}
	var teams []map[string]any
	for _, t := range p.teams {
		teams = append(teams, map[string]any{"id": 1, "node_id": "T_1", "name": t, "slug": t, "url": url, "html_url": url, "description": nil, "privacy": "closed",
			"permission": "push", "members_url": url, "repositories_url": url, "parent": nil})
	}
	var assignees []map[string]any
	for _, a := range p.assignees {
		assignees = append(assignees, c.Server.user(c.account(a)))
	}
	var assignee any
	if len(assignees) > 0 {
		assignee = assignees[0]
	}
	var labels []map[string]any
	for _, l := range p.labels {
		labels = append(labels, c.label(l))
	}
	var milestone any
	if p.milestone != "" {
		milestone = c.milestoneOf(p.milestone)
	}
	var auto any
	if p.autoMerge != "" {
		auto = map[string]any{"enabled_by": c.Server.user(p.author), "merge_method": strings.ToLower(p.autoMerge), "commit_title": "", "commit_message": ""}
	}
	var body any
	if p.body != "" {
		// GitHub gives back what was typed in a form.
		body = strings.ReplaceAll(strings.ReplaceAll(p.body, "\r\n", "\n"), "\n", "\r\n")
	}
	link := map[string]any{"href": url}
	return map[string]any{"url": url, "id": p.id, "node_id": fmt.Sprintf("PR_%d", p.id), "number": p.number, "state": state, "locked": false, "title": p.title,
		"html_url": fmt.Sprintf("%s/%s/pull/%d", c.URL, c.repo.full(), p.number), "user": c.Server.user(p.author), "body": body, "labels": list(labels), "milestone": milestone,
		"created_at": stamp(p.created), "updated_at": stamp(p.updated), "closed_at": stamp(p.closed), "merged_at": mergedAt, "merge_commit_sha": sha,
		"assignee": assignee, "assignees": list(assignees), "requested_reviewers": list(users), "requested_teams": list(teams), "draft": p.draft,
		"head": c.end(p.from, p.branch, p.head), "base": c.end(c.repo, p.base, c.base(p.base)), "author_association": "MEMBER", "auto_merge": auto,
		"_links": map[string]any{"comments": link, "commits": link, "statuses": link, "html": link, "issue": link, "review_comments": link, "review_comment": link, "self": link}}
}

// base is what a base holds, asked of git once for each request.
func (c *call) base(branch string) string {
	if c.bases == nil {
		c.bases = c.repo.heads()
	}
	return c.bases[branch]
}

func list(v []map[string]any) []any {
	out := make([]any, len(v))
	for i := range v {
		out[i] = v[i]
	}
	return out
}

// end is one end of a pull request.
func (c *call) end(r *Repo, branch, sha string) map[string]any {
	return map[string]any{"label": r.Owner + ":" + branch, "ref": branch, "sha": sha, "repo": c.repository(r), "user": c.Server.user(c.account(r.Owner))}
}

// showFull is a pull request by itself: whether it merges is asked of git.
func (c *call) showFull(p *pull) map[string]any {
	v := c.show(p)
	p.looks++
	var mergeable any
	state := "unknown"
	if p.open && p.looks > c.repo.SlowMerge {
		_, err := c.repo.fixed("merge-tree", "--write-tree", c.repo.Head(p.base), p.head)
		mergeable, state = err == nil, "clean"
		if err != nil {
			state = "dirty"
		}
	}
	v["merged"], v["mergeable"], v["mergeable_state"], v["rebaseable"], v["merged_by"] = p.merged, mergeable, state, mergeable, nil
	v["comments"], v["review_comments"], v["maintainer_can_modify"] = len(p.comments), 0, true
	v["commits"], v["additions"], v["deletions"], v["changed_files"] = 1, 1, 1, 1
	return v
}

func listPulls(c *call) (int, any) {
	q := c.r.URL.Query()
	state := q.Get("state")
	if state == "" {
		state = "open"
	}
	var out []map[string]any
	for _, p := range slices.Backward(c.repo.pulls) {
		wanted := (state == "all" || (state == "open") == p.open) &&
			(q.Get("head") == "" || strings.EqualFold(q.Get("head"), p.from.Owner+":"+p.branch)) && (q.Get("base") == "" || q.Get("base") == p.base)
		if wanted {
			out = append(out, c.show(p))
		}
	}
	if q.Get("direction") == "asc" {
		slices.Reverse(out)
	}
	return http.StatusOK, list(page(c, out))
}

func getPull(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.showFull(p)
}

func createPull(c *call) (int, any) {
	if c.repo.NoPulls != "" {
		return http.StatusForbidden, message(c.repo.NoPulls)
	}
	from, branch := c.repo, c.text("head")
	if owner, name, ok := strings.Cut(branch, ":"); ok {
		branch = name
		if from = c.repo; !strings.EqualFold(owner, c.repo.Owner) {
			from = nil
			for _, r := range c.repos {
				if r.parent == c.repo && strings.EqualFold(r.Owner, owner) {
					from = r
				}
			}
		}
	}
	if from == nil || from.Head(branch) == "" {
		return http.StatusUnprocessableEntity, invalid("PullRequest", "head", "invalid", "")
	}
	base := c.text("base")
	if c.repo.Head(base) == "" {
		return http.StatusUnprocessableEntity, invalid("PullRequest", "base", "invalid", "")
	}
	draft, _ := c.body["draft"].(bool)
	if draft && c.repo.NoDrafts {
		m := message("Draft pull requests are not supported in this repository.")
		return http.StatusUnprocessableEntity, m
	}
	for _, p := range c.repo.pulls {
		if p.open && p.from == from && p.branch == branch && p.base == base {
			return http.StatusUnprocessableEntity, invalid("PullRequest", "", "custom", fmt.Sprintf("A pull request already exists for %s:%s.", from.Owner, branch))
		}
	}
	c.repo.number++
	p := &pull{number: c.repo.number, id: c.id(), title: strings.TrimSpace(c.text("title")), body: c.text("body"), branch: branch, base: base, from: from, open: true,
		draft: draft, author: c.user, created: c.Now(), updated: c.Now(), head: from.Head(branch)}
	c.bring(c.repo, p)
	if out, err := c.repo.fixed("rev-list", "-n1", c.repo.Head(base)+".."+p.head); err != nil || out == "" {
		c.repo.number--
		return http.StatusUnprocessableEntity, invalid("PullRequest", "", "custom", fmt.Sprintf("No commits between %s and %s", base, branch))
	}
	c.repo.pulls = append(c.repo.pulls, p)
	c.header.Set("Location", fmt.Sprintf("%s/api/v3/repos/%s/pulls/%d", c.URL, c.repo.full(), p.number))
	return http.StatusCreated, c.showFull(p)
}

func editPull(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	if status, m, ok := c.allows(); !ok && p.author != c.user {
		return status, m
	}
	if base := c.text("base"); base != "" {
		if !p.open {
			return http.StatusUnprocessableEntity, invalid("PullRequest", "base", "invalid", "Cannot change the base branch of a closed pull request.")
		}
		if c.repo.Head(base) == "" {
			return http.StatusUnprocessableEntity, invalid("PullRequest", "base", "invalid", "Proposed base branch '"+base+"' was not found")
		}
		p.base, p.looks = base, 0
	}
	if title, ok := c.body["title"].(string); ok {
		p.title = strings.TrimSpace(title)
	}
	if body, ok := c.body["body"].(string); ok {
		p.body = body
	}
	switch c.text("state") {
	case "closed":
		p.open, p.closed = false, c.Now()
	case "open":
		if p.merged || p.from.Head(p.branch) != p.head {
			return http.StatusUnprocessableEntity, invalid("PullRequest", "state", "custom", "state cannot be changed. The branch was force-pushed or recreated.")
		}
		p.open, p.closed = true, time.Time{}
	}
	p.updated = c.Now()
	return http.StatusOK, c.showFull(p)
}

func requestReviewers(c *call) (int, any) {
	p := c.ofPath()
	if p == nil {
		return http.StatusNotFound, message("Not Found")
	}
	for _, u := range c.texts("reviewers") {
		if strings.EqualFold(u, p.author.Login) {
			return http.StatusUnprocessableEntity, message("Review cannot be requested from pull request author.")
		}
		if c.repo.Rights[u] == "" {
			return http.StatusUnprocessableEntity, message("Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the " + c.repo.full() + " repository.")
		}
	}
	for _, t := range c.texts("team_reviewers") {
		if !contains(c.repo.Teams, t) {
			return http.StatusUnprocessableEntity, message("Could not resolve to a node with the global id of '" + t + "'.")
		}
	}
	for _, u := range c.texts("reviewers") {
		if !contains(p.reviewers, u) {
			p.reviewers = append(p.reviewers, u)
		}
	}
	for _, t := range c.texts("team_reviewers") {
		if !contains(p.teams, t) {
			p.teams = append(p.teams, t)
		}
	}
	return http.StatusCreated, c.show(p)
}
