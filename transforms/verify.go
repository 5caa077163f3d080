package transforms

import (
	"bytes"
	"context"
	"fmt"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// Bug is a fix that did not pass verification. It is never applied, and it is
// a bug of unleak, not of the code.
type Bug struct {
	Path    string
	Fix     *Fix
	Reason  string
	Before  []byte
	Mangled []byte // what would have been written
}

func (b *Bug) Error() string {
	return fmt.Sprintf("%s: a fix (%s) failed its proof and was dropped: %s; this is a bug of unleak", b.Path, b.Fix.Message, b.Reason)
}

// verify applies edits and reads the result back: it parses no worse than
// before, by two parsers; what was to be settled is; nothing new is owed. It
// returns the new file, or why not.
func (d *Detector) verify(ctx context.Context, f *syntax.File, before []*Obligation, edits []patch.Edit, settled []*Obligation) (*syntax.File, []byte, string) {
	src, err := patch.Apply(f.Src(), edits)
	if err != nil {
		return nil, nil, err.Error()
	}
	after, err := syntax.Parse(ctx, f.Path, src)
	if err != nil {
		return nil, src, err.Error()
	}
	if msg := leavesScripts(f, after, edits); msg != "" {
		return nil, src, msg
	}
	if after.Errors() > f.Errors() {
		return nil, src, "the result does not parse"
	}
	if msg := secondOpinion(f.Path, f.Src(), src); msg != "" {
		return nil, src, "the result does not parse for esbuild: " + msg
	}
	owed := map[string]bool{}
	for _, o := range before {
		// A one-shot or a listener of a class without an end is owed as soon as the class gets
		// one, and so is what another method releases: the next round looks at it.
		if o.Status == Unmet || (o.Kind.OneShot || o.Kind.Registers() || o.endless) && o.Owner.isInstance() {
			owed[o.Fingerprint()] = true
		}
	}
	// Settled by one form, a debt can be somebody else's by the very next question:
	// by a teardown, whether the field is filled twice, or emptied before, or whether the test
	// before another release takes it for nothing; by a call that does not lose
	// it any more, whether the instance that keeps it has an end for it.
	released, passed := map[string]bool{}, map[string]bool{}
	for _, o := range settled {
		delete(owed, o.Fingerprint())
		released[o.Fingerprint()] = o.Way != Overwritten
		passed[o.Fingerprint()] = o.Owner.Form == OwnerBlock
	}
	for _, o := range d.Detect(ctx, after) {
		if o.Status != Unmet || owed[o.Fingerprint()] {
			continue
		}
		again := (o.Form == formRearm{} || o.Form == formEmptied{} || o.Form == formCompare{}) && (released[o.Fingerprint()] || o.Standing == Offer)
		if kept := o.kept != nil && o.Owner.isInstance() && passed[o.Fingerprint()]; !again && !kept {
			line, _ := after.Position(o.At.Start())
			return nil, src, fmt.Sprintf("the result still owes, or owes anew, in line %d: %s", line, o.Message)
		}
	}
	return after, src, ""
}

// leavesScripts says which edit of a component file is none of one of its scripts, or
// that it has other scripts afterwards; "" for neither.
func leavesScripts(f, after *syntax.File, edits []patch.Edit) string {
	if !f.Component() {
		return ""
	}
	for _, e := range edits {
		if _, in := f.BlockAt(e.Start, e.End); !in {
			line, _ := f.Position(e.Start)
			return fmt.Sprintf("line %d is in no script", line)
		}
	}
	if !bytes.Equal(outside(f), outside(after)) {
		return "the scripts end elsewhere"
	}
	return ""
}

// outside is the text of a component file without its scripts.
func outside(f *syntax.File) []byte {
	var out []byte
	at := 0
	for _, b := range f.Blocks() {
		out = append(append(out, f.Src()[at:b.Start]...), 0)
		at = b.End
	}
	return append(out, f.Src()[at:]...)
}

// secondOpinion asks an independent parser about both texts and returns its
// first complaint about the new one, if it has more than about the old.
func secondOpinion(path string, old, new []byte) string {
	now := esbuildErrors(path, new)
	if len(now) == 0 || len(now) <= len(esbuildErrors(path, old)) {
		return ""
	}
	return now[0].Text
}

func esbuildErrors(path string, src []byte) []api.Message {
	code, ext := syntax.Scripts(path, src)
	loader := map[string]api.Loader{
		".ts": api.LoaderTS, ".mts": api.LoaderTS, ".cts": api.LoaderTS, ".tsx": api.LoaderTSX,
	}[ext]
	if loader == api.LoaderNone {
		loader = api.LoaderJSX
	}
	result := api.Transform(string(code), api.TransformOptions{
		Loader: loader, LogLevel: api.LogLevelSilent, JSX: api.JSXPreserve,
		TsconfigRaw: `{"compilerOptions":{"experimentalDecorators":true}}`,
	})
	return result.Errors
}
