package transforms

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

func wireText(t *testing.T, d *Detector, rel, text string) *Wiring {
	t.Helper()
	f, err := syntax.Parse(context.Background(), rel, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	im := MonitorImport{Specifier: "./unleak-monitor.js", CommonJS: strings.Contains(text, "require(")}
	return d.Wire(context.Background(), f, im)
}

// TestWire holds what is written into files of every style, in all line ends, to
// testdata/wire.
func TestWire(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(p, kinds, false)
	file := filepath.Join("testdata", "wire", "styles.txtar")
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		if !syntax.Supported(f.Name) {
			continue
		}
		got.Files = append(got.Files, f)
		w := wireText(t, d, f.Name, string(f.Data))
		if w.Text != nil {
			got.Files = append(got.Files, txtar.File{Name: f.Name + ".wired", Data: w.Text})
		}
		var why strings.Builder
		for _, u := range w.Unwired {
			fmt.Fprintf(&why, "%d %s: %s\n", u.Line, u.Class, u.Text)
		}
		if why.Len() > 0 {
			got.Files = append(got.Files, txtar.File{Name: f.Name + ".unwired", Data: []byte(why.String())})
		}
		crlf := wireText(t, d, f.Name, strings.ReplaceAll(string(f.Data), "\n", "\r\n"))
		if strings.ReplaceAll(string(crlf.Text), "\r\n", "\n") != string(w.Text) || strings.Contains(strings.ReplaceAll(string(crlf.Text), "\r\n", ""), "\n") {
			t.Errorf("%s: with other line ends comes\n%q", f.Name, crlf.Text)
		}
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want, now := txtar.Format(archive), txtar.Format(got); string(want) != string(now) {
		t.Error(patch.Change{Path: file, Old: want, New: now}.Unified())
	}
}

// TestWireExamples wires every example of every kind, as it is and mended: what is
// written must stand up to being read again, which Wire itself finds out, and most of
// what a mended class holds is told.
func TestWireExamples(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	wired, unwired := 0, 0
	for _, k := range kinds {
		for _, c := range k.Cases {
			p, err := project.Open(WriteCase(t, c))
			if err != nil {
				t.Fatal(err)
			}
			d := NewDetector(p, kinds, false)
			for rel, text := range c.Files {
				if !syntax.Supported(rel) || rel == "drive.cjs" {
					continue
				}
				for _, text := range []string{text, c.Goldens[rel].Text} {
					w := wireText(t, d, rel, text)
					wired, unwired = wired+len(w.Wired), unwired+len(w.Unwired)
					for _, u := range w.Unwired {
						if strings.Contains(u.Text, "a bug of unleak") {
							t.Errorf("%s/%s/%s: %s: %s", k.Name, c.Name, rel, u.Class, u.Text)
						}
					}
					if len(w.Wired) > 0 && w.Text == nil {
						t.Errorf("%s/%s/%s: nothing was written", k.Name, c.Name, rel)
					}
				}
			}
		}
	}
	t.Logf("%d classes are told of, %d things are not", wired, unwired)
	if wired < 110 || unwired*3 > wired {
		t.Errorf("only %d classes are told of, and %d things are not", wired, unwired)
	}
}

// TestMonitorCalls: what is told to the monitor changes nothing of what is owed. It
// never throws, keeps nothing that it is given, and is no helper that may release.
func TestMonitorCalls(t *testing.T) {
	kinds, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(p, kinds, false)
	for name, text := range map[string]string{
		"it does not throw": `
import fs from 'fs';
export function size(path) {
  const fd = fs.openSync(path);
  TELL;
  fs.closeSync(fd);
}`,
		"it keeps nothing": `
import { createServer } from 'http';
export class Api {
  start() {
    this.server = createServer();
    this.server.listen(0);
    TELL;
  }
  stop() {
    console.log('stopped');
  }
}`,
		"it releases nothing": `
export class Poller {
  start() {
    this.timer = setInterval(() => {}, 10);
  }
  pause() {
    clearInterval(this.timer);
  }
  destroy() {
    TELL;
  }
}`,
	} {
		as := func(tell string) string {
			f, err := syntax.Parse(context.Background(), "a.js", []byte(strings.Replace(text, "TELL", tell, 1)))
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, o := range d.Detect(context.Background(), f) {
				said += fmt.Sprintf("%s %s %s; ", o.Kind.Name, o.Status, o.Way)
			}
			return said
		}
		text = "import { monitor } from './unleak-monitor.js';\n" + text
		without := as("0")
		for _, tell := range []string{"monitor.count(this.server ?? this, 'a', 'b', 1)", "monitor.disposed(this)", "monitor.failed(this.server, 'a')"} {
			if with := as(tell); with != without {
				t.Errorf("%s: %s makes it %s, without it is %s", name, tell, with, without)
			}
		}
		if other := as("tell(this.server, this)"); other == without {
			t.Errorf("%s: any other call makes no difference either: %s", name, other)
		}
	}
}
