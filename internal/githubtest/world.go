package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/unleak-dev/unleak/vcs"
)

// User is an account.
type User struct {
	Login string
	ID    int64
	Bot   bool // an installation of an App
	app   *App
}

// App is a GitHub App with one installation.
type App struct {
	ID, Installation int64
	Slug             string
	KeyFile          string        // PEM
	Lives            time.Duration // of its tokens
	key              *rsa.PrivateKey
	user             *User
}

// Repo is a repository. Its fields may be changed between requests.
type Repo struct {
	Owner, Name    string
	Dir            string // a bare repository
	Default        string // its default branch
	Private        bool
	Archived       bool
	NoDrafts       bool
	NoPulls        string // a message with which pull requests are refused
	AllowAutoMerge bool
	SlowMerge      int               // so many looks at a pull request come before GitHub knows whether it merges
	Rights         map[string]string // by login: read or push
	Labels         []string
	Milestones     []string
	Teams          []string

	id     int64
	parent *Repo
	number int
	pulls  []*pull // newest last

	answers sync.Map // of fixed
}

func (r *Repo) full() string { return r.Owner + "/" + r.Name }

// visible reports whether somebody may see the repository.
func (r *Repo) visible(u *User) bool { return !r.Private || r.Rights[u.Login] != "" }

// covers reports whether a token is good for a repository: one of an App may be for
// some only.
func (s *Server) covers(token string, r *Repo) bool {
	names, some := s.scopes[token]
	return !some || slices.Contains(names, r.Name)
}

func (r *Repo) writable(u *User) bool { return u != nil && r.Rights[u.Login] == "push" }

// User makes an account with a token. The token looks like one of GitHub's.
func (s *Server) User(login string) (u *User, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u = s.users[login]; u == nil {
		u = &User{Login: login, ID: s.id()}
		s.users[login] = u
	}
	return u, s.token(u, "ghp_")
}

func (s *Server) token(u *User, prefix string) string {
	token := prefix + rand.Text() + rand.Text()[:10]
	s.tokens[token] = u
	return token
}

// Token gives a user another token, of any form.
func (s *Server) Token(login, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[token] = s.account(login)
}

// Revoke ends a token.
func (s *Server) Revoke(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tokens, token)
}

// App makes a GitHub App, installed on every repository that its bot has rights in.
func (s *Server) App(slug string) *App {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "app.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	if err := os.WriteFile(file, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &App{ID: s.id(), Installation: s.id(), Slug: slug, KeyFile: file, Lives: time.Hour, key: key}
	a.user = &User{Login: slug + "[bot]", ID: s.id(), Bot: true, app: a}
	s.users[a.user.Login] = a.user
	s.apps = append(s.apps, a)
	return a
}

// Repo makes a repository, empty, whose default branch is main. Its owner and those
// who are named may push.
func (s *Server) Repo(owner, name string, pushers ...string) *Repo {
	dir := filepath.Join(s.dir, owner, name+".git")
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(filepath.Join(dir, "hooks"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if _, err := vcs.Empty(dir); err != nil {
		s.t.Fatal(err)
	}
	s.quiet(dir)
	r := &Repo{Owner: owner, Name: name, Dir: dir, Default: "main", Rights: map[string]string{owner: "push"}, id: s.id()}
	for _, p := range pushers {
		r.Rights[p] = "push"
	}
	s.repos[strings.ToLower(r.full())] = r
	return r
}

// fork makes a copy for another owner.
func (s *Server) fork(of *Repo, owner, name string) *Repo {
	dir := filepath.Join(s.dir, owner, name+".git")
	if out, err := exec.Command(s.git, "clone", "-q", "--bare", of.Dir, dir).CombinedOutput(); err != nil {
		s.t.Fatalf("git clone: %v: %s", err, out)
	}
	s.quiet(dir)
	r := &Repo{Owner: owner, Name: name, Dir: dir, Default: of.Default, Rights: map[string]string{owner: "push"}, id: s.id(), parent: of}
	s.repos[strings.ToLower(r.full())] = r
	return r
}

// quiet ends what git does after a push to keep a large repository small: two more programs
// each time, for repositories that live for a second.
func (s *Server) quiet(dir string) {
	f, err := os.OpenFile(filepath.Join(dir, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n")
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// Rename gives a repository another name. Whoever asks for the old one is led on.
func (s *Server) Rename(r *Repo, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renamed[strings.ToLower(r.full())] = r
	delete(s.repos, strings.ToLower(r.full()))
	dir := filepath.Join(s.dir, r.Owner, name+".git")
	if err := os.Rename(r.Dir, dir); err != nil {
		s.t.Fatal(err)
	}
	r.Name, r.Dir = name, dir
	s.repos[strings.ToLower(r.full())] = r
}

// Protect makes the repository refuse pushes to branches that begin with prefix, as
// a rule of GitHub does.
func (s *Server) Protect(r *Repo, prefix, says string) {
	hook := fmt.Sprintf("#!/bin/sh\nwhile read old new ref; do case $ref in refs/heads/%s*) echo '%s' >&2; exit 1;; esac; done\n", prefix, says)
	if err := os.WriteFile(filepath.Join(r.Dir, "hooks", "pre-receive"), []byte(hook), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// who finds the user of a token.
func (s *Server) who(r *http.Request) *User {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") || strings.EqualFold(scheme, "token") {
		return s.tokens[token]
	}
	return nil
}

// user is a user as GitHub shows it.
func (s *Server) user(u *User) map[string]any {
	kind := "User"
	if u.Bot {
		kind = "Bot"
	}
	page := s.URL + "/api/v3/users/" + u.Login
	return map[string]any{"login": u.Login, "id": u.ID, "node_id": fmt.Sprintf("U_%d", u.ID), "type": kind, "site_admin": false,
		"url": page, "html_url": s.URL + "/" + u.Login, "avatar_url": page, "gravatar_id": "", "followers_url": page, "following_url": page, "gists_url": page,
		"starred_url": page, "subscriptions_url": page, "organizations_url": page, "repos_url": page, "events_url": page, "received_events_url": page}
}

func (s *Server) account(login string) *User {
	if u := s.users[login]; u != nil {
		return u
	}
	u := &User{Login: login, ID: s.id()}
	s.users[login] = u
	return u
}

// repository is a repository as GitHub shows it to somebody.
func (c *call) repository(r *Repo) map[string]any {
	rights := map[string]any{"admin": false, "maintain": false, "push": false, "triage": false, "pull": false}
	if c.user != nil && !c.user.Bot { // for an App all are false
		rights["pull"] = r.visible(c.user)
		rights["push"] = r.writable(c.user)
	}
	v := map[string]any{"id": r.id, "node_id": fmt.Sprintf("R_%d", r.id), "name": r.Name, "full_name": r.full(), "owner": c.Server.user(c.account(r.Owner)),
		"private": r.Private, "html_url": c.URL + "/" + r.full(), "url": c.URL + "/api/v3/repos/" + r.full(), "fork": r.parent != nil, "default_branch": r.Default,
		"archived": r.Archived, "disabled": false, "permissions": rights, "description": nil}
	return v
}

func (c *call) fullRepository(r *Repo) map[string]any {
	v := c.repository(r)
	v["allow_auto_merge"] = r.AllowAutoMerge
	if r.parent != nil {
		v["parent"] = c.repository(r.parent)
		v["source"] = c.repository(r.parent)
	}
	return v
}

func getUser(c *call) (int, any) { return http.StatusOK, c.ownUser(c.user) }

// ownUser has what only the user itself is shown; the schema of it is one of two.
func (c *call) ownUser(u *User) map[string]any {
	v := c.Server.user(u)
	for _, key := range []string{"name", "company", "blog", "location", "email", "hireable", "bio"} {
		v[key] = nil
	}
	v["blog"], v["user_view_type"] = "", "public"
	for _, key := range []string{"public_repos", "public_gists", "followers", "following"} {
		v[key] = 0
	}
	v["created_at"], v["updated_at"] = "2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"
	return v
}

func getUserByName(c *call) (int, any) {
	u := c.users[c.params["username"]]
	if u == nil {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.ownUser(u)
}

func getRepo(c *call) (int, any) { return http.StatusOK, c.fullRepository(c.repo) }

func createFork(c *call) (int, any) {
	for _, r := range c.repos {
		if r.parent == c.repo && r.Owner == c.user.Login {
			return http.StatusAccepted, c.fullRepository(r)
		}
	}
	if c.user.Bot {
		return http.StatusForbidden, message("Resource not accessible by integration")
	}
	name := c.repo.Name
	for n := 1; c.repos[strings.ToLower(c.user.Login+"/"+name)] != nil; n++ {
		name = fmt.Sprintf("%s-%d", c.repo.Name, n)
	}
	return http.StatusAccepted, c.fullRepository(c.fork(c.repo, c.user.Login, name))
}

func mergeUpstream(c *call) (int, any) {
	branch := c.text("branch")
	up := c.repo.parent
	if up == nil || up.Head(branch) == "" || !c.repo.writable(c.user) {
		return http.StatusUnprocessableEntity, nil
	}
	if _, err := c.repo.Git("fetch", "-q", up.Dir, "refs/heads/"+branch+":refs/heads/"+branch); err != nil {
		return http.StatusConflict, nil
	}
	return http.StatusOK, map[string]any{"message": "Successfully fetched and fast-forwarded", "merge_type": "fast-forward", "base_branch": up.Owner + ":" + branch}
}

// handlers answer the operations.
var handlers = map[string]func(*call) (int, any){
	"GET /app":                       getApp,
	"GET /app/installations":         listInstallations,
	"GET /installation/repositories": listInstalled,
	"GET /repos/{owner}/{repo}/collaborators/{username}/permission":      getPermission,
	"POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions":  createReaction,
	"GET /repos/{owner}/{repo}/pulls/{pull_number}/comments":             listRemarks,
	"GET /repos/{owner}/{repo}/pulls/{pull_number}/files":                listPullFiles,
	"POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews":             createReview,
	"POST /app/installations/{installation_id}/access_tokens":            createToken,
	"GET /repos/{owner}/{repo}":                                          getRepo,
	"GET /repos/{owner}/{repo}/compare/{basehead}":                       compare,
	"POST /repos/{owner}/{repo}/forks":                                   createFork,
	"POST /repos/{owner}/{repo}/git/blobs":                               createBlob,
	"POST /repos/{owner}/{repo}/git/commits":                             createCommit,
	"GET /repos/{owner}/{repo}/git/commits/{commit_sha}":                 getCommit,
	"GET /repos/{owner}/{repo}/git/matching-refs/{ref}":                  matchingRefs,
	"GET /repos/{owner}/{repo}/git/ref/{ref}":                            getRef,
	"POST /repos/{owner}/{repo}/git/refs":                                createRef,
	"POST /repos/{owner}/{repo}/git/trees":                               createTree,
	"GET /repos/{owner}/{repo}/installation":                             getInstallation,
	"PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}":           editComment,
	"DELETE /repos/{owner}/{repo}/issues/comments/{comment_id}":          deleteComment,
	"PATCH /repos/{owner}/{repo}/issues/{issue_number}":                  editIssue,
	"POST /repos/{owner}/{repo}/issues/{issue_number}/assignees":         addAssignees,
	"GET /repos/{owner}/{repo}/issues/{issue_number}/comments":           listComments,
	"POST /repos/{owner}/{repo}/issues/{issue_number}/comments":          createComment,
	"POST /repos/{owner}/{repo}/issues/{issue_number}/labels":            addLabels,
	"POST /repos/{owner}/{repo}/labels":                                  createLabel,
	"GET /repos/{owner}/{repo}/labels/{name}":                            getLabel,
	"POST /repos/{owner}/{repo}/merge-upstream":                          mergeUpstream,
	"GET /repos/{owner}/{repo}/milestones":                               listMilestones,
	"GET /repos/{owner}/{repo}/pulls":                                    listPulls,
	"POST /repos/{owner}/{repo}/pulls":                                   createPull,
	"GET /repos/{owner}/{repo}/pulls/{pull_number}":                      getPull,
	"PATCH /repos/{owner}/{repo}/pulls/{pull_number}":                    editPull,
	"POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers": requestReviewers,
	"GET /orgs/{org}/repos":                                              listOrganization,
	"GET /search/repositories":                                           searchRepositories,
	"GET /user":                                                          getUser,
	"GET /users/{username}":                                              getUserByName,
}

// allows reports whether somebody may write here; it is an answer if not.
func (c *call) allows() (int, any, bool) {
	if c.repo.writable(c.user) {
		return 0, nil, true
	}
	if c.user.Bot {
		return http.StatusForbidden, message("Resource not accessible by integration"), false
	}
	return http.StatusForbidden, message("Must have push access to repository"), false
}

func contains(list []string, s string) bool {
	return slices.ContainsFunc(list, func(x string) bool { return strings.EqualFold(x, s) })
}
