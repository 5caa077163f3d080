package github

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

// TestListing: an organisation and a search come page by page, with what tells
// archived repositories; the token goes to one host and is in no error.
func TestListing(t *testing.T) {
	s := githubtest.Start(t)
	s.MaxPage = 2
	_, token := s.User("bot")
	for n := range 5 {
		s.Repo("harbor", fmt.Sprintf("r%d", n), "bot").Archived = n == 3
	}
	s.Repo("other", "r9", "bot")
	l, err := NewListing("http://"+s.Host, Token(token), nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	each := func(f Found) error {
		name := f.Name
		if f.Archived {
			name += "!"
		}
		got = append(got, name)
		return nil
	}
	if err := l.Organization(context.Background(), "harbor", each); err != nil || strings.Join(got, " ") != "r0 r1 r2 r3! r4" {
		t.Errorf("%v %v", got, err)
	}
	got = nil
	if total, err := l.Search(context.Background(), "org:harbor r", each); err != nil || total != 5 || len(got) != 5 {
		t.Errorf("%d %v %v", total, got, err)
	}
	if err := l.Organization(context.Background(), "nobody", each); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("%v", err)
	}
	if _, err := NewListing("http://github.example.com", Token(token), nil); err == nil {
		t.Error("a token is sent over http")
	}
}
