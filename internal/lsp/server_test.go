package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
)

// session is a server in this process with one client.
type session struct {
	t         testing.TB
	client    *jrpc2.Client
	published chan publishParams
	done      chan error
	orderly   bool
}

func builtin(string) (*Setup, error) {
	kinds, err := transforms.Builtin()
	return &Setup{Settings: &settings.Settings{}, Detector: func(p *project.Project) *transforms.Detector { return transforms.NewDetector(p, kinds, false) }}, err
}

func serve(t testing.TB, config Config) *session {
	t.Helper()
	if config.Setup == nil {
		config.Setup = builtin
	}
	fromClient, toServer := io.Pipe()
	fromServer, toClient := io.Pipe()
	s := &session{t: t, published: make(chan publishParams, 10000), done: make(chan error, 1)}
	go func() {
		orderly, err := Serve(t.Context(), fromClient, toClient, config)
		s.orderly = orderly
		toClient.Close()
		s.done <- err
	}()
	s.client = jrpc2.NewClient(newFrames(fromServer, toServer, func() error { toServer.Close(); return fromServer.Close() }), &jrpc2.ClientOptions{
		OnNotify: func(r *jrpc2.Request) {
			var p publishParams
			if r.Method() == "textDocument/publishDiagnostics" && r.UnmarshalParams(&p) == nil {
				s.published <- p
			}
		},
	})
	t.Cleanup(func() { s.client.Close() })
	return s
}

func (s *session) start(folder string) {
	s.t.Helper()
	s.call("initialize", map[string]any{
		"rootUri":      uriOf(folder),
		"capabilities": map[string]any{"textDocument": map[string]any{"publishDiagnostics": map[string]any{}}},
	})
	s.notify("initialized", map[string]any{})
}

func (s *session) call(method string, params any) json.RawMessage {
	s.t.Helper()
	r, err := s.client.Call(s.t.Context(), method, params)
	if err != nil {
		s.t.Fatalf("%s: %v", method, err)
	}
	return json.RawMessage(r.ResultString())
}

func (s *session) notify(method string, params any) {
	s.t.Helper()
	if err := s.client.Notify(s.t.Context(), method, params); err != nil {
		s.t.Fatal(err)
	}
}

func (s *session) open(uri, text string) {
	s.t.Helper()
	s.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "version": 1, "text": text}})
}

// until waits for what is published of a version of a document.
func (s *session) until(uri string, version int) []diagnostic {
	s.t.Helper()
	for {
		select {
		case p := <-s.published:
			if p.URI == uri && p.Version != nil && *p.Version == version {
				return p.Diagnostics
			}
			if p.URI == uri && p.Version != nil && *p.Version > version {
				s.t.Fatalf("version %d came before %d", *p.Version, version)
			}
		case err := <-s.done:
			s.t.Fatalf("the server ended: %v", err)
		case <-time.After(time.Minute):
			s.t.Fatalf("nothing is published of %s %d", uri, version)
		}
	}
}

const leak = "export class A {\n  start() {\n    setInterval(() => {}, 1);\n  }\n  stop() {}\n}\n"

// TestMany: documents that are very large, and very many edits of one, and of a line
// without an end.
func TestMany(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, Config{})
	s.start(dir)
	uri := uriOf(filepath.Join(dir, "a.ts"))
	before := 20000
	if testing.Short() {
		before = 2000
	}
	s.open(uri, strings.Repeat("// 🚢 nothing\r\n", before)+leak)
	if got := s.until(uri, 1); len(got) != 1 || int(got[0].Range.Start.Line) != before+2 {
		t.Errorf("in a large document: %+v", got)
	}
	for i := range 1000 {
		at := position{uinteger(i * (before / 1000)), uinteger(5)} // behind the ship
		s.notify("textDocument/didChange", map[string]any{
			"textDocument": map[string]any{"uri": uri, "version": i + 2}, "contentChanges": []any{map[string]any{"range": span{at, at}, "text": "\n// x"}},
		})
	}
	if got := s.until(uri, 1001); len(got) != 1 || int(got[0].Range.Start.Line) != before+1002 {
		t.Errorf("after 1000 edits: %+v", got)
	}
	huge := uriOf(filepath.Join(dir, "b.ts"))
	s.open(huge, strings.Repeat("// what no person writes\n", (project.MaxFileSize/25)+1)+leak)
	if got := s.until(huge, 1); len(got) != 0 {
		t.Errorf("in a document that is too large: %+v", got)
	}
	line := uriOf(filepath.Join(dir, "c.ts"))
	s.open(line, strings.Repeat("x();", 200000))
	s.until(line, 1)
	s.call("textDocument/hover", map[string]any{"textDocument": map[string]any{"uri": line}, "position": position{0, 799999}})
	s.call("shutdown", nil)
}

// TestGarbage: whatever a client sends in frames, the server answers or says nothing,
// and goes on.
func TestGarbage(t *testing.T) {
	dir := t.TempDir()
	fromClient, toServer := io.Pipe()
	fromServer, toClient := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := Serve(t.Context(), fromClient, toClient, Config{Setup: builtin})
		toClient.Close()
		done <- err
	}()
	answers := make(chan string, 100000)
	go func() {
		frames := newFrames(fromServer, nil, nil)
		for {
			m, err := frames.Recv()
			if err != nil {
				close(answers)
				return
			}
			answers <- string(m)
		}
	}()
	send := func(text string) {
		if _, err := fmt.Fprintf(toServer, "Content-Length: %d\r\n\r\n%s", len(text), text); err != nil {
			t.Fatal(err)
		}
	}
	uri := uriOf(filepath.Join(dir, "a.ts"))
	send(fmt.Sprintf(`{"jsonrpc":"2.0","id":"first","method":"initialize","params":{"rootUri":%q,"capabilities":{}}}`, uriOf(dir)))
	valid := []string{
		fmt.Sprintf(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":{"uri":%q,"version":1,"text":%q}}}`, uri, leak),
		fmt.Sprintf(`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":%q,"version":2},"contentChanges":[{"range":{"start":{"line":0,"character":0},"end":{"line":1,"character":3}},"text":"x"}]}}`, uri),
		fmt.Sprintf(`{"jsonrpc":"2.0","id":7,"method":"textDocument/codeAction","params":{"textDocument":{"uri":%q},"range":{"start":{"line":0,"character":0},"end":{"line":9,"character":3}},"context":{"diagnostics":[{}]}}}`, uri),
		fmt.Sprintf(`{"jsonrpc":"2.0","id":8,"method":"codeAction/resolve","params":{"title":"","kind":"","data":{"uri":%q,"version":1,"do":"fix","id":"x"}}}`, uri),
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":7}}`,
		`{"jsonrpc":"2.0","method":"workspace/didChangeWatchedFiles","params":{"changes":[{"uri":"file:///a","type":1}]}}`,
		`{"jsonrpc":"2.0","method":"workspace/didChangeWorkspaceFolders","params":{"event":{"added":[{"uri":"file:///none","name":""}],"removed":[]}}}`,
		`{"jsonrpc":"2.0","id":9,"method":"textDocument/diagnostic","params":{}}`,
		`[{"jsonrpc":"2.0","id":10,"method":"nothing"}]`, `[]`, `{}`, `null`, `7`, `"`, ``,
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 3000 {
		text := []byte(valid[r.IntN(len(valid))])
		for range r.IntN(4) {
			if len(text) == 0 {
				break
			}
			switch at := r.IntN(len(text)); r.IntN(3) {
			case 0:
				text[at] = byte(r.IntN(256))
			case 1:
				text = append(text[:at:at], text[at+1:]...)
			case 2:
				text = append(text[:at:at], append([]byte(`"x":-99e99,`), text[at:]...)...)
			}
		}
		if strings.Contains(string(text), "shutdown") || strings.Contains(string(text), "exit") {
			continue
		}
		send(string(text))
	}
	send(`{"jsonrpc":"2.0","id":"last","method":"shutdown"}`)
	for a := range answers {
		if strings.Contains(a, "a bug of unleak") {
			t.Error(a)
		}
		if strings.Contains(a, `"last"`) {
			send(`{"jsonrpc":"2.0","method":"exit"}`)
			break
		}
	}
	if err := <-done; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestIsCurrent: nothing is told of a document as it was.
func TestIsCurrent(t *testing.T) {
	here, there := &root{}, &root{}
	s := &Server{documents: map[string]*document{"a": {uri: "a", version: 3, root: here}}}
	for _, c := range []struct {
		d             document
		open, current bool
	}{
		{document{uri: "a", version: 3, root: here}, true, true},
		{document{uri: "a", version: 2, root: here}, true, false},
		{document{uri: "a", version: 4, root: here}, true, false},
		{document{uri: "a", version: 3, root: there}, true, false},
		{document{uri: "b", version: 3, root: here}, false, true}, // closed: that there is nothing may be told
	} {
		if open, current := s.isCurrent(&c.d); open != c.open || current != c.current {
			t.Errorf("%+v: open %v, current %v", c.d, open, current)
		}
	}
}

// TestHalfKnown: what an analysis has remembered that was cancelled is forgotten, so
// that the next one does not take it for the whole.
func TestHalfKnown(t *testing.T) {
	s := &Server{ctx: t.Context(), config: Config{Setup: builtin}, units: utf16Units, documents: map[string]*document{}, roots: map[string]*root{}}
	file := filepath.Join(t.TempDir(), "a.ts")
	d := &document{uri: uriOf(file), path: file, version: 1, src: []byte(leak)}
	if s.documents[d.uri] = d; !s.place(d) {
		t.Fatal("it is none of ours")
	}
	look := func(ctx context.Context) *project.Project {
		if err := s.with(ctx, d.uri, func(a *analysis) error {
			if len(a.mended.Findings) != 1 {
				t.Errorf("%d findings", len(a.mended.Findings))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return d.root.project
	}
	first := look(t.Context())
	if look(t.Context()) != first {
		t.Error("nothing has changed, and it was made anew")
	}
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.with(ctx, d.uri, func(*analysis) error { cancel(); return nil }); err != nil {
		t.Fatal(err)
	}
	if look(t.Context()) == first {
		t.Error("it was cancelled, and what it remembered is still there")
	}
}

// TestParent: a server whose editor is gone ends, though nobody closes its input.
func TestParent(t *testing.T) {
	if !alive(os.Getpid()) {
		t.Fatal("this process is alive")
	}
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	s := serve(t, Config{Parent: time.Millisecond})
	s.call("initialize", map[string]any{"processId": cmd.Process.Pid, "capabilities": map[string]any{}})
	select {
	case err := <-s.done:
		t.Fatalf("it ended too early: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cmd.Process.Kill()
	cmd.Wait()
	if err := <-s.done; err != nil || s.orderly {
		t.Errorf("it ended with %v, orderly %v", err, s.orderly)
	}
}

// TestCancelled: when ctx of the program ends, so does the server.
func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in, w := io.Pipe()
	defer w.Close()
	out, toClient := io.Pipe()
	go io.Copy(io.Discard, bufio.NewReader(out))
	done := make(chan error, 1)
	go func() {
		_, err := Serve(ctx, in, toClient, Config{Setup: builtin})
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("it says that all is well")
	}
}

// BenchmarkTyping is the time from an edit of a document of 400 lines, which imports
// three others, to the diagnostics, without the delay that waits for more.
func BenchmarkTyping(b *testing.B) {
	dir := b.TempDir()
	var text strings.Builder
	for i := range 3 {
		file := filepath.Join(dir, fmt.Sprintf("base%d.ts", i))
		if err := os.WriteFile(file, []byte(fmt.Sprintf("export class Base%d {\n  dispose() {}\n%s}\n", i, strings.Repeat("  method() { return 1; }\n", 200))), 0o644); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&text, "import { Base%d } from './base%d';\n", i, i)
	}
	for i := range 50 {
		fmt.Fprintf(&text, "export class C%d extends Base%d {\n  start() {\n    setInterval(() => this.work(), 10);\n  }\n  work() {}\n\n}\n", i, i%3)
	}
	s := serve(b, Config{})
	s.start(dir)
	uri := uriOf(filepath.Join(dir, "a.ts"))
	s.open(uri, text.String())
	s.until(uri, 1)
	version := 1
	for b.Loop() {
		version++
		s.notify("textDocument/didChange", map[string]any{
			"textDocument": map[string]any{"uri": uri, "version": version}, "contentChanges": []any{map[string]any{"range": span{}, "text": " "}},
		})
		if got := s.until(uri, version); len(got) != 50 {
			b.Fatalf("%d findings", len(got))
		}
	}
}
