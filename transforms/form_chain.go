package transforms

import (
	"fmt"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// formChain releases in a chain of promises: behind the work with a handle that
// nothing releases, or where work fails that only releases it when it succeeds.
type formChain struct{}

func (formChain) Name() string { return "chain" }

func (formChain) fix(s *scan, p *Plan) (*Fix, *Refusal) {
	o := p.Obligations[0]
	name := o.Handle.Symbol.Name
	release, no := s.writeRelease(o, name)
	if no != nil {
		return nil, no
	}
	fix := &Fix{Plan: p, Message: fmt.Sprintf("Release the %s on every way out", o.Kind.Noun)}
	chains, ok := o.gist.([]syntax.Node)
	if !ok {
		return s.finallyBehind(o, fix, release)
	}
	for _, then := range chains {
		args := then.Field("arguments")
		if !then.Within(scopeAround(o.Handle.Symbol, o.Call.Function())) {
			return nil, refuse(TooEntangled, "%s cannot be seen where its work fails", name)
		}
		failure := fmt.Sprintf(", (err) => { %s; throw err; }", release)
		if o.Kind.Fails == Rejects {
			failure = fmt.Sprintf(", async (err) => { await %s; throw err; }", release)
		}
		at := args.Child(0).End()
		fix.Edits = append(fix.Edits, patch.Edit{Start: at, End: at, New: failure})
	}
	if o.Kind.Fails != Never {
		fix.Notes = append(fix.Notes, Note{Safe, fmt.Sprintf("where both fail, the error of the release is thrown, not that of the work with the %s", o.Kind.Noun)})
	}
	return fix, nil
}

// finallyBehind puts the release behind the one call that works with the handle:
//
//	(file) => file.read().finally(() => file.close())
func (s *scan) finallyBehind(o *Obligation, fix *Fix, release string) (*Fix, *Refusal) {
	fn := o.Handle.Symbol.Decl.Function()
	if !fn.OK() || !fn.IsFunction() {
		fn = o.Owner.Node
	}
	body := fn.Field("body").Inner(false)
	work := body
	for work.Is("call_expression") && receiver(work).Is("call_expression") {
		work = receiver(work)
	}
	method := work.Field("function").Field("property").Text()
	if fn.IsAsync() || !body.Is("call_expression") || receiver(work).Symbol() != o.Handle.Symbol || !readers[method] && !does[method] {
		return nil, refuse(TooEntangled, "what is done with the %s cannot be told from what outlives it", o.Kind.Noun)
	}
	fix.Edits = append(fix.Edits, patch.Edit{Start: body.End(), End: body.End(), New: ".finally(() => " + release + ")"})
	fix.Notes = append(fix.Notes, Note{Unsafe, fmt.Sprintf("is what %s() returned done with the %s once it is settled?", method, o.Kind.Noun)})
	return fix, nil
}

// does are methods that give a promise which is settled when they are done.
var does = map[string]bool{
	"read": true, "readFile": true, "write": true, "writeFile": true, "appendFile": true, "truncate": true, "sync": true,
}
