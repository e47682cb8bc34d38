// Package near finds what somebody meant by a name that does not exist.
package near

import (
	"slices"

	"github.com/agnivade/levenshtein"
)

// Names returns the n of names closest to name by edit distance, the nearest first;
// names as near as each other stay in order.
func Names(name string, names []string, n int) []string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(name, a) - levenshtein.ComputeDistance(name, b)
	})
	return names[:min(n, len(names))]
}

// Name returns the nearest of names, or "" if there is none.
func Name(name string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return Names(name, names, 1)[0]
}
