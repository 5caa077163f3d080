package github

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Tokens gives a token for each operation, since one may be dead before the next.
type Tokens interface {
	Token(ctx context.Context) (string, error)
}

// Token is a token that stays the same. It prints as nothing that is secret.
type Token string

func (t Token) Token(context.Context) (string, error) {
	if t == "" {
		return "", errors.New("there is no token")
	}
	return string(t), nil
}

func (Token) String() string   { return redacted }
func (Token) GoString() string { return redacted }

// Environment is where tokens are looked for.
type Environment struct {
	Getenv func(string) string // os.Getenv
	Home   string              // os.UserHomeDir
}

// FindToken looks for a token where gh does: GH_TOKEN, then GITHUB_TOKEN, then what
// gh has stored in its files. For an Enterprise server the variables are
// GH_ENTERPRISE_TOKEN and GITHUB_ENTERPRISE_TOKEN, and count for the server only
// that GH_HOST names or that gh knows: a repository does not choose where a token
// goes. From names where the token was found.
func FindToken(host string, env Environment) (token Token, from string, err error) {
	host = strings.ToLower(host)
	names := []string{"GH_TOKEN", "GITHUB_TOKEN"}
	enterprise := host != "github.com" && !tenant(host)
	if enterprise {
		names = []string{"GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}
	}
	known, stored, err := storedToken(host, env)
	if err != nil {
		return "", "", err
	}
	if !enterprise || known || strings.EqualFold(env.Getenv("GH_HOST"), host) {
		for _, name := range names {
			if v := strings.TrimSpace(env.Getenv(name)); v != "" {
				return Token(v), name, nil
			}
		}
	}
	switch {
	case stored != "":
		return stored, "gh", nil
	case known:
		return "", "", fmt.Errorf("gh keeps its token for %s where only gh can read it: put the output of gh auth token --hostname %s into %s", host, host, names[0])
	case enterprise:
		return "", "", fmt.Errorf("there is no token for %s: set GH_HOST=%s and %s, or run gh auth login --hostname %s", host, host, names[0], host)
	}
	return "", "", fmt.Errorf("there is no token for %s: set %s, or run gh auth login", host, names[0])
}

// storedToken reads gh's file of hosts. Known reports whether the host is in it,
// with a token or without.
func storedToken(host string, env Environment) (known bool, token Token, err error) {
	path := filepath.Join(configDir(env), "hosts.yml")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return false, "", nil
	}
	if err != nil {
		return false, "", fmt.Errorf("reading the file of hosts of gh: %w", err)
	}
	type user struct {
		Token string `yaml:"oauth_token"`
	}
	var hosts map[string]struct {
		user  `yaml:",inline"`
		User  string          `yaml:"user"`
		Users map[string]user `yaml:"users"`
	}
	if err := yaml.Unmarshal(data, &hosts); err != nil {
		return false, "", fmt.Errorf("%s cannot be read as gh's file of hosts", path) // the reason would show a line of it
	}
	for name, h := range hosts {
		if strings.EqualFold(name, host) {
			if h.Token == "" {
				h.Token = h.Users[h.User].Token
			}
			return true, Token(h.Token), nil
		}
	}
	return false, "", nil
}

// configDir is where gh keeps its files.
func configDir(env Environment) string {
	if dir := env.Getenv("GH_CONFIG_DIR"); dir != "" {
		return dir
	}
	if dir := env.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return filepath.Join(dir, "gh")
	}
	if dir := env.Getenv("AppData"); dir != "" && runtime.GOOS == "windows" {
		return filepath.Join(dir, "GitHub CLI")
	}
	return filepath.Join(env.Home, ".config", "gh")
}
