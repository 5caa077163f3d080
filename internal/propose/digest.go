package propose

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"

	"github.com/unleak-dev/unleak/patch"
)

// setDigest is the fingerprint of a set of findings, in whatever order.
func setDigest(fingerprints []string) string {
	h := sha256.New()
	for _, f := range slices.Compact(slices.Sorted(slices.Values(fingerprints))) {
		fmt.Fprintf(h, "%s\n", f)
	}
	return sum(h)
}

// patchDigest is a digest of what changes, with the lines around it and without
// their numbers: what goes on elsewhere in a file does not change it.
func patchDigest(changes []patch.Change) string {
	h := sha256.New()
	for _, c := range changes {
		fmt.Fprintf(h, "file %q\n", c.Path)
		for _, hunk := range c.Hunks(3) {
			fmt.Fprintf(h, "hunk %d\n", len(hunk.Lines))
			for _, l := range hunk.Lines {
				fmt.Fprintf(h, "%c%q\n", l.Op, l.Text)
			}
		}
	}
	return sum(h)
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }
