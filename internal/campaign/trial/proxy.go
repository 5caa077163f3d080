package main

import (
	"io"
	"net"
	"sync"
	"time"
)

// proxy stands between workers and a server, so that the network can be cut.
type proxy struct {
	listener net.Listener
	to       string

	mu     sync.Mutex
	conns  map[net.Conn]bool
	silent bool      // bytes get lost on the way
	until  time.Time // nobody gets through before
}

func newProxy(to string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, to: to, conns: map[net.Conn]bool{}}
	go p.serve()
	return p, nil
}

func (p *proxy) url() string { return "nats://" + p.listener.Addr().String() }

func (p *proxy) serve() {
	for {
		in, err := p.listener.Accept()
		if err != nil {
			return
		}
		out, err := net.DialTimeout("tcp", p.to, time.Second)
		if err != nil || !p.open(in, out) {
			_ = in.Close()
			if out != nil {
				_ = out.Close()
			}
			continue
		}
		go p.copy(in, out)
		go p.copy(out, in)
	}
}

// open takes a pair of connections in, unless the network is cut.
func (p *proxy) open(in, out net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.until) && !p.silent {
		return false
	}
	p.conns[in], p.conns[out] = true, true
	return true
}

// copy copies one way, and swallows what comes while the network is silent.
func (p *proxy) copy(to, from net.Conn) {
	defer func() {
		_, _ = to.Close(), from.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, to)
		delete(p.conns, from)
	}()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		swallow := p.silent && time.Now().Before(p.until)
		p.mu.Unlock()
		if swallow {
			// A connection that lost bytes is of no use any more: it ends with the cut.
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// cut cuts the network for a while: connections end, or, silently, hang.
func (p *proxy) cut(d time.Duration, silent bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until, p.silent = time.Now().Add(d), silent
	if !silent {
		for c := range p.conns {
			_ = c.Close()
		}
		return
	}
	time.AfterFunc(d, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for c := range p.conns {
			_ = c.Close()
		}
	})
}

func (p *proxy) close() {
	_ = p.listener.Close()
	p.cut(time.Hour, false)
}
