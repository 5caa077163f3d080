package syntax

import (
	"context"
	"strings"
	"testing"
)

// What of a component file is code: ⟨ and ⟩ stand around each script that is read.
func TestScripts(t *testing.T) {
	tests := []struct{ name, path, text, ext string }{
		{"plain", "a.vue", "<template><b>x</b></template>\n<script>⟨\nlet a = 1\n⟩</script>\n<style>b { }</style>\n", ".js"},
		{"typescript", "a.vue", "<script lang=\"ts\">⟨let a: A = <B>b⟩</script>", ".ts"},
		{"attributes in any order", "a.vue", "<script setup\n  generic=\"T extends Array<X>\" lang='ts'\n>⟨let a: A⟩</script>", ".ts"},
		{"tsx", "a.vue", "<script lang=tsx>⟨let a: A = <b/>⟩</script>", ".tsx"},
		{"jsx", "a.vue", "<script lang=\"jsx\">⟨let a = <b/>⟩</script>", ".jsx"},
		{"both blocks", "a.vue", "<script>⟨export default {}\n⟩</script>\n<script setup>⟨\n(a)()⟩</script>", ".js"},
		{"elsewhere", "a.vue", "<script src=\"./a.js\">let a = 1</script>", ".js"},
		{"another language", "a.vue", "<script lang=\"coffee\">a = -> 1</script>", ".js"},
		{"in a comment", "a.vue", "<!-- <script>let a = 1</script> -->\n<script>⟨let b⟩</script>", ".js"},
		{"in a template", "a.vue", "<template><div><template #a><component is=\"script\"><script>a</script></component></template></div><script>b</script></template><script>⟨c⟩</script>", ".js"},
		{"after a self-closing template", "a.vue", "<template><template #a /><i/></template><script>⟨c⟩</script>", ".js"},
		{"an arrow in a value", "a.vue", "<template><b @click=\"x => y > 1 && '<script>'\"/></template><script>⟨c⟩</script>", ".js"},
		{"an interpolation", "a.vue", "<template>{{ a <b && '</template>' }}</template><script>⟨c⟩</script>", ".js"},
		{"pug", "a.vue", "<template lang=\"pug\">\ndiv <template>\n</template>\n<script>⟨c⟩</script>", ".js"},
		{"a block of its own", "a.vue", "<docs>\n<script>no</script>\n</docs><i18n>{\"a\": \"<script>\"}</i18n><script>⟨c⟩</script>", ".js"},
		{"the end in a string", "a.vue", "<script>⟨let a = '⟩</script>'</script>", ".js"},
		{"no end in a string", "a.vue", "<script>⟨let a = '</scripts>', b = '<\\/script>'⟩</SCRIPT\n>", ".js"},
		{"never closed", "a.vue", "<script>let a", ".js"},
		{"a mark and CRLF", "a.vue", "\ufeff<template>ä</template>\r\n<script>⟨\r\nlet a = 'ö'\r\n⟩</script>\r\n", ".js"},
		{"an empty element", "a.vue", "<script/><script>⟨a⟩</script>", ".js"},

		{"svelte", "a.svelte", "<script>⟨let a⟩</script>\n<h1>{a}</h1>\n<style>b{}</style>", ".js"},
		{"module", "a.svelte", "<script context=\"module\" lang=\"ts\">⟨let a: A⟩</script><script lang=\"ts\">⟨let b⟩</script>", ".ts"},
		{"type", "a.svelte", "<script type=\"text/typescript\">⟨let a: A⟩</script>", ".ts"},
		{"data", "a.svelte", "<script type=\"application/ld+json\">{}</script><script>⟨a⟩</script>", ".js"},
		{"in an element", "a.svelte", "<svelte:head><script>x</script></svelte:head><div><br><p><script>y</script></div><script>⟨a⟩</script>", ".js"},
		{"in a block", "a.svelte", "{#if a}<script>x</script>{:else}y{/if}<script>⟨a⟩</script>", ".js"},
		{"in an expression", "a.svelte", "{@html `<script>${x ? `<script>` : '}'}<` + '/script>'}{a <b}<script>⟨a⟩</script>", ".js"},
		{"in values", "a.svelte", "<b on:click={() => a > b ? '<script>' : /[}/\"]}/.test(c)} class=\"x {y ? \"<script>\" : ''}\" {...z}/><script>⟨a⟩</script>", ".js"},
		{"a comment in an expression", "a.svelte", "<b c={/* } */ d // }\n}>e</b><script>⟨a⟩</script>", ".js"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := strings.NewReplacer("⟨", "", "⟩", "").Replace(tt.text)
			code, ext := Scripts(tt.path, []byte(src))
			if ext != tt.ext {
				t.Errorf("the language is %s, want %s", ext, tt.ext)
			}
			if len(code) != len(src) {
				t.Fatalf("%d bytes of code for %d of the file", len(code), len(src))
			}
			want, in, blocks := "", false, 0
			for _, part := range strings.SplitAfter(tt.text, "") {
				switch {
				case part == "⟨":
					in = true
					blocks++
				case part == "⟩":
					in = false
				case in || part == "\n" || part == "\r":
					want += part
				default:
					want += strings.Repeat(" ", len(part))
				}
			}
			if got := strings.Replace(string(code), ";", " ", 1); got != want {
				t.Errorf("got\n%q\nwant\n%q", got, want)
			}
			f, err := Parse(context.Background(), tt.path, []byte(src))
			if err != nil {
				t.Fatal(err)
			}
			if len(f.Blocks()) != blocks {
				t.Errorf("%d blocks, want %d", len(f.Blocks()), blocks)
			}
			for _, b := range f.Blocks() {
				if in, ok := f.BlockAt(b.Start, b.End); !ok || in != b {
					t.Errorf("a block is not found at its own place")
				}
			}
			if string(f.Src()) != src || string(f.Code()) != string(code) {
				t.Errorf("the file has another text")
			}
		})
	}
}

// Which scripts run for each instance.
func TestInstanceScripts(t *testing.T) {
	for _, tt := range []struct {
		path, tag string
		instance  bool
	}{
		{"a.vue", "<script>", false},
		{"a.vue", "<script setup>", true},
		{"a.vue", `<script lang="ts" setup>`, true},
		{"a.svelte", "<script>", true},
		{"a.svelte", `<script context="module">`, false},
		{"a.svelte", "<script module>", false},
	} {
		f := mustParse(t, tt.path, tt.tag+"a</script>")
		if bs := f.Blocks(); len(bs) != 1 || bs[0].Instance != tt.instance {
			t.Errorf("%s in %s: %+v", tt.tag, tt.path, bs)
		}
	}
}

// Two scripts are two statements, and positions are those of the file.
func TestScriptsAsModule(t *testing.T) {
	src := "<script>\nexport default { name: 'a' }\n</script>\r\n<template>ä𝒳</template><script setup>(b)()</script>\n"
	f := mustParse(t, "a.vue", src)
	if f.Errors() != 0 || f.TypeScript() {
		t.Fatalf("%d errors", f.Errors())
	}
	at := strings.Index(src, "(b)")
	n := f.NodeAt(at, at+len("(b)()"))
	if !n.Is("call_expression") || n.Text() != "(b)()" {
		t.Fatalf("%s %q", n.Kind(), n.Text())
	}
	if line, column := f.Position(at); line != 4 || column != 39 {
		t.Errorf("line %d, column %d", line, column)
	}
}
