package lsp

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestComponent: in a component file positions are those of the whole file, in the units
// that were agreed on, and a fix is an edit of its script.
func TestComponent(t *testing.T) {
	for name, text := range map[string]string{
		"a.vue":    "\ufeff<template>\r\n  <b>{{ '🚢</template>' }}</b>\r\n</template>\r\n<i>🚢</i><script lang=\"ts\">" + strings.ReplaceAll(leak, "\n", "\r\n") + "</script>\r\n",
		"a.svelte": "{#if a}<script>" + leak + "</script>{/if}\n\n\n<b c={a > b}>🚢</b><script context='module'>" + leak + "</script>",
	} {
		s := serve(t, Config{})
		dir := t.TempDir()
		s.start(dir)
		uri := uriOf(filepath.Join(dir, name))
		s.open(uri, text)
		got := s.until(uri, 1)
		if len(got) != 1 {
			t.Fatalf("%s: %+v", name, got)
		}
		line := strings.Count(text[:strings.LastIndex(text, "setInterval")], "\n")
		if at := got[0].Range; int(at.Start.Line) != line || at.Start.Character != 4 || int(at.End.Line) != line || at.End.Character != 28 {
			t.Errorf("%s: it is shown at %+v, want line %d", name, at, line)
		}
		edited := string(s.call("textDocument/codeAction", map[string]any{
			"textDocument": map[string]any{"uri": uri}, "range": got[0].Range, "context": map[string]any{"diagnostics": []any{}},
		}))
		if !strings.Contains(edited, "intervals = new Set") {
			t.Errorf("%s: the actions are %s", name, edited)
		}
		s.call("shutdown", nil)
	}
}
