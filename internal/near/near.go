// Package near suggests similar names for a name that does not exist.
package near

import (
	"slices"

	"github.com/agnivade/levenshtein"
)

// Names returns the n names closest to name by edit distance, the closest first;
// equally close names keep their order.
func Names(name string, names []string, n int) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
	return names[:min(n, len(names))]
}

// Name returns the closest of names, or "" if names is empty.
func Name(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return Names(name, names, 1)[0]
}
