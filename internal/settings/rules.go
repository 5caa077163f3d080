package settings

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"
)

// rule says what may stand under a key: to the program, and to an editor as a JSON
// schema. The schema may allow more than check does, never less.
type rule struct {
	check  func(*checker, *yaml.Node)
	schema map[string]any
	fields []field // of keys
}

// field is a key with what may stand under it.
type field struct {
	name   string
	about  string // one sentence or two, for the commented file and the schema
	sample string // how the commented file shows it: the default where there is one
	rule
}

type checker struct {
	names []*yaml.Node // of kinds, to be checked when all are known
	err   error
}

func (c *checker) fail(n *yaml.Node, format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%s:%d:%d: %s", Name, n.Line, n.Column, fmt.Sprintf(format, args...))
	}
}

// target follows an alias, *x, to what it stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

func (c *checker) mapping(n *yaml.Node, known []field) {
	n = target(n)
	if n.Tag == "!!null" {
		return // all keys below it are commented out
	}
	if n.Kind != yaml.MappingNode {
		c.fail(n, "want keys and values")
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := slices.IndexFunc(known, func(f field) bool { return f.name == key.Value })
		if at < 0 {
			var names []string
			for _, f := range known {
				names = append(names, f.name)
			}
			slices.Sort(names)
			c.fail(key, "unknown key %q; known are %s", key.Value, strings.Join(names, ", "))
			return
		}
		known[at].check(c, n.Content[i+1])
	}
}

func keys(known ...field) rule {
	return rule{func(c *checker, n *yaml.Node) { c.mapping(n, known) }, objectOf(known), known}
}

// listOr allows a list in place of the keys.
func listOr(item rule, known ...field) rule {
	list, object := listOf(item), keys(known...)
	return rule{func(c *checker, n *yaml.Node) {
		if target(n).Kind == yaml.SequenceNode {
			list.check(c, n)
			return
		}
		object.check(c, n)
	}, map[string]any{"anyOf": []any{object.schema, list.schema}}, known}
}

func listOf(item rule) rule {
	return rule{func(c *checker, n *yaml.Node) {
		n = target(n)
		if n.Kind != yaml.SequenceNode {
			c.fail(n, "want a list")
			return
		}
		for _, x := range n.Content {
			item.check(c, x)
		}
	}, map[string]any{"type": "array", "items": item.schema}, nil}
}

// kindName is the name of a kind, to be looked up when all are known.
func kindName() rule {
	return rule{func(c *checker, n *yaml.Node) { c.names = append(c.names, target(n)) }, map[string]any{"type": "string"}, nil}
}

func glob() rule {
	return rule{func(c *checker, n *yaml.Node) {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			c.fail(n, "want a glob")
			return
		}
		if !doublestar.ValidatePattern(n.Value) {
			c.fail(n, "%q is not a glob", n.Value)
		}
	}, map[string]any{"type": "string"}, nil}
}

// inside is a path that stays inside the root.
func inside() rule {
	return rule{func(c *checker, n *yaml.Node) {
		n = target(n)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || !filepath.IsLocal(filepath.FromSlash(n.Value)) {
			c.fail(n, "want a path inside the folder of %s, got %q", Name, n.Value)
		}
	}, map[string]any{"type": "string", "pattern": `^[^/]`}, nil}
}

func boolean() rule {
	return rule{func(c *checker, n *yaml.Node) {
		if n.Tag != "!!bool" {
			c.fail(n, "want true or false, got %q", n.Value)
		}
	}, map[string]any{"type": "boolean"}, nil}
}

func oneOf(values ...string) rule {
	return rule{func(c *checker, n *yaml.Node) {
		if !slices.Contains(values, n.Value) {
			c.fail(n, "want one of %s, got %q", strings.Join(values, ", "), n.Value)
		}
	}, map[string]any{"enum": values}, nil}
}

// count is a whole number from least on.
func count(least int) rule {
	return rule{func(c *checker, n *yaml.Node) {
		n = target(n)
		v, err := strconv.Atoi(n.Value)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!int" || err != nil || v < least || v > 1<<30 {
			c.fail(n, "want a whole number from %d on, got %q", least, n.Value)
		}
	}, map[string]any{"type": "integer", "minimum": least}, nil}
}

// text is one line that passes a test; wanted says in words what passes.
func text(wanted string, passes func(string) bool) rule {
	return rule{func(c *checker, n *yaml.Node) {
		n = target(n)
		if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || !isLine(n.Value) || !passes(n.Value) {
			c.fail(n, "want %s, got %q", wanted, n.Value)
		}
	}, map[string]any{"type": "string", "minLength": 1}, nil}
}

func isLine(s string) bool {
	return s != "" && len(s) <= 255 && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' || r == '\u2028' || r == '\u2029' })
}

// phasesOfKinds is kinds and their phases.
func phasesOfKinds() rule {
	name, phase := kindName(), oneOf(phaseNames...)
	return rule{func(c *checker, n *yaml.Node) {
		n = target(n)
		if n.Kind != yaml.MappingNode {
			c.fail(n, "want kinds and their phases")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			name.check(c, n.Content[i])
			phase.check(c, n.Content[i+1])
		}
	}, map[string]any{"type": "object", "additionalProperties": phase.schema}, nil}
}
