package metrics

import "math"

// normal95 is the 97.5th percentile of the normal distribution: 95 % lie within as many standard deviations.
const normal95 = 1.959963984540054

// Wilson returns the 95 % score interval of a probability of which right of n independent trials speak
// (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953). It stays within 0 and 1, and holds its
// level for few trials and for shares near 0 and 1. Of no trials it is 0 to 1.
func Wilson(right, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	p, m, z := float64(right)/float64(n), float64(n), normal95
	middle := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return max(0, middle-half), min(1, middle+half)
}
