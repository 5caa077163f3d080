package check

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestBisect(t *testing.T) {
	for _, c := range []struct {
		n    int
		bad  []int // each alone
		pair []int // only together
		want []int
	}{
		{1, []int{0}, nil, nil},
		{4, []int{2}, nil, []int{0, 1, 3}},
		{7, []int{0, 6}, nil, []int{1, 2, 3, 4, 5}},
		{5, nil, []int{1, 3}, []int{0, 1, 2, 4}},
		{3, []int{0, 1, 2}, nil, nil},
	} {
		asked := 0
		kept, err := Bisect(c.n, func(set []int) (bool, error) {
			asked++
			in := map[int]bool{}
			for _, i := range set {
				in[i] = true
			}
			for _, b := range c.bad {
				if in[b] {
					return false, nil
				}
			}
			return len(c.pair) == 0 || !(in[c.pair[0]] && in[c.pair[1]]), nil
		})
		if err != nil || !reflect.DeepEqual(kept, c.want) {
			t.Errorf("%+v: kept %v, %v", c, kept, err)
		}
		if asked > 3*c.n {
			t.Errorf("%+v: asked %d times", c, asked)
		}
	}
}

func TestRun(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "secret")
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "node_modules", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "a.ts"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	tree, err := Copy(ctx, root)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := tree.Remove(); err != nil {
			t.Error(err)
		}
	}()
	if err := tree.Put(map[string][]byte{"a.ts": []byte("new")}); err != nil {
		t.Fatal(err)
	}
	o, err := tree.Run(ctx, `cat a.ts; test -d node_modules/x && echo " linked"; echo "token: $GITHUB_TOKEN"; echo $CI`, time.Minute)
	if err != nil || !o.Passed || string(o.Output) != "new linked\ntoken: \ntrue\n" {
		t.Fatalf("%v %q %v", o.Passed, o.Output, err)
	}
	if old, _ := os.ReadFile(filepath.Join(root, "a.ts")); string(old) != "old" {
		t.Fatal("the project itself was changed")
	}
	for _, put := range []struct {
		data []byte
		want string
	}{{[]byte("made"), "made"}, {nil, ""}, {nil, ""}} {
		if err := tree.Put(map[string][]byte{"test/new/b.ts": put.data}); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(filepath.Join(tree.Dir, "test", "new", "b.ts")); string(got) != put.want {
			t.Errorf("the copy holds %q, want %q", got, put.want)
		}
	}
	if o, err := tree.Run(ctx, "exit 3", time.Minute); err != nil || o.Passed {
		t.Fatalf("%v %v", o, err)
	}
	if _, err := tree.Run(ctx, "sleep 30 & sleep 30", 100*time.Millisecond); err == nil || !strings.Contains(err.Error(), "took longer") {
		t.Fatalf("got %v", err)
	}
}
