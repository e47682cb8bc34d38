package view

import "math"

// interval returns the mean of xs and half the width of its 95 % confidence interval, by the normal
// approximation: 1.96 standard errors. The half width of fewer than two values is NaN.
func interval(xs []float64) (mean, half float64) {
	n := float64(len(xs))
	for _, x := range xs {
		mean += x / n
	}
	sum := 0.0
	for _, x := range xs {
		sum += (x - mean) * (x - mean)
	}
	if n < 2 {
		return mean, math.NaN()
	}
	return mean, 1.96 * math.Sqrt(sum/(n-1)/n)
}
