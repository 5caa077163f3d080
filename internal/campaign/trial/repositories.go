package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/unleak-dev/unleak/internal/campaign"
	"github.com/unleak-dev/unleak/internal/githubtest"
)

// sort is a sort of repository, and what must come of it.
type sort struct {
	name    string
	state   string // at the end
	pulls   int    // open pull requests
	files   func(n int) []file
	lacking bool // take an object away
}

// file is a file of a repository; mode is git's.
type file struct {
	mode, path, text string
}

const leaking = `export function waitFor%d(ready: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const poll = setInterval(() => {
      if (Math.random() > 0.9) {
        reject(new Error('never'));
        return;
      }
      if (ready()) {
        clearInterval(poll);
        resolve();
      }
    }, %d);
  });
}
`

// sizeLimit is the size in bytes that a clone may have in a trial.
const sizeLimit = 1 << 20

// sorts are dealt out in turn.
var sorts = []sort{
	{name: "clean", state: campaign.Done, files: clean},
	{name: "leaking", state: campaign.Done, pulls: 1, files: leaks},
	{name: "hostile", state: campaign.Done, pulls: 1, files: hostile},
	{name: "clean", state: campaign.Done, files: clean},
	{name: "leaking", state: campaign.Done, pulls: 1, files: leaks},
	{name: "empty", state: campaign.Skipped},
	{name: "huge", state: campaign.Skipped, files: func(n int) []file {
		return append(leaks(n), file{"100644", "data.bin", noise(3*sizeLimit/2, n)}, file{"100644", "more.bin", noise(3*sizeLimit/2, n+7)})
	}},
	{name: "leaking", state: campaign.Done, pulls: 1, files: leaks},
	{name: "muddled", state: campaign.Done, pulls: 1, files: func(n int) []file {
		return append(leaks(n), file{"100644", "src/half.ts", "export class { constructor( {\n  if (}\n"}, file{"100644", "src/bytes.ts", "\xff\xfe\x00\x01 const x"},
			file{"100644", "tsconfig.json", "{ not json"}, file{"100644", "package.json", "[]"})
	}},
	{name: "crooked", state: campaign.Skipped, files: func(n int) []file {
		return append(leaks(n), file{"120000", ".unleak.yaml", "/etc/passwd"})
	}},
	{name: "broken", state: campaign.Aside, files: leaks, lacking: true},
}

func clean(n int) []file {
	return []file{{"100644", "package.json", `{"name":"clean"}`}, {"100644", "src/index.ts", fmt.Sprintf("export const answer = %d;\n", n)}}
}

func leaks(n int) []file {
	return []file{{"100644", "package.json", `{"name":"leaking"}`}, {"100644", "src/index.ts", fmt.Sprintf(leaking, n, n+10)}}
}

// marker is what a hostile repository makes if anything of it is executed; it lies
// in the trial's folder.
const marker = "executed"

func hostile(n int) []file {
	run := "touch " + filepath.Join(os.Getenv(folderKey), marker)
	return append(leaks(n),
		file{"120000", "src/passwd.ts", "/etc/passwd"}, file{"120000", "up", "../../../../../.."},
		file{"100755", ".githooks/post-checkout", "#!/bin/sh\n" + run + "\n"}, file{"100644", ".gitattributes", "* filter=evil diff=evil merge=evil text eol=crlf\n"},
		file{"100644", ".gitmodules", "[submodule \"sub\"]\n\tpath = sub\n\turl = http://127.0.0.1:1/sub\n"}, file{"160000", "sub", strings.Repeat("1", 40)},
		file{"100644", ".lfsconfig", "[lfs]\n\turl = http://127.0.0.1:1/\n"}, file{"100644", "a\x1b]0;title\x07\x1b[31mb\n.ts", "export {};\n"},
		file{"100644", "package.json", `{"name":"hostile","scripts":{"prepare":"` + run + `","postinstall":"` + run + `"}}`},
	)
}

// noise does not compress.
func noise(size, seed int) string {
	x, b := uint32(seed), make([]byte, size)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// made is a repository of the trial, and what must come of it.
type made struct {
	sort
	repo *githubtest.Repo
}

// make makes one on the stand-in.
func (s sort) make(hub *githubtest.Server, n int) (made, error) {
	r := hub.Repo("harbor", fmt.Sprintf("%s-%03d", s.name, n), "bot")
	if s.files != nil {
		if err := fastImport(r.Dir, s.files(n)); err != nil {
			return made{}, err
		}
	}
	if s.lacking {
		blob, err := r.Git("rev-parse", "main:src/index.ts")
		if err != nil {
			return made{}, err
		}
		if err := os.Remove(filepath.Join(r.Dir, "objects", blob[:2], blob[2:])); err != nil {
			return made{}, err
		}
	}
	return made{s, r}, nil
}

// fastImport makes the branch main of some files, in one process.
func fastImport(dir string, files []file) error {
	var in bytes.Buffer
	message := "Begin"
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter P <p@example.org> 1700000000 +0000\ndata %d\n%s\n", len(message), message)
	for _, f := range files {
		path := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(f.path) + `"`
		if f.mode == "160000" {
			fmt.Fprintf(&in, "M 160000 %s %s\n", f.text, path)
			continue
		}
		fmt.Fprintf(&in, "M %s inline %s\ndata %d\n%s\n", f.mode, path, len(f.text), f.text)
	}
	in.WriteString("\n")
	cmd := exec.Command("git", "--git-dir="+dir, "-c", "fastimport.unpackLimit=1000", "fast-import", "--quiet")
	cmd.Stdin = &in
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git fast-import: %w: %s", err, out)
	}
	return nil
}
