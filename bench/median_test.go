package bench

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMedian(t *testing.T) {
	v := []float64{4, 1, 2, 3}
	assert.Equal(t, 2.5, Median(v))
	assert.Equal(t, 2.0, Median(v[1:]))
	assert.Equal(t, []float64{4, 1, 2, 3}, v, "the argument is not changed")
}
