package githubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Event is a payload that GitHub sent once, as it was recorded.
type Event struct {
	Name   string
	Action string
	Body   json.RawMessage
}

// Events returns all recorded payloads of GitHub. Without the package of npm the
// test is skipped; with CI in the environment it fails.
func Events(t testing.TB) []Event {
	t.Helper()
	dir, err := Package("@octokit/webhooks-examples")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "api.github.com", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name     string
		Examples []json.RawMessage
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	var out []Event
	for _, e := range list {
		for _, body := range e.Examples {
			var has struct{ Action string }
			if err := json.Unmarshal(body, &has); err != nil {
				t.Fatal(err)
			}
			out = append(out, Event{e.Name, has.Action, body})
		}
	}
	return out
}

// Delivery is the request by which GitHub delivers an event.
func Delivery(url, secret, id, event string, body []byte) (*http.Request, error) {
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	r.Header.Set("User-Agent", "GitHub-Hookshot/044aadd")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", event)
	r.Header.Set("X-GitHub-Delivery", id)
	r.Header.Set("X-GitHub-Hook-ID", "292430182")
	r.Header.Set("X-Hub-Signature-256", fmt.Sprintf("sha256=%s", hex.EncodeToString(mac.Sum(nil))))
	return r, nil
}
