package bot

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// Server answers GitHub on one address, and whoever runs it on another.
type Server struct {
	Hook        *Hook
	Workers     *Workers
	Listen      net.Listener // for GitHub: the webhook, and whether it is alive and ready
	Admin       net.Listener // the same, and metrics; nil: none
	Connections int          // at a time, on each
	Every       time.Duration
	Timeouts    Timeouts
	Log         *slog.Logger

	ending atomic.Bool
}

// Timeouts cut off who is slow.
type Timeouts struct {
	Header, Read, Write, Idle time.Duration
	Shutdown                  time.Duration // that requests under way are given when it ends
}

// UsualTimeouts are enough for GitHub, which gives up after ten seconds itself.
var UsualTimeouts = Timeouts{Header: 5 * time.Second, Read: 10 * time.Second, Write: 15 * time.Second, Idle: time.Minute, Shutdown: 10 * time.Second}

// Run serves until the context ends: then nothing more is accepted, requests under
// way are answered, and work under way is ended or left to the queue.
func (s *Server) Run(ctx context.Context) error {
	public := http.NewServeMux()
	public.Handle("/webhook", s.Hook)
	s.health(public)
	private := http.NewServeMux()
	private.Handle("GET /metrics", s.Hook.Metrics.Handler())
	s.health(private)
	failed := make(chan error, 2)
	var servers []*http.Server
	serve := func(l net.Listener, h http.Handler) {
		server := s.server(h)
		servers = append(servers, server)
		go func() {
			if err := server.Serve(netutil.LimitListener(l, s.Connections)); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		}()
	}
	serve(s.Listen, public)
	if s.Admin != nil {
		serve(s.Admin, private)
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		s.Workers.Run(working)
	}()
	if s.Every > 0 {
		go s.schedule(working)
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.ending.Store(true)
	s.Log.Info("it ends: nothing more is accepted")
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Timeouts.Shutdown)
	defer cancel()
	stop()
	if e := servers[0].Shutdown(late); e != nil {
		err = errors.Join(err, servers[0].Close())
	}
	<-worked
	for _, other := range servers[1:] { // it tells how the end goes on
		err = errors.Join(err, other.Close())
	}
	waiting, _ := s.Hook.Queue.Count()
	s.Log.Info("it has ended", "waiting", waiting)
	return err
}

func (s *Server) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: s.Timeouts.Header, ReadTimeout: s.Timeouts.Read, WriteTimeout: s.Timeouts.Write, IdleTimeout: s.Timeouts.Idle,
		MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
}

// health says whether the process is alive, and whether it takes events.
func (s *Server) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if s.ending.Load() {
			http.Error(w, "it ends", http.StatusServiceUnavailable)
			return
		}
		if _, err := s.Hook.Queue.Note(swept); err != nil {
			http.Error(w, "the queue cannot be read", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
}

// swept is the note of when all repositories were to be reconciled last.
const swept = "swept"

// schedule wants all repositories reconciled in time, also if the process ended
// meanwhile.
func (s *Server) schedule(ctx context.Context) {
	for {
		var last time.Time
		note, err := s.Hook.Queue.Note(swept)
		if err == nil && len(note) > 0 {
			err = last.UnmarshalText(note)
		}
		if err != nil {
			s.Log.Error("when the last sweep was cannot be read", "error", err.Error())
		}
		if sleep(ctx, max(0, time.Until(last.Add(s.Every)))) != nil {
			return
		}
		now, err := time.Now().UTC().MarshalText()
		if err == nil {
			err = errors.Join(s.Hook.Queue.Put(Work{What: Sweep}.item()), s.Hook.Queue.SetNote(swept, now))
		}
		if err != nil {
			s.Log.Error("a sweep cannot be kept", "error", err.Error())
			if sleep(ctx, time.Minute) != nil {
				return
			}
		}
	}
}
