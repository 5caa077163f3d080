package report

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"github.com/unleak-dev/unleak/patch"
)

var update = flag.Bool("update", false, "write the goldens anew")

// columnsOf is a change with all that makes columns hard: tabs, wide characters, ones
// that are combined, long lines, what cannot be seen, no line end at the end.
func columnsOf() []patch.Change {
	old := "export class 港 {\n" +
		"\tprivate name = '港湾の潮位計が何も言わない時に使う名前です、とても長い名前';\n" +
		"\tstart() {\n" +
		"\t\tsetInterval(() => this.tell('\x1b[31m\u202eevery so often, and in a sentence that is longer than most columns are'), 1000);\n" +
		"\t}\n" +
		"\n" +
		"\tstop() {\n" +
		"\t\tthis.cafe\u0301 = '👩\u200d🚀 👍🏽'; // tab\there\n" +
		"\t}\n" +
		"}"
	mended := strings.NewReplacer(
		"\t\tsetInterval(", "\t\tthis.timer = setInterval(",
		"\tstop() {\n", "\tstop() {\n\t\tclearInterval(this.timer);\n",
		"👍🏽", "👍",
	).Replace(old)
	return []patch.Change{
		{Path: "src/潮位.ts", Old: []byte(old), New: []byte(mended)},
		{Path: "src/made.leaks.test.ts", New: []byte("it('ends', () => {});\n")},
	}
}

func TestSideBySide(t *testing.T) {
	for _, width := range []int{60, 100, 160} {
		var plain, coloured bytes.Buffer
		if err := SideBySide(&plain, columnsOf(), width, Paint{}); err != nil {
			t.Fatal(err)
		}
		if err := SideBySide(&coloured, columnsOf(), width, Paint{On: true}); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", fmt.Sprintf("side-by-side-%d.txt", width))
		if *update {
			if err := os.WriteFile(golden, plain.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if plain.String() != string(want) {
			t.Errorf("at %d (-update writes it anew):\n%s", width, plain.String())
		}
		middle := (width - 3) / 2
		for line := range strings.Lines(plain.String()) {
			line = strings.TrimSuffix(line, "\n")
			if w := ansi.StringWidth(line); w > width {
				t.Errorf("at %d: %d columns: %s", width, w, line)
			}
			if strings.ContainsAny(line, "\x1b\t\u202e") {
				t.Errorf("as it is in the file: %q", line)
			}
			if before, _, ok := strings.Cut(line, " │"); ok && ansi.StringWidth(before) != middle {
				t.Errorf("at %d: the middle is at %d: %s", width, ansi.StringWidth(before), line)
			}
		}
		var stripped strings.Builder // colours are all that is different
		for line := range strings.Lines(ansi.Strip(coloured.String())) {
			stripped.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		if stripped.String() != plain.String() {
			t.Errorf("at %d: with colours the text is another one", width)
		}
	}
}

// TestNarrow: a terminal that is too narrow for anything ends nothing.
func TestNarrow(t *testing.T) {
	for width := range 40 {
		var b bytes.Buffer
		if err := SideBySide(&b, columnsOf(), width, Paint{}); err != nil || !strings.Contains(b.String(), "│") {
			t.Errorf("at %d: %v", width, err)
		}
	}
}
