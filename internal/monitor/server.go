package monitor

import (
	"bytes"
	"context"
	"maps"
	"path"
	"slices"

	"github.com/unleak-dev/unleak/internal/project"
	"github.com/unleak-dev/unleak/internal/syntax"
	"github.com/unleak-dev/unleak/transforms"
)

// servers finds out which packages that have a monitor serve http: by the servers
// that their files make, else by what their package.json depends on.
func (plan *Plan) servers(ctx context.Context, p *project.Project, d *transforms.Detector, texts map[string][]byte) {
	told := map[string]bool{}
	for _, m := range plan.Modules {
		told[packageDir(p, m)] = true
	}
	found := map[string]bool{}
	for _, rel := range slices.Sorted(maps.Keys(texts)) {
		dir := packageDir(p, rel)
		if !told[dir] || found[dir] || isModule(rel) || !bytes.Contains(texts[rel], []byte("http")) {
			continue
		}
		f, err := syntax.Parse(ctx, rel, texts[rel])
		if err != nil {
			return
		}
		for _, o := range d.Detect(ctx, f) {
			if o.Kind.Name == "http-server" && !found[dir] {
				plan.Servers = append(plan.Servers, Server{rel, "node:http"})
				found[dir] = true
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(told)) {
		pkg := p.PackageOf(path.Join(dir, "package.json"))
		for _, name := range []string{"express", "fastify"} {
			if pkg != nil && pkg.Dependencies[name] != "" {
				plan.Servers = append(plan.Servers, Server{path.Join(pkg.Dir, "package.json"), name})
			}
		}
	}
}
