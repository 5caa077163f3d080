package transforms

import (
	"strings"
)

// ofAcquire reads what is said of the acquisition before it.
func (h *header) ofAcquire(n int, key, value string) error {
	if len(h.kind.Acquire) == 0 {
		return h.fail(n, "%s: stands after the acquire that it is about", key)
	}
	last := &h.kind.Acquire[len(h.kind.Acquire)-1]
	switch {
	case key == "exported" && value == "default" && len(last.From) > 0 && last.Pattern.Rooted():
		last.Whole = true
	case key == "made" && value == "by name" && len(last.Types) > 0:
		last.Exact = true
	default:
		return h.fail(n, "%s: want `exported: default` after the acquire of a name from a module, or `made: by name` after one with a type", key)
	}
	return nil
}

func (h *header) cost(n int, value string) (*Cost, error) {
	sizes, source, _ := strings.Cut(value, ";")
	parts := strings.Fields(sizes)
	if len(parts) != 2 {
		return nil, h.fail(n, "cost: want `LOW HIGH; source`, got %q", value)
	}
	low, err := parseSize(parts[0])
	if err != nil {
		return nil, h.fail(n, "cost: %v", err)
	}
	high, err := parseSize(parts[1])
	if err != nil || high < low {
		return nil, h.fail(n, "cost: want LOW HIGH with LOW at most HIGH, got %q", value)
	}
	return &Cost{low, high, strings.TrimSpace(source)}, nil
}
