package transforms

import (
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// derived refuses to release at the end of a call what something that outlives
// the call was made from: a page, a stream, a cursor, a service of a scope.
// Data that was read from the handle and awaited is no such thing.
func (s *scan) derived(o *Obligation, home syntax.Node) *Refusal {
	for _, ref := range o.Handle.Symbol.Refs {
		m := ref.Outer().Parent()
		call := m.Parent()
		if !m.Is("member_expression") || !call.Is("call_expression") || call.Field("function") != m {
			continue
		}
		name := m.Field("property").Text()
		if s.isReleaseName(o.Kind, name) || chainable[name] && registersLocal(call) {
			continue
		}
		if !s.livesOn(call, name) {
			continue
		}
		probe := &Obligation{Kind: o.Kind, Acquire: o.Acquire, File: o.File, Call: call, Bindings: syntax.Bindings{}}
		h, elsewhere := s.sink(Handle{}, widen(call))
		escapes := elsewhere != "" && !strings.HasPrefix(elsewhere, "part of")
		if h.Place == InField || h.Place == InSet {
			escapes = true
		}
		if h.Place == InVariable {
			probe.Handle = h
			for _, u := range s.usesOf(probe, h.Symbol, 3) {
				for _, l := range s.lift(u, home, 3) {
					if l.effect == moved && !strings.HasPrefix(l.text, "handed to") {
						escapes = true
					}
				}
			}
		}
		if escapes {
			line, _ := s.f.Position(call.Start())
			return refuse(DerivedEscapes, "what line %d makes of %s outlives the call", line, o.Handle.Symbol.Name)
		}
	}
	return nil
}

// registersLocal: x.on(..) as a statement makes nothing.
func registersLocal(call syntax.Node) bool { return call.Outer().Parent().Is("expression_statement") }

var makers = []string{"new", "create", "open", "connect", "start", "resolve", "acquire", "begin", "launch", "spawn", "fork", "child", "watch", "subscribe", "get"}

// livesOn reports whether the result of a method call may be alive: another
// kind's acquisition, something that was not awaited, or by a maker's name.
func (s *scan) livesOn(call syntax.Node, name string) bool {
	for _, c := range s.candidates(call) {
		if s.match(c, call) != nil {
			return true
		}
	}
	lower := strings.ToLower(name)
	for _, part := range []string{"stream", "cursor", "iterator", "session", "channel", "page", "context"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	for _, m := range makers {
		rest, ok := strings.CutPrefix(name, m)
		if ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') && m != "get" {
			return true
		}
	}
	return false
}
