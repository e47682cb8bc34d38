package metrics

// Share is a part of a number of trials, with the interval that has its probability with 95 % confidence.
type Share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// NewShare returns k/n with its interval: see Wilson. Of no trials it is 0, from 0 to 1.
func NewShare(k, n int) Share {
	low, high := Wilson(k, n)
	return Share{float64(k) / float64(max(1, n)), low, high}
}
