// Package lsp serves what the program finds to editors, by the Language Server
// Protocol: what leaks in the documents that are open, why, and the fixes as edits.
// It writes no file, ever; the editor does.
//
// The library calls what answers requests at once and all together, and what takes
// notifications one after the other. So notifications change the documents and
// return; the work is done by one goroutine that looks at what changed, a while
// after the last change, and by requests that wait for the answer.
package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/creachadair/jrpc2"

	"github.com/unleak-dev/unleak/internal/baseline"
	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/settings"
	"github.com/unleak-dev/unleak/transforms"
)

// Setup is what a project has chosen.
type Setup struct {
	Settings *settings.Settings
	Baseline *baseline.Baseline // nil: none
	// Detector prepares the kinds that are on.
	Detector func(*project.Project) *transforms.Detector
}

// Config is what the server is told about the program around it.
type Config struct {
	Version string
	Setup   func(root string) (*Setup, error) // reads the settings in a folder
	Delay   time.Duration                     // how long after the last change documents are looked at
	Parent  time.Duration                     // how often to ask whether the parent process is alive
}

// The codes of errors that the protocol adds to those of JSON-RPC.
const (
	notInitialized   jrpc2.Code = -32002
	requestCancelled jrpc2.Code = -32800
)

// Server serves one client.
type Server struct {
	config Config
	rpc    *jrpc2.Server
	ctx    context.Context // of everything; its end is that of the server
	ended  chan error      // what ends it

	mu          sync.Mutex
	initialized bool
	closing     bool // the client has asked for the shutdown
	client      capabilities
	units       encoding
	folders     []string                      // native paths
	calls       map[string]context.CancelFunc // by ID: what requests are being answered
	documents   map[string]*document          // by URI
	roots       map[string]*root              // by native path
	pending     []string                      // URIs of documents that are to be looked at
	cancel      context.CancelFunc            // ends what the background is doing; nil: it is idle
	timer       *time.Timer

	background sync.Mutex // one refresh at a time
	sending    sync.Mutex // diagnostics are sent one after the other
}

// errExit ends the server with a status: 0 if the client had asked for the shutdown.
var errExit = errors.New("the client says exit")

// Serve reads requests until the client says exit, the stream ends, the parent
// process is gone, or ctx is cancelled. orderly tells whether the client had asked
// for the shutdown before. The error is that of a stream that makes no sense, or of
// ctx.
func Serve(ctx context.Context, in io.ReadCloser, out io.Writer, config Config) (orderly bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &Server{
		config: config, ctx: ctx, ended: make(chan error, 8), units: utf16Units,
		calls: map[string]context.CancelFunc{}, documents: map[string]*document{}, roots: map[string]*root{},
	}
	s.timer = time.AfterFunc(time.Hour, s.refresh)
	defer s.timer.Stop()
	s.rpc = jrpc2.NewServer(s, &jrpc2.ServerOptions{
		AllowPush: true, DisableBuiltin: true,
		// Requests wait for their turn with the analysis; none may keep a
		// notification, least of all a cancellation, waiting.
		Concurrency: 1 << 20,
		NewContext:  func() context.Context { return ctx },
	})
	s.rpc.Start(newFrames(in, out, in.Close))
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		s.end(s.rpc.WaitStatus().Err)
	}()
	select {
	case err = <-s.ended:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	cancel()
	// What reads must end first: stopped while it hands a message on, the library
	// panics. A stream that cannot be interrupted is not waited for for long.
	_ = in.Close()
	select {
	case <-gone:
	case <-time.After(100 * time.Millisecond):
	}
	s.rpc.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(err, errExit) {
		err = nil
	}
	return s.closing, err
}

// end is called by what ends the server; the first counts.
func (s *Server) end(err error) {
	select {
	case s.ended <- err:
	default:
	}
}

// Assign implements jrpc2.Assigner: it is called for one message after the other,
// in the order in which they came.
func (s *Server) Assign(ctx context.Context, method string) jrpc2.Handler {
	notification := jrpc2.InboundRequest(ctx).IsNotification()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case method == "exit":
		return func(context.Context, *jrpc2.Request) (any, error) {
			s.end(errExit)
			return nil, nil
		}
	case notification && (!s.initialized || s.closing):
		return nil
	case s.closing:
		return refuse(jrpc2.InvalidRequest, "the server is shutting down")
	case method == "initialize":
		return handle(s.initialize)
	case !s.initialized:
		return refuse(notInitialized, "want initialize first")
	case method == "shutdown":
		s.closing = true
		return func(context.Context, *jrpc2.Request) (any, error) { return nil, nil }
	}
	h := s.methods()[method]
	if h == nil || notification {
		return h
	}
	return s.cancellable(jrpc2.InboundRequest(ctx).ID(), h)
}

// cancellable lets a request be cancelled by its ID. The library could, too, and
// would then answer with an error that is none of the protocol's.
func (s *Server) cancellable(id string, h jrpc2.Handler) jrpc2.Handler {
	called, cancel := context.WithCancel(s.ctx)
	s.calls[id] = cancel
	return func(_ context.Context, req *jrpc2.Request) (any, error) {
		defer func() {
			cancel()
			s.mu.Lock()
			delete(s.calls, id)
			s.mu.Unlock()
		}()
		return h(called, req)
	}
}

func (s *Server) methods() map[string]jrpc2.Handler {
	return map[string]jrpc2.Handler{
		"initialized":                         s.onInitialized,
		"$/cancelRequest":                     s.onCancel,
		"textDocument/didOpen":                notify(s, s.didOpen),
		"textDocument/didChange":              s.onChange,
		"textDocument/didClose":               notify(s, s.didClose),
		"workspace/didChangeWorkspaceFolders": notify(s, s.didChangeFolders),
		"workspace/didChangeWatchedFiles":     notify(s, s.didChangeWatched),
		"textDocument/hover":                  handle(s.hover),
		"textDocument/codeAction":             handle(s.codeActions),
		"codeAction/resolve":                  handle(s.resolve),
		"textDocument/diagnostic":             handle(s.pull),
	}
}

func refuse(code jrpc2.Code, text string) jrpc2.Handler {
	return func(context.Context, *jrpc2.Request) (any, error) {
		return nil, &jrpc2.Error{Code: code, Message: text}
	}
}

// decode reads the parameters of a request.
func decode(req *jrpc2.Request, into any) error {
	if !req.HasParams() {
		return nil
	}
	if err := json.Unmarshal([]byte(req.ParamString()), into); err != nil {
		return &jrpc2.Error{Code: jrpc2.InvalidParams, Message: err.Error()}
	}
	return nil
}

// handle makes a handler of what answers a request. A request that was cancelled is
// answered by an error, as the protocol wants it.
func handle[P any](f func(context.Context, *P) (any, error)) jrpc2.Handler {
	return func(ctx context.Context, req *jrpc2.Request) (result any, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("%s: this is a bug of unleak, please report it: %v", req.Method(), r)
			}
			if ctx.Err() != nil {
				result, err = nil, &jrpc2.Error{Code: requestCancelled, Message: "the request was cancelled"}
			}
		}()
		p := new(P)
		if err := decode(req, p); err != nil {
			return nil, err
		}
		return f(ctx, p)
	}
}

// notify makes a handler of what takes a notification. There is no answer, so what
// is wrong with one is told in the editor's log.
func notify[P any](s *Server, f func(*P)) jrpc2.Handler {
	return func(_ context.Context, req *jrpc2.Request) (any, error) {
		p := new(P)
		if err := decode(req, p); err != nil {
			s.log("%s: %s", req.Method(), err)
			return nil, nil
		}
		f(p)
		return nil, nil
	}
}

// onCancel takes an ID as it came: a number, or a text with its quotes.
func (s *Server) onCancel(_ context.Context, req *jrpc2.Request) (any, error) {
	var p struct {
		ID json.RawMessage `json:"id"`
	}
	if err := decode(req, &p); err != nil {
		s.log("%s: %s", req.Method(), err)
		return nil, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.calls[string(p.ID)]; cancel != nil {
		cancel()
	}
	return nil, nil
}

// log writes a line into the editor's log.
func (s *Server) log(format string, args ...any) { s.say("window/logMessage", 2, format, args...) }

// complain shows a line to the person.
func (s *Server) complain(format string, args ...any) {
	s.say("window/showMessage", 1, format, args...)
}

func (s *Server) say(method string, severity int, format string, args ...any) {
	// The client may be gone, which the reader of requests notices, too.
	_ = s.rpc.Notify(s.ctx, method, map[string]any{"type": severity, "message": "unleak: " + fmt.Sprintf(format, args...)})
}
