package transforms

import (
	"strings"
	"testing"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/patch"
)

// TestLeavesScripts: what would change a component file outside of its scripts, or where
// those end, fails its proof.
func TestLeavesScripts(t *testing.T) {
	const text = "<template>\n</template>\n<script>\nlet a = 1\n</script>\n"
	f, err := syntax.Parse(t.Context(), "a.vue", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	p, err := project.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := NewDetector(p, nil, false)
	for _, tt := range []struct{ at, insert, want string }{
		{"let a", "let b\n", ""},
		{"let a", "'</script>'\n", "the scripts end elsewhere"},
		{"</template>", "<b/>", "line 2 is in no script"},
		{"<script>", "let b", "line 3 is in no script"},
		{"let a", "let let\n", "the result does not parse"},
	} {
		at := strings.Index(text, tt.at)
		_, _, why := d.verify(t.Context(), f, nil, []patch.Edit{{Start: at, End: at, New: tt.insert}}, nil)
		if why != tt.want && !(tt.want != "" && strings.HasPrefix(why, tt.want)) {
			t.Errorf("%q before %q: %q, want %q", tt.insert, tt.at, why, tt.want)
		}
	}
}

// TestVueRelease: which release of Vue a package is written for.
func TestVueRelease(t *testing.T) {
	for _, tt := range []struct {
		dependencies map[string]string
		release      int
	}{
		{map[string]string{"vue": "^2.6.10"}, 2},
		{map[string]string{"vue": "2"}, 2},
		{map[string]string{"vue": "^3.4.0"}, 3},
		{map[string]string{"vue": "npm:@vue/compat@^3.1.0", "@vue/compat": "^3.1.0"}, 0},
		{map[string]string{"vue": "^2.6.0 || ^3.0.0"}, 0},
		{map[string]string{"vue": ">=2.6"}, 0},
		{map[string]string{"vue": "catalog:", "vue-router": "^4.2.0"}, 3},
		{map[string]string{"nuxt": "2.15.8"}, 2},
		{map[string]string{"element-ui": "2.15.0"}, 2},
		{map[string]string{"element-plus": "workspace:*"}, 3},
		{map[string]string{"react": "^19.0.0"}, 0},
	} {
		if got, _ := releaseBy(tt.dependencies); got != tt.release {
			t.Errorf("%v: %d, want %d", tt.dependencies, got, tt.release)
		}
	}
}
