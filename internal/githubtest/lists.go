package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// sorted are the repositories that somebody may see, in the order of their names.
func (c *call) sorted(wanted func(*Repo) bool) []*Repo {
	var out []*Repo
	for _, r := range c.repos {
		if r.visible(c.user) && wanted(r) {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *Repo) int { return strings.Compare(a.full(), b.full()) })
	return out
}

func listOrganization(c *call) (int, any) {
	list := c.sorted(func(r *Repo) bool { return strings.EqualFold(r.Owner, c.params["org"]) })
	if len(list) == 0 {
		return http.StatusNotFound, message("Not Found")
	}
	out := []any{}
	for _, r := range page(c, list) {
		out = append(out, c.repository(r))
	}
	return http.StatusOK, out
}

// searchRepositories knows org:NAME, and words that are part of a name.
func searchRepositories(c *call) (int, any) {
	list := c.sorted(func(r *Repo) bool {
		for word := range strings.FieldsSeq(c.r.URL.Query().Get("q")) {
			org, is := strings.CutPrefix(word, "org:")
			if is && !strings.EqualFold(org, r.Owner) || !is && !strings.Contains(r.full(), word) {
				return false
			}
		}
		return true
	})
	out := []any{}
	for _, r := range page(c, list) {
		v := c.repository(r)
		v["score"] = 1
		out = append(out, v)
	}
	return http.StatusOK, map[string]any{"total_count": len(list), "incomplete_results": false, "items": out}
}
