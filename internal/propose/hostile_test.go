package propose

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/vcs"
)

// treeWith commits a tree that git itself would not let in, and moves main there.
func (r *repo) treeWith(entries ...string) {
	r.t.Helper()
	feed := func(in string, args ...string) string {
		cmd := exec.Command("git", append([]string{"-C", r.dir}, args...)...)
		cmd.Stdin = strings.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			r.t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	var list strings.Builder
	list.WriteString(feed("", "ls-tree", "main") + "\n")
	for _, e := range entries {
		mode, rest, _ := strings.Cut(e, " ")
		name, content, _ := strings.Cut(rest, "=")
		kind, hash := "blob", content
		switch mode {
		case "040000": // a folder with one file, name/file
			var file string
			name, file, _ = strings.Cut(name, "/")
			blob := feed(content, "hash-object", "-w", "--stdin")
			kind, hash = "tree", feed("100644 blob "+blob+"\t"+file+"\n", "mktree")
		case "160000":
			kind = "commit"
		default:
			hash = feed(content, "hash-object", "-w", "--stdin")
		}
		fmt.Fprintf(&list, "%s %s %s\t%s\n", mode, kind, hash, name)
	}
	tree := feed(list.String(), "mktree", "--missing")
	r.git("update-ref", "refs/heads/main", feed("x", "commit-tree", tree, "-p", "main"))
}

// TestHostileTrees: whatever a commit holds, nothing outside of the temporary folder
// is read or written, and nothing is executed.
func TestHostileTrees(t *testing.T) {
	outside := t.TempDir()
	write(t, filepath.Join(outside, "secret.ts"), interval)
	write(t, filepath.Join(outside, "base.json"), "{}")
	for name, c := range map[string]struct {
		entries []string
		fails   string // "": the rest is proposed as ever
	}{
		"a link to a source":           {[]string{"120000 link.ts=" + outside + "/secret.ts"}, ""},
		"a link to a folder":           {[]string{"120000 lib=" + outside}, ""},
		"a link up":                    {[]string{"120000 up.ts=../../../../../../etc/passwd", "120000 dir=../.."}, ""},
		"installed packages elsewhere": {[]string{"120000 node_modules=" + outside}, ""},
		"settings by a link":           {[]string{"120000 .unleak.yaml=" + outside + "/base.json"}, "no file of its own"},
		"owners by a link":             {[]string{"120000 CODEOWNERS=" + outside + "/base.json"}, ""},
		"a submodule":                  {[]string{"160000 sub=1234567890123456789012345678901234567890"}, ""},
		"a git directory":              {[]string{"040000 .git/config.json={}"}, "git"},
		"a git directory in disguise":  {[]string{"040000 .GIT/a.ts=export {}"}, "git"},
		"a git directory on NTFS":      {[]string{"040000 git~1/a.ts=export {}"}, "git"},
		"a tsconfig that leads out":    {[]string{"100644 tsconfig.json={\"extends\": \"" + outside + "/base.json\"}", "100644 jsconfig.json={\"extends\": \"../../../../base.json\"}"}, ""},
		"a package that leads out":     {[]string{"100644 package.json={\"name\": \"x\", \"main\": \"../../../../etc/passwd\", \"workspaces\": [\"../../*\", \"/*\"], \"exports\": \"../../x.ts\"}"}, ""},
		"settings that lead out":       {[]string{"100644 .unleak.yaml=kinds: {files: [../x]}\n"}, "inside"},
		"a baseline that leads out":    {[]string{"100644 .unleak.yaml=baseline: " + outside + "/base.json\n"}, "inside"},
		"settings without end":         {[]string{"100644 .unleak.yaml=# " + strings.Repeat("x", 300<<10) + "\n"}, "more than settings have"},
		"settings that grow":           {[]string{"100644 .unleak.yaml=a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"}, ".unleak.yaml"},
		"owners that break readers":    {[]string{"100644 CODEOWNERS=/ @x\n*** @x\n\\ @x\n[a-z] @x\n" + strings.Repeat("*", 5000) + " @x\n!a @x\n/ \n"}, ""},
		"a huge source":                {[]string{"100644 huge.ts=" + strings.Repeat("setInterval(() => {}, 1);\n", 200000)}, ""},
		"a source of one line":         {[]string{"100644 line.ts=" + strings.Repeat("f(", 100000)}, ""},
		"settings of packages":         {[]string{"100644 package.json=" + strings.Repeat("[", 200000), "100644 tsconfig.json={\"extends\": \"./tsconfig.json\"}"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepo(t, map[string]string{"a.ts": interval})
			canary := filepath.Join(r.dir, "canary")
			for key, value := range map[string]string{"core.fsmonitor": "touch " + canary, "core.hooksPath": filepath.Join(r.dir, "hooks"), "filter.x.clean": "touch " + canary, "filter.x.smudge": "touch " + canary, "core.sshCommand": "touch " + canary, "core.pager": "touch " + canary} {
				r.git("config", key, value)
			}
			write(t, filepath.Join(r.dir, "hooks", "reference-transaction"), "#!/bin/sh\ntouch "+canary+"\n")
			if err := os.Chmod(filepath.Join(r.dir, "hooks", "reference-transaction"), 0o755); err != nil {
				t.Fatal(err)
			}
			r.treeWith(append(c.entries, "100644 .gitattributes=* filter=x\n")...)
			_ = os.Remove(canary) // git's own doing
			before := files(t, outside)
			all, err := r.tryPropose(usual(), nil)
			if _, statErr := os.Stat(canary); statErr == nil {
				t.Error("something was executed")
			}
			if files(t, outside) != before {
				t.Error("something was written outside")
			}
			switch {
			case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails) || strings.Contains(err.Error(), "\n")):
				t.Errorf("%v; want one line that says %q", err, c.fails)
			case c.fails == "" && err != nil:
				t.Error(err)
			case c.fails == "":
				wantSummary(t, all, "create unleak/critical a.ts")
			}
			if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "unleak-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestOddNames: a file may be called anything, and its name stays text.
func TestOddNames(t *testing.T) {
	names := []string{
		"a b.ts", "`x`.ts", "@ada.ts", "#12.ts", "<img src=x>.ts", "[a](b).ts", "[skip ci].ts", "a|b.ts", "$(touch canary).ts", "-x.ts", "--help.ts", "日本.ts", "a\nb.ts", "Co-authored-by: x <x@y>\n.ts",
		"a'b.ts", "a\"b.ts", "a\\b.ts", "fixes #1.ts", "@org/team.ts", "x\x1b[31m.ts", strings.Repeat("d/", 400) + "deep.ts",
	}
	tree := map[string]string{}
	for _, n := range names {
		tree[n] = interval
	}
	r := newRepo(t, tree)
	all := r.propose(usual(), nil)
	if len(all) != 1 || len(all[0].Work.Changes) != len(tree) || len(all[0].Work.Commits) != len(tree) {
		t.Fatalf("got %s", summary(all))
	}
	if bad := outlaws(t, all[0].Proposal.Body); len(bad) > 0 {
		t.Errorf("the text renders as %v", bad)
	}
	messages := r.git("log", "--format=%B", "main..unleak/critical")
	for _, bad := range []string{"[skip ci]", "@ada", "@org", "#12", "fixes #1"} {
		if strings.Contains(messages, bad) {
			t.Errorf("a message holds %s", bad)
		}
	}
	if got := r.git("log", "--format=%(trailers:key=Co-authored-by)", "main..unleak/critical"); strings.TrimSpace(got) != "" {
		t.Errorf("a name became a trailer: %s", got)
	}
	r.git("fsck", "--strict")
}

// TestInstalled: declarations of what is installed in the checkout are seen, but not
// through a link that leads out of it, and nothing else of the work tree is.
func TestInstalled(t *testing.T) {
	source := "import { Base } from 'lib';\nexport class A extends Base {\n  start() {\n    setInterval(() => {}, 10);\n  }\n}\n"
	declared := "export declare class Base {\n  dispose(): void;\n}\n"
	install := func(dir string) {
		write(t, filepath.Join(dir, "lib", "package.json"), `{"name": "lib", "types": "index.d.ts"}`)
		write(t, filepath.Join(dir, "lib", "index.d.ts"), declared)
	}
	r := newRepo(t, map[string]string{"a.ts": source, "package.json": `{"name": "a", "dependencies": {"lib": "1"}}`})
	if all := r.propose(usual(), nil); len(all) != 0 {
		t.Fatalf("without the base class: %s", summary(all))
	}
	install(filepath.Join(r.dir, "node_modules"))
	write(t, filepath.Join(r.dir, "a.ts"), "nothing")
	wantSummary(t, r.propose(usual(), nil), "create unleak/critical a.ts")
	if got := r.git("show", "unleak/critical:a.ts"); !strings.Contains(got, "super.dispose()") {
		t.Errorf("the base class was not seen:\n%s", got)
	}
	elsewhere := t.TempDir()
	install(elsewhere)
	if err := os.RemoveAll(filepath.Join(r.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(r.dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, r.propose(usual(), nil), "close unleak/critical")
}

// TestSub: the project may be a folder of the repository.
func TestSub(t *testing.T) {
	r := newRepo(t, map[string]string{"a.ts": interval, "web/a.ts": interval, "web/.unleak.yaml": "paths: {exclude: [b.ts]}\n", "web/b.ts": interval})
	v, err := vcs.Open(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Read(t.Context(), &Place{Repository: v, Branch: "main", Commit: vcs.Hash(r.git("rev-parse", "main")), Sub: "web"})
	if err != nil {
		t.Fatal(err)
	}
	l, err := look(b)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := Make(t.Context(), b, l, usual(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []result
	if err := plan.Hand(t.Context(), v, &Local{v}, collect(&all)); err != nil {
		t.Fatal(err)
	}
	wantSummary(t, all, "create unleak/critical web/a.ts")
	if !strings.Contains(all[0].Proposal.Body, "`web/a.ts`, line 3") {
		t.Error("the text names another path than that in the repository")
	}
	if got := r.git("diff", "--name-only", "main", "unleak/critical"); got != "web/a.ts" {
		t.Errorf("it changes %s", got)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// files lists a folder with sizes and times.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil {
			fmt.Fprintln(&b, path, info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
