// Command serve is a GitHub on this machine to try things out with: one repository,
// harbor/town, made of a folder, which is the first argument (default: testdata/demo).
// It prints how to get there, and what happens to pull requests. On standard input it
// takes what people do: `show N`, `merge N`, `close N`, and `commit BRANCH PATH FILE`,
// which writes a file of this machine to a branch.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/internal/githubtest"
)

func main() {
	dir := "testdata/demo"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := serve(dir); err != nil {
		fmt.Fprintln(os.Stderr, "serve: "+err.Error())
		os.Exit(2)
	}
}

// stand takes the place of a test: what would fail it is printed.
type stand struct {
	testing.TB
	temporary string
	cleanups  []func()
}

func (s *stand) Helper()                        {}
func (s *stand) Cleanup(f func())               { s.cleanups = append(s.cleanups, f) }
func (s *stand) TempDir() string                { return s.temporary }
func (s *stand) Errorf(format string, a ...any) { fmt.Fprintf(os.Stderr, "serve: "+format+"\n", a...) }
func (s *stand) Fatalf(format string, a ...any) { panic(stop{fmt.Errorf(format, a...)}) }
func (s *stand) Fatal(a ...any)                 { panic(stop{errors.New(fmt.Sprint(a...))}) }
func (s *stand) Skip(a ...any) {
	panic(stop{fmt.Errorf("%v; `npm ci --prefix internal/githubtest` installs it", fmt.Sprint(a...))})
}

// stop ends what the person asked for.
type stop struct{ err error }

// trying turns the end of a test into an error.
func trying(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			err = r.err
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

func serve(dir string) (err error) {
	temporary, err := os.MkdirTemp("", "unleak-github-")
	if err != nil {
		return err
	}
	s := &stand{temporary: temporary}
	defer func() {
		for _, f := range s.cleanups {
			f()
		}
		err = errors.Join(err, os.RemoveAll(temporary))
	}()
	var hub *githubtest.Server
	var repo *githubtest.Repo
	var token string
	err = trying(func() {
		hub = githubtest.Start(s)
		_, token = hub.User("you")
		repo = hub.Repo("harbor", "town", "you")
	})
	if err != nil {
		return err
	}
	if err := fill(repo, dir, filepath.Join(temporary, "seed")); err != nil {
		return err
	}
	fmt.Printf("A GitHub listens on %s. In another terminal:\n\n  git clone %s/harbor/town.git && cd town\n  export GH_HOST=%s GH_ENTERPRISE_TOKEN=%s\n\nHere: show N, merge N, close N. End it with ^C.\n",
		hub.URL, hub.URL, hub.Host, token)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	lines := make(chan string)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			lines <- in.Text()
		}
	}()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	seen := map[int]string{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case line := <-lines:
			if err := do(hub, repo, strings.Fields(line)); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		case <-tick.C:
		}
		for _, p := range hub.Pulls(repo) {
			if now := about(p); seen[p.Number] != now {
				seen[p.Number] = now
				fmt.Println(now)
			}
		}
	}
}

// fill makes the repository's first commit of a folder.
func fill(repo *githubtest.Repo, dir, seed string) error {
	if err := os.CopyFS(seed, os.DirFS(dir)); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "-A"},
		{"-c", "user.name=Harbor", "-c", "user.email=harbor@example.org", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "Build the town"},
		{"push", "-q", repo.Dir, "main"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", seed}, args...)...).CombinedOutput(); err != nil {
			return fmt.Errorf("git %s: %w: %s", args[0], err, out)
		}
	}
	return nil
}

// about is a pull request in a line.
func about(p githubtest.View) string {
	state := "closed"
	switch {
	case p.Merged:
		state = "merged"
	case p.Open:
		state = "open"
	}
	return fmt.Sprintf("#%d %s: %s (%s at %s, to %s)", p.Number, state, p.Title, p.Branch, p.Head[:min(len(p.Head), 10)], p.Base)
}

// do does what a person types.
func do(hub *githubtest.Server, repo *githubtest.Repo, words []string) error {
	if len(words) == 0 {
		return nil
	}
	if words[0] == "commit" && len(words) == 4 {
		data, err := os.ReadFile(words[3])
		if err == nil {
			_, err = repo.Commit(words[1], words[2], string(data))
		}
		return err
	}
	n := 0
	if len(words) == 2 {
		n, _ = strconv.Atoi(words[1]) // 0 is no pull request
	}
	return trying(func() {
		switch words[0] {
		case "show":
			for _, p := range hub.Pulls(repo) {
				if p.Number == n {
					fmt.Printf("%s\n\n%s\n", about(p), p.Body)
					for _, c := range p.Comments {
						fmt.Printf("--\n%s\n", c)
					}
				}
			}
		case "merge":
			hub.Merge(repo, n, false, true)
		case "close":
			hub.Close(repo, n, false)
		default:
			fmt.Println("show N, merge N, close N, commit BRANCH PATH FILE")
		}
	})
}
