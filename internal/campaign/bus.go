package campaign

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Where says where campaigns are kept: in a folder of this machine, or on NATS
// servers.
type Where struct {
	Folder      string // used without URL
	URL         string // nats:// or tls://, several with commas
	Credentials string // the file of a NATS user's credentials; "": none
	Replicas    int    // of everything; 0: three on a cluster, one elsewhere
}

// Bus is a connection to where campaigns are kept. It mends itself when the other
// side is away for a while.
type Bus struct {
	where Where
	nc    *nats.Conn
	js    jetstream.JetStream
	local *local // nil with a URL
}

// Dial connects. With a folder, the first process starts a server in itself, without
// an open port; others on the machine reach it over a socket in that folder, and
// whoever is left takes over when it ends.
func Dial(ctx context.Context, w Where) (*Bus, error) {
	b := &Bus{where: w}
	opts := []nats.Option{nats.Name("unleak"), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.Timeout(5 * time.Second), nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), nats.ReconnectBufSize(-1), nats.RetryOnFailedConnect(false)}
	address := w.URL
	for one := range strings.SplitSeq(address, ",") {
		if _, err := url.Parse(strings.TrimSpace(one)); err != nil {
			return nil, errors.New("--nats: the URL cannot be read") // the error would show a password
		}
	}
	if address == "" {
		dir, err := filepath.Abs(w.Folder)
		if err != nil {
			return nil, err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, fmt.Errorf("the campaigns' folder cannot be made: %w", err)
		}
		b.local = &local{dir: dir}
		opts = append(opts, nats.SetCustomDialer(b.local))
		address = "nats://127.0.0.1:4222" // never dialed: the dialer decides
	}
	if w.Credentials != "" {
		opts = append(opts, nats.UserCredentials(w.Credentials))
	}
	var err error
	for {
		if b.nc, err = nats.Connect(address, opts...); err == nil {
			break
		}
		if b.local == nil || ctx.Err() != nil || !errors.Is(err, errBusy) {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		where := "in " + w.Folder
		if w.URL != "" {
			where = "on the NATS server (--nats)"
		}
		return nil, errors.Join(fmt.Errorf("campaigns cannot be reached %s: %w", where, err), b.close())
	}
	if b.js, err = jetstream.New(b.nc, jetstream.WithDefaultTimeout(5*time.Second)); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// Close ends the connection, and the server if it is in this process.
func (b *Bus) Close() error { return b.close() }

func (b *Bus) close() error {
	if b.nc != nil {
		b.nc.Close()
	}
	if b.local != nil {
		return b.local.close()
	}
	return nil
}

// replicas is of how many copies everything is kept.
func (b *Bus) replicas() int {
	if b.where.Replicas > 0 {
		return b.where.Replicas
	}
	if b.local == nil && b.nc.ConnectedClusterName() != "" {
		return 3
	}
	return 1
}

// errBusy says that another process has the folder and is about to open its socket,
// or to end.
var errBusy = errors.New("another process is about to serve the folder, or to leave it")

// local dials the server of a folder, and starts it if no other process has.
type local struct {
	dir    string
	mu     sync.Mutex
	lock   *flock.Flock
	server *server.Server
	socket net.Listener
	closed bool
}

// Dial is what the client calls for every connection; the address means nothing.
func (l *local) Dial(string, string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, net.ErrClosed
	}
	if l.server != nil {
		return l.server.InProcessConn()
	}
	lock := flock.New(filepath.Join(l.dir, "lock"))
	ok, err := lock.TryLock()
	if err != nil {
		return nil, err
	}
	if !ok {
		_ = lock.Close() // not taken
		conn, err := net.DialTimeout("unix", l.socketPath(), 2*time.Second)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBusy, err)
		}
		return conn, nil
	}
	if err := l.start(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	l.lock = lock
	return l.server.InProcessConn()
}

// socketPath is in the folder, or, where the system takes no such long name, in the
// user's cache. It is not put beside temporary files, where others could be first.
func (l *local) socketPath() string {
	path := filepath.Join(l.dir, "socket")
	if len(path) < 100 {
		return path
	}
	sum := sha256.Sum256([]byte(l.dir))
	cache, err := os.UserCacheDir()
	if err != nil {
		return path // opening it says why it cannot be
	}
	return filepath.Join(cache, "unleak", hex.EncodeToString(sum[:8]))
}

func (l *local) start() error {
	s, err := server.NewServer(&server.Options{
		ServerName: "unleak", DontListen: true, JetStream: true, StoreDir: filepath.Join(l.dir, "store"), SyncAlways: true,
		NoLog: true, NoSigs: true, JetStreamMaxMemory: 64 << 20, MaxPayload: 1 << 20,
	})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return errors.New("the server of the campaigns did not start: is the folder's disk full or read-only?")
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		return fmt.Errorf("%s cannot be used to keep campaigns in: is it writable?", l.dir)
	}
	path := l.socketPath()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.Shutdown()
		return err
	}
	_ = os.Remove(path) // of a process that was killed
	socket, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		s.Shutdown()
		return err
	}
	l.server, l.socket = s, socket
	go serve(socket, s)
	return nil
}

// serve leads connections of other processes to the server.
func serve(socket net.Listener, s *server.Server) {
	for {
		conn, err := socket.Accept()
		if err != nil {
			return
		}
		inner, err := s.InProcessConn()
		if err != nil {
			_ = conn.Close() // the server ends
			continue
		}
		pipe := func(to, from net.Conn) {
			_, _ = io.Copy(to, from) // either end closes both
			_, _ = to.Close(), from.Close()
		}
		go pipe(inner, conn)
		go pipe(conn, inner)
	}
}

func (l *local) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.server == nil {
		return nil
	}
	err := l.socket.Close()
	l.server.Shutdown()
	l.server.WaitForShutdown()
	return errors.Join(err, l.lock.Close())
}
