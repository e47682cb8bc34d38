package bench

import "slices"

// Median returns the middle value, or the mean of the middle two; v must not be empty.
func Median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}
