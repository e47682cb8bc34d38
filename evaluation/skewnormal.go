package evaluation

import "math"

// skewNormal is the skew-normal distribution (Azzalini 1985): of ξ + ω·x, where x has the density 2·φ(x)·Φ(αx).
type skewNormal struct{ xi, omega, alpha float64 }

// mostSkew is the largest skewness that is fitted; that of the distribution is below 0.9953.
const mostSkew = 0.99

// fitSkewNormal returns the distribution with the mean, variance and skewness of a sample.
func fitSkewNormal(sample []float64) skewNormal {
	n, mean, second, third := float64(len(sample)), 0.0, 0.0, 0.0
	for _, x := range sample {
		mean += x / n
	}
	for _, x := range sample {
		d := x - mean
		second, third = second+d*d/n, third+d*d*d/n
	}
	sd := math.Sqrt(second)
	skew := 0.0
	if sd > 0 {
		skew = max(-mostSkew, min(mostSkew, third/(sd*sd*sd)))
	}
	// δ from the skewness γ = (4 − π)/2 · (δ√(2/π))³ / (1 − 2δ²/π)^(3/2).
	g := math.Cbrt(skew * skew)
	delta := math.Copysign(math.Sqrt(math.Pi/2*g/(g+math.Pow((4-math.Pi)/2, 2.0/3))), skew)
	omega := sd / math.Sqrt(1-2*delta*delta/math.Pi)
	return skewNormal{mean - omega*delta*math.Sqrt(2/math.Pi), omega, delta / math.Sqrt(1-delta*delta)}
}

// logTail returns the logarithm of the probability of x or less: the integral of the density by Simpson's rule,
// from where it is e⁻⁵⁰ of that at the upper limit.
func (s skewNormal) logTail(x float64) float64 {
	if s.omega == 0 {
		return 0
	}
	to := (x - s.xi) / s.omega
	density := func(t float64) float64 { // its logarithm, up to a constant
		return math.Ln2 - t*t/2 - 0.5*math.Log(2*math.Pi) + logPhi(s.alpha*t)
	}
	const steps = 4000
	top := min(to, 0)
	from := top - math.Sqrt(top*top+100) + math.Abs(top)
	if from >= to {
		from = to - 1
	}
	width := (to - from) / steps
	most := math.Inf(-1)
	for i := range steps + 1 {
		most = max(most, density(from+float64(i)*width))
	}
	sum := 0.0
	for i := range steps + 1 {
		weight := 2.0 + 2*float64(i%2)
		if i == 0 || i == steps {
			weight = 1
		}
		sum += weight * math.Exp(density(from+float64(i)*width)-most)
	}
	return min(0, most+math.Log(sum*width/3))
}

// logPhi returns the logarithm of the normal distribution function; far below the mean by its asymptotic series.
func logPhi(x float64) float64 {
	if x > -30 {
		return math.Log(math.Erfc(-x/math.Sqrt2) / 2)
	}
	return -x*x/2 - math.Log(-x) - 0.5*math.Log(2*math.Pi) + math.Log1p(-1/(x*x))
}
