package proof

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/transforms"
)

// realKinds are those whose examples are run with the libraries themselves.
var realKinds = []string{
	"rxjs-subscription", "websocket", "websocket-client", "websocket-server", "primus-server", "chokidar-watcher", "fs-watcher", "file-handle", "file-descriptor", "worker",
	"child-process", "net-server", "net-socket", "dgram-socket", "pool-client", "pg-client", "redis-client", "file-read-stream", "winston-logger",
}

// TestRealLibraries runs the kinds' examples with rxjs, ws, Primus, chokidar, pg,
// ioredis, winston and node's own modules, with a PostgreSQL and a Redis of its own.
// What is counted is what the system, the servers and the libraries report.
func TestRealLibraries(t *testing.T) {
	modules, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "ioredis")); err != nil {
		missing(t, "ioredis is not installed (npm ci in internal/proof)")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not on the PATH")
	}
	t.Setenv("UNLEAK_POSTGRES", startPostgres(t))
	t.Setenv("UNLEAK_REDIS", strconv.Itoa(startRedis(t)))
	t.Setenv("UNLEAK_REAL", modules)
	cells := realCells(t)
	results := execute(t, node, cells)
	for _, c := range cells {
		r, ok := results[c.ID]
		if !ok {
			t.Errorf("%s: was not run", c.ID)
			continue
		}
		t.Logf("%s: %d left before, %d after, in %d scenarios", c.ID, r.Before, r.After, r.Scenarios)
		if len(r.Problems) > 0 {
			t.Errorf("%s: %s", c.ID, strings.Join(r.Problems, "; "))
		}
	}
}

// missing skips, but where everything has to be there.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") != "" {
		t.Fatal(what + ": nothing real is run")
	}
	t.Skip(what + ": nothing real is run")
}

// realCells are the examples with a fix of the kinds that can be run so; each
// of those kinds has one.
func realCells(t *testing.T) []cell {
	kinds, err := transforms.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*transforms.Kind{}
	for _, k := range kinds {
		byName[k.Name] = k
	}
	var cells []cell
	rounds := 3
	for _, name := range realKinds {
		before := len(cells)
		for _, c := range byName[name].Cases {
			if isMounted(c) {
				continue
			}
			for rel, golden := range c.Goldens {
				if golden.Outcome == "refused" {
					continue
				}
				after := map[string]string{}
				for f, text := range c.Files {
					after[f] = text
				}
				after[rel] = golden.Text
				id := name + "/" + c.Name + "/" + rel
				cells = append(cells, cell{ID: id, Drive: c.Files["drive.cjs"], Rounds: &rounds, Before: bundle(t, id, c.Files, rel), After: bundle(t, id, after, rel)})
			}
		}
		if len(cells) == before {
			t.Errorf("%s: no example has a fix", name)
		}
	}
	return cells
}

// startPostgres makes a database in a folder of its own and serves it on a socket
// in there, until the test ends. The server refuses to run as root: root lets
// the package's own user run it.
func startPostgres(t *testing.T) string {
	bin := tool("postgres", "/usr/lib/postgresql/*/bin/postgres")
	if bin == "" {
		missing(t, "postgres is not installed")
	}
	dir, err := os.MkdirTemp("", "pg-") // short: the name of a socket is bounded
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := func(name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
	if os.Getuid() == 0 {
		as = func(name string, args ...string) *exec.Cmd {
			return exec.Command("setpriv", append([]string{"--reuid=postgres", "--regid=postgres", "--clear-groups", name}, args...)...)
		}
		if out, err := exec.Command("chown", "postgres:", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	data := filepath.Join(dir, "data")
	initdb := as(filepath.Join(filepath.Dir(bin), "initdb"), "--pgdata", data, "--username=postgres", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")
	initdb.Dir = dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, out)
	}
	server := as(bin, "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=40")
	server.Dir = dir
	serve(t, server, "unix", filepath.Join(dir, ".s.PGSQL.5432"))
	return dir
}

// startRedis serves an empty Redis on a free port of the loopback until the test
// ends.
func startRedis(t *testing.T) int {
	bin := tool("redis-server", "/usr/bin/redis-server")
	if bin == "" {
		missing(t, "redis-server is not installed")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.Command(bin, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
	server.Dir = t.TempDir()
	serve(t, server, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	return port
}

// tool finds a program on the PATH or else where its package puts it. What
// Debian's packages of PostgreSQL put on the PATH is not the server.
func tool(name, pattern string) string {
	if found, _ := filepath.Glob(pattern); len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	if whole, err := filepath.EvalSymlinks(path); err == nil {
		return whole
	}
	return path
}

// serve starts a server, waits until it listens, and stops it at the end of the
// test.
func serve(t *testing.T, server *exec.Cmd, network, address string) {
	t.Helper()
	var out strings.Builder
	server.Stdout, server.Stderr = &out, &out
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		// SIGINT is what PostgreSQL calls a fast shutdown; Redis takes it, too.
		if err := server.Process.Signal(syscall.SIGINT); err != nil {
			return
		}
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			server.Process.Kill()
			<-ended
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		if c, err := net.Dial(network, address); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("%s ended: %v\n%s", server.Path, err, out.String())
		case <-ctx.Done():
			t.Fatalf("%s does not listen", server.Path)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
