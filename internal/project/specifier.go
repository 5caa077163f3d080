package project

import (
	"path"
	"strings"

	"github.com/unleak-dev/unleak/internal/syntax"
)

// Specifier names a file from a folder, both relative to the root, as an import does.
func Specifier(dir, file string) string {
	from := strings.Split(path.Clean(dir), "/")
	if from[0] == "." {
		from = nil
	}
	parts := strings.Split(file, "/")
	for len(from) > 0 && len(parts) > 1 && from[0] == parts[0] {
		from, parts = from[1:], parts[1:]
	}
	if len(from) == 0 {
		return "./" + strings.Join(parts, "/")
	}
	return strings.Repeat("../", len(from)) + strings.Join(parts, "/")
}

// CountExtensions adds up by which extensions a file imports others of its project:
// ".js", ".ts" and the like, or "" for none.
func CountExtensions(f *syntax.File, with map[string]int) {
	for _, m := range f.Imports().Modules {
		if !strings.HasPrefix(m, ".") || path.Ext(m) == ".json" {
			continue
		}
		switch e := path.Ext(m); e {
		case ".js", ".jsx", ".ts", ".tsx":
			with[e]++
		default:
			with[""]++
		}
	}
}
