package bot

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/unleak-dev/unleak/internal/queue"
)

// What is to be done.
const (
	Reconcile = "reconcile" // a repository's pull requests are brought up to date
	Check     = "check"     // what a pull request adds is looked at
	Command   = "command"   // somebody said something to the bot
	Sweep     = "sweep"     // all repositories of all installations are to be reconciled
)

// Work is one piece of it, as it stands in the queue.
type Work struct {
	What         string `json:"what"`
	Owner        string `json:"owner,omitempty"`
	Name         string `json:"name,omitempty"`
	Installation int64  `json:"installation,omitempty"` // 0: it is asked for
	Number       int    `json:"number,omitempty"`       // of a pull request or an issue
	Commit       string `json:"commit,omitempty"`       // the newest that was told of; what is done is done on what is there then
	Comment      int64  `json:"comment,omitempty"`
	By           string `json:"by,omitempty"`    // who commented
	Text         string `json:"text,omitempty"`  // the line with the command
	Pull         bool   `json:"pull,omitempty"`  // Number is that of a pull request
	Trace        string `json:"trace,omitempty"` // the traceparent of the request that brought it
}

// Repository is owner/name.
func (w Work) Repository() string { return w.Owner + "/" + w.Name }

// key is what is done once, however often it is asked for.
func (w Work) key() string {
	repo := strings.ToLower(w.Repository())
	switch w.What {
	case Check:
		return fmt.Sprintf("check %s %d", repo, w.Number)
	case Command:
		return fmt.Sprintf("command %s %d", repo, w.Comment)
	case Sweep:
		return Sweep
	}
	return "reconcile " + repo
}

func (w Work) item() queue.Item {
	data, err := json.Marshal(w)
	if err != nil {
		panic(err) // strings and numbers
	}
	return queue.Item{Key: w.key(), Body: data}
}

// account is a user, an organization or an App's bot in a payload.
type account struct {
	Login string `json:"login"`
	Type  string `json:"type"`
}

func (a account) bot() bool { return a.Type == "Bot" || strings.HasSuffix(a.Login, "[bot]") }

type repository struct {
	Name          string  `json:"name"`
	FullName      string  `json:"full_name"`
	Owner         account `json:"owner"`
	DefaultBranch string  `json:"default_branch"`
	Archived      bool    `json:"archived"`
}

// payload has what is read of any event. Everything else is not even decoded.
type payload struct {
	Action       string `json:"action"`
	Installation *struct {
		ID int64 `json:"id"`
	} `json:"installation"`
	Repository *repository `json:"repository"`
	Sender     account     `json:"sender"`

	Ref     string `json:"ref"` // push
	After   string `json:"after"`
	Deleted bool   `json:"deleted"`

	Changes struct {
		Base json.RawMessage `json:"base"`
	} `json:"changes"`
	PullRequest *struct {
		Number int     `json:"number"`
		Draft  bool    `json:"draft"`
		State  string  `json:"state"`
		User   account `json:"user"`
		Head   struct {
			SHA string `json:"sha"`
		} `json:"head"`
	} `json:"pull_request"`

	Issue *struct {
		Number      int             `json:"number"`
		PullRequest json.RawMessage `json:"pull_request"`
	} `json:"issue"`
	Comment *struct {
		ID   int64           `json:"id"`
		Body string          `json:"body"`
		User account         `json:"user"`
		App  json.RawMessage `json:"performed_via_github_app"`
	} `json:"comment"`

	Repositories []repository `json:"repositories"`
	Added        []repository `json:"repositories_added"`
}

// Decision is what an event means: work, or a reason why there is none.
type Decision struct {
	Work   []Work
	Reason string
}

func none(format string, args ...any) Decision { return Decision{Reason: fmt.Sprintf(format, args...)} }

// Decide reads an event. An error means that the payload is not what GitHub sends.
func Decide(event string, body []byte) (Decision, error) {
	var p payload
	if err := json.Unmarshal(body, &p); err != nil {
		return Decision{}, fmt.Errorf("the payload is not what GitHub sends: %w", err)
	}
	w := Work{}
	if p.Installation != nil {
		w.Installation = p.Installation.ID
	}
	if p.Repository != nil {
		owner, name, ok := strings.Cut(p.Repository.FullName, "/")
		if !ok || !plain(owner) || !plain(name) {
			return Decision{}, fmt.Errorf("the payload names no repository")
		}
		w.Owner, w.Name = owner, name
	}
	switch event {
	case "push":
		return p.push(w)
	case "pull_request":
		return p.pull(w)
	case "issue_comment":
		return p.comment(w)
	case "installation", "installation_repositories":
		return p.installed(w)
	case "ping":
		return none("GitHub only asks whether somebody is here"), nil
	}
	return none("nothing is to do about this event"), nil
}

var errIncomplete = fmt.Errorf("the payload lacks what this event is about")

func (p *payload) push(w Work) (Decision, error) {
	switch {
	case p.Repository == nil || p.Ref == "":
		return Decision{}, errIncomplete
	case p.Deleted:
		return none("a branch was deleted"), nil
	case p.Repository.DefaultBranch == "" || p.Ref != "refs/heads/"+p.Repository.DefaultBranch:
		return none("it is not the default branch"), nil
	case p.Repository.Archived:
		return none("the repository is archived"), nil
	}
	w.What, w.Commit = Reconcile, p.After
	return Decision{Work: []Work{w}}, nil
}

func (p *payload) pull(w Work) (Decision, error) {
	if p.Repository == nil || p.PullRequest == nil || p.PullRequest.Number == 0 {
		return Decision{}, errIncomplete
	}
	switch p.Action {
	case "opened", "synchronize", "reopened", "ready_for_review":
	case "edited":
		if len(p.Changes.Base) == 0 { // else it adds something else now
			return none("nothing of what it adds has changed"), nil
		}
	default:
		return none("nothing of what it adds has changed"), nil
	}
	switch {
	case p.PullRequest.Draft:
		return none("it is a draft: it is looked at when it is ready for review"), nil
	case p.PullRequest.State == "closed":
		return none("it is closed"), nil
	}
	w.What, w.Number, w.Commit, w.Pull = Check, p.PullRequest.Number, p.PullRequest.Head.SHA, true
	return Decision{Work: []Work{w}}, nil
}

func (p *payload) comment(w Work) (Decision, error) {
	if p.Repository == nil || p.Issue == nil || p.Comment == nil || p.Comment.ID == 0 || p.Issue.Number == 0 {
		return Decision{}, errIncomplete
	}
	via := len(p.Comment.App) > 0 && string(p.Comment.App) != "null"
	switch {
	case p.Action != "created":
		return none("it is no new comment"), nil
	case p.Comment.User.bot() || p.Sender.bot() || via:
		return none("a program wrote it"), nil
	}
	line, ok := order(p.Comment.Body)
	if !ok {
		return none("it is no command"), nil
	}
	w.What, w.Number, w.Comment, w.By, w.Text = Command, p.Issue.Number, p.Comment.ID, p.Comment.User.Login, line
	w.Pull = len(p.Issue.PullRequest) > 0 && string(p.Issue.PullRequest) != "null"
	if !plain(strings.ReplaceAll(w.By, "_", "-")) {
		return Decision{}, errIncomplete
	}
	return Decision{Work: []Work{w}}, nil
}

func (p *payload) installed(w Work) (Decision, error) {
	if p.Installation == nil {
		return Decision{}, errIncomplete
	}
	var list []repository
	switch p.Action {
	case "created":
		list = p.Repositories
	case "added":
		list = p.Added
	case "unsuspend", "new_permissions_accepted":
		return Decision{Work: []Work{{What: Sweep}}}, nil
	}
	if len(list) == 0 {
		return none("no repository was added"), nil
	}
	var d Decision
	for _, r := range list {
		owner, name, ok := strings.Cut(r.FullName, "/")
		if !ok || !plain(owner) || !plain(name) {
			return Decision{}, fmt.Errorf("the payload names no repository")
		}
		d.Work = append(d.Work, Work{What: Reconcile, Owner: owner, Name: name, Installation: w.Installation})
	}
	return d, nil
}

// plain reports whether s can be the name of an owner or a repository.
func plain(s string) bool {
	if s == "" || s == "." || s == ".." || len(s) > 100 {
		return false
	}
	for _, c := range []byte(s) {
		ok := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '-' || c == '_' || c == '.'
		if !ok {
			return false
		}
	}
	return true
}

// order is the command in a comment, which has to be its first line.
func order(body string) (string, bool) {
	line, _, _ := strings.Cut(strings.TrimLeft(body, " \t\r\n"), "\n")
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != "/unleak" || len(line) > 200 {
		return "", false
	}
	return strings.Join(words, " "), true
}
