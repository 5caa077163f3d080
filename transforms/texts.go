package transforms

import (
	"context"

	"github.com/unleak-dev/unleak/patch"
)

// Text is what a file holds once some more fixes are made.
type Text struct {
	Fixes []*Fix // one; several where only all of them together are right
	New   []byte
}

// Texts takes what Mend did apart: the texts between Old and New, one for each fix,
// each of them the one before with that fix's edits and nothing else. The last is
// New. Each is verified as New was; where one is not right, its fix is made together
// with the next. The error is that of a cancelled ctx,
// or of edits that are not those of m.
func (d *Detector) Texts(ctx context.Context, m *Mended) ([]Text, error) {
	var out []Text
	for _, r := range m.rounds {
		var edits []patch.Edit
		var settled []*Obligation
		var fixes []*Fix
		for i, fix := range r.fixes {
			fixes = append(fixes, fix)
			if i == len(r.fixes)-1 {
				out = append(out, Text{fixes, r.after})
				break
			}
			var err error
			if edits, err = patch.Merge(edits, fix.Edits); err != nil {
				return nil, err
			}
			settled = append(settled, fix.Plan.Obligations...)
			text, err := d.textWith(ctx, r, edits, settled)
			if err != nil {
				return nil, err
			}
			if text != nil {
				out, fixes = append(out, Text{fixes, text}), nil
			}
		}
	}
	return out, nil
}

// textWith is the text of a round with some of its fixes; nil if it is not right.
func (d *Detector) textWith(ctx context.Context, r madeRound, edits []patch.Edit, settled []*Obligation) ([]byte, error) {
	after, _, why := d.verify(ctx, r.file, r.found, edits, settled)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if why != "" {
		return nil, nil
	}
	return after.Src(), nil
}
