package metrics

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// The intervals of 8 of 10 and of 0 of 10 are those of R's prop.test(…, correct = FALSE), and by hand:
// z² = 3.8415, (0.8 + 0.19207)/1.38415 = 0.71674, and ± 1.95996/1.38415·√(0.016 + 0.0096037) = 0.22658.
func TestWilson(t *testing.T) {
	low, high := Wilson(8, 10)
	assert.InDelta(t, 0.4902, low, 5e-5)
	assert.InDelta(t, 0.9433, high, 5e-5)
	low, high = Wilson(0, 10)
	assert.InDelta(t, 0, low, 1e-12)
	assert.InDelta(t, 0.2775, high, 5e-5)
	low, high = Wilson(10, 10)
	assert.InDelta(t, 0.7225, low, 5e-5)
	assert.InDelta(t, 1, high, 1e-12)
	low, high = Wilson(0, 0)
	assert.Equal(t, []float64{0, 1}, []float64{low, high})
}
