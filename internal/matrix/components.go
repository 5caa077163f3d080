package matrix

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/unleak-dev/unleak/transforms"
)

//go:embed pages.txtar
var pagesText []byte

//go:embed components.txtar
var componentsText []byte

// hosts are what mounts the components: adapters of internal/mount.
var hosts = []string{"react", "vue", "vue2", "angular", "svelte", "solid", "element"}

// Component is one kind in one component.
type Component struct {
	Kind *transforms.Kind
	Host string // what mounts it
	Name string // of the owner
	File string // of the case: the one to mend
	Case transforms.Case
}

// Components instantiates every component for every kind that a page can have and that
// can be in it, in the order of the kinds. It fails where a sample is of no kind, or a
// component names a host that is none.
func Components(kinds []*transforms.Kind) ([]Component, error) {
	owners, err := programs("components.txtar", componentsText, hosts)
	if err != nil {
		return nil, err
	}
	text := sections(pagesText)
	known := 0
	var out []Component
	for _, k := range kinds {
		lines, ok := text[k.Name]
		if !ok {
			continue
		}
		s, err := newSample(k, lines, text)
		if err != nil {
			return nil, fmt.Errorf("pages.txtar: %s: %w", k.Name, err)
		}
		known += 1 + len(s.files)
		for _, p := range owners {
			c, ok, err := p.instantiate(s)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, Component{k, p.form, p.name, p.file, c})
			}
		}
	}
	if known != len(text) {
		return nil, fmt.Errorf("pages.txtar: %d of %d sections are of a kind", known, len(text))
	}
	return out, nil
}

// Owners lists the components, HOST/NAME, in the order in which they are told.
func Owners() ([]string, error) {
	all, err := programs("components.txtar", componentsText, hosts)
	var out []string
	for _, p := range all {
		if name := p.form + "/" + p.name; !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out, err
}
