package settings

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Schema is a JSON schema of the settings, for editors.
func Schema() []byte {
	top := objectOf(table())
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["title"] = "Settings of unleak, " + Name
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(top); err != nil {
		panic(err) // maps, lists and texts can be encoded
	}
	return b.Bytes()
}

func objectOf(fields []field) map[string]any {
	properties := map[string]any{}
	for _, f := range fields {
		s := map[string]any{}
		for k, v := range f.schema {
			s[k] = v
		}
		if f.about != "" {
			s["description"] = strings.ReplaceAll(f.about, "\n", " ")
		}
		properties[f.name] = s
	}
	return map[string]any{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

// Sample is a settings file in which everything is commented out: with it holds
// what holds without it.
func Sample() []byte {
	var b strings.Builder
	b.WriteString("# Settings of unleak. What is commented out shows the default, or an example\n# where there is none. Unknown keys are refused.\n")
	sample(&b, table(), "")
	return []byte(b.String())
}

// sample writes keys with their comments.
func sample(b *strings.Builder, fields []field, indent string) {
	for _, f := range fields {
		if indent == "" {
			b.WriteString("\n")
		}
		for line := range strings.Lines(f.about) {
			fmt.Fprintf(b, "%s# %s\n", indent, strings.TrimRight(line, "\n"))
		}
		if f.sample != "" {
			fmt.Fprintf(b, "%s#%s: %s\n", indent, f.name, f.sample)
			continue
		}
		fmt.Fprintf(b, "%s%s:\n", indent, f.name)
		sample(b, f.fields, indent+"  ")
	}
}
