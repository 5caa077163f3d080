package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// app finds the App that signed a request.
func (c *call) app() *App {
	_, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	for _, a := range c.apps {
		var claims jwt.RegisteredClaims
		_, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return &a.key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}))
		if err == nil && claims.Issuer == strconv.FormatInt(a.ID, 10) {
			return a
		}
	}
	return nil
}

func refused() (int, any) {
	return http.StatusUnauthorized, message("A JSON web token could not be decoded")
}

func getApp(c *call) (int, any) {
	a := c.app()
	if a == nil {
		return refused()
	}
	return http.StatusOK, map[string]any{"id": a.ID, "slug": a.Slug, "node_id": "A_1", "owner": c.Server.user(c.account("acme")), "name": a.Slug, "description": nil,
		"external_url": c.URL, "html_url": c.URL, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
		"permissions": map[string]any{"contents": "write", "pull_requests": "write"}, "events": []any{}}
}

func getInstallation(c *call) (int, any) {
	a := c.app()
	if a == nil {
		return refused()
	}
	if c.repo.Rights[a.user.Login] == "" {
		return http.StatusNotFound, message("Not Found")
	}
	return http.StatusOK, c.installation(a, c.repo.Owner)
}

func (c *call) installation(a *App, owner string) map[string]any {
	return map[string]any{"id": a.Installation, "account": c.Server.user(c.account(owner)), "app_id": a.ID, "app_slug": a.Slug, "target_id": 1, "target_type": "User",
		"permissions": map[string]any{"contents": "write", "pull_requests": "write"}, "events": []any{}, "repository_selection": "selected", "access_tokens_url": c.URL,
		"repositories_url": c.URL, "html_url": c.URL, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z", "single_file_name": nil, "suspended_by": nil, "suspended_at": nil}
}

func listInstallations(c *call) (int, any) {
	a := c.app()
	if a == nil {
		return refused()
	}
	return http.StatusOK, list(page(c, []map[string]any{c.installation(a, "acme")}))
}

// listInstalled lists the repositories that a token of an App is for.
func listInstalled(c *call) (int, any) {
	if c.user.app == nil {
		return http.StatusForbidden, message("You must authenticate with an installation access token in order to list repositories for an installation.")
	}
	var all []*Repo
	for _, r := range c.repos {
		if r.Rights[c.user.Login] != "" && c.covers(bearer(c.r), r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *Repo) int { return int(a.id - b.id) })
	out := []map[string]any{}
	for _, r := range page(c, all) {
		out = append(out, c.repository(r))
	}
	return http.StatusOK, map[string]any{"total_count": len(all), "repositories": list(out)}
}

func createToken(c *call) (int, any) {
	a := c.app()
	if a == nil {
		return refused()
	}
	if int64(c.number("installation_id")) != a.Installation {
		return http.StatusNotFound, message("Not Found")
	}
	for _, name := range c.texts("repositories") {
		there := false
		for _, r := range c.repos {
			there = there || r.Name == name && r.Rights[a.user.Login] != ""
		}
		if !there {
			return http.StatusUnprocessableEntity, message("There is at least one repository that does not exist or is not accessible to the parent installation.")
		}
	}
	token := c.token(a.user, "ghs_")
	if names := c.texts("repositories"); len(names) > 0 {
		c.scopes[token] = names
	}
	return http.StatusCreated, map[string]any{"token": token, "expires_at": c.Now().Add(a.Lives).UTC().Format(time.RFC3339),
		"permissions": map[string]any{"contents": "write", "pull_requests": "write"}, "repository_selection": "selected"}
}
