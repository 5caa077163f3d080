package github

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/unleak-dev/unleak/vcs/forge"
)

func TestHunks(t *testing.T) {
	for diff, want := range map[string][]Lines{
		"@@ -1,3 +1,4 @@ func x() {\n a\n+b\n c\n d\n@@ -20 +22,2 @@\n+@@ -7 +8 @@\n-x\n@@ -30,2 +33 @@\n": {{1, 4}, {22, 23}, {33, 33}},
		"@@ -1,3 +0,0 @@\n-a\n":          nil,
		"@@ -0,0 +1 @@\n+a\n":            {{1, 1}},
		"":                               nil,
		"@@ -a +b @@\n@@ -1\n@@ -1 +2\n": nil,
	} {
		if got := hunks(diff); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %v, want %v", diff, got, want)
		}
	}
}

// TestToldApart: an error whose text was redacted can be told apart by whoever decides
// what comes of it, and gives away no more than its text.
func TestToldApart(t *testing.T) {
	r := &redactor{}
	r.add("a secret of some length")
	err := r.err(fmt.Errorf("doing: %w", &forge.UnableError{Reason: "with a secret of some length it cannot be"}))
	unable, ok := errors.AsType[*forge.UnableError](err)
	if !ok || strings.Contains(unable.Reason, "secret") || !strings.Contains(unable.Reason, "it cannot be") {
		t.Errorf("%v, %+v", ok, unable)
	}
	if limit, ok := errors.AsType[*LimitError](r.err(&LimitError{Wait: time.Hour, Why: "a secret of some length"})); !ok || limit.Wait != time.Hour || strings.Contains(limit.Why, "secret") {
		t.Errorf("%v, %+v", ok, limit)
	}
	if errors.As(err, new(*statusError)) || errors.As(err, new(*LimitError)) {
		t.Error("it is what it is not")
	}
	for _, e := range []error{&statusError{404, ""}, fmt.Errorf("x: %w", &noTokenError{&statusError{422, ""}}), &noTokenError{&statusError{404, ""}}} {
		if !errors.Is(r.err(e), ErrGone) {
			t.Errorf("%v is not gone", e)
		}
	}
	if errors.Is(r.err(&statusError{422, ""}), ErrGone) || errors.Is(r.err(&noTokenError{&statusError{500, ""}}), ErrGone) {
		t.Error("too much is gone")
	}
}
