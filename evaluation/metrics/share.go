package metrics

import "math"

// Share is a part of a number of trials, with the interval that has its probability with 95 % confidence.
type Share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewShare returns k/n with Wilson's interval (Wilson 1927, https://doi.org/10.1080/01621459.1927.10502953). Of no
// trials it is 0, from 0 to 1.
func NewShare(k, n int) Share {
	if n == 0 {
		return Share{0, 0, 1}
	}
	const z = 1.959963984540054 // quantile 0.975 of the normal distribution
	p, m := float64(k)/float64(n), float64(n)
	center, half := p+z*z/(2*m), z*math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Share{p, max(0, (center-half)/(1+z*z/m)), min(1, (center+half)/(1+z*z/m))}
}
