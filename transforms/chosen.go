package transforms

import "slices"

// Chosen are the kinds that settings leave on, with the phases that they give them.
// only is empty for all; off goes before it.
func Chosen(all []*Kind, only, off []string, phases map[string]string) []*Kind {
	var out []*Kind
	for _, k := range all {
		if slices.Contains(off, k.Name) || len(only) > 0 && !slices.Contains(only, k.Name) {
			continue
		}
		if phase, ok := phases[k.Name]; ok {
			copied := *k
			copied.Phase = Phase(phase)
			k = &copied
		}
		out = append(out, k)
	}
	return out
}
