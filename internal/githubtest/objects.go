package githubtest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// pipe runs git with something to read.
func (r *Repo) pipe(stdin []byte, env []string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"--git-dir=" + r.Dir}, args...)...)
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull), env...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), err
}

func (c *call) reference(name, sha string) map[string]any {
	url := c.URL + "/api/v3/repos/" + c.repo.full() + "/git/" + name
	return map[string]any{"ref": name, "node_id": "REF_1", "url": url, "object": map[string]any{"type": "commit", "sha": sha, "url": url}}
}

func getRef(c *call) (int, any) {
	sha := c.repo.at("refs/" + c.params["ref"])
	if sha == "" {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.reference("refs/"+c.params["ref"], sha)
}

func matchingRefs(c *call) (int, any) {
	out, err := c.repo.Git("for-each-ref", "--format=%(refname) %(objectname)")
	if err != nil {
		return http.StatusConflict, message("Git Repository is empty.")
	}
	var refs []map[string]any
	for line := range strings.Lines(out) {
		name, sha, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.HasPrefix(name, "refs/"+c.params["ref"]) {
			refs = append(refs, c.reference(name, sha))
		}
	}
	return http.StatusOK, list(page(c, refs))
}

func createRef(c *call) (int, any) {
	if status, m, ok := c.allows(); !ok {
		return status, m
	}
	ref, sha := c.text("ref"), c.text("sha")
	if !c.repo.has(sha) {
		return http.StatusUnprocessableEntity, message("Object does not exist")
	}
	if c.repo.at(ref) != "" {
		return http.StatusUnprocessableEntity, message("Reference already exists")
	}
	if _, err := c.repo.Git("update-ref", ref, sha, "0000000000000000000000000000000000000000"); err != nil {
		return http.StatusUnprocessableEntity, message("Reference cannot be created")
	}
	c.header.Set("Location", c.URL)
	return http.StatusCreated, c.reference(ref, sha)
}

func createBlob(c *call) (int, any) {
	if status, m, ok := c.allows(); !ok {
		return status, m
	}
	data := []byte(c.text("content"))
	if c.text("encoding") == "base64" {
		var err error
		if data, err = base64.StdEncoding.DecodeString(c.text("content")); err != nil {
			return http.StatusUnprocessableEntity, message("content is not valid Base64")
		}
	}
	sha, err := c.repo.pipe(data, nil, "hash-object", "-w", "--stdin")
	if err != nil {
		c.t.Errorf("%v", err)
	}
	c.header.Set("Location", c.URL)
	return http.StatusCreated, map[string]any{"url": c.URL, "sha": sha}
}

// createTree adds entries to a tree with an index of its own.
func createTree(c *call) (int, any) {
	if status, m, ok := c.allows(); !ok {
		return status, m
	}
	index, err := os.CreateTemp(c.dir, "index")
	if err != nil {
		c.t.Fatal(err)
	}
	index.Close()
	os.Remove(index.Name())
	defer os.Remove(index.Name())
	env := []string{"GIT_INDEX_FILE=" + index.Name()}
	if base := c.text("base_tree"); base != "" {
		if _, err := c.repo.pipe(nil, env, "read-tree", base); err != nil {
			return http.StatusUnprocessableEntity, message("base_tree is not a valid tree oid")
		}
	}
	entries, _ := c.body["tree"].([]any)
	var lines strings.Builder
	for _, v := range entries {
		e, _ := v.(map[string]any)
		path, _ := e["path"].(string)
		mode, _ := e["mode"].(string)
		sha, _ := e["sha"].(string)
		if content, ok := e["content"].(string); ok {
			if sha, err = c.repo.pipe([]byte(content), nil, "hash-object", "-w", "--stdin"); err != nil {
				c.t.Errorf("%v", err)
			}
		}
		if sha == "" {
			mode, sha = "0", "0000000000000000000000000000000000000000"
		}
		fmt.Fprintf(&lines, "%s %s\t%s\x00", mode, sha, path)
	}
	if _, err := c.repo.pipe([]byte(lines.String()), env, "update-index", "-z", "--index-info"); err != nil {
		return http.StatusUnprocessableEntity, message("tree is not valid")
	}
	sha, err := c.repo.pipe(nil, env, "write-tree")
	if err != nil {
		return http.StatusUnprocessableEntity, message("GitRPC::BadObjectState")
	}
	c.header.Set("Location", c.URL)
	return http.StatusCreated, map[string]any{"sha": sha, "url": c.URL, "truncated": false, "tree": []any{}}
}

func createCommit(c *call) (int, any) {
	if status, m, ok := c.allows(); !ok {
		return status, m
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "tree %s\n", c.text("tree"))
	for _, p := range c.texts("parents") {
		if !c.repo.has(p) {
			return http.StatusUnprocessableEntity, message("Parent SHA does not exist or is not a commit object")
		}
		fmt.Fprintf(&head, "parent %s\n", p)
	}
	for _, role := range []string{"author", "committer"} {
		who, _ := c.body[role].(map[string]any)
		name, _ := who["name"].(string)
		email, _ := who["email"].(string)
		date, _ := who["date"].(string)
		at, err := time.Parse(time.RFC3339, date)
		if err != nil {
			return http.StatusUnprocessableEntity, message("date is not an ISO 8601 date")
		}
		if c.UTC {
			at = at.UTC()
		}
		fmt.Fprintf(&head, "%s %s <%s> %d %s\n", role, name, email, at.Unix(), at.Format("-0700"))
	}
	if s := c.text("signature"); s != "" {
		fmt.Fprintf(&head, "gpgsig %s\n", strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n "))
	}
	fmt.Fprintf(&head, "\n%s", c.text("message"))
	sha, err := c.repo.pipe(head.Bytes(), nil, "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		return http.StatusUnprocessableEntity, message("Tree SHA does not exist")
	}
	c.header.Set("Location", c.URL)
	return http.StatusCreated, c.commit(sha)
}

func getCommit(c *call) (int, any) {
	sha := c.params["commit_sha"]
	if !c.repo.has(sha) {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.commit(sha)
}

func (c *call) commit(sha string) map[string]any {
	out, err := c.repo.fixed("log", "-1", "--format=%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B", sha)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	f := append(strings.SplitN(out, "\x00", 9), make([]string, 9)...)
	url := c.URL + "/api/v3/repos/" + c.repo.full() + "/git/commits/" + sha
	var parents []map[string]any
	for _, p := range strings.Fields(f[1]) {
		parents = append(parents, map[string]any{"sha": p, "url": url, "html_url": url})
	}
	return map[string]any{"sha": sha, "node_id": "C_1", "url": url, "html_url": url, "message": f[8], "tree": map[string]any{"sha": f[0], "url": url}, "parents": list(parents),
		"author": map[string]any{"name": f[2], "email": f[3], "date": f[4]}, "committer": map[string]any{"name": f[5], "email": f[6], "date": f[7]},
		"verification": map[string]any{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil}}
}

// resolve finds what one side of a comparison names: a branch, a commit, or a
// branch of a fork as owner:branch.
func (c *call) resolve(name string) string {
	from := c.repo
	if owner, branch, ok := strings.Cut(name, ":"); ok {
		name, from = branch, nil
		for _, r := range c.repos {
			if strings.EqualFold(r.Owner, owner) && (r == c.repo || r.parent == c.repo) {
				from = r
			}
		}
		if from == nil {
			return ""
		}
	}
	if head := from.Head(name); head != "" {
		if from != c.repo {
			if _, err := c.repo.Git("fetch", "-q", from.Dir, "refs/heads/"+name); err != nil {
				c.t.Errorf("%v", err)
			}
		}
		return head
	}
	out, err := from.Git("rev-parse", "-q", "--verify", name+"^{commit}")
	if err != nil {
		return ""
	}
	return out
}

func compare(c *call) (int, any) {
	from, to, _ := strings.Cut(c.params["basehead"], "...")
	base, head := c.resolve(from), c.resolve(to)
	if base == "" || head == "" {
		return http.StatusNotFound, message("Not Found")
	}
	count := func(r string) string { out, _ := c.repo.fixed("rev-list", "--count", r); return out }
	ahead, behind := count(base+".."+head), count(head+".."+base)
	status := map[[2]bool]string{{true, true}: "diverged", {true, false}: "ahead", {false, true}: "behind", {false, false}: "identical"}[[2]bool{ahead != "0", behind != "0"}]
	merge, err := c.repo.fixed("merge-base", base, head)
	if err != nil {
		return http.StatusNotFound, message("No common ancestor between " + from + " and " + to + ".")
	}
	out, err := c.repo.fixed("diff-tree", "-r", "-M", "--no-commit-id", merge, head)
	if err != nil {
		c.t.Errorf("%v", err)
	}
	var files []map[string]any
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t") // :mode mode sha sha S<tab>path[<tab>path]
		h := strings.Fields(f[0])
		file := map[string]any{"sha": h[3], "filename": f[len(f)-1], "additions": 1, "deletions": 1, "changes": 2, "blob_url": c.URL, "raw_url": c.URL, "contents_url": c.URL}
		switch h[4][0] {
		case 'A':
			file["status"] = "added"
		case 'D':
			file["status"], file["sha"] = "removed", h[2]
		case 'R':
			file["status"], file["previous_filename"] = "renamed", f[1]
		default:
			file["status"] = "modified"
		}
		files = append(files, file)
	}
	url := c.URL + "/api/v3/repos/" + c.repo.full() + "/compare"
	return http.StatusOK, map[string]any{"url": url, "html_url": url, "permalink_url": url, "diff_url": url, "patch_url": url, "status": status,
		"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": []any{}, "files": list(files),
		"base_commit": map[string]any{"sha": base}, "merge_base_commit": map[string]any{"sha": merge}}
}
